"""Evaluate a formula: letters become numbers and arrays, sums become plain sums."""

import numpy as np
import sympy as sp

from dlcore.formulas.engine.letters import AXES, Largest, axis

DIGITS = 30
CAPITALS = {size.name for size in AXES.values()}


def value(expr, given):
    """Evaluate an expression, its letters given by name.

    >>> value(sp.Symbol("x") / 2, {"x": sp.Integer(1)})
    1/2
    """
    if expr.is_Symbol:
        if expr.name not in given:
            raise ValueError(f"value: {expr} has no value here, sum over it or pass {expr}=")
        return given[expr.name]
    if isinstance(expr, sp.Indexed):
        return pick(given[expr.base.name], expr.indices, given)
    if isinstance(expr, Largest):
        return sp.Max(*(value(expr.function, here) for here in walk(expr.limits, given)))
    if isinstance(expr, sp.Sum):
        return sp.Add(*(value(expr.function, here) for here in walk(expr.limits, given)))
    return expr.func(*(value(arg, given) for arg in expr.args)) if expr.args else expr


def pick(array, indices, given):
    """Look an entry up. Where an index is computed, as in x[p + u], there are zeros outside."""
    at = tuple(int(value(index, given)) for index in indices)
    places = zip(indices, at, np.shape(array), strict=True)
    if any(index.is_Add and not 0 <= i < size for index, i, size in places):
        return sp.S.Zero
    return array[at]


def walk(limits, given):
    """Run through the indices of a sum, the last one outermost."""
    if not limits:
        yield given
        return
    *inner, (index, low, high) = limits
    for at in range(int(value(low, given)), int(value(high, given)) + 1):
        yield from walk(inner, {**given, index.name: sp.Integer(at)})


def rows(lhs):
    """List the indices of a left-hand side that run along an axis, each once."""
    entries = [part for part in sp.preorder_traversal(lhs) if isinstance(part, sp.Indexed)]
    indices = dict.fromkeys(index for entry in entries for index in entry.indices)
    return [index for index in indices if axis(index) is not None]


def letters(relation):
    """List the names on the right-hand side: the arrays, and the letters that stand alone."""
    arrays = {part.base.name for part in relation.rhs.atoms(sp.Indexed)}
    bound = {index for each in relation.rhs.atoms(sp.Sum) for index in each.variables}
    free = relation.rhs.atoms(sp.Symbol) - bound - set(rows(relation.lhs))
    return sorted(arrays), sorted({each.name for each in free} - arrays - CAPITALS)


def numbers(array):
    """Turn the entries of an array into sympy's numbers; exact ones stay exact."""
    array = np.asarray(array)
    if array.dtype == object:
        return array
    whole = np.issubdtype(array.dtype, np.integer)
    lift = (lambda a: sp.Integer(int(a))) if whole else (lambda a: sp.Float(float(a), DIGITS))
    return np.asarray(np.frompyfunc(lift, 1, 1)(array), dtype=object)


def measure(relation, given):
    """Read the sizes of the axes off the arrays, and refuse what does not fit.

    >>> from dlcore.formulas import linear
    >>> measure(linear.linear, {"x": np.ones((2, 3)), "w": np.ones((4, 5)), "b": np.ones(5)})
    Traceback (most recent call last):
    ValueError: program: D is 3 in x but 4 in w, pass arrays that agree
    """
    arrays, alone = letters(relation)
    for name in [*arrays, *alone]:
        if name not in given:
            raise ValueError(f"program: {name} stands in the formula, pass {name}=")
    sizes = {name: (int(given[name]), "the call") for name in CAPITALS & given.keys()}
    entries = [part for part in sp.preorder_traversal(relation.rhs) if isinstance(part, sp.Indexed)]
    for entry in entries:
        name, shape = entry.base.name, np.shape(given[entry.base.name])
        if len(shape) != len(entry.indices):
            raise ValueError(f"program: the formula has {entry} but {name} has shape {shape}")
        for index, size in zip(entry.indices, shape, strict=True):
            letter = str(axis(index))
            known, source = sizes.setdefault(letter, (size, name))
            if axis(index) is not None and known != size:
                raise ValueError(
                    f"program: {letter} is {known} in {source} but {size} in {name}, "
                    "pass arrays that agree"
                )
    return {letter: size for letter, (size, _) in sizes.items()}
