"""Convolution with fewer multiplications, by Winograd's short algorithms.

F(m×m, 3×3) computes a square of m × m outputs from a square of n × n pixels, n = m + 2, by n²
multiplications: 36 for m = 4, where the definition needs 144, and 16 for m = 2, where it needs
36. Squares of pixels and filters are transformed, multiplied entry by entry, which for all
channels and images is one matrix product an entry, and transformed back. The cost is rounding,
and a NaN or an infinity spreads over the whole square of outputs. Sources: [Lavin2016]_.

Chapter: book/fast.md.
"""

from typing import NamedTuple

import numpy as np

from dlcore.kernels.machine.gemm import gemm, transpose
from dlcore.kernels.machine.jit import kernel
from dlcore.kernels.machine.layout import LINE
from dlcore.kernels.machine.tile import Matrix, Square, Terms, congruence
from dlcore.kernels.machine.winograd_blocking import (
    R,
    block_at,
    block_count,
    corner,
    square_offsets,
)
from dlcore.kernels.machine.winograd_matrices import winograd_matrices

A, B, G = ({m: winograd_matrices(m, R)[i] for m in (2, 4)} for i in range(3))
input_transform = congruence(B)
output_transform = congruence({m: matrix.T for m, matrix in A.items()})
output_grad_transform = congruence(A)
filter_transform = congruence(G)
filter_grad_transform = congruence({m: matrix.T for m, matrix in G.items()})


class Stack(NamedTuple):
    """Matrices of one size:  matrix k begins `step` numbers behind matrix k - 1.

    A matrix has so many rows of `columns` numbers each, one behind the other.
    """

    array: np.ndarray
    count: int
    step: int
    rows: int
    columns: int


