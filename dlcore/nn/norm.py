"""Normalisation as layers: scales, shifts, and the statistics that evaluation uses.

Chapter: book/norm.md.
"""

import numpy as np

from dlcore.autodiff.dispatch import plain
from dlcore.nn.conv import Conv2d
from dlcore.nn.layer import Layer, Operation
from dlcore.ops.norm import (
    batch_norm,
    batch_norm_add_relu,
    batch_statistics,
    group_norm,
    local_response_norm,
    normalize,
    normalize_add_relu,
)


def scale_and_shift(C, dtype):
    """Return a scale of one and a shift of zero for every channel.

    >>> scale_and_shift(2, np.float64)
    {'gamma': array([1., 1.]), 'beta': array([0., 0.])}
    """
    return {"gamma": np.ones(C, dtype), "beta": np.zeros(C, dtype)}


class BatchNorm(Layer):
    """Normalise C channels by the batch in training, by running statistics in evaluation.

    ======  ======  ===========================================================
    gamma   (C,)    one; the scale                      (not with affine=False)
    beta    (C,)    zero; the shift                     (not with affine=False)
    mean    (C,)    zero; the running mean, which is state
    var     (C,)    one; the running variance, which is state
    ======  ======  ===========================================================

    (N, C) or (N, C, H, W) → the same. A call with a generator is training: it normalises by mean
    and biased variance of the batch, and replaces the share `momentum` of the running ones by
    those of the batch, the variance with n - 1 in the denominator, as PyTorch does. A `shortcut`
    is added to the result, and `relu` is applied last; both together cost no pass through memory
    of their own. Raises ShapeError in training where a channel has a single number.
    Source: [Ioffe2015]_.

    >>> layer = BatchNorm(1, momentum=0.5)
    >>> layer(np.array([[1.0], [5.0]]), np.random.default_rng(0)).round(3).tolist()
    [[-1.0], [1.0]]
    >>> layer.state
    {'mean': array([1.5]), 'var': array([4.5])}
    """

    def __init__(self, C, *, eps=1e-5, momentum=0.1, affine=True, relu=False, dtype=np.float64):
        self.eps, self.momentum, self.relu = eps, momentum, relu
        self.identity = scale_and_shift(C, dtype)
        self.params = scale_and_shift(C, dtype) if affine else {}
        self.state = {"mean": np.zeros(C, dtype), "var": np.ones(C, dtype)}

    def __call__(self, x, rng=None, shortcut=None):
        """Compute y; with a generator by the batch, which changes the running statistics."""
        gamma, beta = (self.params or self.identity).values()
        if rng is None:
            arrays = [x, *self.state.values(), gamma, beta]
            return self.apply(normalize, normalize_add_relu, arrays, shortcut)
        known = batch_statistics(plain(x))
        arrays = [x, gamma, beta]
        y = self.apply(batch_norm, batch_norm_add_relu, arrays, shortcut, known=known)
        self.update(*known, count=x.size // x.shape[1])
        return y

    def apply(self, alone, with_both, arrays, shortcut, **options):
        """Call one of two operations: alone, or with a shortcut and the ReLU after it."""
        options["eps"] = self.eps
        if shortcut is not None and self.relu:
            return with_both(*arrays, shortcut, **options)
        y = alone(*arrays, relu=self.relu, **options)
        return y if shortcut is None else y + shortcut

    def update(self, mean, var, count):
        """Move the running statistics towards those of a batch with `count` numbers a channel."""
        unbiased = var * (count / (count - 1))
        for name, value in (("mean", mean), ("var", unbiased)):
            running = self.state[name]
            running[...] = (1 - self.momentum) * running + self.momentum * value


class LayerNorm(Operation):
    """Normalise every example over all its axes:  (N, C) or (N, C, H, W) → the same.

    ======  ======  ==========================================
    gamma   (C,)    one; the scale of a feature or a channel
    beta    (C,)    zero; its shift
    ======  ======  ==========================================

    Training and evaluation are the same. Raises ShapeError where an example is a single number.
    Source: [Ba2016]_.

    >>> LayerNorm(2, eps=0.0)(np.array([[1.0, 3.0]])).tolist()
    [[-1.0, 1.0]]
    """

    def __init__(self, C, *, eps=1e-5, dtype=np.float64):
        super().__init__(group_norm, {"groups": 1, "eps": eps}, **scale_and_shift(C, dtype))


class GroupNorm(Operation):
    """Normalise every group of channels of every image:  (N, C, H, W) → the same.

    ======  ======  ==========================================
    gamma   (C,)    one; the scale of a channel
    beta    (C,)    zero; its shift
    ======  ======  ==========================================

    Training and evaluation are the same. Raises ShapeError where `groups` does not divide C.
    Source: [Wu2018]_.

    >>> GroupNorm(2, 4, eps=0.0)(np.array([[1.0, 3.0, 10.0, 30.0]])).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """

    def __init__(self, groups, C, *, eps=1e-5, dtype=np.float64):
        options = {"groups": groups, "eps": eps}
        super().__init__(group_norm, options, **scale_and_shift(C, dtype))


class InstanceNorm(Operation):
    """Normalise every channel of every image over its pixels:  (N, C, H, W) → the same.

    ======  ======  ==========================================
    gamma   (C,)    one; the scale of a channel
    beta    (C,)    zero; its shift
    ======  ======  ==========================================

    Training and evaluation are the same. PyTorch has no scale and shift here, unless asked for.
    Raises ShapeError where a channel has a single pixel. Source: [Ulyanov2016]_.

    >>> InstanceNorm(2, eps=0.0)(np.array([[[1.0, 3.0], [10.0, 30.0]]])).tolist()
    [[[-1.0, 1.0], [-1.0, 1.0]]]
    """

    def __init__(self, C, *, eps=1e-5, dtype=np.float64):
        super().__init__(group_norm, {"groups": C, "eps": eps}, **scale_and_shift(C, dtype))


class LocalResponseNorm(Operation):
    """Divide every number by the size of its neighbours in channel:  (N, C, H, W) → the same.

    The options are those of `local_response_norm`; nothing is learned. Raises ValueError for a
    `size` that is no whole number. Source: [Krizhevsky2012]_.

    >>> LocalResponseNorm(3, alpha=3.0, beta=1.0, k=0.0)(np.array([[1.0, 2.0]])).tolist()
    [[0.2, 0.4]]
    """

    def __init__(self, size=5, *, alpha=1e-4, beta=0.75, k=1.0):
        options = {"size": size, "alpha": alpha, "beta": beta, "k": k}
        super().__init__(local_response_norm, options)


def fold(conv, norm):
    """Return one convolution that computes what a convolution and its `BatchNorm` evaluate to.

    w' = γ w/σ,  b' = β + γ (b - μ)/σ, for the running statistics of the norm; its ReLU becomes
    that of the convolution. Raises ValueError where the convolution itself ends in a ReLU, which
    lies between the two.

    >>> conv, norm = Conv2d(3, 4, 5, rng=np.random.default_rng(0)), BatchNorm(4, relu=True)
    >>> x = np.ones((2, 3, 8, 8))
    >>> np.allclose(fold(conv, norm)(x), norm(conv(x)))
    True
    """
    if conv.options.get("relu"):
        raise ValueError("fold: conv ends in a ReLU, use Conv2d(…, relu=False)")
    w = conv.params["w"]
    gamma, beta = (norm.params or norm.identity).values()
    scale = gamma / np.sqrt(norm.state["var"] + norm.eps)
    options = {name: conv.options[name] for name in ("stride", "padding", "dilation", "groups")}
    C = w.shape[1] * options["groups"]
    folded = Conv2d(C, len(w), w.shape[2:], rng=None, relu=norm.relu, **options)
    b = beta + (conv.params.get("b", 0) - norm.state["mean"]) * scale
    folded.params = {
        "w": (w * scale[:, None, None, None]).astype(w.dtype),
        "b": b.astype(w.dtype),
    }
    return folded
