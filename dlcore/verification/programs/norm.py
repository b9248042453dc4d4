"""Normalisation by the letters of the page.

Chapter: book/norm.md.
"""

from typing import Annotated

import numpy as np

from dlcore.nn import BatchNorm, Conv2d
from dlcore.nn.norm import fold
from dlcore.ops import norm
from dlcore.shapes import Array, Filters, Images, Integers

Numbers = Annotated[Array, "N"]
Entries = Annotated[Array, "K"]
Sets = Annotated[Integers, "K"]
PerFilter = Annotated[Array, "F"]
Shards = Annotated[Array, "K N"]


def one(number):
    """Make an array of one number: the scale, the shift or a statistic of a single channel."""
    return np.array([number], dtype=float)


def of_sets(function, x, t):
    """Apply a function to the numbers of every set, in place."""
    y = np.empty_like(x)
    for label in np.unique(t):
        y[t == label] = function(x[t == label])
    return y


def mean_of_set(x: Entries, t: Sets):
    """The mean of the set of every entry."""
    return of_sets(mean, x, t)


def variance_of_set(x: Entries, t: Sets):
    """Its variance."""
    return of_sets(variance, x, t)


def set_norm(x: Entries, t: Sets, eps):
    """Every entry, normalised in its set."""
    return of_sets(lambda numbers: normalized(numbers, eps), x, t)


def mean(x: Numbers):
    """The mean of a set."""
    return norm.batch_statistics(x[:, None])[0].item()


def centred(x: Numbers):
    """The distances from the mean: normalised by a variance of one."""
    return by_statistics(x, mean(x), 1.0, 1.0, 0.0, 0.0)


def variance(x: Numbers):
    """The biased variance of a set."""
    return norm.batch_statistics(x[:, None])[1].item()


def deviation(x: Numbers, eps):
    """The root of variance and ε: what a distance is divided by."""
    return centred(x)[0] / normalized(x, eps)[0]


def normalized(x: Numbers, eps):
    """A set, normalised by its own statistics."""
    return by_statistics(x, mean(x), variance(x), 1.0, 0.0, eps)


def by_statistics(x, mean, var, gamma, beta, eps):
    """A set, normalised by given statistics."""
    arguments = map(one, (mean, var, gamma, beta))
    return norm.normalize(x[:, None], *arguments, eps=eps)[:, 0]


def batch_norm(x: Numbers, gamma, beta, eps):
    """Batch norm of a single channel."""
    return norm.batch_norm(x[:, None], one(gamma), one(beta), eps=eps)[:, 0]


def batch_norm_vjp(x: Numbers, y_bar: Numbers, gamma, eps):
    """Its backward pass."""
    xs = x[:, None], one(gamma), one(0.0)
    y = norm.batch_norm(*xs, eps=eps)
    return norm.batch_norm.vjp(y, *xs, y_bar[:, None], eps=eps)[0][:, 0]


def synchronised(x: Shards, eps):
    """The numbers of K processes, normalised as one batch."""
    return normalized(x.ravel(), eps).reshape(x.shape)


def synchronised_vjp(x: Shards, y_bar: Shards, gamma, eps):
    """Its backward pass, with a scale."""
    return batch_norm_vjp(x.ravel(), y_bar.ravel(), gamma, eps).reshape(x.shape)


def projector(x: Numbers):
    """The Jacobian of a normalisation without ε, times the deviation, row by row."""
    scale = np.sqrt(variance(x))
    return np.array([batch_norm_vjp(x, row, scale, 0.0) for row in np.eye(len(x))])


def running_mean(r, x, alpha):
    """The running mean of a layer after a batch with the mean x."""
    layer = BatchNorm(1, momentum=alpha)
    layer.state["mean"][...] = r
    layer(np.array([[x - 1], [x + 1]]), np.random.default_rng(0))
    return layer.state["mean"].item()


def running_kept(r, x, rho):
    """The same, for the share that is kept."""
    return running_mean(r, x, 1 - rho)


def running_variance(r, x: Numbers, alpha):
    """The running variance of a layer after a batch."""
    layer = BatchNorm(1, momentum=alpha)
    layer.state["var"][...] = r
    layer(x[:, None], np.random.default_rng(0))
    return layer.state["var"].item()


def folded(w, b, mean, var, gamma, beta, eps):
    """The convolution that takes the place of a convolution and a batch norm."""
    F, C, *window = w.shape
    conv, after = Conv2d(C, F, window, rng=None), BatchNorm(F, eps=eps)
    conv.params = {"w": w, "b": b}
    after.params = {"gamma": gamma, "beta": beta}
    after.state = {"mean": mean, "var": var}
    return fold(conv, after).params


def folded_weights(w: Filters, gamma: PerFilter, var: PerFilter, eps):
    """Its filters."""
    zero = np.zeros(len(w))
    return folded(w, zero, zero, var, gamma, zero, eps)["w"]


def folded_bias(
    b: PerFilter, mean: PerFilter, var: PerFilter, gamma: PerFilter, beta: PerFilter, eps
):
    """Its biases."""
    return folded(np.ones((len(b), 1, 1, 1)), b, mean, var, gamma, beta, eps)["b"]


def response_scale(x: Images, U, alpha, k):
    """The divisor of local response normalisation, from a power of one."""
    return x / norm.local_response_norm(x, size=U, alpha=alpha, beta=1.0, k=k)


def response_norm(x: Images, U, alpha, beta, k):
    """Local response normalisation."""
    return norm.local_response_norm(x, size=U, alpha=alpha, beta=beta, k=k)


def response_norm_vjp(x: Images, y_bar: Images, U, alpha, beta, k):
    """Its backward pass."""
    options = {"size": U, "alpha": alpha, "beta": beta, "k": k}
    y = norm.local_response_norm(x, **options)
    return norm.local_response_norm.vjp(y, x, y_bar, **options)[0]
