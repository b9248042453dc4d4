"""Benchmarks of reverse mode: beside HIPS autograd, the backward pass by hand, and itself.

Chapter: book/reverse.md.
"""

import numpy as np

from dlcore import ops  # noqa: F401  (the rules for NumPy's own functions)
from dlcore.autodiff import grad, jvp, value_and_grad
from dlcore.benchmarks.timing import in_turn
from dlcore.nn.models import TwoLayer
from dlcore.ops.loss import cross_entropy
from dlcore.train.objective import loss_and_grads

HALF = np.float64(0.5)


def scalars(namespace, count):
    """Make a program of 3 · `count` operations on numbers."""

    def f(x):
        y = x
        for _ in range(count):
            y = namespace.sin(y * x + x)
        return y

    return f


def chain(n):
    """Make a program of n operations in a row."""

    def f(x):
        for _ in range(n):
            x = np.sin(x)
        return x

    return f


def diamonds(n):
    """Make a program of n diamonds on top of one another: 2ⁿ ways from the end to the start."""

    def f(x):
        for _ in range(n):
            x = x * 0.5 + x * 0.5
        return x

    return f


def versus_autograd(count=1000):
    """Take the gradient of the same program on numbers with both engines."""
    import autograd  # noqa: PLC0415  an optional dependency
    import autograd.numpy as other  # noqa: PLC0415

    mine = grad(scalars(np, count))
    theirs = autograd.grad(scalars(other, count))
    return {"dlcore": lambda: mine(HALF), "HIPS autograd": lambda: theirs(0.5)}


def versus_hand(N=100, M=100):
    """Take the gradient of a two-layer network layer by layer, and through the tape."""
    rng = np.random.default_rng(0)
    model = TwoLayer(3072, M, 10, rng=rng, dtype=np.float32)
    x = rng.standard_normal((N, 3072), np.float32)
    t = rng.integers(10, size=N)
    hidden, activation, output = model.hidden, model.activation, model.output

    def by_hand():
        scores = output.forward(activation.forward(hidden.forward(x)))
        loss = cross_entropy(scores, t)
        (bar,) = cross_entropy.vjp(loss, scores, t, 1.0)
        hidden.backward(activation.backward(output.backward(bar)), input_grad=False)
        return loss

    return {"by hand": by_hand, "by tape": lambda: loss_and_grads(model, cross_entropy, x, t)}


def growth(make, n, mode):
    """Differentiate a program, and one twice as long."""
    run = {
        "reverse": lambda f: value_and_grad(f)(HALF),
        "forward": lambda f: jvp(f, [HALF], [np.float64(1.0)]),
    }[mode]
    return {f"{k:,}": lambda k=k: run(make(k)) for k in (n, 2 * n)}


def reverse(rounds=5):
    """Time every pair; return {case: {contestant: Timing}}."""
    cases = {
        "two-layer net, 100 hidden, batch 100": (versus_hand(), 20),
        "chain of operations, reverse": (growth(chain, 50_000, "reverse"), 2),
        "chain of operations, forward": (growth(chain, 50_000, "forward"), 2),
        "stacked diamonds, reverse": (growth(diamonds, 500, "reverse"), 10),
        "stacked diamonds, forward": (growth(diamonds, 500, "forward"), 10),
    }
    try:
        cases["3,000 operations on numbers"] = (versus_autograd(), 10)
    except ImportError:
        print("autograd is not installed, so nothing is timed beside it")
    return {name: in_turn(runs, rounds, burst) for name, (runs, burst) in cases.items()}
