"""Judge on many machines: the same files, sent to a Dask cluster.

The journal stays with the grader. A worker keeps one judge for each of its threads; when it
dies, the scheduler sends its files to another, and since inputs are drawn from the course key
the verdicts are the same. Whoever reaches the scheduler reads the key: keep its network closed.
"""

import threading

from dlcore.course.grading.batch import judge_file
from dlcore.course.grading.judge_process import JudgeProcess
from dlcore.course.grading.sanitize import sanitize
from dlcore.course.grading.verdict import verdict_on

THREAD = threading.local()


def judge_on_cluster(address, settings, files, *_, timeout=10):
    """Yield (item, verdict) for every item of `files`, judged by the cluster at `address`.

    A file that kills its workers is owed.
    """
    from distributed import Client, as_completed  # noqa: PLC0415  an extra, only needed here

    asked = {}
    with Client(address, timeout=timeout) as client:
        client.wait_for_workers(1, timeout=3 * timeout)
        for file in files:
            asked[client.submit(judge, settings, file, pure=False)] = file
        for done in as_completed(list(asked)):
            items = asked.pop(done).items
            try:
                verdicts = done.result()
            except Exception as error:
                verdicts = [verdict_on(item, "infra", sanitize(error)) for item in items]
            yield from zip(items, verdicts, strict=True)


def judge(settings, file):
    """Judge one file on a worker, with the judge of this thread, and return its verdicts."""
    if getattr(THREAD, "settings", None) != settings:
        THREAD.settings = settings
        THREAD.judge = JudgeProcess(settings)
    return [verdict for _, verdict in judge_file(file, THREAD.judge)]
