"""Arithmetic, entry by entry, with NumPy's broadcasting; and the product of matrices.

Where a small array was broadcast to the shape of a large one, every copy of an entry
receives a cotangent of its own: `unbroadcast` adds them up.

Chapter: book/reverse.md.
"""

import math

import numpy as np

from dlcore.autodiff.dispatch import Traced, plain
from dlcore.autodiff.primitive import primitive
from dlcore.shapes import Tensor

BROADCAST = (("N D", "N D"), ("N D", "D"), ("N 1", "N D"), ("", "N D"))
MATRICES = (("N D", "D M"), ("D", "D M"), ("N D", "D"), ("D", "D"), ("C N D", "D M"))


def unbroadcast(y_bar, x):
    """Sum `y_bar` over the axes along which `x` was broadcast, back to the shape of `x`.

    >>> unbroadcast(np.ones((2, 3)), np.zeros(3))
    array([2., 2., 2.])
    """
    shape, wide = np.shape(x), np.shape(y_bar)
    if shape == wide:
        return y_bar
    new = len(wide) - len(shape)
    stretched = [new + i for i, n in enumerate(shape) if n == 1 and wide[new + i] != 1]
    return np.reshape(np.sum(y_bar, axis=(*range(new), *stretched)), shape)


@primitive(numpy=[np.add], shapes=BROADCAST)
def add(x: Tensor, z: Tensor) -> Tensor:
    """Add:  y = x + z, of any shapes that broadcast.

    >>> add(np.array([1.0, 2.0]), 3.0)
    array([4., 5.])
    """
    return np.add(x, z)


@add.defjvp
def add_jvp(y, x, z, x_dot, z_dot):
    return x_dot + z_dot + np.zeros_like(y)


@add.defvjp
def add_vjp(y, x, z, y_bar):
    return lambda: unbroadcast(y_bar, x), lambda: unbroadcast(y_bar, z)


@primitive(numpy=[np.subtract], shapes=BROADCAST)
def subtract(x: Tensor, z: Tensor) -> Tensor:
    """Subtract:  y = x - z, of any shapes that broadcast.

    >>> subtract(np.array([1.0, 2.0]), 3.0)
    array([-2., -1.])
    """
    return np.subtract(x, z)


@subtract.defjvp
def subtract_jvp(y, x, z, x_dot, z_dot):
    return x_dot - z_dot + np.zeros_like(y)


@subtract.defvjp
def subtract_vjp(y, x, z, y_bar):
    return lambda: unbroadcast(y_bar, x), lambda: -unbroadcast(y_bar, z)


@primitive(numpy=[np.multiply], shapes=BROADCAST)
def multiply(x: Tensor, z: Tensor) -> Tensor:
    """Multiply entry by entry:  y = x z, of any shapes that broadcast.

    >>> multiply(np.array([1.0, 2.0]), 3.0)
    array([3., 6.])
    """
    return np.multiply(x, z)


@multiply.defjvp
def multiply_jvp(y, x, z, x_dot, z_dot):
    return x_dot * z + x * z_dot


@multiply.defvjp
def multiply_vjp(y, x, z, y_bar):
    return lambda: unbroadcast(y_bar * z, x), lambda: unbroadcast(y_bar * x, z)


@primitive(numpy=[np.divide], shapes=BROADCAST, domain={"z": "nonzero"})
def divide(x: Tensor, z: Tensor) -> Tensor:
    """Divide:  y = x / z, of any shapes that broadcast.

    >>> divide(np.array([1.0, 2.0]), 4.0)
    array([0.25, 0.5 ])
    """
    return np.divide(x, z)


@divide.defjvp
def divide_jvp(y, x, z, x_dot, z_dot):
    return (x_dot - y * z_dot) / z


@divide.defvjp
def divide_vjp(y, x, z, y_bar):
    return lambda: unbroadcast(y_bar / z, x), lambda: -unbroadcast(y_bar * y / z, z)


def exponent(x, z):
    """Lower an exponent by one; where x and z are 0 it stays, for the slope of x⁰ is 0.

    >>> exponent(np.array([0.0, 0.0, 2.0]), np.array([0.0, 1.0, 0.0]))
    array([ 0.,  0., -1.])
    """
    if isinstance(z, int | float) and z != 0:
        return z - 1
    rest = (plain(x) == 0) & (plain(z) == 0)
    if not np.any(rest):
        return z - 1
    zero = np.zeros((), (z if hasattr(z, "dtype") else plain(x)).dtype)
    return np.where(rest, zero, z - 1)


def logarithm(x):
    """Take the logarithm of a base; that of 0 counts as 0, for 0ᶻ does not change with z > 0.

    >>> logarithm(np.array([0.0, 1.0])), logarithm(1.0)
    (array([0., 0.]), 0.0)
    """
    if isinstance(x, int | float):
        return math.log(x) if x > 0 else 0.0 if x == 0 else math.nan
    return np.log(np.where(plain(x) == 0, 1, x))


