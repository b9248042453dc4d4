"""ConvNets.  The claims of `book/convnet.md`, then its exercises."""

import importlib
import os
from dataclasses import replace
from operator import index

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore import data, nn
from dlcore.autodiff import vjp
from dlcore.kernels.machine import layout
from dlcore.nn.models import ThreeLayerConvNet, TwoLayerConvNet
from dlcore.ops.activation import relu
from dlcore.ops.conv import add_bias, conv2d, conv2d_bias_relu
from dlcore.ops.convnet import flatten
from dlcore.ops.linear import linear
from dlcore.ops.loss import cross_entropy
from dlcore.ops.pool import max_pool2d
from dlcore.shapes import ShapeError
from dlcore.train import Momentum, Solver, loss_and_grads, predict
from dlcore.train.objective import penalize
from dlcore.train.schedule import exponential

COLUMN, PLACES = np.array([[0.0, 1, 0]] * 3), np.arange(8).reshape(2, 2, 2)
BY_HAND = {  # a filter for columns, one for rows; each class adds up one map
    "conv.w": np.stack([[COLUMN], [COLUMN.T]]),
    "conv.b": [-2, -2],
    "output.w": np.stack([PLACES < 4, PLACES >= 4], axis=-1).reshape(8, 2),
    "output.b": [0, 0],
}
NUMBERED = "w1", "b1", "w2", "b2", "w3", "b3"  # the parameters of the exercises, in their order
LOSS_001, LOSS_WITH_PENALTY_001 = 2.302547349828836, 2.3447415665637705
ROUNDED = {"rtol": 1e-12, "atol": 1e-13}  # sums of some hundred terms near one
PLAIN = os.environ.get("NUMBA_DISABLE_JIT") == "1"
trains = pytest.mark.skipif(PLAIN, reason="trains for hours without a compiler")


@pytest.fixture
def lab():
    """The experiments of the chapter."""
    return importlib.import_module("dlcore.experiments.convnet")


@pytest.fixture
def networks(rng):
    """Both networks, small, their biases drawn as well, and images with labels for them."""
    two = TwoLayerConvNet((2, 7, 6), 3, 4, rng=rng, kernel_size=3)
    three = ThreeLayerConvNet((2, 7, 6), 3, 5, 4, rng=rng, kernel_size=3)
    for model in (two, three):
        for w in nn.named_parameters(model).values():
            w[...] = rng.normal(size=w.shape) / 2
    return {"two": two, "three": three}, rng.normal(size=(5, 2, 7, 6)), rng.integers(4, size=5)


both = pytest.mark.parametrize("layers", ["two", "three"])


def with_parameters(model):
    """Make a function of the images and of all parameters, in their order, out of a model."""

    def call(x, *values):
        params = dict(zip(nn.named_parameters(model), values, strict=True))
        with nn.using_parameters(model, params):
            return model(x)

    return call


# By hand


def strokes():
    """Draw the four columns and the four rows that an image of four by four pixels has."""
    columns = np.zeros((4, 1, 4, 4))
    columns[range(4), :, :, range(4)] = 1
    return np.concatenate([columns, columns.swapaxes(2, 3)]), np.repeat([0, 1], 4)


@pytest.fixture
def whole(rng):
    """The network of whole numbers."""
    return nn.load(TwoLayerConvNet((1, 4, 4), 2, 2, rng=rng, kernel_size=3), BY_HAND)


def test_no_linear_classifier_separates_columns_from_rows(rng):
    """The columns add up to the same image as the rows, so their scores have the same mean."""
    x, t = strokes()
    x = x.reshape(8, 16)
    assert_array_equal(x[t == 0].sum(axis=0), x[t == 1].sum(axis=0))
    y = x @ rng.normal(size=(16, 300)) + rng.normal(size=300)  # score of one class less the other
    assert (y[t == 0].max(axis=0) >= y[t == 1].min(axis=0)).all()


def test_two_filters_separate_columns_from_rows(whole):
    """The scores are (2, 0) for a column and (0, 2) for a row, wherever it stands."""
    x, t = strokes()
    assert whole(x).tolist() == (2 * np.eye(2)[t]).tolist()


