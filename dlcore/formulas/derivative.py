"""Differences instead of derivatives: what they measure, and how far they are off.

The bounds take c0, c2 and c3 for the largest sizes of f, f'' and f''' near x, and eps for
the relative error of a single value. In Taylor's formulas z, z₁ and z₂ are points between those
at which f is measured.

Chapter: book/derivative.md.
"""

import sympy as sp

from dlcore.formulas.engine.calculus import evaluated
from dlcore.formulas.engine.checks import computed, identity, solves
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import d, total

x, z, y, y_dot, error, u = sp.symbols("x z y y_dot e u", real=True)
z1, z2 = sp.symbols("z1 z2", real=True)
eps, c0, c2, c3, h, best, q = sp.symbols("eps c0 c2 c3 h h0 q", positive=True)
x_bar, x_dot = map(sp.IndexedBase, ["x_bar", "x_dot"])
third = sp.Rational(1, 3)
cube = lambda x: x**3
quartic = lambda x: x**4
gap = lambda page: page.lhs - page.rhs


class Slope(sp.Function):
    """A derivative of the function f:  Slope(0, x) is f(x), Slope(2, x) is f''(x)."""

    nargs = 2

    def _latex(self, printer):
        order, at = self.args
        return "f" + "'" * int(order) + f"({printer.doprint(at)})"


class Imag(sp.Function):
    """The imaginary part, computed as soon as there is a number."""

    nargs = 1

    @classmethod
    def eval(cls, expr):
        """Take a number apart."""
        return sp.im(expr.expand(complex=True)) if expr.is_number else None

    def _latex(self, printer):
        return rf"\operatorname{{Im}} {printer.group(self.args[0])}"


def concrete(relation, function):
    """Let f be a certain function.

    >>> concrete(one_sided, lambda x: x**2)
    Eq(y, (-x**2 + (h + x)**2)/h)
    """
    slope = lambda order, at: sp.diff(function(x), x, order).subs(x, at)
    return relation.replace(Slope, slope)


@formula(solves(lambda page: concrete(page, cube).rhs - one_sided_cube.rhs))
def one_sided():
    """The difference of two values over the step."""
    return sp.Eq(y, (Slope(0, x + h) - Slope(0, x)) / h)


@formula(solves(lambda page: concrete(page, cube).rhs - central_cube.rhs))
def central():
    """The same with a step to either side."""
    return sp.Eq(y, (Slope(0, x + h) - Slope(0, x - h)) / (2 * h))


@formula(
    solves(
        lambda page: (concrete(page, lambda x: x**3 + x**2).rhs - complex_cube.rhs - 2 * x).subs(
            {x: 2, h: third}
        )
    )
)
def complex_step():
    """The imaginary part after an imaginary step, over the step."""
    return sp.Eq(y, Imag(Slope(0, x + sp.I * h)) / h)


@formula(identity())
def one_sided_square():
    """On a square a step ahead is off by the step."""
    return sp.Eq(((x + h) ** 2 - x**2) / h, 2 * x + h)


@formula(identity())
def central_square():
    """A step to either side is exact."""
    return sp.Eq(((x + h) ** 2 - (x - h) ** 2) / (2 * h), 2 * x)


@formula(identity())
def one_sided_cube():
    """On a cube the step ahead is off by two terms."""
    return sp.Eq(((x + h) ** 3 - x**3) / h, 3 * x**2 + 3 * x * h + h**2)


@formula(identity())
def central_cube():
    """The larger one cancels between the two sides."""
    return sp.Eq(((x + h) ** 3 - (x - h) ** 3) / (2 * h), 3 * x**2 + h**2)


@formula(identity())
def complex_cube():
    """The complex step leaves the same term with the other sign, because i² = -1."""
    return sp.Eq(Imag((x + sp.I * h) ** 3) / h, 3 * x**2 - h**2)


@formula(solves(lambda page: page.rhs.subs(h, one_sided_step.rhs) - one_sided_best.rhs))
def one_sided_bound():
    """Truncation grows with the step, round-off grows against it."""
    return sp.Eq(error, h / 2 * c2 + 2 * eps * c0 / h)


@formula(solves(lambda page: sp.diff(one_sided_bound.rhs, h).subs(h, page.rhs)))
def one_sided_step():
    """Where the two parts are equal, their sum is least."""
    return sp.Eq(best, 2 * sp.sqrt(eps * c0 / c2))


@derivation(one_sided_step)
def one_sided_least():
    """No step makes the bound less than this, and the best one makes it this."""
    above = c2 / (2 * h) * (h - best) ** 2
    yield h / 2 * c2 + 2 * eps * c0 / h
    yield "=", c2 / (2 * h) * (h**2 + best**2), "$4 \\varepsilon c_0 = c_2 h_0^2$"
    yield "=", c2 * best + above, "the square is completed"
    yield ">=", c2 * best, "a square is never negative", above


@formula(solves(lambda page: one_sided_bound.rhs.subs(h, one_sided_step.rhs) / page.rhs - 1))
def one_sided_best():
    """Half of the digits are lost."""
    return sp.Eq(error, 2 * sp.sqrt(eps * c0 * c2))


@formula(solves(lambda page: page.rhs.subs(h, central_step.rhs) - central_best.rhs))
def central_bound():
    """Truncation now falls with the square of the step."""
    return sp.Eq(error, h**2 / 6 * c3 + eps * c0 / h)


