"""Say what is wrong with an answer, from the exception that a test of it raised.

Trouble comes in kinds, listed in the order in which it is to be mended: an answer of the wrong
shape cannot have the right values. A comparison made by ``numpy.testing`` is looked up in the
frame that made it, so that what is said does not hang on the wording of a message.
"""

import ast
import re
import traceback
from dataclasses import dataclass, replace
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
FUNCTION = re.compile(
    r"<(?:built-in |bound )?(?:function|method) ((?:[\w.]|<locals>|<lambda>)+)"
    r"(?: at 0x[0-9a-fA-F]+| of (?:<[^<>]*>|[^<>]*))?>"
)
OBJECT = re.compile(r"<([\w.]+)(?: object)?(?: [^\s<>]+)? at 0x[0-9a-fA-F]+>")
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
    finding = entries_only(error, calls) or finding_of(error, path, calls)
    return replace(finding, says=tuple(map(without_addresses, finding.says)))


def entries_only(error, calls):
    """Count right entries where an answer without arguments is compared with the right one.

    Whatever else were said would be the answer.
    """
    asked_for_nothing = calls and not calls[-1].args and calls[-1].name.isidentifier()
    if not asked_for_nothing or not isinstance(error, AssertionError):
        return None
    given = calls[-1].result
    match = re.match(r"assert (.+) == (.+)", str(error))
    try:
        pair = [ast.literal_eval(text) for text in match.groups()] if match else []
    except (SyntaxError, ValueError):
        pair = []
    if not pair or not all(isinstance(each, list) for each in pair):
        return Finding("values", (f"{calls[-1].name}() is {given!r}, which is not right",))
    (yours, wanted), name = pair, f"{calls[-1].name}()"
    if len(yours) != len(wanted):
        says = f"{name} returns {len(yours)} entries, {len(wanted)} are asked for"
        return Finding("shape", (says,))
    wrong = [f"[{i}]" for i in range(len(wanted)) if yours[i] != wanted[i]]
    are = "entry {} is" if len(wrong) == 1 else "entries {} are"
    return Finding("values", (f"{name} is {yours}: {are.format(', '.join(wrong))} not right",))


def finding_of(error, path, calls):
    """Turn an exception into a finding, which may still speak of addresses in memory."""
    frames = own_frames(error, path)
    if isinstance(error, SyntaxError):
        spot = Frame(error.lineno or 0, "", (error.text or "").strip())
        return Finding("import", (f"{type(error).__name__}: {error.msg}",), (spot,))
    with np.errstate(all="ignore"):
        if not frames and (judged := judgement(error, calls)):
            return judged

    kind = kind_of(error, frames)
    if isinstance(error, SystemExit):
        return Finding(kind, (ending(error),), frames)
    if kind == "mutation":
        return Finding(kind, (WRITTEN, clean(f"{type(error).__name__}: {error}")), frames)
    named = "" if kind in ("not attempted", "time", "skipped") else f"{type(error).__name__}: "
    says = (clean(f"{named}{error}".removesuffix(": ")),)
    return Finding(kind, says + asked(error) if not frames else says, frames)


def ending(error):
    """Say what would have ended the program:  sys.exit(0), os._exit(0)."""
    called = str(error) if str(error).startswith("os.") else f"sys.exit({error.code!r})"
    return f"{called} ends the program: return a value, or raise an error"


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
                was, has = distinct(desired[index], after[index])
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
    values = "{}, wanted {}".format(*distinct(actual[index], desired[index]))
    if not index:
        return f"the value is {values}"
    return (
        f"{len(indices)} of {actual.size} entries differ, the first at {place(index)} is {values}"
    )


def place(index):
    """Write an index as a program would."""
    return f"[{', '.join(map(str, index))}]"


def number(value, digits=10):
    """Write a number, with as many digits as are asked for."""
    return f"{value:.{digits}g}" if isinstance(value, np.inexact) else str(value)


def distinct(one, other):
    """Write two numbers with enough digits to see how they differ, if they do.

    >>> distinct(np.float64(1), np.float64(1 + 1e-12))
    ('1', '1.000000000001')
    """
    pairs = ((number(one, digits), number(other, digits)) for digits in (10, 13, 17))
    return next((pair for pair in pairs if pair[0] != pair[1]), (number(one), number(other)))


def plain(message):
    """Free an assertion's message of words that only pytest needs."""
    message = without_addresses(message)
    message = re.sub(
        r"DID NOT RAISE (?:<class ')?([\w.]+)(?:'>)?", r"\1 should have been raised", message
    )
    lines = [line.strip(" +") for line in message.removeprefix("assert ").splitlines()]
    return tuple(line for line in lines if line and "= <" not in line and "Use -v" not in line)


def without_addresses(text):
    """Name functions and objects without the places where they lie in memory.

    >>> without_addresses("<function f.<locals>.<lambda> at 0x7f10> of <a.B object at 0x7f20>")
    'a lambda of a B'
    """
    text = FUNCTION.sub(lambda match: last_name(match[1]), text)
    return OBJECT.sub(lambda match: f"a {last_name(match[1])}", text)


def last_name(qualified):
    """Take the last part of a dotted name; a function without a name is a lambda."""
    name = qualified.rpartition(".")[2]
    return "a lambda" if name == "<lambda>" else name
