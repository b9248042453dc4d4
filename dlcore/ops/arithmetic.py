"""Arithmetic, entry by entry, with NumPy's broadcasting; and the product of matrices.

Where a small array was stretched to meet a large one, every copy of an entry
sends its cotangent home: `unbroadcast` adds them up.

Chapter: book/linear.md.
"""

import numpy as np

from dlcore.autodiff.primitive import primitive
from dlcore.shapes import Features, Hidden, Tensor, Weights

BROADCAST = (("N D", "N D"), ("N D", "D"), ("N 1", "N D"), ("", "N D"))


def unbroadcast(y_bar, x):
    """Sum `y_bar` over the axes along which `x` was stretched, back to the shape of `x`.

    >>> unbroadcast(np.ones((2, 3)), np.zeros(3))
    array([2., 2., 2.])
    """
    shape = np.shape(x)
    new = tuple(range(np.ndim(y_bar) - len(shape)))
    y_bar = np.sum(y_bar, axis=new) if new else y_bar
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and np.shape(y_bar)[i] != 1)
    return np.sum(y_bar, axis=stretched, keepdims=True) if stretched else y_bar


@primitive(numpy=[np.add], shapes=BROADCAST)
def add(x: Tensor, z: Tensor) -> Tensor:
    """Add:  y = x + z."""
    return np.add(x, z)


@add.defjvp
def add_jvp(y, x, z, x_dot, z_dot):
    return x_dot + z_dot


@add.defvjp
def add_vjp(y, x, z, y_bar):
    return lambda: unbroadcast(y_bar, x), lambda: unbroadcast(y_bar, z)


@primitive(numpy=[np.subtract], shapes=BROADCAST)
def subtract(x: Tensor, z: Tensor) -> Tensor:
    """Subtract:  y = x - z."""
    return np.subtract(x, z)


@subtract.defjvp
def subtract_jvp(y, x, z, x_dot, z_dot):
    return x_dot - z_dot


@subtract.defvjp
def subtract_vjp(y, x, z, y_bar):
    return lambda: unbroadcast(y_bar, x), lambda: -unbroadcast(y_bar, z)


@primitive(numpy=[np.multiply], shapes=BROADCAST)
def multiply(x: Tensor, z: Tensor) -> Tensor:
    """Multiply:  y = x z."""
    return np.multiply(x, z)


@multiply.defjvp
def multiply_jvp(y, x, z, x_dot, z_dot):
    return x_dot * z + x * z_dot


@multiply.defvjp
def multiply_vjp(y, x, z, y_bar):
    return lambda: unbroadcast(y_bar * z, x), lambda: unbroadcast(y_bar * x, z)


@primitive(numpy=[np.divide], shapes=BROADCAST, domain={"z": "nonzero"})
def divide(x: Tensor, z: Tensor) -> Tensor:
    """Divide:  y = x / z."""
    return np.divide(x, z)


@divide.defjvp
def divide_jvp(y, x, z, x_dot, z_dot):
    return (x_dot - y * z_dot) / z


@divide.defvjp
def divide_vjp(y, x, z, y_bar):
    return lambda: unbroadcast(y_bar / z, x), lambda: -unbroadcast(y_bar * y / z, z)


@primitive(numpy=[np.negative], shapes=[("N D",)])
def negative(x: Tensor) -> Tensor:
    """Change the sign:  y = -x."""
    return np.negative(x)


@negative.defjvp
def negative_jvp(y, x, x_dot):
    return -x_dot


@negative.defvjp
def negative_vjp(y, x, y_bar):
    return (-y_bar,)


@primitive(numpy=[np.exp], shapes=[("N D",)])
def exp(x: Tensor) -> Tensor:
    """Exponentiate:  y = eˣ."""
    return np.exp(x)


@exp.defjvp
def exp_jvp(y, x, x_dot):
    return y * x_dot


@exp.defvjp
def exp_vjp(y, x, y_bar):
    return (y_bar * y,)


@primitive(numpy=[np.log], shapes=[("N D",)], domain={"x": "positive"})
def log(x: Tensor) -> Tensor:
    """Take the natural logarithm:  y = ln x."""
    return np.log(x)


@log.defjvp
def log_jvp(y, x, x_dot):
    return x_dot / x


@log.defvjp
def log_vjp(y, x, y_bar):
    return (y_bar / x,)


@primitive(numpy=[np.matmul])
def matmul(x: Features, w: Weights) -> Hidden:
    """Multiply two matrices:  y = x w."""
    return np.matmul(x, w)


@matmul.defjvp
def matmul_jvp(y, x, w, x_dot, w_dot):
    return x_dot @ w + x @ w_dot


@matmul.defvjp
def matmul_vjp(y, x, w, y_bar):
    return lambda: y_bar @ w.T, lambda: x.T @ y_bar
