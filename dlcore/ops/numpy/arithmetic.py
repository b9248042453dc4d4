"""Arithmetic, entry by entry, with NumPy's broadcasting; and the product of matrices.

Where a small array was stretched to meet a large one, every copy of an entry
receives a cotangent of its own: `unbroadcast` adds them up.

Chapter: book/reverse.md.
"""

import numpy as np

from dlcore.autodiff.dispatch import implements, plain
from dlcore.autodiff.primitive import primitive
from dlcore.shapes import Mask, Tensor

BROADCAST = (("N D", "N D"), ("N D", "D"), ("N 1", "N D"), ("", "N D"))
MATRICES = (("N D", "D M"), ("D", "D M"), ("N D", "D"), ("D", "D"), ("C N D", "D M"))
CHOICE = (("N D", "N D", "N D"), ("N 1", "D", "N D"))


def unbroadcast(y_bar, x):
    """Sum `y_bar` over the axes along which `x` was stretched, back to the shape of `x`.

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


@primitive(numpy=[np.power], shapes=BROADCAST, domain={"x": "positive"})
def power(x: Tensor, z: Tensor) -> Tensor:
    """Raise to a power:  y = xᶻ, of any shapes that broadcast.

    The derivative with respect to z needs x > 0; where z is a constant, x may be negative.

    >>> power(np.array([1.0, -2.0]), 3.0)
    array([ 1., -8.])
    """
    return np.power(x, z)


@power.defjvp
def power_jvp(y, x, z, x_dot, z_dot):
    """The logarithm is left alone where the exponent is a constant: x may be negative then."""
    y_dot = x_dot * z * np.power(x, z - 1)
    return y_dot if np.all(plain(z_dot) == 0) else y_dot + z_dot * y * np.log(x)


@power.defvjp
def power_vjp(y, x, z, y_bar):
    return (
        lambda: unbroadcast(y_bar * z * np.power(x, z - 1), x),
        lambda: unbroadcast(y_bar * y * np.log(x), z),
    )


def share(x, z):
    """Say how much of the larger of x and z is x: all, none, or at a tie one half.

    >>> share(np.array([2.0, 1.0, 0.0]), 1.0)
    array([1. , 0.5, 0. ])
    """
    x, z = plain(x), plain(z)
    return np.where(x == z, 0.5, x > z).astype(np.result_type(x, z))


@primitive(numpy=[np.maximum], shapes=BROADCAST)
def maximum(x: Tensor, z: Tensor) -> Tensor:
    """Take the larger:  y = max(x, z); at a tie each receives half of the gradient.

    >>> maximum(np.array([-1.0, 2.0]), 0.0)
    array([0., 2.])
    """
    return np.maximum(x, z)


@maximum.defjvp
def maximum_jvp(y, x, z, x_dot, z_dot):
    return share(x, z) * x_dot + share(z, x) * z_dot


@maximum.defvjp
def maximum_vjp(y, x, z, y_bar):
    return (
        lambda: unbroadcast(share(x, z) * y_bar, x),
        lambda: unbroadcast(share(z, x) * y_bar, z),
    )


@implements(np.minimum)
def minimum(x, z):
    """Take the smaller:  min(x, z) = -max(-x, -z).

    >>> minimum(np.array([-1.0, 2.0]), 1.0)
    array([-1.,  1.])
    """
    return -np.maximum(-x, -z)


@primitive(numpy=[np.where], shapes=CHOICE)
def where(c: Mask, x: Tensor, z: Tensor) -> Tensor:
    """Choose:  y = x where c holds, z elsewhere; c is an array of booleans.

    >>> where(np.array([True, False]), np.array([1.0, 2.0]), 0.0)
    array([1., 0.])
    """
    return np.where(c, x, z)


@where.defjvp
def where_jvp(y, c, x, z, x_dot, z_dot):
    return np.where(c, x_dot, z_dot)


@where.defvjp
def where_vjp(y, c, x, z, y_bar):
    return (
        lambda: unbroadcast(np.where(c, y_bar, 0.0), x),
        lambda: unbroadcast(np.where(c, 0.0, y_bar), z),
    )


def turned(x):
    """Exchange the last two axes.

    >>> turned(np.ones((2, 3, 4))).shape
    (2, 4, 3)
    """
    return np.swapaxes(x, -1, -2)


@primitive(numpy=[np.matmul, np.dot], shapes=MATRICES)
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
