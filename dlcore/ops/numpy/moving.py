"""Moving entries: NumPy itself says where each goes.

The same call is made with the numbers of the entries, 1, 2, 3, … in the place of the entries. What
comes back names the entry in every place; a 0 that NumPy has put in means 0. One primitive is
enough for all, and axes, orders and errors are NumPy's own.

Chapter: book/reverse.md.
"""

from inspect import signature

import numpy as np

from dlcore.autodiff.calls import refuse
from dlcore.autodiff.dispatch import Traced, implementations, implements, plain
from dlcore.autodiff.primitive import primitive
from dlcore.shapes import Tensor

INDICES = ([[3, 1, 1], [0, 24, 2]], 5)


@primitive(shapes=[("N D",)], options={"index": INDICES})
def arranged(x: Tensor, *, index) -> Tensor:
    """Take the entry number `index`, counted from 1, and 0 where the number is 0.

    >>> arranged(np.array([[5.0, 6.0], [7.0, 8.0]]), index=np.array([4, 0, 1, 1]))
    array([8., 0., 5., 5.])
    """
    x = np.asarray(x)
    return np.concatenate([np.zeros(1, x.dtype), x.ravel()])[index]


@arranged.defjvp
def arranged_jvp(y, x, x_dot, index):
    return arranged(x_dot, index=index)


@arranged.defvjp
def arranged_vjp(y, x, y_bar, index):
    """What was taken from an entry is added to its cotangent."""
    return (gathered(y_bar, index=index, shape=np.shape(x)),)


@primitive(shapes=[("3",)], options={"index": ([4, 0, 4],), "shape": ((2, 3),)})
def gathered(x: Tensor, *, index, shape) -> Tensor:
    """Add each entry to the one of that number, counted from 1; number 0 is dropped.

    >>> gathered(np.array([5.0, 6.0, 7.0]), index=np.array([2, 0, 2]), shape=(3,))
    array([ 0., 12.,  0.])
    """
    x = np.asarray(x)
    y = np.zeros(1 + np.prod(shape, dtype=int), x.dtype)
    np.add.at(y, index, x)
    return y[1:].reshape(shape)


@gathered.defjvp
def gathered_jvp(y, x, x_dot, index, shape):
    return gathered(x_dot, index=index, shape=shape)


@gathered.defvjp
def gathered_vjp(y, x, y_bar, index, shape):
    return (arranged(y_bar, index=index),)


def numbered(x):
    """Number the entries of an array from 1, in its shape.

    >>> numbered(np.zeros((2, 2))).tolist()
    [[1, 2], [3, 4]]
    """
    return np.arange(1, np.size(x) + 1).reshape(np.shape(x))


class Mover:
    """A function of NumPy's that moves the entries of its first argument.

    >>> Mover(np.roll)(np.array([1.0, 2.0, 3.0]), shift=1)
    array([3., 1., 2.])
    """

    def __init__(self, theirs):
        self.theirs = theirs

    def __call__(self, *args, **options):
        """Let NumPy move the numbers of the entries, then fetch the entries."""
        bound = signature(self.theirs).bind(*args, **options)
        array, *rest = bound.arguments
        x = bound.arguments[array]
        if bound.arguments.get("out") is not None:
            refuse(self.theirs.__name__, "out")
        for name in rest:
            if isinstance(bound.arguments[name], Traced):
                bound.arguments[name] = plain(bound.arguments[name])
        bound.arguments[array] = numbered(x)
        index = self.theirs(*bound.args, **bound.kwargs)
        if isinstance(index, list | tuple):
            return type(index)(arranged(x, index=each) for each in index)
        return arranged(x, index=index)


MOVERS = (
    np.fliplr, np.flipud, np.rot90, np.roll, np.rollaxis, np.repeat, np.tile, np.resize,
    np.delete, np.diagonal, np.diag, np.diagflat, np.tril, np.triu, np.split, np.array_split,
    np.hsplit, np.vsplit, np.dsplit, np.take, np.take_along_axis,
    np.linalg.diagonal, np.lib.stride_tricks.sliding_window_view,
)  # fmt: skip
implementations.update({function: Mover(function) for function in MOVERS})


@implements(np.pad)
def pad(array, pad_width, mode="constant", *, constant_values=0, reflect_type="even"):
    """Surround an array by a constant, or by entries of its own.

    The modes are constant, edge, reflect, symmetric and wrap. Raises TypeError for another one.

    >>> pad(np.array([1.0, 2.0]), (1, 2), mode="edge")
    array([1., 1., 2., 2., 2.])
    """
    if mode not in ("constant", "edge", "reflect", "symmetric", "wrap"):
        raise TypeError(f"pad: mode {mode!r} has no rule for traced arrays, use one that copies")
    if reflect_type != "even":
        raise TypeError(f"pad: reflect_type {reflect_type!r} has no rule, use 'even'")
    y = arranged(array, index=np.pad(numbered(array), pad_width, mode))
    if mode != "constant" or (np.ndim(constant_values) == 0 and constant_values == 0):
        return y
    zeros = np.zeros(np.shape(array), array.dtype)
    return y + np.pad(zeros, pad_width, constant_values=constant_values)
