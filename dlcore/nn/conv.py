"""The convolutional layer.

Chapter: book/conv.md.
"""

from math import prod

import numpy as np

from dlcore.nn.init import normal
from dlcore.nn.layer import Layer, Operation
from dlcore.ops.conv import conv2d, conv2d_bias_relu
from dlcore.ops.convnet import conv_transpose2d
from dlcore.ops.window import pair


class Conv2d(Operation):
    """Convolve C channels into F maps:  (N, C, H, W) → (N, F, P, Q).

    ======  =======================  =============================================
    w       (F, C / groups, U, V)    drawn from N(0, std²); without `std`, from
                                     N(0, 2/fan), fan = C U V / groups, so that
                                     variance survives a ReLU [He2015]_
    b       (F,)                     zero
    ======  =======================  =============================================

    The options are those of `conv2d`. With `relu` the layer ends in a ReLU, which then costs
    no pass through memory of its own; without `bias` there is no b. Raises ValueError for `relu`
    without `bias`, `groups` that do not divide C and F, a `kernel_size` of another kind.

    >>> layer = Conv2d(3, 4, 5, padding=2, rng=np.random.default_rng(0))
    >>> layer(np.ones((2, 3, 8, 8))).shape
    (2, 4, 8, 8)
    """

    def __init__(
        self, C, F, kernel_size, *, rng, std=None, dtype=np.float64,
        stride=1, padding=0, dilation=1, groups=1, bias=True, relu=False,
    ):  # fmt: skip
        if relu and not bias:
            raise ValueError("Conv2d: relu is True but bias is False, use bias=True or ops.relu")
        w = filters(C, F, kernel_size, groups, std=std, rng=rng, dtype=dtype)
        options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        if bias:
            b = np.zeros(F, dtype)
            super().__init__(conv2d_bias_relu, {**options, "relu": relu}, weights=("w",), w=w, b=b)
        else:
            super().__init__(conv2d, options, weights=("w",), w=w)


class ConvTranspose2d(Layer):
    """Transpose a convolution: C maps over F larger ones,  (N, C, P, Q) → (N, F, H, W).

    ======  =======================  =============================================
    w       (C, F / groups, U, V)    drawn from N(0, std²); without `std`, from
                                     N(0, 2/fan), fan = C U V / (s² groups) with
                                     a pixel of y seen by every s-th tap
    b       (F,)                     zero
    ======  =======================  =============================================

    The options and errors are those of `conv_transpose2d`. Raises ValueError for `groups` that
    do not divide C and F.

    >>> layer = ConvTranspose2d(4, 3, 2, stride=2, rng=np.random.default_rng(0))
    >>> layer(np.ones((2, 4, 5, 5))).shape
    (2, 3, 10, 10)
    """

    weights = ("w",)

    def __init__(
        self, C, F, kernel_size, *, rng, std=None, dtype=np.float64,
        stride=1, padding=0, output_padding=0, dilation=1, groups=1, bias=True,
    ):  # fmt: skip
        if std is None:
            taps = prod(pair("ConvTranspose2d", "kernel_size", kernel_size))
            std = np.sqrt(2 * prod(pair("ConvTranspose2d", "stride", stride)) * groups / (C * taps))
        w = filters(F, C, kernel_size, groups, std=std, rng=rng, dtype=dtype)
        self.params = {"w": w} | ({"b": np.zeros(F, dtype)} if bias else {})
        self.options = {
            "stride": stride, "padding": padding, "output_padding": output_padding,
            "dilation": dilation, "groups": groups,
        }  # fmt: skip

    def __call__(self, x, rng=None):
        """Compute y."""
        return conv_transpose2d(x, *self.params.values(), **self.options)


def filters(C, F, kernel_size, groups=1, *, std, rng, dtype):
    """Draw a bank of filters (F, C / groups, U, V) from N(0, std²), by default 2/fan.

    Raises ValueError for `groups` that do not divide C and F, and for another `kernel_size`
    than a whole number or a pair.

    >>> filters(4, 6, 3, groups=2, std=None, rng=np.random.default_rng(0), dtype=np.float32).shape
    (6, 2, 3, 3)
    """
    if groups < 1 or C % groups or F % groups:
        raise ValueError(
            f"Conv2d: groups is {groups} but C is {C} and F is {F}, groups must divide both"
        )
    shape = F, C // groups, *pair("Conv2d", "kernel_size", kernel_size)
    std = np.sqrt(2 / prod(shape[1:])) if std is None else std
    return normal(shape, std=std, rng=rng, dtype=dtype)
