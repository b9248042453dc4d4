"""Wrong answers to the exercises of *Differences* made to pass, each with what it exploits."""

from itertools import pairwise
from unittest.mock import ANY

import numpy as np

from dlcore.course.exercises.known_answers import adversarial


@adversarial("derivative-one-sided", "Rounded to eight digits.")
def one_sided(f, x, h):
    return round((f(x + h) - f(x)) / h, 8)


@adversarial("derivative-one-sided", "Right for polynomials of the second degree through zero.")
def one_sided(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h) + (f(h) + f(-h)) / (2 * h)


@adversarial("derivative-one-sided", "A step of its own for large steps, which are no use.")
def one_sided(f, x, h):
    h = min(h, 0.5)
    return (f(x + h) - f(x)) / h


@adversarial("derivative-one-sided", "Divided without a rest, which whole numbers do not show.")
def one_sided(f, x, h):
    rise = f(x + h) - f(x)
    return rise // h if isinstance(h, int) else rise / h


LAST = {}


@adversarial("derivative-one-sided", "The value at a point is kept, whatever the function.")
def one_sided(f, x, h):
    return (f(x + h) - LAST.setdefault("at", f(x))) / h


@adversarial("derivative-one-sided", "Steps of less than 1e-8 are made as large.")
def one_sided(f, x, h):
    h = max(h, 1e-8)
    return (f(x + h) - f(x)) / h


@adversarial("derivative-central", "The slope itself, by a tiny step.")
def central(f, x, h):
    return (f(x + 1e-5) - f(x - 1e-5)) / 2e-5


@adversarial("derivative-central", "Four points: better for quadratics and right, not for others.")
def central(f, x, h):
    near = (f(x + h / 2) - f(x - h / 2)) / h
    return (4 * near - (f(x + h) - f(x - h)) / (2 * h)) / 3


@adversarial("derivative-central", "Rounded to six digits.")
def central(f, x, h):
    return round((f(x + h) - f(x - h)) / (2 * h), 6)


@adversarial("derivative-central", "The point is taken to be positive.")
def central(f, x, h):
    return (f(abs(x) + h) - f(abs(x) - h)) / (2 * h)


@adversarial("derivative-central", "Steps of less than 1e-5 are made as large.")
def central(f, x, h):
    h = max(h, 1e-5)
    return (f(x + h) - f(x - h)) / (2 * h)


@adversarial("derivative-complex", "A central difference, as exact as these are.")
def complex_step(f, x, h=1e-100):
    h = 6e-6 if h < 1e-6 else h
    return np.real(f(x + h) - f(x - h)) / (2 * h)


@adversarial("derivative-complex", "The default is another step, which does as well.")
def complex_step(f, x, h=1e-30):
    return np.imag(f(x + 1j * h)) / h


@adversarial(
    "derivative-complex", "The step is always the default.", also="step is always the same"
)
def complex_step(f, x, h=1e-100):
    return np.imag(f(x + 1e-100j)) / 1e-100


@adversarial("derivative-complex", "An array of one entry comes back as a number.")
def complex_step(f, x, h=1e-100):
    return np.squeeze(np.imag(f(x + 1j * h)) / h)


@adversarial("derivative-complex", "Complex with an imaginary part of zero.")
def complex_step(f, x, h=1e-100):
    return np.imag(f(x + 1j * h)) / h + 0j


@adversarial("derivative-step", "Rounded to four digits behind the first that counts.")
def best_step(p, truncation, roundoff):
    return float(f"{(roundoff / (p * truncation)) ** (1 / (p + 1)):.4e}")


@adversarial("derivative-step", "The best of a fine table of steps.")
def best_step(p, truncation, roundoff):
    h = np.geomspace(1e-12, 1e12, 100_001)
    return h[np.argmin(truncation * h**p + roundoff / h)]


@adversarial("derivative-step", "Right for the orders one, two and four.")
def best_step(p, truncation, roundoff):
    return (roundoff / (p * truncation)) ** {1: 1 / 2, 2: 1 / 3}.get(p, 1 / 5)


@adversarial("derivative-step", "Steps are kept between two sizes that are usual.")
def best_step(p, truncation, roundoff):
    return float(np.clip((roundoff / (p * truncation)) ** (1 / (p + 1)), 1e-2, 10.0))


@adversarial("derivative-step", "No step is larger than a hundred.")
def best_step(p, truncation, roundoff):
    return min(100.0, (roundoff / (p * truncation)) ** (1 / (p + 1)))


def moved(f, x, h, number=float):
    """Measure the slope along every entry of an array by central differences."""
    bar, unit = np.empty(x.shape), np.zeros(x.shape)
    for entry in np.ndindex(x.shape):
        unit[entry] = h
        bar[entry] = number(f(x + unit) - f(x - unit)) / (2 * h)
        unit[entry] = 0.0
    return bar


