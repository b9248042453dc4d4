"""Differentiate formulas: sums over indices, exactly, whatever the sizes.

The index of a sum must not be the index of the entry by which one differentiates, so every
formula first gets fresh indices: k becomes k'. What remains are Kronecker deltas, ∂x[n, k]
by ∂x[n', k'] is [n = n'] [k = k'], and each of them decides a sum.
"""

from functools import cache

import sympy as sp

from dlcore.formulas.engine.symbols import AXES, Indicator, axis, total


def evaluated(expr):
    """Carry out what was left as written: products are sorted, doubles cancel."""
    return expr.func(*map(evaluated, expr.args)) if expr.args else expr


def rename(expr, marks):
    """Give every sum an index of its own, by `marks` behind its letter."""
    if not expr.args or isinstance(expr, sp.Indexed):
        return expr
    expr = expr.func(*(rename(arg, marks) for arg in expr.args))
    if isinstance(expr, sp.Sum):
        return expr.xreplace({index: primed(index, marks) for index in expr.variables})
    return expr


def primed(index, marks="'"):
    """Write an index with more primes, or with none:  n becomes n'."""
    return sp.Symbol((index.name + marks) if marks else index.name.rstrip("'"), integer=True)


def bar(letter, mark="_bar"):
    """Name the cotangent of a letter or of an entry:  y[n, k] becomes y_bar[n, k]."""
    if isinstance(letter, sp.Indexed):
        return sp.IndexedBase(letter.base.name + mark)[letter.indices]
    return sp.Symbol(letter.name + mark)


def entries(expr, name):
    """List the entries of an array in the order of writing; or the letter, if it is a number."""
    if isinstance(expr, sp.Indexed):
        parts = expr.indices
        found = expr.base.name == name
    else:
        parts = expr.args
        found = expr.is_Symbol and expr.name == name
    return [expr] * found + [entry for part in parts for entry in entries(part, name)]


def typical(expr, name):
    """Pick an entry of an array with an index of its own on every axis:  x[n, k]."""
    for entry in entries(expr, name):
        indices = getattr(entry, "indices", ())
        if all(map(axis, indices)) and len(set(indices)) == len(indices):
            return entry.xreplace({index: primed(index, "") for index in indices})
    raise ValueError(f"typical: {name} is not in {expr}, name a letter of the right-hand side")


@cache
def slope(expr, entry):
    """Differentiate by one entry of an array, or by a number; max(0, x) has the slope [x > 0]."""
    with sp.evaluate(True):
        change = rename(evaluated(expr), "''").diff(entry)
        change = change.replace(sp.Heaviside, lambda x, *_: Indicator(x > 0))
        return collapse(change)


def partial(function, entry):
    """Write ∂y/∂x and carry nothing out; sympy would say zero where no letter is shared."""
    return sp.Expr.__new__(sp.Derivative, function, sp.Tuple(entry, 1))


def collapse(expr):
    """Drop every sum that a Kronecker delta decides:  Σⱼ [j = k] f(j) = f(k)."""
    if not expr.args or isinstance(expr, sp.Indexed):
        return expr
    expr = expr.func(*map(collapse, expr.args))
    if not isinstance(expr, sp.Sum):
        return expr
    terms = sp.Add.make_args(sp.expand_mul(expr.function))
    return sp.Add(*(decide(sp.Mul.make_args(term), expr.limits) for term in terms))


def decide(factors, limits):
    """Sum a product of factors: the deltas decide first, then constants leave the sum."""
    for limit in limits:
        index = limit[0]
        for delta in factors:
            if (
                isinstance(delta, sp.KroneckerDelta)
                and (other := decided(delta, index)) is not None
            ):
                rest = sp.Mul(*(factor for factor in factors if factor is not delta))
                kept = [each for each in limits if each is not limit]
                if not other.is_Add or any(index in y.free_symbols for y in rest.atoms(sp.Indexed)):
                    return decide(sp.Mul.make_args(rest.xreplace({index: other})), kept)
    bound = {limit[0] for limit in limits}
    inside = [factor for factor in factors if bound & factor.free_symbols]
    outside = [factor for factor in factors if not bound & factor.free_symbols]
    term = sp.Mul(*inside)
    if limits:
        term = sp.Sum(term, *limits) if inside else sp.Sum(term, *limits).doit()
    return sp.Mul(*outside) * term


