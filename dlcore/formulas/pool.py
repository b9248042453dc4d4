"""Pooling, as sympy sees it.

Chapter: book/pool.md.
"""

import sympy as sp

from dlcore.formulas import letters
from dlcore.formulas.letters import H, P, U, V, W, c, delta, ell, h, largest, n, p, q, total, u, v
from dlcore.formulas.registry import formula

x, y, x_bar, y_bar = map(sp.IndexedBase, ["x", "y", "x_bar", "y_bar"])
s, r = sp.symbols("stride padding", integer=True, positive=True)


@formula
def output_size():
    """The last window begins where the image ends, less its own height."""
    return sp.Eq(P, sp.floor((H - U) / s) + 1)


@formula
def max_pool():
    """Of every window the largest entry stays."""
    return sp.Eq(y[n, c, p, q], largest(x[n, c, p * s + u, q * s + v], u, v))


@formula
def max_pool_x_bar():
    """An entry hears from every window in which it is the largest."""
    seen = delta(p * s + u, h) * delta(q * s + v, ell)
    won = letters.Indicator(sp.Eq(x[n, c, h, ell], y[n, c, p, q]))
    return sp.Eq(x_bar[n, c, h, ell], total(seen * won * y_bar[n, c, p, q], p, q, u, v))


@formula
def avg_pool():
    """Of every window the average stays; the padding counts as zeros."""
    seen = x[n, c, p * s + u - r, q * s + v - r]
    return sp.Eq(y[n, c, p, q], 1 / (U * V) * total(seen, u, v))


@formula
def avg_pool_x_bar():
    """An entry hears its part of every window that saw it."""
    seen = delta(p * s + u - r, h) * delta(q * s + v - r, ell)
    part = total(seen * y_bar[n, c, p, q], p, q, u, v)
    return sp.Eq(x_bar[n, c, h, ell], 1 / (U * V) * part)


@formula
def global_avg_pool():
    """Of every channel the average stays."""
    return sp.Eq(y[n, c], 1 / (H * W) * total(x[n, c, h, ell], h, ell))


@formula
def global_avg_pool_x_bar():
    """All pixels of a channel hear the same."""
    return sp.Eq(x_bar[n, c, h, ell], 1 / (H * W) * y_bar[n, c])