def test_the_gradients_by_hand_come_out(whole):
    """Two positions of the first map have a gradient other than 0, and none of the second."""
    x, _ = strokes()
    difference = lambda scores, _: np.sum(scores * np.array([1.0, -1]))
    _, grads = loss_and_grads(whole, difference, x[1:2], None)
    assert grads["conv.w"].tolist() == [[(2 * COLUMN).tolist()], [np.zeros((3, 3)).tolist()]]
    assert grads["conv.b"].tolist() == [2, 0]


# Layers in a row


def test_the_network_is_one_operation_after_another(networks):
    """conv – relu – pool – flatten – linear – relu – linear, with nothing in between."""
    models, x, _ = networks
    model = models["three"]
    w1, b1, w2, b2, w3, b3 = nn.named_parameters(model).values()
    maps = relu(conv2d(x, w1, padding=1) + b1[:, None, None])
    features = max_pool2d(maps, kernel_size=2).reshape(len(x), -1)
    hidden = relu(features @ w2 + b2)
    assert_allclose(model(x), hidden @ w3 + b3, **ROUNDED)


def test_the_block_is_its_three_layers_in_sequence(rng):
    """Forwards and backwards, for the images, the filters and the biases."""
    sandwich = nn.ConvReLUPool(2, 3, 3, rng=rng, padding="same")
    row = nn.Sequential(nn.Conv2d(2, 3, 3, rng=rng, padding="same"), nn.ReLU(), nn.MaxPool2d(2))
    w, b = sandwich.params.values()
    b[...] = rng.normal(size=3)
    x, y_bar = rng.normal(size=(5, 2, 6, 4)), rng.normal(size=(5, 3, 3, 2))
    y, pullback = vjp(with_parameters(sandwich), x, w, b)
    expected, expected_pullback = vjp(with_parameters(row), x, w, b)
    assert_allclose(y, expected, **ROUNDED)
    for ours, bar in zip(pullback(y_bar), expected_pullback(y_bar), strict=True):
        assert_allclose(ours, bar, **ROUNDED)


def test_relu_and_max_pooling_commute(rng):
    """max(0, max x + b) = max(max(0, x + b)), with the same gradients, ties or not."""
    x, y_bar = rng.integers(-3, 3, size=(5, 2, 6, 4)).astype(float), rng.normal(size=(5, 2, 3, 2))
    b = rng.integers(-2, 2, size=2).astype(float)
    last = lambda x, b: max_pool2d(relu(add_bias(x, b)), kernel_size=2)
    first = lambda x, b: add_bias(max_pool2d(x, kernel_size=2), b, relu=True)
    (pooled_last, one), (pooled_first, other) = vjp(last, x, b), vjp(first, x, b)
    assert_array_equal(pooled_first, pooled_last)
    assert_array_equal(other(y_bar)[0], one(y_bar)[0])


def test_flatten_is_what_the_page_says(formulas, oracle, rng):
    """Pixel (c, h, l) becomes feature (c H + h) W + l; the backward pass is the inverse."""
    x = rng.normal(size=(5, 2, 4, 3))
    y = flatten(x)
    assert_array_equal(x, oracle.program(formulas.flatten)(y=y, C=2, H=4, W=3))
    assert_array_equal(flatten.vjp(y, x, y)[0], x)


def batch_last(x):
    """Store images batch last, as the kernels do; the public shape stays (N, C, H, W)."""
    return layout.from_batch_last(layout.to_batch_last(x))


@both
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_memory_layout_changes_no_bit(layers, dtype, networks):
    """Channels first or batch last: the same scores, the same loss, the same gradients."""
    models, x, t = networks
    model = models[layers]
    for layer in nn.named_layers(model).values():
        layer.params = {name: w.astype(dtype) for name, w in layer.params.items()}
    first = x.astype(dtype)
    last = batch_last(first)
    assert first.strides != last.strides
    assert_array_equal(model(first), model(last))
    loss, grads = loss_and_grads(model, cross_entropy, first, t)
    other_loss, other_grads = loss_and_grads(model, cross_entropy, last, t)
    assert loss == other_loss
    for name, gradient in grads.items():
        assert_array_equal(gradient, other_grads[name])


