"""A thread pool: one kernel, run by all threads on parts of a range.

Compiled kernels release Python's global lock, so ordinary threads run them at the same time. To
wake a blocked thread takes as long as a small kernel runs. Therefore idle workers spin for about
half a millisecond on an atomic counter, without a lock, before they block; and a caller that
starts a task spins until the workers have begun, so that it does not compete for the lock.

Where other programs use the processors, spinning takes time from them and from our own threads. A
spinning thread yields its processor every microsecond; a yield that takes long means that another
thread was waiting for it. Then for some tasks no thread spins: idle workers block at once, and so
does a caller that has nothing left but to wait for a worker. Their number doubles with each such
yield, and is halved by a thread that has spun without one: a processor is sometimes taken for a
moment although no other program computes.

Chapter: book/fast.md.
"""

import os
import threading
import time
from functools import cache, partial
from itertools import pairwise

import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.core.dispatcher import Dispatcher

from dlcore.kernels.machine.jit import COMPILED, kernel
from dlcore.kernels.machine.pace import pace
from dlcore.kernels.machine.registers import LONG, SHORT, TRIPLE, VOID, intrinsic_from_ir

PIECES = 3  # for each thread: few cost little, several even out threads that are interrupted
LINE = 8  # counters are so many numbers apart, each in a cache line of its own
READS = 64  # of a counter, between two yields: about a microsecond
IDLE_SPINS = 1 << 8  # rounds of so many reads before a thread blocks, about half a millisecond
START_SPINS = 1 << 6  # rounds while the workers begin
SETTLE_SPINS = 1 << 3  # further rounds, while they take and release the global lock
PAUSE = 1e-4  # seconds that a caller blocks before it looks again whether workers have finished
LONG_YIELD = 16  # times the reads before it: as long takes a yield to another thread
CROWDED = 32  # tasks without spinning at most, after a processor was found taken

MET, GIVEN_UP, INTERRUPTED = 1, 0, -1  # how spinning ends
YIELDS = "sched_yield", "SwitchToThread"  # of POSIX and of Windows


