"""The product of matrices by the register tile, for a batch that lies innermost.

What a convolution leaves is laid out flat as (D, N), batch innermost, and a linear layer
multiplies it by w (D, M). BLAS would want another order and threads of its own, which get in
the way of ours; the tile takes all three products of the layer as they are.

Chapter: book/fast.md.
"""

import numpy as np

from dlcore.kernels.machine.jit import kernel
from dlcore.kernels.machine.layout import aligned, as_contiguous
from dlcore.kernels.machine.registers import WIDTH
from dlcore.kernels.machine.threads import PIECES, parallel_for, thread_count
from dlcore.kernels.machine.tile import ROWS, WIDTHS, tile, transpose_block

TALL, WIDE = ROWS[0], WIDTHS[0]

NEAR = 1 << 17  # bytes of a factor that stay near the processor while they are used again


@kernel
def tile_rows(left):
    """Choose the rows of the next tile, if so many are left:  6, but 4, 4, 1 for the last 9."""
    return TALL if left >= TALL and left not in (8, 9) else 4 if left >= 4 else 1


@kernel
def tile_columns(left, itemsize):
    """Choose the columns of the next tile, if so many are left: as many as registers hold."""
    return min(left, WIDE * (WIDTH // itemsize))


@kernel
def gemm(y, at, y_row, rows, columns, w, w_at, w_step, w_row, ws, x, x_at, x_step, xs, *size):
    """Run tiles over a whole product of so many rows and columns."""
    (terms, K, new), n = size, 0
    while n < columns:
        r, some = 0, tile_columns(columns - n, x.itemsize)
        while r < rows:
            tall, to, first = tile_rows(rows - r), at + r * y_row + n, w_at + r * w_row
            tile(tall, y, to, y_row, w, first, w_step, w_row, ws, x, x_at + n, x_step, xs,
                 terms, K, some, new)  # fmt: skip
            r += tall
        n += some


@kernel
def transpose(t, to, t_row, y, start, row, rows, columns):
    """Turn a matrix in y, its rows so far apart, into one in t."""
    L = WIDTH // y.itemsize
    for i in range(0, rows, L):
        for j in range(0, columns, L):
            sides = min(L, rows - i), min(L, columns - j)
            transpose_block(t, to + j * t_row + i, t_row, y, start + i * row + j, row, *sides)


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
