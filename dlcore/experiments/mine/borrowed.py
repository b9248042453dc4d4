"""What the library lends to a network of answers, with the signatures of the exercises.

Chapter: book/mine.md.
"""

from functools import partial

import numpy as np

from dlcore.autodiff import vjp
from dlcore.data.batches import shuffled
from dlcore.graph import topological_order as order_of
from dlcore.kernels.norm import standardize_grad_naive
from dlcore.nn import BatchNorm
from dlcore.ops import conv2d, max_pool2d, relu
from dlcore.ops.loss import cross_entropy as mean_cross_entropy


def topological_order(graph):
    """List the nodes of a graph, each one after all its predecessors."""
    return list(order_of(graph, graph.get))


def centre(train, val, test):
    """Subtract the mean training image from all three sets."""
    mean = train.mean(axis=0)
    return train - mean, val - mean, test - mean


def batches(N, batch, *, rng):
    """List the batches of one epoch, as arrays of row numbers."""
    return list(shuffled(N, batch, rng))


def conv(x, w, stride=1, padding=0):
    """Convolve images with filters."""
    return conv2d(x, w, stride=stride, padding=padding)


def conv_backward(x, w, y_bar, stride=1, padding=0):
    """Propagate ȳ back to the images and to the filters."""
    return vjp(partial(conv2d, stride=stride, padding=padding), x, w)[1](y_bar)


def batch_norm(x, gamma, beta, *, eps=1e-5):
    """Normalise features by their batch; return y, x̂ and σ."""
    sigma = np.sqrt(x.var(axis=0) + eps)
    x_hat = (x - x.mean(axis=0)) / sigma
    return gamma * x_hat + beta, x_hat, sigma


def batch_norm_backward(y_bar, x_hat, sigma, gamma):
    """Propagate ȳ (N, D) back through batch norm; return x̄, γ̄ and β̄."""
    x_bar = standardize_grad_naive(x_hat, sigma, gamma * y_bar, 0)
    return x_bar, (y_bar * x_hat).sum(axis=0), y_bar.sum(axis=0)


class RunningNorm:
    """Batch norm that keeps running averages for the evaluation."""

    def __init__(self, gamma, beta, *, eps=1e-5, momentum=0.1):
        self.gamma, self.beta = gamma, beta
        self.layer = BatchNorm(len(gamma), eps=eps, momentum=momentum)

    def train(self, x):
        """Normalise by the batch, and update the averages."""
        self.layer.params.update(gamma=self.gamma, beta=self.beta)
        return self.layer(x, np.random.default_rng(0))

    def evaluate(self, x):
        """Normalise by the averages."""
        self.layer.params.update(gamma=self.gamma, beta=self.beta)
        return self.layer(x)


def relu_backward(y_bar, x):
    """Propagate ȳ back through  y = max(0, x)."""
    return vjp(relu, x)[1](y_bar)[0]


def max_pool(x, window, stride):
    """Keep the largest entry of every window."""
    return max_pool2d(x, kernel_size=window, stride=stride)


def max_pool_backward(x, y_bar, window, stride):
    """Give ȳ to the largest entry of every window."""
    return vjp(partial(max_pool2d, kernel_size=window, stride=stride), x)[1](y_bar)[0]


def dropout_pullback(x, p, rng=None):
    """Drop entries in training; return y and the function from ȳ to x̄."""
    factor = 1.0 if rng is None else (rng.random(x.shape) >= p) / (1 - p)
    return x * factor, lambda y_bar: y_bar * factor


def linear(x, w, b):
    """Mix features:  y = x w + b."""
    return x @ w + b


def linear_vjp(x, w, b, y_bar):
    """Propagate ȳ back through the linear map; return x̄, w̄ and b̄."""
    return vjp(linear, x, w, b)[1](y_bar)


def cross_entropy(scores, t):
    """Return the mean cross-entropy, and its gradient by the scores."""
    loss, pullback = vjp(lambda scores: mean_cross_entropy(scores, t), scores)
    return loss, pullback(1.0)[0]


def momentum(w, g, v, rate, momentum):
    """Return parameters and velocity after a step."""
    v = momentum * v - rate * g
    return w + v, v


def confusion(t, predicted, K):
    """Count how often class i was taken for class j."""
    counts = np.zeros((K, K), int)
    np.add.at(counts, (t, predicted), 1)
    return counts