def decided(delta, index):
    """Solve a delta for an index:  [p s + u = h] makes u = h - p s;  None if it cannot.

    Where u would leave its axis, the arrays that it runs along are zero; without any, as in
    Σᵤ [p s + u = h], the sum stays.
    """
    gap = sp.expand(delta.args[0] - delta.args[1])
    step = gap.coeff(index)
    return index - step * gap if step in (1, -1) else None


def tidy(expr, taken):
    """Take the primes away again, sum by sum, where no other index has the letter."""
    if not expr.args or isinstance(expr, sp.Indexed):
        return expr
    expr = expr.func(*(tidy(arg, taken) for arg in expr.args))
    for index in getattr(expr, "variables", ()):
        names = {symbol.name for symbol in expr.atoms(sp.Symbol)} | taken
        free = [name for name in AXES if AXES[name] == axis(index) and name not in names]
        if "'" in index.name and free:
            expr = expr.xreplace({index: sp.Symbol(free[0], integer=True)})
    return expr


def cotangent(relation, name):
    """Derive the cotangent of x from y = f(x):  x̄ = Σ ȳ ∂y/∂x, for an arbitrary ȳ.

    x is named by its letter, or by an entry where every index on the right is computed.

    >>> from dlcore.formulas import linear
    >>> cotangent(linear.linear, "x")
    Eq(x_bar[n, d], Sum(w[d, m]*y_bar[n, m], (m, 0, M - 1)))
    """
    entry = name if isinstance(name, sp.Indexed) else typical(relation.rhs, name)
    fresh = {index: primed(index) for index in getattr(relation.lhs, "indices", ())}
    change = slope(rename(evaluated(relation.rhs), "'").xreplace(fresh), entry)
    change = collapse(total(bar(relation.lhs).xreplace(fresh) * change, *fresh.values()))
    taken = {symbol.name for symbol in entry.free_symbols}
    return sp.Eq(bar(entry), tidy(change, taken), evaluate=False)


def tangent(relation, *names):
    """Derive the tangent:  ẏ = Σ ∂y/∂x ẋ, over the entries of every named array."""
    changes = []
    for name in names:
        entry = typical(relation.rhs, name)
        fresh = {index: primed(index) for index in getattr(entry, "indices", ())}
        entry = entry.xreplace(fresh)
        change = slope(relation.rhs, entry) * bar(entry, "_dot")
        changes.append(collapse(total(change, *fresh.values())))
    taken = {symbol.name for symbol in relation.lhs.free_symbols}
    return sp.Eq(bar(relation.lhs, "_dot"), tidy(sp.Add(*changes), taken), evaluate=False)


def unfold(relation, *definitions):
    """Write definitions out, one after the other, wherever their left-hand sides stand.

    >>> from dlcore.formulas import activation
    >>> unfold(activation.tanh_slope_from_output, activation.tanh)
    Eq(y_prime, 1 - tanh(x)**2)
    """
    rhs = relation.rhs
    for definition in definitions:
        depth = max(letter.name.count("'") for letter in rhs.atoms(sp.Symbol))
        meaning = rename(definition.rhs, "'" * (depth + 1))
        own = getattr(definition.lhs, "indices", ())
        name = str(getattr(definition.lhs, "base", definition.lhs))
        found = {entry: getattr(entry, "indices", ()) for entry in entries(rhs, name)}
        written = {
            entry: meaning.xreplace(dict(zip(own, indices, strict=True)))
            for entry, indices in found.items()
        }
        rhs = rhs.xreplace(written)
    return sp.Eq(relation.lhs, rhs, evaluate=False)


def unfold_all(expr, definitions):
    """Write definitions out, in any order, until none is left to be written out."""
    return written_out(expr, tuple(definitions))


@cache
def written_out(expr, definitions):
    """Write them out, and remember the result: a derivative is asked for at many points."""
    relation = sp.Eq(sp.Symbol("_"), expr, evaluate=False)
    names = [str(getattr(each.lhs, "base", each.lhs)) for each in definitions]
    while found := [at for at, name in enumerate(names) if entries(relation.rhs, name)]:
        relation = unfold(relation, definitions[found[0]])
    return relation.rhs
