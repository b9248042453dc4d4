"""Factors before a normalisation: of its input, and of the weights that make its input.

A unit mixes C features z with weights w, which have the length R and the direction u.

Chapter: book/norm.md.
"""

import sympy as sp
from sympy import sqrt

from dlcore.formulas import norm
from dlcore.formulas.engine.checks import identity
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import c, n, total
from dlcore.formulas.norm import average, eps, gamma, mu, var, x, x_bar, x_hat, y_bar

z, w, g, G, w_bar, w_unit = map(sp.IndexedBase, ["z", "w", "g", "G", "w_bar", "u"])
a, shift = sp.symbols("a b", real=True)
rate, R = sp.symbols("rate R", positive=True)


@derivation(norm.variance, norm.centred, norm.mean)
def variance_of_the_scaled():
    """A shift leaves the variance alone, a factor enters squared."""
    yield average((a * x[n] + shift - (a * mu + shift)) ** 2)
    yield "=", average(a**2 * (x[n] - mu) ** 2), "the shift cancels"
    yield "=", a**2 * var, "the variance"


@derivation(norm.variance, norm.centred, norm.mean)
def scaled_input():
    """A factor before the normalisation is a factor before ε."""
    yield (a * x[n] + shift - (a * mu + shift)) / sqrt(a**2 * var + eps)
    yield "=", a * (x[n] - mu) / sqrt(a**2 * (var + eps / a**2)), "$a$ taken out"
    yield "=", a / sp.Abs(a) * ((x[n] - mu) / sqrt(var + eps / a**2)), "out of the root, too"


@formula
def unit():
    """A unit mixes features with its weights."""
    return sp.Eq(x[n], total(z[n, c] * w[c], c))


@formula
def unit_back():
    """Its weights receive from every example."""
    return sp.Eq(w_bar[c], total(z[n, c] * x_bar[n], n))


@derivation(unit_back, unit)
def weights_before():
    """The gradient of the weights before a normalisation, along these weights."""
    yield total(w[c] * w_bar[c], c)
    yield "=", total(x[n] * x_bar[n], n), "the sums change places"


@formula(identity(unit_back, norm.one_line, *norm.FORWARD, unit, sizes={"N": 3, "C": 2}))
def weights_along():
    """Nothing is left along the weights where ε is zero, and only there."""
    both = total(y_bar[n] * x_hat[n], n)
    return sp.Eq(total(w[c] * w_bar[c], c), gamma * both * (eps / (var + eps)))


@derivation()
def longer_weights():
    """The square of the length after a step."""
    yield total((w[c] - rate * g[c]) ** 2, c)
    mixed = 2 * rate * total(w[c] * g[c], c)
    squares = rate**2 * total(g[c] ** 2, c)
    yield "=", total(w[c] ** 2, c) - mixed + squares, "multiplied out"


@formula
def unit_length():
    """Weights of length R, and their direction u."""
    return sp.Eq(w[c], R * w_unit[c])


@formula
def unit_gradient():
    """The gradient at w, by the gradient G at u."""
    return sp.Eq(g[c], G[c] / R)


@derivation(unit_length, unit_gradient)
def effective_rate():
    """How far a step turns the direction of the weights."""
    yield (w[c] - rate * g[c]) / R
    yield "=", (R * w_unit[c] - rate * (G[c] / R)) / R, "length and direction"
    yield "=", w_unit[c] - rate / R**2 * G[c], "divided"
