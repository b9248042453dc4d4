"""Pooling, as sympy sees it.

Chapter: book/pool.md.
"""

import sympy as sp

from dlcore.formulas.engine import symbols
from dlcore.formulas.engine.calculus import partial
from dlcore.formulas.engine.checks import computed, cotangent
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import H, P, U, V, W, c, delta, ell, h, j, n, p, q, total, u, v

x, y, x_bar, y_bar = map(sp.IndexedBase, ["x", "y", "x_bar", "y_bar"])
s, r = sp.symbols("stride padding", integer=True, positive=True)
a, b = sp.symbols("a b", real=True)

# Where formulas are held against programs: sizes that fit, and overlap in one direction.
LARGEST = {"N": 1, "C": 2, "H": 5, "W": 6, "U": 3, "V": 2, "P": 2, "Q": 3, "stride": 2}
AVERAGE = {"N": 2, "C": 3, "H": 5, "W": 3, "U": 3, "V": 2, "P": 3, "Q": 2, "stride": 2}
AVERAGE |= {"padding": 1}
WHOLE = {"N": 2, "C": 3, "H": 5, "W": 4}
ROW = {"H": 7, "U": 3, "P": 3, "stride": 2}


@formula(computed("verification.programs.pool.output_size", sizes={"H": 8, "U": 3, "stride": 2}))
def output_size():
    """The last window begins where the image ends, less its own height."""
    return sp.Eq(P, sp.floor((H - U) / s) + 1)


@formula(computed("verification.programs.pool.max_pool", sizes=LARGEST))
def max_pool():
    """Of every window the largest entry stays."""
    return sp.Eq(y[n, c, p, q], symbols.largest(x[n, c, p * s + u, q * s + v], u, v))


@formula(computed("verification.programs.pool.max_pool_vjp", max_pool, sizes=LARGEST))
def max_pool_x_bar():
    """An entry receives from every window in which it is the largest."""
    seen = delta(p * s + u, h) * delta(q * s + v, ell)
    won = symbols.Indicator(sp.Eq(x[n, c, h, ell], y[n, c, p, q]))
    return sp.Eq(x_bar[n, c, h, ell], total(seen * won * y_bar[n, c, p, q], p, q, u, v))


@derivation()
def larger_of_two():
    """The larger of two numbers is a ReLU of their difference."""
    yield sp.Max(a, b)
    yield "=", a + sp.Max(0, b - a), "$a$ is subtracted from both"
    yield "=", a + ((b - a) / 2 + sp.Abs(b - a) / 2), "$\\max(0, c) = (c + |c|) / 2$"
    yield "=", (a + b) / 2 + sp.Abs(b - a) / 2, "terms collected"


@formula(computed("verification.programs.pool.avg_pool", sizes=AVERAGE))
def avg_pool():
    """Of every window the average stays; the padding counts as zeros."""
    seen = x[n, c, p * s + u - r, q * s + v - r]
    return sp.Eq(y[n, c, p, q], 1 / (U * V) * total(seen, u, v))


@formula(
    cotangent(avg_pool, x[n, c, h, ell], sizes=AVERAGE, points=1),
    computed("verification.programs.pool.avg_pool_vjp", sizes=AVERAGE),
)
def avg_pool_x_bar():
    """An entry receives its part of every window that saw it."""
    seen = delta(p * s + u - r, h) * delta(q * s + v - r, ell)
    part = total(seen * y_bar[n, c, p, q], p, q, u, v)
    return sp.Eq(x_bar[n, c, h, ell], 1 / (U * V) * part)


@formula(computed("verification.programs.pool.avg_pool_row", sizes=ROW))
def avg_row():
    """On a row of pixels, the average of every window."""
    return sp.Eq(y[p], 1 / U * total(x[p * s + u], u))


@derivation(avg_row)
def average_back():
    """What a pixel of the row receives, from all windows that saw it."""
    yield total(y_bar[p] * partial(y[p], x[h]), p)
    moved = total(delta(p * s + u, h), u)
    yield "=", total(y_bar[p] * (1 / U * moved), p), "one pixel moves"
    yield "=", 1 / U * total(delta(p * s + u, h) * y_bar[p], p, u), "the factor taken out"


@derivation()
def twice():
    """The average of V tiles of U pixels each, of which the averages were taken before."""
    yield 1 / V * total(1 / U * total(x[(q * V + v) * U + u], u), v)
    yield "=", 1 / (V * U) * total(x[(q * V + v) * U + u], v, u), "both factors taken out"
    yield "=", 1 / (V * U) * total(x[q * (V * U) + (v * U + u)], v, u), "multiplied out"
    every = sp.Sum(x[q * (V * U) + j], (j, 0, V * U - 1))
    yield "=", 1 / (V * U) * every, "$j = v U + u$ counts them"


@formula(computed("ops.pool.global_avg_pool", sizes=WHOLE))
def global_avg_pool():
    """Of every channel the average stays."""
    return sp.Eq(y[n, c], 1 / (H * W) * total(x[n, c, h, ell], h, ell))


@formula(
    cotangent(global_avg_pool, "x", sizes=WHOLE),
    computed("ops.pool.global_avg_pool.vjp", sizes=WHOLE),
)
def global_avg_pool_x_bar():
    """All pixels of a channel receive the same."""
    return sp.Eq(x_bar[n, c, h, ell], 1 / (H * W) * y_bar[n, c])
