"""List answers that are alike beneath their names and constants: a hint, and no verdict.

Left out is what everybody has: the hole that the exercise came with, the book's own answer, and
any stretch of a program that more than a few students share.
"""

from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import numpy as np

from dlcore.course.exercises import topics
from dlcore.course.exercises.skeleton import cut, exercises_in
from dlcore.course.grading.reports.fingerprints import Fingerprints

COMMON = 20  # a stretch that more students share says nothing,
SHARE = 10  # nor does one that more than one student in so many shares
LEAST = 12  # stretches that two answers have in common
ALIKE = 0.6  # of the stretches of the shorter one
MOST = 200  # pairs that are listed


@dataclass(frozen=True)
class Pair:
    """Two students whose answers to a topic are alike, how much, and in which exercises."""

    first: str
    second: str
    topic: str
    share: float
    exercises: tuple[str, ...]

    def renamed(self, ids):
        """Return the pair under other names."""
        return replace(self, first=ids[self.first], second=ids[self.second])


def similar_answers(submissions, topic_names):
    """Return the pairs of students whose answers are alike, the most alike first."""
    students = []
    columns = {topic: [] for topic in topic_names}  # (number, student, definition)
    names = {topic: {} for topic in topic_names}
    with Fingerprints() as process:
        known = {topic: known_numbers(process, topic) for topic in topic_names}
        for submission in submissions:
            students.append(submission.student)
            for topic in columns.keys() & submission.sources.keys():
                for name, numbers in process.of(submission.sources[topic]).items():
                    place = names[topic].setdefault(name, len(names[topic]))
                    fresh = np.setdiff1d(np.array(numbers, dtype=np.int64), known[topic])
                    columns[topic].append((fresh, len(students) - 1, place))
    pairs = [
        replace(pair, first=students[pair.first], second=students[pair.second])
        for topic in topic_names
        for pair in alike(topic, columns[topic], [*names[topic]], len(students))
    ]
    return sorted(pairs, key=lambda pair: (-pair.share, pair.first, pair.second))[:MOST]


def known_numbers(process, topic):
    """Return the numbers that say nothing: those of the hole, and of the book's answer."""
    path = topics.ROOT / f"solutions/{topic}.py"
    texts = [cut(topic).encode(), *([path.read_bytes()] if path.exists() else [])]
    found = [number for text in texts for each in process.of(text).values() for number in each]
    return np.array(sorted(set(found)), dtype=np.int64)


def alike(topic, columns, names, students):
    """Yield the pairs of students, by their positions, who share what few others have."""
    if not columns:
        return
    number = np.concatenate([numbers for numbers, *_ in columns])
    owner = np.concatenate([np.full(len(numbers), student) for numbers, student, _ in columns])
    place = np.concatenate([np.full(len(numbers), where) for numbers, _, where in columns])
    order = np.lexsort((owner, number))
    number, owner, place = number[order], owner[order], place[order]
    bounds = np.flatnonzero(np.diff(number, prepend=-1, append=-1))
    few = max(2, min(COMMON, students // SHARE))
    totals = np.zeros(students, dtype=int)
    shared = {}
    for start, stop in pairwise(bounds):
        owners = dict(zip(owner[start:stop].tolist(), place[start:stop].tolist(), strict=True))
        if len(owners) > few:
            continue
        totals[[*owners]] += 1
        for pair in combinations(sorted(owners), 2):
            shared.setdefault(pair, []).append(owners[pair[0]])
    yield from notable(topic, shared, totals, names)


def notable(topic, shared, totals, names):
    """Yield the pairs that share enough, with the exercises in which they do."""
    solves = {name: exercise for exercise, name in exercises_in(cut(topic)).items()}
    for (first, second), places in shared.items():
        share = len(places) / min(totals[first], totals[second])
        if len(places) >= LEAST and share >= ALIKE:
            found = (names[place] for place in sorted(set(places)))
            labels = dict.fromkeys(solves.get(name, name) for name in found if name)
            yield Pair(first, second, topic, round(float(share), 2), tuple(labels))
