"""Products of many arrays, written in index notation.

Chapter: book/reverse.md.
"""

import math
import operator
from string import ascii_lowercase, ascii_uppercase

import numpy as np

from dlcore.autodiff.dispatch import implements
from dlcore.autodiff.primitive import primitive
from dlcore.ops.numpy.arithmetic import matmul, multiply
from dlcore.ops.numpy.arrays import hollow
from dlcore.shapes import Tensor


def dissect(subscripts):
    """Split "nd,dm->nm" into the indices of the operands and those of the result.

    >>> dissect("nd,dm->nm")
    (['nd', 'dm'], 'nm')
    """
    left, _, right = subscripts.partition("->")
    return left.split(","), right


def spell_out(subscripts, xs):
    """Write out what an ellipsis stands for, and the result where there is no arrow.

    >>> spell_out("...ij,jk", [np.ones((2, 3, 4)), np.ones((4, 5))])
    (['Aij', 'jk'], 'Aik')
    """
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    operands = left.split(",")
    free = [letter for letter in ascii_uppercase + ascii_lowercase if letter not in subscripts]
    pairs = list(zip(operands, xs, strict=True))
    hidden = [np.ndim(x) - len(each.replace("...", "")) for each, x in pairs]
    rest = "".join(free[: max(hidden)]) if "..." in left else ""
    if not arrow:
        letters = sorted(set(left) - set(",."))
        once = "".join(letter for letter in letters if left.count(letter) == 1)
        right = ("..." if "." in left else "") + once
    ends = [rest[len(rest) - n :] for n in hidden]
    written = [each.replace("...", end) for each, end in zip(operands, ends, strict=True)]
    return written, right.replace("...", rest)


@primitive(
    shapes=[("N D", "D M"), ("N D", "N M")],
    options={"subscripts": ("ij,kl->jk", "ij,kl->", "ij,kl->lij")},
)
def sum_of_products(*xs: Tensor, subscripts) -> Tensor:
    """Multiply and add, in the notation of `numpy.einsum`.

    >>> sum_of_products(np.array([1.0, 2.0]), np.array([3.0, 4.0]), subscripts="i,i->")
    np.float64(11.0)
    """
    return np.einsum(subscripts, *xs)


@sum_of_products.defjvp
def sum_of_products_jvp(y, *xs_and_dots, subscripts):
    """Forwards:  the product rule, one operand at a time."""
    half = len(xs_and_dots) // 2
    xs, dots = xs_and_dots[:half], xs_and_dots[half:]
    terms = [
        sum_of_products(*xs[:i], dot, *xs[i + 1 :], subscripts=subscripts)
        for i, dot in enumerate(dots)
    ]
    total, *more = terms
    for term in more:
        total = total + term
    return total


@sum_of_products.defvjp
def sum_of_products_vjp(y, *xs_and_bar, subscripts):
    """Backwards:  the same sum with ȳ for the operand, and ones for an index of its own."""
    *xs, y_bar = xs_and_bar
    operands, result = dissect(subscripts)

    def pull(i):
        others = [*operands[:i], *operands[i + 1 :], result]
        alone = [index for index in operands[i] if not any(index in other for other in others)]
        ones = np.ones([np.shape(xs[i])[operands[i].index(index)] for index in alone], y.dtype)
        inputs = ",".join([*others, "".join(alone)])
        arrays = (*xs[:i], *xs[i + 1 :], y_bar, ones)
        return sum_of_products(*arrays, subscripts=f"{inputs}->{operands[i]}")

    return [lambda i=i: pull(i) for i in range(len(xs))]


def without_repeats(x, indices):
    """Take the diagonal of axes that have one index, until every index is there once.

    >>> without_repeats(np.array([[1.0, 2.0], [3.0, 4.0]]), "ii")
    (array([1., 4.]), 'i')
    """
    for index in sorted(set(indices)):
        while indices.count(index) > 1:
            first = indices.index(index)
            second = indices.index(index, first + 1)
            x = np.diagonal(x, axis1=first, axis2=second)
            indices = indices[:first] + indices[first + 1 : second] + indices[second + 1 :] + index
    return x, indices


