"""Linear classifiers that are trained by stochastic gradient descent."""

import numpy as np

from dlcore.compat.cs231n.chance import choice, weights
from dlcore.compat.cs231n.classifiers.linear_svm import svm_loss_vectorized
from dlcore.compat.cs231n.classifiers.softmax import softmax_loss_vectorized
from dlcore.train.optim import SGD

__all__ = ["LinearClassifier", "LinearSVM", "Softmax"]


class LinearClassifier:
    """An interface: scores X W,  X (N, D), W (D, K); a subclass defines ``loss(X, y, reg)``.

    A column of ones in X takes the place of a bias. W is None until it is trained. ``loss``
    raises NotImplementedError where it is not defined.

    >>> LinearSVM().W is None
    True
    """

    def __init__(self):
        self.W = None

    def loss(self, X_batch, y_batch, reg):
        """Return loss and dW of a batch; raise NotImplementedError where it is not defined."""
        raise NotImplementedError(
            f"{type(self).__name__}: define loss(self, X_batch, y_batch, reg)"
        )

    def train(
        self, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200, verbose=False
    ):
        """Take `num_iters` steps on batches drawn with replacement; return the loss of each.

        W begins with 1e-3 · N(0, 1), unless it has been trained before.
        """
        if self.W is None:
            self.W = weights(1e-3, X.shape[1], int(np.max(y)) + 1)
        optimizer, losses = SGD(learning_rate), []
        for t in range(num_iters):
            rows = choice(len(X), batch_size)
            loss, dW = self.loss(X[rows], y[rows], reg)
            losses.append(float(loss))
            optimizer.step({"W": self.W}, {"W": dW})
            if verbose and t % 100 == 0:
                print(f"iteration {t} / {num_iters}: loss {loss:f}")
        return losses

    def predict(self, X):
        """Return the class with the highest score:  (N, D) → (N,)."""
        return np.argmax(X @ self.W, axis=1)


class LinearSVM(LinearClassifier):
    """The linear classifier with the loss of `svm_loss_vectorized`.

    >>> np.random.seed(0)
    >>> X, y = np.eye(3), np.arange(3)
    >>> svm = LinearSVM()
    >>> losses = svm.train(X, y, learning_rate=0.5, reg=0.0, num_iters=100, batch_size=20)
    >>> svm.predict(X)
    array([0, 1, 2])
    """

    def loss(self, X_batch, y_batch, reg):
        """Return the hinge loss with its penalty, and dW."""
        return svm_loss_vectorized(self.W, X_batch, y_batch, reg)


class Softmax(LinearClassifier):
    """The linear classifier with the loss of `softmax_loss_vectorized`.

    >>> np.random.seed(0)
    >>> X, y = np.eye(3), np.arange(3)
    >>> softmax = Softmax()
    >>> losses = softmax.train(X, y, learning_rate=0.5, reg=0.0, num_iters=100, batch_size=20)
    >>> softmax.predict(X)
    array([0, 1, 2])
    """

    def loss(self, X_batch, y_batch, reg):
        """Return the cross entropy with its penalty, and dW."""
        return softmax_loss_vectorized(self.W, X_batch, y_batch, reg)
