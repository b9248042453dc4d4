"""Reverse mode by the letters of the page.

Chapter: book/reverse.md.
"""

import numpy as np

from dlcore import autodiff
from dlcore.experiments import reverse


def pullback(J, y_bar):
    """A cotangent pulled back through the linear map J."""
    return autodiff.vjp(lambda x: np.sum(J * x, axis=1), np.zeros(J.shape[1]))[1](y_bar)[0]


def polynomial_slope(x):
    """The slope of x² (x² + 1), by the tape."""
    return autodiff.grad(lambda x: x * x * (x * x + 1.0))(np.float64(x))


def broadcast_vjp(y_bar):
    """The cotangent of biases that were broadcast over the examples."""
    b = np.zeros(y_bar.shape[1])
    return autodiff.vjp(lambda b: b + np.zeros(y_bar.shape), b)[1](y_bar)[0]


def operations(mode):
    """Count the operations of a product of D numbers: its own, or with either mode."""
    return lambda D: reverse.costs(reverse.product, *np.arange(1.0, D + 1.0))[mode][0]


function_operations = operations("function")
reverse_operations = operations("reverse")
forward_operations = operations("forward")
