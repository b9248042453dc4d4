"""ConvNets.  Each test is a lemma of `book/convnet.md`, in the order of the chapter."""

import importlib
import os
from dataclasses import replace

import numpy as np
import pytest
from dlcore.nn.sequential import ConvReLUPool, Sequential
from dlcore.ops.flatten import flatten
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.autodiff import value_and_grad
from dlcore.data import load
from dlcore.nn.activation import ReLU
from dlcore.nn.conv import Conv2d, Offset
from dlcore.nn.layer import Layer
from dlcore.nn.models.convnet import ThreeLayerConvNet, TwoLayerConvNet
from dlcore.nn.pool import MaxPool2d
from dlcore.ops.activation import relu
from dlcore.ops.conv import conv2d, convolution
from dlcore.ops.linear import linear
from dlcore.ops.loss import cross_entropy
from dlcore.ops.pool import max_pool2d
from dlcore.shapes import ShapeError
from dlcore.train.optim import Momentum
from dlcore.train.solver import Solver

COLUMN, PLACES = np.array([[0.0, 1, 0]] * 3), np.arange(8).reshape(2, 2, 2)
BY_HAND = {  # a filter for columns, one for rows; each class adds up one map
    "w1": np.stack([[COLUMN], [COLUMN.T]]),
    "b1": [-2, -2],
    "w2": np.stack([PLACES < 4, PLACES >= 4], axis=-1).reshape(8, 2),
    "b2": [0, 0],
}
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
    """Both networks, small, their offsets drawn as well, and images with labels for them."""
    two = TwoLayerConvNet((2, 7, 6), 3, 4, rng=rng, window=3)
    three = ThreeLayerConvNet((2, 7, 6), 3, 5, 4, rng=rng, window=3)
    for model in (two, three):
        for w in model.params.values():
            w[...] = rng.normal(size=w.shape) / 2
    return {"two": two, "three": three}, rng.normal(size=(5, 2, 7, 6)), rng.integers(4, size=5)


both = pytest.mark.parametrize("layers", ["two", "three"])


# By hand


def strokes():
    """Draw the four columns and the four rows that an image of four by four pixels has."""
    columns = np.zeros((4, 1, 4, 4))
    columns[range(4), :, :, range(4)] = 1
    return np.concatenate([columns, columns.swapaxes(2, 3)]), np.repeat([0, 1], 4)


@pytest.fixture
def whole(rng):
    """The network of whole numbers."""
    return TwoLayerConvNet((1, 4, 4), 2, 2, rng=rng, window=3).load(BY_HAND)


def test_no_linear_classifier_tells_columns_from_rows(rng):
    """The columns add up to the same image as the rows, so their scores have the same mean."""
    x, t = strokes()
    x = x.reshape(8, 16)
    assert_array_equal(x[t == 0].sum(axis=0), x[t == 1].sum(axis=0))
    y = x @ rng.normal(size=(16, 300)) + rng.normal(size=300)  # score of one class less the other
    assert (y[t == 0].max(axis=0) >= y[t == 1].min(axis=0)).all()


def test_two_filters_tell_columns_from_rows(whole):
    """The scores are (2, 0) for a column and (0, 2) for a row, wherever it stands."""
    x, t = strokes()
    assert whole.scores(x).tolist() == (2 * np.eye(2)[t]).tolist()


def test_the_way_back_by_hand_comes_out(whole):
    """Two places of the first map hear something, and no place of the second."""
    x, _ = strokes()
    whole.scores(x[1:2])
    bar = np.array([[1.0, -1]])
    for layer in reversed(whole.layers):
        bar = layer.backward(bar)
    filters, offsets = whole.layers[0].grads, whole.layers[2].grads
    assert filters["w"].tolist() == [[(2 * COLUMN).tolist()], [np.zeros((3, 3)).tolist()]]
    assert offsets["b"].tolist() == [2, 0]


# Layers in a row


def test_the_network_is_one_operation_after_another(networks):
    """conv – relu – pool – flatten – linear – relu – linear, with nothing in between."""
    models, x, _ = networks
    model = models["three"]
    w1, b1, w2, b2, w3, b3 = model.params.values()
    maps = relu(conv2d(x, w1, padding=1) + b1[:, None, None])
    features = max_pool2d(maps, window=2).reshape(len(x), -1)
    hidden = relu(features @ w2 + b2)
    assert_allclose(model.scores(x), hidden @ w3 + b3, **ROUNDED)