@cache
def processor_count():
    """Count the processors that are open to this process."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


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


def atomic_read_naive(counters, i):
    """Read a counter."""
    return counters[i]


@partial(intrinsic_from_ir, atomic_read_naive, types.int64)
def atomic_read(reg, counters, i):
    """Read memory each time, and tell the processor that this is a loop that waits."""
    if TRIPLE.startswith(("x86", "i686")):
        pause = cgutils.get_or_insert_function(
            reg.builder.module, ir.FunctionType(VOID, []), "llvm.x86.sse2.pause"
        )
        reg.builder.call(pause, [])
    return reg.builder.load_atomic(reg.builder.gep(counters, [i]), "acquire", 8)


def yield_processor_naive(counters):
    """Let other threads run on this processor."""
    time.sleep(0)


@partial(intrinsic_from_ir, yield_processor_naive, types.void)
def yield_processor(reg, counters):
    """Call the system for that; it returns at once where no other thread is ready."""
    for name in YIELDS:
        if binding.address_of_symbol(name):
            function = ir.FunctionType(SHORT, [])
            found = cgutils.get_or_insert_function(reg.builder.module, function, name)
            reg.builder.call(found, [])
            return


def clock_naive(counters):
    """Count nanoseconds."""
    return time.perf_counter_ns()


@partial(intrinsic_from_ir, clock_naive, types.int64)
def clock(reg, counters):
    """Count in the unit of the processor; where it has no counter, the count stands still."""
    kind = ir.FunctionType(LONG, [])
    name = "llvm.readcyclecounter"
    return reg.builder.call(cgutils.get_or_insert_function(reg.builder.module, kind, name), [])


@kernel
def signal_and_spin(signal, amount, counter, target, spins, settle):
    """Add an amount to `signal`, then read `counter` until it is at least `target`.

    Return MET if that happened within so many rounds of reads, after `settle` rounds more;
    INTERRUPTED if the yield after a round gave the processor to another thread; else GIVEN_UP.
    """
    atomic_add(signal, 0, amount)
    for _ in range(spins):
        start = clock(counter)
        for _ in range(READS):
            if atomic_read(counter, 0) >= target:
                for _ in range(settle * READS):
                    atomic_read(counter, 0)
                return MET
        middle = clock(counter)
        yield_processor(counter)
        if clock(counter) - middle > LONG_YIELD * (middle - start):
            return INTERRUPTED
    return MET if atomic_read(counter, 0) >= target else GIVEN_UP


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
        signal_and_spin(self.started, 1, self.started, 0, 0, 0)
        try:
            self.work(worker)
        except BaseException as failure:
            self.failures.append(failure)
        return 1

    def close(self, workers, spins):
        """Let no further worker begin, and return when those that have begun are finished.

        Spin for so many rounds, then block between looks. The function is released, and the
        arrays that it refers to. Return whether an interruption ended the spinning.
        """
        begun = workers
        while self.take_ticket():
            begun -= 1
        end = signal_and_spin(self.finished, 0, self.finished, begun, spins, 0)
        interrupted = end == INTERRUPTED
        while end != MET:
            time.sleep(PAUSE)
            end = signal_and_spin(self.finished, 0, self.finished, begun, 0, 0)
        self.work = None
        return interrupted


class ThreadPool:
    """Threads that run a task whenever the counter `generation` is increased.

    `crowded` is the number of tasks to run without spinning, `next_crowded` what it becomes when
    a processor is found taken.
    """

    def __init__(self, workers):
        self.workers, self.blocked, self.task = 0, 0, Task(None, 0)
        self.crowded, self.next_crowded = 0, 1
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
            following, spins = generation + 1, self.patience(IDLE_SPINS)
            end = signal_and_spin(finished, done, self.generation, following, spins, 0)
            if end == INTERRUPTED:
                self.note(True)
            if end != MET:
                with self.wakeup:
                    self.blocked += 1
                    while self.generation[0] == generation:
                        self.wakeup.wait()
                    self.blocked -= 1
            generation, task = int(self.generation[0]), self.task
            done, finished = task.run(worker), task.finished
            del task

    def patience(self, spins):
        """Return for how many rounds to spin: so many, or none while processors are taken."""
        return 0 if self.crowded else spins

    def note(self, taken):
        """Stop spinning for some tasks where a processor was taken; else for fewer next time."""
        if taken:
            self.crowded = self.next_crowded
            self.next_crowded = min(2 * self.next_crowded, CROWDED)
        else:
            self.next_crowded = max(1, self.next_crowded // 2)

    def run(self, work):
        """Run  work(0)  in this thread, and  work(1), work(2), …  in workers that are free."""
        self.task = task = Task(work, self.workers)
        spinning, spins = self.workers - self.blocked, self.patience(START_SPINS)
        self.crowded = max(0, self.crowded - 1)
        settle = SETTLE_SPINS if spinning and spins else 0
        try:
            end = signal_and_spin(self.generation, 1, task.started, spinning, spins, settle)
            if spins and spinning:
                self.note(end != MET)
            if self.blocked:
                with self.wakeup:
                    self.wakeup.notify_all()
            work(0)
        finally:
            if task.close(self.workers, self.patience(IDLE_SPINS)):
                self.note(True)
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


def divided(count, parts):
    """Divide 0 … count into blocks, one for each thread, and iterate over the pieces of each.

    First pieces differ in size, so that threads do not come for the next one at the same time.

    >>> [[*block] for block in divided(12, 2)]
    [[(0, 1), (1, 3), (3, 5), (5, 6)], [(6, 8), (8, 10), (10, 12)]]
    """
    edges = [count * i // parts for i in range(parts + 1)]
    size = -(-count // (parts * PIECES))
    return [
        split(low, high, size, -(-size * (i + 1) // parts))
        for i, (low, high) in enumerate(pairwise(edges))
    ]


def parallel_for(kernel, count, *args, least=1):
    """Run ``kernel(start, stop, *args)`` on pieces that cover 0 … count.

    Each thread begins with a block of its own, of `least` numbers or more, and then takes pieces
    of the others. The caller does all the work itself if the pool is busy, or if that is faster
    for a compiled kernel with arguments of these types and shapes.
    """
    parts = min(thread_count(), count // least)
    if parts <= 1:
        return kernel(0, count, *args)
    if not isinstance(kernel, Dispatcher):  # a closure is another one in every call
        return run_divided(parts, kernel, count, args)
    arrays = ((each.dtype, each.shape) for each in args if isinstance(each, np.ndarray))
    known = pace(kernel, count, parts, *arrays)
    divides, measures = known.choice()
    task = partial(run_divided, parts) if divides else run_whole
    if measures:
        return known.measure(divides, task, kernel, count, args)
    return task(kernel, count, args)


def run_whole(kernel, count, args):
    """Run a kernel in this thread alone."""
    kernel(0, count, *args)


def run_divided(parts, kernel, count, args):
    """Run a kernel in so many threads, or in this one if the others are taken."""
    pool = thread_pool(thread_count() - 1)
    if not pool.busy.acquire(blocking=False):
        return run_whole(kernel, count, args)
    blocks = divided(count, parts)

    def work(mine):
        for block in blocks[mine:] + blocks[:mine]:
            for start, stop in block:
                kernel(start, stop, *args)

    try:
        pool.run(work)
    finally:
        pool.busy.release()
