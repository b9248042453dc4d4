"""Plausible wrong answers to the exercises of *Descent*, each with a word of advice."""

import numpy as np

from dlcore.course.exercises.known_answers import wrong


@wrong(
    "descent-step", "The curvature multiplies the step; a larger curvature must give a shorter one."
)
def step(w, g, curvature):
    return w - g * curvature


@wrong("descent-step", "The step has the sign of the slope, so it goes uphill.")
def step(w, g, curvature):
    return w + g / curvature


@wrong("descent-step", "The array w is changed in place, and the caller still needs it.")
def step(w, g, curvature):
    w -= g / curvature
    return w


@wrong(
    "descent-step",
    "Each entry has its own curvature; with their mean you minimise another quadratic.",
)
def step(w, g, curvature):
    return w - g / np.mean(curvature)


@wrong(
    "descent-bound",
    "The start is taken to be zero; from elsewhere it is the distance from u that counts.",
)
def both_sides(points, slopes, u, rate):
    right = np.sum(u**2) / (2 * rate) + rate / 2 * np.sum(slopes**2)
    return float(np.sum((points[:-1] - u) * slopes)), float(right)


@wrong("descent-bound", "Each slope is paired with the point after the step, not with its own.")
def both_sides(points, slopes, u, rate):
    right = np.sum((points[0] - u) ** 2) / (2 * rate) + rate / 2 * np.sum(slopes**2)
    return float(np.sum((points[1:] - u) * slopes)), float(right)


@wrong(
    "descent-bound",
    "The distance is divided by 2 and multiplied by the rate: a / 2 * b is no a / (2 b).",
)
def both_sides(points, slopes, u, rate):
    right = np.sum((points[0] - u) ** 2) / 2 * rate + rate / 2 * np.sum(slopes**2)
    return float(np.sum((points[:-1] - u) * slopes)), float(right)


@wrong("descent-bound", "The slopes are added before they are squared, so opposite ones cancel.")
def both_sides(points, slopes, u, rate):
    right = np.sum((points[0] - u) ** 2) / (2 * rate) + rate / 2 * np.sum(slopes.sum(axis=0) ** 2)
    return float(np.sum((points[:-1] - u) * slopes)), float(right)


@wrong("descent-rate", "The number of steps grows with the square of distance · rho / accuracy.")
def plan(accuracy, distance, rho):
    steps = int(np.ceil(distance * rho / accuracy))
    return steps, float(distance / (rho * np.sqrt(steps)))


@wrong("descent-rate", "The rate falls with the root of the number of steps, not with the number.")
def plan(accuracy, distance, rho):
    steps = int(np.ceil((distance * rho / accuracy) ** 2))
    return steps, float(distance / (rho * steps))


@wrong("descent-rate", "Rounding down or to the nearest violates the bound: round up.")
def plan(accuracy, distance, rho):
    steps = round((distance * rho / accuracy) ** 2)
    return steps, float(distance / (rho * np.sqrt(steps)))


@wrong(
    "descent-rate",
    "The two terms are each distance · rho / 2√T at best; together they need four times the steps.",
)
def plan(accuracy, distance, rho):
    steps = int(np.ceil((distance * rho / (2 * accuracy)) ** 2))
    return steps, float(distance / (rho * np.sqrt(steps)))


@wrong("descent-average", "The average leaves the start out and takes the last point in.")
def averaged(slope, w, rates):
    total = np.zeros(w.shape)
    count = 0
    for rate in rates:
        w = w - rate * slope(w)
        total = total + w
        count = count + 1
    return total / count


@wrong("descent-average", "The last point is averaged, though no slope was taken there.")
def averaged(slope, w, rates):
    total = w.copy()
    count = 1
    for rate in rates:
        w = w - rate * slope(w)
        total = total + w
        count = count + 1
    return total / count


@wrong("descent-average", "This is where descent ends, not where it was on average.")
def averaged(slope, w, rates):
    for rate in rates:
        w = w - rate * slope(w)
    return w


@wrong("descent-average", "The array w is changed in place, and the caller still needs it.")
def averaged(slope, w, rates):
    total = np.zeros(w.shape)
    count = 0
    for rate in rates:
        total = total + w
        count = count + 1
        w -= rate * slope(w)
    return total / count


@wrong("descent-average", "A generator has no length: count the rates as they come.")
def averaged(slope, w, rates):
    total = np.zeros(w.shape)
    steps = len(rates)
    for rate in rates:
        total = total + w / steps
        w = w - rate * slope(w)
    return total


