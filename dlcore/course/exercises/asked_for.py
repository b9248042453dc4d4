"""Find the programs on a page that an exercise of the same page asks the reader to write.

A program of the library is what an exercise asks for if it has the name of the answer, or if it
reads much like the book's answer. The page folds it, so that nobody reads an answer by accident.
"""

import ast
import re
from difflib import SequenceMatcher

from dlcore.course.exercises import topics
from dlcore.course.exercises.skeleton import cut, definitions, exercises_in

ALIKE = 0.6  # share of the tokens in common, in the same order, from which programs are alike
TOKEN = re.compile(r"\w+|[^\w\s]")
INCLUDE = re.compile(
    r"^`{3,}\{literalinclude\} +/(?P<path>dlcore/\S+)\n(?::.*\n)*?:pyobject: *(?P<name>\S+)$",
    re.MULTILINE,
)


def asked_for(topic):
    """Map each program that a page shows, (path, name), to the exercise that asks for it.

    >>> asked_for("loss")["dlcore/ops/loss.py", "softmax"]
    'loss-softmax'
    """
    page = (topics.ROOT / f"book/{topic}.md").read_text(encoding="utf-8")
    shown = dict.fromkeys((m["path"], m["name"]) for m in INCLUDE.finditer(page))
    answers = answers_to(topic)
    found = {program: exercise_like(*program, answers) for program in shown}
    return {program: exercise for program, exercise in found.items() if exercise}


def answers_to(topic):
    """List the exercises of a topic: each with the name of its answer, and the book's tokens.

    Where a course has no solutions, the tokens are those of the holes, which are like nothing.
    """
    path = topics.ROOT / f"solutions/{topic}.py"
    source = path.read_text(encoding="utf-8") if path.exists() else cut(topic)
    defined = dict(definitions(ast.parse(source)))
    names = exercises_in(source)
    return [(exercise, name, tokens(defined[name])) for exercise, name in names.items()]


def exercise_like(path, name, answers):
    """Return the exercise whose answer a program of the library is, or None."""
    source = (topics.ROOT / path).read_text(encoding="utf-8")
    node = dict(definitions(ast.parse(source))).get(name)
    own = name.rpartition(".")[2].removesuffix("_naive")
    by_name = [exercise for exercise, wanted, _ in answers if wanted == own]
    if by_name or node is None:
        return next(iter(by_name), None)
    read = tokens(node)
    ratios = [(SequenceMatcher(None, book, read, False).ratio(), e) for e, _, book in answers]
    ratio, exercise = max(ratios, default=(0.0, None))
    return exercise if ratio >= ALIKE else None


def tokens(node):
    """List the words and signs of a definition, without comments and its docstring."""
    node = ast.parse(ast.unparse(node)).body[0]
    if ast.get_docstring(node):
        node.body = node.body[1:] or [ast.Pass()]
    return TOKEN.findall(ast.unparse(node))
