"""The directive `specification`: what an exercise asks for, as its skeleton says it.

    ```{specification} loss-softmax
    :minutes: 5
    :difficulty: 1
    ```

This prints signature and docstring of the function, or of the class with the signatures of its
methods, the points that its tests give, how hard it is, and how long it takes. It stands inside
an ``{exercise}``.
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


def signature(function):
    """Write the first line of a function down.

    >>> signature(ast.parse("def f(x, *, y=1): pass").body[0])
    'def f(x, *, y=1):'
    """
    return f"def {function.name}({ast.unparse(function.args)}):"


def documented(node, text):
    r"""Write the first line of a function or a class with a docstring, and those of its methods.

    >>> documented(ast.parse("class A:\n def f(self): pass").body[0], "Hold an f.").split("\n\n")[1]
    '    def f(self): ...'
    """
    lines = text.splitlines()
    body = "\n".join(f"    {line}".rstrip() for line in ['"""' + lines[0], *lines[1:]])
    closed = body + '"""' if len(lines) == 1 else f'{body}\n    """'
    if isinstance(node, ast.FunctionDef):
        return f"{signature(node)}\n{closed}"
    methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
    heads = [f"    {signature(each)} ..." for each in methods]
    return "\n\n".join([f"class {node.name}:\n{closed}", *heads])


def specified(source, exercise):
    """Return signature and docstring of the function or class of an exercise, or None."""
    begin = f"Exercise {exercise}."
    for node in ast.parse(source).body:
        is_definition = isinstance(node, ast.FunctionDef | ast.ClassDef)
        text = ast.get_docstring(node) if is_definition else None
        if text and text.startswith(begin):
            return documented(node, text.removeprefix(begin).strip())
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