@both
@pytest.mark.parametrize(("lay_out", "copies"), [(np.copy, 1), (batch_last, 0)])
def test_images_are_copied_once_in_a_step(layers, lay_out, copies, networks, monkeypatch):
    """Forward and backward pass read one copy with the batch last, or the images as they are."""
    models, x, t = networks
    x, copied = lay_out(x), []
    parallel_for, contiguous_copy = layout.parallel_for, layout.contiguous_copy

    def counting_rows(function, count, y, *arrays):
        if function is layout.rows_to_batch_last:
            copied.append(y.shape)
        parallel_for(function, count, y, *arrays)

    def counting_copies(array):
        if array.ndim == 4:  # images or maps, no matrix
            copied.append(array.shape)
        return contiguous_copy(array)

    monkeypatch.setattr(layout, "parallel_for", counting_rows)
    monkeypatch.setattr(layout, "contiguous_copy", counting_copies)
    loss_and_grads(models[layers], cross_entropy, x, t)
    assert copied == [(7, 6, 2, 5)] * copies


def test_a_linear_layer_is_a_convolution_too(rng):
    """Its windows are as large as the map, so there is one position."""
    x, w, b = rng.normal(size=(5, 2, 4, 3)), rng.normal(size=(24, 7)), rng.normal(size=7)
    filters = w.T.reshape(7, 2, 4, 3)
    y = conv2d_bias_relu(x, filters, b, relu=False)
    assert y.shape == (5, 7, 1, 1)
    assert_allclose(linear(flatten(x), w, b), y[:, :, 0, 0], **ROUNDED)


# Sizes


@pytest.mark.parametrize("size", [(3, 32, 32), (2, 7, 6), (1, 2, 3)])
def test_the_features_are_those_that_the_page_counts(size, formulas, oracle, rng):
    """D = F ⌊H/2⌋ ⌊W/2⌋: a last row or column that fills no window is left out."""
    model = TwoLayerConvNet(size, 3, 4, rng=rng)
    C, H, W = size
    features = model.flatten(model.conv(rng.normal(size=(5, *size))))
    count = oracle.program(formulas.features)(F=3, H=H, W=W)
    assert features.shape == (5, count) == (5, len(model.output.params["w"]))


@both
def test_the_parameters_are_those_that_the_page_counts(layers, networks, formulas, oracle):
    """Filters, weights and their biases: # is the number of all entries."""
    model = networks[0][layers]
    page = oracle.program(getattr(formulas, f"parameters_{layers}"))
    count = page(C=2, F=3, U=3, V=3, D=27, M=5, K=4)
    assert sum(w.size for w in nn.named_parameters(model).values()) == count


# The backward pass


def test_a_bias_receives_from_every_active_position(rng):
    """b̄[f] = Σ z̄[n, f, p, q] [a[n, f, p, q] > 0] over all images and all positions."""
    layer = nn.Conv2d(2, 3, 3, rng=rng, padding="same", relu=True)
    layer.params["b"][...] = rng.normal(size=3)
    x, z_bar = rng.normal(size=(5, 2, 7, 6)), rng.normal(size=(5, 3, 7, 6))
    on = layer.forward(x) > 0
    layer.backward(z_bar)
    assert set(np.unique(on.mean(axis=(0, 2, 3)))).isdisjoint({0, 1})
    assert_allclose(layer.grads["b"], (z_bar * on).sum(axis=(0, 2, 3)), **ROUNDED)


# Before training


def test_the_first_loss_is_the_logarithm_of_ten(lab, rng):
    """Weights of a thousandth make scores near zero: ten classes share the probability."""
    model = lab.two_layer(rng=rng, std=1e-3)
    x, t = rng.normal(size=(20, 3, 32, 32)), rng.integers(10, size=20)
    loss, _ = loss_and_grads(model, cross_entropy, x, t)
    assert loss == pytest.approx(np.log(10), abs=1e-3)
    assert abs(LOSS_001 - np.log(10)) < 1e-3


