"""Forward mode: every value carries its tangent along.

Chapter: book/forward.md.
"""

import numpy as np

from dlcore.autodiff.dispatch import Traced, float_arrays, is_traced_at, levels, lower


class Dual(Traced):
    """A value and its tangent: x and ẋ."""

    __slots__ = ("dot",)

    def __init__(self, value, dot, level):
        self.value, self.dot, self.level = value, dot, level

    def record(self, primitive, args, options):
        """Apply a primitive to values, its jvp to tangents; constants have tangent zero."""
        xs = lower(args, self.level)
        dots = [
            args[i].dot if is_traced_at(args[i], self.level) else zero(xs[i])
            for i in primitive.positions(args)
        ]
        y = primitive(*xs, **options)
        return Dual(y, primitive.jvp(y, *xs, *dots, **options), self.level)


def zero(x):
    """Return the tangent of a constant; that of a plain number is a plain number."""
    return 0.0 if isinstance(x, int | float) else np.zeros_like(x)


def jvp(f, xs, x_dots):
    """Return y = f(*xs) and its slope ẏ along the direction `x_dots`.

    >>> jvp(lambda x: x * x, [np.float64(3.0)], [np.float64(1.0)])
    (np.float64(9.0), np.float64(6.0))
    """
    xs, level = float_arrays("jvp", xs), next(levels)
    y = f(*(Dual(x, x_dot, level) for x, x_dot in zip(xs, x_dots, strict=True)))
    return (y.value, y.dot) if is_traced_at(y, level) else (y, np.zeros_like(y))
