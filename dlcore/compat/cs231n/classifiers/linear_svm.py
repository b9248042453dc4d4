"""The multiclass SVM: a linear classifier with the hinge loss."""

import numpy as np

from dlcore.autodiff.reverse import value_and_grad
from dlcore.ops.loss import hinge

__all__ = ["svm_loss_naive", "svm_loss_vectorized"]


def penalized_linear(loss_fn, W, X, y, reg):
    """Return  loss_fn(X W, y) + reg Σ W²  and its gradient; W is (D, K), X (N, D), y (N,).

    The penalty has no ½ here, as in the assignments on linear classifiers; networks have one.

    >>> loss, dW = penalized_linear(hinge, np.zeros((2, 3)), np.ones((1, 2)), np.array([0]), 1.0)
    >>> float(loss), dW.tolist()
    (2.0, [[-2.0, 1.0, 1.0], [-2.0, 1.0, 1.0]])
    """
    return value_and_grad(lambda W: loss_fn(X @ W, y) + reg * np.sum(W * W))(W)


def example_by_example(loss, W, X, y, reg):
    """Average what `loss` returns for every example alone: the same number, in a loop.

    >>> loss = lambda W, X, y, reg: (X.sum(), X[0] * W)
    >>> example_by_example(loss, np.ones(2), np.eye(2), np.zeros(2, int), 0.0)
    (np.float64(1.0), array([0.5, 0.5]))
    """
    total, slope = 0.0, np.zeros_like(W)
    for n in range(len(X)):
        one, dW = loss(W, X[n : n + 1], y[n : n + 1], reg)
        total += one / len(X)
        slope += dW / len(X)
    return total, slope


def svm_loss_vectorized(W, X, y, reg):
    """Return the hinge loss of X W + reg Σ W², and dW:  W (D, K), X (N, D), y (N,).

    Raises ValueError for a label outside 0 … K - 1.

    >>> float(svm_loss_vectorized(np.zeros((2, 3)), np.ones((1, 2)), np.array([0]), 1.0)[0])
    2.0
    """
    return penalized_linear(hinge, W, X, y, reg)


def svm_loss_naive(W, X, y, reg):
    """Return the same, computed for one example after another.

    >>> float(svm_loss_naive(np.zeros((2, 3)), np.ones((1, 2)), np.array([0]), 1.0)[0])
    2.0
    """
    return example_by_example(svm_loss_vectorized, W, X, y, reg)
