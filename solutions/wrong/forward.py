"""Plausible wrong answers to the exercises of *Forward mode*, each with a word of advice.

Chapter: book/forward.md.
"""

import numpy as np

from dlcore.course.exercises.known_answers import wrong


class Moving:
    """A dual number that errs in nothing yet; wrong ones change one of its parts."""

    def __init__(self, value, dot=0):
        self.value = value
        self.dot = dot

    def other(self, other):
        return other if isinstance(other, Moving) else type(self)(other)

    def __add__(self, other):
        z = self.other(other)
        return type(self)(self.value + z.value, self.dot + z.dot)

    def __mul__(self, other):
        z = self.other(other)
        return type(self)(self.value * z.value, self.tangent(z))

    def tangent(self, z):
        """Follow the product rule."""
        return self.dot * z.value + self.value * z.dot

    __radd__ = lambda self, other: self + other
    __rmul__ = lambda self, other: self * other


@wrong("forward-dual", "The tangents are multiplied: the product rule has a term for each factor.")
class Dual(Moving):
    def tangent(self, z):
        return self.dot * z.dot


@wrong("forward-dual", "A term of the product rule is missing: both factors change.")
class Dual(Moving):
    def tangent(self, z):
        return self.dot * z.value


@wrong("forward-dual", "The factors are mixed up: each tangent is multiplied by the other value.")
class Dual(Moving):
    def tangent(self, z):
        return self.dot * self.value + z.value * z.dot


@wrong("forward-dual", "A plain number is constant: its tangent is zero.")
class Dual(Moving):
    def other(self, other):
        return other if isinstance(other, Moving) else type(self)(other, 1)


@wrong("forward-dual", "A plain number has no tangent: make a dual number of it first.")
class Dual(Moving):
    def other(self, other):
        return other


SLOPES = {
    "exp": np.exp,
    "log": lambda x: 1 / x,
    "sin": np.cos,
    "sqrt": lambda x: 0.5 / np.sqrt(x),
    "tanh": lambda x: 1 - np.tanh(x) ** 2,
}


@wrong("forward-functions", "These are the slopes: a tangent is the slope times ẋ.")
def elementary(name, x, x_dot):
    return getattr(np, name)(x), SLOPES[name](x)


@wrong("forward-functions", "The slope of √x is 1/(2 √x), with the two.")
def elementary(name, x, x_dot):
    slopes = {**SLOPES, "sqrt": lambda x: 1 / np.sqrt(x)}
    return getattr(np, name)(x), slopes[name](x) * x_dot


@wrong("forward-functions", "The slope of tanh is 1 - tanh², with the square.")
def elementary(name, x, x_dot):
    slopes = {**SLOPES, "tanh": lambda x: 1 - np.tanh(x)}
    return getattr(np, name)(x), slopes[name](x) * x_dot


@wrong("forward-functions", "The slope of the sine is the cosine, without a sign.")
def elementary(name, x, x_dot):
    slopes = {**SLOPES, "sin": lambda x: -np.cos(x)}
    return getattr(np, name)(x), slopes[name](x) * x_dot


def pushed(w, w_dot, inner=2.0, sine=np.cos, swapped=1.0, squash=lambda g: g * (1 - g)):
    """Push a tangent through the example; the options are what may go wrong."""
    (w1, w2), (w1_dot, w2_dot) = w, w_dot
    a = np.exp(w1)
    c = np.exp(2 * w2)
    g = 1 / (1 + np.exp(-w1))
    s = a + c
    s_dot = a * w1_dot + inner * c * w2_dot
    first = (np.exp(s) + sine(s)) * s_dot
    second = w1_dot * w2 + swapped * w1 * w2_dot + squash(g) * w1_dot
    return np.array([np.exp(s) + np.sin(s), w1 * w2 + g]), np.array([first, second])


@wrong("forward-jvp", "The slope of exp 2w₂ has a factor of two from inside.")
def example_jvp(w, w_dot):
    return pushed(w, w_dot, inner=1.0)


@wrong("forward-jvp", "The slope of the sine is the cosine.")
def example_jvp(w, w_dot):
    return pushed(w, w_dot, sine=np.sin)


@wrong("forward-jvp", "In the product w₁ w₂ both factors change: a term is missing.")
def example_jvp(w, w_dot):
    return pushed(w, w_dot, swapped=0.0)


@wrong("forward-jvp", "The slope of σ is σ (1 - σ), not σ itself.")
def example_jvp(w, w_dot):
    return pushed(w, w_dot, squash=lambda g: g)


@wrong("forward-jacobian", "Your matrix is transposed: each run gives a column, one per input.")
def jacobian(jvp, x):
    return np.stack([jvp(x, unit)[1] for unit in np.eye(len(x))])


@wrong("forward-jacobian", "You stacked the values: the tangent is the second of the pair.")
def jacobian(jvp, x):
    return np.stack([jvp(x, unit)[0] for unit in np.eye(len(x))], axis=1)


