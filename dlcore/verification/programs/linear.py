"""The linear classifier by the letters of the page.

Chapter: book/linear.md.
"""

import numpy as np

from dlcore.nn.models.linear import LinearClassifier
from dlcore.ops.loss import softmax


def probabilities(y):
    """Softmax."""
    return softmax(y)


def classifier(w, b):
    """A linear classifier with these parameters."""
    model = LinearClassifier(*w.shape, rng=np.random.default_rng(0))
    model.params["w"][...], model.params["b"][...] = w, b
    return model


def scores(x, w, b):
    """The scores of the classifier."""
    return classifier(w, b).scores(x)


def loss(x, t, w, b, reg):
    """Its loss."""
    return classifier(w, b).loss(x, t, float(reg))[0]


def w_bar(x, t, w, b, reg):
    """The gradient of its weights."""
    return classifier(w, b).loss(x, t, float(reg))[1]["w"]


def b_bar(x, t, w, b):
    """The gradient of its biases."""
    return classifier(w, b).loss(x, t, 0.0)[1]["b"]
