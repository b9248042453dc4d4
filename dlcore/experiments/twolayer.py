"""Experiments of the two-layer network: the toys of the sources, and training as they do.

Chapter: book/twolayer.md.
"""

from types import SimpleNamespace

import numpy as np

from dlcore import nn
from dlcore.data import load
from dlcore.data.dataset import Examples
from dlcore.experiments.experiment import Claim, experiment, pack
from dlcore.nn.models import TwoLayer
from dlcore.ops.loss import cross_entropy
from dlcore.train.evaluation import accuracy
from dlcore.train.objective import loss_and_grads
from dlcore.train.optim import SGD, Momentum
from dlcore.train.schedule import exponential
from dlcore.train.solver import Solver

SCORES_001 = [
    [-0.5328368, 0.20031504, 0.93346689],
    [-0.59412164, 0.15498488, 0.9040914],
    [-0.67658362, 0.08978957, 0.85616275],
    [-0.77092643, 0.01339997, 0.79772637],
    [-0.89110401, -0.08754544, 0.71601312],
]
SCORES_003 = [
    [-0.81233741, -1.27654624, -0.70335995],
    [-0.17129677, -1.18803311, -0.47310444],
    [-0.51590475, -1.01354314, -0.8504215],
    [-0.15419291, -0.48629638, -0.52901952],
    [-0.00618733, -0.12435261, -0.15226949],
]


def toy():
    """Make a small network and five examples, all of evenly spaced numbers."""
    model = TwoLayer(4, 10, 3, rng=np.random.default_rng(0))
    params = {
        "hidden.w": np.linspace(-0.2, 0.6, 40).reshape(4, 10),
        "hidden.b": np.linspace(-0.3, 0.7, 10),
        "output.w": np.linspace(-0.4, 0.1, 30).reshape(10, 3),
        "output.b": np.linspace(-0.5, 0.9, 3),
    }
    nn.load(model, params)
    x = np.linspace(-0.2, 0.5, 20).reshape(5, 4)
    return model, x, np.array([0, 1, 2, 2, 1])


def toy_heidelberg():
    """The network of 003: weights 0.1 · N(0, 1) from seed 0, inputs 10 · N(0, 1) from seed 1."""
    draw = np.random.RandomState(0).randn
    model = TwoLayer(4, 10, 3, rng=np.random.default_rng(0))
    w1, w2 = 0.1 * draw(4, 10), 0.1 * draw(10, 3)
    b1, b2 = np.zeros(10), np.zeros(3)
    nn.load(model, {"hidden.w": w1, "hidden.b": b1, "output.w": w2, "output.b": b2})
    x = 10 * np.random.RandomState(1).randn(5, 4)
    return model, x, np.array([0, 1, 2, 2, 1])


def spiral(N, K, *, rng, noise=0.1):
    """Draw N points on K arms that wind once around the centre, and the number of their arm."""
    r, t = np.sqrt(np.linspace(0.02, 1.0, N)), np.arange(N) % K
    angle = 2 * np.pi * (t / K + r) + rng.normal(0.0, noise, N)
    return np.stack([r * np.cos(angle), r * np.sin(angle)], axis=1), t


def descend(model, x, t, *, optimizer, steps, gradients=None):
    """Take steps on the whole batch; return the loss before each of them.

    ``gradients(params, x, t)`` may name some gradients that replace the model's own.
    """
    losses = []
    for _ in range(steps):
        loss, grads = loss_and_grads(model, cross_entropy, x, t)
        grads |= gradients(nn.named_parameters(model), x, t) if gradients else {}
        optimizer.step(nn.named_parameters(model), grads)
        losses.append(loss)
    return losses


def as_data(x, t):
    """Let a handful of examples be training and validation set at once."""
    examples = Examples(x, t)
    return SimpleNamespace(train=examples, val=examples)


@experiment(
    "toy-scores",
    Claim("summed difference", 3.848682303e-08, "000, 001, handout scores", "equal", 5e-18),
    Claim("loss", 1.38191946092, "000", "equal", 5e-12),
    Claim("loss, difference", 4.67692551354e-12, "000, handout loss", "equal", 5e-16),
    quick=True,
)
def toy_scores(seed):
    """Scores and loss of the toy network."""
    model, x, t = toy()
    difference = np.abs(model(x) - SCORES_001).sum()
    loss, _ = loss_and_grads(model, cross_entropy, x, t, l2=0.1)
    return {
        "summed difference": difference,
        "loss": loss,
        "loss, difference": abs(loss - 1.38191946092),
    }, {}