def test_a_sandwich_is_its_layers_in_a_row(rng):
    """Forwards and backwards, for the images, the filters and the offsets."""
    sandwich = ConvReLUPool(2, 3, 3, rng=rng, padding="same")
    conv, bend, pool = Conv2d(2, 3, 3, rng=rng, padding="same"), ReLU(), MaxPool2d(2)
    conv.params.update(zip("wb", sandwich.params.values(), strict=True))
    conv.params["b"][...] = rng.normal(size=3)
    x, y_bar = rng.normal(size=(5, 2, 6, 4)), rng.normal(size=(5, 3, 3, 2))
    y = pool.forward(bend.forward(conv.forward(x)))
    assert_allclose(sandwich.forward(x), y, **ROUNDED)
    x_bar = conv.backward(bend.backward(pool.backward(y_bar)))
    assert_allclose(sandwich.backward(y_bar), x_bar, **ROUNDED)
    for bar, ours in zip(conv.grads.values(), sandwich.grads.values(), strict=True):
        assert_allclose(bar, ours, **ROUNDED)


def test_the_bend_and_the_pooling_may_change_places(rng):
    """max(0, max x + b) = max(max(0, x + b)), and every entry of x hears the same, ties or not."""
    x, y_bar = rng.integers(-3, 3, size=(5, 2, 6, 4)).astype(float), rng.normal(size=(5, 2, 3, 2))
    ways = []
    b = rng.integers(-2, 2, size=2).astype(float)
    for row in ((Offset(2), ReLU(), MaxPool2d(2)), (MaxPool2d(2), Offset(2, rectify=True))):
        layers = Sequential(*row)
        layers.params["b"][...] = b
        ways.append((layers.forward(x), layers.backward(y_bar)))
    assert_array_equal(ways[0][0], ways[1][0])
    assert_array_equal(ways[0][1], ways[1][1])


def test_the_program_flattens_as_the_page_does(formulas, oracle, rng):
    """Pixel (c, h, l) becomes feature (c H + h) W + l, and the way back undoes it."""
    x = rng.normal(size=(5, 2, 4, 3))
    y = flatten(x)
    assert_array_equal(x, oracle.program(formulas.flatten)(y=y, C=2, H=4, W=3))
    assert_array_equal(flatten.vjp(y, x, y)[0], x)


def test_the_last_layer_is_a_convolution_too(rng):
    """Its windows are as large as the map, so there is a single place."""
    x, w, b = rng.normal(size=(5, 2, 4, 3)), rng.normal(size=(24, 7)), rng.normal(size=7)
    filters = w.T.reshape(7, 2, 4, 3)
    y = convolution(x, filters, b)
    assert y.shape == (5, 7, 1, 1)
    assert_allclose(linear(flatten(x), w, b), y[:, :, 0, 0], **ROUNDED)


# Sizes


@pytest.mark.parametrize("size", [(3, 32, 32), (2, 7, 6), (1, 2, 3)])
def test_the_features_are_those_that_the_page_counts(size, formulas, oracle, rng):
    """D = F ⌊H/2⌋ ⌊W/2⌋: a last row or column that fills no window is left out."""
    model = TwoLayerConvNet(size, 3, 4, rng=rng)
    C, H, W = size
    x = rng.normal(size=(5, *size))
    model.scores(x)
    count = oracle.program(formulas.features)(F=3, H=H, W=W)
    assert model.layers[-2].y.shape == (5, count) == (5, len(model.params["w2"]))


@both
def test_the_parameters_are_those_that_the_page_counts(layers, networks, formulas, oracle):
    """Filters, weights and their offsets: # is the number of all entries."""
    model = networks[0][layers]
    page = oracle.program(getattr(formulas, f"parameters_{layers}"))
    count = page(C=2, F=3, U=3, V=3, D=27, M=5, K=4)
    assert sum(w.size for w in model.params.values()) == count


def test_images_smaller_than_a_window_are_refused(rng):
    """The message names the height and the width."""
    with pytest.raises(ValueError, match=r"H, W is \(1, 5\) in size, pass images of 2 × 2 or more"):
        TwoLayerConvNet((3, 1, 5), 2, 4, rng=rng)


# The way back


