"""Operators of ONNX that layers are made of: convolutions, pools, products, losses."""

import numpy as np

from dlcore.compat.onnx.support import UnsupportedError, as_images, versioned, window
from dlcore.ops import activation
from dlcore.ops.conv import add_bias, conv2d
from dlcore.ops.convnet import conv_transpose2d
from dlcore.ops.loss import cross_entropy, log_softmax, softmax
from dlcore.ops.pool import avg_pool2d, global_avg_pool, max_pool2d, max_pool2d_indices


def conv(
    x, w, b=None, *, kernel_shape=None, strides=None, pads=None, dilations=None, group=1,
    auto_pad="NOTSET",
):  # fmt: skip
    """Convolve images, or sequences.

    >>> conv(np.ones((1, 1, 5)), np.ones((1, 1, 3)), pads=[1, 1]).tolist()
    [[[2.0, 3.0, 3.0, 3.0, 2.0]]]
    """
    options = window(x.shape[2:], w.shape[2:], strides, pads, dilations, auto_pad)
    images, options = as_images(x, options)
    y = conv2d(images, as_images(w, {})[0], groups=group, **options)
    y = y if b is None else add_bias(y, b)
    return y if x.ndim == 4 else y[:, :, 0]


def conv_transpose(
    x, w, b=None, *, kernel_shape=None, strides=None, pads=None, dilations=None, group=1,
    auto_pad="NOTSET", output_padding=None, output_shape=None,
):  # fmt: skip
    """Transpose a convolution of images, or of sequences.

    >>> conv_transpose(np.ones((1, 1, 2, 2)), np.ones((1, 1, 3, 3)), strides=[2, 2]).shape
    (1, 1, 5, 5)
    """
    axes = x.ndim - 2
    options = window(x.shape[2:], w.shape[2:], strides, None, dilations, "NOTSET")
    axis = zip(x.shape[2:], options["stride"], options["dilation"], w.shape[2:], strict=True)
    whole = [(P - 1) * s + a * (U - 1) + 1 for P, s, a, U in axis]
    more = output_padding or [0] * axes
    pads = pads or [0] * (2 * axes)
    if auto_pad.startswith("SAME") and output_shape is None:
        output_shape = [P * s for P, s in zip(x.shape[2:], options["stride"], strict=True)]
    if output_shape:
        cut = [n - wanted for n, wanted in zip(whole, output_shape[-axes:], strict=True)]
        more = [max(0, -c) for c in cut]
        cut = [max(0, c) for c in cut]
        first = [c - c // 2 if auto_pad == "SAME_LOWER" else c // 2 for c in cut]
        pads = [*first, *(c - f for c, f in zip(cut, first, strict=True))]
    images, _ = as_images(x, {})
    _, options = as_images(x, {name: options[name] for name in ("stride", "dilation")})
    y = conv_transpose2d(images, as_images(w, {})[0], groups=group, **options)
    y = y if b is None else y + b[:, None, None]
    return trimmed(y if axes == 2 else y[:, :, 0], b, pads, more)


def trimmed(y, b, pads, more):
    """Cut `pads` off a transposed convolution; rows that `more` adds hold the bias alone.

    >>> trimmed(np.ones((1, 1, 4)), None, [1, 0], [1]).tolist()
    [[[1.0, 1.0, 1.0, 0.0]]]
    """
    axes = len(more)
    beyond = [max(0, e - after) for e, after in zip(more, pads[axes:], strict=True)]
    if any(beyond):
        zero = 0 if b is None else b.reshape(-1, *(1,) * axes)
        y = np.pad(y - zero, [(0, 0), (0, 0), *((0, e) for e in beyond)]) + zero
    ends = [n - max(0, after - e) for n, after, e in
            zip(y.shape[2:], pads[axes:], more, strict=True)]  # fmt: skip
    return y[(..., *(slice(start, end) for start, end in zip(pads[:axes], ends, strict=True)))]


def pool_options(x, kernel_shape, strides, pads, dilations, auto_pad, ceil_mode):
    """Read the options of a pool as ours; give sequences a height."""
    options = window(x.shape[2:], kernel_shape, strides, pads, dilations, auto_pad)
    images, options = as_images(x, options | {"kernel_size": tuple(kernel_shape)})
    return images, options | {"ceil_mode": bool(ceil_mode)}


def max_pool(
    x, *, kernel_shape, strides=None, pads=None, dilations=None, ceil_mode=0,
    storage_order=0, auto_pad="NOTSET",
):  # fmt: skip
    """Take the largest of every window, and where it is in the whole array.

    >>> [y.item() for y in max_pool(np.array([[[1.0, 3.0]]]), kernel_shape=[2])]
    [3.0, 1]
    """
    images, options = pool_options(x, kernel_shape, strides, pads, dilations, auto_pad, ceil_mode)
    whole = x.dtype.kind in "iu"
    images = images.astype(float) if whole else images
    y = max_pool2d(images, **options)
    y = y.astype(x.dtype) if whole else y
    places = max_pool2d_indices(images, **options)
    (N, C), (H, W) = images.shape[:2], images.shape[2:]
    if storage_order:
        places = places % W * H + places // W
    places = places + H * W * np.arange(N * C).reshape(N, C, 1, 1)
    return (y, places) if x.ndim == 4 else (y[:, :, 0], places[:, :, 0])


def average_pool(
    x, *, kernel_shape, strides=None, pads=None, dilations=None, ceil_mode=0,
    count_include_pad=0, auto_pad="NOTSET",
):  # fmt: skip
    """Average every window.

    >>> average_pool(np.array([[[1.0, 3.0]]]), kernel_shape=[2]).item()
    2.0
    """
    if dilations and max(dilations) > 1:
        raise UnsupportedError(f"AveragePool: dilations are {dilations}, our averages have none")
    images, options = pool_options(x, kernel_shape, strides, pads, None, auto_pad, ceil_mode)
    del options["dilation"]
    y = avg_pool2d(images, count_include_pad=bool(count_include_pad), **options)
    return y if x.ndim == 4 else y[:, :, 0]


def global_average_pool(x):
    """Average whole channels, and keep their axes.

    >>> global_average_pool(np.ones((2, 3, 4, 5))).shape
    (2, 3, 1, 1)
    """
    return global_avg_pool(x)[:, :, None, None]


def global_max_pool(x):
    """Take the largest entry of whole channels, and keep their axes.

    >>> global_max_pool(np.ones((2, 3, 4, 5))).shape
    (2, 3, 1, 1)
    """
    return max_pool2d(x, kernel_size=x.shape[2:])


def gemm(a, b, c=None, *, alpha=1.0, beta=1.0, transA=0, transB=0, broadcast=1):
    """Multiply matrices and add one:  α a b + β c.

    >>> gemm(np.ones((2, 3)), np.ones((3, 1)), alpha=0.5).tolist()
    [[1.5], [1.5]]
    """
    a, b = (a.T if transA else a), (b.T if transB else b)
    y = a @ b if alpha == 1 else alpha * (a @ b)
    return y if c is None else y + (c if beta == 1 else beta * c)


def leaky_relu(x, alpha=0.01):
    """Multiply what is negative by α.

    >>> leaky_relu(np.array([-2.0, 3.0]), alpha=0.5)
    array([-1.,  3.])
    """
    return activation.leaky_relu(x, slope=alpha)


def along(function):
    """Return an operator along one axis; before version 13 along all axes from there on.

    >>> along(softmax)(np.zeros((2, 2)), version=13).tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """

    @versioned
    def call(x, *, version, axis=None):
        if version < 13:
            axis = 1 if axis is None else axis % x.ndim
            rows = np.reshape(x, (int(np.prod(x.shape[:axis])), -1))
            return np.reshape(function(rows), x.shape)
        moved = np.moveaxis(x, -1 if axis is None else axis, -1)
        y = np.reshape(function(np.reshape(moved, (-1, moved.shape[-1]))), moved.shape)
        return np.moveaxis(y, -1, -1 if axis is None else axis)

    return call


softmax_along = along(softmax)
log_softmax_along = along(log_softmax)


def softmax_cross_entropy(x, t, weights=None, *, reduction="mean", ignore_index=None):
    """Average the surprise at the right labels; return the log-probabilities, too.

    >>> [y.round(4).tolist() for y in softmax_cross_entropy(np.zeros((1, 2)), np.array([1]))]
    [0.6931, [[-0.6931, -0.6931]]]
    """
    options = {"reduction": reduction, "ignore_index": ignore_index, "class_weights": weights}
    return cross_entropy(x, t, **options), log_softmax(x)


def negative_log_likelihood(x, t, weights=None, *, reduction="mean", ignore_index=None):
    """Average minus the entry at the right label, where x holds log-probabilities.

    >>> negative_log_likelihood(np.log([[0.25, 0.75]]), np.array([0])).round(4)
    np.float64(1.3863)
    """
    counted = t != ignore_index
    place = np.where(counted, t, 0)
    weights = np.ones(x.shape[1], x.dtype) if weights is None else weights
    weight = np.where(counted, weights[place], 0).astype(x.dtype)
    losses = -weight * np.take_along_axis(x, place[:, None], axis=1)[:, 0]
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.sum() / weight.sum()
