"""The names of CS231n on our operations: its conventions, and the numbers that sources print.

The reports 000, 001 and 002 worked through the assignments of CS231n. What they print for inputs
that are spread evenly comes out here to the last place; where they drew numbers without a seed,
the bounds that they state hold for a draw of ours.
"""

import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dlcore import nn
from dlcore.compat import cs231n
from dlcore.compat.cs231n import (
    fast_layers,
    gradient_check,
    layer_utils,
    layers,
    optim,
    solver,
    vis_utils,
)
from dlcore.compat.cs231n.classifier_trainer import ClassifierTrainer
from dlcore.compat.cs231n.classifiers import (
    FullyConnectedNet,
    KNearestNeighbor,
    LinearSVM,
    Softmax,
    ThreeLayerConvNet,
    TwoLayerNet,
    convnet,
    linear_svm,
    neural_net,
    softmax,
)
from dlcore.data import load
from dlcore.experiments import conv, linear, pool, twolayer
from dlcore.nn import models

EVEN = np.linspace
CONV, STRIDED = {"stride": 1, "pad": 1}, {"stride": 2, "pad": 1}
POOL = {"pool_height": 2, "pool_width": 2, "stride": 2}
OVERLAPPING = {"pool_height": 3, "pool_width": 2, "stride": 1}
DIFFERENCES = 1e-7  # h² and ε/h for h = 1e-5, times the size of sums over a hundred entries


@pytest.fixture
def randn():
    """Draw as the notebooks do, from the generator of Mersenne with seed 231."""
    return np.random.RandomState(231).randn


@pytest.fixture
def seeded():
    """Seed NumPy's global generator as the notebooks do; put its state back afterwards."""
    state = np.random.get_state()  # noqa: NPY002 (the generator that a notebook seeds)
    np.random.seed(231)  # noqa: NPY002 (the same)
    yield
    np.random.set_state(state)  # noqa: NPY002 (the same)


def toy():
    """The model of 000 and 001, its inputs and labels."""
    model = {
        "W1": EVEN(-0.2, 0.6, 40).reshape(4, 10),
        "b1": EVEN(-0.3, 0.7, 10),
        "W2": EVEN(-0.4, 0.1, 30).reshape(10, 3),
        "b2": EVEN(-0.5, 0.9, 3),
    }
    return model, EVEN(-0.2, 0.5, 20).reshape(5, 4), np.array([0, 1, 2, 2, 1])


# The numbers of the sources


def test_the_affine_layer_prints_the_error_of_the_sources(rounding):
    """9.769849468192957e-10, up to the rounding of a sum of 120 products."""
    x, w = EVEN(-0.1, 0.5, 240).reshape(2, 4, 5, 6), EVEN(-0.2, 0.3, 360).reshape(120, 3)
    out, _ = layers.affine_forward(x, w, EVEN(-0.3, 0.1, 3))
    error = gradient_check.rel_error(out, np.array(linear.AFFINE_001))
    assert abs(error - 9.769849468192957e-10) < rounding(x, w)["atol"] / out.min()


def test_the_relu_layer_prints_the_error_of_the_sources():
    """4.999999798022158e-08 in 001, to the last place."""
    x = EVEN(-0.5, 0.5, 12).reshape(3, 4)
    printed = np.maximum(0.0, x.round(8))
    error = gradient_check.rel_error(layers.relu_forward(x)[0], printed)
    assert abs(error - 4.999999798022158e-08) < 5e-24


@pytest.mark.parametrize("forward", [layers.conv_forward_naive, fast_layers.conv_forward_fast])
def test_the_convolution_prints_the_error_of_the_sources(forward, rounding):
    """2.2121476417505994e-08 in 001, up to the rounding of a sum of 48 products."""
    x, w, b = conv.handout()
    out, _ = forward(x, w, b, STRIDED)
    error = gradient_check.rel_error(out, np.array(conv.PRINTED))
    assert abs(error - 2.2121476417505994e-08) < rounding(x, w)["atol"] / np.abs(out).min()


@pytest.mark.parametrize("forward", [layers.conv_forward_naive, fast_layers.conv_forward_fast])
def test_the_two_filters_of_001_show_brightness_and_edges(forward, rng):
    """3/10 red + 6/10 green + 1/10 blue, and 128 + Sobel's sums of blue alone, of two images."""
    x, w, b = rng.uniform(0, 255, (2, 3, 9, 8)), np.zeros((2, 3, 3, 3)), np.array([0.0, 128.0])
    w[0, :, 1, 1] = 0.3, 0.6, 0.1
    w[1, 2] = [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]
    out, _ = forward(x, w, b, CONV)
    blue = np.pad(x[:, 2], [(0, 0), (1, 1), (1, 1)])
    blurred = blue[:, :, :-2] + 2 * blue[:, :, 1:-1] + blue[:, :, 2:]
    assert_allclose(out[:, 0], 0.3 * x[:, 0] + 0.6 * x[:, 1] + 0.1 * x[:, 2], rtol=1e-12)
    assert_allclose(out[:, 1], 128 + blurred[:, :-2] - blurred[:, 2:], atol=1e-10)


