"""Losses, as sympy sees them: definitions, slopes, and what a loss is before any training.

Chapter: book/loss.md.
"""

import sympy as sp
from sympy import exp, log

from dlcore.formulas.engine.calculus import partial
from dlcore.formulas.engine.certificates import tangent_line
from dlcore.formulas.engine.checks import computed, cotangent, derivative_of, identity, same
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import Indicator, K, N, delta, j, k, mean, n, total

x, y, z, m, t, y_bar, x_bar, z_bar = map(
    sp.IndexedBase, ["x", "y", "z", "m", "t", "y_bar", "x_bar", "z_bar"]
)
u, v = map(sp.IndexedBase, "uv")
loss, loss_bar, score, margin, smoothing = sp.symbols("y y_bar x margin smoothing", real=True)
other = sp.Symbol("k'", integer=True)  # a third index along K


@formula(computed("ops.loss.logsumexp"))
def logsumexp():
    """The logarithm of a sum of exponentials: addition, on the logarithmic scale."""
    return sp.Eq(y[n], log(total(exp(x[n, k]), k)))


@formula(same(logsumexp))
def logsumexp_shifted():
    """The same for any shift m; with the largest score as m, no exponent is above zero."""
    return sp.Eq(y[n], m[n] + log(total(exp(x[n, k] - m[n]), k)))


@derivation()
def shift():
    """What is taken off all scores comes back as a term."""
    rest = total(exp(x[n, k] - m[n]), k)
    yield log(total(exp(x[n, k]), k))
    yield "=", log(total(exp(m[n]) * exp(x[n, k] - m[n]), k)), "powers multiply"
    yield "=", log(exp(m[n])) + log(rest), "one factor of all terms"
    yield "=", m[n] + log(rest), "$\\ln$ undoes $\\exp$"


@formula(cotangent(logsumexp, "x"), computed("ops.loss.logsumexp.vjp", logsumexp))
def logsumexp_x_bar():
    """The slope of log-sum-exp is softmax."""
    return sp.Eq(x_bar[n, k], y_bar[n] * exp(x[n, k] - y[n]))


@formula(computed("ops.loss.softmax"))
def softmax():
    """Scores become probabilities: positive, and one in total."""
    return sp.Eq(y[n, k], exp(x[n, k]) / total(exp(x[n, j]), j))


@formula(same(softmax))
def softmax_shifted():
    """A shift of all scores of an example changes no probability."""
    return sp.Eq(y[n, k], exp(x[n, k] - m[n]) / total(exp(x[n, j] - m[n]), j))


@formula(derivative_of(softmax, x[n, j]))
def softmax_jacobian():
    """A score raises its own probability and lowers all others."""
    return sp.Eq(sp.Derivative(y[n, k], x[n, j]), y[n, k] * (delta(k, j) - y[n, j]))


@derivation(softmax)
def jacobian():
    """The rule for quotients, and softmax found again in what it leaves."""
    powers = total(exp(x[n, other]), other)
    own = delta(k, j) * exp(x[n, k]) / powers
    yield partial(y[n, k], x[n, j])
    yield "=", own - exp(x[n, k]) * exp(x[n, j]) / powers**2, "the rule for quotients"
    yield "=", delta(k, j) * y[n, k] - y[n, k] * y[n, j], "both quotients are shares"
    yield "=", y[n, k] * (delta(k, j) - y[n, j]), "$y_{n,k}$ taken out"


@derivation(softmax)
def softmax_back():
    """The Jacobian is multiplied by an arbitrary cotangent, and leaves one sum."""
    weighed = total(y_bar[n, j] * y[n, j], j)
    yield total(y_bar[n, j] * partial(y[n, j], x[n, k]), j)
    yield "=", total(y_bar[n, j] * y[n, j] * (delta(j, k) - y[n, k]), j), "the Jacobian"
    yield "=", y_bar[n, k] * y[n, k] - y[n, k] * weighed, "one term has $j = k$"
    yield "=", y[n, k] * (y_bar[n, k] - weighed), "$y_{n,k}$ taken out"


