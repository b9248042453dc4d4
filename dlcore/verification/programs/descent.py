"""Descent by the letters of the page.

Chapter: book/descent.md.
"""

from itertools import product
from typing import Annotated

import numpy as np

from dlcore.experiments.descent import huber, roll, worst
from dlcore.kernels.optim import momentum_naive
from dlcore.shapes import Array
from dlcore.train.descent import average, descend


def step(w: Annotated[Array, "D"], v: Annotated[Array, "D"], t, rate):
    """The point after a step, of which w and v list all points and slopes."""
    return descend(lambda _: v[t], w[t], [rate])[-1]


def shared_bound(T, B, rho):
    """How high the average is on the worst function, by a slope that shares its ties."""
    f, _ = worst(T, B, rho)
    slope = lambda w: np.full(T, -rho / T) * (f(w) > 0)
    return f(average(descend(slope, np.zeros(T), [B / (rho * np.sqrt(T))] * T)))


def mean_square_of_average(rate, curvature, std, T):
    """The mean square of an average, over all ways in which the noise may point."""
    squares = []
    for signs in product([1.0, -1.0], repeat=T):
        noise = iter(signs)
        points = descend(lambda w, n=noise: curvature * w + std * next(n), 0.0, [rate] * T)
        squares.append(average(points) ** 2)
    return np.mean(squares)


def knee_height(curvature, B, T):
    """How high the last point is, on the worst of many parabolas with knees."""
    ends = []
    for knee in B / np.arange(1, 3 * T):
        f, slope = huber(curvature, knee)
        ends.append(f(descend(slope, [B], [1 / curvature] * T)[-1]))
    return max(ends)


def after_steps(curvature, rate, momentum, i):
    """Where a ball is after i steps, from one and from rest."""
    return roll(np.array([curvature]), rate, momentum, i)[i, 0]


def at_flat_end(momentum, i):
    """The same where the roots are one, at the flat end of their range."""
    return after_steps((1 - np.sqrt(momentum)) ** 2, 1.0, momentum, i)


def at_steep_end(momentum, i):
    """And at the steep end."""
    return after_steps((1 + np.sqrt(momentum)) ** 2, 1.0, momentum, i)


def between_the_ends(momentum, phi, i):
    """And in between, at an angle φ."""
    curvature = 1 + momentum - 2 * np.sqrt(momentum) * np.cos(phi)
    return after_steps(curvature, 1.0, momentum, i)


def heavy_ball(y: Annotated[Array, "D"], i, rate, momentum, curvature):
    """The next point of a ball that came from the last one."""
    w = y[i : i + 1].copy()
    v = y[i : i + 1] - y[i - 1 : i]
    momentum_naive(w, curvature * w, v, rate, momentum, 0.0)
    return w[0]
