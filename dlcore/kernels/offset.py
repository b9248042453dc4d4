"""Offset and rectifier in one pass through memory, forwards and backwards.

A convolution leaves its result in memory; to add an offset, and then to rectify, would read and
write it twice more. Here one pass does both, in place if it may, and one pass back masks the
cotangent and adds it up.

Chapter: book/fast.md.
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


def add_bias_naive(x, b, relu):
    """Add an offset to every channel, and keep what is positive if asked to."""
    y = x + b[:, None, None]
    return np.maximum(y, 0) if relu else y


def add_bias_grad_naive(y, y_bar, relu):
    """Pull back:  x̄ = [y > 0] ȳ,   b̄ = Σ over n, p, q of x̄."""
    x_bar = np.where(y > 0, y_bar, 0) if relu else y_bar
    return x_bar, np.sum(x_bar, axis=(0, 2, 3))


@kernel
def add_bias_rows(start, stop, y, x, b, relu):
    """Do it for the pixels from `start` to `stop`; a NaN is no number below zero."""
    _, F, N = y.shape
    zero = y.dtype.type(0)
    for i in range(start, stop):
        for f in range(F):
            row, into, offset = x[i, f], y[i, f], b[f]
            for n in range(N):
                value = row[n] + offset
                into[n] = zero if relu and value < zero else value


@kernel
def add_bias_grad_rows(start, stop, y, y_bar, x_bar, sums, relu):
    """Mask the cotangent of each part of the pixels, and add it up image by image."""
    pixels, F, N = y.shape
    zero = y.dtype.type(0)
    for part in range(start, stop):
        for i in range(part * pixels // len(sums), (part + 1) * pixels // len(sums)):
            for f in range(F):
                row, bar, into, total = y[i, f], y_bar[i, f], x_bar[i, f], sums[part, f]
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
    """Add an offset to every channel, and keep what is positive if asked to, in one pass.

    Where the batch is innermost, x may be overwritten.
    """
    x = from_batch_last(to_batch_last(x))
    y = x if overwrite else empty_maps(*x.shape, x.dtype)
    parallel_for(
        add_bias_rows, x.shape[2] * x.shape[3], pixels(y), pixels(x), as_contiguous(b), relu
    )
    return y


def add_bias_grad(y, y_bar, relu):
    """Mask and add up in one pass. Without a rectifier x̄ is ȳ itself."""
    N, F, P, Q = y.shape
    y, y_bar = pixels(y), to_batch_last(y_bar)
    x_bar = to_batch_last(empty_maps(N, F, P, Q, y.dtype)) if relu else y_bar
    sums = aligned((thread_count() * PIECES, F, N), y.dtype, np.zeros)
    bars = (array.reshape(P * Q, F, N) for array in (y_bar, x_bar))
    parallel_for(add_bias_grad_rows, len(sums), y, *bars, sums, relu)
    return from_batch_last(x_bar), sums.sum(axis=(0, 2), dtype=np.float64).astype(y.dtype)
