"""Mutants: a formula with one slip in it, of the kind that authors make.

What checks a formula has to refuse them. A check that lets a mutant pass is blind, unless the
mutant says the same as the formula.
"""

from itertools import permutations

import sympy as sp

from dlcore.formulas.engine.symbols import AXES, Indicator, axis
from dlcore.formulas.engine.vectors import Gradient, Value, is_vector

TURNED = {sp.Gt: sp.Lt, sp.Lt: sp.Gt, sp.Ge: sp.Le, sp.Le: sp.Ge}


def mutations(expr, scope=()):
    """Yield (kind of slip, changed expression), slip after slip, from the outside inwards.

    >>> x, y = sp.symbols("x y")
    >>> [(kind, change) for kind, change in mutations(x - y) if kind == "sign"]
    [('sign', -x - y), ('sign', x + y)]
    """
    with sp.evaluate(False):
        yield from slips(expr, scope)
        yield from inside(expr, scope)


def inside(expr, scope):
    """Change one part of an expression, and nothing else."""
    if isinstance(expr, sp.Indexed | sp.Tuple | sp.Derivative) or not expr.args:
        return
    scope = (*scope, *getattr(expr, "variables", ()))
    parts = expr.args[:1] if isinstance(expr, sp.Sum) else expr.args
    first = 1 if isinstance(expr, Value | Gradient) else 0
    for at, part in enumerate(parts[first:], first):
        for kind, changed in mutations(part, scope):
            yield kind, rebuilt(expr, [*expr.args[:at], changed, *expr.args[at + 1 :]])


def rebuilt(expr, args):
    """Put an expression together again, without carrying anything out."""
    if isinstance(expr, sp.Sum):
        whole = sp.Expr.__new__(sp.Sum, *args)
        whole.is_commutative = True
        return whole
    with sp.evaluate(False):
        return expr.func(*args)


def slips(expr, scope):
    """Yield the slips that are made with the outermost operation."""
    if isinstance(expr, sp.Add):
        for at, term in enumerate(expr.args):
            rest = [*expr.args[:at], *expr.args[at + 1 :]]
            yield "sign", sp.Add(*expr.args[:at], opposite(term), *expr.args[at + 1 :])
            yield "dropped term", rest[0] if len(rest) == 1 else sp.Add(*rest)
            yield "factor", sp.Add(*expr.args[:at], doubled(term), *expr.args[at + 1 :])
    if isinstance(expr, sp.Mul):
        for at, factor in enumerate(expr.args):
            rest = [*expr.args[:at], *expr.args[at + 1 :]]
            kind = "1/N" if factor.is_Pow and factor.base in AXES.values() else "factor"
            if factor != -1 and not is_vector(factor) and (len(rest) > 1 or kind == "1/N"):
                yield kind, rest[0] if len(rest) == 1 else sp.Mul(*rest)
    if isinstance(expr, sp.Pow) and expr.exp.is_Number and abs(expr.exp) == 2:
        yield "power", expr.base if expr.exp > 0 else sp.Pow(expr.base, -1)
    if isinstance(expr, sp.Sum):
        yield from slips_of_a_sum(expr)
    if isinstance(expr, sp.Indexed):
        yield from slips_of_an_entry(expr, scope)
    if isinstance(expr, sp.exp | sp.tanh | sp.erf):
        yield "sign", expr.func(opposite(expr.args[0]))
    if isinstance(expr, Indicator) and type(expr.args[0]) in TURNED:
        yield "turned", Indicator(TURNED[type(expr.args[0])](*expr.args[0].args))


def slips_of_a_sum(expr):
    """Yield a mean instead of a sum, or a sum that ends too early."""
    index, low, high = expr.limits[-1]
    with sp.evaluate(True):
        number = high - low + 1
        early = sp.Tuple(index, low, high - 1)
    yield "1/N", sp.Mul(sp.Pow(number, -1), expr)
    yield "range", rebuilt(expr, [expr.function, *expr.limits[:-1], early])


def slips_of_an_entry(expr, scope):
    """Yield an entry with indices in another order, or with another index of the same axis."""
    base = expr.base
    indices = expr.indices
    for order in permutations(indices):
        if order != tuple(indices):
            yield "transposed", base[order]
    for at, index in enumerate(indices):
        for other in scope:
            if other != index and axis(index) is not None and axis(other) == axis(index):
                yield "index", base[(*indices[:at], other, *indices[at + 1 :])]
        if axis(index) is None and not index.is_Number and index.is_integer:
            shift, letter = index.as_coeff_Add()
            after = sp.Add(letter, shift + 1, evaluate=False)
            yield "index", base[(*indices[:at], after, *indices[at + 1 :])]


def opposite(expr):
    """Turn the sign of an expression."""
    first = expr.args[0] if isinstance(expr, sp.Mul) else expr
    if first == -1 and isinstance(expr, sp.Mul):
        return expr.args[1] if len(expr.args) == 2 else sp.Mul(*expr.args[1:])
    return sp.Mul(-1, expr)


def doubled(expr):
    """Write a two before an expression, behind its minus if it has one."""
    minus = isinstance(expr, sp.Mul) and expr.args[0] == -1
    return opposite(sp.Mul(2, opposite(expr))) if minus else sp.Mul(2, expr)


def mutants_of_a_line(line):
    """Yield (kind, changed line): a slip in its expression, or in the sign that ties it."""
    if isinstance(line.expr, sp.Rel):
        for kind, relation in mutants_of_a_relation(line.expr):
            yield kind, line._replace(expr=relation)
    else:
        for kind, expr in mutations(line.expr):
            yield kind, line._replace(expr=expr)
    turned = {"<=": ">=", ">=": "<=", "=>": "<=>"}
    if line.sign in turned:
        kind = "⇔ for ⇒" if line.sign == "=>" else "≥ for ≤"
        yield kind, line._replace(sign=turned[line.sign])


def mutants_of_a_relation(relation):
    """Yield (kind, changed relation): a slip on its right-hand side, or the sign turned."""
    free = [each for each in relation.lhs.free_symbols if axis(each) is not None]
    for kind, rhs in mutations(relation.rhs, scope=tuple(sorted(free, key=str))):
        yield kind, relation.func(relation.lhs, rhs, evaluate=False)
    if type(relation) in TURNED:
        yield "≥ for ≤", TURNED[type(relation)](*relation.args, evaluate=False)


def chosen(mutants, number):
    """Choose some mutants, one of each kind before a second of any."""
    kinds = {}
    for kind, mutant in mutants:
        kinds.setdefault(kind, []).append((kind, mutant))
    picked = []
    rounds = max(map(len, kinds.values()), default=0)
    for turn in range(rounds):
        picked += [each[turn] for each in kinds.values() if turn < len(each)]
    return picked[:number]
