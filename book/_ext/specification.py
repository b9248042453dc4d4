"""The directive `specification`: what an exercise asks for, as its skeleton says it.

    ```{specification} loss-softmax
    :minutes: 5
    :difficulty: 1
    ```

This prints signature and docstring of the function, or of the class and its methods, the points
that its tests give, how hard it is, and how long it takes. It stands inside an ``{exercise}``.
"""

import ast
from pathlib import Path
from types import MappingProxyType

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from dlcore.course.exercises.marks import exercises_of

logger = logging.getLogger(__name__)


def written(root, topic):
    """Return the file of solutions, or in a release the file that the reader fills in."""
    paths = [root / folder / f"{topic}.py" for folder in ("solutions", "exercises")]
    return next((path for path in paths if path.exists()), paths[-1])


def signature(definition):
    """Write the first line of a function or of a class down.

    >>> signature(ast.parse("def f(x, *, y=1): pass").body[0])
    'def f(x, *, y=1):'
    """
    if isinstance(definition, ast.ClassDef):
        return f"class {definition.name}:"
    return f"def {definition.name}({ast.unparse(definition.args)}):"


def methods(definition):
    r"""Write the signatures of the methods of a class down; a function has none.

    >>> methods(ast.parse("class A:\n  def f(self): pass").body[0])
    ['', '    def f(self): ...']
    """
    of_class = definition.body if isinstance(definition, ast.ClassDef) else []
    found = [each for each in of_class if isinstance(each, ast.FunctionDef)]
    return ["", *(f"    {signature(each)} ..." for each in found)] if found else []


def specified(source, exercise):
    """Return signature and docstring of the function or class of an exercise, or None."""
    begin = f"Exercise {exercise}."
    for node in ast.parse(source).body:
        stated = isinstance(node, ast.FunctionDef | ast.ClassDef)
        text = ast.get_docstring(node) if stated else None
        if text and text.startswith(begin):
            lines = text.removeprefix(begin).strip().splitlines()
            body = "\n".join(f"    {line}".rstrip() for line in ['"""' + lines[0], *lines[1:]])
            closed = body + '"""' if len(lines) == 1 else f'{body}\n    """'
            return "\n".join([signature(node), closed, *methods(node)])
    return None


class Specification(SphinxDirective):
    """Signature, docstring, points, difficulty and minutes of an exercise."""

    required_arguments = 1
    option_spec = MappingProxyType(
        {"minutes": directives.positive_int, "difficulty": directives.positive_int}
    )

    def run(self):
        name = self.arguments[0].strip()
        topic = self.env.docname.rpartition("/")[2]
        path = written(Path(self.env.srcdir), topic)
        self.env.note_dependency(str(path))
        try:
            text = specified(path.read_text(encoding="utf-8"), name)
        except SyntaxError:
            text = None  # a reader's own answers: the tests say what is wrong with them
        points = {each.name: each.points for each in exercises_of(topic)}.get(name)
        if text is None or points is None:
            message = "%s has no exercise %s, with marked tests"
            logger.warning(message, path.name, name, location=self.get_location())
            return []
        facts = nodes.paragraph("", self.facts(points), classes=["facts"])
        return [facts, nodes.literal_block(text, text, language="python")]

    def facts(self, points):
        """Say what the exercise gives and costs."""
        minutes = self.options.get("minutes")
        stars = "★" * self.options.get("difficulty", 1)
        gain = {0: "practice", 1: "1 point"}.get(points, f"{points} points")
        return " · ".join([gain, stars, *([f"{minutes} minutes"] if minutes else [])])


def setup(app):
    """Add the directive."""
    app.add_directive("specification", Specification)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
