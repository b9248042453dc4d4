"""Activations, as sympy sees them: functions of one number, and slopes that sympy derives.

Chapter: book/activation.md.
"""

import sympy as sp

from dlcore.formulas import calculus
from dlcore.formulas.registry import formula

x, y, y_prime, slope = sp.symbols("x y y_prime slope", real=True)
half = sp.Rational(1, 2)


def differentiate(relation):
    """Turn y = f(x) into y' = f'(x)."""
    return sp.Eq(y_prime, calculus.slope(relation, x))


@formula
def relu():
    """The rectifier keeps what is positive."""
    return sp.Eq(y, sp.Max(0, x))


@formula
def relu_slope():
    """Its slope is one or zero; at the kink it is zero by choice."""
    return differentiate(relu)


@formula
def leaky_relu():
    """The leaky rectifier keeps a little of what is negative, too."""
    return sp.Eq(y, sp.Piecewise((x, x > 0), (slope * x, True)))


@formula
def leaky_relu_slope():
    """Its slope is nowhere zero, so that no unit falls silent for good."""
    return differentiate(leaky_relu)


@formula
def tanh():
    """The hyperbolic tangent squashes every number into (-1, 1)."""
    return sp.Eq(y, sp.tanh(x))


@formula
def tanh_slope():
    """Its slope, as calculus gives it."""
    return differentiate(tanh)


@formula
def tanh_slope_from_output():
    """The output already knows the slope."""
    return sp.Eq(y_prime, 1 - y**2)


@formula
def sigmoid():
    """The sigmoid squashes every number into (0, 1)."""
    return sp.Eq(y, 1 / (1 + sp.exp(-x)))


@formula
def sigmoid_by_tanh():
    """It is a hyperbolic tangent at half the speed, moved and shrunk."""
    return sp.Eq(1 / (1 + sp.exp(-x)), half * (1 + sp.tanh(x / 2)))


@formula
def sigmoid_slope():
    """Its slope, as calculus gives it."""
    return differentiate(sigmoid)


@formula
def sigmoid_slope_from_output():
    """The output already knows the slope, and the slope is never above a quarter."""
    return sp.Eq(y_prime, y * (1 - y))


@formula
def softplus():
    """Softplus is a rectifier without a kink."""
    return sp.Eq(y, sp.log(1 + sp.exp(x)))


@formula
def softplus_stable():
    """The same in a form whose exponential never exceeds one."""
    return sp.Eq(sp.log(1 + sp.exp(x)), sp.Max(0, x) + sp.log(1 + sp.exp(-sp.Abs(x))))


@formula
def softplus_slope():
    """Its slope is the sigmoid, which goes smoothly from zero to one."""
    return sp.Eq(y_prime, 1 / (1 + sp.exp(-x)))


@formula
def gelu():
    """The Gaussian error unit weighs x by the chance that a normal number lies below it."""
    return sp.Eq(y, x / 2 * (1 + sp.erf(x / sp.sqrt(2))))


@formula
def gelu_slope():
    """Its slope is that chance, and x times the bell curve."""
    bell = sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)
    return sp.Eq(y_prime, half * (1 + sp.erf(x / sp.sqrt(2))) + x * bell)