@pytest.mark.parametrize(
    "forward", [layers.max_pool_forward_naive, fast_layers.max_pool_forward_fast]
)
def test_max_pooling_prints_the_error_of_the_sources(forward):
    """4.1666665157267834e-08 in 001, to the last place."""
    x = EVEN(-0.3, 0.4, 96).reshape(2, 3, 4, 4)
    error = gradient_check.rel_error(forward(x, POOL)[0], np.array(pool.PRINTED))
    assert abs(error - 4.1666665157267834e-08) < 5e-24


def test_the_two_layer_net_prints_scores_and_loss_of_the_sources():
    """3.848682303062012e-08 from the printed scores in 001, 4.676926e-12 from the loss in 000."""
    model, X, y = toy()
    difference = np.abs(neural_net.two_layer_net(X, model) - twolayer.SCORES_001).sum()
    loss, _ = neural_net.two_layer_net(X, model, y, 0.1)
    assert abs(difference - 3.848682303062012e-08) < 15 * np.finfo(float).eps
    assert abs(abs(loss - 1.38191946092) - 4.67692551354e-12) < 4 * np.finfo(float).eps


def test_the_class_is_the_same_network():
    """`TwoLayerNet` with these parameters returns the scores and the loss of the function."""
    model, X, y = toy()
    net = TwoLayerNet(4, 10, 3, reg=0.1)
    assert {name: w.shape for name, w in net.params.items()} == {
        name: w.shape for name, w in model.items()
    }
    net.params = model
    loss, grads = net.loss(X, y)
    assert np.abs(net.loss(X) - twolayer.SCORES_001).sum() < 4e-8
    assert abs(loss - 1.38191946092) < 5e-12
    assert grads.keys() == model.keys()


def test_the_gradient_errors_are_those_of_the_sources():
    """W1 and b2 as both reports print them; b1 to the places in which they agree; W2 differs."""
    model, X, y = toy()
    _, grads = neural_net.two_layer_net(X, model, y, 0.1)
    f = lambda _: neural_net.two_layer_net(X, model, y, 0.1)[0]
    error = {
        name: gradient_check.rel_error(
            gradient_check.eval_numerical_gradient(f, model[name], verbose=False), grads[name]
        )
        for name in model
    }
    assert abs(error["W1"] - 4.426512e-09) < 5e-16
    assert abs(error["b2"] - 8.190173e-11) < 5e-18
    assert abs(error["b1"] - 5.43543e-08) < 1e-13
    assert error["W2"] < 1e-8


@pytest.mark.parametrize(
    ("update", "momentum", "printed"),
    [("sgd", 0.0, 0.940686), ("momentum", 0.9, 0.494394), ("rmsprop", 0.9, 0.439368)],
)
def test_the_trainer_ends_at_the_losses_of_the_sources(update, momentum, printed):
    """A hundred steps on all five examples: the loss before the last one, with six decimals."""
    model, X, y = toy()
    _, losses, _, _ = ClassifierTrainer().train(
        X, y, X, y, model, neural_net.two_layer_net, reg=0.001, learning_rate=0.1,
        momentum=momentum, learning_rate_decay=1, update=update, sample_batches=False,
        num_epochs=100,
    )  # fmt: skip
    assert abs(losses[-1] - printed) < 5e-7


@pytest.mark.parametrize(
    ("rule", "printed"),
    [(optim.sgd, 0.940686), (optim.sgd_momentum, 0.494394), (optim.rmsprop, 0.429848)],
)
def test_the_update_rules_end_at_the_losses_of_the_sources(rule, printed):
    """RMSProp is that of 000: ε stands outside the root, and 0.429848 comes out."""
    model, X, y = toy()
    configs = {name: {"learning_rate": 0.1} for name in model}
    for _ in range(100):
        loss, grads = neural_net.two_layer_net(X, model, y, 0.001)
        for name in model:
            model[name], configs[name] = rule(model[name], grads[name], configs[name])
    assert abs(loss - printed) < 5e-7


def test_small_scores_have_the_losses_of_the_sources(randn, rng):
    """9.0003 and 2.3026 were printed: nine margins and ln 10, and four standard deviations.

    Scores are 0.001 N(0, 1), of fifty examples: the hinge loss deviates by 0.001 √(90 / 50),
    the cross entropy by less than 0.001 √(1 / 50).
    """
    x, y = 0.001 * randn(50, 10), rng.integers(10, size=50)
    for printed, loss in ((9.00032398, layers.svm_loss), (2.30261796, layers.softmax_loss)):
        deviation = 0.001 * np.sqrt((90 if printed > 9 else 1) / 50)
        value, dx = loss(x, y)
        numerical = gradient_check.eval_numerical_gradient(
            lambda x, loss=loss: loss(x, y)[0], x, verbose=False
        )
        assert abs(value - printed) < 4 * deviation * np.sqrt(2)  # of a difference of two draws
        assert gradient_check.rel_error(numerical, dx) < 1e-8


