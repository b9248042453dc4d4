"""Dual numbers, tangents and the example of the chapter, as sympy sees them.

Chapter: book/forward.md.
"""

import sympy as sp
from sympy import cos, exp, sin

from dlcore.formulas.engine.checks import computed, derivative_of, identity
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import d, k, m, total

x, y = sp.symbols("x y", real=True)
z = sp.Symbol("z", real=True, nonzero=True)
x_dot, z_dot, y_dot = sp.symbols("x_dot z_dot y_dot", real=True)
eps = sp.Symbol("eps", real=True)
h = sp.Symbol("h", positive=True)
J, G, speed, moved, between = map(sp.IndexedBase, ["J", "G", "x_dot", "y_dot", "u_dot"])
w1, w2, s, f1, f2 = sp.symbols("w1 w2 s f1 f2", real=True)


@formula(identity())
def product_of_duals():
    """Multiplied out, one term has ε twice."""
    crossed = (x_dot * z + x * z_dot) * eps
    return sp.Eq((x + x_dot * eps) * (z + z_dot * eps), x * z + crossed + x_dot * z_dot * eps**2)


@formula(computed("verification.programs.forward.product_rule"))
def product():
    """Each factor moves while the other stands still."""
    return sp.Eq(y_dot, x_dot * z + x * z_dot)


@derivation()
def product_rise():
    """A step of length h in the place of ε: the difference quotient of a product."""
    rise = h * x_dot * z + h * x * z_dot + h**2 * x_dot * z_dot
    yield ((x + h * x_dot) * (z + h * z_dot) - x * z) / h
    yield "=", rise / h, "multiplied out"
    yield "=", x_dot * z + x * z_dot + h * x_dot * z_dot, "divided by $h$"


@formula
def divided():
    """What a quotient is."""
    return sp.Eq(y, x / z)


@derivation(divided)
def quotient_rule():
    """The rule for products, solved for a factor."""
    yield sp.Eq(y_dot * z + y * z_dot, x_dot)
    yield "<=>", sp.Eq(y_dot * z, x_dot - y * z_dot), "one term moved over"
    yield "<=>", sp.Eq(y_dot, (x_dot - y * z_dot) / z), "$z$ is not zero"
    yield "<=>", sp.Eq(y_dot, (x_dot * z - x * z_dot) / z**2), "$y = x / z$"


@formula(computed("verification.programs.forward.quotient_rule", sp.Eq(y, x / z)))
def quotient():
    """Numerator and denominator both move."""
    return sp.Eq(y_dot, (x_dot - y * z_dot) / z)


@formula(computed("verification.programs.forward.linear_jvp"))
def directional():
    """One run forwards multiplies the Jacobian by one direction."""
    return sp.Eq(moved[m], total(J[m, d] * speed[d], d))


@formula(computed("verification.programs.forward.linear_jvp"))
def first_push():
    """The first of two programs, with its Jacobian J."""
    return sp.Eq(between[m], total(J[m, d] * speed[d], d))


@derivation(first_push)
def composition():
    """The second program, with its Jacobian G, is handed what comes out of the first."""
    yield total(G[k, m] * between[m], m)
    yield "=", total(G[k, m] * total(J[m, d] * speed[d], d), m), "the first program"
    yield "=", total(total(G[k, m] * J[m, d], m) * speed[d], d), "the sums change places"


@formula
def inner():
    """What both terms of the first output share."""
    return sp.Eq(s, exp(w1) + exp(2 * w2))


@formula(computed("verification.programs.forward.first_output", inner))
def first():
    """The first output of the example."""
    return sp.Eq(f1, exp(s) + sin(s))


@formula(computed("verification.programs.forward.second_output"))
def second():
    """The second output of the example, σ written out."""
    return sp.Eq(f2, w1 * w2 + 1 / (1 + exp(-w1)))


@formula(computed("verification.programs.forward.first_output_by_w1", inner))
def first_by_w1():
    """The derivative of the first output with respect to the first input."""
    return sp.Eq(sp.Derivative(f1, w1), (exp(s) + cos(s)) * exp(w1))


@formula(computed("verification.programs.forward.first_output_by_w2", inner))
def first_by_w2():
    """The derivative of the first output with respect to the second input."""
    return sp.Eq(sp.Derivative(f1, w2), 2 * (exp(s) + cos(s)) * exp(2 * w2))


@formula(derivative_of(second, w1, second))
def second_by_w1():
    """The derivative of the second output with respect to the first input."""
    return sp.Eq(sp.Derivative(f2, w1), w2 + exp(-w1) / (1 + exp(-w1)) ** 2)


@formula(derivative_of(second, w2, second))
def second_by_w2():
    """The derivative of the second output with respect to the second input."""
    return sp.Eq(sp.Derivative(f2, w2), w1)
