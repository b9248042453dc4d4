"""Defaults, names and half precision: what a call does that says no more than it must."""

import importlib

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.autodiff import grad, jvp, vjp
from dlcore.kernels.machine.winograd_matrices import polynomial
from dlcore.nn.convnet import ConvReLUPool
from dlcore.nn.layer import named_parameters, named_weights
from dlcore.nn.linear import Linear
from dlcore.ops.activation import leaky_relu
from dlcore.ops.loss import squared_error
from dlcore.ops.pool import max_pool2d
from dlcore.train import OPTIMIZERS, Adam, AdamW, Solver
from dlcore.train.recipes import MODELS, SCHEDULES, Recipe
from dlcore.train.schedule import one_cycle

GRADIENTS = (0.5, -2.0, 8.0)


@pytest.fixture
def examples(rng):
    """Sixteen examples in two classes, in a dataset; batches of four."""
    dataset = importlib.import_module("dlcore.data.dataset")
    part = dataset.Examples(rng.normal(size=(16, 3)), rng.integers(2, size=16))
    return dataset.Dataset("small", train=part, val=part, test=part, classes=("no", "yes"))


# Names and defaults


@pytest.mark.parametrize("blocks", [list, lambda pair: {"a": pair[0], "b": pair[1]}])
def test_every_block_names_its_own_parameters(blocks):
    """The second of two blocks has its own path, and so have its weights."""
    pair = [ConvReLUPool(1, 2, 3, rng=np.random.default_rng(seed)) for seed in (0, 1)]
    model = type("Net", (importlib.import_module("dlcore.nn.layer").Layer,), {})()
    model.blocks = blocks(pair)
    keys = ("0", "1") if blocks is list else ("a", "b")
    wanted = [f"blocks.{key}.{name}" for key in keys for name in ("w", "b")]
    found = named_parameters(model)
    assert list(found) == wanted
    assert found[wanted[2]] is pair[1].params["w"]
    assert list(named_weights(model)) == [name for name in wanted if name.endswith(".w")]


