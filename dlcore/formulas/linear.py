"""The linear map and the linear classifier, as sympy sees them.

Chapter: book/linear.md.
"""

import sympy as sp
from sympy import exp, log

from dlcore.formulas.engine.calculus import partial
from dlcore.formulas.engine.checks import computed, cotangent, identity, solves, tangent
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.matrices import matrix
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import D, M, N, d, delta, j, k, m, mean, n, total

x, w, b, y, p, t = map(sp.IndexedBase, "xwbypt")
x_dot, w_dot, b_dot, y_dot = map(sp.IndexedBase, ["x_dot", "w_dot", "b_dot", "y_dot"])
x_bar, w_bar, b_bar, y_bar = map(sp.IndexedBase, ["x_bar", "w_bar", "b_bar", "y_bar"])
X = matrix("x", N, D)
W = matrix("w", D, M)
Y_bar = matrix("y_bar", N, M)
L, reg = sp.symbols("L reg", real=True)
price = sp.Symbol("reg", positive=True)  # the same letter, where one divides by it
example, feature, output = (sp.Symbol(f"{index}'", integer=True) for index in "ndm")


@formula(computed("ops.linear.linear"))
def linear():
    """Every output is a linear combination of all inputs, plus a bias."""
    return sp.Eq(y[n, m], total(x[n, d] * w[d, m], d) + b[m])


@formula(tangent(linear, "x", "w", "b"), computed("ops.linear.linear.jvp"))
def linear_jvp():
    """Forward mode: each factor changes while the other is constant."""
    moves = x_dot[n, d] * w[d, m] + x[n, d] * w_dot[d, m]
    return sp.Eq(y_dot[n, m], total(moves, d) + b_dot[m])


@formula(identity())
def share_of_x():
    """The effect of the inputs on the loss, sorted by inputs."""
    effect = total(y_bar[n, m] * total(x_dot[n, d] * w[d, m], d), n, m)
    return sp.Eq(effect, total(total(y_bar[n, m] * w[d, m], m) * x_dot[n, d], n, d))


@formula(identity())
def share_of_w():
    """The effect of the weights on the loss, sorted by weights."""
    effect = total(y_bar[n, m] * total(x[n, d] * w_dot[d, m], d), n, m)
    return sp.Eq(effect, total(total(x[n, d] * y_bar[n, m], n) * w_dot[d, m], d, m))


@formula(identity())
def share_of_b():
    """The effect of the biases on the loss, sorted by biases."""
    effect = total(y_bar[n, m] * b_dot[m], n, m)
    return sp.Eq(effect, total(total(y_bar[n, m], n) * b_dot[m], m))


@formula(identity(lambda: (linear_jvp, linear_x_bar, linear_w_bar, linear_b_bar)))
def adjoint():
    """The change of the loss is the same, computed behind the map or in front of it."""
    effect = total(y_bar[n, m] * y_dot[n, m], n, m)
    by_x = total(x_bar[n, d] * x_dot[n, d], n, d)
    by_w = total(w_bar[d, m] * w_dot[d, m], d, m)
    return sp.Eq(effect, by_x + by_w + total(b_bar[m] * b_dot[m], m))


@formula(cotangent(linear, "x"), computed("ops.linear.linear.vjp"))
def linear_x_bar():
    """An input receives from every output that it went into."""
    return sp.Eq(x_bar[n, d], total(y_bar[n, m] * w[d, m], m))


@formula(cotangent(linear, "w"), computed("ops.linear.linear.vjp"))
def linear_w_bar():
    """A weight receives from every example that passed through it."""
    return sp.Eq(w_bar[d, m], total(x[n, d] * y_bar[n, m], n))


@formula(cotangent(linear, "b"), computed("ops.linear.linear.vjp"))
def linear_b_bar():
    """A bias receives from every example alike."""
    return sp.Eq(b_bar[m], total(y_bar[n, m], n))


@derivation(linear)
def back_to_x():
    """One input, from all outputs of all examples, for arbitrary cotangents."""
    upstream = y_bar[example, m] * delta(example, n)
    slope = total(w[feature, m] * delta(feature, d), feature)
    yield total(y_bar[example, m] * partial(y[example, m], x[n, d]), example, m)
    yield "=", total(upstream * slope, example, m), "one product holds $x_{n,d}$"
    yield "=", total(upstream * w[d, m], example, m), "one feature is left"
    yield "=", total(y_bar[n, m] * w[d, m], m), "one example is left"


