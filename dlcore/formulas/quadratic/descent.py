"""Descent on a quadratic: what noise leaves, and what momentum gains.

Of a start at one, y_i is left after i steps. With noise of size σ the square of the
distance is s_i on average. κ is a curvature, q the quotient of the largest and the least.

Chapter: book/descent.md.
"""

import sympy as sp
from sympy import cos, sin, sqrt

from dlcore.formulas import descent, optim
from dlcore.formulas.engine.calculus import evaluated, unfold
from dlcore.formulas.engine.checks import computed, grown, identity, proved, solves
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import i
from dlcore.formulas.engine.vectors import t
from dlcore.formulas.quadratic import optim as quadratic_optim

y, s = map(sp.IndexedBase, "ys")
rate, mu, std, phi, q, B = sp.symbols("rate momentum std phi q B", positive=True)
curvature, curvature1, curvature2 = sp.symbols("curvature curvature1 curvature2", positive=True)
T = sp.Symbol("T", integer=True, positive=True)
a, e, x = sp.symbols("a e x", real=True)
half, quarter = sp.Rational(1, 2), sp.Rational(1, 4)
known = {curvature2: q * curvature1}  # q is the quotient of the two
gap = lambda page: page.lhs - page.rhs


def rolls(page, x):
    """Take a step of momentum where the rate, times the curvature, is x."""
    return unfold(heavy_ball, sp.Eq(rate, x / curvature), page)


def from_rest(x):
    """Say where momentum begins, and where its first step leads."""
    return {0: 1, 1: 1 - x}


@formula(identity())
def two_parabolas():
    """The mean of two parabolas is a parabola about their mean."""
    left = quarter * (x - 2) ** 2 + quarter * (x + 1) ** 2
    return sp.Eq(left, half * (x - half) ** 2 + sp.Rational(9, 8))


@derivation()
def mean_square_next():
    """Of a distance x on a parabola, pushed either way with equal chance."""
    left = (1 - rate * curvature) * x
    yield half * (left - rate * std) ** 2 + half * (left + rate * std) ** 2
    yield "=", (1 - rate * curvature) ** 2 * x**2 + rate**2 * std**2, "the mixed terms cancel"


@formula(proved(mean_square_next, {x**2: s[i]}))
def mean_square():
    """The mean square is multiplied by a factor, and the noise is added."""
    return sp.Eq(s[i + 1], (1 - rate * curvature) ** 2 * s[i] + rate**2 * std**2)


@formula(solves(lambda page: mean_square.rhs.subs(s[i], page.rhs) - page.rhs))
def mean_square_limit():
    """At a constant rate it does not vanish."""
    return sp.Eq(e, rate * std**2 / (curvature * (2 - rate * curvature)))


def steepness(page):
    """Differentiate the next mean square by the rate, where it has fallen so far."""
    slope = sp.diff(evaluated(mean_square.rhs), rate)
    return slope.subs({rate: page.rhs, s[i]: falling_mean_square.rhs})


@formula(solves(steepness))
def falling_rate():
    """A rate that falls like one over the number of steps, that of the next included."""
    return sp.Eq(rate, 1 / (curvature * (i + 1)))


@formula(grown(lambda page: unfold(mean_square, falling_rate, page), {1: (std / curvature) ** 2}))
def falling_mean_square():
    """With it the mean square falls in the same way."""
    return sp.Eq(s[i], std**2 / (curvature**2 * i))


@formula(computed("verification.programs.descent.mean_square_of_average", sizes={"T": 5}))
def mean_square_of_average():
    """At a constant rate the average of T points, the first of them at the minimum."""
    gained = sp.Sum((1 - (1 - rate * curvature) ** i) ** 2, (i, 1, T - 1))
    return sp.Eq(e, std**2 / (curvature**2 * T**2) * gained)


height = curvature * (a * (B - T * a) - a**2 / 2)  # beyond the knee every step has one length


@formula(solves(lambda page: sp.diff(height, a).subs(a, page.rhs)))
def knee():
    """Where a straight line begins, such that descent stays as high as it can."""
    return sp.Eq(a, B / (2 * T + 1))


@formula(
    solves(lambda page: height.subs(a, knee.rhs) - page.rhs),
    computed("verification.programs.descent.knee_height", sizes={"T": 4, "B": 2}),
)
def knee_height():
    """How high descent still is after T steps."""
    return sp.Eq(e, curvature * B**2 / (4 * T + 2))


@formula
def condition():
    """The condition number is the quotient of the two."""
    return sp.Eq(q, curvature2 / curvature1)


kept = evaluated(descent.closer.claim.rhs)  # of the square of a distance, after a step