def test_an_offset_hears_every_place_that_was_on(rng):
    """b̄[f] = Σ z̄[n, f, p, q] [a[n, f, p, q] > 0] over all images and all places."""
    layer = Conv2d(2, 3, 3, rng=rng, padding="same", rectify=True)
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
    loss, _ = model.loss(rng.normal(size=(20, 3, 32, 32)), rng.integers(10, size=20))
    assert loss == pytest.approx(np.log(10), abs=1e-3)
    assert abs(LOSS_001 - np.log(10)) < 1e-3


def test_the_first_penalty_can_be_counted(lab, formulas, oracle, rng):
    """L = ln K + λ/2 σ² #, also for the source; Σ w² strays by √(2/#) of itself."""
    sizes = {"F": 32, "C": 3, "U": 5, "V": 5, "D": 8192, "K": 10}
    page = oracle.program(formulas.first_loss)(reg=1.0, std=1e-3, **sizes)
    penalty = page - np.log(10)
    model = lab.two_layer(rng=rng, std=1e-3)
    ours = model.penalize(1.0, {name: 0.0 * w for name, w in model.params.items()})
    stray = 4 * penalty * np.sqrt(2 / (32 * 75 + 81920))
    assert ours == pytest.approx(penalty, abs=stray)
    assert abs(LOSS_WITH_PENALTY_001 - LOSS_001 - penalty) < stray


@both
def test_every_gradient_agrees_with_differences(layers, networks):
    """Entry by entry, for all parameters, with the penalty: h² and ε/h are far below 1e-8."""
    models, x, t = networks
    model, h = models[layers], 1e-5
    _, grads = model.loss(x, t, 0.1)
    for name, w in model.params.items():
        for entry in np.ndindex(w.shape):
            kept, ends = w[entry], []
            for step in (h, -h):
                w[entry] = kept + step
                ends.append(model.loss(x, t, 0.1)[0])
            w[entry] = kept
            assert grads[name][entry] == pytest.approx((ends[0] - ends[1]) / (2 * h), abs=1e-8)


@pytest.mark.parametrize("name", ["w1", "b1", "w2", "b2", "w3", "b3"])
def test_the_gradient_by_hand_is_the_gradient_of_the_tape(name, networks):
    """The loss in one expression, walked back by the machine, gives what the layers keep."""
    models, x, t = networks
    model = models["three"]

    def loss(w):
        w1, b1, w2, b2, w3, b3 = {**model.params, name: w}.values()
        maps = max_pool2d(relu(convolution(x, w1, b1, padding=1)), window=2)
        hidden = relu(linear(flatten(maps), w2, b2))
        return cross_entropy(linear(hidden, w3, b3), t)

    gradient = value_and_grad(loss)(model.params[name])[1]
    assert_allclose(gradient, model.loss(x, t)[1][name], **ROUNDED)


def by_heart(layer=None, N=50, epochs=20):
    """Train a small network on the first digits, perhaps with another layer in its middle."""
    data = load("digits").centred(scale=1 / 8)
    model = TwoLayerConvNet((1, 8, 8), 8, 10, rng=np.random.default_rng(0), window=3)
    model.layers[-2] = layer or model.layers[-2]
    data = replace(data, train=data.train.first(N))
    solver = Solver(model, data, rule=Momentum(0.03), batch=10, epochs=epochs)
    solver.train()
    return solver


@trains
def test_fifty_digits_are_learned_by_heart():
    """Training accuracy one after twenty epochs, and a hundredth of the first loss."""
    history = by_heart().history
    assert history.train[-1] == 1.0
    assert history.losses[-1] < 0.01 * history.losses[0]


@trains
@pytest.mark.data
def test_fifty_photographs_are_learned_by_heart(lab, published):
    """With the settings of 001, ten epochs are enough for 0.94 at least, which it prints."""
    settings = {"batch": 10, "epochs": 10, "reg": 1e-3}
    solver = lab.on_cifar10(lab.two_layer, 0, N=50, rule=Momentum(1e-4), **settings)
    assert solver.train().train[-1] >= 0.94


# The wrong version


class Mixed(Layer):
    """Read memory with the batch innermost as if it were outermost."""

    def __init__(self):
        super().__init__(None)

    def forward(self, x):
        self.shape = x.shape
        return x.transpose(1, 2, 3, 0).reshape(len(x), -1)

    def backward(self, y_bar):
        N, C, H, W = self.shape
        return y_bar.reshape(C, H, W, N).transpose(3, 0, 1, 2)


def test_mixed_images_pass_the_gradient_check(networks):
    """The way back of the wrong layer is right: it is that of another function."""
    models, x, t = networks
    model = models["two"]
    model.layers[-2] = Mixed()
    test_every_gradient_agrees_with_differences("two", (models, x, t))
    assert model.scores(x).shape == (5, 4)