@formula(cotangent(softmax, "x"), computed("ops.loss.softmax.vjp", softmax))
def softmax_x_bar():
    """Backwards, each cotangent counts as far as it exceeds their weighted mean."""
    return sp.Eq(x_bar[n, k], y[n, k] * (y_bar[n, k] - total(y_bar[n, j] * y[n, j], j)))


@derivation(softmax)
def curvature():
    """The second derivative of log-sum-exp along v is a variance, and so not negative."""
    centre = total(y[n, j] * v[j], j)
    yield total(v[k] * y[n, k] * (delta(k, j) - y[n, j]) * v[j], k, j)
    yield "=", total(y[n, k] * v[k] ** 2, k) - centre**2, "one term of each $k$ has $j = k$"
    yield "=", total(y[n, k] * (v[k] - centre) ** 2, k), "the probabilities sum to one"


@derivation()
def gibbs():
    """Two distributions by their logarithms: the tangent of the exponential bounds a mean."""
    tangent = total(exp(u[k]) * tangent_line(v[k] - u[k]), k)
    yield total(exp(u[k]) * (v[k] - u[k]), k)
    yield "<=", total(exp(u[k]) * (exp(v[k] - u[k]) - 1), k), "$a \\le e^a - 1$", tangent
    yield "=", total(exp(v[k]), k) - total(exp(u[k]), k), "powers multiply"


@formula(computed("ops.loss.log_softmax"))
def log_softmax():
    """Log-probabilities, without the detour over probabilities that may round to zero."""
    return sp.Eq(y[n, k], x[n, k] - log(total(exp(x[n, j]), j)))


@formula(cotangent(log_softmax, "x"), computed("ops.loss.log_softmax.vjp", log_softmax))
def log_softmax_x_bar():
    """Backwards, the sum of the cotangents is taken back, shared out by probability."""
    return sp.Eq(x_bar[n, k], y_bar[n, k] - exp(y[n, k]) * total(y_bar[n, j], j))


@formula(computed("verification.programs.loss.surprise"))
def surprise():
    """The negative log-likelihood of the right label: log-sum-exp less the right score."""
    return sp.Eq(y[n], log(total(exp(x[n, k]), k)) - x[n, t[n]])


@formula(derivative_of(surprise, x[n, k]))
def surprise_slope():
    """The first term slopes by a probability, the second by the truth."""
    probability = exp(x[n, k]) / total(exp(x[n, j]), j)
    return sp.Eq(sp.Derivative(y[n], x[n, k]), probability - delta(k, t[n]))


@derivation(softmax)
def surprise_back():
    """From the surprise straight to the scores, line by line."""
    powers = total(exp(x[n, j]), j)
    yield partial(log(powers) - x[n, t[n]], x[n, k])
    yield "=", 1 / powers * partial(powers, x[n, k]) - delta(k, t[n]), "the slope of $\\ln$"
    yield "=", exp(x[n, k]) / powers - delta(k, t[n]), "one term is left"
    yield "=", y[n, k] - delta(k, t[n]), "the softmax"


@derivation(softmax)
def surprise_through_softmax():
    """From the surprise to the probability, and from there to the scores."""
    right = y[n, t[n]]
    yield partial(-log(right), x[n, k])
    yield "=", -1 / right * partial(right, x[n, k]), "the slope of $\\ln$"
    yield "=", -1 / right * (right * (delta(k, t[n]) - y[n, k])), "the Jacobian"
    yield "=", y[n, k] - delta(k, t[n]), "the divisor cancels"


@formula(computed("ops.loss.cross_entropy"))
def cross_entropy():
    """Cross-entropy is the mean negative log-likelihood of the right labels."""
    return sp.Eq(loss, mean(log(total(exp(x[n, k]), k)) - x[n, t[n]], n))


