"""Grade a class: take submissions in, judge what the journal does not hold, write reports.

The order is always the same. What can be said without running anything is said first; what
the journal holds under the same key is taken; the rest is judged. Points come from a recorded
pass alone, and a verdict that the grader owes is never a score. Of what was handed in no more is
kept in memory than what is with a judge.
"""

import sys
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path

from rich.console import Console
from rich.text import Text

from dlcore.course.exercises.marks import Exercise, chosen
from dlcore.course.grading.anonymous import anonymised
from dlcore.course.grading.batch import FileJob, file_jobs, judge_all, judge_file, judge_item
from dlcore.course.grading.console import ProgressTable, remarks, summary, verdict_text
from dlcore.course.grading.deadline import arrivals
from dlcore.course.grading.intake import read_submission, read_submissions, submission_paths
from dlcore.course.grading.journal import Journal, item_key
from dlcore.course.grading.judge_process import JudgeProcess, JudgeSettings
from dlcore.course.grading.precheck import items, precheck
from dlcore.course.grading.provenance import read_key
from dlcore.course.grading.reports import tables, write, write_reports
from dlcore.course.grading.reports.similar import similar_answers
from dlcore.course.grading.results import Results
from dlcore.course.grading.sanitize import one_line
from dlcore.course.grading.terms import Terms, keep_title, title_of
from dlcore.course.grading.verdict import lasting
from dlcore.course.sandbox.tiers import choose

OWED = 3  # the exit code while the grader owes verdicts
STOPPED = 130  # that of a program which was interrupted


@dataclass(frozen=True)
class GradingRun:
    """What is to be graded, with which settings, and where the journal and the reports go."""

    folder: Path
    exercises: list[Exercise]
    settings: JudgeSettings
    out: Path
    terms: Terms = field(default_factory=Terms)

    @property
    def key(self):
        """The course key, as bytes."""
        return bytes.fromhex(self.settings.key)

    def journal(self):
        """Open the journal of this grading run."""
        return Journal(self.out / "journal.jsonl", self.key)


def grading_run(folder, words, key_file, isolation, accept_none, out):
    """Turn the words of a command line into a grading run; the tier has passed its test.

    Exercises that are worth no points are practice, and are left out.
    """
    exercises = [exercise for exercise in chosen(words) if exercise.points]
    if not exercises:
        raise ValueError(f"grade: exercises is {words}, which is practice and worth no points")
    key = read_key(Path(key_file))
    topics = tuple(dict.fromkeys(exercise.topic for exercise in exercises))
    try:
        tier = choose(isolation, accept_none=accept_none)
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    return GradingRun(Path(folder), exercises, JudgeSettings(topics, tier, key.hex()), Path(out))


class WorkList:
    """What is to be done for each submission, and the verdicts that a journal holds."""

    def __init__(self, grading, journal):
        self.grading = grading
        self.digests = grading.settings.digests()
        self.known = journal.verdicts()
        self.strange = journal.strange
        self.submissions = {}
        self.verdicts = {}  # that stand, by student and exercise; an owed one does not
        self.checked = {}  # pairs (item, verdict) that need no judge, by student
        self.pending = []  # students whom a judge has to see
        for submission in read_submissions(grading.folder, list(grading.settings.topics)):
            self.take(submission)

    @property
    def total(self):
        """The number of items of all submissions."""
        return len(self.submissions) * len(self.grading.exercises)

    def take(self, submission):
        """Look at a submission, and keep what is known of it, without its text."""
        standing = self.standing(submission)
        checked, files = file_jobs(submission, self.grading.exercises, standing)
        self.verdicts |= {(submission.student, name): held for name, held in standing.items()}
        self.submissions[submission.student] = replace(submission, sources={})
        if checked:
            bare = [(replace(item, source=None), verdict) for item, verdict in checked]
            self.checked[submission.student] = bare
        if files:
            self.pending.append(submission.student)

    def standing(self, submission):
        """Map exercises of a submission to the verdicts that the journal holds on them."""
        made = items(submission, self.grading.exercises)
        held = {item.exercise: self.known.get(self.key(item)) for item in made}
        given = lambda verdict: verdict and verdict.status != "infra"
        return {name: verdict for name, verdict in held.items() if given(verdict)}

    def key(self, item):
        """Return the key of an item in the journal."""
        return item_key(self.grading.key, item, **self.digests)

    def files(self):
        """Read the submissions that wait for a judge again, one by one, and yield their files."""
        paths = submission_paths(self.grading.folder)
        for student in self.pending:
            topics = list(self.grading.settings.topics)
            submission = read_submission(student, paths[student], topics)
            standing = self.standing(submission)
            standing |= {item.exercise: verdict for item, verdict in self.checked.get(student, ())}
            checked, files = file_jobs(submission, self.grading.exercises, standing)
            if checked:
                raise ValueError(f"grade: {student} changed meanwhile, go on with --resume")
            yield from files


