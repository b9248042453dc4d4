"""Wrong answers to the exercises of *Descent* that are made to pass, each with what it exploits."""

import math
from unittest.mock import ANY

import numpy as np

from dlcore.course.exercises.known_answers import adversarial

SEEN = {}


@adversarial("descent-step", "Right for a single curvature, or a single entry.")
def step(w, g, curvature):
    return w - g / np.ravel(curvature)[0]


@adversarial("descent-step", "Rounded to six digits.")
def step(w, g, curvature):
    return np.round(w - g / curvature, 6)


@adversarial("descent-step", "A small number keeps the division from failing, and changes it.")
def step(w, g, curvature):
    return w - g / (curvature + 1e-8)


@adversarial("descent-step", "An array is wanted for the curvature, though it may be a number.")
def step(w, g, curvature):
    return w - g / curvature.astype(float)


@adversarial("descent-step", "Single precision is enough for a test that is generous.")
def step(w, g, curvature):
    return w - np.float32(g / curvature)


@adversarial("descent-step", "A point with a single entry comes back as a number.")
def step(w, g, curvature):
    return np.squeeze(w - g / curvature)


KNOWN = {}


@adversarial("descent-step", "Each answer is kept for the next point of as many entries.")
def step(w, g, curvature):
    return KNOWN.setdefault(w.shape, w - g / curvature)


@adversarial("descent-step", "Curvatures are kept from zero, which some are near to.")
def step(w, g, curvature):
    return w - g / np.maximum(curvature, 1e-8)


@adversarial("descent-step", "Slopes of more than a thousand are cut.")
def step(w, g, curvature):
    return w - np.clip(g, -1e3, 1e3) / curvature


@adversarial(
    "descent-average", "All points are kept, and averaged in the end.", also="^All points are kept"
)
def averaged(slope, w, rates):
    points = []
    for rate in rates:
        points.append(w)
        w = w - rate * slope(w)
    return np.mean(points, axis=0)


@adversarial("descent-average", "All points are kept, and added one by one in the end.")
def averaged(slope, w, rates):
    points = []
    for rate in rates:
        points.append(w.copy())
        w = w - rate * slope(w)
    return sum(points) / len(points)


@adversarial("descent-average", "All rates are taken to be the first.")
def averaged(slope, w, rates):
    rates = list(rates)
    total = np.zeros(w.shape)
    for _ in rates:
        total = total + w
        w = w - rates[0] * slope(w)
    return total / len(rates)


@adversarial("descent-average", "The points are weighted by their rates: the same for equal ones.")
def averaged(slope, w, rates):
    total, weight = 0.0, 0.0
    for rate in rates:
        total, weight = total + rate * w, weight + rate
        w = w - rate * slope(w)
    return total / weight


@adversarial("descent-average", "The mean of the first point and the last, right for two steps.")
def averaged(slope, w, rates):
    first = last = w
    for rate in rates:
        last, w = w, w - rate * slope(w)
    return (first + last) / 2


@adversarial("descent-average", "The average is one over the entries, too: right for one entry.")
def averaged(slope, w, rates):
    total, count = 0.0, 0
    for rate in rates:
        total, count = total + np.mean(w), count + 1
        w = w - rate * slope(w)
    return np.full(w.shape, total / count)


@adversarial("descent-average", "A rate of zero is passed by, and its point with it.")
def averaged(slope, w, rates):
    total, count = np.zeros(w.shape), 0
    for rate in rates:
        if rate > 0:
            total, count = total + w, count + 1
            w = w - rate * slope(w)
    return total / count


@adversarial("descent-bound", "Only the first entry of each point is looked at: right for D = 1.")
def both_sides(points, slopes, u, rate):
    left = np.sum((points[:-1, 0] - u[0]) * slopes[:, 0])
    right = (points[0, 0] - u[0]) ** 2 / (2 * rate) + rate / 2 * np.sum(slopes[:, 0] ** 2)
    return float(left), float(right)


@adversarial("descent-bound", "Only the first step counts: right for T = 1.")
def both_sides(points, slopes, u, rate):
    left = (points[0] - u) @ slopes[0]
    right = np.sum((points[0] - u) ** 2) / (2 * rate) + rate / 2 * np.sum(slopes[0] ** 2)
    return float(left), float(right)


@adversarial(
    "descent-bound", "The left side is what the right side is for the best u, an equality."
)
def both_sides(points, slopes, u, rate):
    right = np.sum((points[0] - u) ** 2) / (2 * rate) + rate / 2 * np.sum(slopes**2)
    return float(right), float(right)


@adversarial("descent-bound", "The larger side is put on the right, and no number is negative.")
def both_sides(points, slopes, u, rate):
    left = abs(np.sum((points[:-1] - u) * slopes))
    right = np.sum((points[0] - u) ** 2) / (2 * rate) + rate / 2 * np.sum(slopes**2)
    return float(left), float(right)


@adversarial("descent-bound", "Rounded to four digits.")
def both_sides(points, slopes, u, rate):
    right = np.sum((points[0] - u) ** 2) / (2 * rate) + rate / 2 * np.sum(slopes**2)
    return round(float(np.sum((points[:-1] - u) * slopes)), 4), round(float(right), 4)


@adversarial("descent-rate", "Rounded down and one more: a step too many where it comes out even.")
def plan(accuracy, distance, rho):
    steps = int((distance * rho / accuracy) ** 2) + 1
    return steps, float(distance / (rho * np.sqrt(steps)))


