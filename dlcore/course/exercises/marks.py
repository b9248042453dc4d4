"""Know what can be graded: the exercises of each topic, in order, and their points.

An exercise is a mark on a test; the marks are read from the files of tests, not run.
"""

import ast
from dataclasses import dataclass

from dlcore.course.exercises import topics


@dataclass(frozen=True)
class Exercise:
    """A name that tests score, the topic that it belongs to, and what it is worth."""

    topic: str
    name: str
    points: int


def exercises_of(topic):
    """List the exercises that the tests of `topic` score, in the order of the file."""
    path = topics.ROOT / f"tests/test_{topic}.py"
    tree = ast.parse(path.read_text(encoding="utf-8") if path.exists() else "")
    marks = [
        mark
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for mark in node.decorator_list
        if isinstance(mark, ast.Call) and ast.unparse(mark.func).endswith("mark.exercise")
    ]
    found = {}
    for mark in sorted(marks, key=lambda mark: mark.lineno):
        points = [word.value.value for word in mark.keywords if word.arg == "points"]
        found.setdefault(mark.args[0].value, Exercise(topic, mark.args[0].value, *points or [1]))
    return list(found.values())


def chosen(words):
    """List the exercises that `words` name: topics, or single exercises, in the book's order.

    >>> [exercise.points for exercise in chosen("loss-softmax, loss-logsumexp")]
    [2, 1]
    """
    named = words.replace(",", " ").split()
    every = [exercise for topic in topics.topics() for exercise in exercises_of(topic)]
    known = {exercise.topic for exercise in every} | {exercise.name for exercise in every}
    if strange := [name for name in named if name not in known] or not named:
        given = ", ".join(strange) if named else "empty"
        raise ValueError(
            f"grade: exercises is {given}, choose topics of {', '.join(topics.topics())} "
            "or names of their exercises"
        )
    return [exercise for exercise in every if {exercise.topic, exercise.name} & {*named}]
