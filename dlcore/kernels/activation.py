"""Activations, compiled: the ReLU, and a function that NumPy does not have.

Chapter: book/activation.md.
"""

import math

import numpy as np

from dlcore.kernels.machine.jit import elementwise, kernel
from dlcore.kernels.machine.threads import parallel_for

LARGE = 1 << 15  # entries that make a second thread worthwhile


def erf_naive(x):
    """Integrate the bell curve:  erf x = 2/√π ∫₀ˣ exp(-s²) ds, entry by entry."""
    return np.vectorize(math.erf, otypes=[x.dtype])(x)


@elementwise(["float32(float32)", "float64(float64)"])
def erf(x):
    """The same, compiled, for float32 and float64."""
    return math.erf(x)


def relu_naive(x):
    """Compute  y = max(0, x)."""
    return np.maximum(x, 0)


@kernel
def relu_part(start, stop, y, x):
    """The same from `start` to `stop`; a NaN stays."""
    y, x, zero = y[start:stop], x[start:stop], x.dtype.type(0)
    for i in range(x.size):
        y[i] = zero if x[i] < zero else x[i]


def relu(x):
    """The same, with the numbers in the order of memory."""
    y = np.empty_like(x)
    parallel_for(relu_part, x.size, y.ravel("K"), x.ravel("K"), least=LARGE)
    return y


def relu_grad_naive(y, y_bar):
    """Pull back:  x̄ = [y > 0] ȳ."""
    return y_bar * (y > 0)


@kernel
def relu_grad_part(start, stop, y, y_bar, x_bar):
    """The same from `start` to `stop`."""
    y, y_bar, x_bar = y[start:stop], y_bar[start:stop], x_bar[start:stop]
    zero = y.dtype.type(0)
    for i in range(y.size):
        bar = y_bar[i]
        x_bar[i] = bar if y[i] > zero else zero


def relu_grad(y, y_bar):
    """The same; x̄ lies in memory as y does."""
    x_bar = np.empty_like(y)
    if y_bar.strides != x_bar.strides:
        x_bar[...] = y_bar
        y_bar = x_bar
    parts = (each.ravel("K") for each in (y, y_bar, x_bar))
    parallel_for(relu_grad_part, y.size, *parts, least=LARGE)
    return x_bar
