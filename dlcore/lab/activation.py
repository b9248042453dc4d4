"""What bends can draw, and what depth does to sizes: the experiments of the chapter.

Chapter: book/activation.md.
"""

import numpy as np

from dlcore.layers.activation import Activation
from dlcore.layers.linear import Linear


def drawing(f, x, target, bends):
    """Draw `target` as well as one hidden layer can:  Σₘ cₘ f(x - bₘ) + c₀, by least squares."""
    h = np.column_stack([f(x[:, None] - bends), np.ones(len(x))])
    c, *_ = np.linalg.lstsq(h, target, rcond=None)
    return h @ c


def root_mean_square(x):
    """Say how large the entries of an array are:  √(mean x²)."""
    return float(np.sqrt(np.mean(x**2)))


def through(name, *, std, depth=20, N=100, D=200, rng):
    """Send a batch through `depth` layers x → f(x w) and a cotangent back; list their sizes.

    The first list holds the size of the features, before the first layer and after each; the
    second the size of the cotangents, behind the last layer and before each, from last to first.
    """
    layers = [(Linear(D, D, std=std, rng=rng), Activation(name)) for _ in range(depth)]
    x, y_bar = rng.normal(size=(2, N, D))
    ahead, back = [root_mean_square(x)], [root_mean_square(y_bar)]
    for mix, bend in layers:
        x = bend.forward(mix.forward(x))
        ahead.append(root_mean_square(x))
    for mix, bend in reversed(layers):
        y_bar = mix.backward(bend.backward(y_bar))
        back.append(root_mean_square(y_bar))
    return ahead, back
