"""Gradient descent, and nothing else: points, gradients, learning rates.

A slope is a function of a point. It may be the gradient of a function, one of its
subgradients, or a random direction whose expectation is one of them.

Chapter: book/descent.md.
"""

import numpy as np


def descend(slope, w, rates, *, onto=None):
    """Step against the slope, once for every rate:  w⁺ = w - rate · slope(w)  [Cauchy1847]_.

    The result holds all T + 1 points, float64, (T + 1, *w.shape). With `onto`, each point is moved
    to an allowed one, for example by a projection.

    >>> descend(lambda w: w - 4, [0.0], [0.5, 0.5, 0.5]).ravel().tolist()
    [0.0, 2.0, 3.0, 3.5]
    """
    points = [np.array(w, dtype=float)]
    for rate in rates:
        w = points[-1] - rate * slope(points[-1])
        points.append(w if onto is None else onto(w))
    return np.stack(points)


def average(points):
    """Average the points at which a slope was taken, all but the last:  1/T (w₁ + … + w_T).

    >>> average(np.array([[0.0], [2.0], [7.0]]))
    array([1.])
    """
    return points[:-1].mean(axis=0)


def ball(radius):
    """Return the projection onto a ball around 0: a map to its nearest point.

    >>> ball(5.0)(np.array([6.0, 8.0])).tolist()
    [3.0, 4.0]
    """

    def onto(w):
        length = np.linalg.norm(w)
        return w * (radius / length) if length > radius else w

    return onto
