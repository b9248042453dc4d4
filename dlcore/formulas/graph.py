"""Counting in graphs: positions in an order, edges between them, paths through diamonds.

p is the position of a node in an order, and e the number of edges that lead to it; both are
counted along the order or along a walk, t = 1 … T. a is the number of calls.

Chapter: book/graph.md.
"""

import sympy as sp

from dlcore.formulas.engine.certificates import slack
from dlcore.formulas.engine.checks import computed
from dlcore.formulas.engine.derivation import derivation
from dlcore.formulas.engine.registry import formula
from dlcore.formulas.engine.vectors import T, steps, t

p, e, a = map(sp.IndexedBase, "pea")


@formula
def forwards():
    """An edge leads at least one position further."""
    return sp.Ge(p[t + 1], p[t] + 1)


@derivation(forwards)
def way():
    """After T edges a walk is at least T positions further."""
    yield p[T + 1] - p[1]
    yield "=", steps(p[t + 1] - p[t]), "what is between cancels"
    yield ">=", steps(sp.S.One), "each edge leads forwards", steps(slack(forwards))
    yield "=", T, "one for each edge"


@formula
def from_before():
    """Before the position t there are t - 1 nodes, and none sends two edges."""
    return sp.Le(e[t], t - 1)


@derivation(from_before)
def edges():
    """An order of T nodes has room for this many edges."""
    yield steps(e[t])
    yield "<=", steps(t - 1), "from the nodes before", steps(slack(from_before))
    yield "=", -T + steps(t), "one is subtracted, $T$ times"
    yield "=", T * (T + 1) / 2 - T, "the sum of whole numbers"
    yield "=", T * (T - 1) / 2, "put together"


@formula(computed("verification.programs.graph.calls_above", sp.Eq(a[t], 4 * 2**t - 3)))
def diamond():
    """A call for the top, one for either side, and from each side those for all below."""
    return sp.Eq(a[t + 1], 3 + 2 * a[t])


@formula(computed("verification.programs.graph.calls", diamonds=0))
def ground():
    """The bottom takes one call."""
    return sp.Eq(a[0], 1)


@derivation(diamond)
def doubling():
    """With three more the number of calls doubles exactly."""
    yield a[t + 1] + 3
    yield "=", 3 + 2 * a[t] + 3, "one diamond more"
    yield "=", 2 * (a[t] + 3), "two taken out"


@derivation(diamond, ground)
def all_calls():
    """From the bottom the doubling leads to the top."""
    yield a[T]
    yield "=", 2**T * (a[0] + 3) - 3, "doubled with each diamond"
    yield "=", 4 * 2**T - 3, "the bottom is one call"