@derivation(linear)
def back_to_w():
    """One weight, from all outputs of all examples."""
    upstream = y_bar[n, output] * delta(output, m)
    slope = total(x[n, feature] * delta(feature, d), feature)
    yield total(y_bar[n, output] * partial(y[n, output], w[d, m]), n, output)
    yield "=", total(upstream * slope, n, output), "one product holds $w_{d,m}$"
    yield "=", total(upstream * x[n, d], n, output), "one feature is left"
    yield "=", total(x[n, d] * y_bar[n, m], n), "one output is left"


@derivation(linear)
def back_to_b():
    """One bias, from all outputs of all examples."""
    yield total(y_bar[n, output] * partial(y[n, output], b[m]), n, output)
    yield "=", total(y_bar[n, output] * delta(output, m), n, output), "one output holds $b_m$"
    yield "=", total(y_bar[n, m], n), "one output is left"


@derivation(linear_x_bar)
def x_in_matrices():
    """The first sum is a product of matrices."""
    yield matrix("x_bar", N, D)
    yield "=", Y_bar * W.T, "$(N, M)$ times $(M, D)$"


@derivation(linear_w_bar)
def w_in_matrices():
    """So is the second."""
    yield matrix("w_bar", D, M)
    yield "=", X.T * Y_bar, "$(D, N)$ times $(N, M)$"


@formula(computed("verification.programs.linear.scores"))
def scores():
    """The linear classifier: one linear combination of the features per class."""
    return sp.Eq(y[n, k], total(x[n, d] * w[d, k], d) + b[k])


@formula(computed("verification.programs.linear.probabilities"))
def probabilities():
    """The softmax of the scores."""
    return sp.Eq(p[n, k], exp(y[n, k]) / total(exp(y[n, j]), j))


@formula(computed("verification.programs.linear.loss", scores))
def classifier_loss():
    """The cross-entropy, and a penalty on large weights; biases are free."""
    surprise = log(total(exp(y[n, k]), k)) - y[n, t[n]]
    return sp.Eq(L, mean(surprise, n) + reg / 2 * total(w[d, k] ** 2, d, k))


@formula(
    cotangent(classifier_loss, "w", probabilities, scores, inner=(scores,), L_bar=sp.S.One),
    computed("verification.programs.linear.w_bar", probabilities, scores),
)
def classifier_w_bar():
    """Each feature times probability minus truth, and the gradient of the penalty."""
    error = p[n, k] - delta(k, t[n])
    return sp.Eq(w_bar[d, k], mean(x[n, d] * error, n) + reg * w[d, k])


@formula(
    cotangent(classifier_loss, "b", probabilities, scores, inner=(scores,), L_bar=sp.S.One),
    computed("verification.programs.linear.b_bar", probabilities, scores),
)
def classifier_b_bar():
    """It is zero where the mean probability of every class is its frequency."""
    return sp.Eq(b_bar[k], mean(p[n, k] - delta(k, t[n]), n))


@derivation()
def rest():
    """Where the gradient is zero, the weights are a mixture of the pictures."""
    error = p[n, k] - delta(k, t[n])
    lack = delta(k, t[n]) - p[n, k]
    yield sp.Eq(mean(x[n, d] * error, n) + price * w[d, k], 0)
    yield "<=>", sp.Eq(price * w[d, k], -mean(x[n, d] * error, n)), "moved over"
    yield "<=>", sp.Eq(price * w[d, k], mean(x[n, d] * lack, n)), "the sign is taken inside"
    mixture = 1 / (price * N) * total(x[n, d] * lack, n)
    yield "<=>", sp.Eq(w[d, k], mixture), "$\\lambda > 0$"


@formula(solves(lambda page: classifier_w_bar.rhs.xreplace({w[d, k]: page.rhs})))
def template():
    """At a stationary point a template is a mixture of pictures, some of them subtracted."""
    return sp.Eq(w[d, k], 1 / (reg * N) * total(x[n, d] * (delta(k, t[n]) - p[n, k]), n))
