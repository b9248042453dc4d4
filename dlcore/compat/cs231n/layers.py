"""Layers as pairs of functions.

    out, cache = f_forward(x, …),   dx, … = f_backward(dout, cache)

dout is the gradient of the loss with respect to out, which this library calls ȳ, and dx is x̄.
Each pair is one operation of `dlcore.ops` with its vjp.
"""

import numpy as np

from dlcore.autodiff.reverse import value_and_grad
from dlcore.compat.cs231n.chance import rand
from dlcore.compat.cs231n.fast_layers import conv_backward_fast, conv_forward_fast, pool_options
from dlcore.compat.cs231n.normalization import (
    batchnorm_backward,
    batchnorm_backward_alt,
    batchnorm_forward,
    layernorm_backward,
    layernorm_forward,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
    spatial_groupnorm_backward,
    spatial_groupnorm_forward,
    training,
)
from dlcore.kernels.conv import NONE
from dlcore.kernels.pool import max_pool_grad_naive, max_pool_naive
from dlcore.ops.activation import relu
from dlcore.ops.conv import use_algorithm
from dlcore.ops.dropout import dropout, pack_mask
from dlcore.ops.linear import linear
from dlcore.ops.loss import cross_entropy, hinge
from dlcore.ops.window import pair

__all__ = [
    "affine_backward",
    "affine_forward",
    "batchnorm_backward",
    "batchnorm_backward_alt",
    "batchnorm_forward",
    "conv_backward_naive",
    "conv_forward_naive",
    "dropout_backward",
    "dropout_forward",
    "layernorm_backward",
    "layernorm_forward",
    "max_pool_backward_naive",
    "max_pool_forward_naive",
    "relu_backward",
    "relu_forward",
    "softmax_loss",
    "spatial_batchnorm_backward",
    "spatial_batchnorm_forward",
    "spatial_groupnorm_backward",
    "spatial_groupnorm_forward",
    "svm_loss",
]


def affine_forward(x, w, b):
    """Mix features:  out = x w + b,  for x (N, d₁, …, dₖ), w (D, M), b (M,),  D = d₁ ⋯ dₖ.

    Raises ShapeError where axes disagree. `linear` takes (N, D) only.

    >>> affine_forward(np.ones((1, 2, 2)), np.ones((4, 1)), np.array([0.5]))[0]
    array([[4.5]])
    """
    return linear(x.reshape(len(x), -1), w, b), (x, w, b)


def affine_backward(dout, cache):
    """Return dx = dout wᵀ, of the shape of x,  dw = xᵀ dout  and  db = Σₙ doutₙ.

    >>> out, cache = affine_forward(np.ones((1, 2, 2)), np.ones((4, 1)), np.array([0.5]))
    >>> affine_backward(np.array([[3.0]]), cache)[2]
    array([3.])
    """
    x, w, b = cache
    dx, dw, db = linear.vjp(None, x.reshape(len(x), -1), w, b, dout)
    return dx.reshape(x.shape), dw, db


def relu_forward(x):
    """Keep what is positive:  out = max(0, x),  of any shape; the cache is x.

    >>> relu_forward(np.array([-2.0, 3.0]))[0]
    array([0., 3.])
    """
    return relu(x), x


def relu_backward(dout, cache):
    """Return dx = [x > 0] dout.

    >>> relu_backward(np.array([5.0, 5.0]), np.array([-2.0, 3.0]))
    array([0., 5.])
    """
    x = cache
    return relu.vjp(x, x, dout)[0]  # out > 0 exactly where x > 0


def dropout_forward(x, dropout_param):
    """Drop entries in training:  out = x mask / p,  where p is the probability to KEEP one.

    ``dropout_param`` holds "mode", "p", and maybe "seed"; with "test" out is x. Here `dropout`
    takes the probability to drop, 1 - p. A seed makes a generator for this mask; in the course it
    seeds the global one. Raises ValueError for another mode and unless 0 < p ≤ 1.

    >>> x = np.arange(4.0).reshape(2, 2)
    >>> dropout_forward(x, {"mode": "test", "p": 0.5})[0] is x
    True
    """
    if not training("dropout_forward", dropout_param):
        return x, (dropout_param, None)
    keep = dropout_param["p"]
    draw = np.random.RandomState(dropout_param["seed"]).rand if "seed" in dropout_param else rand
    mask = pack_mask(draw(*x.shape) < keep)
    return dropout(x, mask, p=1 - keep), (dropout_param, mask)