@experiment(
    "heidelberg-scores", Claim("largest difference", 5e-9, "003", "below"), quick=True
)  # fmt: skip
def heidelberg_scores(seed):
    """Scores of the toy network of 003, printed there with eight decimals."""
    model, x, _ = toy_heidelberg()
    return {"largest difference": np.abs(model(x) - SCORES_003).max()}, {}


@experiment("heidelberg-toy", Claim("loss", 0.02, "003", "below"), quick=True)
def heidelberg_toy(seed):
    """A hundred steps on the toy network of 003; its call is lost, the settings are ours."""
    model, x, t = toy_heidelberg()
    solver = Solver(
        model, as_data(x, t), optimizer=SGD(0.1), schedule=exponential(0.95), batch_size=None,
        epochs=100, l2=1e-5,
    )  # fmt: skip
    history = solver.train()
    return {"loss": history.train_loss[-1]}, {"train_loss": np.array(history.train_loss)}


def fit(data, seed, *, M, std, factor, **settings):
    """Train as the handouts do: batches drawn with replacement, a smaller rate every epoch."""
    D, K = data.train.x[0].size, len(data.classes)
    rng = np.random.default_rng(seed)
    model = TwoLayer(D, M, K, rng=rng, std=std, dtype=np.float32)
    solver = Solver(
        model, data, schedule=exponential(factor), replacement=True, seed=seed, **settings
    )  # fmt: skip
    history = solver.train()
    test = data.test.first(1000)
    values = {
        "first loss": history.train_loss[0],
        "validation": max(history.val_accuracy),
        "test": accuracy(model, test.x, test.t),
        "full test set": accuracy(model, data.test.x, data.test.t),
    }
    picture = nn.named_parameters(model)["hidden.w"].T.reshape(M, *data.train.x.shape[1:])
    return values, {
        "train_loss": np.array(history.train_loss)[::10],
        "train_accuracy": history.train_accuracy,
        "val_accuracy": history.val_accuracy,
        "w1": pack(picture[:50]),
    }


@experiment(
    "two-layer-handout",
    Claim("first loss", 2.302593, "001", "equal", 5e-7),
    Claim("validation", 0.37, "001", "about"),
    data="cifar10",
)
def two_layer_handout(seed):
    """The handout's defaults on CIFAR-10: 50 hidden units, five epochs, a rate far too small."""
    return fit(
        load("cifar10").centred(), seed, M=50, std=1e-5,
        optimizer=Momentum(1e-5, momentum=0.9), factor=0.95, epochs=5, l2=1.0,
    )  # fmt: skip


@experiment(
    "two-layer-001",
    Claim("first loss", 2.302588, "001", "equal", 5e-7),
    Claim("validation", 0.515, "001", "about"),
    data="cifar10",
)
def two_layer_001(seed):
    """The tuning of 001: 100 hidden units, a rate ten times larger that is halved every epoch."""
    return fit(
        load("cifar10").centred(), seed, M=100, std=1e-5,
        optimizer=Momentum(1e-4, momentum=0.95), factor=0.5, epochs=5, l2=0.2,
    )  # fmt: skip


@experiment("two-layer-000", Claim("test", 0.512, "000", "about"), data="cifar10")
def two_layer_000(seed):
    """The tuning of 000: 50 hidden units, twenty epochs; its decay is illegible, 0.95 here."""
    return fit(
        load("cifar10").centred(), seed, M=50, std=1e-5,
        optimizer=Momentum(1e-4, momentum=0.9), factor=0.95, epochs=20, l2=0.4,
    )  # fmt: skip


@experiment("heidelberg-mnist", Claim("validation", 0.75, "003", "about"), data="mnist")
def heidelberg_mnist(seed):
    """The call of 003 on MNIST: 20 hidden units, 1000 steps, pixels 0 to 1, mean kept.

    Its text announces momentum, and its call passes none. It shows training image 42 first.
    """
    data = load("mnist").each(lambda x: np.float32(1 / 255) * x)
    values, history = fit(
        data, seed, M=20, std=1e-4,
        optimizer=SGD(0.05), factor=0.95, epochs=4, l2=0.1, batch_size=200, steps_per_epoch=250,
    )  # fmt: skip
    image, label = data.train.x[42, 0], data.train.t[42]
    return values, {**history, "image 42": pack(image), "class of image 42": int(label)}


@experiment("heidelberg-mnist-centred", data="mnist")
def heidelberg_mnist_centred(seed):
    """The same call of 003 on MNIST, but with the mean image subtracted."""
    return fit(
        load("mnist").centred(scale=1 / 255), seed, M=20, std=1e-4,
        optimizer=SGD(0.05), factor=0.95, epochs=4, l2=0.1, batch_size=200, steps_per_epoch=250,
    )  # fmt: skip
