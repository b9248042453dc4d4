"""Images laid out flat, so that a linear map can take them; maps spread out again.

Chapter: book/convnet.md.
"""

from math import prod

from dlcore.autodiff.primitive import primitive
from dlcore.kernels.machine.layout import batch_last_to_chwn, chwn_to_batch_last, is_batch_last
from dlcore.ops.conv import add_bias, conv2d_input_grad
from dlcore.ops.precision import kernel_applies
from dlcore.ops.window import pair
from dlcore.shapes import Features, Images, ShapeError


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


def conv_transpose2d(x, w, b=None, *, stride=1, padding=0, output_padding=0, dilation=1, groups=1):
    """Spread every pixel over a window:  y[n,c,p s+u,q s+v] += Σ_f x[n,f,p,q] w[f,c,u,v].

    It is the transpose of `conv2d`, the map that pulls upstream gradients back, as an operation
    of its own.  x (N, F, P, Q), w (F, C / groups, U, V), b (C,) give
    (N, C, H, W) with  H = (P - 1) s - 2 padding + a (U - 1) + 1 + output_padding.
    Raises ValueError for an option that is no whole number or pair and where `output_padding` is
    not less than stride or dilation, ShapeError where F differs or nothing is left.

    >>> import numpy as np
    >>> conv_transpose2d(np.ones((1, 1, 2, 2)), np.ones((1, 1, 2, 2)), stride=2).shape
    (1, 1, 4, 4)
    """
    function = "conv_transpose2d"
    s, a = pair(function, "stride", stride), pair(function, "dilation", dilation)
    before, more = (pair(function, name, value, least=0) for name, value in
                    (("padding", padding), ("output_padding", output_padding)))  # fmt: skip
    if any(extra >= max(s[i], a[i]) for i, extra in enumerate(more)):
        raise ValueError(
            f"{function}: output_padding is {more}, it must be less than stride {s} or dilation {a}"
        )
    axes = zip(x.shape[2:], w.shape[2:], s, before, more, a, strict=True)
    size = tuple((P - 1) * s - 2 * pad + a * (U - 1) + 1 + e for P, U, s, pad, e, a in axes)
    if min(size) < 1:
        raise ShapeError(f"{function}: maps of {size} are left, pad less")
    options = {"stride": s, "padding": before, "dilation": a, "groups": groups}
    y = conv2d_input_grad(x, w, size=size, **options)
    return y if b is None else add_bias(y, b)
