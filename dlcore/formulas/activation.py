"""Activations, as sympy sees them: functions of one number, and slopes that sympy derives.

Chapter: book/activation.md.
"""

import sympy as sp

from dlcore.formulas import calculus
from dlcore.formulas.letters import D, M, d, k, m, n, total
from dlcore.formulas.registry import formula

x, y, s, y_prime, x_bar, y_bar = sp.symbols("x y s y_prime x_bar y_bar", real=True)
slope, std, size, size_next = sp.symbols("slope std q q_next", positive=True)
inputs, outputs, w1, b1, w2, b2 = map(sp.IndexedBase, ["x", "y", "w1", "b1", "w2", "b2"])
half, quarter = sp.Rational(1, 2), sp.Rational(1, 4)


def differentiate(relation):
    """Turn y = f(x) into y' = f'(x)."""
    return sp.Eq(y_prime, calculus.slope(relation.rhs, x))


@formula
def two_linear():
    """A linear map after a linear map."""
    hidden = total(inputs[n, d] * w1[d, m], d) + b1[m]
    return sp.Eq(outputs[n, k], total(hidden * w2[m, k], m) + b2[k])


@formula
def one_linear():
    """The same as one linear map, with the product of the weights as its weights."""
    weight, bias = total(w1[d, m] * w2[m, k], m), total(b1[m] * w2[m, k], m) + b2[k]
    return sp.Eq(outputs[n, k], total(inputs[n, d] * weight, d) + bias)


@formula
def way_back():
    """Each entry hears its own cotangent, times its own slope."""
    return sp.Eq(x_bar, y_bar * y_prime)


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
def sigmoid_stable():
    """The same in a form whose exponentials never exceed one."""
    small = sp.exp(-sp.Max(0, -x))
    return sp.Eq(1 / (1 + sp.exp(-x)), small / (1 + sp.exp(-sp.Abs(x))))


@formula
def sigmoid_slope():
    """Its slope, as calculus gives it."""
    return differentiate(sigmoid)


@formula
def sigmoid_slope_from_output():
    """The output already knows the slope."""
    return sp.Eq(y_prime, y * (1 - y))


@formula
def sigmoid_slope_bound():
    """The slope is a quarter, less a square."""
    return sp.Eq(y * (1 - y), quarter - (y - half) ** 2)


@formula
def softplus():
    """Softplus is a rectifier without a kink."""
    return sp.Eq(y, sp.log(1 + sp.exp(x)))


@formula
def softplus_stable():
    """The same in a form whose exponential never exceeds one."""
    return sp.Eq(sp.log(1 + sp.exp(x)), sp.Max(0, x) + sp.log(1 + sp.exp(-sp.Abs(x))))


@formula
def softplus_difference():
    """Softplus and its mirror image differ by a straight line, as for the rectifier."""
    return sp.Eq(sp.log(1 + sp.exp(x)) - sp.log(1 + sp.exp(-x)), x)


@formula
def softplus_slope():
    """Its slope is the sigmoid, which goes smoothly from zero to one."""
    return sp.Eq(y_prime, 1 / (1 + sp.exp(-x)))


@formula
def bell():
    """The chance that a normal number lies below x."""
    density = sp.exp(-(s**2) / 2) / sp.sqrt(2 * sp.pi)
    return sp.Eq(half * (1 + sp.erf(x / sp.sqrt(2))), sp.Integral(density, (s, -sp.oo, x)))


@formula
def gelu():
    """The Gaussian error unit weighs x by the chance that a normal number lies below it."""
    return sp.Eq(y, x / 2 * (1 + sp.erf(x / sp.sqrt(2))))


@formula
def gelu_slope():
    """Its slope is that chance, and x times the bell curve."""
    bell = sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)
    return sp.Eq(y_prime, half * (1 + sp.erf(x / sp.sqrt(2))) + x * bell)


@formula
def rectified_square():
    """A rectifier keeps half of the mean square of a normal number: the positive half."""
    density = sp.exp(-(x**2) / (2 * std**2)) / (sp.sqrt(2 * sp.pi) * std)
    return sp.Eq(sp.Integral(x**2 * density, (x, 0, sp.oo)), half * std**2)


@formula
def mean_square():
    """A rectified linear layer with D inputs multiplies the mean square by this factor."""
    return sp.Eq(size_next, half * D * std**2 * size)


@formula
def he():
    """The variance that keeps the factor at one, behind rectifiers."""
    return sp.Eq(std**2, 2 / D)


@formula
def glorot():
    """A compromise: 1/D would keep the size forwards, 1/M the size of cotangents backwards."""
    return sp.Eq(std**2, 2 / (D + M))
