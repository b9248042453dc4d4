"""Mini-batches: their mean, their mean square error, and the variance of an accuracy.

g is the gradient by one weight, of example n, or of example n in batch t; v is that of a
batch. The margin m is what the right score has over all others: with m > 0 it is a hit.

Chapter: book/solver.md.
"""

import sympy as sp

from dlcore.formulas.engine.checks import computed
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.symbols import Indicator, N, mean, n, total
from dlcore.formulas.engine.vectors import T, steps, t

g, v, m = map(sp.IndexedBase, "gvm")
whole, hits = sp.symbols("g_mean a", real=True)
other = sp.Symbol("n'", integer=True)
half = sp.Rational(1, 2)


@formula
def batch():
    """The gradient of a batch is the mean of the gradients of its N examples."""
    return sp.Eq(v[t], mean(g[t, n], n))


@derivation(batch)
def fair():
    """The mean of T batches of one size is the mean of all their examples."""
    yield 1 / T * steps(v[t])
    yield "=", 1 / T * steps(1 / N * total(g[t, n], n)), "the mean of a batch"
    yield "=", 1 / (T * N) * steps(total(g[t, n], n)), "all have the same size"


@derivation()
def halving():
    """The epochs of T + 1 rungs, where every run goes on from its checkpoint."""
    yield 3**T + steps(3 ** (T - t) * (3**t - 3 ** (t - 1)))
    yield "=", 3**T + steps(3**T - 3 ** (T - 1)), "multiplied out"
    yield "=", 3**T * (1 + 2 * T / 3), "$T$ equal terms"


@formula
def centre():
    """The gradient of the whole is the mean over all examples."""
    return sp.Eq(whole, mean(g[n], n))


@derivation(centre)
def pairs():
    """The mean square error of the mean of two examples, over all pairs that can be drawn."""
    yield 1 / N**2 * total(((g[n] + g[other]) / 2 - whole) ** 2, n, other)
    yield "=", 1 / (2 * N) * total((g[n] - whole) ** 2, n), "mixed products cancel"
    yield "=", half * (mean(g[n] ** 2, n) - whole**2), "multiplied out"


@formula(computed("verification.programs.solver.accuracy", sizes={"N": 5}))
def accuracy():
    """An accuracy is a mean of hits."""
    return sp.Eq(hits, mean(Indicator(m[n] > 0), n))


@derivation(accuracy)
def scatter():
    """The variance of a single hit or miss."""
    hit = Indicator(m[n] > 0)
    yield mean((hit - hits) ** 2, n)
    yield "=", mean(hit - 2 * hits * hit + hits**2, n), "a hit is its own square"
    yield "=", hits - 2 * hits**2 + hits**2, "the mean of the hits"
    yield "=", hits * (1 - hits), "$a$ taken out"
    yield "<=", sp.Rational(1, 4), "a square is dropped", (hits - half) ** 2
