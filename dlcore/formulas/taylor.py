"""Taylor's terms: what a difference measures beside the slope.

A value of f, or of one of its slopes, is a number like any other here; z, z₁ and z₂ are points
between those at which f is measured.

Chapter: book/derivative.md.
"""

import sympy as sp

from dlcore.formulas.derivative import Slope, concrete, cube, gap, h, x, z
from dlcore.formulas.engine.calculus import plain
from dlcore.formulas.engine.checks import solves
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula

z1, z2 = sp.symbols("z1 z2", real=True)
quartic = lambda x: x**4


class Seen(sp.Symbol):
    """What f or a slope of f is at a point: a number like any other, in a derivation."""

    def __new__(cls, order, at):
        """Name the number by its place, however that is written."""
        with sp.evaluate(True):
            letter = super().__new__(cls, str(Slope(order, plain(at))), real=True)
        letter.slope = Slope(order, at)
        return letter

    def _latex(self, printer):
        return printer.doprint(self.slope)


def numbers(relation):
    """Let every value of f and of its slopes be a number."""
    return relation.replace(Slope, Seen)


def slopes(relation):
    """Let numbers be values of f and of its slopes again."""
    return relation.xreplace({number: number.slope for number in relation.atoms(Seen)})


@formula(solves(lambda page: gap(concrete(page, cube)).subs(z, x + h / 3)))
def ahead():
    """A step ahead: the tangent, and the curvature at a point in between."""
    return sp.Eq(Slope(0, x + h), Slope(0, x) + h * Slope(1, x) + h**2 / 2 * Slope(2, z))


@derivation(numbers(ahead))
def one_sided_off():
    """The rise over a step, less the slope, is what the curvature adds."""
    yield (Seen(0, x + h) - Seen(0, x)) / h - Seen(1, x)
    yield "=", (h * Seen(1, x) + h**2 / 2 * Seen(2, z)) / h - Seen(1, x), "$f(x)$ is gone"
    yield "=", h / 2 * Seen(2, z), "so is the slope"


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


@derivation(*map(numbers, (far_ahead, far_behind, in_between)))
def central_off():
    """What is the same on both sides cancels."""
    thirds = h**3 / 6 * (Seen(3, z1) + Seen(3, z2))
    yield (Seen(0, x + h) - Seen(0, x - h)) / (2 * h) - Seen(1, x)
    yield "=", (2 * h * Seen(1, x) + thirds) / (2 * h) - Seen(1, x), "even terms are gone"
    yield "=", h**2 / 12 * (Seen(3, z1) + Seen(3, z2)), "so is the slope"
    yield "=", h**2 / 6 * Seen(3, z), "twice their mean"
