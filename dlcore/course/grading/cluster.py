"""Judge on many machines: the same files, sent to a Dask cluster.

The journal stays with the grader. A worker keeps one judge for each of its threads; when it
dies, the scheduler sends its files to another, and since inputs are drawn from the course key
the verdicts are the same. Whoever reaches the scheduler reads the key: keep its network closed.
"""

import threading
import time
from itertools import islice

from dlcore.course.grading.batch import judge_file
from dlcore.course.grading.judge_process import JudgeProcess
from dlcore.course.grading.sanitize import sanitize
from dlcore.course.grading.verdict import verdict_on

THREAD = threading.local()
AHEAD = 4  # files with the cluster, for each thread
FORGETFUL = {"distributed.admin.low-level-log-length": AHEAD}  # of messages a client keeps
RECOUNT = 5.0  # seconds between two counts of its threads


def judge_on_cluster(address, settings, files, *_, timeout=10):
    """Yield (item, verdict) for every item of `files`, judged by the cluster at `address`.

    At any moment no more files are with the cluster than keep its threads busy: the others are
    not even read. A file that kills its workers is owed.
    """
    import dask  # noqa: PLC0415  an extra, only needed here
    from distributed import Client, as_completed  # noqa: PLC0415

    with dask.config.set(FORGETFUL), Client(address, timeout=timeout) as client:
        client.wait_for_workers(1, timeout=3 * timeout)
        submit = lambda file: client.submit(judge, settings, file, pure=False)
        asked = {}
        finished = as_completed()
        waiting = iter(files)
        room = Room(client)
        while True:
            for file in islice(waiting, max(0, room.files() - len(asked))):
                asked[future := submit(file)] = file
                finished.add(future)
            if not asked:
                return
            done = next(finished)
            items = asked.pop(done).items
            yield from zip(items, verdicts_of(done, items), strict=True)


class Room:
    """How many files a cluster may hold: a few for each of its threads, which come and go."""

    def __init__(self, client):
        self.client = client
        self.threads = 0
        self.until = 0.0

    def files(self):
        """Return the number of files; the threads are counted anew from time to time."""
        if time.monotonic() >= self.until:
            self.threads = sum(self.client.nthreads().values())
            self.until = time.monotonic() + RECOUNT
        return AHEAD * max(1, self.threads)


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
