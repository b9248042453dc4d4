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
    """Give a reduced array its axes back, of size one, so that it broadcasts against `x`.

    >>> spread(np.ones(2), np.ones((2, 3)), axis=1).shape
    (2, 1)
    """
    axes = range(np.ndim(x)) if axis is None else np.atleast_1d(axis) % (np.ndim(x) or 1)
    return np.reshape(y, [1 if i in axes else n for i, n in enumerate(np.shape(x))])


@primitive(numpy=[np.sum], shapes=SHAPE, options=AXES)
def sum(x: Tensor, *, axis=None, keepdims=False) -> Tensor:  # NumPy's name for it
    """Add up:  y = Σ x, over all axes or the given ones.

    >>> sum(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    array([4., 6.])
    """
    return np.sum(x, axis=axis, keepdims=keepdims)


@sum.defjvp
def sum_jvp(y, x, x_dot, axis=None, keepdims=False):
    return np.sum(x_dot, axis=axis, keepdims=keepdims)


@sum.defvjp
def sum_vjp(y, x, y_bar, axis=None, keepdims=False):
    """Every term of the sum receives the same cotangent."""
    return (spread(y_bar, x, axis) * np.ones_like(x),)


def winners(y, x, axis):
    """Mark the entries of x that equal the maximum y; several of them share a one.

    >>> winners(np.array(2.0), np.array([1.0, 2.0, 2.0]), axis=None)
    array([0. , 0.5, 0.5])
    """
    won = plain(x) == plain(spread(y, x, axis))
    return (won / np.sum(won, axis=axis, keepdims=True)).astype(plain(x).dtype)


@primitive(numpy=[np.max, np.amax], shapes=SHAPE, options=AXES)
def max(x: Tensor, *, axis=None, keepdims=False) -> Tensor:  # NumPy's name for it
    """Take the largest; of several each receives an equal part of the gradient.

    >>> max(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    array([2., 4.])
    """
    return np.max(x, axis=axis, keepdims=keepdims)


@max.defjvp
def max_jvp(y, x, x_dot, axis=None, keepdims=False):
    return np.sum(winners(y, x, axis) * x_dot, axis=axis, keepdims=keepdims)


@max.defvjp
def max_vjp(y, x, y_bar, axis=None, keepdims=False):
    return (winners(y, x, axis) * spread(y_bar, x, axis),)


@implements(np.min, np.amin)
def min(x, axis=None, keepdims=False):
    """Take the smallest:  min x = -max(-x).

    >>> min(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    array([1., 3.])
    """
    return -np.max(-x, axis=axis, keepdims=keepdims)


@implements(np.mean)
def mean(x, axis=None, keepdims=False):
    """Average:  the sum, divided by the number of terms.

    >>> mean(np.array([[1.0, 2.0], [3.0, 4.0]]))
    np.float64(2.5)
    """
    y = np.sum(x, axis=axis, keepdims=keepdims)
    return y * (y.size / x.size)


@implements(np.var)
def var(x, axis=None, ddof=0, keepdims=False):
    """Compute the variance:  Σ (x - mean)² / (n - ddof)  of n terms.

    >>> var(np.array([1.0, 3.0])), var(np.array([1.0, 3.0]), ddof=1)
    (np.float64(1.0), np.float64(2.0))
    """
    gap = x - np.mean(x, axis=axis, keepdims=True)
    total = np.sum(gap * gap, axis=axis, keepdims=keepdims)
    return total / (x.size / total.size - ddof)


@implements(np.std)
def std(x, axis=None, ddof=0, keepdims=False):
    """Compute the standard deviation, in the units of x:  √var.

    >>> std(np.array([1.0, 5.0]))
    np.float64(2.0)
    """
    return np.sqrt(np.var(x, axis=axis, ddof=ddof, keepdims=keepdims))


@implements(np.linalg.norm)
def norm(x, ord=None, axis=None, keepdims=False):
    """Compute the Euclidean or Frobenius norm:  √Σ x²,  not differentiable at 0.

    Raises TypeError for another norm.

    >>> norm(np.array([3.0, 4.0]))
    np.float64(5.0)
    """
    if ord not in (None, 2, "fro") or (ord == 2 and np.ndim(x) == 2 and axis is None):
        raise TypeError(f"norm: ord is {ord!r}, a traced array has a rule for the length only")
    return np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims))


@primitive(shapes=SHAPE, options={"axis": (0, -1)})
def running(x: Tensor, *, axis) -> Tensor:
    """Add up from the front along an axis:  yᵢ = x₀ + … + xᵢ.

    >>> running(np.array([1.0, 2.0, 3.0]), axis=0)
    array([1., 3., 6.])
    """
    return np.cumsum(x, axis=axis)


@running.defjvp
def running_jvp(y, x, x_dot, axis):
    return np.cumsum(x_dot, axis=axis)


@running.defvjp
def running_vjp(y, x, y_bar, axis):
    """An entry is a term of every sum from its own on: add up from the back."""
    return (np.flip(np.cumsum(np.flip(y_bar, axis), axis=axis), axis),)


@implements(np.cumsum)
def cumsum(x, axis=None):
    """Add up from the front, along an axis or through all entries.

    >>> cumsum(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([ 1.,  3.,  6., 10.])
    """
    return running(np.ravel(x), axis=0) if axis is None else running(x, axis=axis)
