"""The directive `lemma`: a claim, and the test that checks it.

    ```{lemma} test_rows_of_softmax_sum_to_one
    An optional claim; without it the docstring of the test is the claim.
    ```

The test is sought in ``tests/test_<page>.py``; ``other::test_name`` names another file of
tests, which may lie in a folder of ``tests``.
The label is ``lem-<topic>-<name>``, with hyphens: ``lem-loss-rows-of-softmax-sum-to-one``.
"""

import ast
from pathlib import Path
from types import MappingProxyType

from docstring import paragraphs
from docutils import nodes
from sphinx.util import logging
from sphinx_proof.directive import ElementDirective

logger = logging.getLogger(__name__)


def locate(directive, reference):
    """Split a reference to a test into the topic and the name; the page is the default."""
    topic, _, name = reference.rpartition("::")
    return topic or Path(directive.env.docname).name, name


def file_of_tests(directive, topic):
    """Return the path of ``test_<topic>.py`` below ``tests``; None where there is none."""
    for path in sorted((Path(directive.env.srcdir) / "tests").rglob(f"test_{topic}.py")):
        directive.env.note_dependency(str(path))
        return path
    return None


def find_test(directive, topic, name):
    """Return the syntax tree of a test and its source, or a warning and None."""
    path = file_of_tests(directive, topic)
    source = path.read_text(encoding="utf-8") if path else ""
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.FunctionDef) and statement.name == name:
            first = min([statement, *statement.decorator_list], key=lambda part: part.lineno)
            lines = source.splitlines()[first.lineno - 1 : statement.end_lineno]
            return statement, "\n".join(lines)
    where = directive.get_location()
    logger.warning("tests/test_%s.py has no test %s", topic, name, location=where)
    return None


def label(topic, name):
    """Return the label of the lemma that a test proves."""
    return f"lem-{topic}-{name.removeprefix('test_').replace('_', '-')}"


def sentence(name):
    """Turn the name of a test into the sentence that it is.

    >>> sentence("test_a_small_lie_is_noticed")
    'A small lie is noticed'
    """
    words = name.removeprefix("test_").replace("_", " ")
    return words[:1].upper() + words[1:]


def folded(summary, *content):
    """Return content that opens on a click, and is simply there where nothing can fold."""
    opening = f'<details class="proof-source"><summary>{summary}</summary>'
    return [
        nodes.raw("", opening, format="html"),
        *content,
        nodes.raw("", "</details>", format="html"),
    ]


class Lemma(ElementDirective):
    """A claim whose proof is a program."""

    required_arguments, optional_arguments = 1, 0
    option_spec = MappingProxyType({})

    def run(self):
        topic, name = locate(self, self.arguments[0].strip())
        found = find_test(self, topic, name)
        if found is None:
            return []
        test, source = found
        self.name = "prf:lemma"
        self.arguments = [sentence(name)]
        self.options = {"label": label(topic, name)}
        [box] = super().run()
        body = box[-1]
        body["ids"] = [f"{self.options['label']}-claim"]
        if not self.content:
            body += paragraphs(ast.get_docstring(test) or "")
        code = nodes.literal_block(source, source, language="python")
        place = file_of_tests(self, topic).relative_to(self.env.srcdir).as_posix()
        body += folded(f'Checked by <code class="literal">{place}</code>', code)
        return [box]


def setup(app):
    """Add the directive."""
    app.add_directive("lemma", Lemma)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