@kernel
def empty_stack(count, rows, columns, x):
    """Allocate a stack for numbers like those of x.

    Each matrix begins with a cache line, and the step is an odd number of lines: a square, whose
    entries lie in as many matrices, is then spread over as many sets of the cache. A step of a
    power of two would put them all into one set, which holds a few lines only.
    """
    lanes = LINE // x.itemsize
    step = (-(-rows * columns // lanes) | 1) * lanes
    memory = np.empty(count * step + lanes, x.dtype)
    start = -(memory.ctypes.data // x.itemsize) % lanes
    return Stack(memory[start : start + count * step], count, step, rows, columns)


@kernel
def rows_of(array, first, last):
    """View rows of every matrix of an array (count, rows, columns) as a stack."""
    count, rows, columns = array.shape
    entries = array.reshape(-1)[first * columns :]
    return Stack(entries, count, rows * columns, last - first, columns)


@kernel
def matrix_offsets(stack):
    """List where the matrices of a stack begin."""
    return np.arange(stack.count) * stack.step


@kernel
def transform_inputs(seen, x, channels, block, Q, blocking, starts):
    """Transform the squares of pixels that a block of squares sees, for a range of channels.

    `seen` has n² matrices (depth, squares · images); `starts` is memory for n² offsets.
    """
    H, W, C, N = x.shape
    top, left = blocking.top
    offsets = matrix_offsets(seen)
    for s in range(block.squares):
        p, q = corner(block.square + s, Q, blocking.m)
        square_offsets((p - top, q - left), blocking.m + R - 1, (H, W), C * N, starts)
        for c in range(*channels):
            row = (c - channels[0]) * seen.columns
            into = Square(seen.array, row + s * block.images, offsets)
            pixels = Square(x, c * N + block.image, starts)
            input_transform(into, pixels, blocking.m, block.images)


@kernel
def multiply_stacks(y, w, x, w_steps, depth, columns, overwrite):
    """Multiply matrices one by one:  y[k] = w[k] x[k], or add the products to y.

    `w_steps` lead from row to row and from column to column of w[k].
    """
    nowhere = np.zeros(1, np.int64)
    terms = Terms(nowhere, nowhere, 1, depth)
    for k in range(y.count):
        into = Matrix(y.array, k * y.step, y.columns, 1)
        weights = Matrix(w.array, k * w.step, w_steps[0], w_steps[1])
        values = Matrix(x.array, k * x.step, x.columns, 1)
        gemm(into, weights, values, terms, y.rows, columns, overwrite)


@kernel
def correlate_squares(start, stop, y, x, w, first, blocking):
    """Compute some blocks of squares of y, for the filters from `first` on.

    The filters w (n², C, F) are transformed already.
    """
    P, Q, filters, N = y.shape
    count, C, F = w.shape
    m, columns = blocking.m, blocking.squares * blocking.images
    seen, made = empty_stack(count, blocking.depth, columns, x), empty_stack(count, F, columns, x)
    starts, offsets = np.empty(count, np.int64), matrix_offsets(made)
    for unit in range(start, stop):
        block = block_at(unit, P, Q, N, blocking)
        width = block.squares * block.images
        for c in range(0, C, blocking.depth):
            end = min(C, c + blocking.depth)
            transform_inputs(seen, x, (c, end), block, Q, blocking, starts)
            multiply_stacks(made, rows_of(w, c, end), seen, (1, F), end - c, width, c == 0)
        for s in range(block.squares):
            square_offsets(corner(block.square + s, Q, m), m, (P, Q), filters * N, starts)
            for f in range(F):
                into = Square(y, (first + f) * N + block.image, starts)
                product = Square(made.array, f * columns + s * block.images, offsets)
                output_transform(into, product, m, block.images)


@kernel
def transform_output_grads(made, y_bar, f, block, blocking, starts, t):
    """Transform the squares of ȳ of a block, transposed, for the filters from `f` on.

    `made` has n² matrices (squares · images, F); `starts` and t are memory for offsets and for a
    square.
    """
    P, Q, filters, N = y_bar.shape
    m, F, images = blocking.m, made.columns, block.images
    offsets = matrix_offsets(made)
    for s in range(block.squares):
        square_offsets(corner(block.square + s, Q, m), m, (P, Q), filters * N, starts)
        for k in range(m * m):
            if starts[k] >= 0:
                bars = Matrix(y_bar, starts[k] + f * N + block.image, N, 1)
                starts[k] = k * t.step
                transpose(Matrix(t.array, starts[k], F, 1), bars, F, images)
        into = Square(made.array, s * images * F, offsets)
        output_grad_transform(into, Square(t.array, 0, starts), m, images * F)


@kernel
def accumulate_winograd_grad(start, stop, w_hats, x, y_bar, first, blocking):
    """Add up  Σ (B x Bᵀ)(A ȳ Aᵀ)ᵀ  over the blocks of each piece.

    w_hats (pieces, n², C, F) is for the channels from first[0] and the filters from first[1] on.
    """
    P, Q, _, N = y_bar.shape
    pieces, count, C, F = w_hats.shape
    m, columns = blocking.m, blocking.squares * blocking.images
    seen, made = empty_stack(count, blocking.depth, columns, x), empty_stack(count, columns, F, x)
    t, starts = empty_stack(m * m, blocking.images, F, x), np.empty(count, np.int64)
    blocks = block_count(P, Q, N, blocking)
    for piece in range(start, stop):
        for unit in range(piece * blocks // pieces, (piece + 1) * blocks // pieces):
            block = block_at(unit, P, Q, N, blocking)
            transform_output_grads(made, y_bar, first[1], block, blocking, starts, t)
            for c in range(0, C, blocking.depth):
                end = min(C, c + blocking.depth)
                channels = first[0] + c, first[0] + end
                transform_inputs(seen, x, channels, block, Q, blocking, starts)
                sums, terms = rows_of(w_hats[piece], c, end), block.squares * block.images
                multiply_stacks(sums, seen, made, (columns, 1), terms, F, False)


@kernel
def transform_filters(start, stop, w_hat, w, m):
    """Transform filters, some columns of (9, C F):  ŵ = G w Gᵀ."""
    into = Square(w_hat, start, np.arange(len(w_hat)) * w.shape[1])
    given = Square(w, start, np.arange(len(w)) * w.shape[1])
    filter_transform(into, given, m, stop - start)


@kernel
def transform_filter_grads(start, stop, w_bar, w_hat, m):
    """Transform gradients, some columns of (9, C F):  w̄ = Gᵀ ŵ̄ G."""
    into = Square(w_bar, start, np.arange(len(w_bar)) * w_bar.shape[1])
    given = Square(w_hat, start, np.arange(len(w_hat)) * w_bar.shape[1])
    filter_grad_transform(into, given, m, stop - start)
