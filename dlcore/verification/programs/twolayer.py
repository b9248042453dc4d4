"""The two-layer network by the letters of the page.

Chapter: book/twolayer.md.
"""

import numpy as np

from dlcore.nn.models.twolayer import TwoLayer
from dlcore.ops import activation
from dlcore.ops.linear import linear


def network(**params):
    """A two-layer network with these parameters."""
    sizes = *params["w1"].shape, params["b2"].shape[0]
    model = TwoLayer(*sizes, rng=np.random.default_rng(0))
    for name, array in params.items():
        model.params[name][...] = array
    return model


def mixtures(x, w1, b1):
    """The first layer."""
    return linear(x, w1, b1)


def hidden(x, w1, b1):
    """The activations of the hidden units."""
    return activation.relu(linear(x, w1, b1))


def scores(x, w1, b1, w2, b2):
    """The scores of the network."""
    return network(w1=w1, b1=b1, w2=w2, b2=b2).scores(x)


def loss(x, t, w1, b1, w2, b2, reg):
    """Its loss."""
    return network(w1=w1, b1=b1, w2=w2, b2=b2).loss(x, t, float(reg))[0]


def w1_bar(x, t, w1, b1, w2, b2, reg):
    """The gradient of its first weights."""
    return network(w1=w1, b1=b1, w2=w2, b2=b2).loss(x, t, float(reg))[1]["w1"]


def w2_bar(x, t, w1, b1, w2, b2, reg):
    """The gradient of its second weights."""
    return network(w1=w1, b1=b1, w2=w2, b2=b2).loss(x, t, float(reg))[1]["w2"]
