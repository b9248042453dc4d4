"""Activations and their slopes by the letters of the page.

Chapter: book/activation.md.
"""

import numpy as np

from dlcore.ops import activation
from dlcore.ops.linear import linear


def two_linear(x, w1, b1, w2, b2):
    """A linear map after a linear map."""
    return linear(linear(x, w1, b1), w2, b2)


def slope(name):
    """Read the slope of an activation off its vjp, with an upstream gradient of one."""

    def prime(x):
        f = getattr(activation, name)
        x = np.atleast_1d(x)
        return f.vjp(f(x), x, np.ones_like(x))[0][0]

    return prime


relu_slope = slope("relu")
tanh_slope = slope("tanh")
sigmoid_slope = slope("sigmoid")
softplus_slope = slope("softplus")
gelu_slope = slope("gelu")


def leaky_relu_slope(x, slope):
    """The same, of the leaky ReLU."""
    x = np.atleast_1d(x)
    f = activation.leaky_relu
    return f.vjp(f(x, slope=slope), x, np.ones_like(x), slope=slope)[0][0]


def backward(y_bar, y_prime):
    """The cotangent behind a function whose slope is known: a leaky ReLU's, at -1."""
    x = np.array([-1.0])
    f = activation.leaky_relu
    return f.vjp(f(x, slope=y_prime), x, np.array([y_bar]), slope=y_prime)[0][0]
