"""The linear map and the linear classifier, as sympy sees them.

Chapter: book/linear.md.
"""

import sympy as sp
from sympy import exp, log

from dlcore.formulas.letters import N, d, delta, j, k, m, mean, n, total
from dlcore.formulas.registry import formula

x, w, b, y, p, t = map(sp.IndexedBase, "xwbypt")
x_dot, w_dot, b_dot, y_dot = map(sp.IndexedBase, ["x_dot", "w_dot", "b_dot", "y_dot"])
x_bar, w_bar, b_bar, y_bar = map(sp.IndexedBase, ["x_bar", "w_bar", "b_bar", "y_bar"])
L, reg = sp.symbols("L reg", real=True)


@formula
def linear():
    """Every output is a mixture of all inputs, plus an offset."""
    return sp.Eq(y[n, m], total(x[n, d] * w[d, m], d) + b[m])


@formula
def linear_jvp():
    """Forwards, each factor moves while the other stands still."""
    moves = x_dot[n, d] * w[d, m] + x[n, d] * w_dot[d, m]
    return sp.Eq(y_dot[n, m], total(moves, d) + b_dot[m])


@formula
def share_of_x():
    """What the inputs do to the loss, sorted by inputs."""
    effect = total(y_bar[n, m] * total(x_dot[n, d] * w[d, m], d), n, m)
    return sp.Eq(effect, total(total(y_bar[n, m] * w[d, m], m) * x_dot[n, d], n, d))


@formula
def share_of_w():
    """What the weights do to the loss, sorted by weights."""
    effect = total(y_bar[n, m] * total(x[n, d] * w_dot[d, m], d), n, m)
    return sp.Eq(effect, total(total(x[n, d] * y_bar[n, m], n) * w_dot[d, m], d, m))


@formula
def share_of_b():
    """What the offsets do to the loss, sorted by offsets."""
    effect = total(y_bar[n, m] * b_dot[m], n, m)
    return sp.Eq(effect, total(total(y_bar[n, m], n) * b_dot[m], m))


@formula
def adjoint():
    """A change is worth the same, weighed behind the map or in front of it."""
    effect = total(y_bar[n, m] * y_dot[n, m], n, m)
    by_x = total(x_bar[n, d] * x_dot[n, d], n, d)
    by_w = total(w_bar[d, m] * w_dot[d, m], d, m)
    return sp.Eq(effect, by_x + by_w + total(b_bar[m] * b_dot[m], m))


@formula
def linear_x_bar():
    """An input hears from every output that it went into."""
    return sp.Eq(x_bar[n, d], total(y_bar[n, m] * w[d, m], m))


@formula
def linear_w_bar():
    """A weight hears from every example that passed through it."""
    return sp.Eq(w_bar[d, m], total(x[n, d] * y_bar[n, m], n))


@formula
def linear_b_bar():
    """An offset hears from every example alike."""
    return sp.Eq(b_bar[m], total(y_bar[n, m], n))


@formula
def scores():
    """The linear classifier: one mixture of the features per class."""
    return sp.Eq(y[n, k], total(x[n, d] * w[d, k], d) + b[k])


@formula
def probabilities():
    """The classifier's opinion, from its scores."""
    return sp.Eq(p[n, k], exp(y[n, k]) / total(exp(y[n, j]), j))


@formula
def classifier_loss():
    """The mean surprise, and a penalty on large weights; offsets are free."""
    surprise = log(total(exp(y[n, k]), k)) - y[n, t[n]]
    return sp.Eq(L, mean(surprise, n) + reg / 2 * total(w[d, k] ** 2, d, k))


@formula
def classifier_w_bar():
    """Each feature, times what was said minus what is true; and a pull towards zero."""
    error = p[n, k] - delta(k, t[n])
    return sp.Eq(w_bar[d, k], mean(x[n, d] * error, n) + reg * w[d, k])


@formula
def classifier_b_bar():
    """The offsets rest when every class is predicted as often as it occurs."""
    return sp.Eq(b_bar[k], mean(p[n, k] - delta(k, t[n]), n))


@formula
def template():
    """At rest, a template is a mixture of the pictures: some added, some subtracted."""
    return sp.Eq(w[d, k], 1 / (reg * N) * total(x[n, d] * (delta(k, t[n]) - p[n, k]), n))
