"""Rearranging: the same entries in another shape or order, or some of them.

Chapter: book/linear.md.
"""

import operator

import numpy as np

from dlcore.autodiff.primitive import primitive
from dlcore.shapes import Tensor


@primitive(numpy=[np.transpose], shapes=[("N D",)])
def transpose(x: Tensor) -> Tensor:
    """Reverse the axes:  y[j, i] = x[i, j]."""
    return np.transpose(x)


@transpose.defjvp
def transpose_jvp(y, x, x_dot):
    return np.transpose(x_dot)


@transpose.defvjp
def transpose_vjp(y, x, y_bar):
    return (np.transpose(y_bar),)


@primitive(numpy=[np.reshape], shapes=[("N D",)], options={"shape": (-1, (3, 8))})
def reshape(x: Tensor, *, shape=-1) -> Tensor:
    """Arrange the same entries in another shape."""
    return np.reshape(x, shape)


@reshape.defjvp
def reshape_jvp(y, x, x_dot, shape=-1):
    return np.reshape(x_dot, shape)


@reshape.defvjp
def reshape_vjp(y, x, y_bar, shape=-1):
    return (np.reshape(y_bar, np.shape(x)),)


@primitive(
    numpy=[operator.getitem],
    shapes=[("N D",)],
    options={"key": (1, (slice(None), 0), ([0, 1, 1], 2))},
)
def getitem(x: Tensor, *, key) -> Tensor:
    """Pick entries:  y = x[key]."""
    return x[key]


@getitem.defjvp
def getitem_jvp(y, x, x_dot, key):
    return x_dot[key]


@getitem.defvjp
def getitem_vjp(y, x, y_bar, key):
    return (put(y_bar, key=key, shape=np.shape(x)),)


def put(y_bar, *, key, shape):
    """Put cotangents back where their entries were picked; one picked twice gets both."""
    x_bar = np.zeros(shape, y_bar.dtype)
    np.add.at(x_bar, key, y_bar)
    return x_bar
