"""What is judged, and what is said of it: the two records that all of grading passes around.

An item is one exercise of one submission. Its verdict has one of the `STATUSES`; points come
from the status ``pass`` alone, never from the absence of trouble.
"""

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


@dataclass(frozen=True)
class Verdict:
    """What became of an item, and why, in words that a student may read."""

    student: str
    topic: str
    exercise: str
    status: str
    points: int
    possible: int
    claim: str = ""  # the test that decided, as a sentence
    says: tuple[str, ...] = ()  # cleaned: printable text, no control characters
    seconds: float = 0.0
    host: str = ""
