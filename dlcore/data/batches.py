"""Mini-batches: which examples make a step, made ready while the last one is computed.

Chapter: book/solver.md.
"""

from concurrent.futures import ThreadPoolExecutor


def shuffled(N, batch_size, rng):
    """Yield the indices of one epoch in mini-batches: every example once.

    The last may be short. Each is an array of int64, from 0 to N - 1, and picks rows:
    x[rows], t[rows].

    >>> import numpy as np
    >>> [len(rows) for rows in shuffled(10, 4, np.random.default_rng(0))]
    [4, 4, 2]
    """
    order = rng.permutation(N)
    for start in range(0, N, batch_size):
        yield order[start : start + batch_size]


def drawn(N, batch_size, rng):
    """Draw the indices (batch_size,) of one mini-batch with replacement, as the sources do.

    >>> import numpy as np
    >>> drawn(10, 4, np.random.default_rng(0))
    array([8, 6, 5, 2])
    """
    return rng.integers(N, size=batch_size)


def in_background(batches):
    """Yield the same mini-batches; a thread makes the next one while the last one is used.

    What raises in the thread raises here. The order is that of `batches`, always.

    >>> list(in_background(iter("abc")))
    ['a', 'b', 'c']
    """
    end = object()
    with ThreadPoolExecutor(1, thread_name_prefix="batches") as thread:
        following = thread.submit(next, batches, end)
        while (batch := following.result()) is not end:
            following = thread.submit(next, batches, end)
            yield batch
