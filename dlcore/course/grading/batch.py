"""Judge many submissions with a few judges, and hand on each verdict as it comes.

The work is cut into sheets: the items of one file. A sheet stays with one judge, in order, so
that a file which hangs while it is loaded does so once, and blocks its later exercises.
"""

import queue
import threading
from dataclasses import dataclass

from dlcore.course.grading.job import JobError
from dlcore.course.grading.verdict import Item, Verdict, verdict

TRIES = 3  # of an item that the grader failed
LOADING = "at import"  # how the judge ends what it says of a file that never was loaded


@dataclass(frozen=True)
class Sheet:
    """The items of one file that are to be judged, and the verdict that stopped the file."""

    items: tuple[Item, ...]
    stopper: Verdict | None = None


def judged(sheets, hire, jobs=1):
    """Yield (item, verdict) for every item of `sheets`, as `jobs` judges find them.

    `hire` returns a context manager with a method ``judge(item)``.
    """
    todo, done, stop = queue.SimpleQueue(), queue.SimpleQueue(), threading.Event()
    for sheet in sheets:
        todo.put(sheet)
    work = lambda: labour(todo, done, stop, hire)
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


def labour(todo, done, stop, hire):
    """Judge one sheet after another until none is left; then, or in trouble, say so."""
    try:
        with hire() as judge:
            while not stop.is_set():
                for pair in marked(todo.get_nowait(), judge):
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


def marked(sheet, judge):
    """Yield (item, verdict) down one sheet; what stops the loading of a file stops the rest."""
    stopper = sheet.stopper
    for item in sheet.items:
        found = blocked(item, stopper) if stopper else tried(item, judge)
        yield item, found
        if not stopper and halts(found):
            stopper = found


def halts(found):
    """Tell whether a file was still being loaded when its time was over."""
    return found.status == "timeout" and any(said.endswith(LOADING) for said in found.says)


def blocked(item, stopper):
    """Say of an item that the file it is in could not be loaded."""
    reason = f"exercises/{item.topic}.py could not be loaded, see {stopper.exercise}"
    return verdict(item, "blocked", reason)


def tried(item, judge):
    """Judge an item; where the grader itself fails, try again, then say so."""
    for _ in range(TRIES):
        try:
            found = judge.judge(item)
        except (JobError, OSError) as error:
            found = verdict(item, "infra", f"{type(error).__name__}: {error}")
        if found.status != "infra":
            break
    return found
