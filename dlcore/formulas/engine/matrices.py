"""Matrices, read entry by entry: a product is a sum over what its factors share.

``x = matrix("x", N, D)`` has a shape. ``x * w`` is a product, ``w.T`` a transpose,
``each(x, y)`` multiplies entry by entry, ``switch(x)`` is one where an entry is positive.
"""

import sympy as sp

from dlcore.formulas.engine.symbols import D, Indicator, K, M, N, d, j, k, m, n, total

INDICES = {N: (n,), D: (d,), M: (m,), K: (k, j)}


def matrix(name, rows, columns):
    """Name a matrix and its shape; its entries are those of the array of that name."""
    return sp.MatrixSymbol(name, rows, columns)


def each(*factors):
    """Multiply entry by entry:  x ⊙ y."""
    return sp.HadamardProduct(*factors)


class Switch(sp.MatrixExpr):
    """One where an entry is positive, zero elsewhere:  [x > 0]."""

    shape = property(lambda self: self.args[0].shape)

    def _latex(self, printer):
        return f"[{printer.doprint(self.args[0])} > 0]"


switch = Switch


def entrywise(expr):
    """Turn a matrix into its typical entry; leave everything else alone.

    >>> x, w = matrix("x", N, D), matrix("w", D, M)
    >>> entrywise(x * w)
    Sum(w[d', m]*x[n, d'], (d', 0, D - 1))
    """
    if not isinstance(expr, sp.MatrixExpr):
        return expr
    row, column = (INDICES[size] for size in expr.shape)
    column = column[1:] if row == column and len(column) > 1 else column
    return entry(expr, row[0], column[0], 1)


def entry(expr, row, column, depth):
    """Write the entry of a matrix in a row and a column."""
    if isinstance(expr, sp.MatrixSymbol):
        return sp.IndexedBase(expr.name)[row, column]
    if isinstance(expr, sp.Transpose):
        return entry(expr.arg, column, row, depth)
    if isinstance(expr, Switch):
        return Indicator(entry(expr.args[0], row, column, depth) > 0)
    if isinstance(expr, sp.MatAdd | sp.HadamardProduct):
        for term in expr.args[1:]:
            agree(expr.args[0].shape, term.shape, expr.args[0], term)
    if isinstance(expr, sp.MatAdd):
        return sp.Add(*(entry(term, row, column, depth) for term in expr.args))
    if isinstance(expr, sp.HadamardProduct):
        return sp.Mul(*(entry(factor, row, column, depth) for factor in expr.args))
    if isinstance(expr, sp.MatMul):
        numbers = [factor for factor in expr.args if not factor.is_Matrix]
        return sp.Mul(*numbers) * product(
            [factor for factor in expr.args if factor.is_Matrix], row, column, depth
        )
    raise ValueError(f"entry: {type(expr).__name__} is not read entry by entry, use * + .T each()")


def product(factors, row, column, depth):
    """Add up over what the first factor shares with the rest."""
    first, *rest = factors
    if not rest:
        return entry(first, row, column, depth + 1)
    agree((first.shape[1],), (rest[0].shape[0],), first, rest[0])
    between = sp.Symbol(INDICES[first.shape[1]][0].name + "'" * depth, integer=True)
    left = entry(first, row, between, depth + len(factors))
    return total(left * product(rest, between, column, depth + 1), between)


def agree(one, other, left, right):
    """Refuse matrices that cannot be joined.

    >>> entrywise(matrix("x", N, D) * matrix("w", M, K))
    Traceback (most recent call last):
    ValueError: entry: D is not M, between x of shape (N, D) and w of shape (M, K)
    """
    if one != other:
        names = (", ".join(map(str, shape)) for shape in (one, other))
        raise ValueError(
            f"entry: {' is not '.join(names)}, "
            f"between {left} of shape {left.shape} and {right} of shape {right.shape}"
        )
