"""Reverse mode: record what is computed on a tape, then propagate gradients back along it.

Chapter: book/reverse.md.
"""

from operator import attrgetter

import numpy as np

from dlcore.autodiff.arguments import choose
from dlcore.autodiff.containers import (
    CONTAINERS,
    float_arrays_of,
    kinds_of,
    results_of,
    run,
    separate,
    without_level,
)
from dlcore.autodiff.dispatch import Traced, is_traced_at, levels
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
        values, argnums, parents = list(args), [], []
        differentiable = primitive.positions(args)
        for i, arg in enumerate(args):
            if isinstance(arg, Traced) and arg.level == self.level:
                values[i] = arg.value
                if i in differentiable:
                    argnums.append(i)
                    parents.append(arg)
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


def vjp(f, *xs, release=False, has_aux=False):
    """Return y = f(*xs) and the pullback ȳ ↦ (x̄₁, …, x̄ₖ), of the shapes of the xs.

    Each x, and y, is an array or a container of arrays. With `has_aux` f returns a pair (y, aux),
    and aux, which may be anything, comes third. A node passes its cotangent on when all nodes
    that used it have added their shares. The tape holds the arrays, not copies: leave them
    unchanged until the backward pass. `release` frees each once used. Raises TypeError where an
    x or y holds no floats; the pullback raises ShapeError where ȳ has not the shape of y.

    >>> vjp(np.multiply, 3.0, 5.0)[1](1.0)
    (np.float64(5.0), np.float64(3.0))
    """
    arrays, form = float_arrays_of("vjp", xs)
    level = next(levels)
    variables = [Variable(x, level) for x in arrays]
    y, aux = run("vjp", f, form.put_together(variables), has_aux)
    ends, y_form = results_of("vjp", y)
    values = [without_level(end, level) for end in ends]
    kinds = kinds_of(values)

    def pullback(y_bar):
        y_bars = y_form.arrays_alike("pullback", "y_bar", y_bar, kinds)
        bars = {}
        for end, bar in zip(ends, y_bars, strict=True):
            if is_traced_at(end, level):
                bars[end] = bars[end] + bar if end in bars else bar
        for node in topological_order([*bars], attrgetter("parents")):
            if node.parents:
                for parent, bar in zip(node.parents, node.pullback(bars.pop(node)), strict=True):
                    bars[parent] = bars[parent] + bar if parent in bars else bar
                if release:
                    node.release()
        x_bars = [bars[x] if x in bars else np.zeros_like(x.value) for x in variables]
        return form.put_together(separate(x_bars, y_bars))

    y = y_form.put_together(values)
    return (y, pullback, without_level(aux, level)) if has_aux else (y, pullback)


def value_and_grad(f, argnums=0, *, has_aux=False):
    """Return x ↦ (f(x), ∇f(x)), the gradient with respect to the argument at `argnums`.

    Several positions give a tuple of gradients. An argument may be a container of arrays, its
    gradient has the same form. With `has_aux` f returns a pair (y, aux), and ((y, aux), ∇f(x)) is
    returned. Raises TypeError where f returns no number, or x holds no floats, ValueError for a
    position that f does not have.

    >>> value_and_grad(lambda x: np.sum(x * x))(np.array([1.0, 2.0]))
    (np.float64(5.0), array([2., 4.]))
    """

    def value_and_gradient(*args, **options):
        chosen, f_of_chosen = choose("grad", f, argnums, args, options)
        y, pullback, *aux = vjp(f_of_chosen, *chosen, release=True, has_aux=has_aux)
        if np.shape(y) != () or isinstance(y, CONTAINERS):
            told = type(y).__name__ if isinstance(y, CONTAINERS) else f"shape {np.shape(y)}"
            raise TypeError(f"grad: f must return a number, got {told}; use jacobian")
        gradients = pullback(np.ones_like(y))
        gradient = gradients[0] if isinstance(argnums, int) else gradients
        return ((y, *aux) if has_aux else y), gradient

    return value_and_gradient


def grad(f, argnums=0, *, has_aux=False):
    """Return x ↦ ∇f(x), of the shape of x; f maps an array, and whatever else, to a number.

    The gradient is that with respect to the argument at `argnums`; several positions give a tuple.
    The argument may be a container of arrays, such as a dictionary of parameters. With `has_aux` f
    returns a pair (y, aux), and (∇f(x), aux) is returned. Raises TypeError where f returns no
    number, or x holds no floats, ValueError for a position that f does not have.

    >>> grad(lambda x: np.sum(x * x))(np.array([1.0, 2.0]))
    array([2., 4.])
    """

    def gradient_of_f(*args, **options):
        y, gradient = value_and_grad(f, argnums, has_aux=has_aux)(*args, **options)
        return (gradient, y[1]) if has_aux else gradient

    return gradient_of_f
