"""Operators of ONNX on arrays of any kind: arithmetic, reductions, shapes."""

from functools import reduce

import numpy as np

from dlcore.compat.onnx.support import UnsupportedError, versioned, whole


def binary(function):
    """Return an operator of two arrays; before version 7 broadcasting is from a named axis on.

    >>> binary(np.add)(np.ones((2, 3, 4)), np.ones(3), broadcast=1, axis=1).shape
    (2, 3, 4)
    """

    def call(x, z, broadcast=0, axis=None):
        if broadcast and axis is not None:
            z = z.reshape(z.shape + (1,) * (x.ndim - axis % x.ndim - z.ndim))
        return function(x, z)

    return call


def divide(x, z):
    """Divide; whole numbers are cut towards zero.

    >>> divide(np.array([-7, 7]), np.array([2, 2]))
    array([-3,  3])
    """
    if np.result_type(x).kind not in "iu":
        return x / z
    quotient = np.trunc(np.divide(x, z, dtype=np.longdouble))
    return quotient.astype(np.result_type(x))


def power(x, z):
    """Take powers, in the precision of the base.

    >>> power(np.float32([2.0]), np.array([3])).dtype
    dtype('float32')
    """
    if np.result_type(x) == np.result_type(z):
        return x**z
    return (x ** z.astype(np.result_type(x)) if x.dtype.kind == "f" else np.power(x, z)).astype(
        np.result_type(x)
    )


def mod(x, z, fmod=0):
    """Take what is left by a division, with the sign of the divisor, or of x with `fmod`.

    >>> mod(np.array([-7]), np.array([3])), mod(np.array([-7]), np.array([3]), fmod=1)
    (array([2]), array([-1]))
    """
    return np.fmod(x, z) if fmod else np.mod(x, z)


def folded(function):
    """Return an operator of any number of arrays, which are taken from left to right.

    >>> folded(np.add)(1, 2, 3)
    np.int64(6)
    """
    return lambda *xs: reduce(function, xs)


def mean_of(*xs):
    """Average arrays, entry by entry.

    >>> mean_of(np.array([1.0]), np.array([3.0]))
    array([2.])
    """
    return reduce(np.add, xs) / len(xs)


def clip(x, low=None, high=None, **attributes):
    """Keep entries between two bounds, which are inputs, and before version 11 attributes.

    >>> clip(np.array([-2.0, 3.0]), max=1.0)
    array([-2.,  1.])
    """
    low, high = attributes.pop("min", low), attributes.pop("max", high)
    if attributes:
        raise UnsupportedError(f"Clip: it has attributes {sorted(attributes)}")
    if low is not None and high is not None:
        return np.minimum(np.maximum(x, low), high)  # the upper bound wins
    if low is None and high is None:
        return x
    return np.maximum(x, low) if high is None else np.minimum(x, high)


def concat(*xs, axis=1):
    """Join arrays along an axis.

    >>> concat(np.ones((1, 2)), np.ones((1, 3)), axis=1).shape
    (1, 5)
    """
    return np.concatenate(xs, axis=axis)


def cumsum(x, axis, exclusive=0, reverse=0):
    """Add up along an axis, from the end with `reverse`, without the entry with `exclusive`.

    >>> cumsum(np.array([1, 2, 3]), np.array(0), exclusive=1)
    array([0, 1, 3])
    """
    axis = int(axis)
    x = np.flip(x, axis) if reverse else x
    kept = {} if x.dtype.kind == "f" else {"dtype": x.dtype}  # small integers would become large
    y = np.cumsum(x, axis=axis, **kept)
    y = y - x if exclusive else y
    return np.flip(y, axis) if reverse else y


def einsum(*xs, equation):
    """Sum products, as the equation says.

    >>> einsum(np.ones(3), np.ones(3), equation="i,i")
    np.float64(3.0)
    """
    return np.einsum(equation.replace(" ", ""), *xs)


def expand(x, shape):
    """Repeat an array to a shape; an axis of length one in the shape keeps that of x.

    >>> expand(np.ones((3, 1)), np.array([1, 2])).shape
    (3, 2)
    """
    return np.broadcast_to(x, np.broadcast_shapes(x.shape, whole(shape)))


def flatten(x, axis=1):
    """Lay an array out as rows: the axes before `axis` count them.

    >>> flatten(np.ones((2, 3, 4)), axis=2).shape
    (6, 4)
    """
    axis = axis + x.ndim if axis < 0 else axis
    return np.reshape(x, (int(np.prod(x.shape[:axis])), int(np.prod(x.shape[axis:]))))


def reshape(x, target=None, shape=None, allowzero=0):
    """Arrange entries anew; a zero in the shape keeps the axis at that place.

    >>> reshape(np.ones((2, 3, 4)), np.array([0, -1])).shape
    (2, 12)
    """
    sizes = whole(shape if target is None else target)
    if not allowzero:
        sizes = tuple(size or x.shape[i] for i, size in enumerate(sizes))
    return np.reshape(x, sizes)


def transpose(x, perm=None):
    """Put the axes in another order, by default in reverse.

    >>> transpose(np.ones((2, 3)), perm=[1, 0]).shape
    (3, 2)
    """
    return np.transpose(x, perm)


def squeeze(x, places=None, axes=None):
    """Drop axes of length one: all of them, or those that an input or an attribute names.

    >>> squeeze(np.ones((1, 3, 1)), axes=[0]).shape
    (3, 1)
    """
    return np.squeeze(x, axis=whole(axes if places is None else places))


def unsqueeze(x, places=None, axes=None):
    """Insert axes of length one.

    >>> unsqueeze(np.ones(3), axes=[0, 2]).shape
    (1, 3, 1)
    """
    return np.expand_dims(x, whole(axes if places is None else places))


