"""What the networks have in common: softmax loss, penalty, and gradients by the tape."""

import numpy as np

from dlcore.autodiff.reverse import value_and_grad
from dlcore.ops.loss import cross_entropy


def penalized(scores, reg):
    """Return the function  (params, X, y) ↦ cross entropy of the scores + reg/2 Σ W².

    The scores are scores(params, X); biases have no penalty.

    >>> objective = penalized(lambda params, X: X @ params["W1"], 2.0)
    >>> objective({"W1": np.zeros((3, 2))}, np.ones((1, 3)), np.array([0])).round(4)
    np.float64(0.6931)
    """

    def objective(params, X, y):
        weights = [w for name, w in params.items() if name.startswith("W")]
        penalty = 0.5 * reg * sum(np.sum(w * w) for w in weights)
        return cross_entropy(scores(params, X), y) + penalty

    return objective


class Network:
    """An interface: ``params``, and ``loss(X)`` or ``loss(X, y)``.

    A network defines ``scores(params, X, mode)``; no backward pass is written by hand. Images are
    brought to the precision of the parameters. ``scores`` raises NotImplementedError where it is
    not defined.

    >>> class Linear(Network):
    ...     def scores(self, params, X, mode):
    ...         return X @ params["W1"]
    >>> Linear({"W1": np.zeros((3, 2))}, reg=0.0, dtype=np.float64).loss(np.ones((1, 3)))
    array([[0., 0.]])
    """

    def __init__(self, params, *, reg, dtype):
        self.params, self.reg, self.dtype = params, reg, dtype

    def scores(self, params, X, mode):
        """Compute scores (N, K); raise NotImplementedError where it is not defined."""
        raise NotImplementedError(f"{type(self).__name__}: define scores(self, params, X, mode)")

    def loss(self, X, y=None):
        """Return scores as evaluation computes them; with labels the loss of training and grads."""
        X = X.astype(self.dtype, copy=False)
        if y is None:
            return self.scores(self.params, X, "test")
        training = lambda params, X: self.scores(params, X, "train")
        return value_and_grad(penalized(training, self.reg))(self.params, X, y)