@wrong("forward-jacobian", "All inputs change at once: each run has to change one input.")
def jacobian(jvp, x):
    return np.stack([jvp(x, np.ones(len(x)))[1] for _ in x], axis=1)


@wrong("forward-jacobian", "An extra run only to learn the number of outputs is one run too many.")
def jacobian(jvp, x):
    J = np.empty((len(jvp(x, np.zeros(len(x)))[0]), len(x)))
    for d, unit in enumerate(np.eye(len(x))):
        J[:, d] = jvp(x, unit)[1]
    return J


@wrong("forward-newton", "The step has the wrong sign: the line meets zero at x - y / ẏ.")
def newton(jvp, x, *, steps):
    for _ in range(steps):
        y, slope = jvp(x, 1.0)
        if y == 0:
            return x
        if slope == 0:
            raise ValueError("newton: level")
        x = x + y / slope
    return x


@wrong("forward-newton", "At a zero there is nothing to do: test y before you divide.")
def newton(jvp, x, *, steps):
    for _ in range(steps):
        y, slope = jvp(x, 1.0)
        if slope == 0:
            raise ValueError("newton: level")
        x = x - y / slope
    return x


@wrong(
    "forward-newton", "A horizontal line has no zero: raise a ValueError before you divide by it."
)
def newton(jvp, x, *, steps):
    for _ in range(steps):
        y, slope = jvp(x, 1.0)
        if y == 0:
            return x
        x = x - y / slope
    return x


@wrong("forward-newton", "One step, or one too many: count them with range(steps).")
def newton(jvp, x, *, steps):
    for _ in range(steps + 1):
        y, slope = jvp(x, 1.0)
        if y == 0:
            return x
        if slope == 0:
            raise ValueError("newton: level")
        x = x - y / slope
    return x


@wrong("forward-confusion", "This is the chapter's example, off by two: four is asked for.")
def confusing(derivative, x):
    return derivative(lambda x: x * derivative(lambda y: x + y, 1.0), x)


@wrong("forward-confusion", "The inner slope does not depend on x, so nothing is confused.")
def confusing(derivative, x):
    return derivative(lambda x: x * derivative(lambda y: y * y, 1.0), x)


@wrong("forward-confusion", "The true slope is zero here: four times nothing is nothing.")
def confusing(derivative, x):
    return derivative(lambda x: derivative(lambda y: x + x + x + y, 1.0), x)


@wrong("forward-confusion", "Each x more adds one: four of them make it five times as large.")
def confusing(derivative, x):
    return derivative(lambda x: x * derivative(lambda y: x + x + x + x + y, 1.0), x)


def gaps(f, jvp, x, x_dot):
    """Compare value and tangent with f itself and with its difference; the largest of each."""
    h, (y, y_dot) = 1e-5, jvp(x, x_dot)
    measured = (f(x + h * x_dot) - f(x - h * x_dot)) / (2 * h)
    return np.array([np.max(np.abs(y - f(x))), np.max(np.abs(y_dot - measured))])


@wrong("forward-check", "The value is never compared: jvp returns it, too.")
def is_the_tangent(f, jvp, x, *, rng):
    return bool(gaps(f, jvp, x, rng.normal(size=np.shape(x)))[1] < 1e-6)


@wrong("forward-check", "Along a direction of ones some mistakes go unseen: draw it at random.")
def is_the_tangent(f, jvp, x, *, rng):
    return bool(np.all(gaps(f, jvp, x, np.ones(np.shape(x))) < 1e-6))


@wrong("forward-check", "A measured tangent is never exact: allow for rounding.")
def is_the_tangent(f, jvp, x, *, rng):
    return bool(np.all(gaps(f, jvp, x, rng.normal(size=np.shape(x))) == 0))


@wrong("forward-check", "The tolerance is so wide that one part in a thousand passes.")
def is_the_tangent(f, jvp, x, *, rng):
    return bool(np.all(gaps(f, jvp, x, rng.normal(size=np.shape(x))) < 0.1))


def named(advice, *numbers):
    @wrong("forward-wrong-lines", advice)
    def wrong_lines():
        return list(numbers)


named("Lines are counted from one: the first is the one that begins without a sign.", 2, 3, 1)
named("You name the lines after the slips, as far as there are any.", 4, 5, 3)
named("In the first derivation h² over h is h, and not nothing: look at the last line.", 2, 4, 2)
named("In the third, the rows of J belong to what comes out of it: look at its indices.", 3, 4, 3)


class Plain:
    """A dual number whose operand on the right may be plain."""

    def __init__(self, value, dot=0):
        self.value, self.dot = value, dot

    def __add__(self, other):
        other = other if isinstance(other, type(self)) else type(self)(other)
        return type(self)(self.value + other.value, self.dot + other.dot)

    def __mul__(self, other):
        other = other if isinstance(other, type(self)) else type(self)(other)
        return type(self)(self.value * other.value, self.dot * other.value + self.value * other.dot)


@wrong("forward-dual", "A plain number may stand on the left: leave __radd__ and __rmul__ in.")
class Dual(Plain):
    pass