def test_the_first_penalty_is_what_the_page_says(lab, formulas, oracle, rng):
    """L = ln K + λ/2 σ² #, here and as published; Σ w² has the relative deviation √(2/#)."""
    sizes = {"F": 32, "C": 3, "U": 5, "V": 5, "D": 8192, "K": 10}
    page = oracle.program(formulas.first_loss)(reg=1.0, std=1e-3, **sizes)
    penalty = page - np.log(10)
    model = lab.two_layer(rng=rng, std=1e-3)
    weights = nn.named_weights(model)
    ours = penalize(weights, 1.0, {name: 0.0 * w for name, w in weights.items()})
    stray = 4 * penalty * np.sqrt(2 / (32 * 75 + 81920))
    assert ours == pytest.approx(penalty, abs=stray)
    assert abs(LOSS_WITH_PENALTY_001 - LOSS_001 - penalty) < stray


@both
def test_every_gradient_agrees_with_differences(layers, networks):
    """Entry by entry, for all parameters, with the penalty: h² and ε/h are far below 1e-8."""
    models, x, t = networks
    model, h = models[layers], 1e-5
    _, grads = loss_and_grads(model, cross_entropy, x, t, l2=0.1)
    for name, w in nn.named_parameters(model).items():
        for entry in np.ndindex(w.shape):
            kept, ends = w[entry], []
            for step in (h, -h):
                w[entry] = kept + step
                ends.append(loss_and_grads(model, cross_entropy, x, t, l2=0.1)[0])
            w[entry] = kept
            assert grads[name][entry] == pytest.approx((ends[0] - ends[1]) / (2 * h), abs=1e-8)


def test_the_gradient_by_hand_is_that_of_the_tape(networks):
    """One backward rule after another, from the last layer to the first, gives the same."""
    models, x, t = networks
    w1, b1, w2, b2, w3, b3 = nn.named_parameters(models["three"]).values()
    maps = conv2d_bias_relu(x, w1, b1, padding=1)
    pooled = max_pool2d(maps, kernel_size=2)
    features = flatten(pooled)
    mixed = linear(features, w2, b2)
    hidden = relu(mixed)
    scores = linear(hidden, w3, b3)

    (bar,) = cross_entropy.vjp(None, scores, t, 1.0)
    bar, w3_bar, b3_bar = linear.vjp(scores, hidden, w3, b3, bar)
    (bar,) = relu.vjp(hidden, mixed, bar)
    bar, w2_bar, b2_bar = linear.vjp(mixed, features, w2, b2, bar)
    (bar,) = flatten.vjp(features, pooled, bar)
    (bar,) = max_pool2d.vjp(pooled, maps, bar, kernel_size=2)
    _, w1_bar, b1_bar = conv2d_bias_relu.vjp(maps, x, w1, b1, bar, padding=1)

    by_hand = w1_bar, b1_bar, w2_bar, b2_bar, w3_bar, b3_bar
    _, grads = loss_and_grads(models["three"], cross_entropy, x, t)
    for bar, gradient in zip(by_hand, grads.values(), strict=True):
        assert_allclose(gradient, bar, **ROUNDED)


def memorise(layer=None, N=50, epochs=20):
    """Train a small network on the first digits, perhaps with another layer in its middle."""
    digits = data.load("digits").centred(scale=1 / 8)
    model = TwoLayerConvNet((1, 8, 8), 8, 10, rng=np.random.default_rng(0), kernel_size=3)
    model.flatten = layer or model.flatten
    digits = replace(digits, train=digits.train.first(N))
    solver = Solver(model, digits, optimizer=Momentum(0.03), batch_size=10, epochs=epochs)
    solver.train()
    return solver


@trains
def test_fifty_digits_are_memorised():
    """Training accuracy one after twenty epochs, and a hundredth of the first loss."""
    history = memorise().history
    assert history.train_accuracy[-1] == 1.0
    assert history.train_loss[-1] < 0.01 * history.train_loss[0]


@trains
@pytest.mark.data
def test_fifty_photographs_are_memorised(lab, published):
    """With the published settings, ten epochs reach the published accuracy, 0.94, or more."""
    settings = {"batch_size": 10, "epochs": 10, "l2": 1e-3, "schedule": exponential(0.95)}
    solver = lab.on_cifar10(lab.two_layer, 0, N=50, optimizer=Momentum(1e-4), **settings)
    assert solver.train().train_accuracy[-1] >= 0.94


# The wrong version


class Mixed(nn.Layer):
    """Read memory that has the batch last as if it came first."""

    def __call__(self, x, rng=None):
        return x.transpose(1, 2, 3, 0).reshape(len(x), -1)


