"""The two limits of the roofline model: multiply-adds on cached numbers, a copy of memory.

Chapter: book/fast.md.
"""

import numpy as np

from dlcore.kernels.machine.jit import kernel
from dlcore.kernels.machine.tile import Matrix, Terms, tile

DEEP, TIMES = 64, 64  # terms that stay in the cache, and how often a tile adds them
TERMS = DEEP * TIMES  # a tile multiplies and adds so often for each of its sums


@kernel
def multiply_adds(start, stop, x, w):
    """Run the largest tile over and over on cached numbers; return the sum of its results.

    The tile has as many rows as w columns, both x and w as many rows as there are terms.
    """
    columns, rows = x.shape[1], w.shape[1]
    y, nowhere = np.empty(rows * columns, x.dtype), np.zeros(TIMES, np.int64)
    into, weights, values = (
        Matrix(y, 0, columns, 1),
        Matrix(w, 0, 1, rows),
        Matrix(x, 0, columns, 1),
    )
    terms = Terms(nowhere, nowhere, TIMES, len(x))
    for _ in range(start, stop):
        tile(into, weights, values, terms, rows, columns, True)
    return y.sum()


@kernel
def copy(start, stop, y, x):
    """Copy the entries start … stop of x."""
    y, x = y[start:stop], x[start:stop]
    for i in range(x.size):
        y[i] = x[i]
