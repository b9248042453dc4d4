"""Reverse mode: record what is computed on a tape, then propagate gradients back along it.

Chapter: book/reverse.md.
"""

from operator import attrgetter

import numpy as np

from dlcore.autodiff.dispatch import Traced, float_arrays, is_traced_at, levels, lower
from dlcore.graph import topological_order


class Variable(Traced):
    """A value, the primitive that made it, and the parents that it was made from.

    >>> x = Variable(3.0, level=1)
    >>> y = x * x
    >>> float(y.value), y.parents == [x, x], y.pullback(1.0)
    (9.0, True, (3.0, 3.0))
    """

    __slots__ = ("memory", "parents")

    def __init__(self, value, level, parents=(), memory=None):
        self.value, self.level, self.parents, self.memory = value, level, parents, memory

    def record(self, primitive, args, options):
        """Apply a primitive to values; keep its arguments for the backward pass."""
        values = lower(args, self.level)
        argnums = [i for i in primitive.positions(args) if args[i] is not values[i]]
        parents = [args[i] for i in argnums]
        xs = primitive.laid_out(values)
        y = primitive(*xs, **options)
        return Variable(y, self.level, parents, (primitive, xs, argnums, options))

    def pullback(self, y_bar):
        """Pull a cotangent back to the parents; raise RuntimeError if the tape was released."""
        if self.memory is None:
            raise RuntimeError("pullback: the tape was released by the first call, record it again")
        primitive, xs, argnums, options = self.memory
        return primitive.vjp(self.value, *xs, y_bar, argnums=argnums, **options)

    def release(self):
        """Free the arrays; the node remains in the graph."""
        self.value = self.memory = None


def vjp(f, *xs, release=False):
    """Return y = f(*xs) and the pullback ȳ ↦ (x̄₁, …, x̄ₖ), of the shapes of the xs.

    A node passes its cotangent on when all nodes that used it have added their shares. The tape
    holds the arrays, not copies: leave them unchanged until the backward pass. `release` frees
    each once used. Raises TypeError where an x holds no floats.

    >>> vjp(np.multiply, 3.0, 5.0)[1](1.0)
    (np.float64(5.0), np.float64(3.0))
    """
    xs, level = float_arrays("vjp", xs), next(levels)
    variables = [Variable(x, level) for x in xs]
    y = f(*variables)

    def pullback(y_bar):
        bars = {y: y_bar}
        for node in topological_order([y], attrgetter("parents")):
            if node.parents:
                for parent, bar in zip(node.parents, node.pullback(bars.pop(node)), strict=True):
                    bars[parent] = bars[parent] + bar if parent in bars else bar
                if release:
                    node.release()
        return tuple(bars[x] if x in bars else np.zeros_like(x.value) for x in variables)

    if not is_traced_at(y, level):  # f ignores its arguments
        return y, lambda y_bar: tuple(np.zeros_like(x) for x in xs)
    return y.value, pullback


def value_and_grad(f):
    """Return x ↦ (f(x), ∇f(x)), the gradient with respect to the first argument.

    Raises TypeError where f returns no number, or x holds no floats.

    >>> value_and_grad(lambda x: np.sum(x * x))(np.array([1.0, 2.0]))
    (np.float64(5.0), array([2., 4.]))
    """

    def value_and_gradient(x, *rest):
        y, pullback = vjp(lambda x: f(x, *rest), x, release=True)
        if np.shape(y) != ():
            raise TypeError(f"grad: f must return a number, got shape {np.shape(y)}; use jacobian")
        return y, pullback(np.ones_like(y))[0]

    return value_and_gradient


def grad(f):
    """Return x ↦ ∇f(x), of the shape of x; f maps an array, and whatever else, to a number.

    Raises TypeError where f returns no number, or x holds no floats.

    >>> grad(lambda x: np.sum(x * x))(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    return lambda x, *rest: value_and_grad(f)(x, *rest)[1]
