"""Mini-batches: which examples make a step, made ready while the last one is computed.

Chapter: book/solver.md.
"""

from collections import deque
from concurrent.futures import ThreadPoolExecutor

import numpy as np


def shuffled(N, batch_size, rng):
    """Yield the indices of one epoch in mini-batches: every example once.

    The last may be short. Each is an array of int64, from 0 to N - 1, and picks rows:
    x[rows], t[rows].

    >>> [len(rows) for rows in shuffled(10, 4, np.random.default_rng(0))]
    [4, 4, 2]
    """
    order = rng.permutation(N)
    for start in range(0, N, batch_size):
        yield order[start : start + batch_size]


def drawn(N, batch_size, rng):
    """Draw the indices (batch_size,) of one mini-batch with replacement, as the sources do.

    >>> drawn(10, 4, np.random.default_rng(0))
    array([8, 6, 5, 2])
    """
    return rng.integers(N, size=batch_size)


def generator_of_batch(seed, epoch, batch):
    """Return the generator of one batch: independent of all others, the same at every time.

    It depends on the seed of a run and the numbers of epoch and batch, and on nothing that has
    been drawn before. So it does not matter which thread augments a batch, and when.

    >>> [generator_of_batch(3, 0, batch).integers(100) for batch in (0, 1, 0)]
    [np.int64(54), np.int64(68), np.int64(54)]
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(epoch, batch)))


def in_background(make, items, *, workers=1):
    """Yield  make(item)  for every item, in their order; threads make the next ones meanwhile.

    While one is used, so many `workers` make as many that follow. What raises in a thread raises
    here, after the results before it. Items are taken from `items` in this thread.

    >>> list(in_background(str.upper, "abc", workers=2))
    ['A', 'B', 'C']
    """
    with ThreadPoolExecutor(workers, thread_name_prefix="batches") as threads:
        pending = deque()
        for item in items:
            pending.append(threads.submit(make, item))
            if len(pending) > workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