def test_the_convnet_begins_at_the_losses_of_001(randn, rng, seeded):
    """2.302547 without a penalty, 2.344742 with reg 1: half the sum of the squares is added.

    The penalty of 84,320 weights of size 0.001 is 0.04216, and deviates by 0.0002.
    """
    model = convnet.init_two_layer_convnet()
    X, y = randn(20, 3, 32, 32), rng.integers(10, size=20)
    loss, _ = convnet.two_layer_convnet(X, model, y)
    with_penalty, _ = convnet.two_layer_convnet(X, model, y, reg=1)
    squares = sum(np.sum(model[name] ** 2) for name in ("W1", "W2"))
    assert_allclose(with_penalty - loss, squares / 2, rtol=1e-12)
    assert abs(squares / 2 - (2.3447415665637705 - 2.302547349828836)) < 4 * 2e-4 * np.sqrt(2)
    assert abs(loss - 2.302547) < 1e-3  # ln 10 + half the variance of the scores, below 1e-3


def test_the_gradients_of_the_convnet_are_as_close_as_in_001(randn, rng, seeded):
    """It prints 3.118514e-06 as the largest of four relative errors, for h = 1e-6."""
    model = convnet.init_two_layer_convnet(
        weight_scale=0.1, bias_scale=0.1, num_filters=3, filter_size=3, input_shape=(3, 8, 6)
    )
    X, y = randn(2, 3, 8, 6), rng.integers(10, size=2)
    _, grads = convnet.two_layer_convnet(X, model, y)
    f = lambda _: convnet.two_layer_convnet(X, model, y)[0]
    for name, w in model.items():
        measured = gradient_check.eval_numerical_gradient(f, w, verbose=False)
        assert_allclose(grads[name], measured, rtol=0, atol=1e-9)


# Gradients


def dropped(x):
    """Drop half of the entries, the same ones at every call."""
    return layers.dropout_forward(x, {"mode": "train", "p": 0.4, "seed": 123})


def train(forward):
    """Normalise by the batch, with running statistics that nobody reads."""
    return lambda x, gamma, beta: forward(x, gamma, beta, {"mode": "train"})


def sandwich(forward, *params):
    """Pass dictionaries of options after the arrays."""
    return lambda *arrays: forward(*arrays, *params)


