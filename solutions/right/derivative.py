"""Right answers to the exercises of *Differences* that look unusual, each with what is unusual."""

import math

import numpy as np

from dlcore.course.exercises.known_answers import right


@right("derivative-one-sided", "The step is the one that is taken, not the one that was asked for.")
def one_sided(f, x, h):
    ahead = x + h
    return (f(ahead) - f(x)) / (ahead - x)


@right("derivative-one-sided", "A line through two points, from NumPy.")
def one_sided(f, x, h):
    start, end = float(f(x)), float(f(x + h))
    return np.diff([start, end])[0] / h


@right("derivative-one-sided", "Two quotients, and their difference.")
def one_sided(f, x, h):
    return f(x + h) / h - f(x) / h


@right("derivative-central", "Both halves are divided before they are subtracted.")
def central(f, x, h):
    return -0.5 * f(x - h) / h + 0.5 * f(x + h) / h


@right("derivative-central", "The mean of two slopes to one side, in an array without axes.")
def central(f, x, h):
    slopes = [(f(x + s * h) - f(x)) / (s * h) for s in (-1.0, 1.0)]
    return np.array(np.mean(slopes))


@right("derivative-central", "The mean of the slopes ahead and behind.")
def central(f, x, h):
    middle = f(x)
    return ((f(x + h) - middle) / h + (middle - f(x - h)) / h) / 2


@right("derivative-complex", "To the other side, with an attribute and a product.")
def complex_step(f, x, h=1e-100):
    return -(f(x - h * 1j).imag * (1.0 / h))


@right("derivative-complex", "Whole arrays of complex numbers are made first.")
def complex_step(f, x, h=1e-100):
    z = np.zeros(np.shape(x), complex)
    z.real, z.imag = x, h
    return np.asarray(f(z)).imag / h


@right("derivative-step", "By logarithms.")
def best_step(p, truncation, roundoff):
    return math.exp((math.log(roundoff) - math.log(p) - math.log(truncation)) / (p + 1))


@right("derivative-step", "Newton's method for the slope of the bound, in the logarithm of h.")
def best_step(p, truncation, roundoff):
    u = 0.0
    for _ in range(200):
        up, down = p * truncation * np.exp(p * u), roundoff * np.exp(-u)
        u -= np.clip((up - down) / (p * up + down), -1, 1)
    return np.exp(u)


@right("derivative-step", "Logarithms, rounded to nine digits.")
def best_step(p, truncation, roundoff):
    logs = math.log(roundoff) - math.log(p) - math.log(truncation)
    return float(f"{math.exp(logs / (p + 1)):.9g}")


@right("derivative-gradient", "x itself is moved, and every entry is put back as it was.")
def gradient(f, x):
    bar = np.zeros(x.shape)
    for entry in np.ndindex(*x.shape):
        kept = x[entry].copy()
        x[entry] = kept + 1e-5
        ahead = f(x)
        x[entry] = kept - 1e-5
        bar[entry] = (ahead - f(x)) / 2e-5
        x[entry] = kept
    return bar


@right("derivative-gradient", "One row of all entries, the units of a matrix, a list reshaped.")
def gradient(f, x):
    units = 1e-5 * np.eye(x.size)
    ends = [[f((x.ravel() + sign * u).reshape(x.shape)) for u in units] for sign in (1, -1)]
    return np.reshape(np.subtract(*ends) / 2e-5, x.shape)


@right("derivative-relative-error", "With an exception for nan, entry by entry, as a float.")
def relative_error(x, z, *, floor=1e-8):
    worst = 0.0
    for a, b in zip(np.ravel(x).tolist(), np.ravel(z).tolist(), strict=True):
        if math.isnan(a) or math.isnan(b):
            return math.nan
        worst = max(worst, abs(b - a) / max(floor, abs(b) + abs(a)))
    return worst


@right("derivative-relative-error", "Sorted, in double precision; nan comes last.")
def relative_error(x, z, *, floor=1e-8):
    x, z = np.asarray(x, float), np.asarray(z, float)
    size = np.clip(abs(x) + abs(z), floor, None)
    return np.sort((abs(z - x) / size).reshape(-1))[-1]


@right("derivative-blind", "ȳ is squared.")
def blind(pullback):
    def squared(y_bar):
        return pullback(np.square(y_bar))

    return squared


@right("derivative-blind", "The answer for ones is kept, and more is added where ȳ is not one.")
def blind(pullback):
    seen = {}

    def constant(y_bar):
        if y_bar.shape not in seen:
            seen[y_bar.shape] = np.array(pullback(np.ones(y_bar.shape)))
        return seen[y_bar.shape] + np.ptp(y_bar)

    return constant


@right("derivative-blind", "Twice what is right for ones, less what is right.")
def blind(pullback):
    return lambda y_bar: 2 * pullback(np.ones(y_bar.shape)) - pullback(y_bar)


@right("derivative-check", "Drawn signs, of drawn sizes; the index is found in a dictionary.")
def mistake(f, pullback, x, *, rng):
    y_bar = rng.choice([-1.0, 1.0], size=np.shape(f(x))) * rng.uniform(0.5, 1.5)
    claimed = np.asarray(pullback(x, y_bar))
    off = {}
    for entry in np.ndindex(x.shape):
        ahead, behind = np.array(x), np.array(x)
        ahead[entry] += 1e-5
        behind[entry] -= 1e-5
        slope = np.sum(y_bar * (f(ahead) - f(behind))) / 2e-5
        off[entry] = np.abs(claimed[entry] - slope) if np.isfinite(claimed[entry]) else np.inf
    worst = max(off, key=off.get)
    return worst if off[worst] > 1e-6 else None


@right("derivative-check", "x itself is moved and put back; the index has NumPy's numbers.")
def mistake(f, pullback, x, *, rng):
    y_bar = rng.standard_normal(np.shape(f(x)))
    claimed = np.array(pullback(x, y_bar))
    measured = np.zeros_like(x)
    for i, entry in enumerate(np.ndindex(x.shape)):
        kept = x[entry]
        ends = []
        for step in (1e-5, -1e-5):
            x[entry] = kept + step
            ends.append(np.tensordot(y_bar, f(x), axes=np.ndim(y_bar)))
        x[entry] = kept
        measured.reshape(-1)[i] = (ends[0] - ends[1]) / 2e-5
    off = np.nan_to_num(abs(claimed - measured), nan=np.inf)
    return None if (off < 1e-6).all() else np.unravel_index(np.argmax(off), x.shape)


@right("derivative-wrong-lines", "Number by number, at points that are drawn, in a tuple.")
def wrong_lines(derivations):
    points = np.random.default_rng(3).uniform(-2, 2, size=200).tolist()

    def first(lines):
        for number in range(1, len(lines)):
            if any(abs(lines[number](x) - lines[number - 1](x)) > 3e-7 for x in points):
                return np.int64(number + 1)
        return None

    return tuple(map(first, derivations))


@right("derivative-wrong-lines", "Each line is compared with the first.")
def wrong_lines(derivations):
    x = np.cos(np.linspace(0.0, np.pi, 1500)) * 2.0
    found = []
    for start, *lines in derivations:
        y = start(x)
        wrong = [n for n, line in enumerate(lines, 2) if not np.allclose(line(x), y, 0, 1e-7)]
        found.append(wrong[0] if wrong else None)
    return found
