"""Executors: where many tasks are carried out, on this machine or on a Dask cluster.

A worker of the cluster needs this version of dlcore, of Python, NumPy and Numba, and the data. All
that is checked before the first task, and the version again by every task, for workers may join
later. When a worker dies, the scheduler gives its tasks to another one. Dask executes what its
clients send: keep the network of a scheduler closed. The extra is `cluster`.

Chapter: book/solver.md.
"""

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from functools import cache, partial
from itertools import islice

from joblib import Parallel, delayed

from dlcore.data.files import DataError
from dlcore.data.sources import FILED, find

AHEAD = 4  # tasks with the cluster, for each of its threads
RECOUNT = 5.0  # seconds between two counts of its threads
TIMEOUT = 10.0  # seconds for a scheduler to answer; three times as long for a first worker
LOST = "cluster: the scheduler was lost, start it again and repeat the command"
SETTINGS = {
    "distributed.admin.low-level-log-length": AHEAD,  # of messages that a client keeps
    "distributed.admin.large-graph-warning-threshold": "1GB",  # checkpoints are sent
}


class ClusterError(OSError):
    """A cluster that is not there, or cannot do the work; it is an OSError.

    The message is one line, with the address and what to do.

    >>> issubclass(ClusterError, OSError)
    True
    """


class LocalExecutor:
    """Processes of this machine, so many; a single one is the process that asks.

    >>> list(LocalExecutor().results(abs, [-3, 2]))
    [(0, 3), (1, 2)]
    """

    def __init__(self, jobs=1):
        self.jobs = jobs

    def results(self, function, tasks):
        """Yield the number of every task, and ``function(task)``, as soon as it is known."""
        if self.jobs == 1:
            yield from enumerate(map(function, tasks))
        else:
            parallel = Parallel(n_jobs=self.jobs, return_as="generator")
            yield from enumerate(parallel(delayed(function)(task) for task in tasks))


class ClusterExecutor:
    """The workers of a Dask cluster; `client` is connected with its scheduler."""

    def __init__(self, client):
        self.client = client
        self.threads = 0
        self.counted_until = 0.0

    def results(self, function, tasks):
        """Yield the number of every task, and ``function(task)``, as soon as it is known.

        Raises what the function has raised, and ClusterError where a task has killed its workers
        or the scheduler was lost.
        """
        for (i, _), future in self.futures(partial(of_numbered, function), enumerate(tasks)):
            yield i, result_of(future)

    def futures(self, function, tasks):
        """Yield every task with its future, when it is finished.

        At any moment no more tasks are with the cluster than keep its threads
        busy: the others are not even read.
        """
        from distributed import as_completed  # noqa: PLC0415  an extra

        submitted = {}
        finished = as_completed()
        waiting = iter(tasks)
        while True:
            for task in islice(waiting, max(0, self.room() - len(submitted))):
                future = self.submit(function, task)
                submitted[future] = task
                finished.add(future)
            if not submitted:
                return
            done = next(finished)
            yield submitted.pop(done), done

    def submit(self, function, task):
        """Send a task, with the versions that its worker must have."""
        return self.client.submit(on_worker, versions(), function, task, pure=False)

    def room(self):
        """Count the tasks that the cluster may hold; its threads come and go."""
        if time.monotonic() >= self.counted_until:
            try:
                self.threads = sum(self.client.nthreads().values())
            except OSError:
                raise ClusterError(LOST) from None
            self.counted_until = time.monotonic() + RECOUNT
        return AHEAD * max(1, self.threads)


def of_numbered(function, numbered):
    """Apply a function to a task that comes with its number.

    >>> of_numbered(abs, (7, -3))
    3
    """
    return function(numbered[1])


def result_of(future):
    """Return what a future has found; raise ClusterError where the cluster could not find it."""
    from distributed import CancelledError, KilledWorker  # noqa: PLC0415

    try:
        return future.result()
    except KilledWorker as error:
        died, last = error.args[2] + 1, error.args[1].address
        raise ClusterError(
            f"cluster: a task was given up, its workers died ({died} of them, the last {last}), "
            "read their logs"
        ) from None
    except CancelledError:
        raise ClusterError(LOST) from None


@contextmanager
def connected(address, *, data=None, path=None, timeout=TIMEOUT):
    """Connect with the scheduler at `address` for a block; yield a `ClusterExecutor`.

    Raises ClusterError where no scheduler answers, where it has no worker, or one of another
    version; DataError where a worker does not have the dataset `data`, in the folder `path` of its
    own or where `dlcore.data.load` looks; ModuleNotFoundError without the extra `cluster`.
    """
    try:
        import dask  # noqa: PLC0415  an extra, only needed here
        import distributed  # noqa: PLC0415
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "cluster: the package distributed is missing, install the extra `cluster`"
        ) from None
    with dask.config.set(SETTINGS), critical_alone(logging.getLogger("distributed")):
        require_scheduler(address, timeout)
        with distributed.Client(address, timeout=timeout) as client:
            require_workers(client, address, 3 * timeout)
            require_versions(client)
            if data in FILED:
                require_data(client, data, path)
            yield ClusterExecutor(client)


