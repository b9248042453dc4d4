"""Understand what a reader calls a chapter or an exercise: its name, a path, a near miss."""

import re
from difflib import get_close_matches
from pathlib import Path

from dlcore.course.exercises import topics
from dlcore.course.exercises.marks import exercises_of


def named(word, *, by):
    """Return the topic that a word names, and the exercise if it names one, else None.

    >>> named("loss", by="check"), named("exercises/loss.py", by="check")
    (('loss', None), ('loss', None))
    >>> named("loss-hinge", by="check")
    ('loss', 'loss-hinge')
    >>> named("los", by="check")
    Traceback (most recent call last):
    ValueError: check: topic is los, did you mean loss?
    """
    stem = Path(word).stem if re.search(r"[/\\.]", word) else word
    every = topics.topics()
    if stem in every:
        return stem, None
    exercises = {exercise.name: exercise.topic for exercise in exercises_of(*every)}
    if stem in exercises:
        return exercises[stem], stem
    if near := get_close_matches(stem, [*every, *exercises], n=1, cutoff=0.7):
        raise ValueError(f"{by}: topic is {word}, did you mean {near[0]}?")
    return topics.require(stem, by=by), None


def section(topic, exercise):
    """Return the last heading above an exercise in its chapter; "" where there is no chapter.

    >>> section("norm", "norm-forward")
    'Batch norm'
    """
    path = topics.ROOT / f"book/{topic}.md"
    page = path.read_text(encoding="utf-8") if path.exists() else ""
    above, label, _ = page.partition(f"\n:label: {exercise}\n")
    headings = re.findall(r"^##+ +(.+)$", above, re.MULTILINE) if label else []
    return headings[-1].strip() if headings else ""
