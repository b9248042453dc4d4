"""Layers that often follow each other, as one pair of functions.

A cache is a tuple of their caches.
"""

from dlcore.compat.cs231n.fast_layers import (
    conv_backward_fast,
    conv_forward_fast,
    max_pool_backward_fast,
    max_pool_forward_fast,
)
from dlcore.compat.cs231n.layers import (
    affine_backward,
    affine_forward,
    relu_backward,
    relu_forward,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
)

__all__ = [
    "affine_relu_backward",
    "affine_relu_forward",
    "conv_bn_relu_backward",
    "conv_bn_relu_forward",
    "conv_relu_backward",
    "conv_relu_forward",
    "conv_relu_pool_backward",
    "conv_relu_pool_forward",
]


def affine_relu_forward(x, w, b):
    """Mix features, apply the ReLU:  out = max(0, x w + b),  (N, …) → (N, M),  and the cache.

    >>> import numpy as np
    >>> affine_relu_forward(np.ones((1, 2)), np.ones((2, 1)), np.array([-5.0]))[0]
    array([[0.]])
    """
    a, affine_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    return out, (affine_cache, relu_cache)


def affine_relu_backward(dout, cache):
    """Return dx, dw and db.

    >>> import numpy as np
    >>> out, cache = affine_relu_forward(np.ones((1, 2)), np.ones((2, 1)), np.array([5.0]))
    >>> affine_relu_backward(np.array([[3.0]]), cache)[2]
    array([3.])
    """
    affine_cache, relu_cache = cache
    return affine_backward(relu_backward(dout, relu_cache), affine_cache)


def conv_relu_forward(x, w, b, conv_param):
    """Convolve and apply the ReLU:  out = max(0, x ⋆ w + b),  and the cache.

    >>> import numpy as np
    >>> x, w = np.ones((1, 1, 3, 3)), np.ones((1, 1, 3, 3))
    >>> conv_relu_forward(x, w, np.array([-10.0]), {"stride": 1, "pad": 0})[0].item()
    0.0
    """
    a, conv_cache = conv_forward_fast(x, w, b, conv_param)
    out, relu_cache = relu_forward(a)
    return out, (conv_cache, relu_cache)


def conv_relu_backward(dout, cache):
    """Return dx, dw and db.

    >>> import numpy as np
    >>> x, w = np.ones((1, 1, 3, 3)), np.ones((1, 1, 3, 3))
    >>> out, cache = conv_relu_forward(x, w, np.ones(1), {"stride": 1, "pad": 0})
    >>> conv_relu_backward(np.full((1, 1, 1, 1), 2.0), cache)[2]
    array([2.])
    """
    conv_cache, relu_cache = cache
    return conv_backward_fast(relu_backward(dout, relu_cache), conv_cache)


def conv_bn_relu_forward(x, w, b, gamma, beta, conv_param, bn_param):
    """Convolve, normalise by the batch, apply the ReLU; return out and the cache.

    Raises ValueError for another mode than "train" and "test".

    >>> import numpy as np
    >>> x, w, one = np.arange(4.0).reshape(1, 1, 2, 2), np.ones((1, 1, 1, 1)), np.ones(1)
    >>> params = {"stride": 1, "pad": 0}, {"mode": "train"}
    >>> conv_bn_relu_forward(x, w, one, one, 0 * one, *params)[0][0, 0].round(2).tolist()
    [[0.0, 0.0], [0.45, 1.34]]
    """
    a, conv_cache = conv_forward_fast(x, w, b, conv_param)
    normal, bn_cache = spatial_batchnorm_forward(a, gamma, beta, bn_param)
    out, relu_cache = relu_forward(normal)
    return out, (conv_cache, bn_cache, relu_cache)


def conv_bn_relu_backward(dout, cache):
    """Return dx, dw, db, dgamma and dbeta.

    >>> import numpy as np
    >>> x, w, one = np.arange(4.0).reshape(1, 1, 2, 2), np.ones((1, 1, 1, 1)), np.ones(1)
    >>> params = {"stride": 1, "pad": 0}, {"mode": "train"}
    >>> out, cache = conv_bn_relu_forward(x, w, one, one, 0 * one, *params)
    >>> conv_bn_relu_backward(np.ones((1, 1, 2, 2)), cache)[4]
    array([2.])
    """
    conv_cache, bn_cache, relu_cache = cache
    dnormal = relu_backward(dout, relu_cache)
    da, dgamma, dbeta = spatial_batchnorm_backward(dnormal, bn_cache)
    return *conv_backward_fast(da, conv_cache), dgamma, dbeta


def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    """Convolve, apply the ReLU, keep the largest of every window; return out and the cache.

    >>> import numpy as np
    >>> x, w, b = np.arange(4.0).reshape(1, 1, 2, 2), np.ones((1, 1, 1, 1)), np.zeros(1)
    >>> params = {"stride": 1, "pad": 0}, {"pool_height": 2, "pool_width": 2, "stride": 2}
    >>> conv_relu_pool_forward(x, w, b, *params)[0].item()
    3.0
    """
    a, conv_cache = conv_forward_fast(x, w, b, conv_param)
    s, relu_cache = relu_forward(a)
    out, pool_cache = max_pool_forward_fast(s, pool_param)
    return out, (conv_cache, relu_cache, pool_cache)


def conv_relu_pool_backward(dout, cache):
    """Return dx, dw and db.

    >>> import numpy as np
    >>> x, w, b = np.arange(4.0).reshape(1, 1, 2, 2), np.ones((1, 1, 1, 1)), np.zeros(1)
    >>> params = {"stride": 1, "pad": 0}, {"pool_height": 2, "pool_width": 2, "stride": 2}
    >>> out, cache = conv_relu_pool_forward(x, w, b, *params)
    >>> conv_relu_pool_backward(np.full((1, 1, 1, 1), 2.0), cache)[1].item()
    6.0
    """
    conv_cache, relu_cache, pool_cache = cache
    ds = max_pool_backward_fast(dout, pool_cache)
    return conv_backward_fast(relu_backward(ds, relu_cache), conv_cache)