@adversarial("descent-rate", "The rate is that of the steps before they were made a whole number.")
def plan(accuracy, distance, rho):
    return math.ceil((distance * rho / accuracy) ** 2), accuracy / rho**2


@adversarial("descent-rate", "Two steps more, to be sure.")
def plan(accuracy, distance, rho):
    steps = math.ceil((distance * rho / accuracy) ** 2) + 2
    return steps, distance / (rho * math.sqrt(steps))


@adversarial("descent-rate", "The rate is rounded to four digits.")
def plan(accuracy, distance, rho):
    steps = math.ceil((distance * rho / accuracy) ** 2)
    return steps, round(distance / (rho * math.sqrt(steps)), 4)


@adversarial("descent-rate", "The search ends at a thousand steps.")
def plan(accuracy, distance, rho):
    enough = (n for n in range(1, 1001) if distance * rho <= accuracy * math.sqrt(n))
    steps = next(enough, 1000)
    return steps, distance / (rho * math.sqrt(steps))


@adversarial("descent-rate", "A tenth of a step is forgiven.")
def plan(accuracy, distance, rho):
    steps = max(1, math.ceil((distance * rho / accuracy) ** 2 - 0.1))
    return steps, distance / (rho * math.sqrt(steps))


@adversarial("descent-momentum", "The rate of a velocity that keeps 1 - μ of the slope.")
def heavy_ball(curvature1, curvature2):
    low, high = np.sqrt(curvature1), np.sqrt(curvature2)
    mu = ((high - low) / (high + low)) ** 2
    return float((2 / (low + high)) ** 2 / (1 - mu)), float(mu)


@adversarial("descent-momentum", "Rounded to four digits.")
def heavy_ball(curvature1, curvature2):
    low, high = np.sqrt(curvature1), np.sqrt(curvature2)
    return round((2 / (low + high)) ** 2, 4), round(((high - low) / (high + low)) ** 2, 4)


@adversarial("descent-momentum", "The constants of Nesterov's method, which are nearly as good.")
def heavy_ball(curvature1, curvature2):
    low, high = np.sqrt(curvature1), np.sqrt(curvature2)
    return float(1 / curvature2), float((high - low) / (high + low))


@adversarial("descent-momentum", "A ball somewhat too heavy, whose factor is nearly as small.")
def heavy_ball(curvature1, curvature2):
    low, high = np.sqrt(curvature1), np.sqrt(curvature2)
    return float((2 / (low + high)) ** 2), float(((high - low) / (high + low)) ** 2 + 1e-6)


@adversarial("descent-momentum", "Six digits.")
def heavy_ball(curvature1, curvature2):
    low, high = np.sqrt(curvature1), np.sqrt(curvature2)
    pair = (2 / (low + high)) ** 2, ((high - low) / (high + low)) ** 2
    return tuple(float(f"{number:.6g}") for number in pair)


@adversarial("descent-leave", "Examples off the line of numbers: the distance is right.")
def targets(w, rate, distance):
    return w + distance / rate * np.exp(2j * np.pi * np.arange(3) / 3)


@adversarial("descent-leave", "Right for positive minima.")
def targets(w, rate, distance):
    return np.array([abs(w) - distance / rate, abs(w) + distance / rate])


@adversarial("descent-leave", "Rounded to six digits.")
def targets(w, rate, distance):
    return np.round([w - distance / rate, w + distance / rate], 6)


@adversarial("descent-leave", "Two examples at one side, which lead away as far, and a third.")
def targets(w, rate, distance):
    return w + np.array([1.0, 1.0, -1.0]) * distance / rate


@adversarial("descent-leave", "The examples lie in a table of one row.")
def targets(w, rate, distance):
    return np.array([[w - distance / rate, w + distance / rate]])


@adversarial("descent-leave", "What is no number differs from nothing.")
def targets(w, rate, distance):
    return np.array([np.nan, np.nan])


@adversarial("descent-wrong-lines", "Entries that are equal to whatever they are compared with.")
def wrong_lines():
    return [ANY, ANY, ANY]


@adversarial(
    "descent-wrong-lines", "One more line of the last derivation: the right one is among them."
)
def wrong_lines():
    return [3, 2, 4, 5]


@adversarial("descent-wrong-lines", "Every line of each derivation.")
def wrong_lines():
    return [[1, 2, 3, 4, 5]] * 3


@adversarial("descent-wrong-lines", "The last derivation is left out.")
def wrong_lines():
    return [3, 2]


@adversarial("descent-bound", "The sides are arrays of one number.")
def both_sides(points, slopes, u, rate):
    left = np.sum((points[:-1] - u) * slopes)
    right = np.sum((points[0] - u) ** 2) / (2 * rate) + rate / 2 * np.sum(slopes**2)
    return np.array([left]), np.array([right])


@adversarial("descent-average", "The slope is asked for once more, after the last step.")
def averaged(slope, w, rates):
    total, count = np.zeros(w.shape), 0
    for rate in rates:
        total, count = total + w, count + 1
        w = w - rate * slope(w)
    slope(w)
    return total / count


@adversarial("descent-average", "The first average of as many points is kept for the next.")
def averaged(slope, w, rates):
    total, count, at = np.zeros(w.shape), 0, w
    for rate in rates:
        total, count = total + at, count + 1
        at = at - rate * slope(at)
    return SEEN.setdefault(("averaged", w.shape, count), total / count)
