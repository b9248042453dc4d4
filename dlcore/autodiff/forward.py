"""Forward mode: every value carries its tangent along.

Chapter: book/forward.md.
"""

import numpy as np

from dlcore.autodiff.containers import (
    float_arrays_of,
    kinds_of,
    results_of,
    run,
    separate,
    without_level,
)
from dlcore.autodiff.dispatch import Traced, is_traced_at, levels, lower


class Dual(Traced):
    """A value and its tangent: x and ẋ, of equal shapes.

    >>> y = Dual(3.0, 1.0, level=1) * 2.0
    >>> float(y.value), float(y.tangent)
    (6.0, 2.0)
    """

    __slots__ = ("tangent",)

    def __init__(self, value, tangent, level):
        self.value, self.tangent, self.level = value, tangent, level

    def record(self, primitive, args, options):
        """Apply a primitive to values, its jvp to tangents; constants have tangent zero."""
        xs = lower(args, self.level)
        dots = [
            args[i].tangent if is_traced_at(args[i], self.level) else zero(xs[i])
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


def jvp(f, xs, x_dots, *, has_aux=False):
    """Return y = f(*xs) and its slope ẏ along the direction `x_dots`.

    `xs` and `x_dots` list arrays of floats, or containers of them, of equal shapes; ẏ has the
    shape of y. With `has_aux` f returns a pair (y, aux), and aux comes third. Raises TypeError
    where an x or y does not hold floats, ShapeError where an ẋ has not the shape of x.

    >>> jvp(lambda x: x * x, [np.float64(3.0)], [np.float64(1.0)])
    (np.float64(9.0), np.float64(6.0))
    """
    arrays, form = float_arrays_of("jvp", xs)
    dots = form.arrays_alike("jvp", "x_dots", tuple(x_dots), kinds_of(arrays))
    level = next(levels)
    duals = [Dual(x, x_dot, level) for x, x_dot in zip(arrays, dots, strict=True)]
    y, aux = run("jvp", f, form.put_together(duals), has_aux)

    ends, y_form = results_of("jvp", y)
    moving = [is_traced_at(end, level) for end in ends]
    pairs = list(zip(ends, moving, strict=True))
    y = y_form.put_together([end.value if moves else end for end, moves in pairs])
    y_dots = [end.tangent if moves else np.zeros_like(end) for end, moves in pairs]
    y_dot = y_form.put_together(separate(y_dots, dots))
    return (y, y_dot, without_level(aux, level)) if has_aux else (y, y_dot)
