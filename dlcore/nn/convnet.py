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
    """Lay every image out as one row of features:  (N, C, H, W) → (N, C H W).

    >>> Flatten()(np.ones((2, 3, 8, 8))).shape
    (2, 192)
    """

    def __init__(self):
        super().__init__(flatten)


class ConvReLUPool(Layer):
    """Convolve, apply the ReLU, keep the largest of every `pool` × `pool` window.

    The parameters are those of `Conv2d`; (N, C, H, W) → (N, F, ⌊P/pool⌋, ⌊Q/pool⌋).
    Since  max relu(y + b) = relu(max y + b),  pooling first leaves fewer entries for the bias and
    the ReLU. Raises ValueError where the options do not fit, as `Conv2d` does.

    >>> ConvReLUPool(3, 4, 5, rng=np.random.default_rng(0))(np.ones((2, 3, 8, 8))).shape
    (2, 4, 2, 2)
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
