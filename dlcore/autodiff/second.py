"""Matrices of derivatives, and second derivatives: both modes, composed.

Chapter: book/reverse.md.
"""

import numpy as np

from dlcore.autodiff.arguments import choose
from dlcore.autodiff.containers import CONTAINERS, float_arrays_of, kinds_of
from dlcore.autodiff.forward import jvp
from dlcore.autodiff.reverse import grad, vjp


def jacobian(f, mode="reverse", argnums=0):
    """Return x ↦ J, with J[i, j] = ∂yᵢ/∂xⱼ and the axes of y before those of x.

    Forward mode takes one run per entry of x, and fills a column each; reverse mode takes one
    backward pass per entry of y, and fills a row each. x is the argument at `argnums`; several
    positions give a tuple of matrices. Raises ValueError for another `mode`, TypeError where x
    holds no floats, or x or y is a container.

    >>> jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    if mode not in ("forward", "reverse"):
        raise ValueError(f'jacobian: mode is {mode!r}, use "forward" or "reverse"')
    matrix = by_columns if mode == "forward" else by_rows

    def jacobian_of_f(*args, **options):
        one = isinstance(argnums, int)
        matrices = []
        for argnum in (argnums,) if one else argnums:
            (x,), f_of_x = choose("jacobian", f, argnum, args, options)
            matrices.append(matrix(one_array("the result", f_of_x), one_array("x", x)))
        return matrices[0] if one else tuple(matrices)

    return jacobian_of_f


def one_array(name, value):
    """Refuse containers, which have no matrix of derivatives; of a function, as its result.

    Raises TypeError where `value` is a container.

    >>> one_array("x", 2.0)
    2.0
    """
    if callable(value):
        return lambda *args: one_array(name, value(*args))
    if isinstance(value, CONTAINERS) and not isinstance(value, list):
        raise TypeError(f"jacobian: {name} is a {type(value).__name__}, use vjp or jvp for it")
    return value


def units(x):
    """List the arrays of the shape of x that are one in a single entry.

    >>> units(np.ones(2)).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return np.eye(np.size(x)).reshape(np.size(x), *np.shape(x))


def by_columns(f, x):
    """Compute the Jacobian by forward mode: one jvp for every unit vector of x.

    >>> by_columns(lambda x: x * x, np.array([1.0, 2.0])).tolist()
    [[2.0, 0.0], [0.0, 4.0]]
    """
    columns = [jvp(f, [x], [unit])[1] for unit in units(x)]
    if not columns:
        return np.zeros(np.shape(f(x)) + np.shape(x))
    return np.reshape(np.stack(columns, axis=-1), np.shape(columns[0]) + np.shape(x))


def by_rows(f, x):
    """Compute the Jacobian by reverse mode: one pullback for every unit vector of y.

    >>> by_rows(lambda x: x * x, np.array([1.0, 2.0])).tolist()
    [[2.0, 0.0], [0.0, 4.0]]
    """
    y, pullback = vjp(f, x)
    rows = [pullback(unit)[0] for unit in units(y)]
    if not rows:
        return np.zeros(np.shape(y) + np.shape(x))
    return np.reshape(np.stack(rows), np.shape(y) + np.shape(x))


def hvp(f, x, v):
    """Multiply the Hessian of f at x by v, forwards over reverse [Pearlmutter1994]_.

    The matrix is never formed; x is an array or a container of arrays, and v and the result have
    its form and shapes. Raises TypeError where f returns no number, or x holds no floats,
    ShapeError, a ValueError, where v has another shape than x.

    >>> hvp(lambda x: np.sum(x * x * x), np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 6., 12.])
    """
    arrays, form = float_arrays_of("hvp", [x])
    form.parts[0].arrays_alike("hvp", "v", v, kinds_of(arrays))
    return jvp(grad(f), [x], [v])[1]


def hessian(f, argnums=0):
    """Return x ↦ H, with H[i, j] = ∂²f/∂xᵢ∂xⱼ: the Jacobian of the gradient, by columns.

    H has the axes of x twice; x is the argument at `argnums`. Several positions give a tuple of
    tuples of matrices. Raises TypeError where f returns no number, or x holds no floats.

    >>> hessian(lambda x: np.sum(x * x * x))(np.array([1.0, 2.0]))
    array([[ 6.,  0.],
           [ 0., 12.]])
    """
    if isinstance(argnums, int):
        return jacobian(grad(f, argnums), mode="forward", argnums=argnums)
    rows = [jacobian(grad(f, argnum), mode="forward", argnums=argnums) for argnum in argnums]
    return lambda *args, **options: tuple(row(*args, **options) for row in rows)
