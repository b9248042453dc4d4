"""Batch, layer and group normalisation; `layers` offers them.

``bn_param`` holds "mode" ("train" or "test"), and maybe "eps" (1e-5), "momentum" (0.9),
"running_mean" and "running_var". Momentum is the share of the OLD value, 1 minus ours, and the
running variance is the biased one of the batch, where ours divides by n - 1.
"""

import numpy as np

from dlcore.autodiff.dispatch import plain
from dlcore.autodiff.reverse import vjp
from dlcore.ops.norm import batch_norm, batch_statistics, group_norm, normalize

EPS = 1e-5


def training(function, param):
    """Tell whether "mode" is "train"; raise ValueError where it is neither that nor "test".

    >>> training("batchnorm_forward", {"mode": "test"})
    False
    """
    if param["mode"] not in ("train", "test"):
        raise ValueError(f'{function}: mode is {param["mode"]!r}, use "train" or "test"')
    return param["mode"] == "train"


def batchnorm_forward(x, gamma, beta, bn_param):
    """Normalise every feature by the batch, or in "test" mode by the running statistics.

    out = γ (x - μ)/√(v + ε) + β,  x (N, D), γ and β (D,)
    running ← momentum · running + (1 - momentum) · that of the batch

    The cache is that of a training pass, None in "test" mode. Raises ValueError for another mode,
    ShapeError in training for a batch of one.

    >>> bn_param = {"mode": "train", "eps": 0.0}
    >>> batchnorm_forward(np.array([[1.0], [5.0]]), np.ones(1), np.zeros(1), bn_param)[0].tolist()
    [[-1.0], [1.0]]
    >>> bn_param["running_mean"].round(4), bn_param["running_var"].round(4)
    (array([0.3]), array([0.4]))
    """
    eps, momentum = bn_param.get("eps", EPS), bn_param.get("momentum", 0.9)
    for name in ("running_mean", "running_var"):
        bn_param.setdefault(name, np.zeros(x.shape[1], x.dtype))
    if not training("batchnorm_forward", bn_param):
        known = bn_param["running_mean"], bn_param["running_var"]
        return normalize(x, *known, gamma, beta, eps=eps), None

    known = batch_statistics(plain(x))
    for name, value in zip(("running_mean", "running_var"), known, strict=True):
        moved = momentum * bn_param[name] + (1 - momentum) * value
        bn_param[name] = moved.astype(x.dtype)
    out = batch_norm(x, gamma, beta, eps=eps, known=known)
    return out, (out, x, gamma, beta, eps)


def batchnorm_backward(dout, cache):
    """Return dx, dγ and dβ, step by step back through the graph of x (N, D) ↦ out.

    The tape walks the graph that a notebook draws by hand.

    >>> out, cache = batchnorm_forward(np.eye(2), np.ones(2), np.zeros(2), {"mode": "train"})
    >>> batchnorm_backward(np.ones((2, 2)), cache)[2]
    array([2., 2.])
    """
    _, x, gamma, beta, eps = cache

    def program(x, gamma, beta):
        centred = x - np.mean(x, axis=0)
        var = np.mean(centred**2, axis=0)
        return gamma * (centred / np.sqrt(var + eps)) + beta

    return vjp(program, x, gamma, beta)[1](dout)


def batchnorm_backward_alt(dout, cache):
    """Return the same by the formula  dx = γ/σ (dout - mean dout - x̂ mean(dout x̂)).

    >>> out, cache = batchnorm_forward(np.eye(2), np.ones(2), np.zeros(2), {"mode": "train"})
    >>> batchnorm_backward_alt(np.ones((2, 2)), cache)[2]
    array([2., 2.])
    """
    *arrays, eps = cache
    return batch_norm.vjp(*arrays, dout, eps=eps)


def layernorm_forward(x, gamma, beta, ln_param):
    """Normalise every example over its features:  out = γ x̂ + β,  x (N, D), γ and β (D,).

    Training and evaluation are the same; ``ln_param`` may hold "eps". Raises ShapeError where
    an example is a single number.

    >>> layernorm_forward(np.array([[1.0, 5.0]]), np.ones(2), np.zeros(2), {"eps": 0.0})[0].tolist()
    [[-1.0, 1.0]]
    """
    return spatial_groupnorm_forward(x, gamma, beta, 1, ln_param)


def layernorm_backward(dout, cache):
    """Return dx, dγ and dβ.

    >>> out, cache = layernorm_forward(np.eye(2), np.ones(2), np.zeros(2), {})
    >>> layernorm_backward(np.ones((2, 2)), cache)[2]
    array([2., 2.])
    """
    return spatial_groupnorm_backward(dout, cache)


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """Normalise every channel by all its pixels in the batch:  x (N, C, H, W), γ and β (C,).

    Arguments, results and errors (ValueError, ShapeError) are those of `batchnorm_forward`.

    >>> x = np.array([1.0, 5.0]).reshape(1, 1, 1, 2)
    >>> bn_param = {"mode": "train", "eps": 0.0}
    >>> spatial_batchnorm_forward(x, np.ones(1), np.zeros(1), bn_param)[0].tolist()
    [[[[-1.0, 1.0]]]]
    """
    return batchnorm_forward(x, gamma, beta, bn_param)


def spatial_batchnorm_backward(dout, cache):
    """Return dx, dγ and dβ, each of the shape of its argument.

    >>> x = np.array([1.0, 5.0]).reshape(1, 1, 1, 2)
    >>> cache = spatial_batchnorm_forward(x, np.ones(1), np.zeros(1), {"mode": "train"})[1]
    >>> spatial_batchnorm_backward(np.ones((1, 1, 1, 2)), cache)[2]
    array([2.])
    """
    return batchnorm_backward_alt(dout, cache)


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    """Normalise each of G groups of channels of every image:  x (N, C, H, W).

    γ and β are (C,), or (1, C, 1, 1) as in the notebooks; ``gn_param`` may hold "eps". Raises
    ShapeError where G does not divide C, and where a group has a single number.

    >>> x, one = np.array([1.0, 5.0]).reshape(1, 2, 1, 1), np.ones((1, 2, 1, 1))
    >>> spatial_groupnorm_forward(x, one, 0 * one, 1, {"eps": 0.0})[0].ravel().tolist()
    [-1.0, 1.0]
    """
    options = {"groups": G, "eps": gn_param.get("eps", EPS)}
    out = group_norm(x, gamma.reshape(-1), beta.reshape(-1), **options)
    return out, (out, x, gamma, beta, options)


def spatial_groupnorm_backward(dout, cache):
    """Return dx, dγ and dβ, each of the shape of its argument.

    >>> x, one = np.array([1.0, 5.0]).reshape(1, 2, 1, 1), np.ones((1, 2, 1, 1))
    >>> out, cache = spatial_groupnorm_forward(x, one, 0 * one, 1, {})
    >>> spatial_groupnorm_backward(one, cache)[2].shape
    (1, 2, 1, 1)
    """
    out, x, gamma, beta, options = cache
    flat = gamma.reshape(-1), beta.reshape(-1)
    dx, dgamma, dbeta = group_norm.vjp(out, x, *flat, dout, **options)
    return dx, dgamma.reshape(gamma.shape), dbeta.reshape(beta.shape)
