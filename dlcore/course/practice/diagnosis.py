"""Say what is wrong with an answer, from the exception that a test of it raised.

Trouble comes in kinds, listed in the order in which it is to be mended: an answer of the wrong
shape cannot have the right values. A comparison made by ``numpy.testing`` is looked up in the
frame that made it, so that what is said does not hang on the wording of a message.
"""

import re
import traceback
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from dlcore.course.practice.call_recorder import same
from dlcore.course.practice.error_pattern import error_pattern, layout
from dlcore.course.sandbox.arguments import ArgumentChangedError
from dlcore.course.sandbox.errors import clean

KINDS = (
    "not attempted", "import", "error", "shape", "dtype", "not finite", "values", "mutation",
    "time", "skipped",
)  # fmt: skip
WRITTEN = "an argument is changed in place: copy it first, or make a new one"
READ_ONLY = re.compile("read-?only|WRITEABLE")
REFUSALS = (AssertionError, pytest.fail.Exception)


@dataclass(frozen=True)
class Frame:
    """A line of the reader's own file: its number, the function it is in, its text."""

    line: int
    function: str
    text: str


@dataclass(frozen=True)
class Finding:
    """The kind of trouble, what can be said about it, and where in the reader's file."""

    kind: str
    says: tuple[str, ...]
    frames: tuple[Frame, ...] = ()
    likely: str = ""  # what wrong numbers have to do with the right ones


def diagnose(error, path, calls=()):
    """Turn an exception into a finding about the answers in the file at `path`.

    The `calls` of the test say what the answers were asked, and what they did to it.
    """
    frames = own_frames(error, path)
    if isinstance(error, SyntaxError):
        spot = Frame(error.lineno or 0, "", (error.text or "").strip())
        return Finding("import", (f"{type(error).__name__}: {error.msg}",), (spot,))
    with np.errstate(all="ignore"):
        if not frames and (judged := judgement(error, calls)):
            return judged

    kind = kind_of(error, frames)
    if kind == "mutation":
        return Finding(kind, (WRITTEN, clean(f"{type(error).__name__}: {error}")), frames)
    named = "" if kind in ("not attempted", "time", "skipped") else f"{type(error).__name__}: "
    says = (clean(f"{named}{error}".removesuffix(": ")),)
    return Finding(kind, says + asked(error) if not frames else says, frames)


def kind_of(error, frames):
    """Sort an exception that is no judgement into one of `KINDS`."""
    kind = "shape" if not frames and isinstance(error, ValueError | IndexError) else "error"
    match error:
        case NotImplementedError() if frames:
            kind = "not attempted"
        case RuntimeWarning() | FloatingPointError() if frames:
            kind = "not finite"
        case Exception() if is_writing(error, frames):
            kind = "mutation"
        case TimeoutError():
            kind = "time"
        case pytest.skip.Exception():
            kind = "skipped"
    imported = any(frame.function == "<module>" for frame in frames)
    return "import" if imported or isinstance(error, ImportError) else kind


def is_writing(error, frames):
    """Tell whether an answer tried to change what it was given, or has changed it."""
    by_numpy = frames and READ_ONLY.search(str(error))
    return bool(by_numpy) or type(error).__name__ == ArgumentChangedError.__name__


def judgement(error, calls):
    """Describe why a test refused what an answer returned, or return None if it did not."""
    try:
        if comparison := compared(error):
            return mutation(*comparison[:2], calls) or difference(*comparison, calls)
    except (TypeError, ValueError):
        pass  # what was returned is no array: the exception itself says so
    if isinstance(error, REFUSALS):
        return Finding("values", plain(str(error)) or asked(error))
    return None