@formula(grown(lambda page: sp.Eq(e, kept.subs(descent.far(t), page.rhs)), 1, letter="T"))
def closer_bound():
    """After T steps at most this part of the square of the distance is left."""
    return sp.Eq(e, (1 - 1 / q) ** T)


@formula(
    grown(lambda page: unfold(optim.sgd, quadratic_optim.slope, sp.Eq(optim.w, page.rhs)), 1),
    computed("verification.programs.descent.after_steps", momentum=0),
)
def share():
    """On a quadratic every step multiplies by one factor."""
    return sp.Eq(y[i], (1 - rate * curvature) ** i)


@formula(solves(lambda page: (1 - page.rhs * curvature1) + (1 - page.rhs * curvature2)))
def bowl_rate():
    """The rate at which the flattest and the steepest direction have the same factor."""
    return sp.Eq(rate, 2 / (curvature1 + curvature2))


@formula(solves(lambda page: (1 - bowl_rate.rhs * curvature1).subs(known) - page.rhs))
def bowl_share():
    """Both ends then have this factor."""
    return sp.Eq(e, (q - 1) / (q + 1))


@formula(computed("verification.programs.descent.heavy_ball", sizes={"D": 8}))
def heavy_ball():
    """On a parabola momentum (the heavy ball) obeys a recursion of two steps."""
    return sp.Eq(y[i + 1], (1 + mu - rate * curvature) * y[i] - mu * y[i - 1])


def rolled(page):
    """Put y_i = xⁱ into the recursion, and divide by xⁱ⁻¹."""
    return gap(page) - gap(heavy_ball).replace(sp.Indexed, lambda y, at: x ** (at - i)) * x


@formula(solves(rolled))
def powers():
    """A power of x obeys it when x solves this."""
    return sp.Eq(x**2, (1 + mu - rate * curvature) * x - mu)


@formula(identity())
def under_the_root():
    """The discriminant changes its sign at the two ends of a range."""
    low, high = (1 - sqrt(mu)) ** 2, (1 + sqrt(mu)) ** 2
    x = rate * curvature
    return sp.Eq((1 + mu - x) ** 2 - 4 * mu, (x - low) * (x - high))


@formula(solves(lambda page: (page.rhs * curvature1).subs(known) - (1 - ball_share.rhs) ** 2))
def ball_rate():
    """The rate that puts the curvatures at the two ends of the range."""
    return sp.Eq(rate, (2 / (sqrt(curvature1) + sqrt(curvature2))) ** 2)


@formula(solves(lambda page: page.rhs - ball_share.rhs**2))
def ball_momentum():
    """The momentum of which the range is as wide as the curvatures lie apart."""
    return sp.Eq(mu, ((sqrt(q) - 1) / (sqrt(q) + 1)) ** 2)


@formula(solves(lambda page: ((1 + page.rhs) / (1 - page.rhs)) ** 2 - q))
def ball_share():
    """Then every step multiplies by the root of the momentum."""
    return sp.Eq(sqrt(mu), (sqrt(q) - 1) / (sqrt(q) + 1))


flat, steep = (1 - sqrt(mu)) ** 2, (1 + sqrt(mu)) ** 2  # what the rate times κ is there
swinging = 1 + mu - 2 * sqrt(mu) * cos(phi)


@formula(
    grown(lambda page: rolls(page, flat), from_rest(flat)),
    computed("verification.programs.descent.at_flat_end"),
)
def flat_end():
    """At the flat end of the range, from rest."""
    return sp.Eq(y[i], (1 + (1 - sqrt(mu)) * i) * sqrt(mu) ** i)


@formula(
    grown(lambda page: rolls(page, steep), from_rest(steep)),
    computed("verification.programs.descent.at_steep_end"),
)
def steep_end():
    """At its steep end."""
    return sp.Eq(y[i], (1 + (1 + sqrt(mu)) * i) * (-sqrt(mu)) ** i)


@formula(
    grown(lambda page: rolls(page, swinging), from_rest(swinging)),
    computed("verification.programs.descent.between_the_ends"),
)
def between():
    """Between the ends, with an angle that runs from zero to π."""
    wave = (sin((i + 1) * phi) - sqrt(mu) * sin(i * phi)) / sin(phi)
    return sp.Eq(y[i], sqrt(mu) ** i * wave)


def at_the_angle(page):
    """Put a number of the size √μ, at this angle, into the equation of powers."""
    return gap(powers).subs(x, sqrt(mu) * (page.rhs + sp.I * sqrt(1 - page.rhs**2)))


@formula(solves(at_the_angle))
def angle():
    """The angle belongs to a curvature."""
    return sp.Eq(cos(phi), (1 + mu - rate * curvature) / (2 * sqrt(mu)))
