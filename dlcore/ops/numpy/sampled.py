"""Functions sampled at points: differences, diagonals, interpolation, and the sinc.

Chapter: book/reverse.md.
"""

import math

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from dlcore.autodiff.dispatch import implements, plain
from dlcore.autodiff.primitive import primitive
from dlcore.shapes import Tensor

TERMS = 24  # of the series of a sinc: for |x| < 1 the rest is below the last digit


@implements(np.diff)
def diff(x, n=1, axis=-1, prepend=None, append=None):
    """Subtract every entry from the next one along an axis, n times over.

    Raises ValueError for a negative n.

    >>> diff(np.array([1.0, 4.0, 9.0, 16.0]), n=2)
    array([2., 2.])
    """
    if n < 0:
        raise ValueError(f"diff: n is {n}, it must not be negative")
    if n == 0:
        return np.positive(x)
    if x.ndim == 0:
        raise ValueError("diff: x has no axes")
    axis = normalize_axis_index(axis, x.ndim)
    thin = tuple(1 if i == axis else size for i, size in enumerate(x.shape))
    ends = [z if z is None or np.ndim(z) else np.broadcast_to(z, thin) for z in (prepend, append)]
    y = [end for end in (ends[0], x, ends[1]) if end is not None]
    y = np.concatenate(y, axis) if len(y) > 1 else x
    ahead = (slice(None),) * axis
    for _ in range(n):
        y = y[(*ahead, slice(1, None))] - y[(*ahead, slice(None, -1))]
    return y


@implements(np.trace)
def trace(x, offset=0, axis1=0, axis2=1):
    """Add up a diagonal.

    >>> trace(np.array([[1.0, 2.0], [3.0, 4.0]]))
    np.float64(5.0)
    """
    return np.sum(np.diagonal(x, offset, axis1, axis2), axis=-1)


@implements(np.linalg.trace)
def trace_of_matrices(x, *, offset=0):
    """Add up the diagonals of matrices, which are the last two axes.

    >>> trace_of_matrices(np.ones((4, 2, 2)))
    array([2., 2., 2., 2.])
    """
    return np.trace(x, offset, -2, -1)


@implements(np.interp)
def interp(x, xp, fp, left=None, right=None):
    """Interpolate linearly between the points (xp, fp), with xp in ascending order.

    Below the first point the value is `left`, beyond the last one `right`; without them it is
    that of the end. Raises ValueError for no points, or lists of different lengths.

    >>> interp(np.array([0.5, 9.0]), np.array([0.0, 1.0]), np.array([2.0, 4.0]))
    array([3., 4.])
    """
    x, xp, fp = (np.multiply(each, np.float64(1)) for each in (x, xp, fp))
    if np.ndim(xp) != 1 or np.shape(xp) != np.shape(fp) or not np.size(xp):
        raise ValueError(f"interp: xp and fp have the shapes {np.shape(xp)}, {np.shape(fp)}")
    last = np.size(xp) - 1
    at = np.clip(np.searchsorted(plain(xp), plain(x), "right") - 1, 0, max(last - 1, 0))
    ahead = np.minimum(at + 1, last)
    width = xp[ahead] - xp[at]
    rise = (fp[ahead] - fp[at]) / np.where(np.equal(width, 0), 1, width)
    y = fp[at] + (x - xp[at]) * rise
    y = np.where(np.less(x, xp[0]), fp[0] if left is None else left, y)
    return np.where(np.greater(x, xp[-1]), fp[-1] if right is None else right, y)


@primitive(shapes=[("N D",)], options={"order": (0, 1, 2)})
def sinc_slope(x: Tensor, *, order) -> Tensor:
    """Compute the derivative of sin(πx)/πx of any order, by its series near 0.

    Elsewhere follows from  (x sinc x)' π = …,  differentiated again and again:
    x y⁽ᵏ⁾ + k y⁽ᵏ⁻¹⁾ = πᵏ⁻¹ sin(πx + kπ/2).

    >>> sinc_slope(np.array([0.0, 1.0]), order=2).round(6)
    array([-3.289868,  2.      ])
    """
    near = np.abs(x) < 1
    apart, close = np.where(near, 1, x), np.where(near, x, 0)
    far = np.sinc(apart)
    for k in range(1, order + 1):
        far = (math.pi ** (k - 1) * np.sin(math.pi * apart + k * math.pi / 2) - k * far) / apart
    series = np.zeros_like(close)
    for j in range(TERMS, -1, -1):
        if 2 * j >= order:
            sizes = (2 * j + 1) * math.factorial(2 * j - order)
            term = (-1) ** j * math.pi ** (2 * j) / sizes
            series = series + term * close ** (2 * j - order)
    return np.where(near, series, far).astype(np.result_type(x), copy=False)[()]


@sinc_slope.defjvp
def sinc_slope_jvp(y, x, x_dot, order):
    return sinc_slope(x, order=order + 1) * x_dot


@sinc_slope.defvjp
def sinc_slope_vjp(y, x, y_bar, order):
    return (sinc_slope(x, order=order + 1) * y_bar,)


@implements(np.sinc)
def sinc(x):
    """Compute  sin(πx) / πx,  which is 1 at 0.

    >>> sinc(np.array([0.0, 0.5])).round(4)
    array([1.    , 0.6366])
    """
    return sinc_slope(x, order=0)