def squeezed(x, indices, sizes):
    """Drop axes of length 1 whose index is longer elsewhere: they are stretched.

    >>> y, indices = squeezed(np.ones((1, 3)), "ij", {"i": 2, "j": 3})
    >>> y.shape, indices
    ((3,), 'j')
    """
    axes = [i for i, index in enumerate(indices) if np.shape(x)[i] == 1 < sizes[index]]
    kept = "".join(index for i, index in enumerate(indices) if i not in axes)
    return (np.squeeze(x, tuple(axes)) if axes else x), kept


def as_subscripts(operands):
    """Write interleaved operands and indices, as in x, [0, 1], z, [1, 2], [0, 2], as a string.

    Raises ValueError for an index that is not a number from 0 to 51.

    >>> subscripts, xs = as_subscripts([np.ones((2, 3)), [0, 1], np.ones(3), [1], [0]])
    >>> subscripts, len(xs)
    ('AB,B->A', 2)
    """
    letters = ascii_uppercase + ascii_lowercase

    def written(indices):
        numbers = [index for index in indices if index is not Ellipsis]
        if not all(0 <= operator.index(number) < len(letters) for number in numbers):
            raise ValueError(f"einsum: indices are {list(indices)}, use numbers from 0 to 51")
        return "".join("..." if index is Ellipsis else letters[index] for index in indices)

    xs, indices = operands[: len(operands) // 2 * 2 : 2], operands[1::2]
    result = f"->{written(operands[-1])}" if len(operands) % 2 else ""
    return ",".join(map(written, indices)) + result, xs


@implements(np.einsum)
def einsum(*operands):
    """Multiply and add, in index notation: a string, or a list of numbers after every operand.

    Raises ValueError where indices do not fit.

    >>> einsum("nd,dm->nm", np.ones((2, 3)), np.ones((3, 4))).shape
    (2, 4)
    >>> einsum(np.ones((2, 3)), [0, 1], np.ones((3, 4)), [1, 2], [0, 2]).shape
    (2, 4)
    """
    subscripts, *xs = operands
    if not isinstance(subscripts, str):
        subscripts, xs = as_subscripts(operands)
    np.einsum(subscripts, *map(hollow, xs))  # raises what NumPy raises
    operands, result = spell_out(subscripts, xs)
    pairs = [without_repeats(x, indices) for x, indices in zip(xs, operands, strict=True)]
    sizes = {}
    for x, indices in pairs:
        for index, size in zip(indices, np.shape(x), strict=True):
            sizes[index] = max(size, sizes.get(index, size)) if size != 1 else sizes.get(index, 1)
    pairs = [squeezed(x, indices, sizes) for x, indices in pairs]
    written = ",".join(indices for _, indices in pairs)
    return sum_of_products(*(x for x, _ in pairs), subscripts=f"{written}->{result}")


def vector(x, function):
    """Raise ValueError for an array without axes, as products of matrices have none of it.

    >>> vector(np.ones(2), "inner")
    """
    if np.ndim(x) == 0:
        raise ValueError(f"{function}: x has no axes")


@implements(np.tensordot)
def tensordot(x, z, axes=2):
    """Sum products over axes of both:  the last ones of x and the first of z, or those listed.

    Raises ValueError where their lengths differ.

    >>> tensordot(np.ones((2, 3, 4)), np.ones((3, 4, 5))).shape
    (2, 5)
    """
    x_axes, z_axes = (range(-axes, 0), range(axes)) if np.ndim(axes) == 0 else axes
    x_axes, z_axes = (list(np.atleast_1d(np.array(each, int))) for each in (x_axes, z_axes))
    pairs = zip(x_axes, z_axes, strict=False)
    fit = len(x_axes) == len(z_axes) and all(x.shape[i] == z.shape[j] for i, j in pairs)
    x_axes, z_axes = np.mod(x_axes, max(1, x.ndim)), np.mod(z_axes, max(1, z.ndim))
    if not fit or len({*x_axes}) < len(x_axes) or len({*z_axes}) < len(z_axes):
        raise ValueError(f"tensordot: axes {x_axes} of {x.shape}, {z_axes} of {z.shape} do not fit")
    x_free = [i for i in range(x.ndim) if i not in x_axes]
    z_free = [i for i in range(z.ndim) if i not in z_axes]
    shape = [x.shape[i] for i in x_free] + [z.shape[i] for i in z_free]
    n = math.prod(x.shape[i] for i in x_axes)
    rows, columns = math.prod(shape[: len(x_free)]), math.prod(shape[len(x_free) :])
    left = np.reshape(np.transpose(x, (*x_free, *x_axes)), (rows, n))
    right = np.reshape(np.transpose(z, (*z_axes, *z_free)), (n, columns))
    return np.reshape(np.matmul(left, right), tuple(shape))


@implements(np.dot)
def dot(x, z):
    """Multiply matrices, or vectors, or by a number; sums run over one axis of each.

    That is the last axis of x, and the last but one of z. Raises ValueError where their lengths
    differ.

    >>> dot(np.ones((2, 3)), np.ones((4, 3, 5))).shape
    (2, 4, 5)
    """
    rows = x.ndim if hasattr(x, "ndim") else np.ndim(x)
    columns = z.ndim if hasattr(z, "ndim") else np.ndim(z)
    if 1 <= rows <= 2 and 1 <= columns <= 2:
        return matmul(x, z)
    if rows == 0 or columns == 0:
        return multiply(x, z)
    return np.tensordot(x, z, ((-1,), (-1 if columns == 1 else -2,)))


@implements(np.inner)
def inner(x, z):
    """Sum products over the last axis of both:  y[i, j] = Σₖ x[i, k] z[j, k].

    Raises ValueError where their lengths differ.

    >>> inner(np.ones((2, 3)), np.ones((4, 3))).shape
    (2, 4)
    """
    if np.ndim(x) == 0 or np.ndim(z) == 0:
        return np.multiply(x, z)
    return np.tensordot(x, z, ((-1,), (-1,)))


@implements(np.outer)
def outer(x, z):
    """Multiply every entry of one array with every entry of another:  y[i, j] = x[i] z[j].

    >>> outer(np.array([1.0, 2.0]), np.array([3.0, 4.0])).tolist()
    [[3.0, 4.0], [6.0, 8.0]]
    """
    return np.multiply(np.ravel(x)[:, None], np.ravel(z)[None, :])


@implements(np.vdot)
def vdot(x, z):
    """Multiply all entries of two arrays of one size:  Σ x z.

    Raises ValueError where the sizes differ.

    >>> vdot(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    np.float64(11.0)
    """
    return np.matmul(np.ravel(x), np.ravel(z))


@implements(np.kron)
def kron(x, z):
    """Put a multiple of z in the place of every entry of x.

    >>> kron(np.array([1.0, 10.0]), np.array([1.0, 2.0]))
    array([ 1.,  2., 10., 20.])
    """
    n = max(np.ndim(x), np.ndim(z))
    one = (1,) * (n - np.ndim(x)) + np.shape(x)
    other = (1,) * (n - np.ndim(z)) + np.shape(z)
    pairs = list(zip(one, other, strict=True))
    wide = np.reshape(x, tuple(size for a in one for size in (a, 1)))
    fine = np.reshape(z, tuple(size for b in other for size in (1, b)))
    return np.reshape(np.multiply(wide, fine), tuple(a * b for a, b in pairs))


@implements(np.cross)
def cross(x, z, axisa=-1, axisb=-1, axisc=-1, axis=None):
    """Multiply vectors of length three:  (x × z)₀ = x₁ z₂ - x₂ z₁, and so on.

    Raises ValueError where the length is another one.

    >>> cross(np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]))
    array([0., 0., 1.])
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    if np.ndim(x) == 0 or np.ndim(z) == 0:
        raise ValueError("cross: an array without axes is no vector")
    axisa, axisb, axisc = map(operator.index, (axisa, axisb, axisc))
    x, z = np.moveaxis(x, axisa, -1), np.moveaxis(z, axisb, -1)
    if x.shape[-1] != 3 or z.shape[-1] != 3:
        raise ValueError(f"cross: vectors must have length 3, got {x.shape[-1]}, {z.shape[-1]}")
    after, before = [1, 2, 0], [2, 0, 1]
    y = x[..., after] * z[..., before] - x[..., before] * z[..., after]
    return np.moveaxis(y, -1, axisc)


@implements(np.vecdot)
def vecdot(x, z):
    """Sum products over the last axis; the axes before it broadcast.

    Raises ValueError where the last axes differ.

    >>> vecdot(np.ones((2, 3)), np.ones(3))
    array([3., 3.])
    """
    vector(x, "vecdot")
    vector(z, "vecdot")
    return np.matmul(x[..., None, :], z[..., :, None])[..., 0, 0]
