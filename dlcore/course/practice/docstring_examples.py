"""Hold answers to the examples of their docstrings, as tests of their own.

What a docstring shows is compared as numbers are, so that neither the last digit nor the way
in which an array is printed decides. The docstrings are those of the cut, whatever a reader has
made of them since.
"""

import ast
import doctest
from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dlcore.course.exercises import topics
from dlcore.course.exercises.skeleton import cut, definitions, exercises_in
from dlcore.course.practice.call_recorder import numbers

NAME = "test_the_examples_of_the_docstring_hold"
PRINTED = {"rtol": 1e-5, "atol": 1e-7}  # an array is printed with eight digits at most
WORDS = {"array": np.array, "inf": np.inf, "nan": np.nan, "np": np}


def example_tests(items, exercise_of):
    """Yield (test, exercise) for each exercise of the collected items that shows examples."""
    first = {}
    for item in items:
        first.setdefault(exercise_of[item].name, item)
    for name, item in first.items():
        exercise = exercise_of[item]
        if examples := examples_of(topics.ROOT, exercise.topic).get(name):
            yield example_test(item, exercise, examples), exercise


@cache
def examples_of(root, topic):
    """Map each exercise of a topic to the examples of its docstring."""
    text = cut(topic)
    nodes = dict(definitions(ast.parse(text)))
    parse = doctest.DocTestParser().get_examples
    return {
        exercise: parse(ast.get_docstring(nodes[name]))
        for exercise, name in exercises_in(text).items()
    }


def example_test(item, exercise, examples):
    """Make a test beside `item` that tries the examples on the answers."""

    def test(answers):
        run_examples(examples, answers)

    test.__doc__ = "\n".join(f">>> {example.source}{example.want}" for example in examples).strip()
    made = pytest.Function.from_parent(
        item.parent, name=f"{NAME}[{exercise.name}]", originalname=NAME, callobj=test
    )
    made.add_marker(
        pytest.mark.exercise(exercise.name, points=exercise.points, in_place=exercise.in_place)
    )
    return made


def run_examples(examples, answers):
    """Run examples one after the other; fail at the first that shows something else."""
    names = dict(vars(answers))
    for example in examples:
        source = example.source.strip()
        try:
            code = compile(source, "<docstring>", "eval")
        except SyntaxError:
            exec(compile(source, "<docstring>", "exec"), names)
            continue
        check_example(source, eval(code, names), example.want.strip())


def check_example(source, value, want):
    """Compare a value with what is printed below an example, if that can be read."""
    try:
        wanted = eval(want, dict(WORDS)) if want else None
    except Exception:
        return
    compare(value, wanted, f"{source} is {value!r}, its docstring says {want or None}")


def compare(value, wanted, says):
    """Compare numbers as numbers, what holds them entry by entry, and the rest by equality."""
    if isinstance(wanted, dict):
        assert isinstance(value, dict), says
        assert value.keys() == wanted.keys(), says
        for key, entry in wanted.items():
            compare(value[key], entry, says)
    elif isinstance(wanted, tuple | list) and (numbers(wanted) is None or is_ragged(wanted)):
        assert isinstance(value, tuple | list), says
        assert len(value) == len(wanted), says
        for part, entry in zip(value, wanted, strict=True):
            compare(part, entry, says)
    elif isinstance(wanted, bool | str) or wanted is None:
        assert value == wanted, says
    else:
        assert numbers(value) is not None, says
        assert_allclose(value, wanted, **PRINTED)


def is_ragged(values):
    """Tell whether some values differ in shape, or are arrays that stand one beside the other."""
    shapes = {np.shape(value) for value in values}
    return len(shapes) > 1 or any(isinstance(value, np.ndarray) for value in values)
