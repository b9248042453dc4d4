"""Functions of two numbers, applied entry by entry, with NumPy's broadcasting.

Each is a row of a table: the function, its formula, and its slopes by either number.

Chapter: book/reverse.md.
"""

import numpy as np

from dlcore.autodiff.dispatch import plain
from dlcore.autodiff.primitive import primitive
from dlcore.ops.numpy.arithmetic import BROADCAST, share, unbroadcast
from dlcore.ops.numpy.elementary import beyond_zero
from dlcore.shapes import Tensor


def rule(function, formula, by_x, by_z, domain="real"):
    """Make a primitive of NumPy's `function`:  ẏ = by_x(x, z, y) ẋ + by_z(x, z, y) ż.

    >>> hypot(3.0, 4.0), hypot.vjp(5.0, 3.0, 4.0, 1.0)
    (np.float64(5.0), (np.float64(0.6), np.float64(0.8)))
    """

    def f(x: Tensor, z: Tensor) -> Tensor:
        return function(x, z)

    f.__name__ = f.__qualname__ = function.__name__
    f.__doc__ = f"Apply to every pair of entries:  {formula}."
    op = primitive(f, numpy=[function], shapes=BROADCAST, domain={"z": domain})
    op.defjvp(lambda y, x, z, x_dot, z_dot: by_x(x, z, y) * x_dot + by_z(x, z, y) * z_dot)
    op.defvjp(
        lambda y, x, z, y_bar: (
            lambda: unbroadcast(by_x(x, z, y) * y_bar, x),
            lambda: unbroadcast(by_z(x, z, y) * y_bar, z),
        )
    )
    return op


def one(x, z, y):
    """Return the slope of what is passed on:  1.

    >>> one(2.0, 3.0, np.ones(2))
    array([1., 1.])
    """
    return np.ones_like(y)


def weight(exponential, own):
    """Return the slope of a sum of exponentials by its first or second term:  exp(own - y).

    >>> weight(np.exp, 0)(0.0, 0.0, np.log(2.0)).round(9)
    np.float64(0.5)
    """
    return lambda x, z, y: exponential((x, z)[own] - np.where(np.isneginf(y), 0, y))


def over_square(x, z):
    """Return the reciprocal of x² + z².

    >>> over_square(1.0, 2.0)
    0.2
    """
    return 1 / (x * x + z * z)


def number_share(x, z, y, sign):
    """Say how much of y is x, where y is the larger of the numbers `sign` x and `sign` z.

    A missing number is smaller than any other.

    >>> number_share(np.array([2.0, 1.0, 0.0]), np.array([np.nan, 1.0, 1.0]), np.zeros(3), 1)
    array([1. , 0.5, 0. ])
    """
    found = (np.where(np.isnan(plain(each)), -np.inf, sign * plain(each)) for each in (x, z))
    return share(*found, y)


# fmt: off
hypot      = rule(np.hypot,      "y = √(x² + z²), with slopes 0 at (0, 0)",
                  lambda x, z, y: x / beyond_zero(y), lambda x, z, y: z / beyond_zero(y))
arctan2    = rule(np.arctan2,    "y is the angle of the point (z, x)",
                  lambda x, z, y: z * over_square(x, z), lambda x, z, y: -x * over_square(x, z))
remainder  = rule(np.remainder,  "y = x - z ⌊x/z⌋",
                  one, lambda x, z, y: -np.floor_divide(x, z), "nonzero")
fmod       = rule(np.fmod,       "y = x - z trunc(x/z)",
                  one, lambda x, z, y: -np.rint((x - y) / z), "nonzero")
logaddexp  = rule(np.logaddexp,  "y = ln(eˣ + eᶻ)",
                  weight(np.exp, 0), weight(np.exp, 1))
logaddexp2 = rule(np.logaddexp2, "y = log₂(2ˣ + 2ᶻ)",
                  weight(np.exp2, 0), weight(np.exp2, 1))
fmax       = rule(np.fmax,       "y is the larger of both, or the one that is not missing",
                  lambda x, z, y: number_share(x, z, y, 1),
                  lambda x, z, y: number_share(z, x, y, 1))
fmin       = rule(np.fmin,       "y is the smaller of both, or the one that is not missing",
                  lambda x, z, y: number_share(x, z, y, -1),
                  lambda x, z, y: number_share(z, x, y, -1))
# fmt: on
