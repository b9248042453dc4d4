"""Normalisation, as sympy sees it: one set of N numbers, and the sets of an array.

Numbers x_n have the mean μ and the variance v, and σ is the root of v + ε. In a flat array of K
entries the label t_k says to which set the entry k belongs.

Chapter: book/norm.md.
"""

import sympy as sp
from sympy import sqrt

from dlcore.formulas.engine.calculus import unfold
from dlcore.formulas.engine.checks import computed, cotangent, derivative_of, identity
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import N, U, c, delta, ell, h, j, k, n, total, u

x, y, t, s, P = map(sp.IndexedBase, ["x", "y", "t", "s", "P"])
x_bar, y_bar, x_hat, x_hat_bar = map(sp.IndexedBase, ["x_bar", "y_bar", "x_hat", "x_hat_bar"])
apart, apart_bar, means, variances = map(sp.IndexedBase, ["d", "d_bar", "mean", "var"])
mu, beta, gamma, mu_bar, beta_bar, gamma_bar, sigma_bar, v_bar = sp.symbols(
    "mean beta gamma mean_bar beta_bar gamma_bar std_bar var_bar", real=True
)
a, shift = sp.symbols("a b", real=True)
var, sigma, eps = sp.symbols("var std eps", positive=True)
offset, alpha, power = sp.symbols("offset alpha beta", positive=True)
other, third = sp.symbols("n' n''", integer=True)  # a second and a third index along N
padding = sp.Symbol("padding", integer=True, positive=True)

# Where formulas are held against programs: sizes that differ.
SETS = {"K": 5}
MAPS = {"N": 2, "C": 4, "H": 2, "W": 3, "U": 3, "padding": 1}


def average(term, index=n):
    """The mean over a set:  1/N Σₙ term."""
    return 1 / N * total(term, index)


@formula(computed("verification.programs.norm.mean_of_set", sizes=SETS))
def set_mean():
    """The mean of the set to which an entry belongs."""
    member = delta(t[j], t[k])
    return sp.Eq(means[k], total(member * x[j], j) / total(member, j))


@formula(computed("verification.programs.norm.variance_of_set", set_mean, sizes=SETS))
def set_variance():
    """The mean square of the distances from that mean."""
    member = delta(t[j], t[k])
    return sp.Eq(variances[k], total(member * (x[j] - means[k]) ** 2, j) / total(member, j))


@formula(computed("verification.programs.norm.set_norm", set_variance, set_mean, sizes=SETS))
def set_norm():
    """An entry is measured by the mean and the variance of its own set."""
    return sp.Eq(x_hat[k], (x[k] - means[k]) / sqrt(variances[k] + eps))


@formula(computed("verification.programs.norm.mean"))
def mean():
    """The mean of one set."""
    return sp.Eq(mu, average(x[n]))


@formula(computed("verification.programs.norm.centred", mean))
def centred():
    """The distance from the mean."""
    return sp.Eq(apart[n], x[n] - mu)


@formula(computed("verification.programs.norm.variance", centred, mean))
def variance():
    """The mean square of the distances."""
    return sp.Eq(var, average(apart[n] ** 2))


@formula(computed("verification.programs.norm.deviation", variance, centred, mean))
def deviation():
    """A small number keeps the root away from zero."""
    return sp.Eq(sigma, sqrt(var + eps))


@formula(computed("verification.programs.norm.normalized", deviation, variance, centred, mean))
def normalized():
    """The distance in units of the deviation."""
    return sp.Eq(x_hat[n], apart[n] / sigma)


FORWARD = (normalized, deviation, variance, centred, mean)


@formula(computed("verification.programs.norm.batch_norm", *FORWARD))
def batch_norm():
    """Scale and shift are learned."""
    return sp.Eq(y[n], gamma * x_hat[n] + beta)


@derivation(mean)
def mean_of_squares():
    """In exact arithmetic the variance is a difference of two means."""
    yield average((x[n] - mu) ** 2)
    yield "=", average(x[n] ** 2) - 2 * mu * average(x[n]) + mu**2, "multiplied out"
    yield "=", average(x[n] ** 2) - mu**2, "the mean, found again"


