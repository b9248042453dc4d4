"""Programs of convolution and pooling as formulas call them: by the letters of the page.

Chapter: book/formulas.md.
"""

from typing import Annotated

import numpy as np

from dlcore.experiments import conv
from dlcore.kernels.conv import columns
from dlcore.kernels.machine.winograd_matrices import winograd_matrices
from dlcore.nn.conv import Conv2d
from dlcore.nn.linear import Linear
from dlcore.nn.models.convnet import TwoLayerConvNet
from dlcore.ops.conv import conv2d, conv2d_input_grad, conv2d_weight_grad, convolution
from dlcore.ops.flatten import flatten
from dlcore.ops.pool import avg_pool2d, max_pool2d
from dlcore.shapes import Array, Images, Pooled


def places(H, U, stride, padding, dilation=1):
    """The places of a window, counted in a map."""
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    return conv2d(np.ones((1, 1, H, H)), np.ones((1, 1, U, U)), **options).shape[2]


def conv_weights(C, F, U, V):
    """The numbers that a convolutional layer owns."""
    layer = Conv2d(C, F, (U, V), rng=np.random.default_rng(0))
    return sum(array.size for array in layer.params.values())


def linear_weights(C, H, W, F, P, Q):
    """The numbers that a linear layer owns between the same arrays."""
    layer = Linear(C * H * W, F * P * Q, rng=np.random.default_rng(0))
    return sum(array.size for array in layer.params.values())


def products(N, C, F, P, Q, U, V):
    """The products of a convolution with P times Q places, counted one by one."""
    return conv.products((N, C, P + U - 1, Q + V - 1), (F, C, U, V))


def grouped(x: Annotated[Array, "N D H W"], w, groups):
    """A convolution in groups; the images have D channels, C in each group."""
    return conv2d(x, w, groups=groups)


def conv_forwards(x: Images, w, x_dot: Images, w_dot, stride, padding):
    """The tangent of a convolution."""
    options = {"stride": stride, "padding": padding}
    return conv2d.jvp(None, x, w, x_dot, w_dot, **options)


def to_pixels(y_bar, w: Annotated[Array, "F C U V"], H, W, stride, padding):
    """What the images hear of a cotangent of their maps."""
    options = {"stride": stride, "padding": padding}
    return conv2d_input_grad(y_bar, w, size=(H, W), **options)


def to_taps(x: Images, y_bar, U, V, stride, padding):
    """What the filters hear of it."""
    options = {"stride": stride, "padding": padding}
    return conv2d_weight_grad(x, y_bar, window=(U, V), **options)


def row(x: Annotated[Array, "H"], w: Annotated[Array, "U"]):
    """A convolution of one row."""
    return conv2d(x[None, None, None], w[None, None, None])[0, 0, 0]


def row_forwards(x: Annotated[Array, "H"], w, x_dot: Annotated[Array, "H"], w_dot):
    """The tangent of one row."""
    return row(x_dot, w) + row(x, w_dot)


def offset_row(x: Annotated[Array, "H"], w: Annotated[Array, "U"], b):
    """A convolution of one row, with an offset."""
    return convolution(x[None, None, None], w[None, None, None], np.array([b]))[0, 0, 0]


def moved(N, C, H, W, F, U, V):
    """The bytes of images, filters and maps."""
    x, w = np.ones((N, C, H, W), np.float32), np.ones((F, C, U, V), np.float32)
    return x.nbytes + w.nbytes + conv2d(x, w).nbytes


def copies(P, Q, U, V):
    """How many numbers the columns of an image hold for each of its own."""
    x = np.ones((1, 1, P + U - 1, Q + V - 1))
    return columns(x, (U, V), (1, 1), ((0, 0), (0, 0)), (1, 1), 1).size / x.size


def reused(F, N):
    """The products of a tile, for each number that is loaded once."""
    products = [(("w", f), ("x", n)) for f, n in np.ndindex(F, N)]
    return len(products) / len({number for pair in products for number in pair})


def products_saved(P, U):
    """The products of the definition, for each one of the short algorithm."""
    return products(1, 1, 1, P, P, U, U) / len(winograd_matrices(P, U)[0]) ** 2


def features(F, H, W):
    """The features that the linear layer of a ConvNet meets."""
    model = TwoLayerConvNet((1, H, W), F, 2, rng=np.random.default_rng(0), window=1)
    return len(model.params["w2"])


def unflattened(y: Annotated[Array, "N D"], C, H, W):
    """The images that lie flat in rows of features."""
    return flatten.vjp(y, np.zeros((len(y), C, H, W)), y)[0]


def pooled_places(H, U, stride):
    """The windows that fit, counted in a map."""
    return max_pool2d(np.ones((1, 1, H, U)), window=U, stride=stride).shape[2]


def largest(x: Images, U, V, stride):
    """Max pooling."""
    return max_pool2d(x, window=(U, V), stride=stride)


def to_largest(x: Images, y_bar: Pooled, U, V, stride):
    """Its way back."""
    options = {"window": (U, V), "stride": stride}
    return max_pool2d.vjp(max_pool2d(x, **options), x, y_bar, **options)[0]


def averaged(x: Images, U, V, stride, padding):
    """Average pooling."""
    return avg_pool2d(x, window=(U, V), stride=stride, padding=padding)


def to_averaged(x: Images, y_bar: Pooled, U, V, stride, padding):
    """Its way back."""
    options = {"window": (U, V), "stride": stride, "padding": padding}
    return avg_pool2d.vjp(avg_pool2d(x, **options), x, y_bar, **options)[0]


def averaged_row(x: Annotated[Array, "H"], U, stride):
    """Average pooling of one row."""
    return avg_pool2d(x[None, None, None], window=(1, U), stride=(1, stride))[0, 0, 0]
