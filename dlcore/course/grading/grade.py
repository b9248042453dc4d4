"""Grade a class: take submissions in, judge what the journal does not hold, write reports.

The order is always the same. What can be said without running anything is said first; what
the journal holds under the same key is taken; the rest is judged. Points come from a recorded
pass alone, and a verdict that the grader owes is never a score.
"""

from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

from rich.console import Console
from rich.text import Text

from dlcore.course.exercises.marks import Exercise, chosen
from dlcore.course.grading.batch import (
    FileJob,
    file_jobs,
    file_of,
    judge_all,
    judge_file,
    judge_item,
)
from dlcore.course.grading.console import ProgressTable, summary, verdict_text
from dlcore.course.grading.intake import read_submissions
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
    exercises = chosen(words)
    key = read_key(Path(key_file))
    topics = tuple(dict.fromkeys(exercise.topic for exercise in exercises))
    try:
        tier = choose(isolation, accept_none=accept_none)
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    return GradingRun(Path(folder), exercises, JudgeSettings(topics, tier, key.hex()), Path(out))


class WorkList:
    """The items of all submissions, with their keys, and the verdicts that a journal holds."""

    def __init__(self, grading, journal):
        digests = grading.settings.digests()
        names = list(grading.settings.topics)
        self.submissions = {each.student: each for each in read_submissions(grading.folder, names)}
        self.known = journal.verdicts()
        self.strange = journal.strange
        self.items = {}
        self.keys = {}
        for submission in self.submissions.values():
            for item in items(submission, grading.exercises):
                who = (item.student, item.exercise)
                self.items[who] = item
                self.keys[who] = item_key(grading.key, item, **digests)

    def standing(self):
        """Return the verdicts that stand, by student and exercise; an owed one does not."""
        held = {who: self.known[key] for who, key in self.keys.items() if key in self.known}
        return {who: verdict for who, verdict in held.items() if verdict.status != "infra"}


def grade(grading, *, resume=False, judge_files=judge_all, open_judge=None, jobs=1):
    """Carry out a grading run; return the exit code: 0, or 3 while the grader owes verdicts."""
    open_judge = open_judge or partial(JudgeProcess, grading.settings)
    with grading.journal() as journal:
        work = WorkList(grading, journal)
        verdicts = work.standing()
        refuse_mixture(grading, work, verdicts, resume)
        checked, files = file_jobs(work.items.values(), work.submissions, verdicts)
        with ProgressTable(len(work.items), verdicts.values()) as table:
            for item, verdict in chain(checked, judge_files(files, open_judge, jobs)):
                who = (item.student, item.exercise)
                journal.write(work.keys[who], verdict)
                verdicts[who] = verdict
                table.add(verdict)

    submitted = list(work.submissions.values())
    results = Results(grading.exercises, submitted, verdicts, grading.settings.tier)
    write_reports(results, grading.out)
    Console(highlight=False).print(summary(results))
    return OWED if results.owed() else 0


def refuse_mixture(grading, work, verdicts, resume):
    """Refuse to mix with what another run began, unless told to go on."""
    missing = len(work.items) - len(verdicts)
    if not work.items:
        raise ValueError(f"grade: {grading.folder} is empty, name the folder of the submissions")
    if missing and (work.known or work.strange) and not resume:
        raise ValueError(
            f"grade: the journal in {grading.out} holds {len(verdicts)} of {len(work.items)} "
            "verdicts, go on with --resume or name another --out"
        )


def explain(grading, student, exercise, open_judge=None):
    """Judge one item again and compare with the journal; return 0 when every bit agrees."""
    with grading.journal() as journal:
        work = WorkList(grading, journal)
    who = (student, exercise)
    console = Console(highlight=False)
    item = require(work, who)
    recorded = work.known.get(work.keys[who])
    if recorded is None:
        raise ValueError(absent(grading, work, who))
    with (open_judge or partial(JudgeProcess, grading.settings))() as judge:
        again = precheck(item, work.submissions[student]) or replay(work, item, recorded, judge)
    console.print(verdict_text(again))
    same = lasting(recorded) == lasting(again)
    console.print(
        Text(
            f"\n  journal  {one_line(lasting(recorded), 9999)}"
            f"\n  replay   {one_line(lasting(again), 9999)}"
        )
    )
    console.print(Text("\n  the same, bit by bit" if same else "\n  they differ", "bold"))
    return 0 if same else 1


def replay(work, item, recorded, judge):
    """Judge an item again; one that was blocked, together with the items before it."""
    if recorded.status != "blocked":
        return judge_item(item, judge)
    same = [other for other in work.items.values() if file_of(other) == file_of(item)]
    until = FileJob(tuple(same[: same.index(item) + 1]))
    return [verdict for _, verdict in judge_file(until, judge)][-1]


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
