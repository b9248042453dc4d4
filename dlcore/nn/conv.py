"""The convolutional layer, and the layer that adds its offsets later.

Chapter: book/conv.md.
"""

from math import prod

import numpy as np

from dlcore.kernels.machine.layout import from_batch_last, to_batch_last
from dlcore.nn.init import normal
from dlcore.nn.layer import Layer
from dlcore.ops.conv import conv2d, convolution, shift
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
    then costs no pass of its own. Without `bias` there is no b, and an `Offset` may follow.
    """

    def __init__(
        self, C, F, window, *, rng, std=None, dtype=np.float64,
        stride=1, padding=0, dilation=1, groups=1, bias=True, rectify=False,
    ):  # fmt: skip
        if groups < 1 or C % groups or F % groups:
            raise ValueError(
                f"Conv2d: groups is {groups} but C is {C} and F is {F}, groups must divide both"
            )
        shape = F, C // groups, *pair("Conv2d", "window", window)
        std = np.sqrt(2 / prod(shape[1:])) if std is None else std
        w = normal(shape, std=std, rng=rng, dtype=dtype)
        options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        if bias:
            b = np.zeros(F, dtype)
            super().__init__(convolution, {**options, "rectify": rectify}, w=w, b=b)
        elif rectify:
            raise ValueError("Conv2d: rectify is True but bias is False, use Offset to rectify")
        else:
            super().__init__(conv2d, options, w=w)

    def forward(self, x):
        """Convolve images; they are laid out as the kernels want them once, for both ways."""
        return super().forward(from_batch_last(to_batch_last(x)))


class Offset(Layer):
    """Add an offset to every map, and keep what is positive if asked to `rectify`.

    ======  =====  =====
    b       (F,)   zero
    ======  =====  =====
    """

    def __init__(self, F, *, dtype=np.float64, rectify=False):
        super().__init__(shift, {"rectify": rectify}, b=np.zeros(F, dtype))
