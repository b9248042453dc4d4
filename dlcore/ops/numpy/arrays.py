"""Rearranging: the same entries in another shape or order, or some of them.

Five primitives; everything else is made of them.

Chapter: book/reverse.md.
"""

import operator

import numpy as np

from dlcore.autodiff.dispatch import implements, plain
from dlcore.autodiff.primitive import primitive
from dlcore.shapes import Tensor

SHAPE = [("N D",)]
KEYS = (1, (slice(None), 0), ([0, 1, 1], 2), (None, slice(1, 3)))


@primitive(numpy=[np.transpose], shapes=[("N D M",)], options={"axes": (None, (2, 0, 1))})
def transpose(x: Tensor, *, axes=None) -> Tensor:
    """Put the axes in another order; without `axes`, in reverse.

    >>> transpose(np.ones((2, 3, 4)), axes=(2, 0, 1)).shape
    (4, 2, 3)
    """
    return np.transpose(x, axes)


@transpose.defjvp
def transpose_jvp(y, x, x_dot, axes=None):
    return np.transpose(x_dot, axes)


@transpose.defvjp
def transpose_vjp(y, x, y_bar, axes=None):
    return (np.transpose(y_bar, None if axes is None else np.argsort(axes)),)


@primitive(numpy=[np.reshape], shapes=SHAPE, options={"shape": (-1, (3, 8))})
def reshape(x: Tensor, *, shape=-1) -> Tensor:
    """Arrange the same entries in another shape.

    >>> reshape(np.ones((2, 6)), shape=(3, -1)).shape
    (3, 4)
    """
    return np.reshape(x, shape)


@reshape.defjvp
def reshape_jvp(y, x, x_dot, shape=-1):
    return np.reshape(x_dot, shape)


@reshape.defvjp
def reshape_vjp(y, x, y_bar, shape=-1):
    return (np.reshape(y_bar, np.shape(x)),)


@primitive(numpy=[operator.getitem], shapes=SHAPE, options={"key": KEYS})
def getitem(x: Tensor, *, key) -> Tensor:
    """Pick entries:  y = x[key], with any index of NumPy's.

    >>> getitem(np.array([1.0, 2.0, 3.0]), key=[0, 0, 2])
    array([1., 1., 3.])
    """
    return x[key]


@getitem.defjvp
def getitem_jvp(y, x, x_dot, key):
    return x_dot[key]


@getitem.defvjp
def getitem_vjp(y, x, y_bar, key):
    return (put(y_bar, key=key, shape=np.shape(x)),)


@primitive(shapes=[("3",)], options={"key": (([0, 1, 1], 2),), "shape": ((4, 6),)})
def put(x: Tensor, *, key, shape) -> Tensor:
    """Put entries where `key` picks them from, zeros elsewhere; two in one position are added.

    >>> put(np.array([1.0, 2.0, 3.0]), key=[0, 0, 2], shape=(3,))
    array([3., 0., 3.])
    """
    y = np.zeros(shape, np.result_type(x))
    np.add.at(y, key, x)
    return y


@put.defjvp
def put_jvp(y, x, x_dot, key, shape):
    return put(x_dot, key=key, shape=shape)


@put.defvjp
def put_vjp(y, x, y_bar, key, shape):
    return (y_bar[key],)


@primitive(shapes=[("N D", "M D", "1 D")])
def joined(*xs: Tensor) -> Tensor:
    """Lay arrays end to end along their first axis.

    >>> joined(np.array([1.0, 2.0]), np.array([3.0]))
    array([1., 2., 3.])
    """
    return np.concatenate(xs)


@joined.defjvp
def joined_jvp(y, *xs_and_dots):
    return joined(*xs_and_dots[len(xs_and_dots) // 2 :])


@joined.defvjp
def joined_vjp(y, *xs_and_bar):
    *xs, y_bar = xs_and_bar
    ends = np.cumsum([len(x) for x in xs])
    return [y_bar[end - len(x) : end] for x, end in zip(xs, ends, strict=True)]


@implements(np.concatenate)
def concatenate(xs, axis=0):
    """Lay arrays end to end along an axis; with axis None all their entries in one row.

    >>> concatenate([np.ones((2, 3)), np.zeros((2, 1))], axis=1).shape
    (2, 4)
    """
    if axis is None:
        return joined(*map(np.ravel, xs))
    return np.moveaxis(joined(*(np.moveaxis(x, axis, 0) for x in xs)), 0, axis)


@implements(np.stack)
def stack(xs, axis=0):
    """Lay arrays of one shape side by side along an axis of its own.

    >>> stack([np.ones(3), np.zeros(3)], axis=1).shape
    (3, 2)
    """
    return np.concatenate([np.expand_dims(x, axis) for x in xs], axis=axis)


@implements(np.moveaxis)
def moveaxis(x, source, destination):
    """Move one axis to another position.

    >>> moveaxis(np.ones((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    order = [i for i in range(x.ndim) if i != source % x.ndim]
    order.insert(destination % x.ndim, source % x.ndim)
    return np.transpose(x, order)


@implements(np.swapaxes)
def swapaxes(x, one, other):
    """Exchange two axes.

    >>> swapaxes(np.ones((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """
    order = list(range(x.ndim))
    order[one], order[other] = order[other], order[one]
    return np.transpose(x, order)


@implements(np.expand_dims)
def expand_dims(x, axis):
    """Insert an axis of size one.

    >>> expand_dims(np.ones((2, 3)), -1).shape
    (2, 3, 1)
    """
    shape = list(x.shape)
    shape.insert(axis % (x.ndim + 1), 1)
    return np.reshape(x, tuple(shape))


@implements(np.squeeze)
def squeeze(x, axis=None):
    """Drop the axes of size one, or the given one.

    >>> squeeze(np.ones((2, 1, 3, 1))).shape
    (2, 3)
    """
    dropped = range(x.ndim) if axis is None else (axis % x.ndim,)
    return np.reshape(x, tuple(n for i, n in enumerate(x.shape) if n != 1 or i not in dropped))


@implements(np.ravel)
def ravel(x):
    """Lay all entries out in a row, the last axis fastest.

    >>> ravel(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([1., 2., 3., 4.])
    """
    return np.reshape(x, (-1,))


@implements(np.broadcast_to)
def broadcast_to(x, shape):
    """Stretch to a shape, as arithmetic would.

    >>> broadcast_to(np.array([1.0, 2.0]), (2, 2)).tolist()
    [[1.0, 2.0], [1.0, 2.0]]
    """
    return x + np.zeros(shape, x.dtype)


@implements(np.flip)
def flip(x, axis=None):
    """Reverse the order along an axis, or along all.

    >>> flip(np.array([1.0, 2.0, 3.0]))
    array([3., 2., 1.])
    """
    reverse = lambda i: axis is None or i == axis % x.ndim
    return x[tuple(slice(None, None, -1 if reverse(i) else None) for i in range(x.ndim))]


@implements(np.sort)
def sort(x, axis=-1):
    """Put the entries in ascending order along an axis; their tangents move with them.

    >>> sort(np.array([3.0, 1.0, 2.0]))
    array([1., 2., 3.])
    """
    key = list(np.indices(x.shape, sparse=True))
    key[axis] = np.argsort(plain(x), axis=axis)
    return x[tuple(key)]
