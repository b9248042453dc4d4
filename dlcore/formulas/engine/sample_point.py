"""Points at which both sides of a step are computed: every letter an exact random number.

A letter is drawn when it is first asked for, and keeps its value. Vectors get coordinates,
functions become quadratics that keep what is assumed of them.
"""

from itertools import product
from math import prod

import numpy as np
import sympy as sp

from dlcore.formulas.engine import oracle
from dlcore.formulas.engine.calculus import slope, unfold_all
from dlcore.formulas.engine.certificates import Slack
from dlcore.formulas.engine.evaluate import Evaluator, outside
from dlcore.formulas.engine.symbols import AXES, Norm, axis
from dlcore.formulas.engine.vectors import Gradient, Inner, Sequence, T, Value, Vector

DIGITS = 40
IMAGES = {"C": 2, "F": 3, "H": 4, "W": 6, "P": 3, "Q": 4, "U": 2, "V": 3}  # P = H - U + 1
SPARE = IMAGES | {"H": 11, "W": 16}  # long enough for strides
SHAPES = ({"N": 2, "D": 4, "M": 5, "K": 3, **IMAGES}, {"N": 3, "D": 2, "M": 4, "K": 5, **SPARE})
DIMENSION = 3


class SamplePoint(Evaluator):
    """A point: what every letter is there.

    >>> from dlcore.formulas.engine.definitions import Definitions
    >>> x = sp.Symbol("x")
    >>> SamplePoint(0, Definitions(sp.Eq(x, 3))).value(x**2 + 1)
    10
    """

    def __init__(self, seed, definitions, sizes=SHAPES[0], arrays=None):
        self.seed = seed
        self.definitions = definitions
        self.sizes = sizes
        self.arrays = arrays or {}
        self.letters = {}
        self.drawn = {}
        self.models = {}

    def rng(self, name):
        """Seed a generator by the name of what is drawn, so that no order matters."""
        return np.random.default_rng([self.seed, *name.encode()])

    def value(self, expr, at=None):
        """Compute an expression; `at` gives the values of its free indices."""
        at = at or {}
        if isinstance(expr, Value | Gradient):
            return self.function(expr, at)
        meaning = self.meaning(expr)
        return super().value(expr, at) if meaning is None else self.value(meaning, at)

    def meaning(self, expr):
        """Write out what is no operation on numbers; an even power of a length needs no root."""
        if isinstance(expr, sp.Derivative):
            return self.carried_out(expr)
        if isinstance(expr, Slack):
            return expr.meaning()
        if expr.is_Pow and isinstance(expr.base, Norm) and expr.exp.is_even:
            return Inner(expr.base.args[0], expr.base.args[0]) ** (expr.exp / 2)
        return None

    def add(self, terms):
        """Add the terms of a sum: numbers, or vectors."""
        return sum(terms)

    def apply(self, expr, values):
        """Apply the outermost operation of an expression to the values of its parts."""
        if isinstance(expr, Inner | Norm):
            dot = sp.sympify(np.sum(np.asarray(values[0]) * values[-1]))
            return round_irrational(sp.sqrt(dot) if isinstance(expr, Norm) else dot)
        if expr.is_Add:
            return sum(values)
        if expr.is_Mul:
            return prod(values)
        return round_irrational(expr.func(*values))

    def letter(self, expr, at):
        """Look up a letter or an entry, write it out, or draw it."""
        if isinstance(expr, sp.Indexed):
            position = tuple(self.value(index, at) for index in expr.indices)
            axes = self.arrays.get(expr.base.name)
            if axes and outside(expr.indices, position, [self.sizes[str(each)] for each in axes]):
                return sp.S.Zero
            expr = expr.base[position]
        elif expr.name in self.sizes and expr.name in set(map(str, AXES.values())):
            return sp.Integer(self.sizes[expr.name])
        key = str(expr)
        if key not in self.letters:
            found = self.definitions.find(expr)
            self.letters[key] = self.value(found[0].rhs, found[1]) if found else self.draw(expr)
        return self.letters[key]

    def moved(self, letters):
        """Make a point at which some letters have other values."""
        point = SamplePoint(self.seed, self.definitions, self.sizes, self.arrays)
        kept = {name: value for name, value in self.drawn.items() if name not in letters}
        point.drawn = {**kept, **letters}
        point.letters = dict(point.drawn)
        point.models = self.models
        return point

    def described(self, at):
        """Write down where a point is: the letters that were drawn, and the indices."""
        every = {**{str(index): place for index, place in at.items()}, **self.drawn}
        few = list(every.items())[:8]
        more = ", …" if len(every) > len(few) else ""
        return ", ".join(f"{name} = {format_value(value)}" for name, value in few) + more

    def draw(self, expr):
        """Draw a number, or a vector."""
        name = expr.base.name if isinstance(expr, sp.Indexed) else expr.name
        vector = isinstance(expr, Vector) or isinstance(getattr(expr, "base", None), Sequence)
        rng = self.rng(str(expr))
        if expr.is_integer and expr.is_Symbol:
            value = sp.Integer(int(rng.integers(2, 5)))
        else:
            value = oracle.array(rng, name, DIMENSION * vector or (), self.sizes)[()]
            value = abs(value) if expr.is_nonnegative else value
        self.drawn[str(expr)] = value
        return value

    def carried_out(self, expr):
        """Write the definitions of a function out and differentiate it, or look its slope up."""
        known = self.definitions.meaning(expr)
        if known is not None:
            return known
        return slope(unfold_all(expr.expr, self.definitions.equations), *expr.variables)

    def function(self, expr, at):
        """Compute f(w) or ∇f(w) of a quadratic: ½ Σ aᵢ (wᵢ - cᵢ)² and a constant."""
        found = self.definitions.find(expr)
        if found:
            return self.value(found[0].rhs, found[1])
        tag, point = expr.args
        if tag not in self.models:
            self.models[tag] = self.model(tag)
        bend, centre, least = self.models[tag]
        away = np.asarray(self.value(point, at)) - centre
        return bend * away if isinstance(expr, Gradient) else np.sum(bend * away**2) / 2 + least

    def model(self, tag):
        """Draw a quadratic with curvatures as assumed; its centre is where its slope is zero."""
        name, convex, is_smooth, is_strong, smooth, strong = tag
        rng = self.rng(name.name)
        share = abs(oracle.array(rng, "curvature", DIMENSION))
        low = self.value(strong) if is_strong else 0
        high = self.value(smooth) if is_smooth else low + 2
        low = low if convex else -high
        rests = [
            each.lhs.args[1]
            for each in self.definitions.equations
            if isinstance(each.lhs, Gradient) and each.lhs.args[0] == tag and each.rhs == 0
        ]
        centre = self.value(rests[0]) if rests else oracle.array(rng, "x", DIMENSION)
        return low + (high - low) * share, centre, oracle.array(rng, "x", ())[()]


