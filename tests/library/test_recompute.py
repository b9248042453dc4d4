"""Recomputation: the gradients are the same, the memory is less, the draws are repeated."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.autodiff import checkpoint, grad, hvp, jvp, vjp


def block(h, w):
    """A layer: what is recomputed."""
    return np.tanh(h @ w) * h


def chain(step):
    """Make a loss of three layers, each by `step`."""
    return lambda x, w: np.sum(step(step(step(x, w), w), w) ** 2)


@pytest.fixture
def xs(rng):
    """An input and weights."""
    return rng.normal(size=(5, 4)), rng.normal(size=(4, 4))


def test_a_recomputed_program_runs_forwards_and_twice(xs, rng):
    """ẏ, H v and the gradient of a gradient are those of the program that is kept whole."""
    x, w = xs
    v = rng.normal(size=w.shape)
    results = []
    for step in (block, checkpoint(block)):
        f = lambda w, step=step: chain(step)(x, w)
        twice = grad(lambda w, f=f: np.sum(grad(f)(w) * v))
        results.append((jvp(f, [w], [v])[1], hvp(f, w, v), twice(w)))
    for one, other in zip(*results, strict=True):
        assert_allclose(one, other, rtol=1e-12)
    assert_allclose(results[0][1], results[0][2], rtol=1e-9)


def test_containers_pass_through_a_recomputed_program(rng):
    """Arguments in a dictionary, numbers that are no arrays, and several results."""

    def f(params, x, size, *, shift):
        return {"y": (x * params["w"]).reshape(size), "both": (np.sum(x), params["w"] + shift)}

    def loss(step, params, x):
        out = step(params, x, (2, 2), shift=3.0)
        return np.sum(out["y"] ** 2) * out["both"][0] + np.sum(out["both"][1])

    params, x = {"w": rng.normal(size=4)}, rng.normal(size=4)
    for argnum in (1, 2):
        one, other = (grad(loss, argnum)(step, params, x) for step in (f, checkpoint(f)))
        one, other = (each if argnum == 2 else each["w"] for each in (one, other))
        assert_allclose(one, other, rtol=1e-12)


def test_only_the_arguments_are_kept(xs):
    """A program is run again in the backward pass, once; the tape of it is not held before."""
    runs = []

    def step(h, w):
        runs.append(1)
        return block(h, w)

    f = checkpoint(step)
    assert f(*xs).shape == (5, 4)
    _, pullback = vjp(lambda x, w: f(f(x, w), w), *xs)
    assert len(runs) == 3
    pullback(np.ones((5, 4)))
    assert len(runs) == 5


def test_the_older_generators_are_drawn_from_again(rng):
    """So it is with a RandomState, and with a generator that is named in `state`."""
    x, old, new = rng.normal(size=8), np.random.RandomState(3), np.random.default_rng(3)
    for draw, state in ((old.random_sample, old), (new.random, {"rng": new})):
        f = checkpoint(lambda x, draw=draw: x * draw(8), state=state)
        y, pullback = vjp(f, x)
        assert_array_equal(pullback(np.ones(8))[0] * x, y)


def test_draws_that_are_not_repeated_are_noticed(rng):
    """A generator that is found elsewhere gives other numbers: an error, no wrong gradient."""
    draws = np.random.default_rng(0)
    f = checkpoint(lambda x: x * draws.random(4))
    with pytest.raises(RuntimeError, match=r"gave another result when it ran again.*`state`"):
        grad(lambda x: np.sum(f(x)))(rng.normal(size=4))


def test_statistics_move_once(rng):
    """An array that the program changes, named in `state`, changes in the first runs only."""
    mean, x = np.zeros(3), rng.normal(size=(5, 3))

    def centre(x, seen):
        y = x * x - mean
        mean[...] = 0.9 * mean + 0.1 * seen.mean(axis=0)
        return y

    once = 0.1 * x.mean(axis=0)
    f = checkpoint(centre, state=[mean])
    bar = grad(lambda z: np.sum(f(z, x) + f(z, 2 * x)))(x)
    assert_array_equal(bar, 4 * x)
    assert_allclose(mean, 0.9 * once + 0.2 * x.mean(axis=0))


def test_a_traced_array_from_outside_is_refused():
    """Its gradient would be lost: it has to be an argument."""
    for f in (lambda x: checkpoint(lambda z: z * x)(x), lambda x: checkpoint(lambda: x * x)()):
        with pytest.raises(TypeError, match="uses a traced array that is none of its arguments"):
            grad(f)(3.0)


def test_a_long_row_of_pieces_needs_no_recursion():
    """Three thousand recomputed pieces, one after another."""

    def f(x):
        for _ in range(3000):
            x = checkpoint(lambda x: x * 1.0001)(x)
        return x

    assert_allclose(grad(f)(1.0), 1.0001**3000)