def split(x, sizes=None, axis=0, split=None, num_outputs=None):
    """Cut an array along an axis into parts of given sizes, or into so many.

    >>> [part.shape for part in split(np.ones(5), num_outputs=2)]
    [(3,), (2,)]
    """
    sizes, length = whole(split if sizes is None else sizes), x.shape[axis]
    if sizes is None and num_outputs is None:
        raise UnsupportedError("Split: neither sizes nor num_outputs are given")
    if sizes is None:
        part = -(-length // num_outputs)
        sizes = [part] * (num_outputs - 1) + [length - part * (num_outputs - 1)]
    return np.split(x, np.cumsum(sizes)[:-1].tolist(), axis=axis)


def cut(x, starts, ends=None, axes=None, steps=None):
    """Take a slice along each of some axes.

    >>> cut(np.arange(5), np.array([3]), np.array([-9]), np.array([0]), np.array([-1]))
    array([3, 2, 1, 0])
    """
    starts, ends, axes, steps = map(whole, (starts, ends, axes, steps))
    axes = range(len(starts)) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    index = [slice(None)] * x.ndim
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        last = None if step < 0 and end < -x.shape[axis] else end
        index[axis] = slice(start, last, step)
    return x[tuple(index)]


def constant(**values):
    """Return the one value that is given, under a name that says its kind.

    >>> constant(value_ints=[2, 3])
    array([2, 3])
    """
    (value,) = values.values()
    return np.asarray(value, np.float32 if "value_float" in next(iter(values)) else None)


def gather(x, indices, axis=0):
    """Take entries along an axis.

    >>> gather(np.array([5, 6, 7]), np.array([2, 0]))
    array([7, 5])
    """
    return np.take(x, np.asarray(indices), axis=axis)


def gather_elements(x, indices, axis=0):
    """Take one entry of a row for each index, along an axis.

    >>> gather_elements(np.array([[1, 2], [3, 4]]), np.array([[1], [0]]), axis=1).tolist()
    [[2], [3]]
    """
    return np.take_along_axis(x, np.asarray(indices) % x.shape[axis], axis=axis)


def trilu(x, k=0, upper=1):
    """Keep the upper triangle of matrices, or the lower one.

    >>> trilu(np.ones((2, 2)), upper=0).tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    k = int(np.ravel(k)[0])
    return np.triu(x, k) if upper else np.tril(x, k)


def pad(x, *inputs, pads=None, mode="constant", value=0.0):
    """Add entries around an array: a constant, the edge, a reflection, or the other side.

    >>> pad(np.ones(2), np.array([1, 0]))
    array([0., 1., 1.])
    """
    amounts, value, axes = (*inputs, *(None, value, None)[len(inputs) :])
    amounts = whole(pads if amounts is None else amounts)
    axes = range(x.ndim) if axes is None else whole(axes)
    sides = [(0, 0)] * x.ndim
    for i, axis in enumerate(axes):
        sides[axis] = amounts[i], amounts[i + len(axes)]
    if min(map(min, sides)) < 0:
        raise UnsupportedError(f"Pad: pads are {amounts}, we do not cut by negative ones")
    options = {"constant_values": np.asarray(0 if value is None else value).item()}
    return np.pad(x, sides, mode=mode, **(options if mode == "constant" else {}))


def reduction(function):
    """Return an operator that reduces along axes, which are an input or an attribute.

    >>> reduction(np.sum)(np.ones((2, 3)), axes=[1], keepdims=0, version=13)
    array([3., 3.])
    """

    @versioned
    def call(x, places=None, *, version, axes=None, keepdims=1, noop_with_empty_axes=0):
        axes = whole(axes if places is None else places)
        if not axes and noop_with_empty_axes and version >= 13:
            axes = ()
        return function(x, axis=None if axes in (None, ()) and not noop_with_empty_axes else axes,
                        keepdims=bool(keepdims))  # fmt: skip

    return call


def euclidean(x, **axes):
    """Take the root of the sum of squares.

    >>> euclidean(np.array([3.0, 4.0]), axis=0)
    np.float64(5.0)
    """
    return np.sqrt(np.sum(x * x, **axes))


def extreme(function, of_nothing):
    """Return a maximum or minimum that has a value for no entries, too: an infinity, say.

    >>> extreme(np.max, -np.inf)(np.ones((0, 2)), axis=0)
    array([-inf, -inf])
    """

    def call(x, **axes):
        if np.size(x):
            return function(x, **axes)
        if x.dtype.kind == "f":
            return function(np.zeros(x.shape, x.dtype), initial=of_nothing, **axes)
        least = {"b": (False, True)}.get(x.dtype.kind) or bounds(x.dtype)
        return function(x, initial=least[of_nothing > 0], **axes)

    return call


def bounds(dtype):
    """Return the smallest and the largest whole number of a dtype.

    >>> bounds(np.dtype("uint8"))
    (0, 255)
    """
    return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)


REDUCTIONS = {
    "Max": reduction(extreme(np.max, -np.inf)),
    "Mean": reduction(np.mean),
    "Min": reduction(extreme(np.min, np.inf)),
    "Prod": reduction(np.prod),
    "Sum": reduction(np.sum),
    "L1": reduction(lambda x, **axes: np.sum(np.abs(x), **axes)),
    "L2": reduction(euclidean),
    "SumSquare": reduction(lambda x, **axes: np.sum(x * x, **axes)),
    "LogSum": reduction(lambda x, **axes: np.log(np.sum(x, **axes))),
    "LogSumExp": reduction(lambda x, **axes: np.log(np.sum(np.exp(x), **axes))),
}
