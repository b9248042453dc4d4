"""Convolutions by the letters of the page.

Chapter: book/conv.md.
"""

from typing import Annotated

import numpy as np

from dlcore.experiments import conv
from dlcore.nn.conv import Conv2d
from dlcore.nn.linear import Linear
from dlcore.ops.conv import conv2d, conv2d_input_grad, conv2d_weight_grad
from dlcore.shapes import Array, Images


def output_size(H, U, stride, padding, dilation=1):
    """The positions of a filter, counted in a map."""
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    return conv2d(np.ones((1, 1, H, H)), np.ones((1, 1, U, U)), **options).shape[2]


def conv_parameters(C, F, U, V):
    """The numbers that a convolutional layer owns."""
    layer = Conv2d(C, F, (U, V), rng=np.random.default_rng(0))
    return sum(array.size for array in layer.params.values())


def linear_parameters(C, H, W, F, P, Q):
    """The numbers that a linear layer owns between the same arrays."""
    layer = Linear(C * H * W, F * P * Q, rng=np.random.default_rng(0))
    return sum(array.size for array in layer.params.values())


def multiplications(N, C, F, P, Q, U, V):
    """The products of a convolution at P times Q positions, counted one by one."""
    return conv.products((N, C, P + U - 1, Q + V - 1), (F, C, U, V))


def grouped(x: Annotated[Array, "N D H W"], w, groups):
    """A convolution in groups; the images have D channels, C in each group."""
    return conv2d(x, w, groups=groups)


def conv2d_jvp(x: Images, w, x_dot: Images, w_dot, stride, padding):
    """The tangent of a convolution."""
    options = {"stride": stride, "padding": padding}
    return conv2d.jvp(None, x, w, x_dot, w_dot, **options)


def input_grad(y_bar, w: Annotated[Array, "F C U V"], H, W, stride, padding):
    """The cotangent of the images, of a cotangent of their maps."""
    options = {"stride": stride, "padding": padding}
    return conv2d_input_grad(y_bar, w, size=(H, W), **options)


def weight_grad(x: Images, y_bar, U, V, stride, padding):
    """The cotangent of the filters, of a cotangent of the maps."""
    options = {"stride": stride, "padding": padding}
    return conv2d_weight_grad(x, y_bar, kernel_size=(U, V), **options)


def row(x: Annotated[Array, "H"], w: Annotated[Array, "U"]):
    """A convolution of one row."""
    return conv2d(x[None, None, None], w[None, None, None])[0, 0, 0]


def row_jvp(x: Annotated[Array, "H"], w, x_dot: Annotated[Array, "H"], w_dot):
    """The tangent of one row."""
    return row(x_dot, w) + row(x, w_dot)
