"""Offset and rectifier in one pass through memory, forwards and backwards.

A convolution leaves its result in memory; to add an offset, and then to rectify, would read and
write it twice more. Here one pass does both, in place if it may, and one pass back masks the
cotangent and adds it up.

Chapter: book/fast.md.
"""

import numpy as np

from dlcore.kernels.machine.jit import kernel
from dlcore.kernels.machine.layout import aligned, empty_maps, gapless, innermost, outward
from dlcore.kernels.machine.threads import PIECES, share, threads


def shift_naive(x, b, rectify):
    """Add an offset to every channel, and keep what is positive if asked to."""
    y = x + b[:, None, None]
    return np.maximum(y, 0) if rectify else y


def shift_back_naive(y, y_bar, rectify):
    """Pull back:  x̄ = [y > 0] ȳ,   b̄ = Σ over n, p, q of x̄."""
    x_bar = np.where(y > 0, y_bar, 0) if rectify else y_bar
    return x_bar, np.sum(x_bar, axis=(0, 2, 3))


@kernel
def shift_rows(start, stop, y, x, b, rectify):
    """Do it for the pixels from `start` to `stop`; a NaN is no number below zero."""
    _, F, N = y.shape
    zero = y.dtype.type(0)
    for i in range(start, stop):
        for f in range(F):
            row, into, offset = x[i, f], y[i, f], b[f]
            for n in range(N):
                value = row[n] + offset
                into[n] = zero if rectify and value < zero else value


@kernel
def back_rows(start, stop, y, y_bar, x_bar, sums, rectify):
    """Mask the cotangent of each part of the pixels, and add it up image by image."""
    pixels, F, N = y.shape
    zero = y.dtype.type(0)
    for part in range(start, stop):
        for i in range(part * pixels // len(sums), (part + 1) * pixels // len(sums)):
            for f in range(F):
                row, bar, into, total = y[i, f], y_bar[i, f], x_bar[i, f], sums[part, f]
                if rectify:
                    for n in range(N):
                        given = bar[n]
                        into[n] = given if row[n] > zero else zero
                for n in range(N):
                    total[n] += into[n]


def pixels(x):
    """View images as (H W, C, N): a matrix for every pixel."""
    H, W, C, N = (x := innermost(x)).shape
    return x.reshape(H * W, C, N)


def shift(x, b, rectify, overwrite=False):
    """Add an offset to every channel, and keep what is positive if asked to, in one pass.

    Where the batch is innermost, x may be overwritten.
    """
    x = outward(innermost(x))
    y = x if overwrite else empty_maps(*x.shape, x.dtype)
    share(shift_rows, x.shape[2] * x.shape[3], pixels(y), pixels(x), gapless(b), rectify)
    return y


def shift_back(y, y_bar, rectify):
    """Mask and add up in one pass. Without a rectifier x̄ is ȳ itself."""
    N, F, P, Q = y.shape
    y, y_bar = pixels(y), innermost(y_bar)
    x_bar = innermost(empty_maps(N, F, P, Q, y.dtype)) if rectify else y_bar
    sums = aligned((threads() * PIECES, F, N), y.dtype, np.zeros)
    bars = (array.reshape(P * Q, F, N) for array in (y_bar, x_bar))
    share(back_rows, len(sums), y, *bars, sums, rectify)
    return outward(x_bar), sums.sum(axis=(0, 2), dtype=np.float64).astype(y.dtype)
