"""The layers of a ConvNet between its convolutions and its features.

Chapter: book/convnet.md.
"""

import numpy as np

from dlcore.nn.conv import filters
from dlcore.nn.layer import Layer, Operation
from dlcore.ops.conv import add_bias, conv2d
from dlcore.ops.convnet import flatten
from dlcore.ops.pool import max_pool2d


class Flatten(Operation):
    """Lay every image out as one row of features:  (N, C, H, W) → (N, C H W)."""

    def __init__(self):
        super().__init__(flatten)


class ConvReLUPool(Layer):
    """Convolve, apply the ReLU, keep the largest of every `pool` × `pool` window.

    The parameters are those of `Conv2d`; (N, C, H, W) → (N, F, ⌊P/pool⌋, ⌊Q/pool⌋).

    The largest entry of a window is the same one before a bias is added and the ReLU applied,
    or after:  max relu(y + b) = relu(max y + b).  Pooled first, fewer entries are left to do.
    """

    weights = ("w",)

    def __init__(
        self, C, F, kernel_size, *, pool=2, rng, std=None, dtype=np.float64,
        stride=1, padding=0, dilation=1, groups=1,
    ):  # fmt: skip
        w = filters(C, F, kernel_size, groups, std=std, rng=rng, dtype=dtype)
        self.params, self.pool = {"w": w, "b": np.zeros(F, dtype)}, pool
        self.options = {
            "stride": stride, "padding": padding, "dilation": dilation, "groups": groups,
        }  # fmt: skip

    def __call__(self, x, rng=None):
        """Compute y = relu(max_pool(x ⋆ w) + b)."""
        y = conv2d(x, self.params["w"], **self.options)
        y = max_pool2d(y, kernel_size=self.pool)
        return add_bias(y, self.params["b"], relu=True)