@trains
def test_mixed_images_cannot_be_learned_by_heart():
    """Their neighbours change from epoch to epoch; the right network has long arrived."""
    assert by_heart(Mixed()).history.train[-1] < 0.5


@both
def test_an_image_is_judged_alone(layers, networks):
    """The scores of a batch are those of its images, asked one by one."""
    models, x, _ = networks
    alone = np.concatenate([models[layers].scores(x[n : n + 1]) for n in range(5)])
    assert_allclose(models[layers].scores(x), alone, **ROUNDED)


def test_mixed_images_are_not_judged_alone(networks):
    """Another image in the second place changes the scores of the first."""
    models, x, _ = networks
    model = models["two"]
    model.layers[-2] = Mixed()
    y, other = model.scores(x)[0], model.scores(x[[0, 2, 2, 3, 4]])[0]
    assert np.abs(y - other).max() > 0.01


def test_channels_come_first(rng):
    """Images with channels last, as the source left its test set, are refused with both values."""
    model = TwoLayerConvNet((3, 32, 32), 4, 10, rng=rng)
    with pytest.raises(ShapeError, match="C is 32 in x but 3 in w"):
        model.predict(rng.normal(size=(5, 32, 32, 3)))


# Training


@trains
@pytest.mark.data
def test_a_fifth_of_an_epoch_beats_every_pixel_template(lab, published):
    """A linear classifier of the source ended at 0.254 on raw pixels."""
    solver = lab.on_cifar10(lab.two_layer, 0, N=9800, rule=Momentum(1e-4), batch=50, epochs=1)
    assert solver.train().val[-1] > 0.254 + 0.05


# Exercises


@pytest.mark.exercise("convnet-shapes", points=2)
@pytest.mark.parametrize("size", [(3, 32, 32), (2, 9, 7), (1, 5, 8)])
def test_your_plan_is_that_of_the_network(answers, size, rng):
    """Each shape is that of the layer's output for one image, each count that of its arrays."""
    model = ThreeLayerConvNet(size, 4, 6, 5, rng=rng, window=3)
    model.scores(np.zeros((1, *size)))
    conv, pool, offset, flat, hidden, _, last = model.layers
    count = lambda layer: sum(w.size for w in layer.params.values())
    truth = [(layer.y.shape[1:], count(layer)) for layer in (conv, pool, flat, hidden, last)]
    truth[0] = truth[0][0], count(conv) + count(offset)
    plan = answers.plan(size, 4, 3, 6, 5)
    assert [(tuple(shape), parameters) for shape, parameters in plan] == truth


@pytest.mark.exercise("convnet-sandwich", points=3)
@pytest.mark.parametrize("window", [1, 3])
def test_your_sandwich_goes_both_ways(answers, window, rng):
    """y, and x̄, w̄, b̄ for a ȳ drawn at random, are those of the layers of dlcore."""
    layers = ConvReLUPool(2, 3, window, rng=rng, padding="same")
    w, b = layers.params.values()
    b[...] = rng.normal(size=3)
    x, y_bar = rng.normal(size=(5, 2, 6, 4)), rng.normal(size=(5, 3, 3, 2))
    y, pullback = answers.sandwich(x, w, b)
    assert_allclose(y, layers.forward(x), **ROUNDED)
    truth = layers.backward(y_bar), *layers.grads.values()
    for bar, ours in zip(pullback(y_bar), truth, strict=True):
        assert_allclose(bar, ours, **ROUNDED)


@pytest.mark.exercise("convnet-forward", points=2)
@pytest.mark.parametrize("size", [(2, 6, 4), (3, 5, 8)])
def test_your_scores_are_those_of_the_network(answers, size, rng):
    """With offsets everywhere, and images that are not square."""
    model = ThreeLayerConvNet(size, 4, 6, 5, rng=rng, window=3)
    for b in ("b1", "b2", "b3"):
        model.params[b][...] = rng.normal(size=model.params[b].shape)
    x = rng.normal(size=(7, *size))
    assert_allclose(answers.scores(model.params, x), model.scores(x), **ROUNDED)