@formula(cotangent(batch_norm, "beta"))
def beta_back():
    """The shift was added to every number."""
    return sp.Eq(beta_bar, total(y_bar[n], n))


@formula(cotangent(batch_norm, "gamma"))
def gamma_back():
    """The scale multiplied the normalised numbers."""
    return sp.Eq(gamma_bar, total(y_bar[n] * x_hat[n], n))


@formula(cotangent(batch_norm, "x_hat"))
def hat_back():
    """A normalised number was multiplied by the scale."""
    return sp.Eq(x_hat_bar[n], y_bar[n] * gamma)


@formula(cotangent(normalized, "std"))
def deviation_back():
    """The deviation divided all distances."""
    return sp.Eq(sigma_bar, -1 / sigma**2 * total(x_hat_bar[n] * apart[n], n))


@formula(cotangent(deviation, "var"))
def variance_back():
    """The slope of a root."""
    return sp.Eq(v_bar, sigma_bar / (2 * sigma))


NESTED = (variance_back, deviation_back, deviation, variance)


@formula(cotangent(normalized, "d", *NESTED, inner=(deviation, variance)))
def centred_back():
    """A distance has two users: it is divided, and it is in the variance."""
    return sp.Eq(apart_bar[n], x_hat_bar[n] / sigma + 2 * v_bar / N * apart[n])


@formula(cotangent(centred, "mean"))
def mean_back():
    """The mean was taken off all numbers."""
    return sp.Eq(mu_bar, -total(apart_bar[n], n))


STAGES = (mean_back, centred_back, variance_back, deviation_back, hat_back)


@formula(
    cotangent(batch_norm, "x", *STAGES, *FORWARD, inner=FORWARD),
    computed("verification.programs.norm.batch_norm_vjp", *STAGES, *FORWARD),
)
def staged():
    """A number has two users, too: its distance, and the mean."""
    return sp.Eq(x_bar[n], apart_bar[n] + mu_bar / N)


def without_mean_and_hats(bar):
    """Take off what a gradient has in common with 1 and with the normalised numbers."""
    along = x_hat[n] * average(bar[other] * x_hat[other], other)
    return bar[n] - average(bar[other], other) - along


@formula(
    cotangent(batch_norm, "x", *FORWARD, inner=FORWARD),
    computed("verification.programs.norm.batch_norm_vjp", *FORWARD),
)
def one_line():
    """What the gradient has in common with 1 and with the normalised numbers is taken off."""
    return sp.Eq(x_bar[n], gamma / sigma * without_mean_and_hats(y_bar))


@derivation(*STAGES, *FORWARD)
def from_the_graph():
    """The stages, put into one another."""
    yield apart_bar[n] + mu_bar / N
    yield "=", apart_bar[n] - average(apart_bar[other], other), "$\\bar{\\mu}$ written out"
    direct = 1 / sigma * (x_hat_bar[n] - average(x_hat_bar[other], other))
    yield "=", direct + 2 * v_bar / N * apart[n], "the distances add up to 0"
    spread = apart[n] / sigma**3 * average(x_hat_bar[other] * apart[other], other)
    yield "=", direct - spread, "$\\bar{v}$ written out"
    yield "=", 1 / sigma * without_mean_and_hats(x_hat_bar), "$d_n = \\sigma \\hat{x}_n$"
    yield "=", gamma / sigma * without_mean_and_hats(y_bar), "$\\gamma$ taken out"


@derivation(*FORWARD)
def hats_add_up():
    """Normalised numbers have the mean zero."""
    yield total(x_hat[n], n)
    yield "=", 1 / sigma * (total(x[n], n) - N * mu), "one divisor"
    yield "=", sp.S.Zero, "the mean"


@derivation(*FORWARD)
def square_of_hats():
    """Their mean square falls short of one by what was added to the variance."""
    yield average(x_hat[n] ** 2)
    yield "=", average(apart[n] ** 2) / sigma**2, "one divisor"
    yield "=", var / (var + eps), "the variance"


@derivation(staged, mean_back)
def gradients_add_up():
    """Whatever the upstream gradient is, the gradients of a set cancel."""
    yield total(x_bar[n], n)
    yield "=", total(apart_bar[n], n) + mu_bar, "both uses"
    yield "=", sp.S.Zero, "$\\bar{\\mu}$ written out"


