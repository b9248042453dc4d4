"""Dual numbers, tangents and the sources' example, as sympy sees them.

Chapter: book/forward.md.
"""

import sympy as sp
from sympy import cos, exp, sin

from dlcore.formulas.letters import d, m, total
from dlcore.formulas.registry import formula

x, z, y = sp.symbols("x z y", real=True)
x_dot, z_dot, y_dot = sp.symbols("x_dot z_dot y_dot", real=True)
eps = sp.Symbol("eps", real=True)
J, speed, moved = map(sp.IndexedBase, ["J", "x_dot", "y_dot"])
w1, w2, s, f1, f2 = sp.symbols("w1 w2 s f1 f2", real=True)


@formula
def product_of_duals():
    """Multiplied out, one term has ε twice."""
    crossed = (x_dot * z + x * z_dot) * eps
    return sp.Eq((x + x_dot * eps) * (z + z_dot * eps), x * z + crossed + x_dot * z_dot * eps**2)


@formula
def product():
    """Each factor moves while the other stands still."""
    return sp.Eq(y_dot, x_dot * z + x * z_dot)


@formula
def quotient():
    """What is divided moves, and so does what divides it."""
    return sp.Eq(y_dot, (x_dot - y * z_dot) / z)


@formula
def directional():
    """One run forwards multiplies the Jacobian by one direction."""
    return sp.Eq(moved[m], total(J[m, d] * speed[d], d))


@formula
def inner():
    """What both terms of the first output share."""
    return sp.Eq(s, exp(w1) + exp(2 * w2))


@formula
def first():
    """The first output of the sources' example."""
    return sp.Eq(f1, exp(s) + sin(s))


@formula
def second():
    """The second output of the sources' example, σ written out."""
    return sp.Eq(f2, w1 * w2 + 1 / (1 + exp(-w1)))


@formula
def first_by_w1():
    """How the first output answers to the first input."""
    return sp.Eq(sp.Derivative(f1, w1), (exp(s) + cos(s)) * exp(w1))


@formula
def first_by_w2():
    """How the first output answers to the second input."""
    return sp.Eq(sp.Derivative(f1, w2), 2 * (exp(s) + cos(s)) * exp(2 * w2))


@formula
def second_by_w1():
    """How the second output answers to the first input."""
    return sp.Eq(sp.Derivative(f2, w1), w2 + exp(-w1) / (1 + exp(-w1)) ** 2)


@formula
def second_by_w2():
    """How the second output answers to the second input."""
    return sp.Eq(sp.Derivative(f2, w2), w1)