@primitive(numpy=[np.power], shapes=BROADCAST, domain={"x": "positive"})
def power(x: Tensor, z: Tensor) -> Tensor:
    """Raise to a power:  y = xᶻ, of any shapes that broadcast.

    The derivative with respect to z needs x ≥ 0; where z is a constant, x may be negative.
    At x = 0 that of x⁰ with respect to x is 0, and that of 0ᶻ with respect to z is 0.

    >>> power(np.array([1.0, -2.0]), 3.0)
    array([ 1., -8.])
    """
    return np.power(x, z)


def moves(dot):
    """Tell whether a tangent may be other than 0: a traced one may, whatever its value.

    >>> moves(np.zeros(2)), moves(np.array([0.0, 1.0]))
    (False, True)
    """
    return isinstance(dot, Traced) or bool(np.any(np.not_equal(dot, 0)))


@power.defjvp
def power_jvp(y, x, z, x_dot, z_dot):
    """A constant has no part: its factor may be infinite, or no number."""
    y_dot = np.zeros_like(y)
    if moves(x_dot):
        y_dot = y_dot + x_dot * (z * np.power(x, exponent(x, z)))
    if moves(z_dot):
        y_dot = y_dot + z_dot * (y * logarithm(x))
    return y_dot


@power.defvjp
def power_vjp(y, x, z, y_bar):
    return (
        lambda: unbroadcast(y_bar * (z * np.power(x, exponent(x, z))), x),
        lambda: unbroadcast(y_bar * (y * logarithm(x)), z),
    )


def share(x, z, y):
    """Say how much of the larger of x and z is x: all, none, or at a tie one half.

    The answer has the dtype of y, the larger itself.

    >>> share(np.array([2.0, 1.0, 0.0]), 1.0, np.array([2.0, 1.0, 1.0]))
    array([1. , 0.5, 0. ])
    """
    x, z = plain(x), plain(z)
    return np.where(x == z, 0.5, x > z).astype(y.dtype)


@primitive(numpy=[np.maximum], shapes=BROADCAST)
def maximum(x: Tensor, z: Tensor) -> Tensor:
    """Take the larger:  y = max(x, z); at a tie each receives half of the gradient.

    >>> maximum(np.array([-1.0, 2.0]), 0.0)
    array([0., 2.])
    """
    return np.maximum(x, z)


@maximum.defjvp
def maximum_jvp(y, x, z, x_dot, z_dot):
    return share(x, z, y) * x_dot + share(z, x, y) * z_dot


@maximum.defvjp
def maximum_vjp(y, x, z, y_bar):
    return (
        lambda: unbroadcast(share(x, z, y) * y_bar, x),
        lambda: unbroadcast(share(z, x, y) * y_bar, z),
    )


@primitive(numpy=[np.minimum], shapes=BROADCAST)
def minimum(x: Tensor, z: Tensor) -> Tensor:
    """Take the smaller:  y = min(x, z); at a tie each receives half of the gradient.

    >>> minimum(np.array([-1.0, 2.0]), 1.0)
    array([-1.,  1.])
    """
    return np.minimum(x, z)


@minimum.defjvp
def minimum_jvp(y, x, z, x_dot, z_dot):
    return share(z, x, y) * x_dot + share(x, z, y) * z_dot


@minimum.defvjp
def minimum_vjp(y, x, z, y_bar):
    return (
        lambda: unbroadcast(share(z, x, y) * y_bar, x),
        lambda: unbroadcast(share(x, z, y) * y_bar, z),
    )


def turned(x):
    """Exchange the last two axes.

    >>> turned(np.ones((2, 3, 4))).shape
    (2, 4, 3)
    """
    return np.swapaxes(x, -1, -2)


@primitive(numpy=[np.matmul], shapes=MATRICES)
def matmul(x: Tensor, w: Tensor) -> Tensor:
    """Multiply matrices:  y = x w; a vector is a row on the left, a column on the right.

    Leading axes broadcast, as in `numpy.matmul`, which raises ValueError where sizes disagree.

    >>> matmul(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 1.0]))
    array([3., 7.])
    """
    return np.matmul(x, w)


@matmul.defjvp
def matmul_jvp(y, x, w, x_dot, w_dot):
    return np.matmul(x_dot, w) + np.matmul(x, w_dot)


@matmul.defvjp
def matmul_vjp(y, x, w, y_bar):
    """Backwards:  x̄ = ȳ wᵀ,   w̄ = xᵀ ȳ, with every vector made a matrix for the moment."""
    left, right = x, w
    if np.ndim(x) == 1:
        left, y_bar = x[None, :], y_bar[..., None, :] if np.ndim(w) > 1 else y_bar[None]
    if np.ndim(w) == 1:
        right, y_bar = w[:, None], y_bar[..., None]
    return (
        lambda: np.reshape(unbroadcast(np.matmul(y_bar, turned(right)), left), np.shape(x)),
        lambda: np.reshape(unbroadcast(np.matmul(turned(left), y_bar), right), np.shape(w)),
    )
