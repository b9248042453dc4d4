"""Dropout, as sympy sees it: a mask, its mean and variance, and the penalty that it is.

The letter r is 1 where an entry is kept and 0 where it is dropped.

Chapter: book/dropout.md.
"""

import sympy as sp

from dlcore.formulas.engine.checks import computed, cotangent, grown, identity, proved
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import D, Indicator, d, delta, i, n, total

x, r, s, y, x_bar, y_bar, e, w, z = map(
    sp.IndexedBase, ["x", "r", "s", "y", "x_bar", "y_bar", "e", "w", "z"]
)
drop, entry, weight, mean, bias, L = sp.symbols("drop x w mean b L", real=True)
square, variance, spread = sp.symbols("a var var_prime", positive=True)
sizes = sp.IndexedBase("q")
other = sp.Symbol("d'", integer=True)
FEW = {"N": 2, "D": 3}


@formula
def keep():
    """An entry is kept where a number drawn evenly from 0 to 1 is at least p."""
    return sp.Eq(r[n, d], Indicator(s[n, d] >= drop))


@formula(computed("verification.programs.dropout.dropout", keep))
def dropout():
    """What is kept is divided by the probability to be kept."""
    return sp.Eq(y[n, d], r[n, d] * x[n, d] / (1 - drop))


@formula(cotangent(dropout, "x"), computed("verification.programs.dropout.dropout_vjp", keep))
def dropout_x_bar():
    """Backwards, the same mask is applied to the upstream gradient."""
    return sp.Eq(x_bar[n, d], r[n, d] * y_bar[n, d] / (1 - drop))


@derivation()
def mean_of_an_entry():
    """The mean over both cases: what is dropped is 0, and adds nothing."""
    yield (1 - drop) * (entry / (1 - drop))
    yield "=", entry, "the division makes up for what is dropped"


@derivation()
def variance_of_an_entry():
    """The mean squared distance from x, over both cases."""
    yield drop * (0 - entry) ** 2 + (1 - drop) * (entry / (1 - drop) - entry) ** 2
    yield "=", drop * entry**2 + (1 - drop) * (drop / (1 - drop) * entry) ** 2, "$x$ is taken out"
    yield "=", drop * entry**2 + drop**2 / (1 - drop) * entry**2, "one factor cancels"
    yield "=", drop * (1 - drop + drop) / (1 - drop) * entry**2, "over one denominator"
    yield "=", drop / (1 - drop) * entry**2, "$1 - p + p = 1$"


@formula(proved(variance_of_an_entry))
def variance_of_entry():
    """The variance of one entry over all masks."""
    return sp.Eq(variance, drop / (1 - drop) * entry**2)


@formula(identity())
def second_moment():
    """The mean square of one entry is larger than its square."""
    return sp.Eq(drop * 0**2 + (1 - drop) * (entry / (1 - drop)) ** 2, 1 / (1 - drop) * entry**2)


@formula(computed("verification.programs.dropout.joint", sizes=FEW))
def joint():
    """The mean product of the factors of two entries: 1, and for an entry with itself more."""
    return sp.Eq(e[d, other], 1 + drop / (1 - drop) * delta(d, other))


@derivation(joint)
def square_of_score():
    """The mean square of a linear unit's score over all masks: every pair of features."""
    pairs = w[d] * x[n, d] * w[other] * x[n, other]
    extra = drop / (1 - drop)
    alone = extra * total(w[d] ** 2 * x[n, d] ** 2, d)
    yield total(e[d, other] * pairs, d, other)
    yield "=", total((1 + extra * delta(d, other)) * pairs, d, other), "bits are independent"
    yield "=", total(pairs, d, other) + alone, "one term has $d' = d$"
    yield "=", total(w[d] * x[n, d], d) ** 2 + alone, "a product of two sums"


@formula(computed("verification.programs.dropout.expected_loss", sizes=FEW))
def expected_loss():
    """The mean squared loss over all masks is the loss without one, and a ridge penalty."""
    loss = total((total(w[d] * x[n, d], d) - z[n]) ** 2, n)
    return sp.Eq(L, loss + drop / (1 - drop) * total(w[d] ** 2 * total(x[n, d] ** 2, n), d))


@derivation()
def one_weight():
    """One feature, with a = Σ x² and b = Σ x z: where the slope of the expected loss is zero."""
    yield sp.Eq(weight * square - bias + drop / (1 - drop) * weight * square, 0)
    yield "<=>", sp.Eq(weight * square / (1 - drop), bias), "$1 + p/(1 - p) = 1/(1 - p)$"
    yield "<=>", sp.Eq(weight, (1 - drop) * bias / square), "solved for $w$"


@formula(
    grown(lambda page: sp.Eq(sizes[i + 1], page.rhs / (1 - drop)), sizes[0], q=[sp.Integer(1)])
)
def depth():
    """After i layers with dropout the mean square is larger by as many factors."""
    return sp.Eq(sizes[i], sizes[0] / (1 - drop) ** i)


@derivation()
def variance_in_training():
    """The variance over examples and masks of a feature with mean μ and variance v."""
    yield 1 / (1 - drop) * (variance + mean**2) - mean**2
    yield "=", (variance + mean**2 - (1 - drop) * mean**2) / (1 - drop), "over one denominator"
    yield "=", (variance + drop * mean**2) / (1 - drop), "$\\mu^2$ cancels"


@formula(proved(variance_in_training))
def shifted():
    """In training a feature behind dropout has this variance; in evaluation it has v."""
    return sp.Eq(spread, (variance + drop * mean**2) / (1 - drop))


@formula(computed("verification.programs.dropout.window_variance", sizes={"D": 4}))
def window():
    """The variance of an average over a window of D pixels of one value, dropped one by one."""
    return sp.Eq(variance, drop / (1 - drop) * entry**2 / D)


@derivation(joint)
def averaged():
    """The mean square of that average, less the square of its mean."""
    yield total(e[d, other] * entry**2, d, other) / D**2 - entry**2
    factors = 1 + drop / (1 - drop) * delta(d, other)
    yield "=", total(factors * entry**2, d, other) / D**2 - entry**2, "bits are independent"
    alone = D * (drop / (1 - drop)) * entry**2
    yield "=", (D**2 * entry**2 + alone) / D**2 - entry**2, "$D$ terms have $d' = d$"
    yield "=", drop / (1 - drop) * entry**2 / D, "$x^2$ cancels"
