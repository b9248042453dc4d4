"""Operators of ONNX that normalise, and dropout as it is evaluated."""

from math import prod

import numpy as np

from dlcore.autodiff.dispatch import plain
from dlcore.compat.onnx.support import UnsupportedError
from dlcore.ops.norm import (
    batch_norm,
    batch_statistics,
    group_norm,
    instance_norm,
    layer_norm,
    local_response_norm,
    normalize,
)


def batch_normalization(
    x, scale, bias, mean, var, *,
    epsilon=1e-5, momentum=0.9, training_mode=0, is_test=1, spatial=1,
):  # fmt: skip
    """Normalise channels by given statistics, or in training by those of the batch.

    In training the running statistics come, too: `momentum` is the share of the old ones, and the
    variance is biased; no gradient flows through them.

    >>> one = np.ones(1)
    >>> batch_normalization(np.array([[5.0]]), one, one, 3 * one, 4 * one, epsilon=0.0)
    array([[2.]])
    """
    if not spatial:
        raise UnsupportedError("BatchNormalization: spatial is 0, our statistics are per channel")
    if is_test and not training_mode:
        return normalize(x, mean, var, scale, bias, eps=epsilon)
    known = batch_statistics(plain(x))
    running = (
        momentum * old + (1 - momentum) * new.astype(old.dtype)
        for old, new in zip((mean, var), known, strict=True)
    )
    return batch_norm(x, scale, bias, eps=epsilon, known=known), *running


def layer_normalization(x, scale, bias=None, *, axis=-1, epsilon=1e-5, stash_type=1):
    """Normalise over all axes from one on; return mean and inverse deviation, too.

    >>> [y.tolist() for y in layer_normalization(np.array([[1.0, 3.0]]), np.ones(2), epsilon=0.0)]
    [[[-1.0, 1.0]], [[2.0]], [[1.0]]]
    """
    axis = axis % x.ndim
    shape = x.shape[axis:]
    rows = np.reshape(x, (prod(x.shape[:axis]), prod(shape)))
    bias = np.zeros_like(scale) if bias is None else bias
    affine = (np.reshape(np.broadcast_to(each, shape), -1) for each in (scale, bias))
    axes = tuple(range(axis, x.ndim))
    mean = np.mean(x, axis=axes, keepdims=True)
    var = np.mean((x - mean) ** 2, axis=axes, keepdims=True)
    y = np.reshape(layer_norm(rows, *affine, eps=epsilon), x.shape)
    return y, mean, 1 / np.sqrt(var + epsilon)


def group_normalization(x, scale, bias, *, num_groups, epsilon=1e-5, stash_type=1):
    """Normalise groups of channels; before version 21 scale and bias belong to a group.

    >>> x = np.array([[1.0, 3.0, 10.0, 30.0]])
    >>> group_normalization(x, np.ones(4), np.zeros(4), num_groups=2, epsilon=0.0).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """
    scale, bias = (np.repeat(each, x.shape[1] // len(each)) for each in (scale, bias))
    return group_norm(x, scale, bias, groups=num_groups, eps=epsilon)


def instance_normalization(x, scale, bias, *, epsilon=1e-5):
    """Normalise every channel of every image.

    >>> instance_normalization(np.array([[[1.0, 3.0]]]), np.ones(1), np.zeros(1), epsilon=0.0)
    array([[[-1.,  1.]]])
    """
    return instance_norm(x, scale, bias, eps=epsilon)


def lrn(x, *, size, alpha=1e-4, beta=0.75, bias=1.0):
    """Divide by the size of the channels nearby; an even window has more after the channel.

    >>> lrn(np.array([[1.0, 2.0]]), size=2, alpha=2.0, beta=1.0, bias=0.0).tolist()
    [[0.2, 0.5]]
    """
    options = {"size": size, "alpha": alpha, "beta": beta, "k": bias}
    return local_response_norm(x[:, ::-1], **options)[:, ::-1]


def dropout(x, ratio=0.5, training_mode=False, *, seed=0):
    """Return x itself, as evaluation does, and a mask that keeps everything.

    >>> dropout(np.array([2.0]))
    (array([2.]), array([ True]))
    """
    if training_mode is not None and training_mode and ratio:
        raise UnsupportedError("Dropout: training_mode is true, the draws are not those of ONNX")
    return x, np.ones(x.shape, bool)
