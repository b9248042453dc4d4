"""Images laid out flat, so that a linear map can take them.

Chapter: book/convnet.md.
"""

from math import prod

from dlcore.autodiff.primitive import primitive
from dlcore.kernels.machine.layout import channels_outside, is_innermost, pixels_outside
from dlcore.ops.window import bare
from dlcore.shapes import Features, Images


@primitive
def flatten(x: Images) -> Features:
    """Lay every image out as one row:  y[n, (c H + h) W + l] = x[n, c, h, l].

    Where the batch is innermost in memory, it stays so.
    """
    if bare(x) and is_innermost(x):
        return channels_outside(x).reshape(prod(x.shape[1:]), len(x)).T
    return x.transpose(1, 2, 3, 0).reshape(prod(x.shape[1:]), len(x)).T


@flatten.defjvp
def flatten_jvp(y, x, x_dot):
    return flatten(x_dot)


@flatten.defvjp
def flatten_vjp(y, x, y_bar):
    N, C, H, W = x.shape
    x_bar = y_bar.T.reshape(C, H, W, N)
    if bare(x, x_bar) and is_innermost(x):
        return (pixels_outside(x_bar),)
    return (x_bar.transpose(3, 0, 1, 2),)
