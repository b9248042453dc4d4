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

from functools import lru_cache
from itertools import product

import numpy as np

from dlcore.kernels.conv import NONE, ONE, positions
from dlcore.kernels.fast import (
    conv2d_input_grad_tile,
    conv2d_tile,
    conv2d_weight_grad_tile,
    gemm,
    transpose,
)
from dlcore.kernels.machine.jit import kernel
from dlcore.kernels.machine.layout import aligned, contiguous_copy, from_batch_last, to_batch_last
from dlcore.kernels.machine.threads import parallel_for, thread_count
from dlcore.kernels.machine.tile import congruence
from dlcore.kernels.machine.winograd_blocking import (
    R,
    block_at,
    block_count,
    choose_blocking,
    filter_budget,
    filter_chunk,
    gradient_chunk,
    square_offsets,
)
from dlcore.kernels.machine.winograd_matrices import winograd_matrices

MIN_CHANNELS = 12  # channels, in and out, for which transforms pay

A, B, G = ({m: winograd_matrices(m, R)[i] for m in (2, 4)} for i in range(3))
(
    input_transform,
    output_transform,
    output_grad_transform,
    filter_transform,
    filter_grad_transform,
) = map(congruence, (B, {m: A[m].T for m in A}, A, G, {m: G[m].T for m in G}))


def winograd_applies(window, stride, dilation, groups):
    """Tell whether filters are of the kind that is taken here; the tile takes all others."""
    return (*window, *stride, *dilation, groups) == (R, R, 1, 1, 1, 1, 1)


@lru_cache(maxsize=1024)
def winograd_pays(x, w, stride, padding, dilation, groups, dtype):
    """Tell whether single precision is asked, and squares save more than transforms cost."""
    large = (
        min(w[:2]) >= MIN_CHANNELS and min(positions(x[2:], w[2:], stride, padding, dilation)) > 2
    )
    return dtype == np.float32 and large and winograd_applies(w[2:], stride, dilation, groups)


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


def run_winograd(x, w, size, m, top):
    """Correlate maps x with filters w (F, C, 3, 3), as many at a time as there is room for."""
    dtype = np.result_type(x, w)
    x, (F, C), square = to_batch_last(x, dtype), w.shape[:2], (m + R - 1) ** 2
    y = aligned((*size, F, x.shape[-1]), dtype)
    some = filter_chunk(F, C * square * dtype.itemsize, filter_budget(x, w, y))
    blocking = choose_blocking(x, y, m, top, (C + some) * square * dtype.itemsize)
    for f in range(0, F, some):
        part = contiguous_copy(w[f : f + some].transpose(2, 3, 1, 0), dtype)
        w_hat = aligned((square, C, part.shape[-1]), dtype)
        parallel_for(
            transform_filters,
            part[0, 0].size,
            w_hat.reshape(square, -1),
            part.reshape(R * R, -1),
            m,
        )
        parallel_for(
            correlate_squares, block_count(*size, x.shape[-1], blocking), y, x, w_hat, f, blocking
        )
    return from_batch_last(y)


def conv2d_winograd(x, w, stride=ONE, padding=NONE, dilation=ONE, groups=1, m=4):
    """Correlate images with filters of 3 × 3, undilated, ungrouped, at stride one."""
    if not winograd_applies(w.shape[2:], stride, dilation, groups):
        return conv2d_tile(x, w, stride, padding, dilation, groups)
    (top, _), (left, _) = padding
    size = positions(x.shape[2:], w.shape[2:], stride, padding, dilation)
    return run_winograd(x, w, size, m, (top, left))


def conv2d_input_grad_winograd(
    y_bar, w, size, stride=ONE, padding=NONE, dilation=ONE, groups=1, m=4
):
    """Correlate the cotangents with the filters turned around, F channels in and C out."""
    if not winograd_applies(w.shape[2:], stride, dilation, groups):
        return conv2d_input_grad_tile(y_bar, w, size, stride, padding, dilation, groups)
    (top, _), (left, _) = padding
    turned = w[:, :, ::-1, ::-1].swapaxes(0, 1)
    return run_winograd(y_bar, turned, size, m, (R - 1 - top, R - 1 - left))


def conv2d_weight_grad_winograd(
    x, y_bar, window, stride=ONE, padding=NONE, dilation=ONE, groups=1, m=4
):
    """Transpose the algorithm with respect to its filters:  w̄ = Gᵀ [Σ (B x Bᵀ)(A ȳ Aᵀ)ᵀ] G."""
    if not winograd_applies(window, stride, dilation, groups):
        return conv2d_weight_grad_tile(x, y_bar, window, stride, padding, dilation, groups)
    (top, _), (left, _) = padding
    dtype = np.result_type(x, y_bar)
    x, y_bar = to_batch_last(x, dtype), to_batch_last(y_bar, dtype)
    C, F, size = x.shape[2], y_bar.shape[2], (m + R - 1) ** 2 * dtype.itemsize
    w_bar = aligned((R * R, C, F), dtype)
    some = gradient_chunk(C, F, thread_count() * size, filter_budget(x, y_bar, w_bar))
    blocking = choose_blocking(x, y_bar, m, (top, left), sum(some) * size)
    for c, f in product(range(0, C, some[0]), range(0, F, some[1])):
        part = w_bar[:, c : c + some[0], f : f + some[1]]
        part[...] = transformed_weight_grad(x, y_bar, c, f, part.shape, blocking)
    return w_bar.reshape(R, R, C, F).transpose(3, 2, 0, 1)


def transformed_weight_grad(x, y_bar, c, f, shape, blocking):
    """Compute the gradient (9, C, F) of some filters, from channel c and filter f on."""
    (P, Q, _, N), (_, C, F), m = y_bar.shape, shape, blocking.m
    parts = max(1, min(thread_count(), block_count(P, Q, N, blocking)))
    w_hats = aligned((parts, (m + R - 1) ** 2, C, F), x.dtype, np.zeros)
    parallel_for(accumulate_winograd_grad, parts, w_hats, x, y_bar, c, f, blocking)
    w_hat, w_bar = w_hats[0], aligned(shape, x.dtype)
    for more in w_hats[1:]:
        w_hat += more
    parallel_for(
        transform_filter_grads, C * F, w_bar.reshape(R * R, -1), w_hat.reshape(len(w_hat), -1), m
    )
    return w_bar
