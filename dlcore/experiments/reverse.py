"""Reverse mode under observation: its walk step by step, its price and its memory counted.

Chapter: book/reverse.md.
"""

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
    """Return the graph of `example` and the steps of one run and of a walk back per output."""
    values = {name: y for name, (y, _) in run(w, np.zeros(2)).items()}
    steps, marks = [], {name: [f"value {figure(y)}"] for name, y in values.items()}
    for name, y in values.items():
        reads = " = ".join(filter(None, [letter(name), MAKERS[name].reads, figure(y)]))
        steps.append({"node": name, "text": f"{reads}.", "marks": {name: [*marks[name]]}})
    for end in ends:
        for name, text, bar in back(values, end):
            here = f"∂{letter(end)} {figure(bar)}"
            marks[name] = [line for line in marks[name] if not line.startswith(here[:3])] + [here]
            steps.append({"node": name, "text": text, "marks": {name: [*marks[name]]}})
    return {"nodes": graph(), "steps": steps}


def used(name):
    """List what a node is made from."""
    return MAKERS[name].inputs


def back(values, end):
    """Walk back from one output: yield who hears something, in words, and its adjoint so far."""
    bars = {end: 1.0}
    yield end, f"Start at {letter(end)}: its adjoint is 1.", 1.0
    for name in topological_order([end], used):
        if not used(name):
            continue
        _, pullback = vjp(MAKERS[name].op, *(values[x] for x in used(name)))
        for x, share in zip(used(name), pullback(bars[name]), strict=True):
            text = f"{letter(name)} tells {letter(x)}: {figure(share)}"
            text += f"; with what it has heard, {figure(bars[x] + share)}" if x in bars else ""
            bars[x] = bars.get(x, 0.0) + share
            yield x, f"{text}.", bars[x]


class Counted(Traced):
    """A value whose every use is entered in a book."""

    __slots__ = ("book",)

    def __init__(self, value, level, book):
        self.value, self.level, self.book = value, level, book

    def record(self, primitive, args, options):
        """Apply a primitive and write down its name, and how many numbers it worked on."""
        xs = lower(args, self.level)
        y = primitive(*xs, **options)
        inner = np.shape(xs[0])[-1] if primitive.__name__ in ("matmul", "linear") else 1
        self.book.append((primitive.__name__, np.size(y) * inner))
        return Counted(y, self.level, self.book)


def count(f, *xs):
    """Count the primitives that f applies to what comes from `xs`, and the work of them all.

    >>> count(lambda x: np.sin(x) * x, np.ones(3))
    (2, 6)
    """
    xs, level, book = float_arrays("count", xs), next(levels), []
    f(*(Counted(x, level, book) for x in xs))
    return len(book), sum(work for _, work in book)


def prices(f, *xs):
    """Count what f costs, what all its slopes cost backwards, and what they cost forwards.

    One walk back serves all inputs; forwards, every entry of the inputs takes a run. Cotangent
    and tangents are counted with: a rule applied to them is a rule at work.
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

    In reverse mode this is what waits for the walk back.
    """
    x = np.linspace(-1.0, 1.0, size)
    f = lambda x: waves(x, length)
    vjp(f, x), jvp(f, [x], [x])  # what is set up at a first call is no part of it
    _, held = peak_memory(lambda: vjp(f, x) if mode == "reverse" else jvp(f, [x], [x]))
    return held / x.nbytes


def waves_in_pieces(x, length, piece):
    """Take the same sines in pieces of so many, of which a tape keeps the beginnings only."""
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
    return np.abs(x) + np.log1p(np.exp(-2 * np.abs(x))) - np.log(2)


@log_cosh.defjvp
def log_cosh_jvp(y, x, x_dot):
    return x_dot * np.tanh(x)


@log_cosh.defvjp
def log_cosh_vjp(y, x, y_bar):
    return (y_bar * np.tanh(x),)
