"""First weights: random, so that no two features start alike, and of the right size.

Chapter: book/activation.md.
"""

import numpy as np


def normal(shape, *, std, rng, dtype=np.float64):
    """Draw from the normal distribution N(0, std²).

    Without a generator nothing is drawn: the zeros share one number in memory, and a model of
    any size can be accounted for.

    >>> w = normal((64, 10), std=0.1, rng=np.random.default_rng(0), dtype=np.float32)
    >>> w.dtype, bool(abs(w.std() - 0.1) < 0.01)
    (dtype('float32'), True)
    """
    if rng is None:
        return np.broadcast_to(np.zeros((), dtype), shape)
    return (std * rng.standard_normal(shape)).astype(dtype)


def he(D, M, *, rng, dtype=np.float64):
    """Draw (D, M) weights from N(0, 2/D), so that a ReLU passes the variance on [He2015]_.

    >>> he(200, 300, rng=np.random.default_rng(0)).std().round(2)
    np.float64(0.1)
    """
    return normal((D, M), std=np.sqrt(2 / D), rng=rng, dtype=dtype)


def glorot(D, M, *, rng, dtype=np.float64):
    """Draw (D, M) from N(0, 2/(D + M)), a compromise between both directions [Glorot2010]_.

    Forwards the variance 1/D keeps that of the features, backwards 1/M that of the gradients.

    >>> glorot(200, 600, rng=np.random.default_rng(0)).std().round(2)
    np.float64(0.05)
    """
    return normal((D, M), std=np.sqrt(2 / (D + M)), rng=rng, dtype=dtype)
