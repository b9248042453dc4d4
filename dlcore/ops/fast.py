"""The linear map where the batch is innermost in memory, as convolutions leave it.

Chapter: book/fast.md.
"""

import numpy as np

from dlcore.autodiff.primitive import primitive
from dlcore.kernels.machine.gemm import matmul
from dlcore.ops.linear import linear, linear_jvp, linear_vjp
from dlcore.ops.window import as_common_dtype, kernel_applies
from dlcore.shapes import Bias, Features, Hidden, Weights


def in_columns(x):
    """Tell whether the columns of a matrix are contiguous, and its rows are not."""
    return x.flags.f_contiguous and not x.flags.c_contiguous


def multiply(a, b):
    """Multiply by the tile: columns of a make columns of the result, or rows of b its rows."""
    return matmul(b.T, a.T).T if in_columns(a) else matmul(a, b)


@primitive
def linear_in_columns(x: Features, w: Weights, b: Bias) -> Hidden:
    """Mix features:  y = x w + b,  by the register tile; no other library's threads wake up."""
    x, w = as_common_dtype(x, w)
    if not kernel_applies(x):
        return linear.function(x, w, b)
    y = multiply(x, w)
    y += b
    return y


@linear_in_columns.defjvp
def linear_in_columns_jvp(*args):
    return linear_jvp(*args)


@linear_in_columns.defvjp
def linear_in_columns_vjp(y, x, w, b, y_bar):
    if not kernel_applies(x, w, y_bar):
        return linear_vjp(y, x, w, b, y_bar)
    bars = np.asfortranarray(y_bar)
    return lambda: multiply(bars, w.T), lambda: multiply(x.T, y_bar), lambda: y_bar.sum(axis=0)


def fitting(x):
    """Choose the linear map that suits the order in which x lies in memory."""
    return linear_in_columns if in_columns(x) else linear