def test_a_schedule_is_told_the_part_that_is_done(examples, rng):
    """Progress at step t of T is t/T, and the epoch that of the step."""
    told = []
    schedule = lambda progress, epoch: told.append((progress, epoch)) or 1.0
    model, optimizer = Linear(3, 2, rng=rng), OPTIMIZERS["sgd"](0.1)
    Solver(model, examples, optimizer=optimizer, schedule=schedule, batch_size=4, epochs=3).train()
    assert told == [(step / 12, step // 4) for step in range(12)]


def test_a_training_has_ten_epochs_unless_told_otherwise(examples, rng):
    """The default of the solver, and of a recipe."""
    solver = Solver(Linear(3, 2, rng=rng), examples, optimizer=OPTIMIZERS["sgd"](0.1))
    assert len(solver.train().train_loss) == 10
    assert Recipe(MODELS["linear"]).epochs == 10


@pytest.mark.parametrize("optimizer", [Adam, AdamW])
def test_adam_forgets_at_the_rates_of_its_paper(optimizer):
    """Without options β₁ = 0.9, β₂ = 0.999 and ε = 1e-8, over three different gradients."""
    w, by_hand, m, s = np.array([1.0]), 1.0, 0.0, 0.0
    adam = optimizer(0.1)
    for t, g in enumerate(GRADIENTS, start=1):
        adam.step({"w": w}, {"w": np.array([g])})
        m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g * g
        by_hand -= 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)
    assert_allclose(w, by_hand, rtol=1e-12)


def test_a_leak_is_a_hundredth():
    """Without an option  y = x / 100  below 0, forwards, in its tangent and its cotangent."""
    x, one = np.array([-3.0]), np.ones(1)
    assert_array_equal(leaky_relu(x), [-0.03])
    assert_array_equal(jvp(leaky_relu, [x], [one])[1], [0.01])
    assert_array_equal(vjp(leaky_relu, x)[1](one)[0], [0.01])


def test_a_polynomial_has_the_length_that_is_asked_for():
    """Coefficients are filled up with zeros:  (x - 2)(x - 3) = 6 - 5x + x² + 0x³ + 0x⁴."""
    assert [int(c) for c in polynomial([2, 3], 5)] == [6, -5, 1, 0, 0]
    assert [int(c) for c in polynomial([2, 3], 3)] == [6, -5, 1]


def test_one_cycle_begins_with_a_step():
    """The first factor is 1/25; the recipes, whose records began at 0, begin there."""
    assert one_cycle()(0.0, 0) == 1 / 25
    assert one_cycle(start=0.25)(0.15, 0) == 0.625
    assert SCHEDULES["one-cycle"]()(0.0, 0) == 0.0


# Half precision


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_half_precision_is_updated_in_single(name, rng):
    """float16 weights are those of float32 steps, rounded after each; memory stays float32."""
    w = rng.normal(size=(3, 5)).astype(np.float16)
    optimizer, single = (OPTIMIZERS[name](0.01, weight_decay=0.1) for _ in range(2))
    for _ in range(4):
        g = rng.normal(size=w.shape).astype(np.float16)
        wide = w.astype(np.float32)
        single.step({"w": wide}, {"w": g.astype(np.float32)})
        optimizer.step({"w": w}, {"w": g})
        assert_array_equal(w, wide.astype(np.float16))
    assert all(slot.dtype == np.float32 for slot in optimizer.memory["w"].values())


@pytest.mark.parametrize("dtype", [np.longdouble, ">f8", np.int64])
def test_a_precision_without_a_kernel_is_refused(dtype):
    """Parameters of another kind of number are named, and not changed."""
    w = np.ones(3, dtype)
    with pytest.raises(TypeError, match=r"step: w holds .*, pass float16, float32 or float64"):
        OPTIMIZERS["adam"](0.1).step({"w": w}, {"w": np.ones(3, dtype)})
    assert_array_equal(w, np.ones(3, dtype))


def test_squares_of_half_precision_do_not_overflow():
    """A hundred errors of 300 add up to nine million on the way to 45,000; slopes are finite."""
    x, z = np.full((100, 1), 300, np.float16), np.zeros((100, 1), np.float16)
    y = squared_error(x, z)
    assert (y, y.dtype) == (45_000, np.float16)
    assert_allclose(grad(lambda x: squared_error(x, z))(x), 3.0, rtol=1e-3)
    y_dot = jvp(lambda x: squared_error(x, z), [x], [np.ones_like(x)])[1]
    assert_allclose(float(y_dot), 300, rtol=2e-3)


# Numbers that are none


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 1), (3, 2)])
def test_of_several_nan_in_a_window_the_first_has_the_slope(size, stride, dtype, rng):
    """The maximum is NaN; both modes give the slope to the first NaN, row by row, and agree."""
    x = rng.integers(-8, 8, size=(1, 1, 6, 6)).astype(dtype)
    for row, column in ((0, 1), (1, 0), (3, 3), (4, 2)):
        x[0, 0, row, column] = np.nan
    f = lambda x: max_pool2d(x, kernel_size=size, stride=stride)
    y, pullback = vjp(f, x)
    y_bar = rng.integers(1, 5, size=y.shape).astype(dtype)
    x_dot = rng.integers(1, 5, size=x.shape).astype(dtype)
    (x_bar,), y_dot = pullback(y_bar), jvp(f, [x], [x_dot])[1]
    assert np.isnan(y[0, 0, 0, 0])
    assert np.vdot(y_bar, y_dot) == np.vdot(x_bar, x_dot)
    assert x_bar[0, 0, 0, 1] >= y_bar[0, 0, 0, 0]
    assert y_dot[0, 0, 0, 0] == x_dot[0, 0, 0, 1]
