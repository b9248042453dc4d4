"""Convolution with fewer multiplications, by Winograd's short algorithms.

A polynomial is known when it is known at enough points, and at a point a product costs one
multiplication. Turned around, that gives m outputs of a filter with r taps for m + r - 1
multiplications instead of m r. In two dimensions F(4×4, 3×3) needs 36 where the definition
needs 144, and F(2×2, 3×3) needs 16 where it needs 36. The price is paid in rounding.

A square of m × m outputs sees a square of pixels. Squares are transformed, multiplied place
by place, which for whole batches is one product of matrices a place, and transformed back.
A NaN or an infinity spoils the whole square that sees it.

Chapter: book/fast.md.
"""

import numpy as np

from dlcore.kernels.machine.gemm import gemm, transpose
from dlcore.kernels.machine.jit import kernel
from dlcore.kernels.machine.tile import congruence
from dlcore.kernels.machine.winograd_blocking import R, block_at, block_count, square_offsets
from dlcore.kernels.machine.winograd_matrices import winograd_matrices

A, B, G = ({m: winograd_matrices(m, R)[i] for m in (2, 4)} for i in range(3))
(
    input_transform,
    output_transform,
    output_grad_transform,
    filter_transform,
    filter_grad_transform,
) = map(congruence, (B, {m: A[m].T for m in A}, A, G, {m: G[m].T for m in G}))


@kernel
def matrix_offsets(x):
    """List where the matrices of a stack begin."""
    return np.arange(x.shape[0]) * (x.shape[1] * x.shape[2])


@kernel
def transform_input_square(seen, x, first, square, Q, n, here, at, blocking, starts):
    """Transform what one square sees in `here` images from n on, channels from `first` on."""
    (H, W, C, N), m = x.shape, blocking.m
    p, q = square // -(-Q // m) * m, square % -(-Q // m) * m
    square_offsets((p - blocking.top[0], q - blocking.top[1]), m + R - 1, (H, W), C * N, starts)
    stack = matrix_offsets(seen)
    for c in range(seen.shape[1]):
        input_transform(
            m, seen, c * seen.shape[2] + at, stack, x, (first + c) * N + n, starts, here
        )


@kernel
def multiply_stacks(y, w, step, row, x, K, columns, new):
    """Multiply at every place:  y[k] = w[k] x[k], or add to y[k] if it is not `new`."""
    (count, rows, y_row), none = y.shape, np.zeros(1, np.int64)
    for k in range(count):
        at, w_at, x_at = k * rows * y_row, k * w[0].size, k * x[0].size
        gemm(y, at, y_row, rows, columns, w, w_at, step, row, none, x, x_at, x.shape[2], none,
              1, K, new)  # fmt: skip


@kernel
def correlate_squares(start, stop, y, x, w, first, blocking):
    """Compute some squares of the filters from `first` on, w (n², C, F) transformed already."""
    (P, Q, filters, N), (_, C, F), m = y.shape, w.shape, blocking.m
    L = blocking.squares * blocking.images
    seen, made = np.empty((len(w), C, L), x.dtype), np.empty((len(w), F, L), x.dtype)
    starts, stack = np.empty(len(w), np.int64), matrix_offsets(made)
    for unit in range(start, stop):
        i, squares, n, here = block_at(unit, P, Q, N, blocking)
        for s in range(squares):
            transform_input_square(seen, x, 0, i + s, Q, n, here, s * here, blocking, starts)
        multiply_stacks(made, w, F, 1, seen, C, squares * here, True)
        for s in range(squares):
            p, q = (i + s) // -(-Q // m) * m, (i + s) % -(-Q // m) * m
            square_offsets((p, q), m, (P, Q), filters * N, starts)
            for f in range(F):
                output_transform(
                    m, y, (first + f) * N + n, starts, made, f * L + s * here, stack, here
                )


@kernel
def accumulate_winograd_grad(start, stop, w_hats, x, y_bar, c, f, blocking):
    """Let each piece add up  Σ (B x Bᵀ)(A ȳ Aᵀ)ᵀ  over its share of the squares.

    ŵ̄ (pieces, n², C, F) is that of the channels from c on and the filters from f on.
    """
    (P, Q, filters, N), (pieces, count, C, F), m = y_bar.shape, w_hats.shape, blocking.m
    L, images = blocking.squares * blocking.images, blocking.images
    seen, made = np.empty((count, C, L), x.dtype), np.empty((count, L, F), x.dtype)
    t, starts = np.empty(m * m * images * F, x.dtype), np.empty(count, np.int64)
    stack = matrix_offsets(made)
    total = block_count(P, Q, N, blocking)
    for piece in range(start, stop):
        for unit in range(piece * total // pieces, (piece + 1) * total // pieces):
            i, squares, n, here = block_at(unit, P, Q, N, blocking)
            for s in range(squares):
                transform_input_square(seen, x, c, i + s, Q, n, here, s * here, blocking, starts)
                p, q = (i + s) // -(-Q // m) * m, (i + s) % -(-Q // m) * m
                square_offsets((p, q), m, (P, Q), filters * N, starts)
                for k in range(m * m):
                    if starts[k] >= 0:
                        at = starts[k] + f * N + n
                        transpose(t, k * images * F, F, y_bar, at, N, F, here)
                        starts[k] = k * images * F
                output_grad_transform(m, made, s * here * F, stack, t, 0, starts, here * F)
            multiply_stacks(w_hats[piece], seen, 1, L, made, squares * here, F, False)


@kernel
def transform_filters(start, stop, w_hat, w, m):
    """Transform filters, some columns of (9, C F):  ŵ = G w Gᵀ."""
    row = w.shape[1]
    hats, ws = np.arange(len(w_hat)) * row, np.arange(len(w)) * row
    filter_transform(m, w_hat, start, hats, w, start, ws, stop - start)


@kernel
def transform_filter_grads(start, stop, w, w_hat, m):
    """Transform gradients, some columns of (9, C F):  w̄ = Gᵀ ŵ̄ G."""
    row = w.shape[1]
    hats, ws = np.arange(len(w_hat)) * row, np.arange(len(w)) * row
    filter_grad_transform(m, w, start, ws, w_hat, start, hats, stop - start)