def test_mixed_images_pass_the_gradient_check(networks):
    """The gradient of the wrong layer is right: it is that of another function."""
    models, x, t = networks
    model = models["two"]
    model.flatten = Mixed()
    test_every_gradient_agrees_with_differences("two", (models, x, t))
    assert model(x).shape == (5, 4)


@trains
def test_mixed_images_cannot_be_memorised():
    """The rest of the batch changes from epoch to epoch; less than half is right in the end."""
    assert memorise(Mixed()).history.train_accuracy[-1] < 0.5


@both
def test_scores_do_not_depend_on_the_rest_of_the_batch(layers, networks):
    """The scores of a batch are those of its images, computed one by one."""
    models, x, _ = networks
    alone = np.concatenate([models[layers](x[n : n + 1]) for n in range(5)])
    assert_allclose(models[layers](x), alone, **ROUNDED)


def test_mixed_images_depend_on_the_rest_of_the_batch(networks):
    """Another image in the second position changes the scores of the first."""
    models, x, _ = networks
    model = models["two"]
    model.flatten = Mixed()
    y, other = model(x)[0], model(x[[0, 2, 2, 3, 4]])[0]
    assert np.abs(y - other).max() > 0.01


def test_channels_come_first(rng):
    """Images with channels last are refused, and the message has both values."""
    model = TwoLayerConvNet((3, 32, 32), 4, 10, rng=rng)
    with pytest.raises(ShapeError, match="C is 32 in x but 3 in w"):
        predict(model, rng.normal(size=(5, 32, 32, 3)))


# Training


@trains
@pytest.mark.data
def test_a_fifth_of_an_epoch_beats_a_linear_classifier(lab, published):
    """One on raw pixels ended at 0.254 in a published run."""
    settings = {"optimizer": Momentum(1e-4), "batch_size": 50, "epochs": 1}
    solver = lab.on_cifar10(lab.two_layer, 0, N=9800, **settings)
    assert solver.train().val_accuracy[-1] > 0.254 + 0.05


# Exercises


def sizes(rng):
    """Draw the sizes of four networks: of images, filters, window, hidden units and classes."""
    for C, F, window in rng.permuted([[1, 2, 3, 4], [1, 2, 3, 5], [1, 1, 3, 5]], axis=1).T.tolist():
        H, W = rng.permutation(range(2, 9))[:2].tolist()
        M, K = rng.permutation(range(1, 9))[:2].tolist()
        yield (C, H, W), F, window, M, K


@pytest.fixture(scope="module")
def compiled():
    """Compile the kernels that the truth takes, so that no answer has to wait for them."""
    model = ThreeLayerConvNet((1, 4, 4), 2, 3, 2, rng=np.random.default_rng(0), kernel_size=3)
    params = nn.named_parameters(model).values()
    y, pullback = vjp(with_parameters(model), np.zeros((1, 1, 4, 4)), *params)
    pullback(y)


@pytest.mark.usefixtures("compiled")
@pytest.mark.exercise("convnet-shapes", points=2)
def test_your_plan_is_that_of_the_network(answers, rng):
    """Each shape is that of the layer's output for one image, each count that of its arrays."""
    for size, F, window, M, K in [*sizes(rng), ((3, 32, 32), 7, 5, 11, 10)]:
        model = ThreeLayerConvNet(size, F, M, K, rng=rng, kernel_size=window)
        x, (w, _) = np.zeros((0, *size)), model.conv.params.values()  # of no images, no kernel runs
        maps = conv2d(x, w, **model.conv.options)
        pooled = model.conv(x)
        features = model.flatten(pooled)
        hidden = model.hidden(features)
        count = lambda layer: sum(w.size for w in layer.params.values())
        truth = [
            (maps.shape[1:], count(model.conv)),
            (pooled.shape[1:], 0),
            (features.shape[1:], 0),
            (hidden.shape[1:], count(model.hidden)),
            (model(x).shape[1:], count(model.output)),
        ]
        plan = answers.plan(size, F, window, M, K)
        assert [(tuple(shape), parameters) for shape, parameters in plan] == truth


