"""Vectors without coordinates: letters, inner products, and functions of a vector.

A vector is known by its axioms alone: it is added, multiplied by numbers, and has an inner
product with every other, symmetric and linear in both. ``w[t]`` is the vector of step t.
"""

import sympy as sp

from dlcore.formulas.engine.symbols import Norm  # noqa: F401 (its length belongs to a vector)

t = sp.Symbol("t", integer=True)
T = sp.Symbol("T", integer=True, positive=True)


class Vector(sp.Symbol):
    """A letter that stands for a vector."""

    def _latex(self, printer):
        return printer.doprint(sp.Symbol(self.name))


class Sequence(sp.IndexedBase):
    """A letter that stands for a vector at every step."""


def vectors(names):
    """Name vectors:  u, v = vectors("u v")."""
    return tuple(map(Vector, names.split()))


def sequences(names):
    """Name sequences of vectors:  w, v = sequences("w v"), and w[t] is one of them."""
    return tuple(map(Sequence, names.split()))


def steps(term, index=t, first=1, last=T):
    """Add up over the steps from the first to the last:  Σ_{t=1}^{T} term.

    >>> w, v = sequences("w v")
    >>> steps(inner(w[t], v[t]))
    Sum(Inner(w[t], v[t]), (t, 1, T))
    """
    with sp.evaluate(True):
        limits = sp.Tuple(index, sp.sympify(first), sp.sympify(last))
    whole = sp.Expr.__new__(sp.Sum, sp.sympify(term), limits)
    whole.is_commutative = True
    return whole


class Inner(sp.Function):
    """The inner product of two vectors:  ⟨u, v⟩."""

    nargs = 2

    def _latex(self, printer):
        return rf"\langle {', '.join(map(printer.doprint, self.args))} \rangle"


inner = Inner


class Value(sp.Function):
    """The value of a function of a vector:  f(w)."""

    nargs = 2

    def _sympystr(self, printer):
        return f"{self.args[0][0]}({printer.doprint(self.args[1])})"

    def _latex(self, printer):
        return printer.applied(self.args[0][0], self.args[1])


class Gradient(sp.Function):
    """The gradient of a function at a point:  ∇f(w)."""

    nargs = 2

    def _sympystr(self, printer):
        return f"∇{self.args[0][0]}({printer.doprint(self.args[1])})"

    def _latex(self, printer):
        return r"\nabla " + printer.applied(self.args[0][0], self.args[1])


class Function:
    """A function f of a vector, and what a theorem assumes of it.

    =======  ==================================================================
    convex   f lies above its tangents:  f(u) ≥ f(w) + ⟨∇f(w), u - w⟩
    smooth   L:  f(u) ≤ f(w) + ⟨∇f(w), u - w⟩ + L/2 ‖u - w‖²
    strong   m:  f(u) ≥ f(w) + ⟨∇f(w), u - w⟩ + m/2 ‖u - w‖²
    =======  ==================================================================
    """

    def __init__(self, name, *, convex=False, smooth=None, strong=None):
        flags = convex or strong is not None, smooth is not None, strong is not None
        known = [smooth if smooth is not None else 0, strong if strong is not None else 0]
        self.tag = sp.Tuple(sp.Symbol(name), *map(sp.sympify, (*flags, *known)))
        self.convex = flags[0]
        self.smooth = smooth
        self.strong = strong

    def __call__(self, point):
        """Write  f(w)."""
        return Value(self.tag, sp.sympify(point))

    def gradient(self, point):
        """Write  ∇f(w)."""
        return Gradient(self.tag, sp.sympify(point))


def is_vector(expr):
    """Tell whether an expression is a vector.

    >>> u, v = vectors("u v")
    >>> is_vector(2 * u + v), is_vector(inner(u, v)), is_vector(inner(u, v) * v)
    (True, False, True)
    """
    if isinstance(expr, sp.Add | sp.Mul):
        return any(map(is_vector, expr.args))
    if isinstance(expr, sp.Sum):
        return is_vector(expr.function)
    sequence = isinstance(expr, sp.Indexed) and isinstance(expr.base, Sequence)
    return sequence or isinstance(expr, Vector | Gradient)
