"""Right answers to the exercises of *Descent* that look unusual, each with what is unusual."""

import math
from fractions import Fraction
from itertools import count

import numpy as np

from dlcore.course.exercises.known_answers import right


@right("descent-step", "A system of equations is solved, of one for each entry.")
def step(w, g, curvature):
    matrix = np.diag(np.broadcast_to(np.asarray(curvature, float), np.shape(w)))
    return np.linalg.solve(matrix, matrix @ w - g)


@right("descent-step", "Entry by entry, in a list.")
def step(w, g, curvature):
    kappa = np.zeros(len(w)) + curvature
    return [w[d] + (-g[d]) * (1.0 / kappa[d]) for d in range(len(w))]


@right("descent-average", "The mean is moved by its distance from each new point.")
def averaged(slope, w, rates):
    w, mean = np.array(w), np.zeros_like(w)
    for n, rate in enumerate(rates, start=1):
        mean += (w - mean) / n
        w -= np.multiply(rate, slope(w))
    return mean


@right(
    "descent-average", "Iterators are pulled by hand, all rates are known before the first step."
)
def averaged(slope, w, rates):
    rates = list(rates)
    pending = iter(rates)
    total = 0
    while (rate := next(pending, None)) is not None:
        total = w + total
        w = w + slope(w) * -rate
    return np.true_divide(total, len(rates))


@right("descent-average", "The start, less what each step takes from all later points.")
def averaged(slope, w, rates):
    rates = np.fromiter(rates, dtype=float)
    mean = point = w
    for later, rate in zip(range(len(rates))[::-1], rates, strict=True):
        step = rate * np.asarray(slope(point))
        point = point - step
        mean = mean - step * later / len(rates)
    return mean


@right("descent-bound", "The sides differ by the distance of the last point from u.")
def both_sides(points, slopes, u, rate):
    start = np.linalg.norm(points[0] - u) ** 2 / (2 * rate)
    rest = rate * np.einsum("td,td->", slopes, slopes) / 2
    last = np.linalg.norm(points[-1] - u) ** 2 / (2 * rate)
    return [np.float64(start + rest - last), start + rest]


@right("descent-bound", "One entry after the other, from the last to the first.")
def both_sides(points, slopes, u, rate):
    T, D = slopes.shape
    left = right_side = 0.0
    for t in reversed(range(T)):
        for d in reversed(range(D)):
            left += (float(points[t, d]) - float(u[d])) * float(slopes[t, d])
            right_side += rate * float(slopes[t, d]) ** 2 / 2
    return left, right_side + math.dist(points[0], u) ** 2 / (2 * rate)


@right("descent-rate", "Fractions, which are exact; the steps come as a float.")
def plan(accuracy, distance, rho):
    accuracy, distance, rho = map(Fraction, map(float, (accuracy, distance, rho)))
    steps = math.ceil(distance**2 * rho**2 / accuracy**2)
    return float(steps), math.sqrt(distance**2 / (steps * rho**2))


@right("descent-rate", "The number of steps is searched for, one after the other.")
def plan(accuracy, distance, rho):
    steps = next(n for n in count(1) if distance * rho / math.sqrt(n) <= accuracy)
    return np.int64(steps), np.float64(distance / rho / steps**0.5)


@right("descent-momentum", "By the quotient of the curvatures.")
def heavy_ball(curvature1, curvature2):
    root = math.sqrt(curvature2 / curvature1)
    mu = ((root - 1) / (root + 1)) ** 2
    return (1 + math.sqrt(mu)) ** 2 / curvature2, mu


@right("descent-momentum", "The factor is narrowed down until both ends ask for the same rate.")
def heavy_ball(curvature1, curvature2):
    low, high = 0.0, 1.0
    for _ in range(200):
        factor = (low + high) / 2
        if (1 - factor) ** 2 * curvature2 > (1 + factor) ** 2 * curvature1:
            low = factor
        else:
            high = factor
    return np.array([(1 + high) ** 2 / curvature2, high**2])


@right("descent-momentum", "Rounded to seven digits, as many as are asked for.")
def heavy_ball(curvature1, curvature2):
    root = math.sqrt(curvature1 * curvature2)
    whole = curvature1 + curvature2 + 2 * root
    return float(f"{4 / whole:.7g}"), float(f"{1 - 4 * root / whole:.7g}")


@right("descent-leave", "Six examples, most of them twins, in a tuple.")
def targets(w, rate, distance):
    far = float(np.float64(distance) / rate)
    return tuple(w + sign * far for sign in (1, -1, -1, 1, 1, -1))


@right("descent-leave", "The second example is the first one's mirror image, in a view.")
def targets(w, rate, distance):
    first = w + distance * (1 / rate)
    return np.array([2 * w - first, 0.0, first])[::2]
