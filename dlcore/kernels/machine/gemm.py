"""Products of matrices by the register tile (GEMM: general matrix multiplication).

`gemm` serves convolutions from compiled code. `matmul` serves linear layers whose input a
convolution left batch last: BLAS would first need another memory layout, and its own threads
would compete with ours for the processors.

Chapter: book/fast.md.
"""

import numpy as np

from dlcore.kernels.machine.jit import kernel
from dlcore.kernels.machine.layout import aligned, as_contiguous
from dlcore.kernels.machine.registers import WIDTH
from dlcore.kernels.machine.threads import PIECES, parallel_for, thread_count
from dlcore.kernels.machine.tile import ROWS, WIDTHS, Matrix, Terms, tile, transpose_block

TALL, WIDE = ROWS[0], WIDTHS[0]  # the largest tile: rows, and registers a row
NEAR = 1 << 17  # bytes of a factor that stay in the cache while they are used again


@kernel
def tile_rows(left):
    """Choose the rows of the next tile, if so many are left:  6, but 4, 4, 1 for the last 9."""
    return TALL if left >= TALL and left not in (8, 9) else 4 if left >= 4 else 1


@kernel
def shifted(matrix, distance):
    """Return the matrix that begins so many numbers behind another one."""
    return Matrix(matrix.array, matrix.start + distance, matrix.row_step, matrix.column_step)


@kernel
def submatrix(matrix, row, column):
    """Return the matrix that begins at an entry of another one."""
    return shifted(matrix, row * matrix.row_step + column * matrix.column_step)


@kernel
def gemm(y, w, x, terms, rows, columns, overwrite):
    """Multiply matrices, tile by tile:  y = Σₜ wₜ xₜ, or add the sum to y.

    The arguments are those of a tile, but y may have any number of rows and columns.
    """
    column = 0
    while column < columns:
        width = min(columns - column, WIDE * (WIDTH // x.array.itemsize))
        row = 0
        while row < rows:
            height = tile_rows(rows - row)
            y_tile = submatrix(y, row, column)
            w_rows, x_columns = submatrix(w, row, 0), submatrix(x, 0, column)
            tile(y_tile, w_rows, x_columns, terms, height, width, overwrite)
            row += height
        column += width


@kernel
def transpose(y, x, rows, columns):
    """Transpose a matrix of so many rows and columns, block by block:  y[j, i] = x[i, j]."""
    lanes = WIDTH // x.array.itemsize
    for i in range(0, rows, lanes):
        for j in range(0, columns, lanes):
            block, into = submatrix(x, i, j), submatrix(y, j, i)
            transpose_block(into, block, min(lanes, rows - i), min(lanes, columns - j))


@kernel
def multiply(y, w, x, depth):
    """Fill y (M, N) with  w x,  summed over the columns of w from depth[0] to depth[1].

    The terms are added in parts, such that the part of w or x that is used again stays cached.
    """
    (M, N), (low, high) = y.shape, depth
    nowhere = np.zeros(1, np.int64)
    reused = max(N, M if w.column_step > w.row_step else 1)
    part = max(16, NEAR // (x.itemsize * reused))
    for k in range(low, max(high, low + 1), part):
        terms = Terms(nowhere, nowhere, 1, min(part, high - k))
        columns, rows = submatrix(w, 0, k), Matrix(x, k * N, N, 1)
        gemm(Matrix(y, 0, N, 1), columns, rows, terms, M, N, k == low)


@kernel
def multiply_bands(start, stop, y, w, x, row_step, column_step):
    """Fill bands of y, as high as a tile, with all terms."""
    first, last = start * TALL, min(stop * TALL, len(y))
    rows = Matrix(w, first * row_step, row_step, column_step)
    multiply(y[first:last], rows, x, (0, len(x)))


@kernel
def multiply_depths(start, stop, y, w, x, row_step, column_step):
    """Fill y[part], all of its rows, with a part of the terms: w is read in one piece."""
    for part in range(start, stop):
        depth = part * len(x) // len(y), (part + 1) * len(x) // len(y)
        multiply(y[part], Matrix(w, 0, row_step, column_step), x, depth)


def matmul(w, x):
    """Multiply matrices:  y = w x,  (M, D) (D, N) → (M, N).

    Both are float32 or both float64, in any memory layout; y is contiguous. The work is divided
    among threads by rows of y; where w is wide and lies column by column, by terms.
    """
    x = as_contiguous(x)
    (M, D), N = w.shape, x.shape[1]
    by_columns = w.flags.f_contiguous and not w.flags.c_contiguous
    w = w.T if by_columns else as_contiguous(w)
    steps = (1, M) if by_columns else (D, 1)
    if by_columns and D > 4 * M:
        y = aligned((PIECES * thread_count(), M, N), x.dtype)
        parallel_for(multiply_depths, len(y), y, w, x, *steps)
        return y.sum(axis=0)
    y = aligned((M, N), x.dtype)
    parallel_for(multiply_bands, -(-M // TALL), y, w, x, *steps)
    return y
