"""Reverse mode observed: its steps, and the operations and memory that it takes.

Chapter: book/reverse.md.
"""

import math

import numpy as np

from dlcore.autodiff import checkpoint, grad, jvp, primitive, vjp
from dlcore.autodiff.dispatch import Traced, float_arrays, levels, lower
from dlcore.experiments.forward import NODES, figure, graph, letter, run
from dlcore.experiments.memory import peak_memory
from dlcore.graph import topological_order
from dlcore.ops.loss import cross_entropy
from dlcore.shapes import Tensor

MAKERS = {node.name: node for node in NODES}


def walk(w, ends=("f1", "f2")):
    """Return the graph of `example` and the steps of a forward and of two backward passes."""
    values = {name: y for name, (y, _) in run(w, np.zeros(2)).items()}
    steps, marks = [], {name: [f"value {figure(y)}"] for name, y in values.items()}
    for name, y in values.items():
        reads = " = ".join(filter(None, [letter(name), MAKERS[name].reads, figure(y)]))
        edges = [[x, name] for x in used(name)]
        marked = {name: [*marks[name]]}
        steps.append({"node": name, "text": f"{reads}.", "marks": marked, "edges": edges})
    for end in ends:
        for name, text, bar, passed in back(values, end):
            here = f"∂{letter(end)} {figure(bar)}"
            marks[name] = [line for line in marks[name] if not line.startswith(here[:3])] + [here]
            step = {"node": name, "text": text, "marks": {name: [*marks[name]]}}
            steps.append({**step, **passed, "backward": True})
    return {"nodes": graph(), "steps": steps}


def used(name):
    """List what a node is made from."""
    return MAKERS[name].inputs


def back(values, end):
    """Pass back from one output: yield node, sentence, adjoint so far, and what is passed."""
    bars = {end: 1.0}
    yield end, f"Start at {letter(end)}: its adjoint is 1.", 1.0, {"edges": []}
    for name in topological_order([end], used):
        if not used(name):
            continue
        _, pullback = vjp(MAKERS[name].op, *(values[x] for x in used(name)))
        for x, share in zip(used(name), pullback(bars[name]), strict=True):
            text = f"{letter(name)} passes {figure(share)} back to {letter(x)}"
            text += f"; the sum is {figure(bars[x] + share)}" if x in bars else ""
            bars[x] = bars.get(x, 0.0) + share
            yield x, f"{text}.", bars[x], {"edges": [[x, name]], "share": figure(share)}


class Counted(Traced):
    """A value that records every primitive that is applied to it."""

    __slots__ = ("record_of_uses",)

    def __init__(self, value, level, record_of_uses):
        self.value, self.level, self.record_of_uses = value, level, record_of_uses

    def record(self, primitive, args, options):
        """Apply a primitive and write down its name, and how many numbers it worked on."""
        xs = lower(args, self.level)
        y = primitive(*xs, **options)
        inner = np.shape(xs[0])[-1] if primitive.__name__ in ("matmul", "linear") else 1
        self.record_of_uses.append((primitive.__name__, np.size(y) * inner))
        return Counted(y, self.level, self.record_of_uses)


def count(f, *xs):
    """Count the primitives that f applies to values computed from `xs`, and their work.

    The work is the number of entries of the results; a matrix product counts each product.

    >>> count(lambda x: np.sin(x) * x, np.ones(3))
    (2, 6)
    """
    xs, level, uses = float_arrays("count", xs), next(levels), []
    f(*(Counted(x, level, uses) for x in xs))
    return len(uses), sum(work for _, work in uses)


def costs(f, *xs):
    """Count the operations of f, and those of all its derivatives in reverse and forward mode.

    One backward pass serves all inputs; in forward mode each entry of the inputs takes a run.
    Each entry is a pair, as `count` returns it.
    """
    y, entries = f(*xs), sum(np.size(x) for x in xs)
    backwards = count(lambda y_bar, *xs: vjp(f, *xs)[1](y_bar), np.ones_like(y), *xs)
    forwards = count(lambda *both: jvp(f, both[: len(xs)], both[len(xs) :]), *xs, *xs)
    return {
        "function": np.array(count(f, *xs)),
        "reverse": np.array(backwards),
        "forward": entries * np.array(forwards),
    }


def product(*xs):
    """Multiply numbers, one after another:  y = x₁ x₂ ⋯."""
    y, *rest = xs
    for x in rest:
        y = y * x
    return y


def loss(w1, b1, w2, b2, *, x, t, reg=0.0):
    """Write the two-layer network and its loss in NumPy's syntax, for the tape."""
    y = np.maximum(x @ w1 + b1, 0.0) @ w2 + b2
    return cross_entropy(y, t) + reg / 2 * (np.sum(w1 * w1) + np.sum(w2 * w2))


def waves(x, length):
    """Take the sine again and again."""
    for _ in range(length):
        x = np.sin(x)
    return x


def memory(mode, length, size=20_000):
    """Measure the memory that a derivative of `waves` takes at its fullest, in arrays.

    In reverse mode this is what the tape holds until the backward pass.
    """
    x = np.linspace(-1.0, 1.0, size)
    f = lambda x: waves(x, length)
    vjp(f, x), jvp(f, [x], [x])  # what is set up at a first call is no part of it
    _, held = peak_memory(lambda: vjp(f, x) if mode == "reverse" else jvp(f, [x], [x]))
    return held / x.nbytes


def waves_in_pieces(x, length, piece):
    """Take the same sines in pieces of so many, of which a tape keeps the inputs only."""
    for start in range(0, length, piece):
        count = min(piece, length - start)
        x = checkpoint(waves)(x, count)
    return x


def gradient_memory(length, piece=None, size=20_000):
    """Measure the memory that the gradient of so many sines takes at its fullest, in arrays.

    With `piece` they are taken in pieces, each computed again in the backward pass.
    """
    x = np.linspace(-1.0, 1.0, size)
    chain = lambda x: waves(x, length) if piece is None else waves_in_pieces(x, length, piece)
    _, held = peak_memory(lambda: grad(lambda x: np.sum(chain(x)))(x))
    return held / x.nbytes


@primitive(shapes=[("N D",)])
def log_cosh(x: Tensor) -> Tensor:
    """Compute  y = ln cosh x = |x| + ln(1 + exp(-2|x|)) - ln 2,  close to |x| far from 0.

    >>> log_cosh(np.array([0.0, 1000.0])).round(4).tolist()
    [0.0, 999.3069]
    """
    return np.abs(x) + np.log1p(np.exp(-2 * np.abs(x))) - math.log(2)


@log_cosh.defjvp
def log_cosh_jvp(y, x, x_dot):
    return x_dot * np.tanh(x)


@log_cosh.defvjp
def log_cosh_vjp(y, x, y_bar):
    return (y_bar * np.tanh(x),)
