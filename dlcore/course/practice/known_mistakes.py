"""Find out more about an answer that fails: a smaller input, and a mistake that is known."""

import inspect
import re
import time
from contextlib import closing

import numpy as np

from dlcore.course.exercises.known_answers import load_wrong
from dlcore.course.practice.call_recorder import Raised, same
from dlcore.course.practice.shrink import ask, every, plain, shrink, size, written

PATIENCE = 1.5  # seconds of work for all wrong answers of an exercise together
# What an error may speak of.
ERROR_WORDS = ("shape|broadcast|aligned|mismatch", "read-only", "object")


def recognise(topic, exercise, recordings, again):
    """Return the advice on the first known wrong answer that behaves like this one.

    `recordings` are the calls of each test of the exercise; ``again(wrong)`` yields those that the
    same tests make when they judge the wrong answer, with the same numbers drawn.
    """
    until = time.process_time() + PATIENCE
    calls = [call for recorder in recordings for call in recorder]
    words = all(isinstance(call.result, Raised) for call in calls)  # nothing else to go by
    for wrong in load_wrong(topic) if calls else ():
        if wrong.exercise != exercise or time.process_time() > until:
            continue
        with closing(again(wrong.edit)) as theirs:
            pairs = zip(recordings, theirs, strict=True)
            if all(time.process_time() < until and alike(*pair, words) for pair in pairs):
                return wrong.says
    return ""


def alike(mine, theirs, words=True):
    """Tell whether two recordings hold the same questions, answers and changes.

    Of two errors the kind has to be the same, and, where `words` count, the message.
    """
    return len(mine) == len(theirs) and all(
        one.name == other.name
        and (same(one.result, other.result) or (not words and same_kind(one.result, other.result)))
        and same(one.after, other.after)
        for one, other in zip(mine, theirs, strict=True)
    )


def same_kind(one, other):
    """Tell whether two results are errors of one kind, which say something alike."""
    if not (isinstance(one, Raised) and isinstance(other, Raised)):
        return False
    about = lambda result: [bool(re.search(word, result.message)) for word in ERROR_WORDS]
    return one.error == other.error and about(one) == about(other)


def smallest_disagreement(mine, book, recordings):
    """Describe the smallest call found on which two modules disagree, in lines; or nothing."""
    pairs = [pair for one, other in recordings for pair in zip(one, other, strict=False)]
    asked = [(one, other) for one, other in pairs if plain(one.args) and same(one.args, other.args)]
    apart = [one for one, other in asked if not alike([one], [other])]
    for call in sorted(apart, key=lambda call: size(call.args))[:3]:
        functions = [vars(module).get(call.name) for module in (mine, book)]
        if None not in functions and (args := shrink(*functions, call.args)) is not None:
            line = f"{call.name}({', '.join(passed(functions[1], args))})"
            return line, *described(args, *(ask(function, args) for function in functions))
    return ()


def passed(function, args):
    """Write arguments as they are passed, by name where there is no other way."""
    parameters = inspect.signature(function).parameters
    by_name = {name for name, each in parameters.items() if each.kind is each.KEYWORD_ONLY}
    return [f"{key}={written(value)}" if key in by_name else written(value)
            for key, value in args.items()]  # fmt: skip


def described(args, mine, wanted):
    """Write what a call returns and what is wanted, or what it does to its arguments."""
    if not same(mine[0], wanted[0]):
        does = "raises " if isinstance(mine[0], Raised) else "returns"
        return f"{does} {result_text(mine[0])}", f"wanted  {result_text(wanted[0])}"
    changed = [key for key in args if not same(mine[1][key], wanted[1][key])]
    return tuple(f"changes {key} to {written(mine[1][key])}" for key in changed)


def result_text(result):
    """Write what a call returns, or what it raises."""
    is_error = isinstance(result, Raised)
    return f"{result.error}: {result.message}" if is_error else written(every(result, legible))


def legible(value):
    """Cut floats to ten digits, so that 0.3 does not look like 0.30000000000000004."""
    cut = lambda number: float(f"{number:.10g}")
    if isinstance(value, np.ndarray) and value.dtype == float and value.size:
        return np.vectorize(cut)(value)
    return cut(value) if isinstance(value, float) else value