def sandwiches(rng):
    """Draw four sandwiches: images, filters, biases, ȳ twice; y and the cotangents for both.

    Half of them are whole numbers, with a last filter that copies a channel, so that several
    entries of a window are the largest; and of several filters the maps of the first are zero.
    """
    for N, C, F, window in rng.permuted([[1, 2, 3, 4]] * 3 + [[1, 3, 3, 5]], axis=1).T.tolist():
        layer = nn.ConvReLUPool(C, F, window, rng=rng, padding="same")
        size = rng.permutation(range(2, 8))[:2]
        arrays = [rng.normal(size=shape) for shape in ((N, C, *size), (F, C, window, window), (F,))]
        x, w, b = map(np.rint, arrays) if N % 2 else (1e3 * arrays[0], *arrays[1:])
        if N % 2:
            w[0] = b[0] = w[-1] = 0
            w[-1, 0, window // 2, window // 2] = b[-1] = 1
        y, pullback = vjp(with_parameters(layer), x, w, b)
        y_bars = rng.normal(size=(2, *y.shape))
        yield (x, w, b), y.copy(), [(y_bar, pullback(y_bar)) for y_bar in y_bars]


def near(array):
    """Allow for roundings of sums whose terms are as large as the entries of an array."""
    return {"rtol": 1e-12, "atol": 1e-13 * max(1.0, np.abs(array).max())}


@pytest.mark.usefixtures("compiled")
@pytest.mark.exercise("convnet-sandwich", points=3)
def test_your_sandwich_goes_both_ways(answers, rng):
    """y, and x̄, w̄, b̄ for a ȳ drawn at random, are those of the layers of dlcore."""
    for arrays, truth, back in sandwiches(rng):
        y, pullback = answers.sandwich(*arrays)
        assert_allclose(y, truth, **near(truth))
        assert np.shape(y) == truth.shape
        for y_bar, bars in back:
            for bar, wanted in zip(pullback(y_bar), bars, strict=True):
                assert_allclose(bar, wanted, **near(wanted))
                assert np.shape(bar) == wanted.shape


@pytest.mark.usefixtures("compiled")
@pytest.mark.exercise("convnet-sandwich", points=3)
def test_your_ways_back_remember_their_own_input(answers, rng):
    """Also when other sandwiches have been made since, and when they are gone again."""
    drawn = list(sandwiches(rng))
    pullbacks = [answers.sandwich(*arrays)[1] for arrays, *_ in drawn]
    for (_, _, back), pullback in 2 * list(zip(drawn, pullbacks, strict=True)):
        for y_bar, bars in back:
            for bar, wanted in zip(pullback(y_bar), bars, strict=True):
                assert_allclose(bar, wanted, **near(wanted))


@pytest.mark.usefixtures("compiled")
@pytest.mark.exercise("convnet-forward", points=2)
def test_your_scores_are_those_of_the_network(answers, rng):
    """With biases everywhere, images that are not square, and parameters in any order."""
    for (size, F, window, M, K), N in zip(sizes(rng), rng.permutation([1, 2, 3, 5]), strict=True):
        model = ThreeLayerConvNet(size, F, M, K, rng=rng, kernel_size=window)
        for w in nn.named_parameters(model).values():
            w[...] = rng.normal(size=w.shape)
        params = dict(zip(NUMBERED, nn.named_parameters(model).values(), strict=True))
        x = 99 * rng.normal(size=(N, *size))
        y = model(x)
        for order in rng.permuted([NUMBERED, NUMBERED], axis=1).tolist():
            found = answers.scores({name: params[name].copy() for name in order}, x.copy())
            assert_allclose(found, y, rtol=1e-12, atol=1e-12 * np.abs(y).max())
            assert np.shape(found) == y.shape


@pytest.mark.exercise("convnet-loss", points=1)
def test_your_first_loss_is_ln_k_and_the_penalty(answers, rng):
    """ln K + λ/2 σ² #, where # counts the weights of a network that is drawn."""
    for size, F, window, _, K in [*sizes(rng), *sizes(rng), ((3, 32, 32), 4, 5, 1, 6)]:
        model = TwoLayerConvNet(size, F, K + 1, rng=rng, kernel_size=window)
        weights = sum(w.size for w in nn.named_weights(model).values())
        std = 10 ** rng.uniform(-4, -1)
        for reg in (0.0, rng.uniform(0.1, 9) / std):
            truth = np.log(K + 1) + reg / 2 * std**2 * weights
            found = answers.first_loss(size, F, window, K + 1, reg, std)
            assert_allclose(found, truth, rtol=1e-12)
            assert np.shape(found) == ()


def apart(rng, *shape):
    """Draw numbers that lie apart from each other and from zero: no kink is near."""
    places = rng.permutation(int(np.prod(shape))) - np.prod(shape) // 2
    return 0.2 * places.reshape(shape) + 0.1


def convolve(x, w, b):
    """Convolve with filters of three by three, and keep height and width."""
    wide = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)])
    views = np.lib.stride_tricks.sliding_window_view(wide, (3, 3), axis=(2, 3))
    return np.einsum("nchluv,fcuv->nfhl", views, w) + b[:, None, None]


