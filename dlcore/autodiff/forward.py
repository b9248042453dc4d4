"""Forward mode: every value carries its tangent along.

Chapter: book/forward.md.
"""

import numpy as np

from dlcore.autodiff.dispatch import Traced, float_arrays, is_traced_at, levels, lower


class Dual(Traced):
    """A value and its tangent: x and ẋ, of equal shapes.

    >>> y = Dual(3.0, 1.0, level=1) * 2.0
    >>> float(y.value), float(y.dot)
    (6.0, 2.0)
    """

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
    """Return the tangent of a constant; that of a plain number is a plain number.

    >>> zero(np.ones(2))
    array([0., 0.])
    """
    return 0.0 if isinstance(x, int | float) else np.zeros_like(x)


def jvp(f, xs, x_dots):
    """Return y = f(*xs) and its slope ẏ along the direction `x_dots`.

    `xs` and `x_dots` are lists of arrays of floats, of equal shapes; ẏ has the shape of y.
    Raises TypeError where an x does not hold floats.

    >>> jvp(lambda x: x * x, [np.float64(3.0)], [np.float64(1.0)])
    (np.float64(9.0), np.float64(6.0))
    """
    xs, level = float_arrays("jvp", xs), next(levels)
    y = f(*(Dual(x, x_dot, level) for x, x_dot in zip(xs, x_dots, strict=True)))
    return (y.value, y.dot) if is_traced_at(y, level) else (y, np.zeros_like(y))
