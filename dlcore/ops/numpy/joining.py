"""Joining: several arrays become one.

Chapter: book/reverse.md.
"""

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from dlcore.autodiff.dispatch import Traced, implements, plain
from dlcore.autodiff.primitive import primitive
from dlcore.ops.numpy.arrays import hollow
from dlcore.shapes import Tensor


@primitive(shapes=[("N D", "N D", "N D")], options={"axis": (0, 1, -2)})
def joined(*xs: Tensor, axis) -> Tensor:
    """Lay arrays end to end along an axis.

    >>> joined(np.array([1.0, 2.0]), np.array([3.0]), axis=0)
    array([1., 2., 3.])
    """
    return np.concatenate(xs, axis)


@joined.defjvp
def joined_jvp(y, *xs_and_dots, axis):
    return joined(*xs_and_dots[len(xs_and_dots) // 2 :], axis=axis)


@joined.defvjp
def joined_vjp(y, *xs_and_bar, axis):
    """Each array receives its own piece of the cotangent."""
    *xs, y_bar = xs_and_bar
    axis = axis % np.ndim(y)
    lengths = [np.shape(x)[axis] for x in xs]
    ends = np.cumsum(lengths)
    ahead = (slice(None),) * axis
    return [
        lambda start=end - n, end=end: y_bar[(*ahead, slice(start, end))]
        for end, n in zip(ends, lengths, strict=True)
    ]


@implements(np.concatenate)
def concatenate(arrays, axis=0):
    """Lay arrays end to end along an axis; with axis None all their entries in one row.

    >>> concatenate([np.ones((2, 3)), np.zeros((2, 1))], axis=1).shape
    (2, 4)
    """
    if axis is None:
        return joined(*map(np.ravel, arrays), axis=0)
    return joined(*arrays, axis=axis)


@implements(np.append)
def append(x, values, axis=None):
    """Lay an array and another one end to end; without an axis, in one row.

    >>> append(np.array([1.0, 2.0]), 3.0)
    array([1., 2., 3.])
    """
    return np.concatenate([x, values], axis)


@implements(np.stack)
def stack(arrays, axis=0):
    """Lay arrays of one shape side by side along an axis of its own.

    Raises ValueError where the shapes differ.

    >>> stack([np.ones(3), np.zeros(3)], axis=1).shape
    (3, 2)
    """
    arrays = list(arrays)
    shapes = {np.shape(x) for x in arrays}
    if len(shapes) != 1:
        raise ValueError(f"stack: arrays have the shapes {sorted(shapes)}, they must have one")
    axis = normalize_axis_index(axis, np.ndim(arrays[0]) + 1)
    return joined(*(np.expand_dims(x, axis) for x in arrays), axis=axis)


def at_least(function):
    """Make the function that gives every array as many axes as NumPy's `function` does.

    >>> at_least(np.atleast_2d)(np.ones(3)).shape
    (1, 3)
    """

    def f(*arys):
        shaped = [np.reshape(x, function(hollow(x)).shape) for x in arys]
        return shaped[0] if len(shaped) == 1 else tuple(shaped)

    f.__name__ = f.__qualname__ = function.__name__
    f.__doc__ = f"Insert axes of size one, as `numpy.{function.__name__}` does."
    return implements(function)(f)


atleast_1d, atleast_2d, atleast_3d = map(at_least, (np.atleast_1d, np.atleast_2d, np.atleast_3d))


def each(function, arrays):
    """Apply one of the functions above to every array.

    >>> [x.shape for x in each(np.atleast_2d, [np.ones(3)])]
    [(1, 3)]
    """
    return [function(x) for x in arrays]


@implements(np.vstack)
def vstack(arrays):
    """Lay arrays one below the other, a vector as a row.

    >>> vstack([np.ones(2), np.zeros((3, 2))]).shape
    (4, 2)
    """
    return np.concatenate(each(np.atleast_2d, arrays), 0)


@implements(np.hstack)
def hstack(arrays):
    """Lay arrays side by side, vectors end to end.

    >>> hstack([np.ones((2, 1)), np.zeros((2, 3))]).shape
    (2, 4)
    """
    arrays = each(np.atleast_1d, arrays)
    return np.concatenate(arrays, 0 if np.ndim(arrays[0]) == 1 else 1)


@implements(np.dstack)
def dstack(arrays):
    """Lay arrays one behind the other, along the third axis.

    >>> dstack([np.ones((2, 3)), np.zeros((2, 3))]).shape
    (2, 3, 2)
    """
    return np.concatenate(each(np.atleast_3d, arrays), 2)


@implements(np.column_stack)
def column_stack(arrays):
    """Lay arrays side by side, a vector as a column.

    >>> column_stack([np.ones(2), np.zeros((2, 3))]).shape
    (2, 4)
    """
    columns = [x if np.ndim(x) > 1 else np.reshape(x, (-1, 1)) for x in arrays]
    return np.concatenate(columns, 1)


@implements(np.array, np.asarray)
def array(entries, *, ndmin=0):
    """Make an array of nested lists, some of whose entries are traced.

    With NumPy's name this is ``np.array([x, y], like=x)``: NumPy looks into no list on its own.

    >>> array([[1.0, 2.0], np.ones(2)]).tolist()
    [[1.0, 2.0], [1.0, 1.0]]
    """
    if isinstance(entries, list | tuple):
        y = np.stack([array(each) for each in entries]) if entries else np.zeros(0)
    else:
        y = np.positive(entries) if isinstance(entries, Traced) else plain(entries)
    return np.reshape(y, (1,) * (ndmin - y.ndim) + y.shape) if y.ndim < ndmin else y
