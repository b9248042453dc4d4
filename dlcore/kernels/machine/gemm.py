"""The product of matrices by the register tile, for a batch that lies innermost.

What a convolution leaves is laid out flat as (D, N), batch innermost, and a linear layer
multiplies it by w (D, M). BLAS would want another order and threads of its own, which get in
the way of ours; the tile takes all three products of the layer as they are.

Chapter: book/fast.md.
"""

import numpy as np

from dlcore.kernels.fast import TALL, gemm
from dlcore.kernels.machine.jit import kernel
from dlcore.kernels.machine.layout import aligned, as_contiguous
from dlcore.kernels.machine.threads import PIECES, parallel_for, thread_count

NEAR = 1 << 17  # bytes of a factor that stay near the processor while they are used again


@kernel
def multiply(y, w, step, row, x, top, bottom, low, high):
    """Fill rows top … bottom of y with the terms low … high of w x."""
    N, none = y.shape[1], np.zeros(1, np.int64)
    deep = max(16, NEAR // (x.itemsize * max(N, bottom - top if step > row else 1)))
    for d in range(low, max(high, low + 1), deep):
        w_at, some = d * step + top * row, min(deep, high - d)
        gemm(y, top * N, N, bottom - top, N, w, w_at, step, row, none, x, d * N, N, none,
              1, some, d == low)  # fmt: skip


@kernel
def multiply_bands(start, stop, y, w, step, row, x):
    """Fill bands of y, as high as a tile, with all terms."""
    multiply(y, w, step, row, x, start * TALL, min(stop * TALL, len(y)), 0, len(x))


@kernel
def multiply_depths(start, stop, y, w, step, row, x):
    """Fill y[part], all of its rows, with a part of the terms: w is read in one piece."""
    parts, M, _ = y.shape
    for part in range(start, stop):
        low, high = part * len(x) // parts, (part + 1) * len(x) // parts
        multiply(y[part], w, step, row, x, 0, M, low, high)


def matmul(w, x):
    """Return  w x  for w (M, D) of any order and x (D, N), both float32 or both float64."""
    x = as_contiguous(x)
    (M, D), N = w.shape, x.shape[1]
    across = w.flags.f_contiguous and not w.flags.c_contiguous
    w = w.T if across else as_contiguous(w)
    step, row = (M, 1) if across else (1, D)
    if across and D > 4 * M:
        y = aligned((PIECES * thread_count(), M, N), x.dtype)
        parallel_for(multiply_depths, len(y), y, w, step, row, x)
        return y.sum(axis=0)
    y = aligned((M, N), x.dtype)
    parallel_for(multiply_bands, -(-M // TALL), y, w, step, row, x)
    return y