C = [(2, 3, 6, 5), (4, 3, 3, 3), (4,)]
N = [(7, 5), (5,), (5,)]
CHANNELS = [(2, 6, 4, 3), (6,), (6,)]
CASES = {
    "affine": (layers.affine_forward, layers.affine_backward, [(10, 2, 3), (6, 5), (5,)]),
    "relu": (layers.relu_forward, layers.relu_backward, [(10, 7)]),
    "dropout": (dropped, layers.dropout_backward, [(10, 7)]),
    "conv naive": (
        sandwich(layers.conv_forward_naive, CONV), layers.conv_backward_naive, C,
    ),
    "conv fast": (
        sandwich(fast_layers.conv_forward_fast, STRIDED), fast_layers.conv_backward_fast, C,
    ),
    "pool naive": (
        sandwich(layers.max_pool_forward_naive, OVERLAPPING), layers.max_pool_backward_naive,
        [(2, 3, 5, 6)],
    ),
    "pool fast": (
        sandwich(fast_layers.max_pool_forward_fast, OVERLAPPING),
        fast_layers.max_pool_backward_fast, [(2, 3, 5, 6)],
    ),
    "batchnorm": (train(layers.batchnorm_forward), layers.batchnorm_backward, N),
    "batchnorm alt": (train(layers.batchnorm_forward), layers.batchnorm_backward_alt, N),
    "layernorm": (sandwich(layers.layernorm_forward, {}), layers.layernorm_backward, N),
    "spatial batchnorm": (
        train(layers.spatial_batchnorm_forward), layers.spatial_batchnorm_backward, CHANNELS,
    ),
    "spatial groupnorm": (
        sandwich(layers.spatial_groupnorm_forward, 2, {}), layers.spatial_groupnorm_backward,
        [(2, 6, 4, 3), (1, 6, 1, 1), (1, 6, 1, 1)],
    ),
    "affine relu": (
        layer_utils.affine_relu_forward, layer_utils.affine_relu_backward,
        [(2, 3, 4), (12, 10), (10,)],
    ),
    "conv relu": (
        sandwich(layer_utils.conv_relu_forward, CONV), layer_utils.conv_relu_backward, C,
    ),
    "conv relu pool": (
        sandwich(layer_utils.conv_relu_pool_forward, CONV, POOL),
        layer_utils.conv_relu_pool_backward, C,
    ),
    "conv relu, sizes of 001": (
        sandwich(layer_utils.conv_relu_forward, CONV), layer_utils.conv_relu_backward,
        [(2, 3, 8, 8), (3, 3, 3, 3), (3,)],
    ),
    "conv relu pool, sizes of 001": (
        sandwich(layer_utils.conv_relu_pool_forward, CONV, POOL),
        layer_utils.conv_relu_pool_backward, [(2, 3, 16, 16), (3, 3, 3, 3), (3,)],
    ),
    "conv bn relu": (
        lambda *arrays: layer_utils.conv_bn_relu_forward(*arrays, CONV, {"mode": "train"}),
        layer_utils.conv_bn_relu_backward, [*C, (4,), (4,)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_backward_passes_agree_with_differences(name, randn):
    """For a random dout: every gradient, entry by entry, and of the shape of its argument."""
    forward, backward, shapes = CASES[name]
    arrays = [randn(*shape) for shape in shapes]
    out, cache = forward(*arrays)
    dout = randn(*out.shape)
    grads = backward(dout, cache)
    grads = grads if isinstance(grads, tuple) else (grads,)
    assert [grad.shape for grad in grads] == shapes
    for grad, x in zip(grads, arrays, strict=True):
        f = lambda _: forward(*arrays)[0]
        measured = gradient_check.eval_numerical_gradient_array(f, x, dout)
        assert_allclose(grad, measured, rtol=0, atol=DIFFERENCES)


def test_the_check_notices_a_small_lie(randn):
    """A gradient that is wrong by 0.1 % is off by more than a thousand times the tolerance."""
    x, w, b = randn(10, 2, 3), randn(6, 5), randn(5)
    _, cache = layers.affine_forward(x, w, b)
    dout = randn(10, 5)
    measured = gradient_check.eval_numerical_gradient_array(
        lambda w: layers.affine_forward(x, w, b)[0], w, dout
    )
    wrong = 1.001 * layers.affine_backward(dout, cache)[1]
    assert np.abs(wrong - measured).max() > 1e3 * DIFFERENCES


def test_naive_and_fast_convolution_agree(randn, rounding):
    """out, dx, dw and db, up to the order of the sums."""
    x, w, b = randn(3, 2, 9, 8), randn(4, 2, 3, 3), randn(4)
    slow, slow_cache = layers.conv_forward_naive(x, w, b, STRIDED)
    fast, cache = fast_layers.conv_forward_fast(x, w, b, STRIDED)
    dout = randn(*slow.shape)
    assert_allclose(fast, slow, **rounding(x, w))
    pairs = zip(
        fast_layers.conv_backward_fast(dout, cache),
        layers.conv_backward_naive(dout, slow_cache),
        strict=True,
    )
    for one, other in pairs:
        assert_allclose(one, other, rtol=0, atol=1e-12)


def test_naive_and_fast_pooling_agree(randn):
    """The same numbers, and so the same bits, in both directions, where no entries are equal."""
    x = randn(3, 2, 9, 8)
    slow, slow_cache = layers.max_pool_forward_naive(x, OVERLAPPING)
    fast, cache = fast_layers.max_pool_forward_fast(x, OVERLAPPING)
    dout = randn(*slow.shape)
    assert np.array_equal(fast, slow)
    assert_allclose(
        fast_layers.max_pool_backward_fast(dout, cache),
        layers.max_pool_backward_naive(dout, slow_cache),
        rtol=0,
        atol=1e-12,
    )


# Conventions


def test_a_bias_of_whole_numbers_is_accepted():
    """001 adds 0 to a grey image and 128 to an image of edges."""
    x, w = np.ones((1, 3, 4, 5)), np.ones((2, 3, 3, 3))
    out, _ = fast_layers.conv_forward_fast(x, w, np.array([0, 128]), CONV)
    assert (out[0, 1] - out[0, 0]).tolist() == np.full((4, 5), 128.0).tolist()


def test_the_first_of_equal_entries_receives_the_gradient():
    """In both versions: 5 in the first corner of a window of ones, 0 in the others."""
    x, dout = np.ones((1, 1, 2, 2)), np.full((1, 1, 1, 1), 5.0)
    for forward, backward in (
        (layers.max_pool_forward_naive, layers.max_pool_backward_naive),
        (fast_layers.max_pool_forward_fast, fast_layers.max_pool_backward_fast),
    ):
        assert backward(dout, forward(x, POOL)[1]).ravel().tolist() == [5.0, 0.0, 0.0, 0.0]


def test_a_last_window_that_does_not_fit_is_left_out(randn):
    """Five columns hold two windows of two: the fifth changes nothing."""
    x, w, b = randn(1, 1, 5, 5), randn(2, 1, 2, 2), randn(2)
    options = {"stride": 2, "pad": 0}
    for forward in (layers.conv_forward_naive, fast_layers.conv_forward_fast):
        whole, _ = forward(x, w, b, options)
        part, _ = forward(x[:, :, :4, :4], w, b, options)
        assert_allclose(whole, part, atol=1e-12)


def test_batchnorm_keeps_running_statistics_as_the_course_does(randn):
    """running ← momentum · old + (1 - momentum) · batch, with the biased variance."""
    x = randn(7, 5) * 3 + 2
    old = randn(5), randn(5) ** 2
    bn_param = {"mode": "train", "momentum": 0.7}
    bn_param |= {"running_mean": old[0], "running_var": old[1]}
    layers.batchnorm_forward(x, np.ones(5), np.zeros(5), bn_param)
    assert_allclose(bn_param["running_mean"], 0.7 * old[0] + 0.3 * x.mean(axis=0))
    assert_allclose(bn_param["running_var"], 0.7 * old[1] + 0.3 * x.var(axis=0))


def test_batchnorm_evaluates_with_running_statistics(randn):
    """In "test" mode  out = γ (x - μ)/√(v + ε) + β,  and μ and v stay."""
    x, gamma, beta, mean, var = randn(7, 5), randn(5), randn(5), randn(5), randn(5) ** 2
    bn_param = {"mode": "test", "running_mean": mean, "running_var": var, "eps": 0.1}
    out, _ = layers.batchnorm_forward(x, gamma, beta, bn_param)
    assert_allclose(out, gamma * (x - mean) / np.sqrt(var + 0.1) + beta)
    assert bn_param["running_mean"] is mean


def test_spatial_batchnorm_is_batchnorm_of_all_pixels(randn):
    """(N, C, H, W) laid out as (N H W, C), normalised, and laid out as before."""
    x, gamma, beta = randn(2, 6, 4, 3), randn(6), randn(6)
    rows = x.transpose(0, 2, 3, 1).reshape(-1, 6)
    out, _ = layers.spatial_batchnorm_forward(x, gamma, beta, {"mode": "train"})
    flat, _ = layers.batchnorm_forward(rows, gamma, beta, {"mode": "train"})
    assert_allclose(out, flat.reshape(2, 4, 3, 6).transpose(0, 3, 1, 2), atol=1e-12)


def test_p_is_the_probability_to_keep(seeded):
    """Of 40,000 entries a fifth is kept, divided by 0.2; the mean stays, to four deviations."""
    x = np.full((200, 200), 10.0)
    out, _ = layers.dropout_forward(x, {"mode": "train", "p": 0.2})
    kept = out != 0
    deviation = np.sqrt(0.2 * 0.8 / x.size)
    assert_allclose(out[kept], 50.0)
    assert abs(kept.mean() - 0.2) < 4 * deviation
    assert layers.dropout_forward(x, {"mode": "train", "p": 1})[0].tolist() == x.tolist()


def test_a_seed_of_dropout_draws_the_numbers_of_the_course():
    """The mask is RandomState(seed).rand(*shape) < p; the global generator is left alone."""
    x = np.ones((5, 6))
    before = np.random.get_state()[1:3]  # noqa: NPY002 (the generator that a notebook seeds)
    out, _ = layers.dropout_forward(x, {"mode": "train", "p": 0.4, "seed": 123})
    after = np.random.get_state()[1:3]  # noqa: NPY002 (the same)
    assert np.array_equal(before[0], after[0])
    assert before[1] == after[1]
    drawn = np.random.RandomState(123).rand(5, 6)
    assert ((out != 0) == (drawn < 0.4)).all()


@pytest.mark.parametrize(
    "call",
    [
        lambda x: layers.dropout_forward(x, {"mode": "valid", "p": 0.5}),
        lambda x: layers.batchnorm_forward(x, x[0], x[0], {"mode": "valid"}),
    ],
)
def test_another_mode_is_refused(call):
    """The function, what it got, and the two modes that there are."""
    with pytest.raises(ValueError, match='mode is \'valid\', use "train" or "test"'):
        call(np.ones((3, 2)))


def test_update_rules_leave_their_arguments_alone(randn):
    """w and dw stay; the config is updated in place and returned."""
    w, dw = randn(4, 5), randn(4, 5)
    copies = w.copy(), dw.copy()
    for rule in solver.RULES.values():
        config = {}
        after, returned = rule(w, dw, config)
        assert returned is config
        assert not np.shares_memory(after, w)
        assert np.array_equal(w, copies[0])
        assert np.array_equal(dw, copies[1])


def test_adam_continues_from_its_config(randn):
    """With t = 5 the step is the sixth:  m̂ = m / (1 - β₁⁶),  v̂ = v / (1 - β₂⁶)."""
    w, dw, m, v = randn(4, 5), randn(4, 5), randn(4, 5), randn(4, 5) ** 2
    config = {"learning_rate": 1e-2, "m": m, "v": v, "t": 5}
    after, config = optim.adam(w, dw, config)
    m, v = 0.9 * m + 0.1 * dw, 0.999 * v + 0.001 * dw**2
    step = m / (1 - 0.9**6) / (np.sqrt(v / (1 - 0.999**6)) + 1e-8)
    assert config["t"] == 6
    assert_allclose(config["m"], m)
    assert_allclose(config["v"], v)
    assert_allclose(after, w - 1e-2 * step)


# Gradient checks


def test_a_numerical_gradient_puts_every_entry_back(randn, capsys):
    """x has its own bits afterwards; with `verbose` there is a line for every entry."""
    x = randn(3, 2)
    before = x.copy()
    slope = gradient_check.eval_numerical_gradient(lambda x: np.sum(x**3), x)
    assert np.array_equal(x, before)
    assert_allclose(slope, 3 * x**2, atol=DIFFERENCES)
    assert len(capsys.readouterr().out.splitlines()) == x.size


def test_a_sparse_check_prints_as_many_lines_as_asked_for(randn, capsys):
    """Each with both slopes and their relative error, which is small where they agree."""
    x = randn(3, 2)
    gradient_check.grad_check_sparse(lambda x: np.sum(x**3), x, 3 * x**2, 4)
    lines = capsys.readouterr().out.splitlines()
    errors = [float(line.rpartition("relative error: ")[2]) for line in lines]
    assert len(errors) == 4
    assert max(errors) < 1e-6


# Classifiers


@pytest.mark.parametrize("kind", ["svm", "softmax"])
def test_linear_losses_agree_with_differences(kind, randn, rng):
    """Naive and vectorised, with the whole penalty reg Σ W²."""
    module = {"svm": linear_svm, "softmax": softmax}[kind]
    naive, vectorized = (getattr(module, f"{kind}_loss_{way}") for way in ("naive", "vectorized"))
    W, X, y = randn(6, 4), randn(5, 6), rng.integers(4, size=5)
    loss, dW = vectorized(W, X, y, 0.3)
    assert_allclose(loss - vectorized(W, X, y, 0.0)[0], 0.3 * np.sum(W**2))
    measured = gradient_check.eval_numerical_gradient(
        lambda W: vectorized(W, X, y, 0.3)[0], W, verbose=False
    )
    assert_allclose(dW, measured, atol=DIFFERENCES)
    assert_allclose(naive(W, X, y, 0.3)[0], loss)
    assert_allclose(naive(W, X, y, 0.3)[1], dW, atol=1e-12)


@pytest.mark.parametrize("kind", [LinearSVM, Softmax])
def test_linear_classifiers_read_digits(kind, seeded, capsys):
    """A column of ones is the bias; more than eight of ten are right, and the loss is halved."""
    digits = load("digits").centred(scale=1 / 16).flat()
    ones = lambda x: np.hstack([x, np.ones((len(x), 1))])
    classifier = kind()
    losses = classifier.train(
        ones(digits.train.x), digits.train.t, learning_rate=0.05, num_iters=300, verbose=True
    )
    assert np.mean(classifier.predict(ones(digits.val.x)) == digits.val.t) > 0.8
    assert losses[-1] < losses[0] / 2
    told = capsys.readouterr().out.splitlines()
    assert told[0] == f"iteration 0 / 300: loss {losses[0]:f}"
    assert len(told) == 3


def test_distances_are_the_same_in_two_loops_one_and_none(randn):
    """‖x - x'‖ for every pair, up to rounding; an image has distance 0 to itself."""
    knn = KNearestNeighbor()
    knn.train(randn(9, 5), np.arange(9))
    X = np.vstack([randn(4, 5), knn.X_train[3]])
    loops = knn.compute_distances_two_loops(X)
    assert_allclose(knn.compute_distances_one_loop(X), loops, rtol=1e-12)
    assert_allclose(knn.compute_distances_no_loops(X), loops, atol=1e-7)  # √ε, near zero
    assert loops[4, 3] == 0


def test_neighbours_vote_and_the_smaller_label_wins_a_tie():
    """Of labels 2, 0, 2 the nearest is 2; of the first two, one each, the smaller."""
    knn = KNearestNeighbor()
    knn.train(np.array([[1.0], [2.0], [3.0]]), np.array([2, 0, 2]))
    x = np.zeros((1, 1))
    assert [knn.predict(x, k=k, num_loops=k - 1).tolist() for k in (1, 2, 3)] == [[2], [0], [2]]
    with pytest.raises(ValueError, match="num_loops is 3, use 0, 1 or 2"):
        knn.predict(x, num_loops=3)


@pytest.mark.parametrize("norm", [None, "batchnorm", "layernorm"])
@pytest.mark.parametrize("keep", [1, 0.6])
def test_deep_networks_agree_with_differences(norm, keep, randn, rng, seeded):
    """Every parameter of three layers, with normalisation and dropout, and a penalty."""
    net = FullyConnectedNet(
        [5, 4], input_dim=6, num_classes=3, dropout_keep_ratio=keep, normalization=norm, reg=0.2,
        weight_scale=0.5, dtype=np.float64, seed=7,
    )  # fmt: skip
    for layer in (1, 2, 3):
        net.params[f"b{layer}"] += randn(*net.params[f"b{layer}"].shape)  # away from the kink at 0
    X, y = randn(8, 2, 3), rng.integers(3, size=8)
    _, grads = net.loss(X, y)
    assert grads.keys() == net.params.keys()
    for name, w in net.params.items():
        measured = gradient_check.eval_numerical_gradient(
            lambda _: net.loss(X, y)[0], w, verbose=False
        )
        assert_allclose(grads[name], measured, atol=DIFFERENCES)


def test_dropout_acts_in_training_alone(randn, seeded):
    """Scores are those without dropout; two losses differ by their masks; `dropout` is an alias."""
    X, y = randn(8, 6), np.zeros(8, int)
    plain = FullyConnectedNet([20], 6, 3, weight_scale=0.5)
    for ratio in ({"dropout_keep_ratio": 0.5}, {"dropout": 0.5}):
        net = FullyConnectedNet([20], 6, 3, **ratio)
        net.params = plain.params
        assert np.array_equal(net.loss(X), plain.loss(X))
        assert len({float(each.loss(X, y)[0]) for each in (net, net, plain)}) == 3


def test_first_losses_are_those_of_chance(randn, rng, seeded):
    """ln K for the ConvNet and for the deep network; reg adds half the squares of the weights."""
    X, y = randn(10, 3, 8, 6), rng.integers(10, size=10)
    for make in (
        lambda reg: ThreeLayerConvNet((3, 8, 6), 4, 3, 7, reg=reg, dtype=np.float64),
        lambda reg: FullyConnectedNet([9, 8], 144, reg=reg, dtype=np.float64),
    ):
        net = make(0.0)
        loss, _ = net.loss(X, y)
        net.reg = 3.0
        squares = sum(np.sum(w**2) for name, w in net.params.items() if name[0] == "W")
        assert abs(loss - np.log(10)) < 1e-3
        assert_allclose(net.loss(X, y)[0] - loss, 1.5 * squares)


def test_the_three_layer_convnet_agrees_with_differences(randn, rng, seeded):
    """Every parameter; filters of 3 × 3, whose padding keeps height and width."""
    net = ThreeLayerConvNet((3, 6, 4), 2, 3, 5, 4, weight_scale=0.3, dtype=np.float64)
    X, y = randn(2, 3, 6, 4), rng.integers(4, size=2)
    _, grads = net.loss(X, y)
    for name, w in net.params.items():
        measured = gradient_check.eval_numerical_gradient(
            lambda _: net.loss(X, y)[0], w, verbose=False
        )
        assert_allclose(grads[name], measured, atol=DIFFERENCES)


def test_networks_compute_in_the_precision_of_their_parameters(randn, seeded):
    """float32 unless told otherwise; parameters and gradients, too."""
    net = FullyConnectedNet([4], 6, 3, normalization="batchnorm")
    _, grads = net.loss(randn(5, 6), np.zeros(5, int))
    assert {w.dtype.name for w in (*net.params.values(), *grads.values())} == {"float32"}
    assert net.loss(randn(5, 6)).dtype == np.float32


def test_another_normalisation_is_refused():
    """The message lists those that there are."""
    with pytest.raises(ValueError, match="normalization is 'groupnorm', use batchnorm"):
        FullyConnectedNet([4], normalization="groupnorm")


def test_parameters_carry_over_to_our_convnet(randn, seeded):
    """The same parameters under other names give the same scores, up to rounding."""
    theirs = ThreeLayerConvNet((3, 8, 6), 4, 3, 16, dtype=np.float64)
    ours = models.ThreeLayerConvNet(
        (3, 8, 6), 4, 16, 10, rng=np.random.default_rng(0), kernel_size=3
    )
    names = ("conv.w", "conv.b", "hidden.w", "hidden.b", "output.w", "output.b")
    theirs.params = {name: randn(*w.shape) for name, w in theirs.params.items()}
    nn.load(ours, dict(zip(names, theirs.params.values(), strict=True)))
    x = randn(5, 3, 8, 6)
    assert_allclose(ours(x), theirs.loss(x), rtol=1e-10)


# The solver


@pytest.fixture
def digits():
    """Fifty digits for training, all validation images, under the names of the course."""
    data = load("digits").centred(scale=1 / 16)
    return {
        "X_train": data.train.x[:50],
        "y_train": data.train.t[:50],
        "X_val": data.val.x,
        "y_val": data.val.t,
    }


def test_a_deep_network_overfits_fifty_digits(digits, seeded):
    """Twenty epochs of two batches: all fifty are right."""
    net = FullyConnectedNet([60, 40], 64, weight_scale=0.1)
    fit = solver.Solver(
        net, digits, update_rule="adam", optim_config={"learning_rate": 0.01}, num_epochs=20,
        batch_size=25, verbose=False,
    )  # fmt: skip
    fit.train()
    assert fit.train_acc_history[-1] == 1.0
    assert len(fit.loss_history) == 40
    assert len(fit.train_acc_history) == len(fit.val_acc_history) == 21
    assert fit.best_val_acc == max(fit.val_acc_history)
    assert fit.check_accuracy(digits["X_val"], digits["y_val"]) == fit.best_val_acc


def test_the_solver_prints_the_lines_of_002(digits, seeded, capsys):
    """(Iteration 1 / 4) loss: …, and (Epoch 1 / 2) train acc: …; val_acc: …."""
    net = TwoLayerNet(64)
    fit = solver.Solver(net, digits, num_epochs=2, batch_size=25, print_every=3)
    fit.train()
    losses, train, val = fit.loss_history, fit.train_acc_history, fit.val_acc_history
    assert capsys.readouterr().out.splitlines() == [
        f"(Iteration 1 / 4) loss: {losses[0]:f}",
        f"(Epoch 0 / 2) train acc: {train[0]:f}; val_acc: {val[0]:f}",
        f"(Epoch 1 / 2) train acc: {train[1]:f}; val_acc: {val[1]:f}",
        f"(Iteration 4 / 4) loss: {losses[3]:f}",
        f"(Epoch 2 / 2) train acc: {train[2]:f}; val_acc: {val[2]:f}",
    ]


def test_a_seed_fixes_a_run(digits, seeded):
    """np.random.seed before the model: the same losses; another seed: others."""
    runs = []
    for seed in (231, 231, 232):
        np.random.seed(seed)  # noqa: NPY002 (the generator that a notebook seeds)
        fit = solver.Solver(TwoLayerNet(64), digits, num_epochs=2, batch_size=25, verbose=False)
        fit.train()
        runs.append(fit.loss_history)
    assert runs[0] == runs[1] != runs[2]


def test_the_learning_rate_shrinks_after_every_epoch(digits, seeded):
    """After three epochs it is lr_decay³ times the first, for every parameter."""
    fit = solver.Solver(
        TwoLayerNet(64), digits, optim_config={"learning_rate": 0.5}, lr_decay=0.9, num_epochs=3,
        verbose=False,
    )  # fmt: skip
    fit.train()
    rates = [config["learning_rate"] for config in fit.optim_configs.values()]
    assert_allclose(rates, 0.5 * 0.9**3)


def test_checkpoints_hold_the_parameters_of_their_epoch(digits, seeded, tmp_path):
    """One file an epoch; the last one that was best is what the model has at the end."""
    net = TwoLayerNet(64)
    fit = solver.Solver(net, digits, num_epochs=2, checkpoint_name=tmp_path / "net", verbose=False)
    fit.train()
    with np.load(tmp_path / "net_epoch_2.npz") as last:
        assert {*last} == {*net.params}
    assert len(list(tmp_path.iterdir())) == 2


def test_another_rule_is_refused(digits):
    """The message lists those that there are."""
    with pytest.raises(ValueError, match="update_rule is 'adamw', use one of sgd, sgd_momentum"):
        solver.Solver(TwoLayerNet(64), digits, update_rule="adamw")
    model, X, y = toy()
    with pytest.raises(ValueError, match="update is 'adam', use one of sgd, momentum, rmsprop"):
        ClassifierTrainer().train(X, y, X, y, model, neural_net.two_layer_net, update="adam")


def test_the_trainer_prints_the_lines_of_the_sources(seeded, capsys):
    """Epoch, cost, accuracies and the learning rate, which has been decayed."""
    model, X, y = toy()
    best, losses, train, val = ClassifierTrainer().train(
        X, y, X, y, model, neural_net.two_layer_net, num_epochs=2, batch_size=2, verbose=True
    )
    told = capsys.readouterr().out.splitlines()
    assert told[1] == (
        f"Finished epoch 1 / 2: cost {losses[1]:f}, train: {train[1]:f}, val {val[1]:f}, "
        "lr 9.500000e-03"
    )
    assert told[-1] == f"finished optimization. best validation accuracy: {max(val):f}"
    assert best.keys() == model.keys()


# Pictures, data, imports


def test_a_grid_holds_every_image_from_zero_to_its_bound(randn):
    """Seven images in three rows of three, one pixel apart; what is left over is 0."""
    images = randn(7, 4, 5, 3)
    grid = vis_utils.visualize_grid(images, ubound=9.0)
    assert grid.shape == (3 * 5 - 1, 3 * 6 - 1, 3)
    second = grid[:4, 6:11]
    assert_allclose([second.min(), second.max()], [0.0, 9.0], atol=1e-12)
    scaled = (images[1] - images[1].min()) / np.ptp(images[1])
    assert_allclose(second, 9 * scaled, atol=1e-12)
    assert not grid[4].any()
    assert not grid[10:, 6:].any()
    assert not vis_utils.visualize_grid(np.ones((1, 2, 3, 1))).any()


@pytest.mark.data
def test_cifar10_has_the_shapes_that_002_prints(published):
    """49,000, 1,000 and 1,000 images, less the mean of the training images."""
    data = cs231n.data_utils.get_CIFAR10_data()
    assert {name: array.shape for name, array in data.items()} == {
        "X_train": (49000, 3, 32, 32),
        "y_train": (49000,),
        "X_val": (1000, 3, 32, 32),
        "y_val": (1000,),
        "X_test": (1000, 3, 32, 32),
        "y_test": (1000,),
    }
    ours = load("cifar10").centred()
    assert np.array_equal(data["y_val"], ours.val.t)
    assert_allclose(data["X_val"], ours.val.x, atol=1e-4)  # a float32 below 256 has 16 bits less
    assert np.abs(data["X_train"].mean(axis=0, dtype=float)).max() < 1e-4


def run(program):
    """Run a program in a fresh interpreter; return what it prints."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return done.stdout.decode().split()


def test_a_notebook_imports_its_names_after_one_call():
    """Modules, stars and nested packages; a name has one module, under both names."""
    program = """
from dlcore.compat import cs231n
cs231n.install()
from cs231n.layers import *
from cs231n.fast_layers import *
from cs231n.classifiers.cnn import *
from cs231n.data_utils import get_CIFAR10_data
from cs231n.solver import Solver
import cs231n.classifiers.fc_net
print(affine_forward.__module__, ThreeLayerConvNet.__module__, "linear" in dir())
print(Solver is __import__("dlcore.compat.cs231n.solver", fromlist=["Solver"]).Solver)
"""
    assert run(program) == [
        "dlcore.compat.cs231n.layers", "dlcore.compat.cs231n.classifiers.cnn", "False", "True",
    ]  # fmt: skip


def test_another_package_of_that_name_is_refused(tmp_path, monkeypatch):
    """A folder of the course that was imported first is named, with what to do."""
    (tmp_path / "cs231n_other.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    __import__("cs231n_other")
    with pytest.raises(ImportError, match=r"cs231n_other has been imported from .*restart Python"):
        cs231n.install("cs231n_other")


def test_importing_the_package_is_light():
    """No compiler is loaded before a layer is asked for."""
    program = "import sys, dlcore.compat.cs231n; print('numba' in sys.modules)"
    assert run(program) == ["False"]
