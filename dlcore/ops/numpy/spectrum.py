"""Eigenvalues of symmetric matrices, and singular values of any.

Vectors that belong to equal values are not determined: their derivative is infinite or NaN, while
that of the values exists.

Chapter: book/reverse.md.
"""

import numpy as np

from dlcore.autodiff.dispatch import implements, plain
from dlcore.autodiff.primitive import primitive
from dlcore.ops.numpy.arithmetic import turned
from dlcore.ops.numpy.linalg import mirrored, unmirrored
from dlcore.shapes import Tensor

SQUARE = [("3 3",), ("V 3 3",)]
TRIANGLES = {"UPLO": ("L", "U")}
OBLONG = [("D 3",), ("3 D",), ("V 3 3",)]


def diagonal(x):
    """Read the diagonals of matrices.

    >>> diagonal(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([1., 4.])
    """
    return np.diagonal(x, axis1=-2, axis2=-1)


def columns(x, factor):
    """Multiply every column by a number of its own.

    >>> columns(np.ones((2, 2)), np.array([2.0, 3.0])).tolist()
    [[2.0, 3.0], [2.0, 3.0]]
    """
    return x * factor[..., None, :]


def over_gaps(x, values):
    """Divide by the gaps between values:  xᵢⱼ / (vⱼ - vᵢ), and 0 for i = j.

    Where both are 0 the answer is 0: the vectors of equal values were not asked for.

    >>> over_gaps(np.ones((2, 2)), np.array([1.0, 3.0])).tolist()
    [[0.0, 0.5], [-0.5, 0.0]]
    """
    gaps = values[..., None, :] - values[..., :, None]
    idle = (plain(gaps) == 0) & (plain(x) == 0) | np.eye(gaps.shape[-1], dtype=bool)
    return np.where(idle, 0, x / np.where(idle, 1, gaps))


@primitive(numpy=[np.linalg.eigvalsh], shapes=SQUARE, options=TRIANGLES)
def eigvalsh(x: Tensor, *, UPLO="L") -> Tensor:
    """Compute the eigenvalues of symmetric matrices, of which one triangle is read.

    >>> eigvalsh(np.array([[2.0, 9.0], [0.0, 1.0]]))
    array([1., 2.])
    """
    return np.linalg.eigvalsh(x, UPLO)


@eigvalsh.defjvp
def eigvalsh_jvp(y, x, x_dot, UPLO="L"):
    _, v = np.linalg.eigh(x, UPLO)
    return np.sum(v * np.matmul(mirrored(x_dot, UPLO), v), axis=-2)


@eigvalsh.defvjp
def eigvalsh_vjp(y, x, y_bar, UPLO="L"):
    _, v = np.linalg.eigh(x, UPLO)
    return (unmirrored(np.matmul(columns(v, y_bar), turned(v)), UPLO),)


@primitive(shapes=SQUARE, options=TRIANGLES)
def eigensystem(x: Tensor, *, UPLO="L") -> Tensor:
    """Compute eigenvalues and below them, in columns, the eigenvectors of symmetric matrices.

    >>> eigensystem(np.array([[2.0, 9.0], [0.0, 3.0]])).tolist()
    [[2.0, 3.0], [1.0, 0.0], [0.0, 1.0]]
    """
    values, vectors = np.linalg.eigh(x, UPLO)
    return np.concatenate([values[..., None, :], vectors], axis=-2)


@eigensystem.defjvp
def eigensystem_jvp(y, x, x_dot, UPLO="L"):
    values, v = y[..., 0, :], y[..., 1:, :]
    turn = np.matmul(turned(v), np.matmul(mirrored(x_dot, UPLO), v))
    v_dot = np.matmul(v, over_gaps(turn, values))
    return np.concatenate([diagonal(turn)[..., None, :], v_dot], axis=-2)


@eigensystem.defvjp
def eigensystem_vjp(y, x, y_bar, UPLO="L"):
    values, v = y[..., 0, :], y[..., 1:, :]
    middle = over_gaps(np.matmul(turned(v), y_bar[..., 1:, :]), values)
    middle = middle + columns(np.eye(values.shape[-1], dtype=y.dtype), y_bar[..., 0, :])
    return (unmirrored(np.matmul(v, np.matmul(middle, turned(v))), UPLO),)


@implements(np.linalg.eigh)
def eigh(x, UPLO="L"):
    """Compute eigenvalues and eigenvectors of symmetric matrices; one triangle is read.

    >>> eigh(np.array([[2.0, 0.0], [0.0, 3.0]])).eigenvalues
    array([2., 3.])
    """
    y = eigensystem(x, UPLO=UPLO)
    return type(np.linalg.eigh(np.ones((1, 1))))(y[..., 0, :], y[..., 1:, :])


