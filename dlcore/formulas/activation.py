"""Activations, as sympy sees them: functions of one number, and derivatives by sympy.

Chapter: book/activation.md.
"""

import sympy as sp

from dlcore.formulas.engine import calculus
from dlcore.formulas.engine.calculus import partial
from dlcore.formulas.engine.checks import computed, derivative_of, identity, same, solves
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import D, Indicator, M, d, delta, j, k, m, mean, n, total

x, y, s, y_prime, x_bar, y_bar = sp.symbols("x y s y_prime x_bar y_bar", real=True)
slope, std, size, size_next = sp.symbols("slope std q q_next", positive=True)
inputs, outputs, w1, b1, w2, b2 = map(sp.IndexedBase, ["x", "y", "w1", "b1", "w2", "b2"])
upstream, joint = map(sp.IndexedBase, ["y_bar", "e"])
feature = sp.Symbol("d'", integer=True)
half, quarter = sp.Rational(1, 2), sp.Rational(1, 4)


def differentiate(relation):
    """Turn y = f(x) into y' = f'(x)."""
    return sp.Eq(y_prime, calculus.slope(relation.rhs, x))


@formula(computed("verification.programs.activation.two_linear"))
def two_linear():
    """A linear map after a linear map."""
    hidden = total(inputs[n, d] * w1[d, m], d) + b1[m]
    return sp.Eq(outputs[n, k], total(hidden * w2[m, k], m) + b2[k])


@formula(same(two_linear))
def one_linear():
    """The same as one linear map, with the product of the weights as its weights."""
    weight = total(w1[d, m] * w2[m, k], m)
    bias = total(b1[m] * w2[m, k], m) + b2[k]
    return sp.Eq(outputs[n, k], total(inputs[n, d] * weight, d) + bias)


@formula(computed("verification.programs.activation.backward"))
def way_back():
    """Each entry receives its own cotangent, times its own slope."""
    return sp.Eq(x_bar, y_bar * y_prime)


@formula(computed("ops.activation.relu"))
def relu():
    """ReLU keeps what is positive."""
    return sp.Eq(y, sp.Max(0, x))


@formula(computed("verification.programs.activation.relu_slope"))
def relu_slope():
    """Its slope is one or zero; at the kink it is zero by choice."""
    return differentiate(relu)


@formula(computed("ops.activation.relu"))
def rectified():
    """ReLU is applied to an array entry by entry."""
    return sp.Eq(outputs[n, k], sp.Max(0, inputs[n, k]))


@derivation(rectified)
def relu_back():
    """One entry, from all entries of its example, for arbitrary cotangents."""
    on = Indicator(inputs[n, j] > 0)
    yield total(upstream[n, j] * partial(outputs[n, j], inputs[n, k]), j)
    yield "=", total(upstream[n, j] * on * delta(j, k), j), "an entry depends on itself alone"
    yield "=", upstream[n, k] * Indicator(inputs[n, k] > 0), "one term has $j = k$"


@formula(computed("ops.activation.leaky_relu"))
def leaky_relu():
    """The leaky ReLU keeps a little of what is negative, too."""
    return sp.Eq(y, sp.Piecewise((x, x > 0), (slope * x, True)))


@formula(computed("verification.programs.activation.leaky_relu_slope"))
def leaky_relu_slope():
    """Its derivative is nowhere zero, so that every unit receives a gradient."""
    return differentiate(leaky_relu)


@formula(computed("ops.activation.tanh"))
def tanh():
    """The hyperbolic tangent squashes every number into (-1, 1)."""
    return sp.Eq(y, sp.tanh(x))


@formula(computed("verification.programs.activation.tanh_slope"))
def tanh_slope():
    """Its slope, as calculus gives it."""
    return differentiate(tanh)


@formula(same(tanh_slope, tanh))
def tanh_slope_from_output():
    """The derivative, in terms of the output."""
    return sp.Eq(y_prime, 1 - y**2)


@formula(computed("ops.activation.sigmoid"))
def sigmoid():
    """The sigmoid squashes every number into (0, 1)."""
    return sp.Eq(y, 1 / (1 + sp.exp(-x)))


@derivation(sigmoid)
def slope_by_output():
    """The quotient rule, and its result in terms of the output."""
    bottom = 1 + sp.exp(-x)
    yield partial(1 / bottom, x)
    yield "=", sp.exp(-x) / bottom**2, "the quotient rule"
    yield "=", (bottom - 1) / bottom**2, "add and subtract one"
    yield "=", 1 / bottom * (1 - 1 / bottom), "a difference of quotients"
    yield "=", y * (1 - y), "the definition of $y$"


@derivation()
def half_speed():
    """From the sigmoid to the hyperbolic tangent, which is a quotient of exponentials."""
    up, down = sp.exp(x / 2), sp.exp(-x / 2)
    yield 1 / (1 + sp.exp(-x))
    yield "=", up / (up + down), "expanded by $e^{x/2}$"
    yield "=", half * ((up + down) + (up - down)) / (up + down), "add and subtract $e^{-x/2}$"
    yield "=", half * (1 + (up - down) / (up + down)), "two quotients"
    yield "=", half * (1 + sp.tanh(x / 2)), "the definition of $\\tanh$"


