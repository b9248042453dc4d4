"""First weights: random, so that no two features start alike, and of the right size.

Chapter: book/activation.md.
"""

import numpy as np


def normal(shape, *, std, rng, dtype=np.float64):
    """Draw from the bell curve of width `std`."""
    return (std * rng.standard_normal(shape)).astype(dtype)


def he(D, M, *, rng, dtype=np.float64):
    """Draw from N(0, 2/D), so that a rectifier passes the variance on [He2015]_."""
    return normal((D, M), std=np.sqrt(2 / D), rng=rng, dtype=dtype)


def glorot(D, M, *, rng, dtype=np.float64):
    """Draw from N(0, 2/(D + M)), a compromise between both directions [Glorot2010]_."""
    return normal((D, M), std=np.sqrt(2 / (D + M)), rng=rng, dtype=dtype)
