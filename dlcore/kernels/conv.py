"""Convolution as the definition reads, as one matrix product, and as compiled loops.

An algorithm is three functions, for the sum is linear in the image and in the filter:

    forward(x, w, …)                  y[n, f, p, q]
    input_grad(y_bar, w, size, …)     x_bar[n, c, h, l], for images of size (H, W)
    weight_grad(x, y_bar, window, …)  w_bar[f, c, u, v], for filters of size (U, V)

Each of them ends with the same four arguments: ``stride`` (a, b), ``padding`` ((top, bottom),
(left, right)), ``dilation`` (a, b), and ``groups``.

Chapter: book/conv.md.
"""

import numpy as np

from dlcore.kernels.machine.jit import kernel
from dlcore.kernels.machine.layout import (
    aligned,
    as_contiguous,
    empty_maps,
    from_batch_last,
    to_batch_last,
)
from dlcore.kernels.machine.threads import PIECES, parallel_for, thread_count

ONE, NONE = (1, 1), ((0, 0), (0, 0))


def positions(size, window, stride, padding, dilation):
    """Count the positions of a window:  P = ⌊(H + top + bottom - a (U - 1) - 1) / s⌋ + 1.

    >>> positions((32, 32), (5, 5), (1, 2), ((2, 2), (2, 2)), (1, 1))
    (32, 16)
    """
    axes = zip(size, window, stride, padding, dilation, strict=True)
    return tuple((H + sum(pad) - a * (U - 1) - 1) // s + 1 for H, U, s, pad, a in axes)


def receptive_field(f, p, q, w, stride, dilation, groups):
    """Return what filter f covers at (p, q) in a padded image: channels, rows, columns.

    Filters and channels are divided into as many groups: a filter covers those of its group.
    """
    F, C, *window = w
    first = f // (F // groups) * C
    starts = (at * s for at, s in zip((p, q), stride, strict=True))
    axes = zip(starts, window, dilation, strict=True)
    return slice(first, first + C), *(slice(i, i + a * (U - 1) + 1, a) for i, U, a in axes)


def conv2d_naive(x, w, stride=ONE, padding=NONE, dilation=ONE, groups=1):
    """Correlate a batch of images with a bank of filters, as the definition reads.

    y[n, f, p, q] = Σ_{c, u, v} x[n, c, p s + u a - top, q s + v a - left] w[f, c, u, v]
    """
    N, F, window = len(x), len(w), w.shape[2:]
    P, Q = positions(x.shape[2:], window, stride, padding, dilation)
    x = np.pad(x, ((0, 0), (0, 0), *padding))
    y = np.empty((N, F, P, Q), np.result_type(x, w))
    for n, f, p, q in np.ndindex(N, F, P, Q):
        y[n, f, p, q] = np.sum(
            x[n][receptive_field(f, p, q, w.shape, stride, dilation, groups)] * w[f]
        )
    return y


def conv2d_input_grad_naive(y_bar, w, size, stride=ONE, padding=NONE, dilation=ONE, groups=1):
    """Add to every pixel, for each output that it is part of:  x̄ += ȳ w."""
    (N, F, P, Q), C = y_bar.shape, w.shape[1] * groups
    padded = [H + sum(pad) for H, pad in zip(size, padding, strict=True)]
    x_bar = np.zeros((N, C, *padded), np.result_type(y_bar, w))
    for n, f, p, q in np.ndindex(N, F, P, Q):
        part = receptive_field(f, p, q, w.shape, stride, dilation, groups)
        x_bar[n][part] += y_bar[n, f, p, q] * w[f]
    (top, _), (left, _) = padding
    return x_bar[:, :, top : top + size[0], left : left + size[1]]


def conv2d_weight_grad_naive(x, y_bar, window, stride=ONE, padding=NONE, dilation=ONE, groups=1):
    """Add to every filter, for each of its outputs, what it covers:  w̄ += ȳ x."""
    (N, F, P, Q), C = y_bar.shape, x.shape[1] // groups
    x = np.pad(x, ((0, 0), (0, 0), *padding))
    w_bar = np.zeros((F, C, *window), np.result_type(x, y_bar))
    for n, f, p, q in np.ndindex(N, F, P, Q):
        part = receptive_field(f, p, q, w_bar.shape, stride, dilation, groups)
        w_bar[f] += y_bar[n, f, p, q] * x[n][part]
    return w_bar


def sliding_windows(x, window, stride, padding, dilation):
    """View what tap (u, v) of every window covers, without a copy but for the padding.

    The result has axes (N, C, P, Q, U, V).
    """
    P, Q = positions(x.shape[2:], window, stride, padding, dilation)
    if np.any(padding):
        x = np.pad(x, ((0, 0), (0, 0), *padding))
    rows, columns = x.strides[2:]
    (a, b), (e, g) = stride, dilation
    strides = *x.strides[:2], a * rows, b * columns, e * rows, g * columns
    return np.lib.stride_tricks.as_strided(x, (*x.shape[:2], P, Q, *window), strides)


def columns(x, window, stride, padding, dilation, groups):
    """Copy every window into a column of its own:  (groups, C U V, N P Q).

    A pixel is copied once for every window that covers it: the cost of a single product.
    """
    N, C = x.shape[:2]
    views = sliding_windows(x, window, stride, padding, dilation)
    return views.transpose(1, 4, 5, 0, 2, 3).reshape(groups, C // groups * np.prod(window), -1)


def by_filter(y, groups):
    """Bring maps (N, F, P, Q) to the order of a product:  (groups, F/groups, N P Q)."""
    return y.transpose(1, 0, 2, 3).reshape(groups, y.shape[1] // groups, -1)


def conv2d_im2col(x, w, stride=ONE, padding=NONE, dilation=ONE, groups=1):
    """Multiply the filters, a row each, with the columns: one product for the whole batch."""
    N, F, window = len(x), len(w), w.shape[2:]
    P, Q = positions(x.shape[2:], window, stride, padding, dilation)
    rows = w.reshape(groups, F // groups, -1)
    y = rows @ columns(x, window, stride, padding, dilation, groups)
    return y.reshape(F, N, P, Q).transpose(1, 0, 2, 3)


def conv2d_input_grad_im2col(y_bar, w, size, stride=ONE, padding=NONE, dilation=ONE, groups=1):
    """Multiply transposed, then add every column to the pixels that it was copied from."""
    (N, F, P, Q), (_, C, U, V) = y_bar.shape, w.shape
    rows = w.reshape(groups, F // groups, -1)
    bars = rows.transpose(0, 2, 1) @ by_filter(y_bar, groups)
    bars = bars.reshape(C * groups, U, V, N, P, Q).transpose(3, 0, 4, 5, 1, 2)
    (top, bottom), (left, right) = padding
    H, W = size
    x_bar = np.zeros((N, C * groups, top + H + bottom, left + W + right), bars.dtype)
    views = sliding_windows(x_bar, (U, V), stride, NONE, dilation)
    for u, v in np.ndindex(U, V):  # within a tap no two windows share a pixel
        views[..., u, v] += bars[..., u, v]
    return x_bar[:, :, top : top + H, left : left + W]


def conv2d_weight_grad_im2col(x, y_bar, window, stride=ONE, padding=NONE, dilation=ONE, groups=1):
    """Multiply the upstream gradients with the columns:  w̄ = ȳ columnsᵀ."""
    F, C = y_bar.shape[1], x.shape[1] // groups
    copies = columns(x, window, stride, padding, dilation, groups)
    return (by_filter(y_bar, groups) @ copies.transpose(0, 2, 1)).reshape(F, C, *window)


@kernel
def conv2d_loops(x, w, stride=ONE, padding=NONE, dilation=ONE, groups=1):
    """Write out every loop of the definition; a tap outside the image is skipped."""
    (N, _, H, W), (F, C, U, V) = x.shape, w.shape
    (a, b), (e, g), ((top, bottom), (left, right)) = stride, dilation, padding
    P = (H + top + bottom - e * (U - 1) - 1) // a + 1
    Q = (W + left + right - g * (V - 1) - 1) // b + 1
    y = np.zeros((N, F, P, Q), x.dtype)
    for n in range(N):
        for f in range(F):
            first = f // (F // groups) * C
            for c in range(C):
                for u in range(U):
                    for v in range(V):
                        for p in range(P):
                            i = p * a + u * e - top
                            if 0 <= i < H:
                                for q in range(Q):
                                    j = q * b + v * g - left
                                    if 0 <= j < W:
                                        y[n, f, p, q] += x[n, first + c, i, j] * w[f, c, u, v]
    return y


@kernel
def conv2d_input_grad_loops(y_bar, w, size, stride=ONE, padding=NONE, dilation=ONE, groups=1):
    """Run the same loops, and add to the pixel what the definition takes from it."""
    (N, F, P, Q), (_, C, U, V), (H, W) = y_bar.shape, w.shape, size
    (a, b), (e, g), ((top, _), (left, _)) = stride, dilation, padding
    x_bar = np.zeros((N, C * groups, H, W), y_bar.dtype)
    for n in range(N):
        for f in range(F):
            first = f // (F // groups) * C
            for c in range(C):
                for u in range(U):
                    for v in range(V):
                        for p in range(P):
                            i = p * a + u * e - top
                            if 0 <= i < H:
                                for q in range(Q):
                                    j = q * b + v * g - left
                                    if 0 <= j < W:
                                        tap = y_bar[n, f, p, q] * w[f, c, u, v]
                                        x_bar[n, first + c, i, j] += tap
    return x_bar


@kernel
def conv2d_weight_grad_loops(x, y_bar, window, stride=ONE, padding=NONE, dilation=ONE, groups=1):
    """Run the same loops once more, and add to the tap."""
    (N, channels, H, W), (_, F, P, Q), (U, V) = x.shape, y_bar.shape, window
    (a, b), (e, g), ((top, _), (left, _)) = stride, dilation, padding
    C = channels // groups
    w_bar = np.zeros((F, C, U, V), x.dtype)
    for n in range(N):
        for f in range(F):
            first = f // (F // groups) * C
            for c in range(C):
                for u in range(U):
                    for v in range(V):
                        for p in range(P):
                            i = p * a + u * e - top
                            if 0 <= i < H:
                                for q in range(Q):
                                    j = q * b + v * g - left
                                    if 0 <= j < W:
                                        tap = x[n, first + c, i, j] * y_bar[n, f, p, q]
                                        w_bar[f, c, u, v] += tap
    return w_bar


def add_bias_naive(x, b, relu):
    """Add a bias to every channel, and apply the ReLU if asked to."""
    y = x + b[:, None, None]
    return np.maximum(y, 0) if relu else y


def add_bias_grad_naive(y, y_bar, relu):
    """Pull back:  x̄ = [y > 0] ȳ,   b̄ = Σ over n, p, q of x̄."""
    x_bar = np.where(y > 0, y_bar, 0) if relu else y_bar
    return x_bar, np.sum(x_bar, axis=(0, 2, 3))


@kernel
def add_bias_rows(start, stop, y, x, b, relu):
    """Do so for the pixels from `start` to `stop`; a NaN stays."""
    _, F, N = y.shape
    zero = y.dtype.type(0)
    for i in range(start, stop):
        for f in range(F):
            row, into, bias = x[i, f], y[i, f], b[f]
            for n in range(N):
                value = row[n] + bias
                into[n] = zero if relu and value < zero else value


@kernel
def add_bias_grad_rows(start, stop, y, y_bar, x_bar, sums, relu):
    """Mask ȳ in each part of the pixels, and sum it image by image."""
    pixels, F, N = y.shape
    zero = y.dtype.type(0)
    for part in range(start, stop):
        for i in range(part * pixels // len(sums), (part + 1) * pixels // len(sums)):
            for f in range(F):
                row, bar = y[i, f], y_bar[i, f]
                into, total = x_bar[i, f], sums[part, f]
                if relu:
                    for n in range(N):
                        given = bar[n]
                        into[n] = given if row[n] > zero else zero
                for n in range(N):
                    total[n] += into[n]


def pixels(x):
    """View images as (H W, C, N): a matrix for every pixel."""
    H, W, C, N = (x := to_batch_last(x)).shape
    return x.reshape(H * W, C, N)


def add_bias(x, b, relu, overwrite=False):
    """Add a bias to every channel, and apply the ReLU if asked to, in one pass through memory.

    y = x + b,  or  max(0, x + b),  (N, C, H, W) and (C,) → (N, C, H, W), in the dtype of x. With
    `overwrite`, y takes the memory of x where x lies batch last.
    """
    x = from_batch_last(to_batch_last(x))
    y = x if overwrite else empty_maps(*x.shape, x.dtype)
    parallel_for(
        add_bias_rows, x.shape[2] * x.shape[3], pixels(y), pixels(x), as_contiguous(b), relu
    )
    return y


def add_bias_grad(y, y_bar, relu):
    """Compute x̄ = [y > 0] ȳ and b̄ in one pass; without the ReLU x̄ is ȳ itself."""
    N, F, P, Q = y.shape
    y, y_bar = pixels(y), to_batch_last(y_bar)
    x_bar = to_batch_last(empty_maps(N, F, P, Q, y.dtype)) if relu else y_bar
    sums = aligned((thread_count() * PIECES, F, N), y.dtype, np.zeros)
    bars = (array.reshape(P * Q, F, N) for array in (y_bar, x_bar))
    parallel_for(add_bias_grad_rows, len(sums), y, *bars, sums, relu)
    return from_batch_last(x_bar), sums.sum(axis=(0, 2), dtype=np.float64).astype(y.dtype)
