"""Linear algebra: solutions, inverses, determinants and the factor of Cholesky.

Leading axes count matrices, as in NumPy. Where a matrix is singular NumPy's LinAlgError is raised,
by the function itself or by its derivative.

Chapter: book/reverse.md.
"""

import operator

import numpy as np

from dlcore.autodiff.dispatch import implements, plain
from dlcore.autodiff.primitive import primitive
from dlcore.ops.numpy.arithmetic import turned, unbroadcast
from dlcore.shapes import Tensor

SQUARE = [("3 3",), ("V 3 3",)]
SYSTEMS = (("3 3", "3 V"), ("V 3 3", "3 V"), ("3 3", "V 3 V"))


def scaled(x, factor):
    """Multiply matrices by a number each.

    >>> scaled(np.eye(2), np.array(3.0)).tolist()
    [[3.0, 0.0], [0.0, 3.0]]
    """
    return np.expand_dims(factor, (-1, -2)) * x


def trace_of_product(x, z):
    """Sum the products of entries:  tr(x zᵀ).

    >>> trace_of_product(np.eye(2), np.ones((2, 2)))
    np.float64(2.0)
    """
    return np.sum(x * z, axis=(-2, -1))


@primitive(shapes=SYSTEMS)
def solution(x: Tensor, z: Tensor) -> Tensor:
    """Solve x y = z for matrices y of several columns.

    >>> solution(np.array([[2.0, 0.0], [0.0, 4.0]]), np.ones((2, 1))).tolist()
    [[0.5], [0.25]]
    """
    return np.linalg.solve(x, z)


@solution.defjvp
def solution_jvp(y, x, z, x_dot, z_dot):
    """Both sides move alike:  x ẏ = ż - ẋ y."""
    return solution(x, z_dot - np.matmul(x_dot, y))


@solution.defvjp
def solution_vjp(y, x, z, y_bar):
    """Backwards:  xᵀ z̄ = ȳ,   x̄ = -z̄ yᵀ."""
    z_bar = solution(turned(x), y_bar)
    return (
        lambda: unbroadcast(-np.matmul(z_bar, turned(y)), x),
        lambda: unbroadcast(z_bar, z),
    )


@implements(np.linalg.solve)
def solve(x, z):
    """Solve x y = z; z is a vector, or matrices of several columns.

    >>> solve(np.array([[2.0, 0.0], [0.0, 4.0]]), np.ones(2))
    array([0.5 , 0.25])
    """
    return solution(x, z[:, None])[..., 0] if np.ndim(z) == 1 else solution(x, z)


@primitive(numpy=[np.linalg.inv], shapes=SQUARE)
def inv(x: Tensor) -> Tensor:
    """Invert matrices:  x y = y x = 1.

    >>> inv(np.array([[2.0, 0.0], [0.0, 4.0]])).tolist()
    [[0.5, 0.0], [0.0, 0.25]]
    """
    return np.linalg.inv(x)


@inv.defjvp
def inv_jvp(y, x, x_dot):
    return -np.matmul(y, np.matmul(x_dot, y))


@inv.defvjp
def inv_vjp(y, x, y_bar):
    return (-np.matmul(turned(y), np.matmul(y_bar, turned(y))),)


def cofactors(x, y):
    """Return the slopes of the determinants y by the entries of x.

    They are y x⁻ᵀ; where a y is 0, the determinants of what is left without a row and a column.

    >>> cofactors(np.array([[1.0, 2.0], [3.0, 6.0]]), np.array(0.0)).round(9).tolist()
    [[6.0, -3.0], [-2.0, 1.0]]
    """
    if np.all(plain(y) != 0):
        return scaled(turned(np.linalg.inv(x)), y)
    D = np.shape(x)[-1]
    others = np.array([[k for k in range(D) if k != i] for i in range(D)], int).reshape(D, -1)
    minors = x[..., others[:, None, :, None], others[None, :, None, :]]
    signs = (-1.0) ** np.add.outer(np.arange(D), np.arange(D))
    return np.linalg.det(minors) * signs.astype(x.dtype)


@primitive(numpy=[np.linalg.det], shapes=SQUARE)
def det(x: Tensor) -> Tensor:
    """Compute determinants.

    >>> det(np.array([[2.0, 0.0], [0.0, 4.0]])).round(9)
    np.float64(8.0)
    """
    return np.linalg.det(x)


@det.defjvp
def det_jvp(y, x, x_dot):
    return trace_of_product(cofactors(x, y), x_dot)


@det.defvjp
def det_vjp(y, x, y_bar):
    return (scaled(cofactors(x, y), y_bar),)


@primitive(shapes=SQUARE)
def log_size(x: Tensor) -> Tensor:
    """Compute the logarithm of the size of determinants:  y = ln |det x|.

    >>> log_size(np.array([[1.0, 0.0], [0.0, -1.0]]))
    np.float64(0.0)
    """
    return np.linalg.slogdet(x)[1]


@log_size.defjvp
def log_size_jvp(y, x, x_dot):
    return trace_of_product(turned(np.linalg.inv(x)), x_dot)


