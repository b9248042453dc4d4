"""Sums over axes.

Chapter: book/linear.md.
"""

import numpy as np

from dlcore.autodiff.primitive import primitive
from dlcore.shapes import Tensor


@primitive(
    numpy=[np.sum],
    shapes=[("N D",)],
    options={"axis": (None, 0, -1, (0, 1)), "keepdims": (False, True)},
)
def sum(x: Tensor, *, axis=None, keepdims=False) -> Tensor:  # NumPy's name for it
    """Add up:  y = Σ x, over all axes or the given ones."""
    return np.sum(x, axis=axis, keepdims=keepdims)


@sum.defjvp
def sum_jvp(y, x, x_dot, axis=None, keepdims=False):
    return np.sum(x_dot, axis=axis, keepdims=keepdims)


@sum.defvjp
def sum_vjp(y, x, y_bar, axis=None, keepdims=False):
    """Every term of the sum hears the same cotangent."""
    kept = np.sum(np.empty_like(x), axis=axis, keepdims=True).shape
    return (np.reshape(y_bar, kept) * np.ones_like(x),)
