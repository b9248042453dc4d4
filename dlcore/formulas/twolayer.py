"""The two-layer network, as sympy sees it: forwards line by line, then backwards.

Chapter: book/twolayer.md.
"""

import sympy as sp

from dlcore.formulas.letters import Indicator, N, d, delta, j, k, m, mean, n, total
from dlcore.formulas.registry import formula

x, a, h, y, p, t = map(sp.IndexedBase, "xahypt")
w1, b1, w2, b2 = map(sp.IndexedBase, ["w1", "b1", "w2", "b2"])
bar_y, bar_h, bar_a = map(sp.IndexedBase, ["y_bar", "h_bar", "a_bar"])
bar_w1, bar_b1, bar_w2, bar_b2 = map(sp.IndexedBase, ["w1_bar", "b1_bar", "w2_bar", "b2_bar"])
L, reg = sp.symbols("L reg", real=True)


@formula
def mixtures():
    """The first layer mixes the features."""
    return sp.Eq(a[n, m], total(x[n, d] * w1[d, m], d) + b1[m])


@formula
def hidden():
    """The hidden units keep what is positive."""
    return sp.Eq(h[n, m], sp.Max(0, a[n, m]))


@formula
def scores():
    """The second layer mixes the hidden units into one score per class."""
    return sp.Eq(y[n, k], total(h[n, m] * w2[m, k], m) + b2[k])


@formula
def flat():
    """Without the bend, two layers are one."""
    twice = total((total(x[n, d] * w1[d, m], d) + b1[m]) * w2[m, k], m)
    once = total(x[n, d] * total(w1[d, m] * w2[m, k], m), d) + total(b1[m] * w2[m, k], m)
    return sp.Eq(twice, once)


@formula
def probabilities():
    """The network's opinion, from its scores."""
    return sp.Eq(p[n, k], sp.exp(y[n, k]) / total(sp.exp(y[n, j]), j))


@formula
def loss():
    """The mean surprise, and a penalty on the weights of both layers."""
    penalty = total(w1[d, m] ** 2, d, m) + total(w2[m, k] ** 2, m, k)
    return sp.Eq(L, -mean(sp.log(p[n, t[n]]), n) + reg / 2 * penalty)


@formula
def y_bar():
    """Backwards, the scores hear what was said minus what is true."""
    return sp.Eq(bar_y[n, k], 1 / N * (p[n, k] - delta(k, t[n])))


@formula
def w2_bar():
    """The second weights hear the hidden units, times the errors that these went into."""
    return sp.Eq(bar_w2[m, k], total(h[n, m] * bar_y[n, k], n) + reg * w2[m, k])


@formula
def b2_bar():
    """The second offsets hear the errors alone."""
    return sp.Eq(bar_b2[k], total(bar_y[n, k], n))


@formula
def h_bar():
    """A hidden unit hears the errors of all classes, through the weights to them."""
    return sp.Eq(bar_h[n, m], total(bar_y[n, k] * w2[m, k], k))


@formula
def a_bar():
    """A mixture hears its hidden unit where that was switched on, and nothing elsewhere."""
    return sp.Eq(bar_a[n, m], Indicator(a[n, m] > 0) * bar_h[n, m])


@formula
def w1_bar():
    """The first weights hear the features, times the errors that came through."""
    return sp.Eq(bar_w1[d, m], total(x[n, d] * bar_a[n, m], n) + reg * w1[d, m])


@formula
def b1_bar():
    """The first offsets hear those errors alone."""
    return sp.Eq(bar_b1[m], total(bar_a[n, m], n))


@formula
def w2_gradient():
    """The same in one line: hidden units, times what was said minus what is true."""
    error = p[n, k] - delta(k, t[n])
    return sp.Eq(bar_w2[m, k], mean(h[n, m] * error, n) + reg * w2[m, k])


@formula
def w1_gradient():
    """The same in one line: features, where the unit was on, times the errors through w2."""
    error = total((p[n, k] - delta(k, t[n])) * w2[m, k], k)
    through = x[n, d] * Indicator(h[n, m] > 0) * error
    return sp.Eq(bar_w1[d, m], mean(through, n) + reg * w1[d, m])