@primitive(shapes=OBLONG)
def singular_values(x: Tensor) -> Tensor:
    """Compute the singular values of matrices, the largest first.

    >>> singular_values(np.array([[0.0, 2.0], [3.0, 0.0]]))
    array([3., 2.])
    """
    return np.linalg.svd(x, compute_uv=False)


@singular_values.defjvp
def singular_values_jvp(y, x, x_dot):
    u, _, v = np.linalg.svd(x, full_matrices=False)
    return np.sum(u * np.matmul(x_dot, turned(v)), axis=-2)


@singular_values.defvjp
def singular_values_vjp(y, x, y_bar):
    u, _, v = np.linalg.svd(x, full_matrices=False)
    return (np.matmul(columns(u, y_bar), v),)


def parts(y, x):
    """Cut what `singular_system` returns into u, s and v.

    >>> [part.shape for part in parts(np.ones((8, 3)), np.ones((4, 3)))]
    [(4, 3), (3,), (3, 3)]
    """
    rows = np.shape(x)[-2]
    return y[..., :rows, :], y[..., rows, :], y[..., rows + 1 :, :]


@primitive(shapes=OBLONG)
def singular_system(x: Tensor) -> Tensor:
    """Factor matrices, x = u s vᵀ, and return u, s and v, one below the other.

    >>> singular_system(np.array([[3.0]])).tolist()
    [[1.0], [3.0], [1.0]]
    """
    u, s, v = np.linalg.svd(x, full_matrices=False)
    return np.concatenate([u, s[..., None, :], turned(v)], axis=-2)


def outside(x, u):
    """Subtract from the columns of x what lies in the space of the columns of u.

    >>> outside(np.ones((2, 1)), np.array([[1.0], [0.0]])).tolist()
    [[0.0], [1.0]]
    """
    return x - np.matmul(u, np.matmul(turned(u), x))


@singular_system.defjvp
def singular_system_jvp(y, x, x_dot):
    u, s, v = parts(y, x)
    turn = np.matmul(turned(u), np.matmul(x_dot, v))
    to, fro = columns(turn, s), turned(columns(turn, s))
    u_dot = np.matmul(u, over_gaps(to + fro, s * s))
    to, fro = turned(columns(turned(turn), s)), columns(turned(turn), s)
    v_dot = np.matmul(v, over_gaps(to + fro, s * s))
    if u.shape[-2] > u.shape[-1]:
        u_dot = u_dot + columns(outside(np.matmul(x_dot, v), u), 1 / s)
    if v.shape[-2] > v.shape[-1]:
        v_dot = v_dot + columns(outside(np.matmul(turned(x_dot), u), v), 1 / s)
    return np.concatenate([u_dot, diagonal(turn)[..., None, :], v_dot], axis=-2)


@singular_system.defvjp
def singular_system_vjp(y, x, y_bar):
    u, s, v = parts(y, x)
    u_bar, s_bar, v_bar = parts(y_bar, x)
    g = over_gaps(np.matmul(turned(u), u_bar), s * s)
    h = over_gaps(np.matmul(turned(v), v_bar), s * s)
    middle = columns(np.eye(s.shape[-1], dtype=y.dtype), s_bar)
    middle = middle + columns(g + turned(g), s) + turned(columns(h + turned(h), s))
    x_bar = np.matmul(u, np.matmul(middle, turned(v)))
    if u.shape[-2] > u.shape[-1]:
        x_bar = x_bar + np.matmul(columns(outside(u_bar, u), 1 / s), turned(v))
    if v.shape[-2] > v.shape[-1]:
        x_bar = x_bar + np.matmul(u, turned(columns(outside(v_bar, v), 1 / s)))
    return (x_bar,)


@implements(np.linalg.svd)
def svd(x, full_matrices=True, compute_uv=True):
    """Factor matrices into u, s and v, with x = u s v; or compute the singular values only.

    Raises TypeError where u or v is to be completed by vectors that x does not determine.

    >>> svd(np.array([[0.0, 2.0], [3.0, 0.0]]), compute_uv=False)
    array([3., 2.])
    """
    if not compute_uv:
        return singular_values(x)
    if full_matrices and x.ndim > 1 and x.shape[-1] != x.shape[-2]:
        raise TypeError("svd: full_matrices has no rule for x that is not square, pass False")
    u, s, v = parts(singular_system(x), x)
    return type(np.linalg.svd(np.ones((1, 1))))(u, s, turned(v))


@implements(np.linalg.svdvals)
def svdvals(x):
    """Compute the singular values of matrices, the largest first.

    >>> svdvals(np.array([[0.0, 2.0], [3.0, 0.0]]))
    array([3., 2.])
    """
    return singular_values(x)
