"""Functions sampled at points: differences, diagonals, interpolation, and the sinc.

Chapter: book/reverse.md.
"""

import math
import operator

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

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


@implements(np.linspace)
def linspace(start, stop, num=50, endpoint=True, retstep=False, *, axis=0):
    """Divide the way from `start` to `stop` into equal steps, along an axis of its own.

    `stop` is the last point, or the one after it if `endpoint` is false. With `retstep` the step
    comes second. Raises ValueError for a negative number of points.

    >>> linspace(1.0, 3.0, 5)
    array([1. , 1.5, 2. , 2.5, 3. ])
    """
    num = operator.index(num)
    if num < 0:
        raise ValueError(f"linspace: num is {num}, it must not be negative")
    ends = [x if isinstance(x, int | float) else plain(x) for x in (start, stop)]
    one = np.result_type(*ends, 1.0).type(1)
    start, stop = np.multiply(start, one), np.multiply(stop, one)
    way = stop - start
    steps = num - 1 if endpoint else num
    step = way / steps if steps > 0 else math.nan
    part = np.arange(num).reshape((-1,) + (1,) * np.ndim(way)) / max(steps, 1)
    y = start + part.astype(one.dtype) * way
    if endpoint and num > 1:
        y = np.concatenate([y[:-1], np.broadcast_to(stop, np.shape(way))[None]])
    y = np.moveaxis(y, 0, axis)
    return (y, step) if retstep else y


@implements(np.gradient)
def gradient(f, *spacing, axis=None, edge_order=1):
    """Measure slopes between samples by differences, one array for every axis.

    Inside it is the slope of the parabola through three neighbours, at the ends that of the line
    through two, or with `edge_order` 2 of the parabola through three. The spacing is a number or
    the coordinates: one number for all axes, or one for each. Raises TypeError for another number
    of spacings, ValueError where coordinates do not fit, or there are too few samples.

    >>> gradient(np.array([1.0, 4.0, 9.0, 16.0]))
    array([3., 4., 6., 7.])
    """
    axes = range(np.ndim(f)) if axis is None else normalize_axis_tuple(axis, np.ndim(f))
    if len(spacing) < 2 and not (spacing and np.ndim(spacing[0])):
        spacing = (spacing or (1.0,)) * len(axes)
    if len(spacing) != len(axes):
        told = f"{len(spacing)} spacings for {len(axes)} axes"
        raise TypeError(f"gradient: there are {told}, give one number for all or one for each")
    if edge_order not in {1, 2}:
        raise ValueError(f"gradient: edge_order is {edge_order}, choose 1 or 2")
    slopes = [slopes_between(f, i, h, edge_order) for i, h in zip(axes, spacing, strict=True)]
    return slopes[0] if len(axes) == 1 else tuple(slopes)


def slopes_between(f, axis, spacing, edge_order):
    """Measure slopes along one axis, whose spacing is a number or the coordinates.

    >>> slopes_between(np.array([1.0, 4.0, 9.0]), 0, np.array([0.0, 1.0, 3.0]), 1).tolist()
    [3.0, 2.8333333333333335, 2.5]
    """
    n = np.shape(f)[axis]
    if n <= edge_order:
        raise ValueError(f"gradient: {n} samples along axis {axis}, give {edge_order + 1} or more")
    if np.ndim(spacing) and np.shape(spacing) != (n,):
        raise ValueError(f"gradient: spacing has shape {np.shape(spacing)}, axis {axis} has {n}")
    f = np.moveaxis(f, axis, -1)
    steps = np.diff(spacing) if np.ndim(spacing) else spacing * np.ones(n - 1)
    slopes = (f[..., 1:] - f[..., :-1]) / steps
    if np.ndim(spacing):
        before, after = steps[:-1], steps[1:]
        inside = (slopes[..., :-1] * after + slopes[..., 1:] * before) / (before + after)
    else:
        inside = (f[..., 2:] - f[..., :-2]) / (2 * spacing)
    first, last = slopes[..., :1], slopes[..., -1:]
    if edge_order == 2:
        first = first + (first - slopes[..., 1:2]) * (steps[0] / (steps[0] + steps[1]))
        last = last + (last - slopes[..., -2:-1]) * (steps[-1] / (steps[-1] + steps[-2]))
    y = np.concatenate([first, inside, last], -1).astype(f.dtype)
    return np.moveaxis(y, -1, axis)


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
