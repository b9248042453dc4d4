"""What the machine can do at most: multiply-adds on what is near, a walk through memory.

Chapter: book/fast.md.
"""

import numpy as np

from dlcore.kernels.machine.jit import kernel
from dlcore.kernels.machine.tile import tile

DEEP, TIMES = 64, 64  # terms that stay near, and how often a tile walks through them
TERMS = DEEP * TIMES  # a tile multiplies and adds so often for each of its sums


@kernel
def multiply_adds(start, stop, x, w):
    """Run the largest tile over and over on what is near; return a sum of what it made.

    The tile has as many rows as w columns, both x and w as many rows as there are terms.
    """
    (_, n), rows = x.shape, w.shape[1]
    y, here = np.empty(rows * n, x.dtype), np.zeros(TIMES, np.int64)
    for _ in range(start, stop):
        tile(rows, y, 0, n, w, 0, rows, 1, here, x, 0, n, here, TIMES, len(x), n, True)
    return y.sum()


@kernel
def copy(start, stop, y, x):
    """Copy the entries start … stop of x."""
    y, x = y[start:stop], x[start:stop]
    for i in range(x.size):
        y[i] = x[i]