@formula(identity())
def sigmoid_by_tanh():
    """It is a hyperbolic tangent of half the argument, shifted and scaled."""
    return sp.Eq(1 / (1 + sp.exp(-x)), half * (1 + sp.tanh(x / 2)))


@formula(identity())
def sigmoid_stable():
    """The same in a form whose exponentials never exceed one."""
    small = sp.exp(-sp.Max(0, -x))
    return sp.Eq(1 / (1 + sp.exp(-x)), small / (1 + sp.exp(-sp.Abs(x))))


@formula(computed("verification.programs.activation.sigmoid_slope"))
def sigmoid_slope():
    """Its slope, as calculus gives it."""
    return differentiate(sigmoid)


@formula(same(sigmoid_slope, sigmoid))
def sigmoid_slope_from_output():
    """The derivative, in terms of the output."""
    return sp.Eq(y_prime, y * (1 - y))


@formula(identity())
def sigmoid_slope_bound():
    """The slope is a quarter, less a square."""
    return sp.Eq(y * (1 - y), quarter - (y - half) ** 2)


@formula(computed("ops.activation.softplus"))
def softplus():
    """Softplus is a ReLU without a kink."""
    return sp.Eq(y, sp.log(1 + sp.exp(x)))


@formula(identity())
def softplus_stable():
    """The same in a form whose exponential never exceeds one."""
    return sp.Eq(sp.log(1 + sp.exp(x)), sp.Max(0, x) + sp.log(1 + sp.exp(-sp.Abs(x))))


@formula(identity())
def softplus_difference():
    """Softplus and its mirror image differ by a straight line, as for ReLU."""
    return sp.Eq(sp.log(1 + sp.exp(x)) - sp.log(1 + sp.exp(-x)), x)


@formula(derivative_of(softplus, x), computed("verification.programs.activation.softplus_slope"))
def softplus_slope():
    """Its slope is the sigmoid, which goes smoothly from zero to one."""
    return sp.Eq(y_prime, 1 / (1 + sp.exp(-x)))


@formula(solves(lambda page: (page.lhs - page.rhs.doit()).rewrite("erf").expand()))
def bell():
    """The chance that a normal number lies below x."""
    density = sp.exp(-(s**2) / 2) / sp.sqrt(2 * sp.pi)
    return sp.Eq(half * (1 + sp.erf(x / sp.sqrt(2))), sp.Integral(density, (s, -sp.oo, x)))


@formula(computed("ops.activation.gelu"))
def gelu():
    """The Gaussian error unit weighs x by the chance that a normal number lies below it."""
    return sp.Eq(y, x / 2 * (1 + sp.erf(x / sp.sqrt(2))))


@formula(derivative_of(gelu, x), computed("verification.programs.activation.gelu_slope"))
def gelu_slope():
    """Its slope is that chance, and x times the bell curve."""
    bell = sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)
    return sp.Eq(y_prime, half * (1 + sp.erf(x / sp.sqrt(2))) + x * bell)


@formula
def independent():
    """The mean product of two weights is zero, that of a weight with itself is its variance."""
    return sp.Eq(joint[d, feature], std**2 * delta(d, feature))


@formula
def feature_size():
    """The size of an example's features is their mean square."""
    return sp.Eq(size, mean(inputs[d] ** 2, d))


@derivation(independent, feature_size)
def spread():
    """The mean square of a weighted sum: every feature with every other, and their weights."""
    yield total(joint[d, feature] * inputs[d] * inputs[feature], d, feature)
    pairs = std**2 * delta(d, feature) * inputs[d] * inputs[feature]
    yield "=", total(pairs, d, feature), "weights are independent"
    yield "=", std**2 * total(inputs[d] ** 2, d), "one term has $d' = d$"
    yield "=", D * std**2 * size, "the mean square of $D$ features"


@formula(solves(lambda page: page.lhs.doit() - page.rhs))
def rectified_square():
    """ReLU keeps half of the mean square of a normal number: the positive half."""
    density = sp.exp(-(x**2) / (2 * std**2)) / (sp.sqrt(2 * sp.pi) * std)
    return sp.Eq(sp.Integral(x**2 * density, (x, 0, sp.oo)), half * std**2)


@formula(solves(lambda page: (page.rhs / size).subs(std**2, he.rhs) - 1))
def mean_square():
    """A linear layer of D inputs and a ReLU multiply the mean square by this factor."""
    return sp.Eq(size_next, half * D * std**2 * size)


@formula(solves(lambda page: (mean_square.rhs / size).subs(std**2, page.rhs) - 1))
def he():
    """The variance for which the factor is one, for a layer followed by a ReLU."""
    return sp.Eq(std**2, 2 / D)


@derivation()
def kept():
    """There is one variance for which a layer keeps the mean square."""
    yield sp.Eq(half * D * std**2 * size, size)
    yield "<=>", sp.Eq(half * D * std**2, 1), "the size is not zero"
    yield "<=>", sp.Eq(std**2, 2 / D), "nor is the number of inputs"


@formula(solves(lambda page: 1 / page.rhs - (D + M) / 2))
def glorot():
    """A compromise: 1/D would keep the size forwards, 1/M the size of cotangents backwards."""
    return sp.Eq(std**2, 2 / (D + M))
