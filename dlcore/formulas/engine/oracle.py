"""Ask a formula: what it computes, whether two say the same, what a program's slope is.

The oracle is slow and right: sums are plain sums, numbers have thirty digits, so that
nothing overflows and nothing is rounded. Exact numbers give exact values.
"""

from collections import defaultdict

import numpy as np
import sympy as sp

from dlcore.formulas.engine.evaluate import (
    DIGITS,
    Given,
    axis_indices,
    axis_sizes,
    free_names,
    to_exact,
)
from dlcore.formulas.engine.symbols import LABELS, NAMES, axis

SIZES = {"N": 2, "D": 4, "M": 5, "K": 3}


def program(relation):
    """Return a program that takes the letters of the right-hand side by name.

    It computes every entry of the left-hand side. Where that is a number, the letters
    that stand alone may be arrays, and the program runs over their entries.

    >>> from dlcore.formulas import loss
    >>> program(loss.softmax)(x=np.array([[0.0, 0.0]]))
    array([[0.5, 0.5]])
    """
    _, alone = free_names(relation)
    indices = axis_indices(relation.lhs)

    def run(**given):
        exact = any(np.asarray(each).dtype == object for each in given.values())
        given = {name: to_exact(each) for name, each in given.items()}
        sizes = axis_sizes(relation, given)
        stretched = np.broadcast_shapes(*(given[name].shape for name in alone))
        shape = [sizes[str(axis(index))] for index in indices] or stretched
        y = np.empty(shape, dtype=object)
        for at in np.ndindex(*shape):
            scalars = {name: np.broadcast_to(given[name], shape)[at] for name in alone}
            here = {index: sp.Integer(a) for index, a in zip(indices, at, strict=False)}
            y[at] = Given({**given, **sizes, **scalars}).value(relation.rhs, here)
        return (y if exact else y.astype(float))[()]

    return run


def draw(rng, *relations, sizes=SIZES):
    """Draw exact random numbers for all letters of some formulas.

    Parameters, such as a rate, lie between 0 and 1; labels point to a class, counts are small.
    """
    given = {name: sp.Integer(size) for name, size in sizes.items()}
    for relation in relations:
        for entry in sorted(relation.rhs.atoms(sp.Indexed), key=str):
            if all(axis(index) is not None for index in entry.indices):
                shape = [sizes[str(axis(index))] for index in entry.indices]
                given.setdefault(entry.base.name, array(rng, entry.base.name, shape, sizes))
        for name in free_names(relation)[1]:
            given.setdefault(name, array(rng, name, (), sizes))
    return given


def array(rng, name, shape, sizes=SIZES):
    """Draw one of them."""
    if name in LABELS:
        return to_exact(rng.integers(sizes[str(LABELS[name])], size=shape))
    if name == "i":
        return to_exact(rng.integers(1, 6))
    above, below = rng.integers(1, 60, size=shape), rng.integers(60, 90, size=shape)
    if name.rstrip("0123456789") not in NAMES:
        above = above * rng.choice([-2, 2], size=shape)
    ratio = np.frompyfunc(lambda a, b: sp.Rational(int(a), int(b)), 2, 1)
    return np.asarray(ratio(above, below), dtype=object)


def counterexample(left, right, rng, *, sizes=SIZES, points=8, **fixed):
    """Look for an entry where two formulas differ: its two values, or None if there is none.

    Both are evaluated at the same exact random numbers, but for letters that are `fixed`;
    at several points, since one of them may lie on the flat side of every kink.
    """
    for _ in range(points):
        given = {**draw(rng, left, right, sizes=sizes), **fixed}
        values = (np.ravel(program(relation)(**given)) for relation in (left, right))
        for pair in zip(*values, strict=True):
            one, other = (sp.N(each, DIGITS) for each in pair)
            if not abs(one - other) < sp.Float(10) ** (10 - DIGITS):
                return one, other
    return None


def claim(relation):
    """Split an equation of two closed forms into two formulas of the same letter."""
    bound = {index for each in relation.atoms(sp.Sum) for index in each.variables}
    free = [index for index in axis_indices(relation) if index not in bound]
    y = sp.IndexedBase("y")[free] if free else sp.Symbol("y")
    return tuple(sp.Eq(y, side, evaluate=False) for side in relation.args)


def symbolic_vjp(f, *shapes):
    """Differentiate Σ ȳ f(x₁, …, xₖ) exactly; return (x₁, …, xₖ, ȳ) ↦ (x̄₁, …, x̄ₖ).

    Symbols are pushed through the program `f`, which must run on arrays of objects.

    >>> pullback = symbolic_vjp(lambda x, w: x * w, (2,), (2,))
    >>> pullback([1.0, 2.0], [3.0, 4.0], [1.0, 10.0])
    (array([ 3., 40.]), array([ 1., 20.]))
    """
    xs = [unknowns(f"x{number}", shape) for number, shape in enumerate(shapes)]
    y = np.asarray(f(*xs), dtype=object)
    y_bar = unknowns("y", y.shape)
    slopes = defaultdict(list)
    for entry, upstream in zip(map(sp.sympify, y.flat), y_bar.flat, strict=True):
        for letter in entry.free_symbols:
            slopes[letter].append(upstream * entry.diff(letter))
    inputs = [letter for each in (*xs, y_bar) for letter in each.flat]
    outputs = [sp.Add(*slopes[letter]) for x in xs for letter in x.flat]
    numeric = sp.lambdify([inputs], outputs, cse=True)

    def pullback(*arrays):
        flat = np.concatenate([np.ravel(each) for each in arrays])
        ends = np.cumsum([x.size for x in xs])[:-1]
        parts = np.split(np.array(numeric(flat), dtype=float), ends)
        return tuple(part.reshape(x.shape) for part, x in zip(parts, xs, strict=True))

    return pullback


def unknowns(name, shape):
    """Fill an array with symbols."""
    symbols = sp.symbols(f"{name}_:{int(np.prod(shape))}", real=True)
    return np.array(symbols, dtype=object).reshape(shape)
