"""Read the marks that make exercises of tests.

An exercise has the tests that are marked ``@pytest.mark.exercise("its-name", points=2)``. The
marks are read from the files of tests, so that nothing is run in order to list, check or grade
an exercise; nothing else reads them.
"""

import ast
from dataclasses import dataclass

from dlcore.course.exercises import topics


@dataclass(frozen=True)
class Exercise:
    """A name that tests score, the topic that it belongs to, and what its mark says.

    An exercise of no points is practice: it is checked, and never graded. An answer may change
    its arguments only if the exercise is one of changes `in_place`. Where credit is `partial`,
    each test that passes pays its share.
    """

    topic: str
    name: str
    points: int = 1
    in_place: bool = False
    partial: bool = False


def scored_tests(topic):
    """Map each test of `topic` that scores an exercise to it, in the order of the file."""
    path = topics.ROOT / f"tests/test_{topic}.py"
    tree = ast.parse(path.read_text(encoding="utf-8") if path.exists() else "")
    return {
        node.name: Exercise(topic, mark.args[0].value, **options(mark))
        for node in tree.body
        for mark in getattr(node, "decorator_list", ())
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.exercise"
    }


def options(mark):
    """Return what a mark says besides the name:  ``points=2, in_place=True``."""
    return {word.arg: word.value.value for word in mark.keywords}


def in_place(test):
    """Tell whether the mark of a collected test lets answers change its arguments."""
    mark = test.get_closest_marker("exercise")
    return bool(mark and mark.kwargs.get("in_place"))


def exercises_of(*topic_names):
    """List the exercises of some topics, each once, in the order of their tests."""
    found = {}
    for topic in topic_names:
        for exercise in scored_tests(topic).values():
            found.setdefault(exercise.name, exercise)
    return list(found.values())


def chosen(words):
    """List the exercises that `words` name: topics, or single exercises, in the book's order.

    >>> [exercise.points for exercise in chosen("loss-softmax, loss-logsumexp")]
    [2, 1]
    """
    named = words.replace(",", " ").split()
    every = exercises_of(*topics.topics())
    known = {exercise.topic for exercise in every} | {exercise.name for exercise in every}
    if strange := [name for name in named if name not in known] or not named:
        given = ", ".join(strange) if named else "empty"
        raise ValueError(
            f"grade: exercises is {given}, choose topics of {', '.join(topics.topics())} "
            "or names of their exercises"
        )
    return [exercise for exercise in every if {exercise.topic, exercise.name} & {*named}]