@wrong(
    "descent-average",
    "A slope of zero does not end the descent: one point is counted for every rate.",
)
def averaged(slope, w, rates):
    total = np.zeros(w.shape)
    count = 0
    for rate in rates:
        total = total + w
        count = count + 1
        g = slope(w)
        if not np.any(g):
            break
        w = w - rate * g
    return total / count


@wrong(
    "descent-leave",
    "Examples of which one sits at the minimum: drawn, it leaves the weight where it is.",
)
def targets(w, rate, distance):
    return np.array([w - distance / rate, w, w + distance / rate])


@wrong(
    "descent-leave",
    "A step is the rate times the slope, so the examples must lie further off than the distance.",
)
def targets(w, rate, distance):
    return np.array([w - distance, w + distance])


@wrong(
    "descent-leave", "The minimum is at the mean of the examples; this is right for w = 0 alone."
)
def targets(w, rate, distance):
    return np.array([-distance / rate, distance / rate])


@wrong(
    "descent-leave",
    "With a single example the minimum is at that example, so descent has no minimum to leave.",
)
def targets(w, rate, distance):
    return np.array([w + distance / rate])


@wrong(
    "descent-momentum",
    "This is the root of the momentum: the factor of the error per step, not the momentum.",
)
def heavy_ball(curvature1, curvature2):
    low = np.sqrt(curvature1)
    high = np.sqrt(curvature2)
    return float((2 / (low + high)) ** 2), float((high - low) / (high + low))


@wrong(
    "descent-momentum", "The rate is that of plain gradient descent; momentum allows a larger one."
)
def heavy_ball(curvature1, curvature2):
    low = np.sqrt(curvature1)
    high = np.sqrt(curvature2)
    return float(2 / (curvature1 + curvature2)), float(((high - low) / (high + low)) ** 2)


@wrong(
    "descent-momentum",
    "The roots of the curvatures are needed; the curvatures themselves give a slower method.",
)
def heavy_ball(curvature1, curvature2):
    momentum = ((curvature2 - curvature1) / (curvature2 + curvature1)) ** 2
    return float((1 + np.sqrt(momentum)) ** 2 / curvature2), float(momentum)


@wrong(
    "descent-momentum",
    "The rate is safe, but with a larger one the direction of least curvature converges faster.",
)
def heavy_ball(curvature1, curvature2):
    low = np.sqrt(curvature1)
    high = np.sqrt(curvature2)
    return float(1 / curvature2), float(((high - low) / (high + low)) ** 2)


@wrong(
    "descent-wrong-lines",
    "Lines are counted from one: the first is the one that begins without a sign.",
)
def wrong_lines():
    return [2, 1, 3]


@wrong(
    "descent-wrong-lines",
    "In the first derivation a square is dropped rightly; look at the line above it.",
)
def wrong_lines():
    return [4, 2, 4]


@wrong(
    "descent-wrong-lines",
    "In the second derivation something changes its sign as soon as a step has fallen.",
)
def wrong_lines():
    return [3, 3, 4]


@wrong(
    "descent-wrong-lines",
    "In the third derivation the telescoped sum should begin with the first distance from u.",
)
def wrong_lines():
    return [3, 2, 5]


@wrong("descent-bound", "The left side comes first: yours are exchanged.")
def both_sides(points, slopes, u, rate):
    left = np.sum((points[:-1] - u) * slopes)
    right = np.sum((points[0] - u) ** 2) / (2 * rate) + rate / 2 * np.sum(slopes**2)
    return float(right), float(left)


@wrong("descent-rate", "The number of steps comes first, and the rate second.")
def plan(accuracy, distance, rho):
    steps = int(np.ceil((distance * rho / accuracy) ** 2))
    return float(distance / (rho * np.sqrt(steps))), steps


@wrong("descent-rate", "One step is taken at least, however low the accuracy that is asked for.")
def plan(accuracy, distance, rho):
    steps = int(np.ceil((distance * rho / accuracy) ** 2)) if distance * rho / accuracy > 0.5 else 0
    return steps, float(distance / (rho * np.sqrt(max(steps, 1))))


@wrong("descent-momentum", "The learning rate comes first, and the momentum second.")
def heavy_ball(curvature1, curvature2):
    low, high = np.sqrt(curvature1), np.sqrt(curvature2)
    return float(((high - low) / (high + low)) ** 2), float((2 / (low + high)) ** 2)