def array_axes(*exprs):
    """Read the axes of arrays off entries whose indices are plain:  w[u] runs along U."""
    entries = {entry for expr in exprs for entry in expr.atoms(sp.Indexed)}
    axes = ((entry.base.name, tuple(map(axis, entry.indices))) for entry in entries)
    return {name: found for name, found in axes if None not in found}


def round_irrational(value):
    """Keep what is rational, and round what is not, to many digits."""
    if isinstance(value, sp.Expr) and value.is_number and not value.is_Rational:
        return sp.N(value, DIGITS)
    return value


def differ(one, other):
    """Tell whether two values differ by more than rounding."""
    away = np.atleast_1d(np.asarray(one - other, dtype=object))
    size = 1 + max(abs(sp.N(each, DIGITS)) for each in np.atleast_1d(np.asarray(one, dtype=object)))
    return any(not abs(sp.N(each, DIGITS)) < sp.Float(10) ** -25 * size for each in away)


def needs_axioms(*exprs):
    """Tell whether expressions speak of vectors, or of T steps: points prove nothing then."""
    return any(each.has(Inner, Norm, Value, Gradient, T) for each in exprs)


def free_indices(*exprs):
    """List the indices that no sum binds: each runs along an axis, or counts steps."""
    unbound = set().union(*(expr.free_symbols for expr in exprs))
    found = [each for each in unbound if each.is_Symbol and each.is_integer]
    return sorted((each for each in found if not each.is_nonnegative), key=str)


def sample_indices(point, indices, limit=12):
    """Yield where the free indices may be: all places, or some if there are many."""
    ranges = [
        range(int(point.sizes[str(axis(index))])) if axis(index) is not None else range(1, 4)
        for index in indices
    ]
    every = [dict(zip(indices, map(sp.Integer, at), strict=True)) for at in product(*ranges)]
    chosen = point.rng(str(indices)).permutation(len(every))[:limit]
    return [every[at] for at in sorted(chosen)]


def format_value(value):
    """Write a value for a reader."""
    if isinstance(value, np.ndarray):
        return f"({', '.join(map(format_value, value))})"
    value = sp.sympify(value)
    return str(value) if value.is_Rational and value.q < 10**9 else str(sp.N(value, 8))
