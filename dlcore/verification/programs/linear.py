"""The linear classifier by the letters of the page.

Chapter: book/linear.md.
"""

import numpy as np

from dlcore.nn import load
from dlcore.nn.models import LinearClassifier
from dlcore.ops.loss import cross_entropy, softmax
from dlcore.train import loss_and_grads


def probabilities(y):
    """Softmax."""
    return softmax(y)


def classifier(w, b):
    """A linear classifier with these parameters."""
    return load(LinearClassifier(*w.shape, rng=np.random.default_rng(0)), {"w": w, "b": b})


def scores(x, w, b):
    """The scores of the classifier."""
    return classifier(w, b)(x)


def loss(x, t, w, b, reg):
    """Its loss."""
    return loss_and_grads(classifier(w, b), cross_entropy, x, t, l2=float(reg))[0]


def w_bar(x, t, w, b, reg):
    """The gradient of its weights."""
    return loss_and_grads(classifier(w, b), cross_entropy, x, t, l2=float(reg))[1]["w"]


def b_bar(x, t, w, b):
    """The gradient of its biases."""
    return loss_and_grads(classifier(w, b), cross_entropy, x, t)[1]["b"]
