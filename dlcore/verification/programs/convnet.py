"""Layers of a ConvNet by the letters of the page.

Chapter: book/convnet.md.
"""

from typing import Annotated

import numpy as np

from dlcore.nn import named_parameters
from dlcore.nn.models import TwoLayerConvNet
from dlcore.ops.conv import conv2d_bias_relu
from dlcore.ops.convnet import flatten
from dlcore.shapes import Array


def row_with_bias(x: Annotated[Array, "H"], w: Annotated[Array, "U"], b):
    """A convolution of one row, with a bias."""
    x, w, b = x[None, None, None], w[None, None, None], np.array([b])
    return conv2d_bias_relu(x, w, b, relu=False)[0, 0, 0]


def features(F, H, W):
    """The features that the linear layer of a ConvNet receives."""
    model = TwoLayerConvNet((1, H, W), F, 2, rng=np.random.default_rng(0), kernel_size=1)
    return len(named_parameters(model)["output.w"])


def flatten_vjp(y: Annotated[Array, "N D"], C, H, W):
    """The images that lie flat in rows of features."""
    return flatten.vjp(y, np.zeros((len(y), C, H, W)), y)[0]
