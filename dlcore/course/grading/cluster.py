"""Judge on many machines: the same files, sent to a Dask cluster.

The journal stays with the grader. A worker keeps one judge for each of its threads; when it
dies, the scheduler sends its files to another, and since inputs are drawn from the course key
the verdicts are the same. Whoever reaches the scheduler reads the key: keep its network closed.
"""

import threading
from functools import partial

from dlcore.course.grading.batch import judge_file
from dlcore.course.grading.judge_process import JudgeProcess
from dlcore.course.grading.sanitize import sanitize
from dlcore.course.grading.verdict import verdict_on

THREAD = threading.local()


def judge_on_cluster(connect, settings, files, *_):
    """Yield (item, verdict) for every item of `files`, judged by a cluster.

    `connect()` opens it for a ``with`` block, as `dlcore.train.cluster.connected` does. Its
    ``futures(function, files)`` yields every file with the future of ``function(file)``, and has
    no more files read than keep it busy. A file that kills its workers is owed.
    """
    with connect() as cluster:
        for file, future in cluster.futures(partial(judge, settings), files):
            yield from zip(file.items, verdicts_of(future, file.items), strict=True)


def verdicts_of(future, items):
    """Return what a future has found on some items; they are owed where it failed."""
    try:
        return future.result()
    except Exception as error:
        return [verdict_on(item, "infra", sanitize(error)) for item in items]


def judge(settings, file):
    """Judge one file on a worker, with the judge of this thread, and return its verdicts."""
    if getattr(THREAD, "settings", None) != settings:
        THREAD.settings = settings
        THREAD.judge = JudgeProcess(settings)
    return [verdict for _, verdict in judge_file(file, THREAD.judge)]
