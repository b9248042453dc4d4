"""Pooling: one number for every window of every channel, the largest or the average.

The naive twins read as the definition. The kernels take images batch last: channels and images
are contiguous and independent of each other, and K = C N of them are pooled by the same steps.
Every row of the result is filled by one thread.

Of several largest entries the first counts, row by row; the first NaN is larger than all.

Chapter: book/pool.md.
"""

from typing import NamedTuple

import numpy as np

from dlcore.kernels.conv import NONE, ONE, positions
from dlcore.kernels.machine.jit import kernel
from dlcore.kernels.machine.layout import empty_maps, to_batch_last
from dlcore.kernels.machine.threads import parallel_for

BLOCK = 2048  # numbers of a row that stay in the first-level cache from tap to tap


class Windows(NamedTuple):
    """The windows of a pooling: their size, stride, and the first row and column of padding.

    `once` tells whether every pixel is in one window: then x̄ is written once, and not added to.
    """

    size: tuple
    stride: tuple
    corner: tuple
    once: bool


def window_slices(p, q, size, window, stride, padding):
    """Return the part of the image that window (p, q) covers: rows and columns."""
    axes = zip((p, q), size, window, stride, padding, strict=True)
    starts = [(at * s - before, H, U) for at, H, U, s, (before, _) in axes]
    return tuple(slice(max(i, 0), max(min(i + U, H), 0)) for i, H, U in starts)


def max_pool_naive(x, window, stride, padding):
    """Take the largest of every window:  y[n, c, p, q] = max_{u, v} x[n, c, p s + u, q s + v].

    The padding is no number: a window at the edge sees fewer entries.
    """
    (N, C), size = x.shape[:2], x.shape[2:]
    y = np.empty((N, C, *positions(size, window, stride, padding, ONE)), x.dtype)
    for n, c, p, q in np.ndindex(*y.shape):
        y[n, c, p, q] = np.max(x[n, c][window_slices(p, q, size, window, stride, padding)])
    return y


def max_pool_grad_naive(y, x, y_bar, window, stride, padding):
    """Add ȳ to the first of the largest entries:  x̄ += ȳ there, and nowhere else."""
    x_bar = np.zeros_like(x)
    for n, c, p, q in np.ndindex(*y_bar.shape):
        part = window_slices(p, q, x.shape[2:], window, stride, padding)
        first = np.unravel_index(np.argmax(x[n, c][part]), x[n, c][part].shape)
        x_bar[n, c][part][first] += y_bar[n, c, p, q]
    return x_bar


def avg_pool_naive(x, window, stride, padding):
    """Average every window:  y[n, c, p, q] = 1/UV Σ_{u, v} x[n, c, p s + u, q s + v].

    Outside the image is zero, and counts.
    """
    (N, C), size = x.shape[:2], x.shape[2:]
    y = np.empty((N, C, *positions(size, window, stride, padding, ONE)), x.dtype)
    for n, c, p, q in np.ndindex(*y.shape):
        part = x[n, c][window_slices(p, q, size, window, stride, padding)]
        y[n, c, p, q] = np.sum(part) / (window[0] * window[1])
    return y


def avg_pool_grad_naive(y_bar, size, window, stride, padding):
    """Add an equal part to every entry of the window:  x̄ += ȳ / UV."""
    x_bar = np.zeros((*y_bar.shape[:2], *size), y_bar.dtype)
    for n, c, p, q in np.ndindex(*y_bar.shape):
        part = window_slices(p, q, size, window, stride, padding)
        x_bar[n, c][part] += y_bar[n, c, p, q] / (window[0] * window[1])
    return x_bar


@kernel
def maximum_in_place(y, x):
    """Keep the larger of y and x in y; a NaN stays."""
    for k in range(y.size):
        best, other = y[k], x[k]
        y[k] = best if (best >= other) | np.isnan(best) else other


@kernel
def add_to_first_maximum(x_bar, rest, x, y, tiled):
    """Give what is `rest` to x where it is as large as y; then nothing is left."""
    zero = x.dtype.type(0)
    for k in range(x.size):
        found = (x[k] == y[k]) | np.isnan(x[k])
        given = rest[k] if found else zero
        rest[k] = zero if found else rest[k]
        x_bar[k] = given if tiled else x_bar[k] + given


@kernel
def add_scaled(y, x, part, first):
    """Add a part of x to y, or begin with it."""
    for k in range(y.size):
        y[k] = x[k] * part if first else y[k] + x[k] * part


@kernel
def max_rows(start, stop, x, y, window, stride, corner):
    """Fill rows of y with the largest of every window of x."""
    (H, W, K), Q, (U, V) = x.shape, y.shape[1], window
    for p in range(start, stop):
        for q in range(Q):
            i, j = p * stride[0] - corner[0], q * stride[1] - corner[1]
            for low in range(0, K, BLOCK):
                high = min(low + BLOCK, K)
                best = y[p, q, low:high]
                best[:] = x[max(i, 0), max(j, 0), low:high]
                for u in range(max(i, 0), min(i + U, H)):
                    for v in range(max(j, 0), min(j + V, W)):
                        maximum_in_place(best, x[u, v, low:high])


