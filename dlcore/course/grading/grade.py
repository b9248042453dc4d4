"""Grade a class: take submissions in, judge what the journal does not hold, write reports.

The order is always the same. What can be said without running anything is said first; what
the journal holds under the same key is taken; the rest is judged. Points come from a recorded
pass alone, and a verdict that the grader owes is never a score.
"""

from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.text import Text

from dlcore.course.exercises.catalogue import Exercise, chosen
from dlcore.course.grading.batch import Sheet, halts, judged, marked, tried
from dlcore.course.grading.clean import line
from dlcore.course.grading.intake import submissions
from dlcore.course.grading.job import Job, Terms
from dlcore.course.grading.journal import Journal, item_key
from dlcore.course.grading.provenance import read_key
from dlcore.course.grading.reports import write_reports
from dlcore.course.grading.results import Results
from dlcore.course.grading.screen import Screen, summary, told
from dlcore.course.grading.triage import items, triage
from dlcore.course.grading.verdict import lasting
from dlcore.course.sandbox.tiers import choose

OWED = 3  # the exit code while the grader owes verdicts


@dataclass(frozen=True)
class Order:
    """What is to be graded, on which terms, and where the journal and the reports go."""

    folder: Path
    exercises: list[Exercise]
    terms: Terms
    out: Path

    @property
    def key(self):
        """The course key, as bytes."""
        return bytes.fromhex(self.terms.key)

    def journal(self):
        """Open the journal of this order."""
        return Journal(self.out / "journal.jsonl", self.key)


def place(folder, words, key_file, isolation, accept_none, out):
    """Turn the words of a command line into an order; the tier is tested before it is chosen."""
    exercises, key = chosen(words), read_key(Path(key_file))
    topics = tuple(dict.fromkeys(exercise.topic for exercise in exercises))
    try:
        tier = choose(isolation, accept_none=accept_none)
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    return Order(Path(folder), exercises, Terms(topics, tier, key.hex()), Path(out))


class Desk:
    """Submissions on one side, their items with keys on the other, and known verdicts."""

    def __init__(self, order, journal):
        digests = order.terms.digests()
        self.submissions = list(submissions(order.folder, list(order.terms.topics)))
        self.known, self.strange = journal.verdicts(), journal.strange
        self.items, self.keys = {}, {}
        for taken in self.submissions:
            for item in items(taken, order.exercises):
                who = (item.student, item.exercise)
                self.items[who] = item
                self.keys[who] = item_key(order.key, item, **digests)

    def found(self):
        """Return the verdicts that stand, by student and exercise; an owed one does not."""
        held = {who: self.known[key] for who, key in self.keys.items() if key in self.known}
        return {who: verdict for who, verdict in held.items() if verdict.status != "infra"}

    def sheets(self, found):
        """Cut what is not found into sheets, and say at once what needs no judge."""
        said, sheets = [], []
        sent = {taken.student: taken for taken in self.submissions}
        for (student, _), file in groupby(self.items.items(), file_of):
            new = [item for who, item in file if who not in found]
            if new and triage(new[0], sent[student]):
                said += [(item, triage(item, sent[student])) for item in new]
            elif new:
                stopped = [verdict for verdict in found.values() if stops(verdict, new[0])]
                sheets.append(Sheet(tuple(new), *stopped[:1]))
        return said, sheets


def file_of(entry):
    """Name the file that an item of a desk is in: whose, and on which topic."""
    return entry[1].student, entry[1].topic


def stops(verdict, item):
    """Tell whether a verdict stopped the file that an item is in."""
    return (verdict.student, verdict.topic) == (item.student, item.topic) and halts(verdict)


def grade(order, *, resume=False, workers=judged, hire=None, jobs=1):
    """Carry out an order; return the exit code: 0, or 3 while the grader owes verdicts."""
    hire = hire or partial(Job, order.terms)
    with order.journal() as journal:
        desk = Desk(order, journal)
        found = desk.found()
        going_on(order, desk, found, resume)
        said, sheets = desk.sheets(found)
        with Screen(len(desk.items), found.values()) as screen:
            for source in (said, workers(sheets, hire, jobs)):
                for item, verdict in source:
                    journal.write(desk.keys[item.student, item.exercise], verdict)
                    found[item.student, item.exercise] = verdict
                    screen.add(verdict)

    results = Results(order.exercises, desk.submissions, found, order.terms.tier)
    write_reports(results, order.out)
    Console(highlight=False).print(summary(results))
    return OWED if results.owed() else 0


def going_on(order, desk, found, resume):
    """Refuse to mix with what another run began, unless told to go on."""
    missing = len(desk.items) - len(found)
    if not desk.items:
        raise ValueError(f"grade: {order.folder} is empty, name the folder of the submissions")
    if missing and (desk.known or desk.strange) and not resume:
        raise ValueError(
            f"grade: the journal in {order.out} holds {len(found)} of {len(desk.items)} verdicts, "
            "go on with --resume or name another --out"
        )


def explain(order, student, exercise, hire=None):
    """Judge one item again and compare with the journal; return 0 when every bit agrees."""
    with order.journal() as journal:
        desk = Desk(order, journal)
    who, console = (student, exercise), Console(highlight=False)
    item, kept = require(desk, who), desk.known.get(desk.keys[who])
    if kept is None:
        raise ValueError(absent(order, desk, who))
    taken = next(taken for taken in desk.submissions if taken.student == student)
    with (hire or partial(Job, order.terms))() as judge:
        again = triage(item, taken) or replay(desk, item, kept, judge)
    console.print(told(again))
    same = lasting(kept) == lasting(again)
    console.print(
        Text(f"\n  journal  {line(lasting(kept), 9999)}\n  replay   {line(lasting(again), 9999)}")
    )
    console.print(Text("\n  the same, bit by bit" if same else "\n  they differ", "bold"))
    return 0 if same else 1


def replay(desk, item, kept, judge):
    """Judge an item again; one that was blocked, together with the items before it."""
    if kept.status != "blocked":
        return tried(item, judge)
    same = lambda other: (other.student, other.topic) == (item.student, item.topic)
    file = [other for other in desk.items.values() if same(other)]
    sheet = Sheet(tuple(file[: file.index(item) + 1]))
    return [verdict for _, verdict in marked(sheet, judge)][-1]


def require(desk, who):
    """Return the item that was asked for, or name those that there are."""
    if who in desk.items:
        return desk.items[who]
    students = dict.fromkeys(name for name, _ in desk.items)
    if who[0] not in students:
        several = ", ".join(list(students)[:10])
        raise ValueError(f"grade: student is {who[0]}, choose one of {several}")
    names = ", ".join(name for student, name in desk.items if student == who[0])
    raise ValueError(f"grade: exercise is {who[1]}, choose one of {names}")


def absent(order, desk, who):
    """Say why the journal holds no verdict on an item, and what to do."""
    others = [(verdict.student, verdict.exercise) for verdict in desk.known.values()]
    if who in others:
        reason = "on other bytes, tests, tier or environment; judge it again with --resume"
        return f"grade: the verdict on {who[0]}, {who[1]} in {order.out} is {reason}"
    sealed = f" ({desk.strange} lines carry another seal)" if desk.strange else ""
    return f"grade: no verdict on {who[0]}, {who[1]} in {order.out}{sealed}, grade first"