@contextmanager
def critical_alone(logger):
    """Let a logger be silent for a ``with`` block: what went wrong is said by an error."""
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def require_scheduler(address, timeout):
    """Raise ClusterError, in one line, where no scheduler answers in time.

    A client alone would wait for ever for a program that accepts a connection and says nothing.
    """
    try:
        with ThreadPoolExecutor(1) as thread:  # a notebook has a loop of its own in this one
            thread.submit(asyncio.run, greeted(address, timeout)).result()
    except (OSError, ValueError, TypeError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise ClusterError(
            f"cluster: no scheduler answers at {address} within {timeout:g} s ({reason}), start "
            "`dask scheduler` or give its address as tcp://host:8786"
        ) from None


async def greeted(address, timeout):
    """Connect with a scheduler, and part again."""
    from distributed.comm import connect  # noqa: PLC0415  an extra, only needed here

    greeting = connect(address, timeout=timeout)
    await (await asyncio.wait_for(greeting, timeout + 1)).close()


def executor_at(address, *, jobs=1, **needs):
    """Return the context of an executor: of this machine, or of the cluster at `address`.

    The needs are those of `connected`: data, path, timeout.

    >>> with executor_at("") as executor:
    ...     dict(executor.results(len, ["ab"]))
    {0: 2}
    """
    return connected(address, **needs) if address else nullcontext(LocalExecutor(jobs))


def require_workers(client, address, timeout):
    """Wait for a first worker; raise ClusterError where none comes."""
    try:
        client.wait_for_workers(1, timeout=timeout)
    except TimeoutError:
        raise ClusterError(
            f"cluster: the scheduler at {address} has had no worker for {timeout:g} s, start "
            f"`dask worker {address}` on each machine"
        ) from None


def require_versions(client):
    """Raise ClusterError where a worker has another version of what results depend on."""
    for worker, theirs in client.run(probe()).items():
        compare_versions(worker, versions(), theirs)


def compare_versions(worker, ours, theirs):
    """Raise ClusterError if a worker has other versions than this program.

    >>> compare_versions("tcp://b:1", {"dlcore": "2", "numpy": "2.1"}, {"dlcore": "1"})
    Traceback (most recent call last):
    dlcore.train.cluster.ClusterError: cluster: the worker tcp://b:1 has dlcore 1, numpy none, but \
this program dlcore 2, numpy 2.1, install the same there
    """
    other = [name for name in ours if theirs.get(name) != ours[name]]
    if other:
        here = ", ".join(f"{name} {ours[name]}" for name in other)
        there = ", ".join(f"{name} {theirs.get(name, 'none')}" for name in other)
        raise ClusterError(
            f"cluster: the worker {worker} has {there}, but this program {here}, "
            "install the same there"
        )


@cache
def versions():
    """Name the versions that results depend on; that of dlcore has a digest of its source.

    >>> list(versions())
    ['python', 'numpy', 'numba', 'dlcore']
    """
    return probe()()


def probe():
    """Make the function that finds out the versions; it can be sent to whom dlcore is unknown."""

    def found():
        import hashlib  # noqa: PLC0415  a worker gets this function without its module
        import platform  # noqa: PLC0415
        from importlib import metadata, util  # noqa: PLC0415
        from pathlib import Path  # noqa: PLC0415

        versions = {"python": ".".join(platform.python_version_tuple()[:2])}
        for name in ("numpy", "numba", "dlcore"):
            try:
                versions[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                versions[name] = "none"
        package = util.find_spec("dlcore")
        digest = hashlib.sha256()
        if package is not None:
            folder = Path(package.origin).parent
            for file in sorted(folder.rglob("*.py")):
                digest.update(file.relative_to(folder).as_posix().encode() + file.read_bytes())
            versions["dlcore"] += f" (source {digest.hexdigest()[:8]})"
        return versions

    return found


def require_data(client, name, path):
    """Raise DataError, with the worker, where one does not have a dataset."""
    for worker, fault in client.run(missing_data, name, path).items():
        if fault:
            raise DataError(f"cluster: the worker {worker}: {fault}")


def missing_data(name, path):
    """Say what is wrong with a dataset on this machine; nothing where it is found.

    >>> missing_data("mnist", "/nowhere")[:35]
    'load: /nowhere holds no mnist, run '
    """
    try:
        find(name, path=path)
    except DataError as error:
        return str(error)
    return ""


def on_worker(expected, function, task):
    """Carry out a task on a worker; refuse where its versions are not the client's."""
    if expected != versions():
        from distributed import get_worker  # noqa: PLC0415

        compare_versions(get_worker().address, expected, versions())
    return function(task)
