"""Sums and maps of the channels of images: what normalisation is compiled to.

Images are (pixels, C, N) in memory. Where pixels are summed, a thread has some channels to
itself and adds their pixels in one order, in double precision: the bits do not depend on the
number of threads. A first number of the channel is subtracted before squares are added, and the
mean before anything is scaled: nothing cancels, however far the mean is from zero.

Chapter: book/norm.md.
"""

from typing import NamedTuple

import numpy as np

from dlcore.kernels.machine.jit import kernel

BLOCK = 512  # numbers of a pixel that are added at a time: their sums stay in the nearest cache


class ChannelMap(NamedTuple):
    """The map  γ (x - μ)/σ + β = a (x - m) + b  of every channel; arrays (C,).

    m, a and b have the precision of x, and b corrects what m rounds off μ; `offset` is μ - m.
    """

    m: np.ndarray
    a: np.ndarray
    b: np.ndarray
    offset: np.ndarray
    sigma: np.ndarray


def channel_map(mean, var, gamma, beta, eps):
    """Compute the map of every channel in double precision, then round it to that of γ."""
    sigma = np.sqrt(var.astype(np.float64) + eps)
    m = mean.astype(gamma.dtype)
    offset = np.subtract(mean, m, dtype=np.float64)
    a = gamma / sigma
    b = beta - a * offset
    return ChannelMap(m, a.astype(gamma.dtype), b.astype(gamma.dtype), offset, sigma)


@kernel
def moment_channels(start, stop, x, mean, var, sums):
    """Compute mean and variance of the channels from `start` to `stop`."""
    P, _, N = x.shape
    step = max(1, BLOCK // N)
    for low in range(start, stop, step):
        high = min(low + step, stop)
        sums[:, low:high] = 0
        for i in range(P):
            for c in range(low, high):
                row, first, total, squares = x[i, c], np.float64(x[0, c, 0]), sums[0, c], sums[1, c]
                for n in range(N):
                    gap = row[n] - first
                    total[n] += gap
                    squares[n] += gap * gap
        for c in range(low, high):
            gap = sums[0, c].sum() / (P * N)
            spread = sums[1, c].sum() / (P * N) - gap * gap
            mean[c] = x[0, c, 0] + gap
            var[c] = 0 if spread < 0 else spread


@kernel
def normalize_pixels(start, stop, y, x, map, relu):
    """Compute  a (x - m) + b  for the pixels from `start` to `stop`; a NaN stays."""
    _, C, N = x.shape
    zero = x.dtype.type(0)
    for i in range(start, stop):
        for c in range(C):
            row, into, m, a, b = x[i, c], y[i, c], map.m[c], map.a[c], map.b[c]
            for n in range(N):
                value = a * (row[n] - m) + b
                into[n] = zero if relu and value < zero else value


@kernel
def normalize_add_relu_pixels(start, stop, y, x, shortcut, map):
    """Compute  max(0, a (x - m) + b + s)  for the pixels from `start` to `stop`; a NaN stays."""
    _, C, N = x.shape
    zero = x.dtype.type(0)
    for i in range(start, stop):
        for c in range(C):
            row, more, into, m, a, b = (
                x[i, c],
                shortcut[i, c],
                y[i, c],
                map.m[c],
                map.a[c],
                map.b[c],
            )
            for n in range(N):
                value = a * (row[n] - m) + b + more[n]
                into[n] = zero if value < zero else value


@kernel
def add_grads(total, along, row, bar, m, a, b, relu):
    """Add  g = [y > 0] ȳ  and  g (x - m)  of one pixel; without a ReLU g is ȳ."""
    zero = row.dtype.type(0)
    for n in range(row.size):
        gap = row[n] - m
        g = bar[n] if not relu or a * gap + b > zero else zero
        total[n] += g
        along[n] += np.float64(g) * gap


@kernel
def combine_grads(into, row, bar, m, a, b, relu, f, h):
    """Compute  x̄ = a g + f (x - m) + h  of one pixel."""
    zero = row.dtype.type(0)
    for n in range(row.size):
        gap = row[n] - m
        g = bar[n] if not relu or a * gap + b > zero else zero
        into[n] = a * g + f * gap + h


class GradTask(NamedTuple):
    """What a backward pass reads and fills:  x and x̄,  the map, and sums of g and g (x - μ).

    `sums` (2, C) are those of channels, `lanes` (2, C, N) those of channels and images. With
    `fixed` statistics x̄ is a g; otherwise two further paths lead through mean and variance.
    """

    x: np.ndarray
    x_bar: np.ndarray
    map: ChannelMap
    sums: np.ndarray
    lanes: np.ndarray
    fixed: bool


@kernel
def slopes_of(c, task):
    """Return f and h of  x̄ = a g + f (x - m) + h,  which is a (g - mean g - x̂ mean(g x̂))."""
    if task.fixed:
        return 0.0, 0.0
    P, _, N = task.x.shape
    a, offset, sigma = task.map.a[c], task.map.offset[c], task.map.sigma[c]
    f = -a * task.sums[1, c] / (P * N * sigma * sigma)
    return f, -a * task.sums[0, c] / (P * N) - f * offset


@kernel
def grad_channels(start, stop, y_bar, task, relu):
    """Sum the gradients of the channels from `start` to `stop`, then fill those of x̄."""
    x, x_bar, map, sums, lanes, _ = task
    P, _, N = x.shape
    number = x.dtype.type
    step = max(1, BLOCK // N)
    for low in range(start, stop, step):
        high = min(low + step, stop)
        lanes[:, low:high] = 0
        for i in range(P):
            for c in range(low, high):
                m, a, b = map.m[c], map.a[c], map.b[c]
                add_grads(lanes[0, c], lanes[1, c], x[i, c], y_bar[i, c], m, a, b, relu)
        for c in range(low, high):
            sums[0, c] = lanes[0, c].sum()
            sums[1, c] = lanes[1, c].sum() - map.offset[c] * sums[0, c]
        for i in range(P):
            for c in range(low, high):
                f, h = slopes_of(c, task)
                into, m, a, b = x_bar[i, c], map.m[c], map.a[c], map.b[c]
                combine_grads(into, x[i, c], y_bar[i, c], m, a, b, relu, number(f), number(h))


@kernel
def masked_grad_channels(start, stop, y, y_bar, g, task):
    """Fill the channels of  g = [y > 0] ȳ,  the gradient by the shortcut, then those of x̄."""
    P, _, N = y.shape
    zero = y.dtype.type(0)
    step = max(1, BLOCK // N)
    for low in range(start, stop, step):
        high = min(low + step, stop)
        for i in range(P):
            for c in range(low, high):
                row, bar, into = y[i, c], y_bar[i, c], g[i, c]
                for n in range(N):
                    into[n] = bar[n] if row[n] > zero else zero
        grad_channels(low, high, g, task, False)
