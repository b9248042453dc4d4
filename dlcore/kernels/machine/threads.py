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
from functools import cache
from itertools import pairwise

import numpy as np

from dlcore.kernels.machine.jit import COMPILED, kernel
from dlcore.kernels.machine.tile import add

PIECES = 3  # for each thread, about: few cost little, many even out who is held up
HERE, DONE = 0, 8  # counters, each in a line of memory of its own
AWAKE = 1 << 18  # looks at the bell before a thread falls asleep, half a millisecond or so
COME, PASS = 1 << 14, 1 << 11  # looks for those who come, and while they pass the lock
NAP = 1e-4  # seconds, when others take longer than all these looks


@cache
def processors():
    """Count the processors that are open to this process."""
    return getattr(os, "process_cpu_count", os.cpu_count)() or 1


def threads():
    """Count the threads to use:  NUMBA_NUM_THREADS, or as many as there are processors."""
    return max(1, int(os.environ.get("NUMBA_NUM_THREADS") or processors())) if COMPILED else 1


@kernel
def tell(counters, told, more, watched, which, least, looks, after):
    """Add to a counter, then watch one until it is large enough.

    Return whether it became so within so many looks; if so, look on for a while `after`.
    """
    add(counters, told, more)
    for _ in range(looks):
        if add(watched, which, 0) >= least:
            for _ in range(after):
                add(watched, which, 0)
            return True
    return False


class Job:
    """Work to be shared: a ticket for everyone who may help, and counters of who does."""

    def __init__(self, work, hands):
        self.work, self.failures, self.tickets = work, [], [None] * hands
        self.counters = np.zeros(16, np.int64)

    def take(self):
        """Take a ticket, if there is one left."""
        try:
            self.tickets.pop()
        except IndexError:
            return False
        return True

    def help(self, hand):
        """Do a share of the work, if it is not over; return by how much DONE will rise."""
        if not self.take():
            return 0
        tell(self.counters, HERE, 1, self.counters, HERE, 0, 1, 0)
        try:
            self.work(hand)
        except BaseException as failure:
            self.failures.append(failure)
        return 1

    def finish(self, hands):
        """Let nobody else begin, wait for those who have begun, and let go of the arrays."""
        begun = hands
        while self.take():
            begun -= 1
        while not tell(self.counters, DONE, 0, self.counters, DONE, begun, AWAKE, 0):
            time.sleep(NAP)
        self.work = None


class Crew:
    """Threads that help whoever rings the bell."""

    def __init__(self, hands):
        self.hands, self.asleep, self.job = 0, 0, Job(None, 0)
        self.bell = np.zeros(1, np.int64)
        self.busy, self.sleep = threading.Lock(), threading.Condition()
        for hand in range(1, hands + 1):
            name = f"kernel-{hand}"
            try:
                threading.Thread(target=self.serve, args=(hand,), name=name, daemon=True).start()
            except RuntimeError:  # the system grants no more threads: fewer will do
                break
            self.hands = hand

    def serve(self, hand):
        """Help whenever the bell rings, for good."""
        rings, helped, counters = 0, 0, self.job.counters
        while True:
            if not tell(counters, DONE, helped, self.bell, 0, rings + 1, AWAKE, 0):
                with self.sleep:
                    self.asleep += 1
                    while self.bell[0] == rings:
                        self.sleep.wait()
                    self.asleep -= 1
            rings, job = int(self.bell[0]), self.job
            helped, counters, job = job.help(hand), job.counters, None

    def run(self, work):
        """Run  work(0)  here, and  work(1), work(2), …  by those who come before it is over."""
        self.job = job = Job(work, self.hands)
        try:
            tell(self.bell, 0, 1, job.counters, HERE, self.hands - self.asleep, COME, PASS)
            if self.asleep:
                with self.sleep:
                    self.sleep.notify_all()
            work(0)
        finally:
            job.finish(self.hands)
        for failure in job.failures:
            raise failure


@cache
def crew(hands):
    """Keep the other threads between calls; idle ones sleep and cost nothing."""
    return Crew(hands)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=crew.cache_clear)  # a child has none of these threads


def cut(low, high, size, first):
    """Cut a range into pieces of a size, but for the first one and what is left."""
    return pairwise([low, *range(low + first, high, size), high])


def share(kernel, count, *args, least=1):
    """Run ``kernel(start, stop, *args)`` on pieces that cover 0 … count.

    Everyone begins with a block of their own, `least` or more, and then helps the others. First
    pieces differ in size, so that no two come for the next one at once.
    """
    parts = min(threads(), count // least)
    others = crew(threads() - 1) if parts > 1 else None
    if not (others and others.busy.acquire(blocking=False)):
        return kernel(0, count, *args)
    edges, size = [count * i // parts for i in range(parts + 1)], -(-count // (parts * PIECES))
    blocks = [cut(*edges[i : i + 2], size, -(-size * (i + 1) // parts)) for i in range(parts)]

    def work(mine):
        for block in blocks[mine:] + blocks[:mine]:
            for start, stop in block:
                kernel(start, stop, *args)

    try:
        others.run(work)
    finally:
        others.busy.release()
