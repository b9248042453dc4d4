"""The two-layer network in sympy: the forward pass line by line, then the backward pass.

Chapter: book/twolayer.md.
"""

import sympy as sp

from dlcore.formulas.engine.calculus import partial
from dlcore.formulas.engine.checks import computed, cotangent, identity
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.matrices import each, matrix, switch
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import D, Indicator, K, M, N, d, delta, j, k, m, mean, n, total

x, a, h, y, p, t = map(sp.IndexedBase, "xahypt")
w1, b1, w2, b2 = map(sp.IndexedBase, ["w1", "b1", "w2", "b2"])
bar_y, bar_h, bar_a = map(sp.IndexedBase, ["y_bar", "h_bar", "a_bar"])
bar_w1, bar_b1, bar_w2, bar_b2 = map(sp.IndexedBase, ["w1_bar", "b1_bar", "w2_bar", "b2_bar"])
q = sp.IndexedBase("q")
X, A, H, P, Q = (matrix(*row) for row in zip("xahpq", (N,) * 5, (D, M, M, K, K), strict=True))
W2, Y_bar, A_bar, H_bar = (
    matrix("w2", M, K), matrix("y_bar", N, K), matrix("a_bar", N, M), matrix("h_bar", N, M)
)  # fmt: skip
L, reg = sp.symbols("L reg", real=True)


@formula(computed("verification.programs.twolayer.mixtures"))
def mixtures():
    """The first layer mixes the features."""
    return sp.Eq(a[n, m], total(x[n, d] * w1[d, m], d) + b1[m])


@formula(computed("verification.programs.twolayer.hidden", mixtures))
def hidden():
    """The hidden units keep what is positive."""
    return sp.Eq(h[n, m], sp.Max(0, a[n, m]))


@formula(computed("verification.programs.twolayer.scores", hidden, mixtures))
def scores():
    """The second layer mixes the hidden units into one score per class."""
    return sp.Eq(y[n, k], total(h[n, m] * w2[m, k], m) + b2[k])


@formula(identity())
def flat():
    """Without the ReLU, two layers are one."""
    twice = total((total(x[n, d] * w1[d, m], d) + b1[m]) * w2[m, k], m)
    once = total(x[n, d] * total(w1[d, m] * w2[m, k], m), d) + total(b1[m] * w2[m, k], m)
    return sp.Eq(twice, once)


@formula(computed("verification.programs.linear.probabilities"))
def probabilities():
    """The predicted probabilities, from the scores."""
    return sp.Eq(p[n, k], sp.exp(y[n, k]) / total(sp.exp(y[n, j]), j))


@formula(computed("verification.programs.twolayer.loss", probabilities, scores, hidden, mixtures))
def loss():
    """Cross-entropy, and an L2 penalty on the weights of both layers."""
    penalty = total(w1[d, m] ** 2, d, m) + total(w2[m, k] ** 2, m, k)
    return sp.Eq(L, -mean(sp.log(p[n, t[n]]), n) + reg / 2 * penalty)


@formula(cotangent(loss, "y", probabilities, inner=(probabilities,), L_bar=sp.S.One))
def y_bar():
    """The gradient of the scores is probability minus truth, divided by N."""
    return sp.Eq(bar_y[n, k], 1 / N * (p[n, k] - delta(k, t[n])))


@formula(
    cotangent(scores, "w2", reg=sp.S.Zero),
    computed(
        "verification.programs.twolayer.w2_bar", y_bar, probabilities, scores, hidden, mixtures
    ),
)
def w2_bar():
    """The second weights receive hidden units times upstream gradients."""
    return sp.Eq(bar_w2[m, k], total(h[n, m] * bar_y[n, k], n) + reg * w2[m, k])


@formula(cotangent(scores, "b2"))
def b2_bar():
    """The second biases receive the upstream gradients."""
    return sp.Eq(bar_b2[k], total(bar_y[n, k], n))


@formula(cotangent(scores, "h"))
def h_bar():
    """A hidden unit receives the gradients of all scores, through the weights to them."""
    return sp.Eq(bar_h[n, m], total(bar_y[n, k] * w2[m, k], k))


