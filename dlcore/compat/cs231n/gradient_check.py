"""Gradients by central differences, entry by entry.

An array x is moved in place, one entry at a time, and put back: f may read it directly, as
``lambda _: net.loss(X, y)[0]`` does.
"""

import random

import numpy as np

from dlcore.autodiff.derivative import central, relative_error


def rel_error(x, y):
    """Compare two arrays:  max |x - y| / max(1e-8, |x| + |y|).  It is `relative_error`.

    >>> float(rel_error(np.array([1.0, 0.0]), np.array([3.0, 0.0])))
    0.5
    """
    return relative_error(x, y)


def slope_at(f, x, entry, h):
    """Measure how f(x) changes with one entry:  (f(x + h) - f(x - h)) / 2h.

    >>> x = np.array([3.0, 5.0])
    >>> round(float(slope_at(lambda x: x[0] * x[1], x, (0,), 1e-5)), 6), x.tolist()
    (5.0, [3.0, 5.0])
    """
    own = x[entry]

    def moved(value):
        x[entry] = value
        return np.array(f(x))  # a copy: f may return x itself

    try:
        return central(moved, own, h)
    finally:
        x[entry] = own


def eval_numerical_gradient(f, x, verbose=True, h=1e-5):
    """Differentiate f, which returns a number, by every entry of x; print each if `verbose`.

    >>> x = np.array([3.0, 5.0])
    >>> eval_numerical_gradient(lambda x: x[0] * x[1], x, verbose=False).round(6)
    array([5., 3.])
    """
    dx = np.zeros_like(x)
    for entry in np.ndindex(x.shape):
        dx[entry] = slope_at(f, x, entry, h)
        if verbose:
            print(entry, dx[entry])
    return dx


def eval_numerical_gradient_array(f, x, df, h=1e-5):
    """Pull df back through f, which returns an array:  dxᵢ = Σ df · ∂f/∂xᵢ.

    >>> x = np.array([3.0, 5.0])
    >>> eval_numerical_gradient_array(lambda x: x * x, x, np.array([1.0, 10.0])).round(6)
    array([  6., 100.])
    """
    dx = np.zeros_like(x)
    for entry in np.ndindex(x.shape):
        dx[entry] = np.sum(df * slope_at(f, x, entry, h))
    return dx


def grad_check_sparse(f, x, analytic_grad, num_checks=10, h=1e-5):
    """Print the slope at `num_checks` random entries beside the gradient.

    And the relative error. The entries are drawn by Python's `random`, as in the course.

    >>> grad_check_sparse(lambda x: x[0] ** 2, np.array([3.0]), np.array([6.0]), 1, h=0.5)
    numerical: 6.000000 analytic: 6.000000, relative error: 0.000000e+00
    """
    for _ in range(num_checks):
        entry = tuple(random.randrange(size) for size in x.shape)
        numerical, analytic = slope_at(f, x, entry, h), analytic_grad[entry]
        error = rel_error(numerical, analytic)
        print(f"numerical: {numerical:f} analytic: {analytic:f}, relative error: {error:e}")
