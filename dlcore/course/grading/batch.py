"""Judge many submissions with a few judges, and hand on each verdict as it comes.

The work is cut into files: the items of one file. A file stays with one judge, in order, so
that a file which hangs while it is loaded does so once, and blocks its later exercises.
"""

import queue
import threading
from dataclasses import dataclass

from dlcore.course.grading.judge_process import JudgeProcessError
from dlcore.course.grading.verdict import Item, Verdict, verdict

TRIES = 3  # of an item that the grader failed
LOADING = "at import"  # how the judge ends what it says of a file that never was loaded


@dataclass(frozen=True)
class FileJob:
    """The items of one file that are to be judged, and the verdict that stopped the file."""

    items: tuple[Item, ...]
    stopper: Verdict | None = None


def judge_all(files, open_judge, jobs=1):
    """Yield (item, verdict) for every item of `files`, as `jobs` judges find them.

    `open_judge` returns a context manager with a method ``judge(item)``.
    """
    todo, done, stop = queue.SimpleQueue(), queue.SimpleQueue(), threading.Event()
    for file in files:
        todo.put(file)
    work = lambda: labour(todo, done, stop, open_judge)
    threads = [threading.Thread(target=work, daemon=True) for _ in range(jobs)]
    for thread in threads:
        thread.start()
    try:
        for _ in threads:
            yield from iter(lambda: arrived(done), None)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def labour(todo, done, stop, open_judge):
    """Judge one file after another until none is left; then, or in trouble, say so."""
    try:
        with open_judge() as judge:
            while not stop.is_set():
                for pair in judge_file(todo.get_nowait(), judge):
                    done.put(pair)
                    if stop.is_set():
                        break
    except queue.Empty:
        done.put(None)
    except Exception as error:
        done.put(error)


def arrived(done):
    """Wait for what comes next: a pair, the end of a judge, or the trouble of one."""
    found = done.get()
    if isinstance(found, Exception):
        raise found
    return found


def judge_file(file, judge):
    """Yield (item, verdict) down one file; what stops the loading of a file stops the rest."""
    stopper = file.stopper
    for item in file.items:
        found = blocked(item, stopper) if stopper else judge_item(item, judge)
        yield item, found
        if not stopper and stops_file(found):
            stopper = found


def stops_file(found):
    """Tell whether a file was still being loaded when its time was over."""
    return found.status == "timeout" and any(said.endswith(LOADING) for said in found.says)


def blocked(item, stopper):
    """Say of an item that the file it is in could not be loaded."""
    reason = f"exercises/{item.topic}.py could not be loaded, see {stopper.exercise}"
    return verdict(item, "blocked", reason)


def judge_item(item, judge):
    """Judge an item; where the grader itself fails, try again, then say so."""
    for _ in range(TRIES):
        try:
            found = judge.judge(item)
        except (JudgeProcessError, OSError) as error:
            found = verdict(item, "infra", f"{type(error).__name__}: {error}")
        if found.status != "infra":
            break
    return found
