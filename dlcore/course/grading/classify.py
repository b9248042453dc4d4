"""Rule what became of a test: a status, and what is said to the student.

Whatever the submission raised is an error of the submission; whatever a test refused, or could
not digest, is a wrong answer. What went wrong in the machinery between the two is neither.
"""

import re
import traceback
from pathlib import Path

from dlcore.course.exercises.skeleton import cut
from dlcore.course.grading.sanitize import sanitize
from dlcore.course.practice.diagnosis import REFUSALS, WRITTEN, Frame, diagnose, kind_of
from dlcore.course.sandbox.connection import WorkerEnded
from dlcore.course.sandbox.limits import WireError

MACHINERY = Path(__file__).parents[1]
OURS = (OSError, MemoryError, WireError)
TOO_LARGE = (MemoryError, WireError)
LARGE = "what was returned is too large to be worked with"
LINES = 8


def classify(error, client, item):
    """Return status and sentences, from what a test raised and what its client went through."""
    if client is None:
        return "infra", ("the test ran without its sandbox", *([repr(error)] if error else []))
    if client.ended:
        return client.ended.status, (client.ended.says,)
    if error is None:
        return "pass", ()
    if any(error is raised for raised in client.raised):
        status = raised_status(error, client, item)
        return status, raised_lines(error, item)
    too_large = isinstance(error, TOO_LARGE) and client.messages > 1
    if machinery(error) and not too_large:
        return "infra", (f"{type(error).__name__}: {error}",)
    said = diagnose(error, Path(f"exercises/{item.topic}.py")).says
    return "fail", plain((LARGE, str(error)) if too_large else said)


def raised_status(error, client, item):
    """Sort an exception of the submission."""
    if client.missing is not None and isinstance(error, AttributeError) and not error.spots:
        return "missing"
    if isinstance(error, NotImplementedError) and str(error) in holes(item.topic):
        return "not attempted"
    return "fail" if type(error).__name__ == "WireError" else "error"


def holes(topic):
    """Collect what the holes of a topic raise: the first hint of each."""
    return set(re.findall(r"# TODO: (.+)", cut(topic)))


def machinery(error):
    """Tell whether an exception arose in the grader, and not in a test or in NumPy."""
    *_, last = traceback.extract_tb(error.__traceback__)
    within = Path(last.filename).is_relative_to(MACHINERY)
    deliberate = isinstance(error, REFUSALS) or (within and isinstance(error, TypeError))
    return not deliberate and (within or isinstance(error, (WorkerEnded, *OURS)))


def raised_lines(error, item):
    """Say what the submission raised, and where."""
    lines = lines_of((item.source or b"").decode("utf-8", errors="replace"))
    text = lambda number: lines[number - 1].strip() if 0 < number <= len(lines) else ""
    frames = tuple(Frame(line, name, text(line)) for line, name in error.spots)
    kind = kind_of(error, frames)
    named = f"{type(error).__name__}: {error}" if kind != "not attempted" else str(error)
    where = (f"line {f.line}{within(f)}: {f.text}" for f in frames)
    advice = [WRITTEN] if kind == "mutation" else []
    return plain((named, *where, *advice))


def lines_of(text):
    """Split a text where Python does; other separators are letters of a string."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def within(frame):
    """Name the function that a line is in."""
    return f" in {frame.function}" if frame.function.isidentifier() else ""


def plain(says):
    """Clean what is said, line by line."""
    return tuple(line for say in says for line in sanitize(say, 500).splitlines() if line)[:LINES]
