"""Threads: one kernel, run by every processor on its share of a range.

Compiled kernels let go of Python's lock, so ordinary threads run them side by side. To wake a
thread that sleeps takes as long as a small kernel runs. So those who have helped stay awake for
a moment and watch a bell, a counter in memory, for which they need no lock; and who rings the
bell keeps off the lock until they have passed it.

Chapter: book/fast.md.
"""

import os
import threading
import time
from functools import cache, partial
from itertools import pairwise

import numpy as np
from numba import types

from dlcore.kernels.machine.jit import COMPILED, kernel
from dlcore.kernels.machine.registers import intrinsic_from_ir

PIECES = 3  # for each thread, about: few cost little, many even out who is held up
STARTED, FINISHED = 0, 8  # counters, each in a line of memory of its own
IDLE_SPINS = 1 << 18  # looks at the bell before a thread falls asleep, half a millisecond or so
START_SPINS = 1 << 14  # looks for those who come
SETTLE_SPINS = 1 << 11  # looks while they pass the lock
PAUSE = 1e-4  # seconds, when others take longer than all these looks


@cache
def processor_count():
    """Count the processors that are open to this process."""
    return getattr(os, "process_cpu_count", os.cpu_count)() or 1


def thread_count():
    """Count the threads to use:  NUMBA_NUM_THREADS, or as many as there are processors."""
    return max(1, int(os.environ.get("NUMBA_NUM_THREADS") or processor_count())) if COMPILED else 1


def atomic_add_naive(counters, i, more):
    """Add to a counter, and return what it was."""
    counters[i] += more
    return counters[i] - more


@partial(intrinsic_from_ir, atomic_add_naive, types.int64)
def atomic_add(reg, counters, i, more):
    """Do the same in one step, which no other thread can divide."""
    return reg.builder.atomic_rmw("add", reg.builder.gep(counters, [i]), more, "seq_cst")


@kernel
def signal_and_spin(counters, told, more, watched, which, least, looks, after):
    """Add to a counter, then watch one until it is large enough.

    Return whether it became so within so many looks; if so, look on for a while `after`.
    """
    atomic_add(counters, told, more)
    for _ in range(looks):
        if atomic_add(watched, which, 0) >= least:
            for _ in range(after):
                atomic_add(watched, which, 0)
            return True
    return False


class Task:
    """Work to be shared: a ticket for everyone who may help, and counters of who does."""

    def __init__(self, work, workers):
        self.work, self.failures, self.tickets = work, [], [None] * workers
        self.counters = np.zeros(16, np.int64)

    def take(self):
        """Take a ticket, if there is one left."""
        try:
            self.tickets.pop()
        except IndexError:
            return False
        return True

    def help(self, worker):
        """Do a share of the work, if it is not over; return by how much FINISHED will rise."""
        if not self.take():
            return 0
        signal_and_spin(self.counters, STARTED, 1, self.counters, STARTED, 0, 1, 0)
        try:
            self.work(worker)
        except BaseException as failure:
            self.failures.append(failure)
        return 1

    def finish(self, workers):
        """Let nobody else begin, wait for those who have begun, and let go of the arrays."""
        begun = workers
        while self.take():
            begun -= 1
        while not signal_and_spin(
            self.counters, FINISHED, 0, self.counters, FINISHED, begun, IDLE_SPINS, 0
        ):
            time.sleep(PAUSE)
        self.work = None


class ThreadPool:
    """Threads that help whoever rings the bell."""

    def __init__(self, workers):
        self.workers, self.asleep, self.task = 0, 0, Task(None, 0)
        self.bell = np.zeros(1, np.int64)
        self.busy, self.sleep = threading.Lock(), threading.Condition()
        for worker in range(1, workers + 1):
            name = f"kernel-{worker}"
            try:
                threading.Thread(target=self.serve, args=(worker,), name=name, daemon=True).start()
            except RuntimeError:  # the system grants no more threads: fewer will do
                break
            self.workers = worker

    def serve(self, worker):
        """Help whenever the bell rings, for good."""
        rings, helped, counters = 0, 0, self.task.counters
        while True:
            if not signal_and_spin(
                counters, FINISHED, helped, self.bell, 0, rings + 1, IDLE_SPINS, 0
            ):
                with self.sleep:
                    self.asleep += 1
                    while self.bell[0] == rings:
                        self.sleep.wait()
                    self.asleep -= 1
            rings, task = int(self.bell[0]), self.task
            helped, counters, task = task.help(worker), task.counters, None

    def run(self, work):
        """Run  work(0)  here, and  work(1), work(2), …  by those who come before it is over."""
        self.task = task = Task(work, self.workers)
        try:
            signal_and_spin(
                self.bell,
                0,
                1,
                task.counters,
                STARTED,
                self.workers - self.asleep,
                START_SPINS,
                SETTLE_SPINS,
            )
            if self.asleep:
                with self.sleep:
                    self.sleep.notify_all()
            work(0)
        finally:
            task.finish(self.workers)
        for failure in task.failures:
            raise failure


@cache
def thread_pool(workers):
    """Keep the other threads between calls; idle ones sleep and cost nothing."""
    return ThreadPool(workers)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=thread_pool.cache_clear)  # a child has none of these threads


def split(low, high, size, first):
    """Cut a range into pieces of a size, but for the first one and what is left."""
    return pairwise([low, *range(low + first, high, size), high])


def parallel_for(kernel, count, *args, least=1):
    """Run ``kernel(start, stop, *args)`` on pieces that cover 0 … count.

    Everyone begins with a block of their own, `least` or more, and then helps the others. First
    pieces differ in size, so that no two come for the next one at once.
    """
    parts = min(thread_count(), count // least)
    pool = thread_pool(thread_count() - 1) if parts > 1 else None
    if not (pool and pool.busy.acquire(blocking=False)):
        return kernel(0, count, *args)
    edges, size = [count * i // parts for i in range(parts + 1)], -(-count // (parts * PIECES))
    blocks = [split(*edges[i : i + 2], size, -(-size * (i + 1) // parts)) for i in range(parts)]

    def work(mine):
        for block in blocks[mine:] + blocks[:mine]:
            for start, stop in block:
                kernel(start, stop, *args)

    try:
        pool.run(work)
    finally:
        pool.busy.release()
