"""Sums and maps of the channels of images: what normalisation is compiled to.

Images are (pixels, C, N) in memory, or they are neighbouring channels of wider ones: then the rows
of a pixel are those of the wider images, and only the first C of them are read or written. C is
the number of channels that the map, or the sums, are given for.

A channel is summed in the precision of x over the images of a pixel, and in double precision
across the pixels of a part. The parts are the same for any number of threads, and so are the bits.
The mean of the first pixel is subtracted before squares are added, and the mean before anything
is scaled: nothing cancels, however far from zero the numbers are.

Chapter: book/norm.md.
"""

from typing import NamedTuple

import numpy as np

from dlcore.kernels.machine.jit import kernel, summing_kernel

PARTS = 32  # of the pixels, each with sums of its own
FEW_PARTS = 4  # where each has a sum for every channel of every image


class ChannelMap(NamedTuple):
    """The map  y = max(least, a (x - m) + b)  of every channel, with arrays (C,).

    It is  γ (x - μ)/σ + β,  with a = γ/σ; m is μ in the precision of x, `offset` is μ - m, and b
    corrects for it. `least` is 0 for a ReLU, otherwise -∞.
    """

    m: np.ndarray
    a: np.ndarray
    b: np.ndarray
    least: np.floating
    offset: np.ndarray
    sigma: np.ndarray


def channel_map(mean, var, gamma, beta, eps, relu=False):
    """Compute the map of every channel in double precision, then round it to that of γ."""
    number = gamma.dtype.type
    sigma = np.sqrt(var.astype(np.float64) + eps)
    m = mean.astype(number)
    offset = np.subtract(mean, m, dtype=np.float64)
    a = (gamma / sigma).astype(number)
    b = (beta - a * offset).astype(number)
    return ChannelMap(m, a, b, number(0 if relu else -np.inf), offset, sigma)


@kernel
def difference(x, m):
    """Subtract; the result is exact where x and m are close to each other."""
    return x - m


@kernel
def mapped(x, m, a, b):
    """Compute  a (x - m) + b,  with the same bits wherever it is needed."""
    return a * (x - m) + b


@summing_kernel
def row_moments(row, m):
    """Add up  x - m  and  (x - m)²  over the images."""
    total = squares = row.dtype.type(0)
    for n in range(row.size):
        gap = difference(row[n], m)
        total += gap
        squares += gap * gap
    return total, squares


@kernel
def first_means(x, C):
    """Average the first pixel of each of C channels over the images."""
    N = x.shape[2]
    means = np.empty(C, x.dtype)
    for c in range(C):
        first = x[0, c, 0]
        means[c] = first + row_moments(x[0, c], first)[0] / N
    return means


