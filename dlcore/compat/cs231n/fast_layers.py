"""Convolution and max pooling as the library computes them.

``conv_param`` is {"stride": s, "pad": p} and ``pool_param`` {"pool_height": U, "pool_width": V,
"stride": s}; a forward pass returns (out, cache), and the cache goes to the backward pass.
"""

from dlcore.ops.conv import conv2d, conv2d_bias_relu
from dlcore.ops.pool import max_pool2d

__all__ = [
    "conv_backward_fast",
    "conv_forward_fast",
    "max_pool_backward_fast",
    "max_pool_forward_fast",
]


def conv_options(conv_param):
    """Translate ``conv_param`` into the options of `conv2d`.

    >>> conv_options({"stride": 2, "pad": 1})
    {'stride': 2, 'padding': 1}
    """
    return {"stride": conv_param["stride"], "padding": conv_param["pad"]}


def pool_options(pool_param):
    """Translate ``pool_param`` into the options of `max_pool2d`.

    >>> pool_options({"pool_height": 2, "pool_width": 3, "stride": 2})
    {'kernel_size': (2, 3), 'stride': 2}
    """
    kernel_size = pool_param["pool_height"], pool_param["pool_width"]
    return {"kernel_size": kernel_size, "stride": pool_param["stride"]}


def conv_forward_fast(x, w, b, conv_param):
    """Convolve, and add a bias:  out = x ⋆ w + b,  (N, C, H, W) → (N, F, P, Q), and the cache.

    w is (F, C, U, V), b (F,);  P = ⌊(H + 2 pad - U) / stride⌋ + 1. Here a last window that
    does not fit is left out; the course's fast version refuses it. Raises ShapeError where axes
    disagree.

    >>> import numpy as np
    >>> x, w, b = np.ones((1, 1, 3, 3)), np.ones((1, 1, 3, 3)), np.ones(1)
    >>> conv_forward_fast(x, w, b, {"stride": 1, "pad": 0})[0].item()
    10.0
    """
    bias = b if b.dtype.kind == "f" else b.astype(x.dtype)  # a notebook passes whole numbers
    out = conv2d_bias_relu(x, w, bias, relu=False, **conv_options(conv_param))
    return out, (x, w, b, conv_param)


def conv_backward_fast(dout, cache):
    """Return dx, dw and db = Σ dout over images and pixels, of the shapes of x, w and b.

    >>> import numpy as np
    >>> x, w, b = np.ones((1, 1, 3, 3)), np.ones((1, 1, 3, 3)), np.ones(1)
    >>> out, cache = conv_forward_fast(x, w, b, {"stride": 1, "pad": 0})
    >>> conv_backward_fast(np.full((1, 1, 1, 1), 2.0), cache)[2]
    array([2.])
    """
    x, w, _, conv_param = cache
    dx, dw = conv2d.vjp(None, x, w, dout, **conv_options(conv_param))
    return dx, dw, dout.sum(axis=(0, 2, 3))


def max_pool_forward_fast(x, pool_param):
    """Take the largest of every window:  (N, C, H, W) → (N, C, P, Q), and the cache.

    >>> import numpy as np
    >>> pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
    >>> max_pool_forward_fast(np.arange(4.0).reshape(1, 1, 2, 2), pool_param)[0].item()
    3.0
    """
    out = max_pool2d(x, **pool_options(pool_param))
    return out, (out, x, pool_param)


def max_pool_backward_fast(dout, cache):
    """Return dx: the first of the largest entries of each window receives its dout.

    Where several entries are the largest, the course's fast version divides dout among them.

    >>> import numpy as np
    >>> pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
    >>> out, cache = max_pool_forward_fast(np.ones((1, 1, 2, 2)), pool_param)
    >>> max_pool_backward_fast(np.full((1, 1, 1, 1), 5.0), cache)[0, 0].tolist()
    [[5.0, 0.0], [0.0, 0.0]]
    """
    out, x, pool_param = cache
    return max_pool2d.vjp(out, x, dout, **pool_options(pool_param))[0]
