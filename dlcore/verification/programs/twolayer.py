"""The two-layer network by the letters of the page.

Chapter: book/twolayer.md.
"""

import numpy as np

from dlcore.nn import load, named_parameters
from dlcore.nn.models import TwoLayer
from dlcore.ops import activation
from dlcore.ops.linear import linear
from dlcore.ops.loss import cross_entropy
from dlcore.train import loss_and_grads


def network(w1, b1, w2, b2):
    """A two-layer network with these parameters."""
    model = TwoLayer(*w1.shape, len(b2), rng=np.random.default_rng(0))
    return load(model, dict(zip(named_parameters(model), (w1, b1, w2, b2), strict=True)))


def loss_and_named_grads(x, t, w1, b1, w2, b2, reg):
    """Its loss, and the gradients by the letters of the page."""
    model = network(w1, b1, w2, b2)
    loss, grads = loss_and_grads(model, cross_entropy, x, t, l2=float(reg))
    return loss, dict(zip(("w1", "b1", "w2", "b2"), grads.values(), strict=True))


def mixtures(x, w1, b1):
    """The first layer."""
    return linear(x, w1, b1)


def hidden(x, w1, b1):
    """The activations of the hidden units."""
    return activation.relu(linear(x, w1, b1))


def scores(x, w1, b1, w2, b2):
    """The scores of the network."""
    return network(w1, b1, w2, b2)(x)


def loss(x, t, w1, b1, w2, b2, reg):
    """Its loss."""
    return loss_and_named_grads(x, t, w1, b1, w2, b2, reg)[0]


def w1_bar(x, t, w1, b1, w2, b2, reg):
    """The gradient of its first weights."""
    return loss_and_named_grads(x, t, w1, b1, w2, b2, reg)[1]["w1"]


def w2_bar(x, t, w1, b1, w2, b2, reg):
    """The gradient of its second weights."""
    return loss_and_named_grads(x, t, w1, b1, w2, b2, reg)[1]["w2"]