@kernel
def moment_parts(start, stop, x, origins, sums):
    """Add up  x - o  and  (x - o)²  of every channel, in each part of the pixels."""
    P, C = len(x), len(origins)
    for part in range(start, stop):
        for i in range(part * P // len(sums), (part + 1) * P // len(sums)):
            for c in range(C):
                total, squares = row_moments(x[i, c], origins[c])
                sums[part, 0, c] += total
                sums[part, 1, c] += squares


@kernel
def normalize_pixels(start, stop, y, x, map):
    """Compute  y  for the pixels from `start` to `stop`."""
    C, N = len(map.m), x.shape[2]
    least = map.least
    for i in range(start, stop):
        for c in range(C):
            row, into, m, a, b = x[i, c], y[i, c], map.m[c], map.a[c], map.b[c]
            for n in range(N):
                value = mapped(row[n], m, a, b)
                into[n] = least if value < least else value


@kernel
def normalize_add_relu_pixels(start, stop, y, x, shortcut, map):
    """Compute  max(0, a (x - m) + b + s)  for the pixels from `start` to `stop`; a NaN stays."""
    C, N = len(map.m), x.shape[2]
    zero = x.dtype.type(0)
    for i in range(start, stop):
        for c in range(C):
            m, a, b = map.m[c], map.a[c], map.b[c]
            row, more, into = x[i, c], shortcut[i, c], y[i, c]
            for n in range(N):
                value = mapped(row[n], m, a, b) + more[n]
                into[n] = zero if value < zero else value


@summing_kernel
def row_grads(row, bar, m, a, b, least):
    """Add up  g  and  g (x - m)  over the images, with  g = [y > least] ȳ.

    The mask is a factor: a choice would become a masked load, which is not fetched ahead.
    """
    zero, one = row.dtype.type(0), row.dtype.type(1)
    total = along = zero
    for n in range(row.size):
        g = bar[n] * (one if mapped(row[n], m, a, b) > least else zero)
        total += g
        along += g * difference(row[n], m)
    return total, along


@kernel
def grad_parts(start, stop, x, y_bar, map, sums):
    """Add up  g  and  g (x - m)  of every channel, in each part of the pixels."""
    P, C = len(x), len(map.m)
    for part in range(start, stop):
        for i in range(part * P // len(sums), (part + 1) * P // len(sums)):
            for c in range(C):
                m, a, b = map.m[c], map.a[c], map.b[c]
                total, along = row_grads(x[i, c], y_bar[i, c], m, a, b, map.least)
                sums[part, 0, c] += total
                sums[part, 1, c] += along


@kernel
def masked_grad_parts(start, stop, x, y_bar, map, y, g, sums):
    """Fill  g = [y > 0] ȳ,  and add it up as `grad_parts` does; the map has no ReLU."""
    P, C, N = len(x), len(map.m), x.shape[2]
    zero, one = y.dtype.type(0), y.dtype.type(1)
    for part in range(start, stop):
        for i in range(part * P // len(sums), (part + 1) * P // len(sums)):
            for c in range(C):
                m, a, b = map.m[c], map.a[c], map.b[c]
                row, bar, into = y[i, c], y_bar[i, c], g[i, c]
                for n in range(N):
                    into[n] = bar[n] * (one if row[n] > zero else zero)
                total, along = row_grads(x[i, c], into, m, a, b, map.least)
                sums[part, 0, c] += total
                sums[part, 1, c] += along


@kernel
def combine_pixels(start, stop, x_bar, x, y_bar, map, f, h):
    """Compute  x̄ = a g + f (x - m) + h,  with g as above, for the pixels of a range."""
    C, N = len(map.m), x.shape[2]
    zero, one, least = x.dtype.type(0), x.dtype.type(1), map.least
    for i in range(start, stop):
        for c in range(C):
            row, bar, into = x[i, c], y_bar[i, c], x_bar[i, c]
            m, a, b, slope, shift = map.m[c], map.a[c], map.b[c], f[c], h[c]
            for n in range(N):
                keep = one if mapped(row[n], m, a, b) > least else zero
                into[n] = a * (bar[n] * keep) + slope * (row[n] - m) + shift


@summing_kernel
def row_hat_grads(row, bar, into, m, a, b, gamma):
    """Add  γ g  to `into`, where  g = [y > 0] ȳ,  and add up  g  and  g (x - m)."""
    zero, one = row.dtype.type(0), row.dtype.type(1)
    total = along = zero
    for n in range(row.size):
        g = bar[n] * (one if mapped(row[n], m, a, b) > zero else zero)
        into[n] += gamma * g
        total += g
        along += g * difference(row[n], m)
    return total, along


@kernel
def hat_grad_parts(start, stop, x, y_bar, hat_bar, map, gamma, sums):
    """Add  γ g  to the gradient of x̂, and add up  g  and  g (x - m)  in each part."""
    P, C = len(x), len(map.m)
    for part in range(start, stop):
        for i in range(part * P // len(sums), (part + 1) * P // len(sums)):
            for c in range(C):
                m, a, b, into = map.m[c], map.a[c], map.b[c], hat_bar[i, c]
                total, along = row_hat_grads(x[i, c], y_bar[i, c], into, m, a, b, gamma[c])
                sums[part, 0, c] += total
                sums[part, 1, c] += along


@kernel
def image_moment_parts(start, stop, x, origins, sums):
    """Add up  x - o  and  (x - o)²  of every channel and image, in each part of the pixels."""
    P, C, N = x.shape
    for part in range(start, stop):
        for i in range(part * P // len(sums), (part + 1) * P // len(sums)):
            for c in range(C):
                row, origin = x[i, c], origins[c]
                total, squares = sums[part, 0, c], sums[part, 1, c]
                for n in range(N):
                    gap = np.float64(row[n]) - np.float64(origin[n])
                    total[n] += gap
                    squares[n] += gap * gap


@kernel
def image_grad_parts(start, stop, x, y_bar, m, sums):
    """Add up  ȳ  and  ȳ (x - m)  of every channel and image, in each part of the pixels."""
    P, C, N = x.shape
    for part in range(start, stop):
        for i in range(part * P // len(sums), (part + 1) * P // len(sums)):
            for c in range(C):
                row, bar, before = x[i, c], y_bar[i, c], m[c]
                total, along = sums[part, 0, c], sums[part, 1, c]
                for n in range(N):
                    total[n] += bar[n]
                    along[n] += np.float64(bar[n]) * (row[n] - before[n])


@kernel
def normalize_image_pixels(start, stop, y, x, m, a, b):
    """Compute  y = a (x - m) + b,  with m, a and b (C, N), for a range of pixels."""
    _, C, N = x.shape
    for i in range(start, stop):
        for c in range(C):
            row, into, before, slope, after = x[i, c], y[i, c], m[c], a[c], b[c]
            for n in range(N):
                into[n] = slope[n] * (row[n] - before[n]) + after[n]


@kernel
def combine_image_pixels(start, stop, x_bar, x, y_bar, map, f, h):
    """Compute  x̄ = a ȳ + f (x - m) + h,  with arrays (C, N), for a range of pixels."""
    _, C, N = x.shape
    for i in range(start, stop):
        for c in range(C):
            row, bar, into = x[i, c], y_bar[i, c], x_bar[i, c]
            before, a, slope, shift = map.m[c], map.a[c], f[c], h[c]
            for n in range(N):
                into[n] = a[n] * bar[n] + slope[n] * (row[n] - before[n]) + shift[n]
