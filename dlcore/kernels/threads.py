"""Threads: one kernel, run by every processor on its share of a range.

Compiled kernels let go of Python's lock, so ordinary threads run them side by side. Each
thread takes the next piece when it is done with the last; the one that called works as well.

Chapter: book/fast.md.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache

PIECES = 4  # for each thread: few cost little, many even out who is held up


@cache
def processors():
    """Count the processors that are open to this process."""
    return getattr(os, "process_cpu_count", os.cpu_count)() or 1


def threads():
    """Count the threads to use:  NUMBA_NUM_THREADS, or as many as there are processors."""
    return max(1, int(os.environ.get("NUMBA_NUM_THREADS") or processors()))


@cache
def pool():
    """Keep the other threads between calls; idle ones wait and cost nothing."""
    return ThreadPoolExecutor(max(1, threads() - 1), "kernel")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=pool.cache_clear)  # a child has none of these threads


def share(kernel, count, *args):
    """Run ``kernel(start, stop, *args)`` on pieces that cover 0 … count."""
    size = max(1, -(-count // (threads() * PIECES)))
    starts = iter(range(0, count, size))

    def work():
        for start in starts:
            kernel(start, min(start + size, count), *args)

    others = [pool().submit(work) for _ in range(min(threads(), -(-count // size)) - 1)]
    work()
    for other in others:
        other.result()