@formula(cotangent(cross_entropy, "x"), computed("ops.loss.cross_entropy.vjp"))
def cross_entropy_gradient():
    """The gradient is what was said minus what is true, shared by the batch."""
    probability = exp(x[n, k]) / total(exp(x[n, j]), j)
    return sp.Eq(x_bar[n, k], loss_bar / N * (probability - delta(k, t[n])))


@formula(computed("ops.loss.cross_entropy"))
def cross_entropy_smoothed():
    """With smoothing s the right label keeps 1 - s, and all K labels share s."""
    target = (1 - smoothing) * delta(k, t[n]) + smoothing / K
    return sp.Eq(loss, mean(total(target * (log(total(exp(x[n, j]), j)) - x[n, k]), k), n))


@formula(cotangent(cross_entropy_smoothed, "x"), computed("ops.loss.cross_entropy.vjp"))
def cross_entropy_smoothed_gradient():
    """The gradient keeps its form; only the target is softer."""
    probability = exp(x[n, k]) / total(exp(x[n, j]), j)
    target = (1 - smoothing) * delta(k, t[n]) + smoothing / K
    return sp.Eq(x_bar[n, k], loss_bar / N * (probability - target))


@formula(identity())
def cross_entropy_first():
    """Equal scores cost ln K, the surprise at one label among K."""
    return sp.Eq(log(total(exp(score), k)) - score, log(K))


@formula(computed("ops.loss.hinge"))
def hinge():
    """Every wrong class has to stay a margin below the right one; it pays what is missing."""
    missing = sp.Max(0, x[n, k] - x[n, t[n]] + margin)
    return sp.Eq(loss, mean(total(Indicator(sp.Ne(k, t[n])) * missing, k), n))


@formula(cotangent(hinge, "x"), computed("ops.loss.hinge.vjp"))
def hinge_gradient():
    """A class that pays is pushed down by one, and for each such class the right one goes up."""
    pays = Indicator(x[n, k] - x[n, t[n]] + margin > 0)
    count = total(Indicator(x[n, j] - x[n, t[n]] + margin > 0), j)
    return sp.Eq(x_bar[n, k], loss_bar / N * (pays - delta(k, t[n]) * count))


@derivation()
def hinge_support():
    """What is missing at x, as u, and at z, as v: a straight line lies below the hinge."""
    wrong = Indicator(sp.Ne(k, t[n]))
    pays = Indicator(u[n, k] > 0)
    spared = Indicator(u[n, k] > 0) * sp.Max(0, -v[n, k])
    spared += Indicator(u[n, k] <= 0) * sp.Max(0, v[n, k])
    yield total(wrong * sp.Max(0, v[n, k]), k)
    yield ">=", total(wrong * pays * v[n, k], k), "it is zero or $v$", total(wrong * spared, k)
    change = pays * (v[n, k] - u[n, k])
    yield "=", total(wrong * (pays * u[n, k] + change), k), "$u$ comes and goes"
    yield "=", total(wrong * (sp.Max(0, u[n, k]) + change), k), "the cost at $x$"


@formula(identity())
def hinge_first():
    """Equal scores cost the margin, once for every wrong class."""
    return sp.Eq(total(Indicator(sp.Ne(k, t[n])) * sp.Max(0, margin), k), (K - 1) * margin)


@formula(computed("ops.loss.squared_error"))
def squared_error():
    """Half the squared distance from the wanted values, averaged over the batch."""
    return sp.Eq(loss, 1 / (2 * N) * total((x[n, k] - z[n, k]) ** 2, n, k))


@formula(cotangent(squared_error, "x"), computed("ops.loss.squared_error.vjp"))
def squared_error_gradient():
    """The gradient is the error itself, shared by the batch."""
    return sp.Eq(x_bar[n, k], loss_bar / N * (x[n, k] - z[n, k]))


@formula(cotangent(squared_error, "z"), computed("ops.loss.squared_error.vjp"))
def squared_error_z_bar():
    """The wanted values feel the same pull, the other way."""
    return sp.Eq(z_bar[n, k], loss_bar / N * (z[n, k] - x[n, k]))
