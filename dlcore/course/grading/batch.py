"""Judge many submissions with a few judges, and hand on each verdict as it comes.

The work is cut into files. The items of a file stay with one judge, in order, so that a file
which hangs while it is loaded does so once, and blocks its later exercises.
"""

import queue
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby

from dlcore.course.grading.judge_process import JudgeProcessError
from dlcore.course.grading.precheck import items, precheck
from dlcore.course.grading.verdict import Item, Verdict, verdict_on

TRIES = 3  # of an item that the grader failed
LOADING = "at import"  # how the judge ends what it says of a file that never was loaded


@dataclass(frozen=True)
class FileJob:
    """The items of one file that are to be judged, and the verdict that stopped the file."""

    items: tuple[Item, ...]
    stopper: Verdict | None = None


def file_jobs(submission, exercises, verdicts):
    """Return the pairs (item, verdict) that need no judge, and the files that need one.

    Left out are the items on which `verdicts` stand, by the name of the exercise.
    """
    checked = []
    files = []
    for _, file in groupby(items(submission, exercises), file_of):
        pending = [item for item in file if item.exercise not in verdicts]
        found = [precheck(item, submission) for item in pending]
        if any(found):
            checked += zip(pending, found, strict=True)
        elif pending:
            files.append(FileJob(tuple(pending), stopper_of(pending[0], verdicts)))
    return checked, files


def file_of(record):
    """Name the file that an item, or a verdict, belongs to: whose, and on which topic."""
    return record.student, record.topic


def stopper_of(item, verdicts):
    """Return the verdict that stopped the file of an item, or None."""
    file = [each for each in verdicts.values() if file_of(each) == file_of(item)]
    return next(filter(stops_file, file), None)


def stops_file(verdict):
    """Tell whether a file was still being loaded when its time was over."""
    return verdict.status == "timeout" and any(said.endswith(LOADING) for said in verdict.says)


def judge_all(files, open_judge, jobs=1):
    """Yield (item, verdict) for every item of `files`, as `jobs` judges find them.

    `open_judge` returns a context manager with the methods ``judge(item)`` and ``abort()``. Files
    are taken as judges become free, and items come back without their source. Whoever stops early
    does not wait for the judges.
    """
    results = queue.SimpleQueue()
    todo = SharedIterator(files)
    judges = []

    def work():
        with open_judge() as judge:
            judges.append(judge)
            for file in todo:
                for item, verdict in judge_file(file, judge):
                    results.put((replace(item, source=None), verdict))
                    if todo.stopped:
                        return

    with ThreadPoolExecutor(jobs) as pool:
        running = jobs
        for _ in range(jobs):
            pool.submit(work).add_done_callback(results.put)
        try:
            while running:
                result = results.get()
                if isinstance(result, Future):
                    result.result()  # raises what a judge has raised
                    running -= 1
                else:
                    yield result
        finally:
            todo.stopped = True
            for judge in judges if running else ():
                judge.abort()


class SharedIterator:
    """An iterator whose entries go to several threads, each to one; it can be stopped."""

    def __init__(self, entries):
        self.entries = iter(entries)
        self.lock = threading.Lock()
        self.stopped = False

    def __iter__(self):
        return self

    def __next__(self):
        with self.lock:
            if self.stopped:
                raise StopIteration
            return next(self.entries)


def judge_file(file, judge):
    """Yield (item, verdict) down one file; what stops the loading of a file stops the rest."""
    stopper = file.stopper
    for item in file.items:
        verdict = blocked(item, stopper) if stopper else judge_item(item, judge)
        yield item, verdict
        if not stopper and stops_file(verdict):
            stopper = verdict


def blocked(item, stopper):
    """Say of an item that the file it is in could not be loaded."""
    reason = f"exercises/{item.topic}.py could not be loaded, see {stopper.exercise}"
    return verdict_on(item, "blocked", reason)


def judge_item(item, judge):
    """Judge an item; where the grader itself fails, try again, then say so."""
    for _ in range(TRIES):
        try:
            verdict = judge.judge(item)
        except (JudgeProcessError, OSError) as error:
            verdict = verdict_on(item, "infra", f"{type(error).__name__}: {error}")
        if verdict.status != "infra":
            break
    return verdict