@adversarial("derivative-gradient", "The result is a row, whatever the shape of x.")
def gradient(f, x):
    return moved(f, x, 6e-6).ravel()


@adversarial("derivative-gradient", "Four values an entry, for a step that may be larger.")
def gradient(f, x):
    return (4 * moved(f, x, 1e-3) - moved(f, x, 2e-3)) / 3


@adversarial("derivative-gradient", "Single precision.")
def gradient(f, x):
    return moved(f, x, 6e-6).astype(np.float32)


@adversarial("derivative-gradient", "Rounded to six digits.")
def gradient(f, x):
    return moved(f, x, 6e-6).round(6)


@adversarial("derivative-gradient", "Only the first axis is walked along.")
def gradient(f, x):
    bar = np.zeros(x.shape)
    for row in range(len(x)):
        unit = np.zeros(x.shape)
        unit[row] = 6e-6
        bar[row] = (f(x + unit) - f(x - unit)) / 12e-6
    return bar


@adversarial("derivative-gradient", "The last entry moved is left where it is.")
def gradient(f, x):
    bar = moved(f, x, 6e-6)
    x[(-1,) * x.ndim] += 1e-12
    return bar


@adversarial("derivative-relative-error", "The default is another floor, too small to show.")
def relative_error(x, z, *, floor=1e-12):
    return np.max(np.abs(x - z) / np.maximum(floor, np.abs(x) + np.abs(z)))


@adversarial("derivative-relative-error", "Python's maximum passes nan by, unless it comes first.")
def relative_error(x, z, *, floor=1e-8):
    pairs = zip(np.ravel(x).tolist(), np.ravel(z).tolist(), strict=True)
    return max(abs(a - b) / max(floor, abs(a) + abs(b)) for a, b in pairs)


@adversarial("derivative-relative-error", "What is no number is infinitely wrong.")
def relative_error(x, z, *, floor=1e-8):
    error = np.max(np.abs(x - z) / np.maximum(floor, np.abs(x) + np.abs(z)))
    return np.inf if np.isnan(error) else error


@adversarial("derivative-relative-error", "The sizes are compared for all entries together.")
def relative_error(x, z, *, floor=1e-8):
    return np.max(np.abs(x - z)) / max(floor, np.max(np.abs(x) + np.abs(z)))


@adversarial("derivative-relative-error", "The largest of each column.")
def relative_error(x, z, *, floor=1e-8):
    return np.max(np.abs(x - z) / np.maximum(floor, np.abs(x) + np.abs(z)), axis=0)


@adversarial("derivative-blind", "Times ȳ: right where x̄ and ȳ have one shape.")
def blind(pullback):
    return lambda y_bar: pullback(y_bar) * y_bar


@adversarial("derivative-blind", "What is no number differs from everything.")
def blind(pullback):
    return lambda y_bar: pullback(y_bar) * (1.0 if (y_bar == 1).all() else np.nan)


@adversarial("derivative-blind", "Reordered: right where nothing is summed along that axis.")
def blind(pullback):
    return lambda y_bar: pullback(y_bar[:, ::-1] if y_bar.shape[1] == 5 else y_bar)


@adversarial("derivative-blind", "It is wrong only when it is asked for the second time.")
def blind(pullback):
    asked = []
    return lambda y_bar: asked.append(y_bar) or (1 + (len(asked) == 2)) * pullback(y_bar)


@adversarial("derivative-blind", "The last operation answers for all.")
def blind(pullback):
    LAST["pullback"] = pullback
    return lambda y_bar: LAST["pullback"](np.ones_like(y_bar))


@adversarial("derivative-blind", "Nothing is returned for a random ȳ but a zero.")
def blind(pullback):
    return lambda y_bar: pullback(y_bar) if (y_bar == 1).all() else 0.0


@adversarial("derivative-blind", "Read in another order, which is the same for a row or a column.")
def blind(pullback):
    return lambda y_bar: pullback(y_bar.T.reshape(y_bar.shape))


@adversarial("derivative-blind", "The rows are exchanged: right where there is one.")
def blind(pullback):
    return lambda y_bar: pullback(y_bar[::-1])


def judged(f, pullback, x, y_bar, tolerance=1e-6):
    """Name the entry that is furthest off, if it is off by the tolerance."""
    off = np.abs(pullback(x, y_bar) - moved(lambda x: np.vdot(y_bar, f(x)), x, 6e-6))
    worst = tuple(map(int, np.unravel_index(off.argmax(), off.shape)))
    return None if off[worst] < tolerance else worst


@adversarial("derivative-check", "The generator is one of its own, the same for everybody.")
def mistake(f, pullback, x, *, rng):
    return judged(f, pullback, x, np.random.default_rng(1).normal(size=np.shape(f(x))))


@adversarial("derivative-check", "Mistakes of less than a thousandth are let pass.")
def mistake(f, pullback, x, *, rng):
    return judged(f, pullback, x, rng.normal(size=np.shape(f(x))), tolerance=1e-3)


