"""Judge on many machines: the same sheets, sent to a Dask cluster.

The journal stays with the grader. A worker keeps one judge for each of its threads; when it
dies, the scheduler sends its sheets to another, and since inputs are drawn from the course key
the verdicts are the same. Whoever reaches the scheduler reads the key: keep its network closed.
"""

import threading

from dlcore.course.grading.batch import Sheet, marked
from dlcore.course.grading.clean import cleaned
from dlcore.course.grading.job import Job, Terms
from dlcore.course.grading.verdict import read_item, read_verdict, verdict, written

HERE = threading.local()


def spread(address, terms, sheets, *_, timeout=10):
    """Yield (item, verdict) for every item of `sheets`, judged by the cluster at `address`."""
    from distributed import Client, as_completed  # noqa: PLC0415  an extra, only needed here

    asked = {}
    with Client(address, timeout=timeout) as client:
        client.wait_for_workers(1, timeout=3 * timeout)
        for sheet in sheets:
            lines = [written(item) for item in sheet.items]
            stopper = sheet.stopper and written(sheet.stopper)
            asked[client.submit(judge, terms, lines, stopper, pure=False)] = sheet
        for done in as_completed(list(asked)):
            yield from zip(*found_on(done, asked.pop(done)), strict=True)


def found_on(done, sheet):
    """Return the items of a sheet and their verdicts; a sheet that kills its workers is owed."""
    try:
        return sheet.items, [read_verdict(line) for line in done.result()]
    except Exception as error:
        return sheet.items, [verdict(item, "infra", cleaned(error)) for item in sheet.items]


def judge(terms, lines, stopper):
    """Judge one sheet on a worker, and return its verdicts as lines."""
    items = tuple(map(read_item, lines))
    sheet = Sheet(items, read_verdict(stopper) if stopper else None)
    return [written(found) for _, found in marked(sheet, job_of(terms))]


def job_of(terms: Terms):
    """Return this thread's own job on these terms."""
    if getattr(HERE, "terms", None) != terms:
        HERE.terms, HERE.job = terms, Job(terms)
    return HERE.job
