"""Random programs: ours and HIPS autograd, an engine that is not ours, agree on each.

A program is a list of steps; a step applies one function, drawn from a table, to values that
are already there. Every value stays of moderate size, so that agreement can be asked for
to nearly the last digit.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dlcore import autodiff, ops  # noqa: F401  (the rules for NumPy's own functions)

autograd = pytest.importorskip("autograd", reason="the other engine is not installed")
other = pytest.importorskip("autograd.numpy")

PROGRAMS = 500
STEPS = 8
SHAPE = (3, 4)

UNARY = {
    "tanh": lambda np, a: np.tanh(a),
    "sin": lambda np, a: np.sin(a),
    "exp": lambda np, a: np.exp(np.tanh(a)),
    "log": lambda np, a: np.log(1.5 + np.sin(a)),
    "sqrt": lambda np, a: np.sqrt(1.0 + a * a),
    "power": lambda np, a: (1.1 + np.tanh(a)) ** 1.7,
    "cube": lambda np, a: np.tanh(a) ** 3,
    "divide": lambda np, a: a / (2.0 + np.cos(a)),
    "centre": lambda np, a: a - np.mean(a, axis=0),
    "share": lambda np, a: np.exp(a - np.max(a)) / np.sum(np.exp(a - np.max(a))),
    "rows": lambda np, a: np.sum(a, axis=1, keepdims=True) * np.tanh(a),
    "columns": lambda np, a: a * np.max(a, axis=0),
    "norm": lambda np, a: a / np.sqrt(1.0 + np.sum(a * a)),
    "turn": lambda np, a: np.transpose(np.transpose(a)) + np.reshape(a, (4, 3)).T,
    "pick": lambda np, a: a[np.array([0, 2, 2])] + a[:, ::-1],
    "clip": lambda np, a: np.clip(a, -0.9, 0.8),
    "where": lambda np, a: np.where(a > 0.1, a * a, np.sin(a)),
    "cumsum": lambda np, a: np.tanh(np.cumsum(a, axis=1)),
    "sort": lambda np, a: np.sort(np.reshape(a, (12,))).reshape(SHAPE),
    "gram": lambda np, a: np.dot(np.dot(a, a.T), a) / 6.0,
    "einsum": lambda np, a: np.einsum("ij,kj->ik", a, np.tanh(a)) @ a / 5.0,
}
BINARY = {
    "add": lambda np, a, b: a + b,
    "subtract": lambda np, a, b: a - 0.5 * b,
    "multiply": lambda np, a, b: np.tanh(a) * b,
    "maximum": lambda np, a, b: np.maximum(a, b),
    "minimum": lambda np, a, b: np.minimum(a, 0.3 * b),
    "matmul": lambda np, a, b: np.matmul(np.matmul(a, b.T), a) / 6.0,
    "broadcast": lambda np, a, b: a + b[0] * np.sum(b, axis=1, keepdims=True) / 4.0,
    "concatenate": lambda np, a, b: np.concatenate([a[:, :2], b[:, 1:3]], axis=1),
    "stack": lambda np, a, b: np.sum(np.stack([a, b, a * b / 3.0]), axis=0) / 2.0,
}


def program(seed):
    """Draw a program: a function of NumPy's namespace and x, with a number as its result."""
    rng = np.random.default_rng(seed)
    steps = []
    for size in range(1, STEPS + 1):
        table = BINARY if rng.random() < 0.4 else UNARY
        places = rng.integers(size, size=2)
        steps.append((str(rng.choice(list(table))), places))

    def run(namespace, x):
        values = [x]
        for name, (i, j) in steps:
            step = UNARY.get(name) or BINARY[name]
            operands = (values[i],) if name in UNARY else (values[i], values[j])
            y = step(namespace, *operands)
            values.append(y / (1.0 + np.abs(size_of(y)) / 4.0))
        return namespace.sum(values[-1] * values[-1] + 0.1 * values[0])

    return run


def size_of(y):
    """Measure a value of either engine, or of none, without being watched."""
    while not isinstance(y, np.ndarray):
        y = getattr(y, "value", None) if hasattr(y, "value") else y._value
    return float(np.sqrt((y * y).mean()))


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_both_engines_agree_on_a_random_program(seed):
    """Value, gradient, slope along ẋ, and Hessian times ẋ:  relative difference ≤ 1e-10."""
    rng, run = np.random.default_rng([seed, 1]), program(seed)
    x, x_dot = rng.normal(size=(2, *SHAPE))
    ours, theirs = (lambda x: run(np, x)), (lambda x: run(other, x))
    value, gradient = autodiff.value_and_grad(ours)(x)
    wanted = autograd.grad(theirs)(x)
    second = autograd.grad(lambda x: other.sum(autograd.grad(theirs)(x) * x_dot))(x)
    bound = lambda a: {"rtol": 1e-10, "atol": 1e-10 * max(1.0, np.abs(a).max())}
    assert_allclose(value, theirs(x), rtol=1e-10)
    assert_allclose(gradient, wanted, **bound(wanted))
    slope = autodiff.jvp(ours, [x], [x_dot])[1]
    assert_allclose(slope, np.vdot(wanted, x_dot), **bound(wanted))
    assert_allclose(autodiff.hvp(ours, x, x_dot), second, **bound(second))
