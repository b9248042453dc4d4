"""Experiments of the two ConvNets: checks on small ones, and training as the sources do.

Chapter: book/convnet.md.
"""

import time
from dataclasses import replace
from math import prod

import numpy as np

from dlcore import nn
from dlcore.autodiff.derivative import entrywise, relative_error
from dlcore.data import load
from dlcore.experiments.experiment import Claim, experiment, pack
from dlcore.experiments.family import Comparison, family
from dlcore.nn.accounting import account
from dlcore.nn.models import LinearClassifier, ThreeLayerConvNet, TwoLayerConvNet
from dlcore.ops.loss import cross_entropy
from dlcore.train.evaluation import accuracy
from dlcore.train.objective import loss_and_grads
from dlcore.train.optim import Adam, Momentum
from dlcore.train.recipes import prepare, recipe
from dlcore.train.schedule import exponential
from dlcore.train.solver import Solver

SIZE = (3, 32, 32)
STD = 1e-3  # of the first weights, in both sources


def run(solver):
    """Train; return accuracies, the time it took, the curves, and pictures of the filters."""
    model, data = solver.model, solver.data
    first = data.train.first(2)
    loss_and_grads(model, cross_entropy, first.x, first.t)  # compiles what must be compiled
    start = time.perf_counter()
    history = solver.train()
    seconds, first = time.perf_counter() - start, data.test.first(1000)
    values = {
        "validation": max(history.val_accuracy),
        "training": history.train_accuracy[int(np.argmax(history.val_accuracy))],
        "test": accuracy(model, first.x, first.t),
        "full test set": accuracy(model, data.test.x, data.test.t),
        "seconds of training": seconds,
    }
    return values, {
        "train_loss": np.array(history.train_loss)[:: max(1, len(history.train_loss) // 400)],
        "train_accuracy": history.train_accuracy,
        "val_accuracy": history.val_accuracy,
        "learning_rate": history.learning_rate,
        "w1": pack(nn.named_parameters(model)["conv.w"]),
    }


def on_cifar10(make, seed, *, N=None, **settings):
    """Set up a run on CIFAR-10 as the sources do: mean subtracted, pixels up to 255."""
    data = load("cifar10").centred()
    if N is not None:
        data = replace(data, train=data.train.first(N))
    model = make(rng=np.random.default_rng(seed), std=STD, dtype=np.float32)
    return Solver(model, data, seed=seed, **settings)


def two_layer(**drawn):
    """The network of 001: 32 filters of 5 × 5."""
    return TwoLayerConvNet(SIZE, 32, 10, **drawn)


def three_layer(**drawn):
    """The network of 002: 32 filters of 7 × 7, and 512 hidden units."""
    return ThreeLayerConvNet(SIZE, 32, 512, 10, **drawn)


@experiment(
    "convnet-sanity",
    Claim("loss", 2.3, "001, to two places", "equal", 0.005),
    Claim("loss with penalty", 2.34, "001, to two places", "equal", 0.005),
    quick=True,
)
def convnet_sanity(seed):
    """The first loss of the two-layer ConvNet on noise, without a penalty and with l2 = 1."""
    rng = np.random.default_rng(seed)
    model = two_layer(rng=rng, std=STD)
    x, t = rng.standard_normal((100, *SIZE)), rng.integers(10, size=100)
    loss = lambda l2: loss_and_grads(model, cross_entropy, x, t, l2=l2)[0]
    return {"loss": loss(0.0), "loss with penalty": loss(1.0)}, {}


@experiment(
    "convnet-gradient",
    Claim("conv.w", 7.991980e-07, "001, W1", "below"),
    Claim("conv.b", 1.335139e-07, "001, b1", "below"),
    Claim("output.w", 3.118514e-06, "001, W2", "below"),
)
def convnet_gradient(seed):
    """Every gradient of a small two-layer ConvNet beside differences: largest relative error."""
    rng = np.random.default_rng(seed)
    model = TwoLayerConvNet((3, 16, 16), 3, 10, rng=rng, kernel_size=3)
    x, t = rng.standard_normal((2, 3, 16, 16)), rng.integers(10, size=2)
    names = list(nn.named_parameters(model))
    first = [w.copy() for w in nn.named_parameters(model).values()]

    def loss(units, h):
        nn.load(model, {k: w + h * u for k, w, u in zip(names, first, units, strict=True)})
        return cross_entropy(model(x), t)

    h = 1e-5
    slopes = entrywise(lambda units: (loss(units, h) - loss(units, -h)) / (2 * h), first)
    nn.load(model, dict(zip(names, first, strict=True)))
    grads = loss_and_grads(model, cross_entropy, x, t)[1]
    return {k: relative_error(grads[k], s) for k, s in zip(names, slopes, strict=True)}, {}


def counted(number, what):
    """Claim a number of weights or activations that 002 counts."""
    return Claim(what, number, "002", "equal", 0.5)


@experiment(
    "convnet-sizes",
    counted(3072, "weights of a unit, 32 × 32 × 3"),
    counted(120_000, "weights of a unit, 200 × 200 × 3"),
    counted(32 * 32 * 12, "numbers after CONV"),
    counted(32 * 32 * 12, "numbers after RELU"),
    counted(16 * 16 * 12, "numbers after POOL"),
    counted(10, "numbers after FC"),
    quick=True,
)
def convnet_sizes(seed):
    """The sizes of the network with twelve filters that 002 describes, as the library counts."""
    unit = lambda *size: LinearClassifier(prod(size), 1, rng=None)
    weights = {size: nn.named_parameters(unit(size, size, 3))["w"].size for size in (32, 200)}
    drawn = {"rng": np.random.default_rng(seed)}
    layers = {
        "CONV": nn.Conv2d(3, 12, 5, padding="same", **drawn),
        "RELU": nn.ReLU(),
        "POOL": nn.MaxPool2d(2),
        "FC": nn.Linear(16 * 16 * 12, 10, **drawn),
    }
    image, *rows = account(nn.Sequential(*layers.values()), SIZE)
    return {
        **{f"weights of a unit, {size} × {size} × 3": count for size, count in weights.items()},
        **{
            f"numbers after {name}": prod(row.shape) for name, row in zip(layers, rows, strict=True)
        },
    }, {}


@experiment("convnet-overfit", Claim("training", 0.94, "001", "at least"), data="cifar10")
def convnet_overfit(seed):
    """The two-layer ConvNet on fifty images, ten epochs, with the settings of 001."""
    solver = on_cifar10(
        two_layer,
        seed,
        N=50,
        optimizer=Momentum(1e-4, momentum=0.9),
        schedule=exponential(0.95),
        batch_size=10,
        epochs=10,
        l2=1e-3,
    )
    values, history = run(solver)
    return values | {"training": history["train_accuracy"][-1]}, history


def as_in_001(seed):
    """Set up the two-layer ConvNet with the settings of 001, for one epoch."""
    return on_cifar10(
        two_layer, seed, optimizer=Momentum(1e-4, momentum=0.9), batch_size=50, epochs=1, l2=1e-3
    )


@experiment("two-layer-convnet-001", Claim("validation", 0.501, "001", "about"), data="cifar10")
def two_layer_convnet_001(seed):
    """The two-layer ConvNet with the settings of 001, one epoch."""
    return run(as_in_001(seed))


@experiment(
    "three-layer-convnet-002",
    Claim("training", 0.558, "002", "about"),
    Claim("validation", 0.55, "002", "about"),
    Claim("test", 0.545, "002", "about"),
    data="cifar10",
)
def three_layer_convnet_002(seed):
    """The three-layer ConvNet with the settings of 002, three epochs."""
    return run(on_cifar10(
        three_layer, seed, optimizer=Adam(1e-3), batch_size=50, epochs=3, l2=1e-3
    ))  # fmt: skip


@experiment(
    "two-layer-convnet",
    Claim("validation", 0.54, "this book's aim"),
    Claim("seconds of training", 15.0, "this book's aim", "below"),
    data="cifar10",
)
def two_layer_convnet(seed):
    """The two-layer ConvNet for one epoch, as `dlcore train two-layer-convnet --data cifar10`."""
    return run(prepare(recipe("two-layer-convnet", "cifar10"), "cifar10", seed=seed))


@family(
    "convnet-seeds",
    {"published": {"recipe": False}, "this book's": {"recipe": True}},
    [Comparison("test", "this book's", "published", "the settings of this book are better")],
)
def convnet_seeds(setting, seed):
    """The two-layer ConvNet after one epoch, with both settings, from six seeds."""
    ours = recipe("two-layer-convnet", "cifar10")
    solver = prepare(ours, "cifar10", seed=seed) if setting["recipe"] else as_in_001(seed)
    history, test = solver.train(), solver.data.test
    return {"test": accuracy(solver.model, *test), "val_accuracy": max(history.val_accuracy)}


@experiment(
    "three-layer-convnet",
    Claim("test", 0.545, "002"),
    Claim("full test set", 0.68, "this book's aim"),
    Claim("seconds of training", 120.0, "this book's aim", "below"),
    data="cifar10",
)
def three_layer_convnet(seed):
    """The three-layer ConvNet, as `dlcore train three-layer-convnet --data cifar10`."""
    return run(prepare(recipe("three-layer-convnet", "cifar10"), "cifar10", seed=seed))
