"""Tests that a page shows: found by their names, and printed where a click opens them.

A test is sought in ``tests/test_<page>.py``; ``other::test_name`` names another file of tests,
which may lie in a folder of ``tests``. Its label is ``test-<topic>-<name>``, with hyphens:
``test-loss-rows-of-softmax-sum-to-one``.
"""

import ast
from pathlib import Path

from docutils import nodes
from sphinx.util import logging

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
    """Return the label of a test that a page shows."""
    return f"test-{topic}-{name.removeprefix('test_').replace('_', '-')}"


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