def convolve_back(y_bar, x, w, b):
    """Pull ȳ back: for x̄ the filters are turned, for w̄ ȳ is the filter."""
    x_bar = convolve(y_bar, w[:, :, ::-1, ::-1].swapaxes(0, 1), np.zeros(x.shape[1]))
    wide = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)])
    views = np.lib.stride_tricks.sliding_window_view(wide, x.shape[2:], axis=(2, 3))
    return x_bar, np.einsum("ncuvhl,nfhl->fcuv", views, y_bar), y_bar.sum(axis=(0, 2, 3))


def largest(x):
    """Keep the largest entry of every window of two by two."""
    N, F, H, W = x.shape
    return x.reshape(N, F, H // 2, 2, W // 2, 2).max(axis=(3, 5))


def four_times(y):
    """Repeat every entry of maps in a window of two by two."""
    return y.repeat(2, axis=2).repeat(2, axis=3)


# Functions that a submission calls are of NumPy alone: compiling takes longer than it has.
WAYS = {
    "conv": (convolve, convolve_back),
    "relu": (lambda x: np.maximum(x, 0), lambda y_bar, x: (y_bar * (x > 0),)),
    "pool": (largest, lambda y_bar, x: (four_times(y_bar) * (x == four_times(largest(x))),)),
    "flatten": (lambda x: x.reshape(len(x), -1), lambda y_bar, x: (y_bar.reshape(x.shape),)),
    "linear": (
        lambda x, w, b: x @ w + b,
        lambda y_bar, x, w, b: (y_bar @ w.T, x.T @ y_bar, y_bar.sum(axis=0)),
    ),
}


def pieces(rng):
    """Draw the layers of a small network: forward pass, backward pass, arrays to try."""
    N, C, F, M = rng.permutation([2, 3, 4, 5])
    H, W = 2 * rng.permutation([1, 2, 3])[:2]
    D = F * H * W // 4
    arrays = {
        "conv": [rng.normal(size=size) for size in ((N, C, H, W), (F, C, 3, 3), (F,))],
        "relu": [apart(rng, N, F, H, W)],
        "pool": [apart(rng, N, F, H, W)],
        "flatten": [rng.normal(size=(N, F, H // 2, W // 2))],
        "linear": [rng.normal(size=size) for size in ((N, D), (D, M), (M,))],
    }
    return {name: (*ways, arrays[name]) for name, ways in WAYS.items()}


SLIPS = [  # of which layer, and what is done to its cotangents
    ("conv", lambda x, w, b, y_bar: (x, w, y_bar.sum(axis=0)[:, 0, 0])),
    ("conv", lambda x, w, b, y_bar: (x[..., ::-1, :], w, b)),
    ("conv", lambda x, w, b, y_bar: (x, w / len(x), b)),
    ("conv", lambda x, w, b, y_bar: (x, w[:, :, ::-1, ::-1], b)),
    ("relu", lambda x, y_bar: (y_bar,)),
    ("relu", lambda x, y_bar: (x * (y_bar > 0),)),
    ("pool", lambda x, y_bar: (four_times(y_bar),)),
    ("pool", lambda x, y_bar: (four_times(y_bar) / 4,)),
    ("flatten", lambda x, y_bar: (y_bar.ravel(order="F").reshape(x.shape),)),
    ("linear", lambda x, w, b, y_bar: (x, w, b / len(x))),
    ("linear", lambda x, w, b, y_bar: (x, w[::-1], b)),
    ("linear", lambda x, w, b, y_bar: (0 * x, w, b)),
]


def network_with(name, slip, place, rng):
    """Draw a network whose layers have any name, and one its place; return it and that name."""
    layers = pieces(rng)
    order = rng.permutation([each for each in layers if each != name]).tolist()
    if name:
        forward, right, xs = layers[name]
        layers[name] = forward, lambda bar, *xs: slip(*right(bar, *xs), bar), xs
        order.insert(place, name)
    called = dict(zip(layers, rng.permutation([*"abcdefghij"])[:5].tolist(), strict=True))
    return {called[each]: layers[each] for each in order}, called.get(name)


@pytest.mark.exercise("convnet-slip", points=2)
def test_your_check_finds_the_wrong_layer(answers, rng):
    """Twelve slips in five layers, at every place, and networks without any, in drawn order.

    A direction may hide a slip by accident, so that a second network is tried where one is missed.
    """

    def found(name, slip, place):
        layers, wanted = network_with(name, slip, place, rng)
        return answers.find_slip(layers, rng=rng) == wanted

    planned = [*SLIPS, *([(None, None)] * 3)]
    order = rng.permutation(len(planned))
    correct = [
        any(found(*planned[i], place % 5) for _ in range(2)) for place, i in enumerate(order)
    ]
    passed = all(correct)
    assert passed, "in some case the name of another layer, or None, is right"


def strangers(size, rng):
    """List networks on images of a size, and whether each judges an image by itself."""
    K = int(rng.integers(2, 6))
    w, v = rng.normal(size=(np.prod(size), 7)), rng.normal(size=(7, K))
    model = lambda x: np.tanh(x.reshape(len(x), -1) @ w / len(w) ** 0.5) @ v
    place, part = np.arange, rng.uniform(0.2, 0.9)
    alone = [
        model,
        lambda x: model(np.maximum(x, 0) - x[:, :, ::-1, ::-1]),
        lambda x: model(x - x.mean(axis=(1, 2, 3), keepdims=True)),
        lambda x: model(x) / np.linalg.norm(model(x), axis=1, keepdims=True),
        lambda x: model(x[:, :, ::-1]) - 9,
        lambda x: np.concatenate([model(x[n : n + 1]) for n in range(len(x))]),
        lambda x: 0 * model(x),
    ]
    aside = [
        lambda x: model(x - x.mean(axis=0)),
        lambda x: model(x) + part * (place(len(x)) == 1)[:, None],
        lambda x: model(np.concatenate([x[:-1], part * x[-1:] + (1 - part) * x[:1]])),
        lambda x: model(x.transpose(1, 2, 3, 0).reshape(len(x), -1)),
        lambda x: model(x) - model(x).max(axis=0),
        lambda x: model(x / np.abs(x).max()),
        lambda x: model(x + part * np.roll(x, 1, axis=0)),
        lambda x: model(x - part * x[-1:]),
        lambda x: model(x)[::-1],
        lambda x: model(x) / len(x),
        lambda x: model(x) + (place(K) == K - 1) * np.roll(x, 1, axis=0)[:, :1, 0, 0],
        lambda x: model(x) + np.eye(K)[0] * x.mean() - np.eye(K)[1] * x.mean(),
    ]
    return [(scores, True) for scores in alone] + [(scores, False) for scores in aside]


@pytest.mark.exercise("convnet-alone", points=2)
def test_your_lemma_knows_who_looks_aside(answers, rng):
    """Seven networks judge alone; twelve look at their neighbours, or at the place in the batch."""
    right = []
    for i in rng.permutation(19):
        C, H, W = rng.permutation([1, 2, 3, 4, 5])[:3].tolist()
        size = C, H + 1, W + 1
        scores, truth = strangers(size, rng)[i]
        right.append(bool(answers.judged_alone(scores, size, rng=rng) == truth))
    correct = all(right)
    assert correct, "of some network the opposite is right"


@pytest.mark.exercise("convnet-wrong-lines", points=0)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    yours = answers.wrong_lines()
    names = {
        "back_to_b": "convnet-line-3",
        "back_to_w": "convnet-line-12",
        "back_to_x": "convnet-line-5",
    }
    truth = [planted(f"convnet.{name}", slip)[0] for name, slip in names.items()]
    assert list(map(index, yours)) == truth
