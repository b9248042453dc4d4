"""What the machine can do at most: multiply-adds on what is near, a walk through memory.

Chapter: book/fast.md.
"""

import numpy as np

from dlcore.kernels.jit import kernel
from dlcore.kernels.tile import ROWS, WIDTH, WIDTHS, tile

TERMS = 1 << 14  # a tile multiplies and adds so often for each of its sums


@kernel
def multiply_adds(start, stop, x):
    """Run the largest tile over and over on one row of x; return a sum of what it made."""
    n = WIDTHS[0] * WIDTH // x.itemsize
    y, w, here = np.empty(ROWS[0] * n, x.dtype), np.zeros(ROWS[0], x.dtype), np.zeros(1, np.int64)
    for _ in range(start, stop):
        tile(ROWS[0], y, 0, n, w, 0, 0, 1, here, x, 0, 0, here, 1, TERMS, n, True)
    return y.sum()


@kernel
def copy(start, stop, y, x):
    """Copy the entries start … stop of x."""
    for i in range(start, stop):
        y[i] = x[i]