@pytest.mark.exercise("convnet-loss", points=1)
@pytest.mark.parametrize(("size", "reg"), [((3, 32, 32), 1.0), ((2, 9, 7), 3.0), ((1, 5, 8), 0.0)])
def test_your_first_loss_is_ln_k_and_the_price(answers, size, reg, rng):
    """ln K + λ/2 σ² #, where # counts the weights of a network that is drawn."""
    model = TwoLayerConvNet(size, 4, 6, rng=rng, window=5)
    weights = sum(w.size for w in model.params.values() if w.ndim > 1)
    truth = np.log(6) + reg / 2 * 0.01**2 * weights
    assert_allclose(answers.first_loss(size, 4, 5, 6, reg, 0.01), truth, rtol=1e-12)


def pieces(rng):
    """Name the layers of a small network: the way forward, the way back, arrays to try."""
    shapes = {
        "conv": [(3, 2, 6, 4), (5, 2, 3, 3), (5,)], "relu": [(3, 5, 6, 4)], "pool": [(3, 5, 6, 4)],
        "flatten": [(3, 5, 3, 2)], "linear": [(3, 30), (30, 7), (7,)],
    }  # fmt: skip
    ops = {"conv": convolution, "relu": relu, "pool": max_pool2d, "flatten": flatten,
           "linear": linear}  # fmt: skip
    options = {"conv": {"padding": 1}, "pool": {"window": 2}}
    layers = {}
    for name, op in ops.items():
        more = options.get(name, {})
        forward = lambda *xs, op=op, more=more: op(*xs, **more)
        backward = lambda bar, *xs, op=op, more=more: op.vjp(op(*xs, **more), *xs, bar, **more)
        layers[name] = forward, backward, [rng.normal(size=each) for each in shapes[name]]
    return layers


SLIPS = {  # what is done to the cotangents of one layer
    "conv": [
        lambda x, w, b, y_bar: (x, w, y_bar.sum(axis=0)[:, 0, 0]),
        lambda x, w, b, y_bar: (x[..., ::-1, :], w, b),
        lambda x, w, b, y_bar: (x, w / len(x), b),
    ],
    "relu": [lambda x, y_bar: (y_bar,)],
    "pool": [lambda x, y_bar: (y_bar.repeat(2, axis=2).repeat(2, axis=3),)],
    "flatten": [lambda x, y_bar: (y_bar.reshape(3, 3, 2, 5).transpose(0, 3, 1, 2),)],
    "linear": [lambda x, w, b, y_bar: (x, w, b / len(x))],
}
planned = [(name, slip) for name, slips in SLIPS.items() for slip in slips]


@pytest.mark.exercise("convnet-slip", points=2)
@pytest.mark.parametrize(("name", "slip"), [(None, None), *planned])
def test_your_check_finds_the_wrong_layer(answers, name, slip, rng):
    """Seven slips in five layers, one at a time, and a network without any."""
    layers = pieces(rng)
    if name:
        forward, right, xs = layers[name]
        layers[name] = forward, lambda bar, *xs: slip(*right(bar, *xs), bar), xs
    assert answers.find_slip(layers, rng=rng) == name


def strangers(rng):
    """List networks on images (2, 4, 6), and whether each judges an image by itself."""
    model = TwoLayerConvNet((2, 4, 6), 3, 5, rng=rng, window=3)
    mixed = TwoLayerConvNet((2, 4, 6), 3, 5, rng=rng, window=3)
    mixed.layers[-2] = Mixed()
    return [
        (model.scores, True),
        (mixed.scores, False),
        (lambda x: model.scores(x - x.mean(axis=0)), False),
        (lambda x: model.scores(x) + 0.1 * (np.arange(len(x)) == 1)[:, None], False),
        (lambda x: model.scores(np.concatenate([x[:-1], 0.9 * x[-1:] + 0.1 * x[:1]])), False),
    ]


@pytest.mark.exercise("convnet-alone", points=2)
@pytest.mark.parametrize("stranger", range(5))
def test_your_lemma_knows_who_looks_aside(answers, stranger, rng):
    """One network judges alone; four look at their neighbours, or at the place in the batch."""
    scores, truth = strangers(rng)[stranger]
    assert answers.judged_alone(scores, (2, 4, 6), rng=rng) == truth


@pytest.mark.exercise("convnet-wrong-lines", points=2)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    yours = answers.wrong_lines()
    names = {
        "back_to_b": "convnet-line-3",
        "back_to_w": "convnet-line-12",
        "back_to_x": "convnet-line-5",
    }
    truth = [planted(f"convnet.{name}", slip)[0] for name, slip in names.items()]
    assert list(yours) == truth
