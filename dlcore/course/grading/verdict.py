"""What is judged, and what is said of it: the two records that grading passes around.

An item is one exercise of one submission. Its verdict has one of the `STATUSES`; points come
from the status ``pass`` alone, or, where credit is partial, from tests that were seen to pass:
never from the absence of trouble.
"""

import hashlib
import json
from base64 import b64decode, b64encode
from dataclasses import dataclass

STATUSES = {
    "pass": "every test of the exercise said so",
    "fail": "a test refused what was returned",
    "error": "the submission raised, or could not be imported",
    "timeout": "the submission did not answer in time",
    "crash": "the process of the submission died",
    "protocol": "the process of the submission spoke nonsense",
    "missing": "the submission does not define what the exercise asks for",
    "not attempted": "the hole of the exercise was left as it was",
    "blocked": "an earlier exercise of the submission stopped this one",
    "rejected": "the archive was refused before anything ran",
    "infra": "the grader itself failed; this is no score",
}


@dataclass(frozen=True)
class Item:
    """One exercise of one submission: the text of the topic's file, and who handed it in."""

    student: str
    topic: str
    exercise: str
    points: int  # that a pass is worth
    source: bytes | None  # None where the file is missing
    digest: str  # SHA-256 of the source, in hexadecimal digits
    partial: bool = False  # each test that passes pays its share


@dataclass(frozen=True)
class Verdict:
    """What became of an item, and why, in words that a student may read."""

    student: str
    topic: str
    exercise: str
    status: str
    points: float  # whole, but for partial credit
    possible: int
    claim: str = ""  # the test that decided, as a sentence
    says: tuple[str, ...] = ()  # cleaned: printable text, no control characters
    seconds: float = 0.0
    host: str = ""
    passed: int = 0  # where credit is partial: how many tests passed,
    tests: int = 0  # of how many
    advice: str = ""  # on a known mistake that fails in the same way


def verdict_on(item, status, *says, **more):
    """Say of an item what became of it; a pass earns its points, a part of its tests a part.

    >>> item = Item("eve", "loss", "loss-softmax", 2, b"", digest(b""))
    >>> verdict_on(item, "fail").points, verdict_on(item, "pass").points
    (0, 2)
    """
    return Verdict(
        student=item.student,
        topic=item.topic,
        exercise=item.exercise,
        status=status,
        points=item.points if status == "pass" else share(item, status, **more),
        possible=item.points,
        says=says,
        **more,
    )


def share(item, status, *, passed=0, tests=0, **_):
    """Return the points for the tests that passed, to two decimals, where credit is partial.

    >>> item = Item("eve", "loss", "loss-softmax", 2, b"", digest(b""), partial=True)
    >>> share(item, "fail", passed=1, tests=3), share(item, "fail", passed=1, tests=2)
    (0.67, 1)
    """
    if status == "infra" or not item.partial or not tests:
        return 0
    return shortest(item.points * passed / tests)


def shortest(points):
    """Round points to two decimals, and write whole ones without any.

    >>> shortest(2.0), shortest(2 / 3)
    (2, 0.67)
    """
    rounded = round(points, 2)
    return int(rounded) if rounded == int(rounded) else rounded


def digest(source):
    """Condense a source to the SHA-256 of its bytes; a missing one has none."""
    return hashlib.sha256(source).hexdigest() if source is not None else ""


def written(record, *, without=()):
    """Write an item or a verdict as one line of JSON, in ASCII, its fields in order."""
    fields = {name: value for name, value in vars(record).items() if name not in without}
    if isinstance(fields.get("source"), bytes):
        fields["source"] = b64encode(fields["source"]).decode()
    return json.dumps(fields, ensure_ascii=True)


def lasting(verdict):
    """Write what a verdict says apart from time, place and advice: the same on every machine."""
    return written(verdict, without=("seconds", "host", "advice"))


def read_item(line):
    """Read an item back from its line."""
    fields = json.loads(line)
    source = None if fields["source"] is None else b64decode(fields["source"])
    return Item(**fields | {"source": source})


def read_verdict(line):
    """Read a verdict back from its line."""
    fields = json.loads(line)
    return Verdict(**fields | {"says": tuple(fields["says"])})