def dropout_backward(dout, cache):
    """Return dx = dout mask / p  in training, dout in evaluation.

    >>> x, dropout_param = np.ones((2, 2)), {"mode": "train", "p": 0.5, "seed": 1}
    >>> out, cache = dropout_forward(x, dropout_param)
    >>> np.array_equal(dropout_backward(x, cache), out)
    True
    """
    dropout_param, mask = cache
    return dout if mask is None else dropout(dout, mask, p=1 - dropout_param["p"])


def conv_forward_naive(x, w, b, conv_param):
    """Compute what `conv_forward_fast` does by the definition, in loops over N, F, P and Q.

    Raises ShapeError where axes disagree.

    >>> x, w, b = np.ones((1, 1, 3, 3)), np.ones((1, 1, 3, 3)), np.ones(1)
    >>> conv_forward_naive(x, w, b, {"stride": 1, "pad": 0})[0].item()
    10.0
    """
    with use_algorithm("naive"):
        return conv_forward_fast(x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    """Return dx, dw and db as `conv_backward_fast` does, in the loops of the definition.

    >>> x, w, b = np.ones((1, 1, 3, 3)), np.ones((1, 1, 3, 3)), np.ones(1)
    >>> out, cache = conv_forward_naive(x, w, b, {"stride": 1, "pad": 0})
    >>> conv_backward_naive(np.full((1, 1, 1, 1), 2.0), cache)[2]
    array([2.])
    """
    with use_algorithm("naive"):
        return conv_backward_fast(dout, cache)


def pool_windows(pool_param):
    """Return kernel_size, stride and padding as the naive kernels of pooling take them.

    Raises ValueError for a size or stride that is no whole number, at least 1.

    >>> pool_windows({"pool_height": 2, "pool_width": 3, "stride": 2})
    ((2, 3), (2, 2), ((0, 0), (0, 0)))
    """
    options = pool_options(pool_param)
    return *(pair("max_pool_forward_naive", name, options[name]) for name in options), NONE


def max_pool_forward_naive(x, pool_param):
    """Compute what `max_pool_forward_fast` does by the definition, window by window.

    Raises ValueError for a size or stride that is no whole number, at least 1.

    >>> pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
    >>> max_pool_forward_naive(np.arange(4.0).reshape(1, 1, 2, 2), pool_param)[0].item()
    3.0
    """
    out = max_pool_naive(x, *pool_windows(pool_param))
    return out, (out, x, pool_param)


def max_pool_backward_naive(dout, cache):
    """Return dx as `max_pool_backward_fast` does, window by window.

    >>> pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
    >>> out, cache = max_pool_forward_naive(np.ones((1, 1, 2, 2)), pool_param)
    >>> max_pool_backward_naive(np.full((1, 1, 1, 1), 5.0), cache)[0, 0].tolist()
    [[5.0, 0.0], [0.0, 0.0]]
    """
    out, x, pool_param = cache
    return max_pool_grad_naive(out, x, dout, *pool_windows(pool_param))


def svm_loss(x, y):
    """Return the hinge loss of scores x (N, K) and labels y (N,), and dx.

    loss = 1/N Σₙ Σ_{k ≠ yₙ} max(0, x[n, k] - x[n, yₙ] + 1)

    Raises ValueError for a label outside 0 … K - 1, ShapeError for no examples.

    >>> loss, dx = svm_loss(np.array([[3.0, 2.5, 1.0]]), np.array([0]))
    >>> float(loss), dx.tolist()
    (0.5, [[-1.0, 1.0, 0.0]])
    """
    return value_and_grad(hinge)(x, y)


def softmax_loss(x, y):
    """Return the cross entropy of scores x (N, K) and labels y (N,), and dx.

    loss = -1/N Σₙ ln softmax(x)[n, yₙ]

    Raises ValueError for a label outside 0 … K - 1, ShapeError for no examples.

    >>> loss, dx = softmax_loss(np.zeros((1, 2)), np.array([0]))
    >>> round(float(loss), 4), dx.tolist()
    (0.6931, [[-0.5, 0.5]])
    """
    return value_and_grad(cross_entropy)(x, y)
