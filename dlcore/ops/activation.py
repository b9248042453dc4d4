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
ROOT_TWO_BY_PI = math.sqrt(2 / math.pi)
CUBIC = 0.044715  # of the approximation of the normal distribution by tanh [Hendrycks2016]_
FAR = 40.0  # from here on the bell curve is zero in every precision


@primitive(shapes=SHAPE, domain=KINK)
def relu(x: Tensor) -> Tensor:
    """Keep what is positive:  y = max(0, x)  [Nair2010]_.

    At x = 0 the derivative is 0.

    >>> relu(np.array([-2.0, 3.0]))
    array([0., 3.])
    """
    return (kernels.relu if kernel_applies(x) else kernels.relu_naive)(x)


@relu.defjvp
def relu_jvp(y, x, x_dot):
    return x_dot * (y > 0)


@relu.defvjp
def relu_vjp(y, x, y_bar):
    return ((kernels.relu_grad if kernel_applies(y, y_bar) else kernels.relu_grad_naive)(y, y_bar),)


@primitive(shapes=SHAPE, domain=KINK, options={"slope": (0.01, 0.2)})
def leaky_relu(x: Tensor, *, slope=0.01) -> Tensor:
    """Keep what is positive, and a small part of the rest  [Maas2013]_.

    y = x where x > 0, slope · x elsewhere

    >>> leaky_relu(np.array([-2.0, 3.0]), slope=0.5)
    array([-1.,  3.])
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
    """Squash into (0, 1):  y = 1 / (1 + exp(-x)),  y' = y (1 - y).

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
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
    """Smooth the ReLU:  y = ln(1 + exp x),  y' = sigmoid x  [Dugas2001]_.

    >>> softplus(np.array([0.0, 1000.0])).round(4).tolist()
    [0.6931, 1000.0]
    """
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


@softplus.defjvp
def softplus_jvp(y, x, x_dot):
    return x_dot * sigmoid(x)


@softplus.defvjp
def softplus_vjp(y, x, y_bar):
    return (y_bar * sigmoid(x),)


@primitive(shapes=SHAPE, numpy=[kernels.erf])
def erf(x: Tensor) -> Tensor:
    """Compute the error function:  y = 2/√π ∫₀ˣ exp(-s²) ds,  y' = 2/√π exp(-x²).

    >>> erf(np.array([0.0, 1.0])).round(4).tolist()
    [0.0, 0.8427]
    """
    y = kernels.erf(x)
    return y.astype(x.dtype) if getattr(x, "dtype", None) == np.float16 else y


def erf_slope(x):
    """Differentiate the error function; beyond |x| = 40 it is flat, and squares stay finite.

    >>> erf_slope(np.array([0.0, 1e200])).round(4).tolist()
    [1.1284, 0.0]
    """
    near = np.minimum(np.absolute(x), FAR)
    return np.exp(-near * near) * (2 / math.sqrt(math.pi))


@erf.defjvp
def erf_jvp(y, x, x_dot):
    return x_dot * erf_slope(x)


@erf.defvjp
def erf_vjp(y, x, y_bar):
    return (y_bar * erf_slope(x),)


def bell(x):
    """Compute the normal distribution function:  Φ(x) = (1 + erf(x/√2)) / 2.

    >>> bell(np.array([0.0, 1.0])).round(4).tolist()
    [0.5, 0.8413]
    """
    return (1 + erf(x * ROOT_HALF)) / 2


def gelu_slope(x):
    """Differentiate x Φ(x):  Φ(x) + x φ(x), with the normal density φ(x) = exp(-x²/2) / √(2π).

    >>> gelu_slope(np.array([0.0, 1.0])).round(4).tolist()
    [0.5, 1.0833]
    """
    return bell(x) + x * erf_slope(x * ROOT_HALF) * (ROOT_HALF / 2)


def bell_by_tanh(x):
    """Approximate Φ(x), the normal distribution, by  (1 + tanh √(2/π) (x + 0.044715 x³)) / 2.

    >>> bell_by_tanh(np.array([0.0, 1.0])).round(4).tolist()
    [0.5, 0.8412]
    """
    return (1 + np.tanh(ROOT_TWO_BY_PI * (x + CUBIC * x**3))) / 2


def gelu_slope_by_tanh(x):
    """Differentiate x times the approximation of Φ.

    >>> gelu_slope_by_tanh(np.array([0.0, 1.0])).round(4).tolist()
    [0.5, 1.083]
    """
    bell = bell_by_tanh(x)
    return bell + x * 2 * bell * (1 - bell) * ROOT_TWO_BY_PI * (1 + 3 * CUBIC * x**2)


@primitive(shapes=SHAPE, options={"approximate": ("none", "tanh")})
def gelu(x: Tensor, *, approximate="none") -> Tensor:
    """Weigh x by the probability that a standard normal number lies below it:  y = x Φ(x).

    With `approximate` "tanh" Φ is replaced by an older approximation, as networks were trained
    with. Raises ValueError for another word. Source: [Hendrycks2016]_.

    >>> gelu(np.array([-1.0, 0.0, 1.0])).round(4).tolist()
    [-0.1587, 0.0, 0.8413]
    """
    if approximate not in ("none", "tanh"):
        raise ValueError(f'gelu: approximate is {approximate!r}, use "none" or "tanh"')
    return x * (bell(x) if approximate == "none" else bell_by_tanh(x))


@gelu.defjvp
def gelu_jvp(y, x, x_dot, approximate="none"):
    return x_dot * (gelu_slope(x) if approximate == "none" else gelu_slope_by_tanh(x))


@gelu.defvjp
def gelu_vjp(y, x, y_bar, approximate="none"):
    return (y_bar * (gelu_slope(x) if approximate == "none" else gelu_slope_by_tanh(x)),)
