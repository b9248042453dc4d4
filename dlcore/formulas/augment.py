"""Augmentation: other images of the same things, and what averages over them are.

n counts images, and k the K versions of one; s[k] is what a model says of version k, m the
average of that, and z what it should say.

Chapter: book/augment.md.
"""

import sympy as sp

from dlcore.formulas.engine.calculus import unfold
from dlcore.formulas.engine.certificates import jensen
from dlcore.formulas.engine.checks import computed, grown, identity
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import (
    H,
    K,
    U,
    W,
    c,
    ell,
    h,
    i,
    j,
    k,
    largest,
    mean,
    n,
    p,
    q,
    total,
    u,
    v,
)
from dlcore.formulas.engine.vectors import Function, T, sequences, steps, t

x, y, w, s, low, high = map(sp.IndexedBase, ["x", "y", "w", "s", "low", "high"])
row, column = map(sp.IndexedBase, ["h'", "l'"])
label, other = map(sp.IndexedBase, ["q", "q'"])
target, share, phi, r = sp.symbols("z lam phi padding", real=True)
average, rows, seen, seen_next = sp.symbols("m a v v_next", real=True)
versions_seen = sp.IndexedBase("v")
(outputs,) = sequences("y")
loss = Function("L", convex=True)
half = sp.Rational(1, 2)

# Where formulas are held against programs.
IMAGE = {"N": 2, "C": 3, "H": 4, "W": 5}
CROPS = {"N": 1, "C": 2, "H": 4, "W": 5, "U": 3, "V": 3, "padding": 1}
TURNED = {"N": 1, "C": 2, "H": 3, "W": 4, "P": 3, "Q": 4}
SQUARE = {"H": 7, "U": 5, "padding": 2}


@formula(computed("verification.programs.augment.mirrored", sizes=IMAGE))
def mirrored():
    """A mirrored image is read from right to left."""
    return sp.Eq(y[n, c, h, ell], x[n, c, h, W - 1 - ell])


@formula(computed("verification.programs.augment.crops", sizes=CROPS))
def crop():
    """A crop is moved by u - r rows and v - r columns; outside is zero."""
    return sp.Eq(y[n, c, u, v, h, ell], x[n, c, h + u - r, ell + v - r])


@formula(computed("verification.programs.augment.covered_rows", sizes=SQUARE))
def covered_rows():
    """So many rows are covered, on average, by a square of U = 2 r + 1 rows."""
    return sp.Eq(rows, U - r * (r + 1) / H)


@formula
def turned_row():
    """The row from which a pixel comes, about the centre."""
    middle, centre = (H - 1) / 2, (W - 1) / 2
    return sp.Eq(row[h, ell], middle + sp.cos(phi) * (h - middle) + sp.sin(phi) * (ell - centre))


@formula
def turned_column():
    """The column from which it comes."""
    middle, centre = (H - 1) / 2, (W - 1) / 2
    return sp.Eq(column[h, ell], centre - sp.sin(phi) * (h - middle) + sp.cos(phi) * (ell - centre))


@formula(computed("verification.programs.augment.turned", turned_row, turned_column, sizes=TURNED))
def rotation():
    """A pixel of the turned image weighs the four around the point from which it comes."""
    near_row = sp.Max(0, 1 - sp.Abs(row[h, ell] - p))
    near_column = sp.Max(0, 1 - sp.Abs(column[h, ell] - q))
    return sp.Eq(y[n, c, h, ell], total(x[n, c, p, q] * near_row * near_column, p, q))


@formula
def darkest():
    """The smallest entry of an image."""
    return sp.Eq(low[n], -largest(-x[n, c, h, ell], c, h, ell))


@formula
def brightest():
    """The largest entry of an image."""
    return sp.Eq(high[n], largest(x[n, c, h, ell], c, h, ell))


@formula(computed("verification.programs.augment.stretched", darkest, brightest, sizes=IMAGE))
def stretched():
    """Every image is brought to the range from zero to one."""
    return sp.Eq(y[n, c, h, ell], (x[n, c, h, ell] - low[n]) / (high[n] - low[n]))


@formula(identity())
def turned_average():
    """An average over all turns does not depend on the turn at which it begins."""
    return sp.Eq(1 / K * total(s[sp.Mod(k + j, K)], k), 1 / K * total(s[k], k))


@derivation()
def symmetric_weights():
    """The averaged scores of an image and its mirror image are those of symmetric weights."""
    back = W - 1 - ell
    yield half * (total(w[ell] * x[ell], ell) + total(w[ell] * x[back], ell))
    turned = total(w[back] * x[ell], ell)
    yield "=", half * (total(w[ell] * x[ell], ell) + turned), "counted from the other end"
    yield "=", total(half * (w[ell] + w[back]) * x[ell], ell), "put together"


@formula
def average_prediction():
    """The average of what is said of all versions."""
    return sp.Eq(average, mean(s[k], k))


@derivation(average_prediction)
def squared_error():
    """The squared errors of all versions, averaged, and the squared error of the average."""
    apart = mean((s[k] - average) ** 2, k)
    yield mean((s[k] - target) ** 2, k)
    yield "=", apart + (average - target) ** 2, "mixed products cancel"
    yield ">=", (average - target) ** 2, "a square is never negative", apart


@derivation()
def convex():
    """The loss of an average and the average of the losses, for a convex loss."""
    yield loss(1 / T * steps(outputs[t]))
    yield "<=", 1 / T * steps(loss(outputs[t])), "Jensen", jensen(loss, outputs[t], (t, 1, T))


@formula
def one_more_epoch():
    """Of K versions, a draw shows one that has not been seen with the share that is left."""
    return sp.Eq(seen_next, seen + (K - seen) / K)


@formula(grown(lambda page: unfold(one_more_epoch, sp.Eq(seen, page.rhs)), {0: 0, 1: 1}))
def versions():
    """So many of K versions are seen in i epochs, on average, if each is drawn anew."""
    return sp.Eq(versions_seen[i], K * (1 - (1 - 1 / K) ** i))


@derivation()
def mixed_loss():
    """The cross-entropy of a mixed label; s are logarithms of probabilities."""
    yield -total((share * label[k] + (1 - share) * other[k]) * s[k], k)
    parts = total(share * label[k] * s[k], k) + total((1 - share) * other[k] * s[k], k)
    yield "=", -parts, "multiplied out"
    both = share * total(label[k] * s[k], k) + (1 - share) * total(other[k] * s[k], k)
    yield "=", -both, "the share is the same for all classes"
