"""Dropout: entries are set to zero at random, and the others scaled up.

The mask is an argument, drawn beforehand, so that the operation is a function: linear in x, and
its own jvp and vjp.

Chapter: book/dropout.md.
"""

import numpy as np

from dlcore.autodiff.primitive import primitive
from dlcore.kernels import dropout as kernels
from dlcore.ops.precision import kernel_applies
from dlcore.shapes import Bits, ShapeError, Tensor

__all__ = ["draw_mask", "dropout", "pack_mask", "unpack_mask"]

SHAPES = [("N D", "1 D"), ("N C H W", "1 C H W"), ("N C H W", "1 C 1 1"), ("N C H W", "1 1 1 1")]


def require_probability(function, p):
    """Return a probability to drop; raise ValueError unless 0 ≤ p < 1.

    >>> require_probability("dropout", 0.5)
    0.5
    """
    if not 0 <= p < 1:
        raise ValueError(
            f"{function}: p is {p}, the probability to drop, use 0 to below 1; where a source "
            "gives the probability to keep, pass 1 minus it"
        )
    return p


def draw_mask(rng, shape, p):
    """Draw a mask of bits for an array (N, …): each is 0 with probability p, 1 otherwise.

    The bits of eight examples share a byte, so the mask (uint8) has axes (⌈N / 8⌉, …). An axis
    of length 1 in `shape` has one bit for all entries along it: (N, C, 1, 1) drops whole feature
    maps, (N, 1, 1, 1) whole examples. Raises ValueError unless 0 ≤ p < 1, ShapeError for a shape
    without axes. Source: [Srivastava2014]_.

    >>> mask = draw_mask(np.random.default_rng(0), (16, 3), 0.5)
    >>> mask.shape, mask.dtype
    ((2, 3), dtype('uint8'))
    """
    require_probability("draw_mask", p)
    if not shape:
        raise ShapeError("draw_mask: shape is (), the first axis is that of the examples")
    return kernels.draw_bits(rng, tuple(shape), p)


def pack_mask(kept):
    """Turn an array (N, …) that holds 1 or True for what is kept into a mask of bits.

    >>> pack_mask(np.array([[True, False], [True, True]])).tolist()
    [[3, 2]]
    """
    return kernels.pack(np.asarray(kept, bool))


def unpack_mask(mask, N):
    """Turn a mask of bits into zeros and ones (N, …), uint8, for N examples.

    >>> unpack_mask(np.array([[3, 2]], np.uint8), 2).tolist()
    [[1, 0], [1, 1]]
    """
    return kernels.unpack(mask, N)


def require_mask(x, mask):
    """Raise ShapeError where a mask has no bit for some entries of x, or several.

    >>> require_mask(np.ones((16, 3)), np.ones((2, 3), np.uint8))
    """
    wanted = (-(-len(x) // kernels.BITS), *x.shape[1:]) if np.ndim(x) else ()
    pairs = zip(mask.shape[1:], wanted[1:], strict=False)
    fits = mask.ndim == len(wanted) > 0 and mask.shape[0] == wanted[0]
    if not (fits and all(size in (1, axis) for size, axis in pairs)):
        raise ShapeError(
            f"dropout: mask has shape {mask.shape} but x {np.shape(x)}, draw it by "
            "draw_mask(rng, shape, p) for the shape of x, in which axes but the first may be 1"
        )


@primitive(shapes=SHAPES, options={"p": (0.0, 0.4)})
def dropout(x: Tensor, mask: Bits, *, p) -> Tensor:
    """Drop entries, and scale those that are kept:  y = x · mask / (1 - p).

    Then the mean of y over all masks is x. `mask` (⌈N / 8⌉, …) is what `draw_mask` or `pack_mask`
    returns; p is the probability to drop, with which it was drawn. Raises ValueError unless
    0 ≤ p < 1, ShapeError where the mask does not fit x. Source: [Srivastava2014]_.

    >>> x, kept = np.array([[1.0, 2.0, 3.0]]), np.array([[True, False, True]])
    >>> dropout(x, pack_mask(kept), p=0.5)
    array([[2., 0., 6.]])
    """
    require_probability("dropout", p)
    require_mask(x, mask)
    return (kernels.dropout if kernel_applies(x) else kernels.dropout_naive)(x, mask, p)


@dropout.defjvp
def dropout_jvp(y, x, mask, x_dot, p):
    return dropout(x_dot, mask, p=p)


@dropout.defvjp
def dropout_vjp(y, x, mask, y_bar, p):
    return (dropout(y_bar, mask, p=p),)
