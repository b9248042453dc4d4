"""Find out more about an answer that fails: a smaller input, and a mistake that is known."""

import inspect
import re
import time
from contextlib import closing

import numpy as np

from dlcore.course.exercises.known_answers import load_adversarial, load_wrong
from dlcore.course.practice.call_recorder import Opaque, Raised, same
from dlcore.course.practice.shrink import ask, every, plain, shrink, size, written

PATIENCE = 1.5  # seconds of work for all wrong answers of an exercise together
LIKE = "it behaves like this wrong answer: "
KNOWN = ((load_wrong, ""), (load_adversarial, LIKE))
ERROR_WORDS = (  # what an error may speak of
    "shape|broadcast|aligned|mismatch",
    "read-only",
    "object",
)


def recognise(topic, exercise, recordings, again, *, slips_only=False):
    """Return the advice on the known wrong answer that behaves like this one, or nothing.

    `recordings` are the calls of each test of the exercise; ``again(wrong, seconds)`` yields those
    that the same tests make when they judge the wrong answer, with the same numbers drawn. Natural
    slips come first; of an answer that is made to pass it is said what it is like, unless
    `slips_only` are asked for.
    """
    until = time.process_time() + PATIENCE
    calls = [call for recorder in recordings for call in recorder]
    errors = only_errors(calls)
    found = []
    known = KNOWN[:1] if slips_only else KNOWN
    for wrong, advice in known_mistakes(topic, exercise, known) if calls else ():
        left = until - time.process_time()
        if left < 0:
            return ""
        with closing(again(wrong.edit, left)) as theirs:
            pairs = zip(recordings, theirs, strict=True)
            if all(time.process_time() < until and alike(*pair, errors) for pair in pairs):
                found.append((wrong, advice))
    return found[0][1] if agreed([wrong for wrong, _ in found]) else ""


def known_mistakes(topic, exercise, known=KNOWN):
    """Yield the wrong answers to an exercise with what is to be said of them, slips first."""
    for load, before in known:
        for wrong in load(topic):
            if wrong.exercise == exercise:
                yield wrong, before + wrong.says


def agreed(found):
    """Tell whether what is said of the first of some answers is true of all, if there are any."""
    return bool(found) and all(found[0].admits(other) for other in found)


def only_errors(calls):
    """Tell whether calls have nothing to go by but the words of errors."""
    return all(isinstance(call.result, Raised) for call in calls)


def wrong_structure(mine, book):
    """Name what the first call that differs returns, where it is another kind of thing.

    Both are the calls of one test, on an answer and on the book's. Several values are a tuple; a
    list may well have another length for other reasons.
    """
    for one, other in zip(mine, book, strict=False):
        if one.name != other.name or not same(one.args, other.args):
            return ""
        if not same(one.result, other.result):
            return structure(one.name, one.result, other.result)
    return ""


def structure(name, given, wanted):
    """Say how what is returned differs in kind from what is asked for, or nothing."""
    if isinstance(given, Raised) or isinstance(wanted, Raised):
        return ""
    count, asked = (values_of(each) for each in (given, wanted))
    if count != asked and isinstance(wanted, tuple) and given is not None:
        return f"{name} returns {counted(count)}, and {asked} are asked for"
    if count != asked and isinstance(given, tuple) and not isinstance(wanted, list):
        return f"{name} returns {counted(count)}, and one is asked for"
    kinds = ["a function" if is_function(each) else "no function" for each in (given, wanted)]
    return (
        "" if kinds[0] == kinds[1] else f"{name} returns {kinds[0]}, where {kinds[1]} is asked for"
    )


def is_function(result):
    """Tell whether a copy stands for a function."""
    return isinstance(result, Opaque) and result.kind == "function"


def values_of(result):
    """Count the values that a call returns:  a tuple or a list has several, an array is one."""
    return len(result) if isinstance(result, tuple | list) else 1


def counted(number):
    """Write how many values there are."""
    return "one value" if number == 1 else f"{number} values"


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
    apart = [call for call in apart if call.args]  # else there is one input, and one answer
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
        found, right = distinct_texts(mine[0], wanted[0])
        return f"{does} {found}", f"wanted  {right}"
    changed = [key for key in args if not same(mine[1][key], wanted[1][key])]
    return tuple(f"changes {key} to {written(mine[1][key])}" for key in changed)


def distinct_texts(one, other):
    """Write two results with as many digits as it takes to see that they differ.

    Ten are enough for most, so that 0.3 does not look like 0.30000000000000004.
    """
    pairs = [(result_text(one, digits), result_text(other, digits)) for digits in (10, 13, 17)]
    return next((pair for pair in pairs if pair[0] != pair[1]), pairs[0])


def result_text(result, digits):
    """Write what a call returns, or what it raises."""
    if isinstance(result, Raised):
        return f"{result.error}: {result.message}"
    return written(every(result, lambda value: rounded(value, digits)))


def rounded(value, digits):
    """Round floats to some digits."""
    cut = lambda number: float(f"{number:.{digits}g}")
    if isinstance(value, np.ndarray) and value.dtype == float and value.size:
        return np.vectorize(cut)(value)
    return cut(value) if isinstance(value, float) else value