@log_size.defvjp
def log_size_vjp(y, x, y_bar):
    return (scaled(turned(np.linalg.inv(x)), y_bar),)


@implements(np.linalg.slogdet)
def slogdet(x):
    """Compute sign and logarithm of the size of determinants; the sign has slope 0.

    >>> [float(part) for part in slogdet(np.array([[1.0, 0.0], [0.0, -1.0]]))]
    [-1.0, 0.0]
    """
    known = np.linalg.slogdet(plain(x))
    return type(known)(known[0], log_size(x))


def mirrored(x, UPLO="L"):
    """Complete a symmetric matrix from the triangle that NumPy reads, lower or upper.

    >>> mirrored(np.array([[1.0, 9.0], [2.0, 3.0]])).tolist()
    [[1.0, 2.0], [2.0, 3.0]]
    """
    x = x if UPLO in "Ll" else turned(x)
    return np.tril(x) + turned(np.tril(x, -1))


def unmirrored(x_bar, UPLO="L"):
    """Bring the cotangent of a symmetric matrix to the triangle that is read.

    >>> unmirrored(np.array([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[1.0, 0.0], [5.0, 4.0]]
    """
    x_bar = np.tril(x_bar) + np.tril(turned(x_bar), -1)
    return x_bar if UPLO in "Ll" else turned(x_bar)


def half_lower(x):
    """Take the lower triangle, with half of the diagonal.

    >>> half_lower(np.ones((2, 2))).tolist()
    [[0.5, 0.0], [1.0, 0.5]]
    """
    return (np.tril(x) + np.tril(x, -1)) / 2


@primitive(shapes=SQUARE, domain={"x": "definite"})
def lower_factor(x: Tensor) -> Tensor:
    """Factor positive definite matrices:  x = y yᵀ, with y lower triangular.

    Only the lower triangle of x is read, and it alone has a gradient.

    >>> lower_factor(np.array([[4.0, 9.0], [2.0, 10.0]])).tolist()
    [[2.0, 0.0], [1.0, 3.0]]
    """
    return np.linalg.cholesky(x)


@lower_factor.defjvp
def lower_factor_jvp(y, x, x_dot):
    """Forwards:  y⁻¹ ẋ y⁻ᵀ is a triangle and its mirror image; take the triangle."""
    left = np.linalg.solve(y, mirrored(x_dot))
    return np.matmul(y, half_lower(np.linalg.solve(y, turned(left))))


@lower_factor.defvjp
def lower_factor_vjp(y, x, y_bar):
    """Backwards:  x̄ = y⁻ᵀ Φ(yᵀ ȳ) y⁻¹, made symmetric."""
    middle = half_lower(np.matmul(turned(y), y_bar))
    left = np.linalg.solve(turned(y), middle)
    x_bar = turned(np.linalg.solve(turned(y), turned(left)))
    return (unmirrored((x_bar + turned(x_bar)) / 2),)


@implements(np.linalg.cholesky)
def cholesky(x, *, upper=False):
    """Factor positive definite matrices into a lower triangle and its mirror image.

    The factor is the upper triangle if that is wanted. Only the same triangle of x is read, and
    it alone has a gradient.

    >>> cholesky(np.array([[4.0, 2.0], [2.0, 10.0]]), upper=True).tolist()
    [[2.0, 1.0], [0.0, 3.0]]
    """
    if upper and np.ndim(x) > 1:
        return turned(lower_factor(turned(x)))
    return lower_factor(x)


@implements(np.linalg.matrix_power)
def matrix_power(x, n):
    """Multiply square matrices by themselves; a negative power is one of the inverse.

    >>> matrix_power(np.array([[2.0, 0.0], [0.0, 4.0]]), 3).tolist()
    [[8.0, 0.0], [0.0, 64.0]]
    """
    np.linalg.matrix_power(np.broadcast_to(0.0, np.shape(x)), 1)  # raises what NumPy raises
    n = operator.index(n)
    if n == 0:
        return np.broadcast_to(np.eye(x.shape[-1], dtype=x.dtype), x.shape).copy()
    square = np.linalg.inv(x) if n < 0 else x
    y, n = None, abs(n)
    while n:
        if n % 2:
            y = square if y is None else np.matmul(y, square)
        square, n = (np.matmul(square, square) if n > 1 else square), n // 2
    return y


@implements(np.linalg.multi_dot)
def multi_dot(arrays):
    """Multiply a row of matrices, from the left to the right.

    Raises ValueError for fewer than two.

    >>> multi_dot([np.ones((1, 2)), np.eye(2), np.ones((2, 1))])
    array([[2.]])
    """
    if len(arrays) < 2:
        raise ValueError("multi_dot: two arrays are needed")
    if len(arrays) > 2 and any(np.ndim(x) != 2 for x in arrays[1:-1]):
        raise np.linalg.LinAlgError("multi_dot: an array inside of the row is no matrix")
    if len(arrays) > 2 and not {np.ndim(arrays[0]), np.ndim(arrays[-1])} <= {1, 2}:
        raise np.linalg.LinAlgError("multi_dot: an array at an end is no matrix and no vector")
    y, *rest = arrays
    for x in rest:
        y = np.dot(y, x)
    return y
