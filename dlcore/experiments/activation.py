"""Experiments of activations: what bends can draw, and what depth does to sizes.

Chapter: book/activation.md.
"""

import numpy as np

from dlcore.experiments.experiment import Claim, experiment
from dlcore.nn.activation import Activation
from dlcore.nn.linear import Linear
from dlcore.ops.activation import relu

EVEN = np.linspace(-0.5, 0.5, num=12).reshape(3, 4)
RELU_001 = [
    [0.0, 0.0, 0.0, 0.0],
    [0.0, 0.0, 0.04545455, 0.13636364],
    [0.22727273, 0.31818182, 0.40909091, 0.5],
]


@experiment(
    "relu-forward",
    Claim("relative difference", 4.999999798022158e-08, "000, 001", "equal", 5e-24),
    quick=True,
)
def relu_forward(seed):
    """The rectifier on evenly spread numbers, printed in the sources with eight decimals."""
    y = relu(EVEN)
    size = np.maximum(1e-8, np.abs(y) + np.abs(RELU_001))
    return {"relative difference": np.max(np.abs(y - RELU_001) / size)}, {}


def drawing(f, x, target, bends):
    """Draw `target` as Σₘ cₘ f(x - bₘ) + c₀, by least squares."""
    h = np.column_stack([f(x[:, None] - bends), np.ones(len(x))])
    c, *_ = np.linalg.lstsq(h, target, rcond=None)
    return h @ c


def root_mean_square(x):
    """Say how large the entries of an array are:  √(mean x²)."""
    return float(np.sqrt(np.mean(x**2)))


def through(name, *, std, depth=20, N=100, D=200, rng):
    """Send a batch through layers x → f(x w) and a cotangent back; list sizes.

    The first list holds the size of the features, before the layers and
    after each; the second that of the cotangents, from last to first.
    """
    mixes = [Linear(D, D, std=std, rng=rng) for _ in range(depth)]
    layers = [(mix, Activation(name)) for mix in mixes]
    x, y_bar = rng.normal(size=(2, N, D))
    ahead, back = [root_mean_square(x)], [root_mean_square(y_bar)]
    for mix, bend in layers:
        x = bend.forward(mix.forward(x))
        ahead.append(root_mean_square(x))
    for mix, bend in reversed(layers):
        y_bar = mix.backward(bend.backward(y_bar))
        back.append(root_mean_square(y_bar))
    return ahead, back
