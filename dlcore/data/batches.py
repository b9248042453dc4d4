"""Choose the examples of a step: in shuffled turns, or by drawing lots."""


def shuffled(N, batch, rng):
    """Yield the indices of one epoch: every example once, in batches, the last may be short.

    >>> import numpy as np
    >>> [len(rows) for rows in shuffled(10, 4, np.random.default_rng(0))]
    [4, 4, 2]
    """
    order = rng.permutation(N)
    for start in range(0, N, batch):
        yield order[start : start + batch]


def drawn(N, batch, rng):
    """Draw the indices of one batch with replacement, as the sources do."""
    return rng.integers(N, size=batch)