@formula(cotangent(hidden, "a"))
def a_bar():
    """A pre-activation receives the gradient of its hidden unit where that is active."""
    return sp.Eq(bar_a[n, m], Indicator(a[n, m] > 0) * bar_h[n, m])


@formula(
    cotangent(mixtures, "w1", reg=sp.S.Zero),
    computed(
        "verification.programs.twolayer.w1_bar",
        a_bar,
        h_bar,
        y_bar,
        probabilities,
        scores,
        hidden,
        mixtures,
    ),
)
def w1_bar():
    """The first weights receive features times gradients of pre-activations."""
    return sp.Eq(bar_w1[d, m], total(x[n, d] * bar_a[n, m], n) + reg * w1[d, m])


@formula(cotangent(mixtures, "b1"))
def b1_bar():
    """The first biases receive the gradients of pre-activations."""
    return sp.Eq(bar_b1[m], total(bar_a[n, m], n))


@formula(computed("verification.programs.twolayer.w2_bar", probabilities, scores, hidden, mixtures))
def w2_gradient():
    """The same in one line: hidden units times probability minus truth."""
    error = p[n, k] - delta(k, t[n])
    return sp.Eq(bar_w2[m, k], mean(h[n, m] * error, n) + reg * w2[m, k])


@formula(computed("verification.programs.twolayer.w1_bar", probabilities, scores, hidden, mixtures))
def w1_gradient():
    """The same in one line: features, where the unit is active, times errors through w2."""
    error = total((p[n, k] - delta(k, t[n])) * w2[m, k], k)
    through = x[n, d] * Indicator(h[n, m] > 0) * error
    return sp.Eq(bar_w1[d, m], mean(through, n) + reg * w1[d, m])


@formula
def truth():
    """The truth as a matrix: one at the right class of each example, zero elsewhere."""
    return sp.Eq(q[n, k], delta(k, t[n]))


@derivation(scores)
def back_to_w2():
    """One weight of the second layer, for an arbitrary cotangent of the scores."""
    yield total(bar_y[n, j] * partial(y[n, j], w2[m, k]), n, j)
    yield "=", total(bar_y[n, j] * (h[n, m] * delta(j, k)), n, j), "one product holds it"
    yield "=", total(h[n, m] * bar_y[n, k], n), "one class is left"


@derivation(scores, hidden, mixtures)
def back_to_w1():
    """One weight of the first layer, through all that it changes."""
    on = Indicator(a[n, m] > 0)
    upstream = bar_y[n, k] * w2[m, k]
    yield total(bar_y[n, k] * partial(y[n, k], w1[d, m]), n, k)
    yield "=", total(upstream * partial(h[n, m], w1[d, m]), n, k), "through $h_{n,m}$"
    yield "=", total(upstream * on * partial(a[n, m], w1[d, m]), n, k), "through the ReLU"
    yield "=", total(upstream * on * x[n, d], n, k), "one product holds it"
    yield "=", total(x[n, d] * on * total(upstream, k), n), "over classes first"


@derivation(y_bar, truth)
def w2_in_matrices():
    """The second weights receive the hidden units, times probability minus truth."""
    yield H.T * Y_bar
    yield "=", 1 / N * H.T * (P - Q), "$(M, N)$ times $(N, K)$"


@derivation(a_bar, h_bar, y_bar, truth, hidden)
def w1_in_matrices():
    """The gradient of the first weights, with the shapes of all factors."""
    yield X.T * A_bar
    yield "=", X.T * each(H_bar, switch(A)), "$(N, M) \\odot (N, M)$"
    yield "=", X.T * each(Y_bar * W2.T, switch(A)), "$(N, K)$ times $(K, M)$"
    yield "=", 1 / N * X.T * each((P - Q) * W2.T, switch(A)), "$(N, K) - (N, K)$"
    yield "=", 1 / N * X.T * each((P - Q) * W2.T, switch(H)), "$h > 0$ where $a > 0$"
