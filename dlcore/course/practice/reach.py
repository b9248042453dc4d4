"""Fingerprint an answer by itself: its definition, and what that uses in the same file.

A typo elsewhere in the file, a comment or an empty line leave the fingerprint as it is.
"""

import ast
import re
from functools import lru_cache

from dlcore.course.exercises import topics
from dlcore.course.exercises.marks import scored_tests
from dlcore.course.exercises.skeleton import cut, exercises_in, fingerprint

BLOCK = re.compile(r"^(?=[^\s#)\]}])", re.MULTILINE)  # a line that begins at the margin
DECORATED = re.compile(r"@")


def stands(topic):
    """Map each exercise of a topic to the fingerprint of its answer and its tests."""
    answers, tests = (
        path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        for path in (
            topics.ROOT / f"exercises/{topic}.py",
            topics.ROOT / f"tests/test_{topic}.py",
        )
    )
    return stands_of(topic, answers, tests, cut(topic))


@lru_cache(maxsize=128)
def stands_of(topic, answers, tests, fresh):
    """Fingerprint every exercise of a topic in given texts of its answers and its tests."""
    written = statements(answers)
    testing = statements(tests)
    names = exercises_in(fresh)
    of_tests = {}
    for test, exercise in scored_tests(topic).items():
        of_tests.setdefault(exercise.name, []).append(test)
    found = {}
    for exercise, tests_of_it in of_tests.items():
        name = names.get(exercise, "").partition(".")[0]
        parts = [*reached(written, [name]), "", *reached(testing, tests_of_it)]
        found[exercise] = fingerprint("\n".join(parts))
    return found


def statements(source):
    """List the statements of a file; where it cannot be read, those of the blocks that can."""
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError):
        return [node for block in blocks(source) for node in parsed(block)]


def blocks(source):
    r"""Cut a text where a line begins at the margin; a decorator stays with what it decorates.

    >>> blocks("@dull\ndef f():\n    return (\n\nx = 1\n")
    ['@dull\ndef f():\n    return (\n\n', 'x = 1\n']
    """
    found = []
    for block in BLOCK.split(source):
        if found and DECORATED.match(found[-1]) and found[-1].count("\n") == 1:
            found[-1] += block
        else:
            found.append(block)
    return [block for block in found if block.strip()]


def parsed(block):
    """Return the statements of a block, none if it is no Python."""
    try:
        return ast.parse(block).body
    except (SyntaxError, ValueError):
        return []


def reached(nodes, names):
    """List, as text, the statements that define some names, and what they use, and so on.

    >>> lines = ast.parse("import a, b; f = lambda: g() + b.c; g = lambda: 1; h = 2").body
    >>> reached(lines, ["f"])
    ['import a, b', 'f = lambda: g() + b.c', 'g = lambda: 1']
    """
    wanted = set(names)
    taken = set()
    while True:
        news = [i for i, node in enumerate(nodes) if i not in taken and (bound(node) & wanted)]
        if not news:
            return [ast.unparse(nodes[i]) for i in sorted(taken)]
        taken |= {*news}
        wanted |= {name for i in news for name in used(nodes[i])}


def bound(node):
    """Return the names that a statement of a file defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    stored = (each for each in ast.walk(node) if isinstance(each, ast.Name))
    return {each.id for each in stored if isinstance(each.ctx, ast.Store)}


def used(node):
    """Return the names that a statement mentions, those of its arguments too: fixtures."""
    names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return names | {each.arg for each in ast.walk(node) if isinstance(each, ast.arg)}
