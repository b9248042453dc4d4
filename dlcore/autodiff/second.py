"""Matrices of derivatives, and second derivatives: both modes, composed.

Chapter: book/reverse.md.
"""

import numpy as np

from dlcore.autodiff.forward import jvp
from dlcore.autodiff.reverse import grad, vjp


def jacobian(f, mode="reverse"):
    """Return x ↦ J, with J[i, j] = ∂yᵢ/∂xⱼ and the axes of y before those of x.

    Forward mode takes one run per entry of x, and fills a column each; reverse mode takes one
    backward pass per entry of y, and fills a row each. Raises ValueError for another `mode`,
    TypeError where x holds no floats.

    >>> jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    if mode not in ("forward", "reverse"):
        raise ValueError(f'jacobian: mode is {mode!r}, use "forward" or "reverse"')
    return (lambda x: by_columns(f, x)) if mode == "forward" else (lambda x: by_rows(f, x))


def units(x):
    """List the arrays of the shape of x that are one in a single entry.

    >>> units(np.ones(2)).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return np.eye(np.size(x)).reshape(-1, *np.shape(x))


def by_columns(f, x):
    """Compute the Jacobian by forward mode: one jvp for every unit vector of x.

    >>> by_columns(lambda x: x * x, np.array([1.0, 2.0])).tolist()
    [[2.0, 0.0], [0.0, 4.0]]
    """
    columns = [jvp(f, [x], [unit])[1] for unit in units(x)]
    return np.reshape(np.stack(columns, axis=-1), np.shape(columns[0]) + np.shape(x))


def by_rows(f, x):
    """Compute the Jacobian by reverse mode: one pullback for every unit vector of y.

    >>> by_rows(lambda x: x * x, np.array([1.0, 2.0])).tolist()
    [[2.0, 0.0], [0.0, 4.0]]
    """
    y, pullback = vjp(f, x)
    rows = [pullback(unit)[0] for unit in units(y)]
    return np.reshape(np.stack(rows), np.shape(y) + np.shape(x))


def hvp(f, x, v):
    """Multiply the Hessian of f at x by v, forwards over reverse [Pearlmutter1994]_.

    The matrix is never formed; v and the result have the shape of x. Raises TypeError where f
    returns no number, or x holds no floats.

    >>> hvp(lambda x: np.sum(x * x * x), np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 6., 12.])
    """
    return jvp(grad(f), [x], [v])[1]


def hessian(f):
    """Return x ↦ H, with H[i, j] = ∂²f/∂xᵢ∂xⱼ: the Jacobian of the gradient, by columns.

    H has the axes of x twice. Raises TypeError where f returns no number, or x holds no floats.

    >>> hessian(lambda x: np.sum(x * x * x))(np.array([1.0, 2.0]))
    array([[ 6.,  0.],
           [ 0., 12.]])
    """
    return jacobian(grad(f), mode="forward")
