"""Judge on many machines: the same files, sent to a Dask cluster.

The journal stays with the grader. A worker keeps one judge for each of its threads; when it
dies, the scheduler sends its files to another, and since inputs are drawn from the course key
the verdicts are the same. Whoever reaches the scheduler reads the key: keep its network closed.
"""

import threading

from dlcore.course.grading.batch import FileJob, judge_file
from dlcore.course.grading.judge_process import JudgeProcess, JudgeSettings
from dlcore.course.grading.sanitize import sanitize
from dlcore.course.grading.verdict import read_item, read_verdict, verdict, written

HERE = threading.local()


def judge_on_cluster(address, settings, files, *_, timeout=10):
    """Yield (item, verdict) for every item of `files`, judged by the cluster at `address`."""
    from distributed import Client, as_completed  # noqa: PLC0415  an extra, only needed here

    asked = {}
    with Client(address, timeout=timeout) as client:
        client.wait_for_workers(1, timeout=3 * timeout)
        for file in files:
            lines = [written(item) for item in file.items]
            stopper = file.stopper and written(file.stopper)
            asked[client.submit(judge, settings, lines, stopper, pure=False)] = file
        for done in as_completed(list(asked)):
            yield from zip(*found_on(done, asked.pop(done)), strict=True)


def found_on(done, file):
    """Return the items of a file and their verdicts; a file that kills its workers is owed."""
    try:
        return file.items, [read_verdict(line) for line in done.result()]
    except Exception as error:
        return file.items, [verdict(item, "infra", sanitize(error)) for item in file.items]


def judge(settings, lines, stopper):
    """Judge one file on a worker, and return its verdicts as lines."""
    items = tuple(map(read_item, lines))
    file = FileJob(items, read_verdict(stopper) if stopper else None)
    return [written(found) for _, found in judge_file(file, job_of(settings))]


def job_of(settings: JudgeSettings):
    """Return this thread's own job on these settings."""
    if getattr(HERE, "settings", None) != settings:
        HERE.settings, HERE.job = settings, JudgeProcess(settings)
    return HERE.job
