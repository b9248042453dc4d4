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

from dlcore.course.exercises.marks import Exercise, chosen
from dlcore.course.grading.batch import FileJob, judge_all, judge_file, judge_item, stops_file
from dlcore.course.grading.console import ProgressTable, summary, told
from dlcore.course.grading.intake import submissions
from dlcore.course.grading.journal import Journal, item_key
from dlcore.course.grading.judge_process import JudgeProcess, JudgeSettings
from dlcore.course.grading.precheck import items, precheck
from dlcore.course.grading.provenance import read_key
from dlcore.course.grading.reports import write_reports
from dlcore.course.grading.results import Results
from dlcore.course.grading.sanitize import one_line
from dlcore.course.grading.verdict import lasting
from dlcore.course.sandbox.tiers import choose

OWED = 3  # the exit code while the grader owes verdicts


@dataclass(frozen=True)
class GradingRun:
    """What is to be graded, with which settings, and where the journal and the reports go."""

    folder: Path
    exercises: list[Exercise]
    settings: JudgeSettings
    out: Path

    @property
    def key(self):
        """The course key, as bytes."""
        return bytes.fromhex(self.settings.key)

    def journal(self):
        """Open the journal of this grading run."""
        return Journal(self.out / "journal.jsonl", self.key)


def grading_run(folder, words, key_file, isolation, accept_none, out):
    """Turn the words of a command line into a grading run; the tier has passed its test."""
    exercises, key = chosen(words), read_key(Path(key_file))
    topics = tuple(dict.fromkeys(exercise.topic for exercise in exercises))
    try:
        tier = choose(isolation, accept_none=accept_none)
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    return GradingRun(Path(folder), exercises, JudgeSettings(topics, tier, key.hex()), Path(out))


class WorkList:
    """Submissions on one side, their items with keys on the other, and known verdicts."""

    def __init__(self, grading, journal):
        digests = grading.settings.digests()
        self.submissions = list(submissions(grading.folder, list(grading.settings.topics)))
        self.known, self.strange = journal.verdicts(), journal.strange
        self.items, self.keys = {}, {}
        for taken in self.submissions:
            for item in items(taken, grading.exercises):
                who = (item.student, item.exercise)
                self.items[who] = item
                self.keys[who] = item_key(grading.key, item, **digests)

    def found(self):
        """Return the verdicts that stand, by student and exercise; an owed one does not."""
        held = {who: self.known[key] for who, key in self.keys.items() if key in self.known}
        return {who: verdict for who, verdict in held.items() if verdict.status != "infra"}

    def files(self, found):
        """Cut what is not found into files, and say at once what needs no judge."""
        said, files = [], []
        sent = {taken.student: taken for taken in self.submissions}
        for (student, _), file in groupby(self.items.items(), file_of):
            new = [item for who, item in file if who not in found]
            if new and precheck(new[0], sent[student]):
                said += [(item, precheck(item, sent[student])) for item in new]
            elif new:
                stopped = [verdict for verdict in found.values() if stops(verdict, new[0])]
                files.append(FileJob(tuple(new), *stopped[:1]))
        return said, files


def file_of(entry):
    """Name the file that an item of a work list is in: whose, and on which topic."""
    return entry[1].student, entry[1].topic


def stops(verdict, item):
    """Tell whether a verdict stopped the file that an item is in."""
    return (verdict.student, verdict.topic) == (item.student, item.topic) and stops_file(verdict)


def grade(grading, *, resume=False, judge_files=judge_all, open_judge=None, jobs=1):
    """Carry out a grading run; return the exit code: 0, or 3 while the grader owes verdicts."""
    open_judge = open_judge or partial(JudgeProcess, grading.settings)
    with grading.journal() as journal:
        work = WorkList(grading, journal)
        found = work.found()
        going_on(grading, work, found, resume)
        said, files = work.files(found)
        with ProgressTable(len(work.items), found.values()) as screen:
            for source in (said, judge_files(files, open_judge, jobs)):
                for item, verdict in source:
                    journal.write(work.keys[item.student, item.exercise], verdict)
                    found[item.student, item.exercise] = verdict
                    screen.add(verdict)

    results = Results(grading.exercises, work.submissions, found, grading.settings.tier)
    write_reports(results, grading.out)
    Console(highlight=False).print(summary(results))
    return OWED if results.owed() else 0


def going_on(grading, work, found, resume):
    """Refuse to mix with what another run began, unless told to go on."""
    missing = len(work.items) - len(found)
    if not work.items:
        raise ValueError(f"grade: {grading.folder} is empty, name the folder of the submissions")
    if missing and (work.known or work.strange) and not resume:
        raise ValueError(
            f"grade: the journal in {grading.out} holds {len(found)} of {len(work.items)} "
            "verdicts, go on with --resume or name another --out"
        )


def explain(grading, student, exercise, open_judge=None):
    """Judge one item again and compare with the journal; return 0 when every bit agrees."""
    with grading.journal() as journal:
        work = WorkList(grading, journal)
    who, console = (student, exercise), Console(highlight=False)
    item, kept = require(work, who), work.known.get(work.keys[who])
    if kept is None:
        raise ValueError(absent(grading, work, who))
    taken = next(taken for taken in work.submissions if taken.student == student)
    with (open_judge or partial(JudgeProcess, grading.settings))() as judge:
        again = precheck(item, taken) or replay(work, item, kept, judge)
    console.print(told(again))
    same = lasting(kept) == lasting(again)
    console.print(
        Text(
            f"\n  journal  {one_line(lasting(kept), 9999)}"
            f"\n  replay   {one_line(lasting(again), 9999)}"
        )
    )
    console.print(Text("\n  the same, bit by bit" if same else "\n  they differ", "bold"))
    return 0 if same else 1


def replay(work, item, kept, judge):
    """Judge an item again; one that was blocked, together with the items before it."""
    if kept.status != "blocked":
        return judge_item(item, judge)
    same = lambda other: (other.student, other.topic) == (item.student, item.topic)
    file = [other for other in work.items.values() if same(other)]
    file = FileJob(tuple(file[: file.index(item) + 1]))
    return [verdict for _, verdict in judge_file(file, judge)][-1]


def require(work, who):
    """Return the item that was asked for, or name those that there are."""
    if who in work.items:
        return work.items[who]
    students = dict.fromkeys(name for name, _ in work.items)
    if who[0] not in students:
        several = ", ".join(list(students)[:10])
        raise ValueError(f"grade: student is {who[0]}, choose one of {several}")
    names = ", ".join(name for student, name in work.items if student == who[0])
    raise ValueError(f"grade: exercise is {who[1]}, choose one of {names}")


def absent(grading, work, who):
    """Say why the journal holds no verdict on an item, and what to do."""
    others = [(verdict.student, verdict.exercise) for verdict in work.known.values()]
    if who in others:
        reason = "on other bytes, tests, tier or environment; judge it again with --resume"
        return f"grade: the verdict on {who[0]}, {who[1]} in {grading.out} is {reason}"
    sealed = f" ({work.strange} lines carry another seal)" if work.strange else ""
    return f"grade: no verdict on {who[0]}, {who[1]} in {grading.out}{sealed}, grade first"
