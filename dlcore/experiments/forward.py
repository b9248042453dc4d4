"""An example of a program to differentiate, as a function and as a graph.

Chapter: book/forward.md.
"""

from typing import NamedTuple
from unicodedata import normalize

import numpy as np

from dlcore.autodiff import jvp
from dlcore.experiments.experiment import Claim, experiment
from dlcore.ops.activation import sigmoid


def example(w):
    """Return two outputs from two inputs.

    s = exp w₁ + exp 2w₂,   f₁ = exp s + sin s,   f₂ = w₁ w₂ + σ(w₁)
    """
    w1, w2 = w
    s = np.exp(w1) + np.exp(2 * w2)
    return np.stack([np.exp(s) + np.sin(s), w1 * w2 + sigmoid(w1)])


def slip(w):
    """Return what 001 prints for f₁: it has exp w₂ in the place of exp 2w₂."""
    w1, w2 = w
    s = np.exp(w1) + np.exp(w2)
    return np.exp(s) + np.sin(s)


@experiment(
    "autodiff-001",
    Claim("f1 with exp w2", 24521.662861313, "001, as the value of f1", "equal", 5e-10),
    Claim("f2", 2.73105857863, "001", "equal", 5e-12),
    quick=True,
)
def autodiff_001(seed):
    """The example of automatic differentiation at (1, 2); its first printed value is a slip."""
    w = np.array([1.0, 2.0])
    f1, f2 = example(w)
    return {"f1": f1, "f1 with exp w2": slip(w), "f2": f2}, {}


def by_differences(f, x, h=1e-6):
    """Measure a Jacobian: move one input after the other by a step h."""
    y, units = f(x), np.eye(np.size(x))
    return np.stack([(f(x + h * unit) - y) / h for unit in units], axis=-1)


def errors(h):
    """Measure ∂f₁/∂w₂ at (½, -½) with steps h; return how far off that is.

    The errors are relative to the tangent: first those from one side, then from both.
    """
    w, unit = np.array([0.5, -0.5]), np.array([0.0, 1.0])
    exact = jvp(example, [w], [unit])[1][0]
    above, below = (example((w + h[:, None] * way).T)[0] for way in (unit, -unit))
    measured = (above - example(w)[0]) / h, (above - below) / (2 * h)
    return tuple(np.abs(slope / exact - 1) for slope in measured)


class Naive:
    """A dual number without a level, for one derivative at a time."""

    def __init__(self, value, dot):
        self.value, self.dot = value, dot

    def __add__(self, other):
        return Naive(self.value + other.value, self.dot + other.dot)

    def __mul__(self, other):
        if not isinstance(other, Naive):
            return Naive(self.value * other, self.dot * other)
        crossed = self.dot * other.value + self.value * other.dot
        return Naive(self.value * other.value, crossed)


def naive_derivative(f, x):
    """Return the derivative of f at x; wrong where derivatives are nested."""
    return f(Naive(x, 1)).dot


class Node(NamedTuple):
    """A step of the program: what it is called, how it reads, what it does to which inputs."""

    name: str
    reads: str  # empty for an input
    tangent: str
    op: object
    inputs: tuple[str, ...]


# fmt: off
NODES = [
    Node("w1", "",       "",             None,             ()),
    Node("w2", "",       "",             None,             ()),
    Node("a",  "exp w₁", "a ẇ₁",         np.exp,           ("w1",)),
    Node("b",  "2 w₂",   "2 ẇ₂",         lambda w: 2 * w,  ("w2",)),
    Node("c",  "exp b",  "c ḃ",          np.exp,           ("b",)),
    Node("s",  "a + c",  "ȧ + ċ",        np.add,           ("a", "c")),
    Node("p",  "exp s",  "p ṡ",          np.exp,           ("s",)),
    Node("q",  "sin s",  "ṡ cos s",      np.sin,           ("s",)),
    Node("f1", "p + q",  "ṗ + q̇",        np.add,           ("p", "q")),
    Node("m",  "w₁ w₂",  "ẇ₁ w₂ + w₁ ẇ₂", np.multiply,     ("w1", "w2")),
    Node("g",  "σ(w₁)",  "g (1 − g) ẇ₁", sigmoid,          ("w1",)),
    Node("f2", "m + g",  "ṁ + ġ",        np.add,           ("m", "g")),
]
# fmt: on


def letter(name, dot=""):
    """Set the number of a name low, and perhaps a dot on its letter:  w1 becomes ẇ₁."""
    return normalize("NFC", name[0] + dot) + name[1:].translate(str.maketrans("12", "₁₂"))


def figure(x):
    """Write a number with four significant digits, minus signs and powers of ten as in print.

    >>> figure(-1234567.0), figure(0.25)
    ('−1.235·10⁶', '0.25')
    """
    digits, _, power = f"{x:.4g}".partition("e")
    raised = str(int(power or 0)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return (f"{digits}·10{raised}" if power else digits).replace("-", "−")


def run(w, w_dot):
    """Return value and tangent of every node, each from its own inputs alone."""
    known = {}
    for node in NODES:
        if node.op is None:
            known[node.name] = w[len(known)], w_dot[len(known)]
        else:
            xs, x_dots = zip(*(known[name] for name in node.inputs), strict=True)
            known[node.name] = jvp(node.op, xs, x_dots)
    return known


def graph():
    """List the nodes for a picture: a name, a label, the names of the inputs."""
    return [
        {
            "id": node.name,
            "label": letter(node.name) + (f" = {node.reads}" if node.reads else ""),
            "inputs": list(node.inputs),
        }
        for node in NODES
    ]


def steps(w, w_dot):
    """Return the graph and the steps of a run: value and tangent at every node."""
    taken = []
    for node, (y, y_dot) in zip(NODES, run(w, w_dot).values(), strict=True):
        names = letter(node.name), letter(node.name, "\u0307")
        rules = (node.reads, node.tangent) if node.op else ("", "")
        said = [
            " = ".join(filter(None, [name, rule, figure(number)]))
            for name, rule, number in zip(names, rules, (y, y_dot), strict=True)
        ]
        marks = {node.name: [f"value {figure(y)}", f"tangent {figure(y_dot)}"]}
        edges = [[x, node.name] for x in node.inputs]
        text = ",  ".join(said) + "."
        taken.append({"node": node.name, "text": text, "marks": marks, "edges": edges})
    return {"nodes": graph(), "steps": taken}