def own_frames(error, path, most=3):
    """List the last frames of a traceback that lie in the file at `path`."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == str(path)]
    return tuple(Frame(frame.lineno, clean(frame.name), frame.line) for frame in own[-most:])


def asked(error):
    """Quote the line of the test that raised."""
    frames = traceback.extract_tb(error.__traceback__)
    tests = [frame for frame in frames if Path(frame.filename).name.startswith("test_")]
    return tuple(f"in the test:  {frame.line}" for frame in tests[-1:])


def compared(error):
    """Find what ``numpy.testing`` compared, (actual, desired, rtol, atol), or None."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        inside = frame.f_globals.get("__name__", "")
        code = frame.f_code
        if inside.startswith("numpy.testing") and code.co_name.startswith("assert_"):
            actual, desired = (np.asarray(frame.f_locals[name]) for name in code.co_varnames[:2])
            rtol, atol = (frame.f_locals.get(name, 0.0) for name in ("rtol", "atol"))
            return actual, desired, rtol, atol
    return None


def mutation(actual, desired, calls):
    """Describe an argument that a call has changed, when that is what a test compares."""
    for call in calls:
        for name, after in call.after.items():
            kept = same(desired, call.args[name])
            moved = same(actual, after)
            if isinstance(after, np.ndarray) and moved and kept and not same(after, desired):
                index = tuple(np.argwhere(after != desired)[0])
                was = number(desired[index])
                has = number(after[index])
                says = f"{name} is changed in place: {place(index)} was {was}, and becomes {has}"
                return Finding("mutation", (says,))
    return None


def difference(actual, desired, rtol, atol, calls):
    """Describe how the array `actual` differs from `desired`: shape first, then values."""
    if actual.dtype == object and actual.shape == () and actual.item() is None:
        return Finding("shape", ("None was returned: a function without `return` returns None",))
    if desired.shape not in (actual.shape, ()):
        says = f"the shape is {actual.shape}, wanted {desired.shape}", layout(actual, desired)
        return Finding("shape", tuple(filter(None, says)))
    desired = np.broadcast_to(desired, actual.shape)
    if desired.dtype.kind == "f" and actual.dtype.kind in "biuc":
        says = first_of(np.argwhere(actual != desired), actual, desired)
        return Finding("dtype", (f"the numbers are {actual.dtype}, wanted {desired.dtype}", says))
    if np.issubdtype(actual.dtype, np.inexact):
        return inexact(actual, desired, rtol, atol, calls)
    return Finding("values", (first_of(np.argwhere(actual != desired), actual, desired),))


def inexact(actual, desired, rtol, atol, calls):
    """Describe wrong numbers: those that are not finite first, then those out of tolerance."""
    strange = np.argwhere(~np.isfinite(actual) & np.isfinite(desired))
    if len(strange):
        return Finding("not finite", (first_of(strange, actual, desired),))
    error = np.nan_to_num(np.abs(actual - desired), posinf=np.inf)
    wrong = np.argwhere(error > atol + rtol * np.abs(desired))
    says = [first_of(wrong, actual, desired)]

    if actual.size > 1:
        largest = np.unravel_index(np.argmax(error), error.shape)
        says += [f"the largest error is {number(error[largest])}, at {place(largest)}"]
    args = calls[-1].args if calls else {}
    return Finding("values", tuple(says), likely=error_pattern(actual, desired, args))


def first_of(indices, actual, desired):
    """Count the wrong entries and show the first of them."""
    if not len(indices):
        return "the comparison fails though every entry agrees"
    index = tuple(indices[0])
    values = f"{number(actual[index])}, wanted {number(desired[index])}"
    if not index:
        return f"the value is {values}"
    return (
        f"{len(indices)} of {actual.size} entries differ, the first at {place(index)} is {values}"
    )


def place(index):
    """Write an index as a program would."""
    return f"[{', '.join(map(str, index))}]"


def number(value):
    """Write a number so that a wrong digit can be seen."""
    return f"{value:.10g}" if isinstance(value, np.inexact) else str(value)


def plain(message):
    """Free an assertion's message of addresses and of words that only pytest needs."""
    message = re.sub(r"<(?:built-in |bound )?(?:function|method) ([\w.]+)[^>]*>", r"\1", message)
    message = re.sub(
        r"DID NOT RAISE (?:<class ')?([\w.]+)(?:'>)?", r"\1 should have been raised", message
    )
    lines = [line.strip(" +") for line in message.removeprefix("assert ").splitlines()]
    return tuple(line for line in lines if line and "= <" not in line and "Use -v" not in line)
