"""Functions with known minima, gradients and curvatures, on which descent is tried.

Each is a pair (f, slope). It satisfies the hypotheses of one of the chapter's theorems, or
attains its bound.

Chapter: book/descent.md.
"""

import numpy as np

from dlcore.experiments.optim import path
from dlcore.train.descent import average, descend
from dlcore.train.optim import Momentum

CROSSING = np.array([4.0, 3.0])  # at the distance 5 from the start, which is zero
CORNERS = CROSSING + np.array([[1.0, 2.0], [-2.0, -4.0], [3.0, -3.0], [-1.0, 1.0]])
TARGETS = np.array([2.0, -1.0])  # of 001; their mean is one half


def median(points):
    """The mean distance to some points:  f(w) = 1/N Σₙ ‖w - xₙ‖. No slope is longer than 1.

    Of the four corners of a convex figure the minimum is the crossing of its diagonals.
    """

    def f(w):
        return np.linalg.norm(points - w, axis=1).mean()

    def slope(w):
        away = w - points
        length = np.linalg.norm(away, axis=1, keepdims=True)
        return np.mean(away / np.where(length > 0, length, 1.0), axis=0)

    return f, slope


def worst(T, distance, rho):
    """The function on which the average of T points attains its bound.

        f(w) = rho · max(0, max_d (distance/√T - w_d)),   D = T

    Its slope is the subgradient that moves one coordinate, the first of the smallest.
    """
    height = distance / np.sqrt(T)

    def f(w):
        return rho * max(0.0, np.max(height - w))

    def slope(w):
        v = np.zeros(T)
        v[np.argmin(w)] = -rho * (f(w) > 0)
        return v

    return f, slope


def huber(curvature, knee):
    """The Huber function: a parabola in the middle, straight beyond the knees."""

    def f(w):
        inside = np.minimum(np.abs(w), knee)
        return float(np.sum(curvature * inside * (np.abs(w) - inside / 2)))

    def slope(w):
        return curvature * np.clip(w, -knee, knee)

    return f, slope


def softened(curvature):
    """A smooth function that is nearly linear far away:  f(w) = κ Σ_d ln cosh w_d."""

    def f(w):
        return curvature * float(np.sum(np.logaddexp(w, -w) - np.log(2)))

    return f, lambda w: curvature * np.tanh(w)


def separable_quadratic(curvatures):
    """A quadratic function, a parabola along every axis:  f(w) = ½ Σ_d κ_d w_d²."""
    return lambda w: float(w @ (curvatures * w)) / 2, lambda w: curvatures * w


def excess(ground, D, T, distance, rho=1.0):
    """Take T steps from zero at the best rate; return f at their average."""
    f, slope = ground
    rates = np.full(T, distance / (rho * np.sqrt(T)))
    return f(average(descend(slope, np.zeros(D), rates)))


def stray(rates, runs, *, rng):
    """Begin at the minimum and follow one target at a time, in many runs; return all points.

    The function is  ¼ (w - 2)² + ¼ (w + 1)²,  the mean of two parabolas.
    """
    start = np.full(runs, TARGETS.mean())
    return descend(lambda w: w - rng.choice(TARGETS, size=runs), start, rates)


def roll(curvatures, rate, momentum, steps):
    """Minimise a quadratic with momentum, from one in every coordinate; return (T + 1, D)."""
    optimizer = Momentum(rate, momentum=momentum)
    return path(optimizer, separable_quadratic(curvatures)[1], np.ones(len(curvatures)), steps)


def slowest(curvature1, curvature2, rate, momentum, steps, points=200):
    """How far the slowest of many curvatures is, in parts of its start, after each step."""
    curvatures = np.geomspace(curvature1, curvature2, points)
    return np.abs(roll(curvatures, rate, momentum, steps)).max(axis=1)


def with_edges(steps, distance=5.0):
    """For every T: the bound for slopes of at most one, the worst function, four corners."""
    corners = median(CORNERS)
    lowest = corners[0](CROSSING)
    return {
        "bound": distance / np.sqrt(steps),
        "worst": [excess(worst(T, distance, 1.0), T, T, distance) for T in steps],
        "corners": [excess(corners, 2, T, distance) - lowest for T in steps],
    }


def without_edges(steps, distance=5.0):
    """For every T: the bound for curvatures of at most one, the knee, a quadratic."""
    end = lambda ground, w, T: ground[0](descend(ground[1], w, np.ones(T))[-1])
    knees = {T: huber(1.0, distance / (2 * T + 1)) for T in steps}
    curvatures = 1 / np.arange(1.0, 201) ** 2
    start = curvatures**0.25
    start *= distance / np.linalg.norm(start)
    return {
        "bound": distance**2 / (2 * np.asarray(steps)),
        "knee": [end(knees[T], [distance], T) for T in steps],
        "quadratic": [end(separable_quadratic(curvatures), start, T) for T in steps],
    }
