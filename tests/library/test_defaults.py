"""Defaults, names and half precision: what a call does that says no more than it must."""

import importlib
from inspect import signature

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore import nn
from dlcore.autodiff import grad, jvp, vjp
from dlcore.kernels.machine.winograd_matrices import polynomial
from dlcore.nn.convnet import ConvReLUPool
from dlcore.nn.layer import named_parameters, named_weights
from dlcore.nn.linear import Linear
from dlcore.nn.models import Darts, DenseNet, ResNet, SearchNetwork
from dlcore.ops.activation import leaky_relu
from dlcore.ops.loss import squared_error
from dlcore.ops.norm import local_response_norm
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


def test_dropout_drops_one_half_unless_told_otherwise():
    """Of 4096 entries the kept ones are doubled, and about half of the entries are kept."""
    y = nn.Dropout()(np.ones((4096, 1)), np.random.default_rng(0))
    assert sorted({*y.ravel()}) == [0, 2]
    assert abs(np.count_nonzero(y) - 2048) < 4 * 32  # four standard deviations


def test_a_response_is_normalised_over_five_channels_unless_told_otherwise(rng):
    """And not over four or six."""
    x = rng.normal(size=(2, 9, 3, 4))
    found = [local_response_norm(x, size=size, alpha=1.0) for size in (4, 5, 6)]
    equal = [np.array_equal(y, local_response_norm(x, alpha=1.0)) for y in found]
    assert equal == [False, True, False]


@pytest.mark.parametrize("model", [Darts, DenseNet, ResNet, SearchNetwork])
def test_networks_are_built_for_cifar10_unless_told_otherwise(model):
    """Images of three channels and 32 × 32 pixels, ten classes."""
    parameters = signature(model).parameters
    assert parameters["size"].default == (3, 32, 32)
    assert parameters["K"].default == 10


def test_a_norm_without_a_relu_adds_its_shortcut(rng):
    """In training and in evaluation."""
    layer = nn.BatchNorm(3)
    x, s = rng.normal(size=(2, 5, 3, 2, 2))
    for mode in (rng, None):
        assert_allclose(layer(x, mode, shortcut=s), layer(x, mode) + s, rtol=1e-12)


def test_a_training_has_ten_epochs_unless_told_otherwise(examples, rng):
    """The default of the solver, and of a recipe."""
    solver = Solver(Linear(3, 2, rng=rng), examples, optimizer=OPTIMIZERS["sgd"](0.1))
    assert len(solver.train().train_loss) == 10
    assert Recipe(MODELS["linear"]).epochs == 10


CONV = {"std": None, "dtype": np.float64, "stride": 1, "padding": 0, "dilation": 1, "groups": 1}
LAYERS = [  # the class, its arguments, and the options that it has without being told
    ("Conv2d", (3, 4, (3, 2)), CONV | {"bias": True, "relu": False}),
    ("ConvTranspose2d", (3, 4, (3, 2)), CONV | {"output_padding": 0, "bias": True}),
    ("ConvReLUPool", (3, 4, (3, 2)), CONV | {"pool": 2}),
    ("MaxPool2d", (2,), {"stride": 2, "padding": 0, "dilation": 1, "ceil_mode": False}),
    ("AvgPool2d", (2, 2, 1), {"ceil_mode": False, "count_include_pad": True}),
    ("AvgPool2d", (3,), {"stride": 3, "padding": 0}),
    ("Activation", (), {"name": "relu"}),
]
DRAWN = {"std": None, "dtype": np.float64}
NETWORKS = [
    ("LinearClassifier", (216, 4), {"std": 1e-3, "dtype": np.float64}),
    ("TwoLayer", (216, 5, 4), DRAWN | {"activation": "relu"}),
    ("MLP", (8, (1, 5), 4), DRAWN | {"activation": "relu"}),  # one unit is a layer
    ("TwoLayerConvNet", ((3, 9, 8), 5, 4), DRAWN | {"kernel_size": 5}),
    ("ThreeLayerConvNet", ((3, 9, 8), 5, 6, 4), DRAWN | {"kernel_size": 7}),
]


@pytest.mark.parametrize(("name", "args", "options"), LAYERS + NETWORKS)
def test_a_layer_without_options_has_the_usual_ones(name, args, options, rng):
    """They are those of PyTorch; said or not, they give the same y, and biases are zero."""
    layer = getattr(nn, name, None) or getattr(nn.models, name)
    x = rng.normal(size=(2, 8) if name == "MLP" else (2, 3, 9, 8))
    drawn = [{"rng": np.random.default_rng(7)} if "rng" in signature(layer).parameters else {}
             for _ in range(2)]  # fmt: skip
    silent, said = layer(*args, **drawn[0]), layer(*args, **drawn[1], **options)
    assert_array_equal(silent(x), said(x))
    biases = [b for key, b in nn.named_parameters(silent).items() if key.endswith("b")]
    assert not any(map(np.count_nonzero, biases))


@pytest.mark.parametrize(("groups", "stride"), [(1, 1), (2, (2, 3))])
def test_filters_keep_the_variance(groups, stride, rng):
    """Weights have the variance 2/fan: fan = C U V / groups, over the strides if transposed."""
    C, F, U, V = 24, 40, 3, 5
    w = nn.Conv2d(C, F, (U, V), groups=groups, rng=rng).params["w"]
    assert_allclose(w.std(), np.sqrt(2 * groups / (C * U * V)), rtol=0.05)
    apart = np.prod(stride)
    w = nn.ConvTranspose2d(C, F, (U, V), groups=groups, stride=stride, rng=rng).params["w"]
    assert_allclose(w.std(), np.sqrt(2 * apart * groups / (C * U * V)), rtol=0.05)


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
