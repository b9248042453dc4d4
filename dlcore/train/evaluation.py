"""What a model answers: classes, and how many of them are right.

Chapter: book/twolayer.md.
"""

import numpy as np


def predict(model, x, *, batch_size=250):
    """Return the class with the highest score, for any number of examples:  (N, …) → (N,).

    The model evaluates; so many examples at a time bound the memory of its feature maps. The
    classes are int64, from 0 to K - 1.

    >>> predict(lambda x: x, np.array([[0.1, 0.7, 0.2], [2.0, 0.0, 1.0]]))
    array([1, 0])
    """
    starts = range(0, len(x), batch_size)
    parts = [model(x[start : start + batch_size]).argmax(axis=1) for start in starts]
    return np.concatenate(parts) if parts else np.empty(0, int)


def accuracy(model, x, t, *, batch_size=250):
    """Return the fraction of examples whose class is predicted:  0 to 1,  of labels t (N,).

    >>> accuracy(lambda x: x, np.array([[0.1, 0.7, 0.2], [2.0, 0.0, 1.0]]), np.array([1, 2]))
    0.5
    """
    return float((predict(model, x, batch_size=batch_size) == t).mean())