@formula(solves(lambda page: sp.diff(central_bound.rhs, h).subs(h, page.rhs)))
def central_step():
    """The best step is longer than one-sidedly."""
    return sp.Eq(best, (3 * eps * c0 / c3) ** third)


@derivation(central_step)
def central_least():
    """A cube is completed as a square is."""
    above = c3 / (6 * h) * (h - best) ** 2 * (h + 2 * best)
    yield h**2 / 6 * c3 + eps * c0 / h
    yield "=", c3 / (6 * h) * (h**3 + 2 * best**3), "$3 \\varepsilon c_0 = c_3 h_0^3$"
    yield "=", c3 / 2 * best**2 + above, "the cube is completed"
    yield ">=", c3 / 2 * best**2, "no factor is negative", above


@formula
def off_by():
    """A step q times as long as the best one."""
    return sp.Eq(h, q * best)


@derivation(central_step, off_by)
def flat():
    """What the bound is there, measured by the least."""
    yield h**2 / 6 * c3 + eps * c0 / h
    yield "=", c3 / (6 * h) * (h**3 + 2 * best**3), "as above"
    yield "=", (q**2 + 2 / q) / 3 * (c3 / 2 * best**2), "$h = q h_0$"


@formula(solves(lambda page: central_bound.rhs.subs(h, central_step.rhs) / page.rhs - 1))
def central_best():
    """A third of the digits are lost."""
    return sp.Eq(error, c3 / 2 * (3 * eps * c0 / c3) ** (2 * third))


@formula(computed("verification.programs.derivative.slope_along"))
def slope_along():
    """A directional derivative is the inner product of gradient and direction."""
    return sp.Eq(y_dot, total(x_bar[d] * x_dot[d], d))


@formula(computed("autodiff.derivative.relative_error", floor="u"))
def relative_error():
    """The difference of two numbers, measured by their size, or by u if both are smaller."""
    return sp.Eq(error, sp.Abs(x - z) / sp.Max(u, sp.Abs(x) + sp.Abs(z)))


class SlopeAt(sp.Symbol):
    """What f or a slope of f is at a point: a number like any other, in a derivation."""

    def __new__(cls, order, at):
        """Name the number by its place, however that is written."""
        with sp.evaluate(True):
            letter = super().__new__(cls, str(Slope(order, evaluated(at))), real=True)
        letter.slope = Slope(order, at)
        return letter

    def _latex(self, printer):
        return printer.doprint(self.slope)


def as_symbols(relation):
    """Let every value of f and of its slopes be a number."""
    return relation.replace(Slope, SlopeAt)


def as_slopes(relation):
    """Let numbers be values of f and of its slopes again."""
    return relation.xreplace({number: number.slope for number in relation.atoms(SlopeAt)})


@formula(solves(lambda page: gap(concrete(page, cube)).subs(z, x + h / 3)))
def ahead():
    """A step ahead: the tangent, and the curvature at a point in between."""
    return sp.Eq(Slope(0, x + h), Slope(0, x) + h * Slope(1, x) + h**2 / 2 * Slope(2, z))


@derivation(as_symbols(ahead))
def one_sided_off():
    """The rise over a step, less the slope, is what the curvature adds."""
    yield (SlopeAt(0, x + h) - SlopeAt(0, x)) / h - SlopeAt(1, x)
    yield (
        "=",
        (h * SlopeAt(1, x) + h**2 / 2 * SlopeAt(2, z)) / h - SlopeAt(1, x),
        "$f(x)$ cancels",
    )
    yield "=", h / 2 * SlopeAt(2, z), "so does $f'(x)$"


@formula(solves(lambda page: gap(concrete(page, quartic)).subs(z1, x + h / 4)))
def far_ahead():
    """One term further, a step ahead."""
    rest = Slope(0, x) + h * Slope(1, x) + h**2 / 2 * Slope(2, x) + h**3 / 6 * Slope(3, z1)
    return sp.Eq(Slope(0, x + h), rest)


@formula(solves(lambda page: gap(concrete(page, quartic)).subs(z2, x - h / 4)))
def far_behind():
    """To the other side the odd powers of the step have the other sign."""
    rest = Slope(0, x) - h * Slope(1, x) + h**2 / 2 * Slope(2, x) - h**3 / 6 * Slope(3, z2)
    return sp.Eq(Slope(0, x - h), rest)


@formula(solves(lambda page: gap(concrete(page, quartic)).subs(z, (z1 + z2) / 2)))
def in_between():
    """The mean of two values of a continuous function is a value in between."""
    return sp.Eq(Slope(3, z), (Slope(3, z1) + Slope(3, z2)) / 2)


@derivation(*map(as_symbols, (far_ahead, far_behind, in_between)))
def central_off():
    """What is the same on both sides cancels."""
    thirds = h**3 / 6 * (SlopeAt(3, z1) + SlopeAt(3, z2))
    yield (SlopeAt(0, x + h) - SlopeAt(0, x - h)) / (2 * h) - SlopeAt(1, x)
    yield (
        "=",
        (2 * h * SlopeAt(1, x) + thirds) / (2 * h) - SlopeAt(1, x),
        "even terms cancel",
    )
    yield "=", h**2 / 12 * (SlopeAt(3, z1) + SlopeAt(3, z2)), "so does $f'(x)$"
    yield "=", h**2 / 6 * SlopeAt(3, z), "twice their mean"
