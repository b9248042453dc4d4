"""A thread pool: one kernel, run by all threads on parts of a range.

Compiled kernels release Python's global lock, so ordinary threads run them at the same time. To
wake a blocked thread takes as long as a small kernel runs. Therefore idle workers spin for about
half a millisecond on an atomic counter, without a lock, before they block; and a caller that
starts a task spins until the workers have begun, so that it does not compete for the lock.

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

PIECES = 3  # for each thread: few cost little, several even out threads that are interrupted
LINE = 8  # counters are so many numbers apart, each in a cache line of its own
IDLE_SPINS = 1 << 18  # reads of a counter before a thread blocks, about half a millisecond
START_SPINS = 1 << 14  # reads while the workers begin
SETTLE_SPINS = 1 << 11  # further reads, while they take and release the global lock
PAUSE = 1e-4  # seconds between checks, when a worker takes longer than all these reads


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
def signal_and_spin(signal, amount, counter, target, spins, settle):
    """Add an amount to `signal`, then read `counter` until it is at least `target`.

    Return whether that happened within so many spins; if it did, spin `settle` times more.
    """
    atomic_add(signal, 0, amount)
    for _ in range(spins):
        if atomic_add(counter, 0, 0) >= target:
            for _ in range(settle):
                atomic_add(counter, 0, 0)
            return True
    return False


class Task:
    """A function for the workers to run, with a ticket for each of them.

    Two counters say how many workers have started it and how many have finished.
    """

    def __init__(self, work, workers):
        self.work, self.failures, self.tickets = work, [], [None] * workers
        memory = np.zeros(2 * LINE, np.int64)
        self.started, self.finished = memory[:1], memory[LINE : LINE + 1]

    def take_ticket(self):
        """Take a ticket, if there is one left."""
        try:
            self.tickets.pop()
        except IndexError:
            return False
        return True

    def run(self, worker):
        """Run the function, unless the task is closed; return what to add to `finished`."""
        if not self.take_ticket():
            return 0
        signal_and_spin(self.started, 1, self.started, 0, 1, 0)
        try:
            self.work(worker)
        except BaseException as failure:
            self.failures.append(failure)
        return 1

    def close(self, workers):
        """Let no further worker begin, and return when those that have begun are finished.

        The function is released, and the arrays that it refers to.
        """
        begun = workers
        while self.take_ticket():
            begun -= 1
        while not signal_and_spin(self.finished, 0, self.finished, begun, IDLE_SPINS, 0):
            time.sleep(PAUSE)
        self.work = None


class ThreadPool:
    """Threads that run a task whenever the counter `generation` is increased."""

    def __init__(self, workers):
        self.workers, self.blocked, self.task = 0, 0, Task(None, 0)
        self.generation = np.zeros(1, np.int64)
        self.busy, self.wakeup = threading.Lock(), threading.Condition()
        for worker in range(1, workers + 1):
            name = f"kernel-{worker}"
            try:
                threading.Thread(target=self.serve, args=(worker,), name=name, daemon=True).start()
            except RuntimeError:  # the system grants no more threads: fewer will do
                break
            self.workers = worker

    def serve(self, worker):
        """Run one task after the other, for ever; spin between them, then block."""
        generation, done, finished = 0, 0, self.task.finished
        while True:
            following = generation + 1
            if not signal_and_spin(finished, done, self.generation, following, IDLE_SPINS, 0):
                with self.wakeup:
                    self.blocked += 1
                    while self.generation[0] == generation:
                        self.wakeup.wait()
                    self.blocked -= 1
            generation, task = int(self.generation[0]), self.task
            done, finished = task.run(worker), task.finished
            del task

    def run(self, work):
        """Run  work(0)  in this thread, and  work(1), work(2), …  in workers that are free."""
        self.task = task = Task(work, self.workers)
        spinning = self.workers - self.blocked
        try:
            signal_and_spin(self.generation, 1, task.started, spinning, START_SPINS, SETTLE_SPINS)
            if self.blocked:
                with self.wakeup:
                    self.wakeup.notify_all()
            work(0)
        finally:
            task.close(self.workers)
        for failure in task.failures:
            raise failure


@cache
def thread_pool(workers):
    """Keep the worker threads between calls; idle ones block and cost nothing."""
    return ThreadPool(workers)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=thread_pool.cache_clear)  # a child has none of these threads


def split(low, high, size, first):
    """Split a range into pieces of a size; the first has its own size, the last is the rest."""
    return pairwise([low, *range(low + first, high, size), high])


def parallel_for(kernel, count, *args, least=1):
    """Run ``kernel(start, stop, *args)`` on pieces that cover 0 … count.

    Each thread begins with a block of its own, of `least` numbers or more, and then takes pieces
    of the others. First pieces differ in size, so that threads do not come for the next one at
    the same time. If the pool is busy, the caller does all the work itself.
    """
    parts = min(thread_count(), count // least)
    pool = thread_pool(thread_count() - 1) if parts > 1 else None
    if not (pool and pool.busy.acquire(blocking=False)):
        return kernel(0, count, *args)
    edges = [count * i // parts for i in range(parts + 1)]
    size = -(-count // (parts * PIECES))
    blocks = [
        split(low, high, size, -(-size * (i + 1) // parts))
        for i, (low, high) in enumerate(pairwise(edges))
    ]

    def work(mine):
        for block in blocks[mine:] + blocks[:mine]:
            for start, stop in block:
                kernel(start, stop, *args)

    try:
        pool.run(work)
    finally:
        pool.busy.release()
