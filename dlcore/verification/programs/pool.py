"""Pooling by the letters of the page.

Chapter: book/pool.md.
"""

from typing import Annotated

import numpy as np

from dlcore.ops.pool import avg_pool2d, max_pool2d
from dlcore.shapes import Array, Images, Pooled


def output_size(H, U, stride):
    """The windows that fit, counted in a map."""
    return max_pool2d(np.ones((1, 1, H, U)), kernel_size=U, stride=stride).shape[2]


def max_pool(x: Images, U, V, stride):
    """Max pooling."""
    return max_pool2d(x, kernel_size=(U, V), stride=stride)


def max_pool_vjp(x: Images, y_bar: Pooled, U, V, stride):
    """Its backward pass."""
    options = {"kernel_size": (U, V), "stride": stride}
    return max_pool2d.vjp(max_pool2d(x, **options), x, y_bar, **options)[0]


def avg_pool(x: Images, U, V, stride, padding):
    """Average pooling."""
    return avg_pool2d(x, kernel_size=(U, V), stride=stride, padding=padding)


def avg_pool_vjp(x: Images, y_bar: Pooled, U, V, stride, padding):
    """Its backward pass."""
    options = {"kernel_size": (U, V), "stride": stride, "padding": padding}
    return avg_pool2d.vjp(avg_pool2d(x, **options), x, y_bar, **options)[0]


def avg_pool_row(x: Annotated[Array, "H"], U, stride):
    """Average pooling of one row."""
    return avg_pool2d(x[None, None, None], kernel_size=(1, U), stride=(1, stride))[0, 0, 0]