@derivation(one_line, *FORWARD)
def along_the_hats():
    """Along the normalised numbers there is a gradient as far as there is an ε."""
    both = total(y_bar[n] * x_hat[n], n)
    yield total(x_hat[n] * x_bar[n], n)
    yield "=", gamma / sigma * (both - both * average(x_hat[n] ** 2)), "$\\hat{x}$ adds up to 0"
    yield "=", gamma / sigma * both * (1 - var / (var + eps)), "the mean square"


@formula(identity(one_line, *FORWARD, sizes={"N": 3}))
def along():
    """Nothing is left along the normalised numbers where ε is zero, and only there."""
    both = total(y_bar[n] * x_hat[n], n)
    return sp.Eq(total(x_hat[n] * x_bar[n], n), gamma / sigma * both * (eps / (var + eps)))


@formula(derivative_of(unfold(normalized, *FORWARD[1:]), x[other], *FORWARD))
def jacobian():
    """All numbers of a set move when one of them does."""
    both = delta(n, other) - 1 / N - x_hat[n] * x_hat[other] / N
    return sp.Eq(sp.Derivative(x_hat[n], x[other]), 1 / sigma * both)


@formula
def exact():
    """Without ε."""
    return sp.Eq(x_hat[n], apart[n] / sqrt(var))


EXACT = (exact, variance, centred, mean)


@formula(computed("verification.programs.norm.projector", *EXACT, sizes={"N": 4}))
def projector():
    """The Jacobian without its factor."""
    return sp.Eq(P[n, other], delta(n, other) - 1 / N - x_hat[n] * x_hat[other] / N)


@derivation(projector, *EXACT)
def projected_twice():
    """A second projection takes off what the first has left along 1 and along the hats."""
    yield total(P[n, third] * P[third, other], third)
    along = x_hat[n] * (1 / N * total(x_hat[third] * P[third, other], third))
    rest = P[n, other] - 1 / N * total(P[third, other], third) - along
    yield "=", rest, "the first factor"


@formula(identity(projector, *EXACT, sizes={"N": 4}))
def projection():
    """What has been projected stays as it is."""
    return sp.Eq(total(P[n, third] * P[third, other], third), P[n, other])


@derivation(projector, *EXACT)
def rank():
    """The trace of a projection is its rank."""
    yield total(P[n, n], n)
    yield "=", total(1 - 1 / N - x_hat[n] ** 2 / N, n), "the diagonal"
    yield "=", N - 1 - average(x_hat[n] ** 2), "summed"
    yield "=", N - 2, "the mean square is 1"


@derivation()
def two_numbers():
    """Of two numbers nothing but their order is left."""
    yield (a - (a + shift) / 2) / sqrt((a - shift) ** 2 / 4)
    yield "=", (a - shift) / sqrt((a - shift) ** 2), "half of their difference"
    yield "=", (a - shift) / sp.Abs(a - shift), "a root is not negative"


@formula(computed("verification.programs.norm.response_scale", k="offset", sizes=MAPS))
def response_scale():
    """How strong the channels around a channel are, at one pixel."""
    strength = total(x[n, c + u - padding, h, ell] ** 2, u)
    return sp.Eq(s[n, c, h, ell], offset + alpha / U * strength)


@formula(
    computed("verification.programs.norm.response_norm", response_scale, k="offset", sizes=MAPS)
)
def response_norm():
    """A response is divided by a power of that."""
    return sp.Eq(y[n, c, h, ell], x[n, c, h, ell] * s[n, c, h, ell] ** (-power))


@formula(
    computed("verification.programs.norm.response_norm_vjp", response_scale, k="offset", sizes=MAPS)
)
def response_back():
    """A response enters its own result, and the divisors of its neighbours."""
    at = c + u - padding
    shared = y_bar[n, at, h, ell] * x[n, at, h, ell] * s[n, at, h, ell] ** (-power - 1)
    own = y_bar[n, c, h, ell] * s[n, c, h, ell] ** (-power)
    around = 2 * alpha * power / U * x[n, c, h, ell] * total(shared, u)
    return sp.Eq(x_bar[n, c, h, ell], own - around)
