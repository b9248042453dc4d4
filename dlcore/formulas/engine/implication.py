"""Implications: what follows from a relation, and what is the same relation.

An equation or an inequality is read as a slack that is zero, or not negative. It follows from
another if its slack is a multiple of the other's, and something not negative. Equations may
also be solved: what holds on every solution follows.
"""

import sympy as sp

from dlcore.formulas.engine.calculus import evaluated
from dlcore.formulas.engine.certificates import nonnegative, nonzero, positive
from dlcore.formulas.engine.induction import patience, shortened, zero
from dlcore.formulas.engine.sample_point import free_indices, sample_indices
from dlcore.formulas.engine.vectors import Gradient, Value

SECONDS = 5


def gap(relation):
    """Take the smaller side off the larger one; of an equation, the right one off the left.

    >>> x = sp.Symbol("x")
    >>> gap(sp.Le(x, 3)), gap(sp.Ge(x, 3))
    (3 - x, x - 3)
    """
    with sp.evaluate(True):
        if isinstance(relation, sp.Eq):
            return evaluated(relation.lhs - relation.rhs)
        return evaluated(relation.gts - relation.lts)


def follows(left, right, normalizer, assumptions=(), certificate=0):
    """Say how the right relation follows from the left one, or None where that is not shown."""
    factor = multiple(gap(left), gap(right), normalizer, certificate)
    equations = isinstance(left, sp.Eq), isinstance(right, sp.Eq)
    with sp.evaluate(True):
        known = nonnegative(sp.sympify(certificate), assumptions)
    if factor is not None and known:
        if all(equations) and certificate == 0:
            return "a multiple"
        if equations == (True, False) or (not any(equations) and nonnegative(factor, assumptions)):
            return "a multiple"
    if all(equations) and on_solutions(left, right, normalizer):
        return "its solutions"
    return None


def equivalent(left, right, normalizer, assumptions=()):
    """Say how two relations are shown to be the same, or None."""
    kinds = isinstance(left, sp.Eq), isinstance(right, sp.Eq)
    factor = multiple(gap(left), gap(right), normalizer, 0) if kinds[0] == kinds[1] else None
    if factor is not None:
        signs = (factor, -factor) if all(kinds) else (factor,)
        if any(positive(sign, assumptions) for sign in signs):
            return "a multiple"
    if (
        all(kinds)
        and on_solutions(left, right, normalizer)
        and on_solutions(right, left, normalizer)
    ):
        return "their solutions"
    return None


def multiple(left, right, normalizer, certificate):
    """Find the factor in  right = factor · left + certificate; None where there is none."""
    with sp.evaluate(True):
        target = normalizer.normalize(right - sp.sympify(certificate))
        source = normalizer.normalize(left)
        if source == 0:
            return None
        for factor in (sp.S.One, quotient(target, source)):
            finite = nonzero(sp.fraction(factor)[1])
            if finite and zero(target - factor * source, normalizer):
                return factor
    return None


def quotient(target, source):
    """Divide one normal form by another, in lowest terms."""
    return factored(target / source)


def factored(expr):
    """Factor an expression."""
    return shortened(expr, sp.factor)


def on_solutions(left, right, normalizer):
    """Tell whether one equation holds on all solutions of another, solved for some letter.

    The other one has to be a polynomial of that letter, of a degree that cannot drop.
    """
    left, right = (sp.expand(normalizer.normalize(gap(each))) for each in (left, right))
    letters = [s for s in left.free_symbols if s.is_Symbol and not s.is_integer]
    for letter in sorted(letters, key=str):
        whole = left.as_poly(letter)
        if whole is None or not nonzero(whole.LC()):
            continue
        solutions = []
        with patience(SECONDS):
            solutions = sp.solve(left, letter)
        if solutions:
            return all(sp.simplify(right.subs(letter, each)) == 0 for each in solutions)
    return False


def holds(relation, point, at):
    """Tell whether a relation holds at a point; with the values of its two sides."""
    one, other = (sp.sympify(point.value(side, at)) for side in relation.args)
    away = sp.N(one - other, 30)
    close = abs(away) < sp.Float(10) ** -20 * (1 + abs(sp.N(one)))
    if isinstance(relation, sp.Eq):
        return bool(close), one, other
    less = isinstance(relation, sp.Le | sp.Lt)
    return bool(close or (away < 0) == less), one, other


def solve_at(relation, point, at):
    """Move a point onto an equation, by one of its letters; yield the points that result.

    Sums are added up there, with the letter among their terms.
    """
    gap_there = gap(relation)
    letters = [s for s in gap_there.free_symbols if s.is_Symbol and s.name in point.drawn]
    for letter in sorted(letters, key=str):
        equation = sp.sympify(point.moved({letter.name: letter}).value(gap_there, at))
        solutions = []
        with patience(SECONDS):
            solutions = sp.solve(equation, letter)
        yield from (point.moved({letter.name: each}) for each in solutions if each.is_real)


def fitted(point, assumptions):
    """Move a point to where all assumptions hold, by the letters that are bounds; or None.

    A letter that stands alone on the larger side grows, one on the smaller side shrinks.
    """
    for _ in range(len(assumptions) + 1):
        broken = [each for each in assumptions if margin(each, point) < 0]
        if not broken:
            return point
        small, large = broken[0].lts, broken[0].gts
        letter, other = (large, small) if large.is_Symbol else (small, large)
        if not letter.is_Symbol:
            return None
        room = [point.value(other, at) for at in sample_indices(point, free_indices(broken[0]))]
        bound = sp.ceiling(20 * max(room) + 1) if letter is large else sp.floor(20 * min(room) - 1)
        if letter.is_positive and bound <= 0:
            return None
        point = point.moved({letter.name: sp.Rational(bound, 20)})
    return None


def sensible(*relations):
    """List what goes without saying: the least curvature is not above the largest."""
    values = set().union(*(each.atoms(Value, Gradient) for each in relations))
    bends = {value.args[0][4:] for value in values if all(value.args[0][2:4])}
    return [sp.Le(strong, smooth) for smooth, strong in bends if strong != smooth]


def margin(relation, point):
    """Say by how much an inequality holds, in the place where that is least."""
    gaps = [
        point.value(gap(relation), at)
        for at in sample_indices(point, free_indices(relation), limit=30)
    ]
    return min(sp.N(each, 30) for each in gaps) + sp.Float(10) ** -20
