"""Activations: functions of one number, applied to every entry.

The formulas are arranged so that no exponential overflows.

Chapter: book/activation.md.
"""

import math

import numpy as np

from dlcore.autodiff.primitive import primitive
from dlcore.kernels import activation as kernels
from dlcore.ops.numpy.elementary import tanh
from dlcore.ops.precision import kernel_applies
from dlcore.shapes import Tensor

__all__ = ["erf", "gelu", "leaky_relu", "relu", "sigmoid", "softplus", "tanh"]

SHAPE = [("N M",)]
KINK = {"x": "nonzero"}
ROOT_HALF = math.sqrt(0.5)  # a plain number takes the precision of the array that it meets
FAR = 40.0  # from here on the bell curve is zero in every precision


@primitive(shapes=SHAPE, domain=KINK)
def relu(x: Tensor) -> Tensor:
    """Keep what is positive:  y = max(0, x)."""
    return (kernels.relu if kernel_applies(x) else kernels.relu_naive)(x)


@relu.defjvp
def relu_jvp(y, x, x_dot):
    return x_dot * (y > 0)


@relu.defvjp
def relu_vjp(y, x, y_bar):
    return ((kernels.relu_grad if kernel_applies(y, y_bar) else kernels.relu_grad_naive)(y, y_bar),)


@primitive(shapes=SHAPE, domain=KINK, options={"slope": (0.01, 0.2)})
def leaky_relu(x: Tensor, *, slope=0.01) -> Tensor:
    """Keep what is positive, and a little of the rest.

    y = x where x > 0, slope · x elsewhere
    """
    return np.where(x > 0, x, slope * x)


@leaky_relu.defjvp
def leaky_relu_jvp(y, x, x_dot, slope=0.01):
    return np.where(x > 0, x_dot, slope * x_dot)


@leaky_relu.defvjp
def leaky_relu_vjp(y, x, y_bar, slope=0.01):
    return (np.where(x > 0, y_bar, slope * y_bar),)


@primitive(shapes=SHAPE)
def sigmoid(x: Tensor) -> Tensor:
    """Squash into (0, 1):  y = 1 / (1 + exp(-x)),  y' = y (1 - y)."""
    y = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, y) / (1 + y)


@sigmoid.defjvp
def sigmoid_jvp(y, x, x_dot):
    return x_dot * y * (1 - y)


@sigmoid.defvjp
def sigmoid_vjp(y, x, y_bar):
    return (y_bar * y * (1 - y),)


@primitive(shapes=SHAPE)
def softplus(x: Tensor) -> Tensor:
    """Round off the rectifier:  y = ln(1 + exp x),  y' = sigmoid x."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


@softplus.defjvp
def softplus_jvp(y, x, x_dot):
    return x_dot * sigmoid(x)


@softplus.defvjp
def softplus_vjp(y, x, y_bar):
    return (y_bar * sigmoid(x),)


@primitive(shapes=SHAPE, numpy=[kernels.erf])
def erf(x: Tensor) -> Tensor:
    """Integrate the bell curve:  y = 2/√π ∫₀ˣ exp(-s²) ds,  y' = 2/√π exp(-x²)."""
    return kernels.erf(x)


def erf_slope(x):
    """Differentiate the error function; far out it is flat, and squares stay finite."""
    near = np.minimum(np.absolute(x), FAR)
    return np.exp(-near * near) * (2 / math.sqrt(math.pi))


@erf.defjvp
def erf_jvp(y, x, x_dot):
    return x_dot * erf_slope(x)


@erf.defvjp
def erf_vjp(y, x, y_bar):
    return (y_bar * erf_slope(x),)


def bell(x):
    """Integrate the bell curve from the far left:  Φ(x) = (1 + erf(x/√2)) / 2."""
    return (1 + erf(x * ROOT_HALF)) / 2


def gelu_slope(x):
    """Differentiate x Φ(x):  Φ(x) + x φ(x), with the bell curve φ(x) = exp(-x²/2) / √(2π)."""
    return bell(x) + x * erf_slope(x * ROOT_HALF) * (ROOT_HALF / 2)


@primitive(shapes=SHAPE)
def gelu(x: Tensor) -> Tensor:
    """Weigh x by the chance that a normal number lies below it:  y = x Φ(x).

    Source: [Hendrycks2016]_.
    """
    return x * bell(x)


@gelu.defjvp
def gelu_jvp(y, x, x_dot):
    return x_dot * gelu_slope(x)


@gelu.defvjp
def gelu_vjp(y, x, y_bar):
    return (y_bar * gelu_slope(x),)