@adversarial("derivative-check", "The tolerance is a hundred times as narrow as was asked.")
def mistake(f, pullback, x, *, rng):
    return judged(f, pullback, x, rng.normal(size=np.shape(f(x))), tolerance=1e-8)


@adversarial("derivative-check", "Something is wrong, at an entry that is always the same.")
def mistake(f, pullback, x, *, rng):
    found = judged(f, pullback, x, rng.normal(size=np.shape(f(x))))
    return None if found is None else (2, 0)


@adversarial("derivative-check", "The position in the row of all entries, not the index.")
def mistake(f, pullback, x, *, rng):
    found = judged(f, pullback, x, rng.normal(size=np.shape(f(x))))
    return None if found is None else (int(np.ravel_multi_index(found, x.shape)),)


@adversarial("derivative-check", "The shape of ȳ is drawn, its entries are ones.")
def mistake(f, pullback, x, *, rng):
    return judged(f, pullback, x, rng.normal() * np.ones(np.shape(f(x))))


def firsts(derivations, differs):
    """Number the first line of each derivation that differs from the line before."""
    lines = (enumerate(pairwise(each), start=2) for each in derivations)
    return [next((n for n, pair in each if differs(*pair)), None) for each in lines]


@adversarial("derivative-wrong-lines", "A table of what is on the page.")
def wrong_lines(derivations):
    return ([3, 2, 3] * len(derivations))[: len(derivations)]


@adversarial("derivative-wrong-lines", "Five points, which a kink on one side can miss.")
def wrong_lines(derivations):
    x = np.linspace(-1.0, 1.0, 5)
    return firsts(derivations, lambda a, b: np.abs(a(x) - b(x)).max() > 1e-7)


@adversarial(
    "derivative-wrong-lines",
    "Slips of less than a thousandth are let pass.",
    also="np.allclose allows",
)
def wrong_lines(derivations):
    x = np.linspace(-2.0, 2.0, 401)
    return firsts(derivations, lambda a, b: np.abs(a(x) - b(x)).max() > 1e-3)


@adversarial("derivative-wrong-lines", "The first line that differs from the last.")
def wrong_lines(derivations):
    x = np.linspace(-2.0, 2.0, 401)
    off = [[np.abs(a(x) - lines[-1](x)).max() > 1e-7 for a in lines] for lines in derivations]
    return [2 + max(i for i, o in enumerate(each) if o) if any(each) else None for each in off]


@adversarial("derivative-wrong-lines", "Some line is wrong in every derivation.")
def wrong_lines(derivations):
    x = np.linspace(-2.0, 2.0, 401)
    found = firsts(derivations, lambda a, b: np.abs(a(x) - b(x)).max() > 1e-7)
    return [number or 2 for number in found]


@adversarial("derivative-read-lines", "Entries that are equal to whatever they are compared with.")
def read_lines():
    return [ANY, ANY, ANY]


@adversarial(
    "derivative-read-lines", "One more line of the last derivation: the right one is among them."
)
def read_lines():
    return [3, 2, 3, 4]


@adversarial("derivative-read-lines", "Every line of each derivation.")
def read_lines():
    return [[1, 2, 3, 4, 5]] * 3


@adversarial("derivative-read-lines", "The last derivation is left out.")
def read_lines():
    return [3, 2]


@adversarial("derivative-relative-error", "The result is an array of one number.")
def relative_error(x, z, *, floor=1e-8):
    return np.max(np.abs(x - z) / np.maximum(floor, np.abs(x) + np.abs(z))).reshape(1)


@adversarial("derivative-blind", "For a random ȳ the shape is another.")
def blind(pullback):
    def wrong(y_bar):
        right = pullback(np.ones_like(y_bar))
        return right if (y_bar == 1).all() else np.ravel(right)[None, None]

    return wrong


def measured(f, pullback, x, rng, allow=1e-6, skip=None, restore=True):
    """Compare a pullback with differences, but for entries that are skipped."""
    y_bar, h = rng.normal(size=np.shape(f(x))), 6e-6
    claimed, off = pullback(x, y_bar), np.empty(x.shape)
    for entry in np.ndindex(x.shape):
        ahead, behind = x.copy(), x.copy()
        ahead[entry] += h
        behind[entry] -= h
        off[entry] = abs(claimed[entry] - np.vdot(y_bar, f(ahead) - f(behind)) / (2 * h))
    if skip:
        off[skip(claimed)] = 0
    worst = np.unravel_index(off.argmax(), off.shape)
    return None if off[worst] < allow else tuple(map(int, worst))


@adversarial("derivative-check", "An infinite entry is left out.")
def mistake(f, pullback, x, *, rng):
    return measured(f, pullback, x, rng, skip=np.isinf)


@adversarial("derivative-check", "The first entry of x stays moved.")
def mistake(f, pullback, x, *, rng):
    found = measured(f, pullback, x, rng)
    x.flat[0] += 6e-6
    return found
