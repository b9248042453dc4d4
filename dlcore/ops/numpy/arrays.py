"""Rearranging: the same entries in another shape or order, or some of them.

Four primitives; everything else is made of them.

Chapter: book/reverse.md.
"""

import operator

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from dlcore.autodiff.dispatch import Traced, implements, plain
from dlcore.autodiff.primitive import primitive
from dlcore.shapes import Tensor

SHAPE = [("N D",)]
KEYS = (1, (slice(None), 0), ([0, 1, 1], 2), (None, slice(1, 3)))


@primitive(
    numpy=[np.transpose], shapes=[("N D M",)], options={"axes": (None, (2, 0, 1), (-1, -3, 1))}
)
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
    if axes is not None:
        axes = np.argsort(np.mod(axes, np.ndim(x)))
    return (np.transpose(y_bar, axes),)


ORDERS = {"shape": (-1, (3, 8)), "order": ("C", "F", "A")}


def order_of(x, order):
    """Return the order that "A" stands for: that of the memory of x.

    >>> order_of(np.ones((2, 3)).T, "A")
    'F'
    """
    if order != "A":
        return order
    return "F" if plain(x).flags.fnc else "C"


@primitive(numpy=[np.reshape], shapes=SHAPE, options=ORDERS)
def reshape(x: Tensor, *, shape, order="C") -> Tensor:
    """Arrange the same entries in another shape, the last axis fastest, or the first.

    >>> reshape(np.ones((2, 6)), shape=(3, -1)).shape
    (3, 4)
    """
    return np.reshape(x, shape, order)


@reshape.defjvp
def reshape_jvp(y, x, x_dot, shape, order="C"):
    return np.reshape(x_dot, shape, order_of(x, order))


@reshape.defvjp
def reshape_vjp(y, x, y_bar, shape, order="C"):
    return (np.reshape(y_bar, np.shape(x), order_of(x, order)),)


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
    y = np.zeros_like(x, shape=shape)  # in the memory order of x
    if picks_each_once(key):
        y[key] = x
    else:
        np.add.at(y, key, x)
    return y


def picks_each_once(key):
    """Tell whether an index is made of slices and integers: it picks no entry twice.

    >>> picks_each_once((slice(None), 3)), picks_each_once([0, 0])
    (True, False)
    """
    parts = key if isinstance(key, tuple) else (key,)
    basic = slice | int | np.integer | type(None) | type(Ellipsis)
    return all(isinstance(part, basic) and not isinstance(part, bool) for part in parts)


@put.defjvp
def put_jvp(y, x, x_dot, key, shape):
    return put(x_dot, key=key, shape=shape)


@put.defvjp
def put_vjp(y, x, y_bar, key, shape):
    return (y_bar[key],)


def hollow(x):
    """Return an array of the shape of x that takes no memory: for its shape only.

    >>> hollow(np.ones((2, 3))).shape
    (2, 3)
    """
    return np.broadcast_to(np.False_, np.shape(x))


