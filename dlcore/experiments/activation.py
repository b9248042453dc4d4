"""Experiments on activations: what a layer can approximate, and what depth does to sizes.

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
    """ReLU of evenly spaced numbers, printed in the sources with eight decimals."""
    y = relu(EVEN)
    size = np.maximum(1e-8, np.abs(y) + np.abs(RELU_001))
    return {"relative difference": np.max(np.abs(y - RELU_001) / size)}, {}


def least_squares(f, x, target, kinks):
    """Approximate `target` by  Σₘ cₘ f(x - bₘ) + c₀,  with given bₘ and the best cₘ."""
    h = np.column_stack([f(x[:, None] - kinks), np.ones(len(x))])
    c, *_ = np.linalg.lstsq(h, target, rcond=None)
    return h @ c


def root_mean_square(x):
    """Compute the size of the entries of an array:  √(mean x²)."""
    return float(np.sqrt(np.mean(x**2)))


def through(name, *, std, depth=20, N=100, D=200, rng):
    """Pass a batch through layers x → f(x w), and random gradients back; list their sizes.

    The first list has the size of the features, before the layers and after each; the second
    that of the gradients, from the last layer to the first.
    """
    layers = [(Linear(D, D, std=std, rng=rng), Activation(name)) for _ in range(depth)]
    x, y_bar = rng.normal(size=(2, N, D))
    forwards, backwards = [root_mean_square(x)], [root_mean_square(y_bar)]
    for linear, activation in layers:
        x = activation.forward(linear.forward(x))
        forwards.append(root_mean_square(x))
    for linear, activation in reversed(layers):
        y_bar = linear.backward(activation.backward(y_bar))
        backwards.append(root_mean_square(y_bar))
    return forwards, backwards
