"""The softmax classifier: a linear classifier with the cross entropy."""

from dlcore.compat.cs231n.classifiers.linear_svm import example_by_example, penalized_linear
from dlcore.ops.loss import cross_entropy

__all__ = ["softmax_loss_naive", "softmax_loss_vectorized"]


def softmax_loss_vectorized(W, X, y, reg):
    """Return the cross entropy of X W + reg Σ W², and dW:  W (D, K), X (N, D), y (N,).

    Raises ValueError for a label outside 0 … K - 1.

    >>> import numpy as np
    >>> float(softmax_loss_vectorized(np.zeros((2, 4)), np.ones((1, 2)), np.array([0]), 1.0)[0])
    1.3862943611198906
    """
    return penalized_linear(cross_entropy, W, X, y, reg)


def softmax_loss_naive(W, X, y, reg):
    """Return the same, computed for one example after another.

    >>> import numpy as np
    >>> float(softmax_loss_naive(np.zeros((2, 4)), np.ones((1, 2)), np.array([0]), 1.0)[0])
    1.3862943611198906
    """
    return example_by_example(softmax_loss_vectorized, W, X, y, reg)
