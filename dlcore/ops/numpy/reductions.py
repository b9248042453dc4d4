"""Reductions: many entries become one, over all axes or the given ones.

Chapter: book/reverse.md.
"""

import math
import operator

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from dlcore.autodiff.dispatch import implements, plain
from dlcore.autodiff.primitive import primitive
from dlcore.ops.numpy.elementary import root
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
def min(x, axis=None, *, keepdims=False):
    """Take the smallest:  min x = -max(-x).

    >>> min(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    array([1., 3.])
    """
    return -np.max(-x, axis=axis, keepdims=keepdims)


@primitive(numpy=[np.mean], shapes=SHAPE, options=AXES)
def mean(x: Tensor, *, axis=None, keepdims=False) -> Tensor:
    """Average:  the sum, divided by the number of terms.

    >>> mean(np.array([[1.0, 2.0], [3.0, 4.0]]))
    np.float64(2.5)
    """
    return np.mean(x, axis=axis, keepdims=keepdims)


@mean.defjvp
def mean_jvp(y, x, x_dot, axis=None, keepdims=False):
    return np.mean(x_dot, axis=axis, keepdims=keepdims)


@mean.defvjp
def mean_vjp(y, x, y_bar, axis=None, keepdims=False):
    """Every term receives an equal part of the cotangent."""
    return (spread(y_bar, x, axis) * (np.ones_like(x) / terms(x, y)),)


def terms(x, y):
    """Count the entries of x that make one of y.

    >>> terms(np.ones((2, 3)), np.ones(2))
    3
    """
    return np.size(x) // (np.size(y) or 1)


def gap(x, axis):
    """Subtract the mean.

    >>> gap(np.array([1.0, 3.0]), axis=None)
    array([-1.,  1.])
    """
    return x - np.mean(x, axis=axis, keepdims=True)


def degrees_of_freedom(x, y, ddof):
    """Count the terms, less `ddof`; the answer is NaN where that leaves none.

    >>> degrees_of_freedom(np.ones((2, 3)), np.ones(2), ddof=1)
    2
    """
    rest = terms(x, y) - ddof
    return rest if rest > 0 else math.nan


@primitive(shapes=SHAPE, options={**AXES, "ddof": (0, 1)})
def spread_squared(x: Tensor, *, axis=None, ddof=0, keepdims=False) -> Tensor:
    """Compute the variance:  y = Σ (x - mean)² / (n - ddof)  of n terms.

    >>> spread_squared(np.array([1.0, 3.0])), spread_squared(np.array([1.0, 3.0]), ddof=1)
    (np.float64(1.0), np.float64(2.0))
    """
    return np.var(x, axis=axis, ddof=ddof, keepdims=keepdims)


@spread_squared.defjvp
def spread_squared_jvp(y, x, x_dot, axis=None, ddof=0, keepdims=False):
    total = np.sum(gap(x, axis) * x_dot, axis=axis, keepdims=keepdims)
    return total * (2 / degrees_of_freedom(x, y, ddof))


@spread_squared.defvjp
def spread_squared_vjp(y, x, y_bar, axis=None, ddof=0, keepdims=False):
    """The mean moves too, but the deviations from it add up to 0."""
    return (gap(x, axis) * (spread(y_bar, x, axis) * (2 / degrees_of_freedom(x, y, ddof))),)


def correct(function, ddof, correction):
    """Return what is subtracted from the number of terms; it has two names.

    Raises ValueError where both are given.

    >>> correct("var", 0, 1)
    1
    """
    if correction is None:
        return ddof
    if ddof != 0:
        raise ValueError(f"{function}: ddof and correction are one thing, give one of them")
    return correction


@implements(np.var)
def var(x, axis=None, *, ddof=0, keepdims=False, correction=None):
    """Compute the variance:  Σ (x - mean)² / (n - ddof)  of n terms.

    >>> var(np.array([1.0, 3.0])), var(np.array([1.0, 3.0]), ddof=1)
    (np.float64(1.0), np.float64(2.0))
    """
    ddof = correct("var", ddof, correction)
    return spread_squared(x, axis=axis, ddof=ddof, keepdims=keepdims)


@implements(np.std)
def std(x, axis=None, *, ddof=0, keepdims=False, correction=None):
    """Compute the standard deviation, in the units of x:  √var, with slope 0 where it is 0.

    >>> std(np.array([1.0, 5.0]))
    np.float64(2.0)
    """
    ddof = correct("std", ddof, correction)
    return root(spread_squared(x, axis=axis, ddof=ddof, keepdims=keepdims))


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


@primitive(numpy=[np.prod], shapes=[("V 3",)], options=AXES)
def prod(x: Tensor, *, axis=None, keepdims=False) -> Tensor:
    """Multiply all entries, or those along the given axes; entries may be 0.

    >>> prod(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    array([3., 8.])
    """
    return np.prod(x, axis=axis, keepdims=keepdims)


@prod.defjvp
def prod_jvp(y, x, x_dot, axis=None, keepdims=False):
    return np.sum(others(x, axis) * x_dot, axis=axis, keepdims=keepdims)


@prod.defvjp
def prod_vjp(y, x, y_bar, axis=None, keepdims=False):
    return (others(x, axis) * spread(y_bar, x, axis),)


def others(x, axis):
    """Multiply, for every entry, all others of its product: those before and those behind it.

    No rule divides by an entry, which may be 0.

    >>> others(np.array([2.0, 0.0, 4.0]), axis=None)
    array([0., 8., 0.])
    """
    n = np.ndim(x)
    axes = range(n) if axis is None else normalize_axis_tuple(axis, n) if n else ()
    order = [*axes, *(i for i in range(n) if i not in axes)]
    moved = np.transpose(x, order)
    factors, sizes = np.shape(moved)[: len(axes)], np.shape(moved)[len(axes) :]
    rows = np.reshape(moved, (math.prod(factors), *sizes))
    one = np.ones((1, *sizes), rows.dtype)
    before = np.cumprod(np.concatenate([one, rows]), axis=0)[:-1]
    behind = np.cumprod(np.concatenate([one, np.flip(rows, 0)]), axis=0)[:-1]
    product = np.reshape(before * np.flip(behind, 0), np.shape(moved))
    return np.transpose(product, np.argsort(order))


@implements(np.cumprod)
def cumprod(x, axis=None):
    """Multiply from the front:  yᵢ = x₀ ⋯ xᵢ, along an axis or through all entries.

    Products of 1, 2, 4, … neighbours are made of shorter ones.

    >>> cumprod(np.array([2.0, 3.0, 4.0]))
    array([ 2.,  6., 24.])
    """
    if axis is None or x.ndim == 0:
        x, axis = np.ravel(x), axis or 0
    y, step = np.moveaxis(x, operator.index(axis), 0), 1
    while step < len(y):
        y = np.concatenate([y[:step], y[step:] * y[:-step]])
        step *= 2
    return np.moveaxis(y, 0, axis)


@implements(np.ptp)
def ptp(x, axis=None, *, keepdims=False):
    """Measure the range:  the largest entry less the smallest.

    >>> ptp(np.array([3.0, 7.0, 5.0]))
    np.float64(4.0)
    """
    largest = np.max(x, axis=axis, keepdims=keepdims)
    return largest - np.min(x, axis=axis, keepdims=keepdims)