@implements(np.moveaxis)
def moveaxis(x, source, destination):
    """Move axes to other positions.

    >>> moveaxis(np.ones((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    source = normalize_axis_tuple(source, x.ndim, "source")
    destination = normalize_axis_tuple(destination, x.ndim, "destination")
    if len(source) != len(destination):
        raise ValueError(f"moveaxis: {len(source)} axes to {len(destination)} places")
    order = [i for i in range(x.ndim) if i not in source]
    for place, axis in sorted(zip(destination, source, strict=True)):
        order.insert(place, axis)
    return transpose(x, axes=order)


@implements(np.swapaxes)
def swapaxes(x, axis1, axis2):
    """Exchange two axes.

    >>> swapaxes(np.ones((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """
    order = list(range(x.ndim))
    one, other = normalize_axis_index(axis1, x.ndim), normalize_axis_index(axis2, x.ndim)
    order[one], order[other] = other, one
    return transpose(x, axes=order)


@implements(np.linalg.matrix_transpose)
def matrix_transpose(x):
    """Exchange the last two axes; raise ValueError where there are fewer.

    >>> matrix_transpose(np.ones((2, 3, 4))).shape
    (2, 4, 3)
    """
    if x.ndim < 2:
        raise ValueError(f"matrix_transpose: x must have two axes or more, got shape {x.shape}")
    return np.swapaxes(x, -1, -2)


@implements(np.expand_dims)
def expand_dims(x, axis):
    """Insert axes of size one.

    >>> expand_dims(np.ones((2, 3)), -1).shape
    (2, 3, 1)
    """
    new = axis if isinstance(axis, tuple | list) else (axis,)
    shape = list(x.shape)
    for place in sorted(normalize_axis_tuple(new, x.ndim + len(new))):
        shape.insert(place, 1)
    return reshape(x, shape=tuple(shape))


@implements(np.squeeze)
def squeeze(x, axis=None):
    """Drop the axes of size one, or the given ones; raise ValueError for a longer one.

    >>> squeeze(np.ones((2, 1, 3, 1))).shape
    (2, 3)
    """
    return reshape(x, shape=np.squeeze(hollow(x), axis).shape)


@implements(np.ravel)
def ravel(x, order="C"):
    """Lay all entries out in a row, the last axis fastest, or in another order.

    >>> ravel(np.array([[1.0, 2.0], [3.0, 4.0]]), "F")
    array([1., 3., 2., 4.])
    """
    if order == "K":  # as they lie in memory: the axis of the longest steps first
        strides = np.abs(plain(x).strides)
        return np.reshape(np.transpose(x, np.argsort(-strides, kind="stable")), (-1,))
    return reshape(x, shape=-1, order=order)


@implements(np.broadcast_to)
def broadcast_to(x, shape):
    """Stretch to a shape, as arithmetic would; raise ValueError where it does not fit.

    >>> broadcast_to(np.array([1.0, 2.0]), (2, 2)).tolist()
    [[1.0, 2.0], [1.0, 2.0]]
    """
    return x + np.zeros(np.broadcast_to(hollow(x), shape).shape, x.dtype)


@implements(np.broadcast_arrays)
def broadcast_arrays(*xs):
    """Stretch arrays to the shape that they have in common.

    >>> [x.shape for x in broadcast_arrays(np.ones((2, 1)), np.ones(3))]
    [(2, 3), (2, 3)]
    """
    shape = np.broadcast_shapes(*map(np.shape, xs))
    return tuple(np.broadcast_to(x, shape) for x in xs)


@implements(np.flip)
def flip(x, axis=None):
    """Reverse the order along an axis, along several, or along all.

    >>> flip(np.array([1.0, 2.0, 3.0]))
    array([3., 2., 1.])
    """
    axes = range(x.ndim) if axis is None else normalize_axis_tuple(axis, x.ndim)
    return x[tuple(slice(None, None, -1 if i in axes else None) for i in range(x.ndim))]


@implements(np.sort)
def sort(x, axis=-1, kind=None, *, stable=None):
    """Put the entries in ascending order along an axis; their tangents move with them.

    >>> sort(np.array([3.0, 1.0, 2.0]))
    array([1., 2., 3.])
    """
    if axis is None:
        x, axis = np.ravel(x), 0
    return fetched(x, np.argsort(plain(x), axis=axis, kind=kind, stable=stable), axis)


def fetched(x, places, axis):
    """Fetch entries along one axis, from the same places along the others.

    >>> fetched(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1, 0], [0, 1]]), axis=1).tolist()
    [[2.0, 1.0], [3.0, 4.0]]
    """
    key = list(np.indices(x.shape, sparse=True))
    key[normalize_axis_index(axis, x.ndim)] = places
    return x[tuple(key)]


@implements(np.partition)
def partition(x, kth, axis=-1, kind="introselect"):
    """Put the entries of rank `kth` in place, smaller ones before and larger ones behind.

    >>> partition(np.array([3.0, 1.0, 2.0]), 0)[0]
    np.float64(1.0)
    """
    if axis is None:
        x, axis = np.ravel(x), 0
    values = np.partition(plain(x), kth, axis, kind)  # the order of the others is NumPy's matter
    ranks = np.argsort(np.argsort(values, axis), axis)
    return fetched(x, np.take_along_axis(np.argsort(plain(x), axis), ranks, axis), axis)


@implements(np.full_like)
def full_like(x, fill_value):
    """Fill an array of the shape and the precision of x with a number.

    >>> full_like(np.ones(2), 7.0)
    array([7., 7.])
    """
    shape, dtype = np.shape(x), plain(x).dtype
    if not isinstance(fill_value, Traced):
        return np.full(shape, fill_value, dtype)
    if fill_value.dtype != dtype:
        raise TypeError(f"full_like: fill_value is {fill_value.dtype}, the array {dtype}")
    return np.broadcast_to(fill_value, shape)
