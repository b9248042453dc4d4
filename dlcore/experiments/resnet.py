"""Experiments of the chapter on residual networks.

Chapter: book/resnet.md.
"""

from functools import partial
from math import comb

import numpy as np

from dlcore import nn
from dlcore.experiments.experiment import Claim, experiment
from dlcore.experiments.norm import WIDTH, at_best_rate, network
from dlcore.nn.models import ResNet
from dlcore.train.objective import loss_and_grads

# Networks on the digits: plain layers of the chapter on normalisation, and residual blocks


class LinearBlock(nn.Layer):
    """Add two linear layers of D features to what they read:  y = relu(x + f(x)).

    With `norm` each is normalised, and nothing is begun at 0. Without, the last weights of the
    branch begin at 0, so that the block begins as  relu(x).
    """

    def __init__(self, D, *, norm, rng, dtype=np.float64):
        drawn = {"rng": rng, "dtype": dtype}
        self.first, self.second = nn.Linear(D, D, **drawn), nn.Linear(D, D, **drawn)
        self.norm1 = nn.BatchNorm(D, relu=True, dtype=dtype) if norm else None
        self.norm2 = nn.BatchNorm(D, relu=True, dtype=dtype) if norm else None
        self.relu = nn.ReLU()
        if not norm:
            self.second.params["w"][...] = 0

    def __call__(self, x, rng=None):
        """Compute the features of a batch."""
        if self.norm1 is None:
            return self.relu(x + self.second(self.relu(self.first(x))))
        y = self.norm1(self.first(x), rng)
        return self.norm2(self.second(y), rng, shortcut=x)


def residual_network(depth, *, norm, rng, D=WIDTH):
    """Build a first linear layer, blocks of two, and a last one:  depth layers in all."""
    drawn = {"rng": rng, "dtype": np.float32}
    first = [nn.Linear(64, D, **drawn), nn.BatchNorm(D, relu=True, dtype=np.float32)]
    if not norm:
        first[1] = nn.ReLU()
    blocks = [LinearBlock(D, norm=norm, **drawn) for _ in range((depth - 2) // 2)]
    return nn.Sequential(*first, *blocks, nn.Linear(D, 10, **drawn))


NETWORKS = {
    "8 layers": partial(network, 8, norm=False),
    "20 layers": partial(network, 20, norm=False),
    "20 layers, batch norm": partial(network, 20, norm=True),
    "8 layers, residual": partial(residual_network, 8, norm=False),
    "20 layers, residual": partial(residual_network, 20, norm=False),
    "20 layers, residual, batch norm": partial(residual_network, 20, norm=True),
}


@experiment(
    "resnet-depth",
    Claim("20 layers over 8", 2.0, "this book's aim"),
    Claim("20 layers, residual over 8 layers", 2.0, "this book's aim", "below"),
)
def resnet_depth(seed):
    """The training loss of plain and of residual layers on the digits, at the best rates."""
    rates, runs = {}, {}
    for name, build in NETWORKS.items():
        rates[name], runs[name] = at_best_rate(lambda rng, build=build: build(rng=rng))
    last = {name: run[:, -1].mean() for name, run in runs.items()}
    values = last | {f"rate of {name}": rate for name, rate in rates.items()}
    values["20 layers over 8"] = last["20 layers"] / last["8 layers"]
    values["20 layers, residual over 8 layers"] = last["20 layers, residual"] / last["8 layers"]
    return values, {"losses": runs}


def shares(L, a):
    """Return the share of the paths of 0, 1, … L branches, if each branch multiplies by a.

    >>> shares(2, 1.0).tolist()
    [0.25, 0.5, 0.25]
    """
    return np.array([comb(L, k) * a**k / (1 + a) ** L for k in range(L + 1)])


# Sizes of features behind drawn blocks, and gradients at the beginning


def mean_squares(blocks, kind, *, D=400, N=200, seed=0):
    """Return the mean squares behind 0, 1, … blocks with drawn weights:  x + c f(x).

    f is a ReLU and a linear layer of He's variance. It is added as it is (kind "plain"), divided
    by the root of the number of blocks ("scaled"), or normalised ("norm") [He2015]_.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, D))
    kept = [np.mean(x**2)]
    for _ in range(blocks):
        f = np.maximum(x, 0) @ nn.Linear(D, D, rng=rng).params["w"]
        if kind == "norm":
            f = (f - f.mean(axis=0)) / f.std(axis=0)
        x = x + (f / np.sqrt(blocks) if kind == "scaled" else f)
        kept.append(np.mean(x**2))
    return np.array(kept)


def initial_gradients(block, rng):
    """Map the name of each parameter of a block to the norm of its first gradient.

    For a drawn batch, and an upstream gradient that is drawn, too.
    """
    x = rng.normal(size=(6, 4, 5, 7))
    _, grads = loss_and_grads(block, drawn_loss(rng), x, None, rng)
    return {path: float(np.linalg.norm(bar)) for path, bar in grads.items()}


def drawn_loss(rng):
    """Make a loss  Σ ȳ y  with an upstream gradient ȳ that is drawn once."""
    seed = int(rng.integers(2**31))
    return lambda y, _: np.sum(np.random.default_rng(seed).normal(size=y.shape) * y)


# What others report

PUBLISHED = {"learning rate": 0.1, "momentum": 0.9, "weight decay": 1e-4}  # [He2016]_
REPORTED = {  # errors on CIFAR-10 in percent: [He2016]_, and akamaster/pytorch_resnet_cifar10
    20: (8.75, 8.27), 32: (7.51, 7.37), 44: (7.17, 6.90), 56: (6.97, 6.61), 110: (6.43, 6.32),
}  # fmt: skip
FIVE_RUNS = 6.61, 0.16  # of ResNet-110 [He2016]_: their mean and standard deviation


def parameters(depth):
    """Count what a network of some depth learns.

    >>> parameters(20)
    269722
    """
    arrays = nn.named_parameters(ResNet(depth=depth, rng=None)).values()
    return sum(array.size for array in arrays)
