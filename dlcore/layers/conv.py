"""The convolutional layer.

Chapter: book/conv.md.
"""

from math import prod

import numpy as np

from dlcore.init import normal
from dlcore.kernels.layout import innermost, outward
from dlcore.layers.layer import Layer
from dlcore.ops.conv import convolution
from dlcore.ops.window import pair


class Conv2d(Layer):
    """Convolve C channels into F maps:  (N, C, H, W) → (N, F, P, Q).

    ======  =======================  =============================================
    w       (F, C / groups, U, V)    drawn from N(0, std²); without `std`, from
                                     N(0, 2/fan), fan = C U V / groups, so that
                                     variance survives a rectifier [He2015]_
    b       (F,)                     zero
    ======  =======================  =============================================

    The options are those of `conv2d`; with `rectify` the layer ends in a rectifier, which
    then costs no pass of its own.
    """

    def __init__(
        self, C, F, window, *, rng, std=None, dtype=np.float64,
        stride=1, padding=0, dilation=1, groups=1, rectify=False,
    ):  # fmt: skip
        if groups < 1 or C % groups or F % groups:
            raise ValueError(
                f"Conv2d: groups is {groups} but C is {C} and F is {F}, groups must divide both"
            )
        shape = F, C // groups, *pair("Conv2d", "window", window)
        std = np.sqrt(2 / prod(shape[1:])) if std is None else std
        w, b = normal(shape, std=std, rng=rng, dtype=dtype), np.zeros(F, dtype)
        options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        super().__init__(convolution, {**options, "rectify": rectify}, w=w, b=b)

    def forward(self, x):
        """Convolve images; they are laid out as the kernels want them once, for both ways."""
        return super().forward(outward(innermost(x)))
