"""Norms: the length of a vector, the size of a matrix.

A length that is 0 has gradient 0, as in PyTorch; of several largest entries each receives an
equal part.

Chapter: book/reverse.md.
"""

import math

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from dlcore.autodiff.dispatch import implements
from dlcore.ops.numpy.elementary import root


def length(x, axis, keepdims):
    """Compute the Euclidean or Frobenius norm:  √Σ x².

    >>> length(np.array([3.0, 4.0]), axis=None, keepdims=False)
    np.float64(5.0)
    """
    return root(np.sum(x * x, axis=axis, keepdims=keepdims))


def vector_length(x, ord, axis, keepdims):
    """Compute the norm of vectors along an axis:  (Σ |x|ᵖ)^(1/p),  or an extreme of |x|.

    >>> vector_length(np.array([3.0, -4.0]), 1, axis=0, keepdims=False)
    np.float64(7.0)
    """
    options = {"axis": axis, "keepdims": keepdims}
    if ord is None or ord == 2:
        return length(x, **options)
    if isinstance(ord, str):
        raise ValueError(f"norm: ord {ord!r} is no norm of vectors")
    if ord in (math.inf, -math.inf) and (x.size or ord < 0):
        return (np.max if ord > 0 else np.min)(np.absolute(x), **options)
    if ord == 0:
        return np.sum(np.not_equal(x, 0).astype(x.dtype), **options)
    if ord in (1, math.inf):
        return np.sum(np.absolute(x), **options)
    total = np.sum(np.absolute(x) ** ord, **options)
    zero = np.equal(total, 0) & (ord > 0)
    return np.where(zero, total, np.where(zero, 1, total) ** (1 / ord))


def matrix_size(x, ord, axes, keepdims):
    """Compute the norm of matrices over two axes, by its name or number.

    >>> matrix_size(np.array([[1.0, -2.0], [3.0, 4.0]]), 1, (0, 1), keepdims=False)
    np.float64(6.0)
    """
    row, column = normalize_axis_tuple(axes, np.ndim(x))
    if ord in (None, "fro", "f"):
        return length(x, (row, column), keepdims)
    if ord in ("nuc", 2, -2):
        values = np.linalg.svd(np.moveaxis(x, (row, column), (-2, -1)), compute_uv=False)
        largest = np.max if values.size else np.sum  # NumPy's largest of none is 0
        y = {"nuc": np.sum, 2: largest, -2: np.min}[ord](values, axis=-1)
        return np.expand_dims(y, (row, column)) if keepdims else y
    if ord not in (1, -1, math.inf, -math.inf):
        raise ValueError(f"norm: ord {ord!r} is no norm of matrices")
    along = row if abs(ord) == 1 else column
    sums = np.sum(np.absolute(x), axis=along, keepdims=True)
    extreme = np.min if ord < 0 else np.max if sums.size else np.sum
    return extreme(sums, axis=(row, column), keepdims=keepdims)


@implements(np.linalg.norm)
def norm(x, ord=None, axis=None, keepdims=False):
    """Compute the norm of a vector or a matrix, √Σ x² without `ord`; its slope at 0 is 0.

    Raises ValueError for a norm that there is not.

    >>> norm(np.array([3.0, 4.0]))
    np.float64(5.0)
    """
    if axis is None and ord is None:
        y = length(np.ravel(x, "K"), None, False)
        return np.reshape(y, (1,) * x.ndim) if keepdims else y
    axes = axis if isinstance(axis, tuple) else range(x.ndim) if axis is None else (int(axis),)
    if len(axes) == 1:
        if not isinstance(ord, str):
            normalize_axis_tuple(axes, x.ndim)
        return vector_length(x, ord, axes[0], keepdims)
    if len(axes) != 2:
        raise ValueError(f"norm: {len(axes)} axes, a vector has one and a matrix has two")
    return matrix_size(x, ord, axes, keepdims)


@implements(np.linalg.vector_norm)
def vector_norm(x, *, axis=None, keepdims=False, ord=2):
    """Compute the norm of a vector, of all entries or along the given axes.

    >>> vector_norm(np.array([3.0, 4.0]))
    np.float64(5.0)
    """
    axes = axis if isinstance(axis, tuple) else range(x.ndim) if axis is None else (int(axis),)
    axes = normalize_axis_tuple(axes, x.ndim)
    if keepdims and axis is not None:
        normalize_axis_tuple(axis, x.ndim)  # raises what NumPy raises
    kept = [i for i in range(x.ndim) if i not in axes]
    sizes = tuple(x.shape[i] for i in kept)
    count = math.prod(x.shape[i] for i in axes)
    rows = np.reshape(np.transpose(x, (*axes, *kept)), (count, *sizes))
    y = vector_length(rows, ord, 0, False)
    shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    return np.reshape(y, shape) if keepdims else y


@implements(np.linalg.matrix_norm)
def matrix_norm(x, *, keepdims=False, ord="fro"):
    """Compute the norm of matrices, which are the last two axes.

    >>> matrix_norm(np.array([[3.0, 0.0], [0.0, 4.0]]))
    np.float64(5.0)
    """
    return matrix_size(x, ord, (-2, -1), keepdims)
