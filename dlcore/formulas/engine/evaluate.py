"""Evaluate a formula: letters become numbers and arrays, sums become plain sums.

One evaluator runs through an expression. What a letter is, its subclasses say: here it is given
by the caller, at a random point of a derivation (``sample_point.py``) it is drawn or defined.
"""

import numpy as np
import sympy as sp

from dlcore.formulas.engine.symbols import AXES, Largest, axis

DIGITS = 30
CAPITALS = {size.name for size in AXES.values()}


class Evaluator:
    """Compute an expression from its letters; every sum is added up, term by term."""

    def value(self, expr, at):
        """Compute an expression; `at` gives the values of its free indices."""
        if isinstance(expr, sp.Symbol | sp.Indexed):
            return at[expr] if expr in at else self.letter(expr, at)
        if isinstance(expr, sp.Sum):
            terms = [self.value(expr.function, here) for here in self.positions(expr.limits, at)]
            return sp.Max(*terms) if isinstance(expr, Largest) else self.add(terms)
        return self.apply(expr, [self.value(arg, at) for arg in expr.args]) if expr.args else expr

    def letter(self, expr, at):
        """Return the value of a letter, or of an entry of an array."""
        raise NotImplementedError(f"letter: {type(self).__name__} knows no {expr}, write it")

    def add(self, terms):
        """Add the terms of a sum."""
        return sp.Add(*terms)

    def apply(self, expr, values):
        """Apply the outermost operation of an expression to the values of its parts."""
        return expr.func(*values)

    def positions(self, limits, at):
        """Run through the indices of a sum, the last one outermost."""
        if not limits:
            yield at
            return
        *inner, (index, low, high) = limits
        for position in range(int(self.value(low, at)), int(self.value(high, at)) + 1):
            yield from self.positions(inner, {**at, index: sp.Integer(position)})


class Given(Evaluator):
    """Evaluate with numbers and arrays that are given by name.

    >>> Given({"x": sp.Integer(1)}).value(sp.Symbol("x") / 2, {})
    1/2
    """

    def __init__(self, given):
        self.given = given

    def letter(self, expr, at):
        """Look a letter up, or an entry of an array."""
        if expr.is_Symbol:
            if expr.name not in self.given:
                raise ValueError(f"value: {expr} has no value here, sum over it or pass {expr}=")
            return self.given[expr.name]
        array = self.given[expr.base.name]
        position = tuple(int(self.value(index, at)) for index in expr.indices)
        return sp.S.Zero if outside(expr.indices, position, np.shape(array)) else array[position]


def outside(indices, position, shape):
    """Tell whether a computed index, as in x[p + u], leaves its array; there are zeros."""
    axes = zip(indices, position, shape, strict=True)
    return any(index.is_Add and not 0 <= at < size for index, at, size in axes)


def axis_indices(lhs):
    """List the indices of a left-hand side that run along an axis, each once."""
    entries = [part for part in sp.preorder_traversal(lhs) if isinstance(part, sp.Indexed)]
    indices = dict.fromkeys(index for entry in entries for index in entry.indices)
    return [index for index in indices if axis(index) is not None]


def free_names(relation):
    """List the names on the right-hand side: the arrays, and the letters that stand alone."""
    arrays = {part.base.name for part in relation.rhs.atoms(sp.Indexed)}
    bound = {index for each in relation.rhs.atoms(sp.Sum) for index in each.variables}
    free = relation.rhs.atoms(sp.Symbol) - bound - set(axis_indices(relation.lhs))
    return sorted(arrays), sorted({each.name for each in free} - arrays - CAPITALS)


def to_exact(array):
    """Turn the entries of an array into sympy's numbers; exact ones stay exact."""
    array = np.asarray(array)
    if array.dtype == object:
        return array
    whole = np.issubdtype(array.dtype, np.integer)
    lift = (lambda a: sp.Integer(int(a))) if whole else (lambda a: sp.Float(float(a), DIGITS))
    return np.asarray(np.frompyfunc(lift, 1, 1)(array), dtype=object)


def axis_sizes(relation, given):
    """Read the sizes of the axes off the arrays, and refuse what does not fit.

    >>> from dlcore.formulas import linear
    >>> axis_sizes(linear.linear, {"x": np.ones((2, 3)), "w": np.ones((4, 5)), "b": np.ones(5)})
    Traceback (most recent call last):
    ValueError: program: D is 3 in x but 4 in w, pass arrays that agree
    """
    arrays, alone = free_names(relation)
    for name in [*arrays, *alone]:
        if name not in given:
            raise ValueError(f"program: {name} stands in the formula, pass {name}=")
    sizes = {name: (int(given[name]), "the call") for name in CAPITALS & given.keys()}
    entries = [part for part in sp.preorder_traversal(relation.rhs) if isinstance(part, sp.Indexed)]
    for entry in entries:
        name = entry.base.name
        shape = np.shape(given[entry.base.name])
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
