"""Losses, as sympy sees them: definitions, slopes, and what a loss is before any training.

Chapter: book/loss.md.
"""

import sympy as sp
from sympy import exp, log

from dlcore.formulas.letters import Indicator, K, N, delta, j, k, mean, n, total
from dlcore.formulas.registry import formula

x, y, z, m, t, y_bar, x_bar, z_bar = map(
    sp.IndexedBase, ["x", "y", "z", "m", "t", "y_bar", "x_bar", "z_bar"]
)
loss, loss_bar, score, margin, smoothing = sp.symbols("y y_bar x margin smoothing", real=True)


@formula
def logsumexp():
    """The logarithm of a sum of exponentials: addition, on the logarithmic scale."""
    return sp.Eq(y[n], log(total(exp(x[n, k]), k)))


@formula
def logsumexp_shifted():
    """The same for any shift m; with the largest score as m, no exponent is above zero."""
    return sp.Eq(y[n], m[n] + log(total(exp(x[n, k] - m[n]), k)))


@formula
def logsumexp_x_bar():
    """The slope of log-sum-exp is softmax."""
    return sp.Eq(x_bar[n, k], y_bar[n] * exp(x[n, k] - y[n]))


@formula
def softmax():
    """Scores become probabilities: positive, and one in total."""
    return sp.Eq(y[n, k], exp(x[n, k]) / total(exp(x[n, j]), j))


@formula
def softmax_shifted():
    """A shift of all scores of an example changes no probability."""
    return sp.Eq(y[n, k], exp(x[n, k] - m[n]) / total(exp(x[n, j] - m[n]), j))


@formula
def softmax_jacobian():
    """A score raises its own probability and lowers all others."""
    return sp.Eq(sp.Derivative(y[n, k], x[n, j]), y[n, k] * (delta(k, j) - y[n, j]))


@formula
def softmax_x_bar():
    """Backwards, each cotangent counts as far as it exceeds their weighted mean."""
    return sp.Eq(x_bar[n, k], y[n, k] * (y_bar[n, k] - total(y_bar[n, j] * y[n, j], j)))


@formula
def log_softmax():
    """Log-probabilities, without the detour over probabilities that may round to zero."""
    return sp.Eq(y[n, k], x[n, k] - log(total(exp(x[n, j]), j)))


@formula
def log_softmax_x_bar():
    """Backwards, the sum of the cotangents is taken back, shared out by probability."""
    return sp.Eq(x_bar[n, k], y_bar[n, k] - exp(y[n, k]) * total(y_bar[n, j], j))


@formula
def surprise():
    """The surprise at the right label: all scores together, less the right one."""
    return sp.Eq(y[n], log(total(exp(x[n, k]), k)) - x[n, t[n]])


@formula
def surprise_slope():
    """The first term slopes by a probability, the second by the truth."""
    probability = exp(x[n, k]) / total(exp(x[n, j]), j)
    return sp.Eq(sp.Derivative(y[n], x[n, k]), probability - delta(k, t[n]))


@formula
def cross_entropy():
    """Cross-entropy is the mean surprise at the right labels."""
    return sp.Eq(loss, mean(log(total(exp(x[n, k]), k)) - x[n, t[n]], n))


@formula
def cross_entropy_gradient():
    """The gradient is what was said minus what is true, shared by the batch."""
    probability = exp(x[n, k]) / total(exp(x[n, j]), j)
    return sp.Eq(x_bar[n, k], loss_bar / N * (probability - delta(k, t[n])))


@formula
def cross_entropy_smoothed():
    """With smoothing s the right label keeps 1 - s, and all K labels share s."""
    target = (1 - smoothing) * delta(k, t[n]) + smoothing / K
    return sp.Eq(loss, mean(total(target * (log(total(exp(x[n, j]), j)) - x[n, k]), k), n))


@formula
def cross_entropy_smoothed_gradient():
    """The gradient keeps its form; only the target is softer."""
    probability = exp(x[n, k]) / total(exp(x[n, j]), j)
    target = (1 - smoothing) * delta(k, t[n]) + smoothing / K
    return sp.Eq(x_bar[n, k], loss_bar / N * (probability - target))


@formula
def cross_entropy_first():
    """Equal scores cost ln K, the surprise at one label among K."""
    return sp.Eq(log(total(exp(score), k)) - score, log(K))


@formula
def hinge():
    """Every wrong class has to stay a margin below the right one; it pays what is missing."""
    missing = sp.Max(0, x[n, k] - x[n, t[n]] + margin)
    return sp.Eq(loss, mean(total(Indicator(sp.Ne(k, t[n])) * missing, k), n))


@formula
def hinge_gradient():
    """A class that pays is pushed down by one, and for each such class the right one goes up."""
    pays = Indicator(x[n, k] - x[n, t[n]] + margin > 0)
    count = total(Indicator(x[n, j] - x[n, t[n]] + margin > 0), j)
    return sp.Eq(x_bar[n, k], loss_bar / N * (pays - delta(k, t[n]) * count))


@formula
def hinge_first():
    """Equal scores cost the margin, once for every wrong class."""
    return sp.Eq(total(Indicator(sp.Ne(k, t[n])) * sp.Max(0, margin), k), (K - 1) * margin)


@formula
def squared_error():
    """Half the squared distance from the wanted values, averaged over the batch."""
    return sp.Eq(loss, 1 / (2 * N) * total((x[n, k] - z[n, k]) ** 2, n, k))


@formula
def squared_error_gradient():
    """The gradient is the error itself, shared by the batch."""
    return sp.Eq(x_bar[n, k], loss_bar / N * (x[n, k] - z[n, k]))


@formula
def squared_error_z_bar():
    """The wanted values feel the same pull, the other way."""
    return sp.Eq(z_bar[n, k], loss_bar / N * (z[n, k] - x[n, k]))