@kernel
def avg_rows(start, stop, x, y, window, stride, corner):
    """Fill rows of y with the average of every window of x."""
    (H, W, K), Q, (U, V) = x.shape, y.shape[1], window
    part = x.dtype.type(1 / (U * V))
    for p in range(start, stop):
        for q in range(Q):
            i, j = p * stride[0] - corner[0], q * stride[1] - corner[1]
            for low in range(0, K, BLOCK):
                high, first = min(low + BLOCK, K), True
                for u in range(max(i, 0), min(i + U, H)):
                    for v in range(max(j, 0), min(j + V, W)):
                        add_scaled(y[p, q, low:high], x[u, v, low:high], part, first)
                        first = False


@kernel
def windows_overlapping(start, stop, P, window, stride, corner):
    """List the windows that cover some of the rows from `start` to `stop`."""
    first = (start + corner[0] - window[0]) // stride[0] + 1
    return range(max(first, 0), min((stop - 1 + corner[0]) // stride[0] + 1, P))


@kernel
def max_grad_rows(start, stop, y, x, y_bar, x_bar, windows):
    """Fill strides of rows of x̄: a window gives its ȳ to the first entry as large as its y.

    What a window adds to other rows is discarded: the thread that fills those computes it again.
    """
    size, stride, corner, once = windows
    (H, W, K), (P, Q, _), (U, V) = x.shape, y.shape, size
    start, stop = start * stride[0], min(stop * stride[0], H)
    if not once:
        x_bar[start:stop] = 0
    memory, spilled = np.empty(BLOCK, x.dtype), np.empty(BLOCK, x.dtype)
    for p in windows_overlapping(start, stop, P, size, stride, corner):
        for q in range(Q):
            i, j = p * stride[0] - corner[0], q * stride[1] - corner[1]
            for low in range(0, K, BLOCK):
                high = min(low + BLOCK, K)
                best, rest = y[p, q, low:high], memory[: high - low]
                rest[:] = y_bar[p, q, low:high]
                for u in range(max(i, 0), min(i + U, H)):
                    for v in range(max(j, 0), min(j + V, W)):
                        own = start <= u < stop
                        into = x_bar[u, v, low:high] if own else spilled[: high - low]
                        add_to_first_maximum(into, rest, x[u, v, low:high], best, once)


@kernel
def avg_grad_rows(start, stop, y_bar, x_bar, windows):
    """Fill some strides of rows of x̄: a window gives ȳ / UV to every entry."""
    size, stride, corner, once = windows
    (H, W, K), (P, Q, _), (U, V) = x_bar.shape, y_bar.shape, size
    start, stop = start * stride[0], min(stop * stride[0], H)
    part = x_bar.dtype.type(1 / (U * V))
    if not once:
        x_bar[start:stop] = 0
    for p in windows_overlapping(start, stop, P, size, stride, corner):
        for q in range(Q):
            i, j = p * stride[0] - corner[0], q * stride[1] - corner[1]
            for low in range(0, K, BLOCK):
                high = min(low + BLOCK, K)
                for u in range(max(i, start), min(i + U, stop)):
                    for v in range(max(j, 0), min(j + V, W)):
                        add_scaled(x_bar[u, v, low:high], y_bar[p, q, low:high], part, once)


def merge_channels_and_batch(x):
    """View images as (H, W, K), channels and batch in one row."""
    H, W, C, N = (x := to_batch_last(x)).shape
    return x.reshape(H, W, C * N)


def window_offset(padding):
    """Return where the first window begins: so many rows above the image, columns beside it."""
    return padding[0][0], padding[1][0]


def windows_partition(size, window, stride, padding):
    """Tell whether every pixel is in one window: then it is written once, and not added to."""
    fits = all(H % U == 0 for H, U in zip(size, window, strict=True))
    return fits and window == stride and padding == NONE


def run_pool(rows, x, window, stride, padding):
    """Run a kernel on every window of x."""
    y = empty_maps(*x.shape[:2], *positions(x.shape[2:], window, stride, padding, ONE), x.dtype)
    x, into = merge_channels_and_batch(x), merge_channels_and_batch(y)
    parallel_for(rows, into.shape[0], x, into, window, stride, window_offset(padding))
    return y


def max_pool(x, window, stride, padding):
    """Take the largest of every window, tap by tap through whole rows of memory."""
    return run_pool(max_rows, x, window, stride, padding)


def avg_pool(x, window, stride, padding):
    """Average every window, tap by tap through whole rows of memory."""
    return run_pool(avg_rows, x, window, stride, padding)


def max_pool_grad(y, x, y_bar, window, stride, padding):
    """Find the largest entries again, tap by tap; the first that equals y receives ȳ."""
    x_bar = empty_maps(*x.shape, x.dtype)
    y, x, y_bar, into = map(merge_channels_and_batch, (y, x, y_bar, x_bar))
    once = windows_partition(x.shape[:2], window, stride, padding)
    strides = -(-len(x) // stride[0])
    windows = Windows(window, stride, window_offset(padding), once)
    parallel_for(max_grad_rows, strides, y, x, y_bar, into, windows)
    return x_bar


def avg_pool_grad(y_bar, size, window, stride, padding):
    """Divide every upstream gradient among its window, tap by tap."""
    x_bar = empty_maps(*y_bar.shape[:2], *size, y_bar.dtype)
    y_bar, into = merge_channels_and_batch(y_bar), merge_channels_and_batch(x_bar)
    once = windows_partition(size, window, stride, padding)
    strides = -(-len(into) // stride[0])
    windows = Windows(window, stride, window_offset(padding), once)
    parallel_for(avg_grad_rows, strides, y_bar, into, windows)
    return x_bar
