"""Reductions: many entries become one, over all axes or the given ones.

Chapter: book/reverse.md.
"""

import numpy as np

from dlcore.autodiff.dispatch import implements, plain
from dlcore.autodiff.primitive import primitive
from dlcore.shapes import Tensor

SHAPE = [("N D",)]
AXES = {"axis": (None, 0, -1, (0, 1)), "keepdims": (False, True)}


def spread(y, x, axis):
    """Give a reduced array its axes back, of size one, so that it broadcasts against `x`."""
    axes = range(np.ndim(x)) if axis is None else np.atleast_1d(axis) % (np.ndim(x) or 1)
    return np.reshape(y, [1 if i in axes else n for i, n in enumerate(np.shape(x))])


@primitive(numpy=[np.sum], shapes=SHAPE, options=AXES)
def sum(x: Tensor, *, axis=None, keepdims=False) -> Tensor:  # NumPy's name for it
    """Add up:  y = Σ x, over all axes or the given ones."""
    return np.sum(x, axis=axis, keepdims=keepdims)


@sum.defjvp
def sum_jvp(y, x, x_dot, axis=None, keepdims=False):
    return np.sum(x_dot, axis=axis, keepdims=keepdims)


@sum.defvjp
def sum_vjp(y, x, y_bar, axis=None, keepdims=False):
    """Every term of the sum hears the same cotangent."""
    return (spread(y_bar, x, axis) * np.ones_like(x),)


def winners(y, x, axis):
    """Mark the entries of x that reach y; several winners share a one."""
    won = plain(x) == plain(spread(y, x, axis))
    return (won / np.sum(won, axis=axis, keepdims=True)).astype(plain(x).dtype)


@primitive(numpy=[np.max, np.amax], shapes=SHAPE, options=AXES)
def max(x: Tensor, *, axis=None, keepdims=False) -> Tensor:  # NumPy's name for it
    """Take the largest; of several each gets an equal part of the slope."""
    return np.max(x, axis=axis, keepdims=keepdims)


@max.defjvp
def max_jvp(y, x, x_dot, axis=None, keepdims=False):
    return np.sum(winners(y, x, axis) * x_dot, axis=axis, keepdims=keepdims)


@max.defvjp
def max_vjp(y, x, y_bar, axis=None, keepdims=False):
    return (winners(y, x, axis) * spread(y_bar, x, axis),)


@implements(np.min, np.amin)
def min(x, axis=None, keepdims=False):
    """Take the smallest:  min x = -max(-x)."""
    return -np.max(-x, axis=axis, keepdims=keepdims)


@implements(np.mean)
def mean(x, axis=None, keepdims=False):
    """Average:  the sum, divided by the number of terms."""
    y = np.sum(x, axis=axis, keepdims=keepdims)
    return y * (y.size / x.size)


@implements(np.var)
def var(x, axis=None, ddof=0, keepdims=False):
    """Measure the spread:  the mean square of x minus its mean."""
    gap = x - np.mean(x, axis=axis, keepdims=True)
    total = np.sum(gap * gap, axis=axis, keepdims=keepdims)
    return total / (x.size / total.size - ddof)


@implements(np.std)
def std(x, axis=None, ddof=0, keepdims=False):
    """Measure the spread in the units of x:  √var."""
    return np.sqrt(np.var(x, axis=axis, ddof=ddof, keepdims=keepdims))


@implements(np.linalg.norm)
def norm(x, ord=None, axis=None, keepdims=False):
    """Measure a length:  √Σ x²."""
    if ord not in (None, 2, "fro") or (ord == 2 and np.ndim(x) == 2 and axis is None):
        raise TypeError(f"norm: ord is {ord!r}, a traced array has a rule for the length only")
    return np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims))


@primitive(shapes=SHAPE, options={"axis": (0, -1)})
def running(x: Tensor, *, axis) -> Tensor:
    """Add up from the front:  yᵢ = x₀ + … + xᵢ."""
    return np.cumsum(x, axis=axis)


@running.defjvp
def running_jvp(y, x, x_dot, axis):
    return np.cumsum(x_dot, axis=axis)


@running.defvjp
def running_vjp(y, x, y_bar, axis):
    """An entry is heard by every sum from its own on: add up from the back."""
    return (np.flip(np.cumsum(np.flip(y_bar, axis), axis=axis), axis),)


@implements(np.cumsum)
def cumsum(x, axis=None):
    """Add up from the front, along an axis or through all entries."""
    return running(np.ravel(x), axis=0) if axis is None else running(x, axis=axis)