def grade(grading, *, resume=False, judge_files=judge_all, open_judge=None, jobs=1):
    """Carry out a grading run; return the exit code: 0, or 3 while the grader owes verdicts.

    An interruption ends it at once, with a sentence that says how to go on, and code 130.
    """
    title = title_of(grading.terms, grading.exercises, grading.out)
    open_judge = open_judge or partial(JudgeProcess, grading.settings)
    try:
        with grading.journal() as journal:
            work = WorkList(grading, journal)
            refuse_mixture(grading, work, resume)
            keep_title(title, grading.exercises, grading.out)
            students = list(work.submissions)
            terms = grading.terms
            arrived = arrivals(terms.deadline, grading.folder, students, terms.times)
            judge_rest(work, journal, lambda: judge_files(work.files(), open_judge, jobs))
        results = results_of(grading, work, title, arrived)
        report(grading, results)
    except KeyboardInterrupt:
        return stop(grading.out)
    console = Console(highlight=False)
    console.print(summary(results), remarks(results))
    return OWED if results.owed() else 0


def judge_rest(work, journal, judged):
    """Write a verdict on all that the journal does not hold, and show how far it is."""
    with ProgressTable(work.total, work.verdicts.values()) as table, closing(judged()) as pairs:
        for item, verdict in chain(chain.from_iterable(work.checked.values()), pairs):
            journal.write(work.key(item), verdict)
            work.verdicts[item.student, item.exercise] = verdict
            table.add(verdict)


def results_of(grading, work, title, arrived):
    """Gather what became of a class."""
    terms = grading.terms
    again = read_submissions(grading.folder, list(grading.settings.topics))
    return Results(
        exercises=grading.exercises,
        submissions=list(work.submissions.values()),
        verdicts=work.verdicts,
        tier=grading.settings.tier,
        title=title,
        deadline=terms.deadline,
        arrivals=arrived,
        roster=terms.roster,
        people=terms.roster.match(work.submissions) if terms.roster else {},
        similar=similar_answers(again, grading.settings.topics),
    )


def report(grading, results):
    """Write all reports; without names, if they are not wanted, and who is who to one file."""
    names = grading.out / "names.csv"
    if grading.terms.anonymous:
        results, rows = anonymised(results, grading.key)
        write(names, tables.names(rows))
    else:
        names.unlink(missing_ok=True)
    write_reports(results, grading.out)


def stop(out):
    """Say where the verdicts are, and how to go on; return the exit code of a program stopped."""
    where = out / "journal.jsonl"
    count = where.read_bytes().count(b"\n") if where.exists() else 0
    print(
        f"\ndlcore: stopped; {count} verdicts are in {where}, "
        "and the same command with --resume goes on from there",
        file=sys.stderr,
    )
    return STOPPED


def refuse_mixture(grading, work, resume):
    """Refuse to mix with what another run began, unless told to go on."""
    missing = work.total - len(work.verdicts)
    if not work.total:
        raise ValueError(f"grade: {grading.folder} is empty, name the folder of the submissions")
    if missing and (work.known or work.strange) and not resume:
        raise ValueError(
            f"grade: the journal in {grading.out} holds {len(work.verdicts)} of {work.total} "
            "verdicts, go on with --resume or name another --out"
        )


def explain(grading, student, exercise, open_judge=None):
    """Judge one item again and compare with the journal; return 0 when every bit agrees."""
    with grading.journal() as journal:
        work = WorkList(grading, journal)
    paths = submission_paths(grading.folder)
    if student not in paths:
        several = ", ".join(list(paths)[:10])
        raise ValueError(f"grade: student is {student}, choose one of {several}")
    submission = read_submission(student, paths[student], list(grading.settings.topics))
    every = {item.exercise: item for item in items(submission, grading.exercises)}
    if exercise not in every:
        raise ValueError(f"grade: exercise is {exercise}, choose one of {', '.join(every)}")
    item = every[exercise]
    recorded = work.known.get(work.key(item))
    if recorded is None:
        raise ValueError(absent(grading, work, (student, exercise)))
    with (open_judge or partial(JudgeProcess, grading.settings))() as judge:
        again = precheck(item, submission) or replay(every.values(), item, recorded, judge)
    return compare(recorded, again)


def compare(recorded, again):
    """Show a verdict and its replay; return 0 when they say the same, else 1."""
    same = lasting(recorded) == lasting(again)
    console = Console(highlight=False)
    console.print(verdict_text(again))
    console.print(
        Text(
            f"\n  journal  {one_line(lasting(recorded), 9999)}"
            f"\n  replay   {one_line(lasting(again), 9999)}"
        )
    )
    console.print(Text("\n  the same, bit by bit" if same else "\n  they differ", "bold"))
    return 0 if same else 1


def replay(every, item, recorded, judge):
    """Judge an item again; one that was blocked, together with the items before it."""
    if recorded.status != "blocked":
        return judge_item(item, judge)
    same = [other for other in every if other.topic == item.topic]
    until = FileJob(tuple(same[: same.index(item) + 1]))
    return [verdict for _, verdict in judge_file(until, judge)][-1]


def absent(grading, work, who):
    """Say why the journal holds no verdict on an item, and what to do."""
    others = [(verdict.student, verdict.exercise) for verdict in work.known.values()]
    if who in others:
        reason = "on other bytes, tests, tier or environment; judge it again with --resume"
        return f"grade: the verdict on {who[0]}, {who[1]} in {grading.out} is {reason}"
    sealed = f" ({work.strange} lines carry another seal)" if work.strange else ""
    return f"grade: no verdict on {who[0]}, {who[1]} in {grading.out}{sealed}, grade first"
