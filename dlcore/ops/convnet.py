"""Images laid out flat, so that a linear map can take them.

Chapter: book/convnet.md.
"""

from math import prod

from dlcore.autodiff.primitive import primitive
from dlcore.kernels.machine.layout import batch_last_to_chwn, chwn_to_batch_last, is_batch_last
from dlcore.ops.precision import kernel_applies
from dlcore.shapes import Features, Images


@primitive
def flatten(x: Images) -> Features:
    """Lay every image out as one row:  y[n, (c H + h) W + l] = x[n, c, h, l],  D = C H W.

    Where the batch is innermost in memory, it stays so.

    >>> import numpy as np
    >>> flatten(np.arange(8.0).reshape(2, 1, 2, 2)).tolist()
    [[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0]]
    """
    if kernel_applies(x) and is_batch_last(x):
        return batch_last_to_chwn(x).reshape(prod(x.shape[1:]), len(x)).T
    return x.transpose(1, 2, 3, 0).reshape(prod(x.shape[1:]), len(x)).T


@flatten.defjvp
def flatten_jvp(y, x, x_dot):
    return flatten(x_dot)


@flatten.defvjp
def flatten_vjp(y, x, y_bar):
    N, C, H, W = x.shape
    x_bar = y_bar.T.reshape(C, H, W, N)
    if kernel_applies(x, x_bar) and is_batch_last(x):
        return (chwn_to_batch_last(x_bar),)
    return (x_bar.transpose(3, 0, 1, 2),)
