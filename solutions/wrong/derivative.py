"""Plausible wrong answers to the exercises of *Differences*, each with a word of advice.

Chapter: book/derivative.md.
"""

from itertools import pairwise

import numpy as np

from dlcore.course.exercises.known_answers import wrong


@wrong("derivative-one-sided", "The brackets are missing: subtract first, then divide.")
def one_sided(f, x, h):
    return f(x + h) - f(x) / h


@wrong("derivative-one-sided", "The rise is not divided by the step.")
def one_sided(f, x, h):
    return f(x + h) - f(x)


@wrong("derivative-one-sided", "You stepped to either side: only the step ahead is asked for.")
def one_sided(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


@wrong(
    "derivative-one-sided",
    "The difference has the wrong sign: the value at the larger argument comes first.",
)
def one_sided(f, x, h):
    return (f(x) - f(x + h)) / h


@wrong("derivative-central", "From x - h to x + h it is two steps: divide by 2h.")
def central(f, x, h):
    return (f(x + h) - f(x - h)) / h


@wrong("derivative-central", "The brackets are missing: a / 2 * h multiplies by h.")
def central(f, x, h):
    return (f(x + h) - f(x - h)) / 2 * h


@wrong("derivative-central", "You stepped ahead only: the other end is x - h.")
def central(f, x, h):
    return (f(x + h) - f(x)) / h


@wrong(
    "derivative-central",
    "The difference has the wrong sign: the value at the larger argument comes first.",
)
def central(f, x, h):
    return (f(x - h) - f(x + h)) / (2 * h)


@wrong("derivative-complex", "The slope is in the imaginary part; the real part holds f itself.")
def complex_step(f, x, h=1e-100):
    return np.real(f(x + 1j * h)) / h


@wrong("derivative-complex", "The imaginary part is h times the slope: divide it by h.")
def complex_step(f, x, h=1e-100):
    return np.imag(f(x + 1j * h))


@wrong("derivative-complex", "Nothing needs to be subtracted: the imaginary part is all of it.")
def complex_step(f, x, h=1e-100):
    return (f(x + 1j * h) - f(x)) / (1j * h)


@wrong("derivative-complex", "Your step is always the same: use the h that is given.")
def complex_step(f, x, h=1e-100):
    return np.imag(f(x + 1e-100j)) / 1e-100


@wrong("derivative-step", "The slope of hᵖ has a factor p.")
def best_step(p, truncation, roundoff):
    return (roundoff / truncation) ** (1 / (p + 1))


@wrong("derivative-step", "The root is that of h to the power of p + 1, not of p.")
def best_step(p, truncation, roundoff):
    return (roundoff / (p * truncation)) ** (1 / p)


@wrong("derivative-step", "The fraction is inverted: more round-off asks for a larger step.")
def best_step(p, truncation, roundoff):
    return (p * truncation / roundoff) ** (1 / (p + 1))


@wrong("derivative-step", "The square root is right for p = 1 alone.")
def best_step(p, truncation, roundoff):
    return (roundoff / (p * truncation)) ** 0.5


def moved(f, x, h, behind):
    """Measure the slope along every entry, with some step ahead and some behind."""
    bar = np.empty(x.shape)
    unit = np.zeros(x.shape)
    for entry in np.ndindex(x.shape):
        unit[entry] = h
        bar[entry] = (f(x + unit) - f(x - behind * unit)) / ((1 + behind) * h)
        unit[entry] = 0.0
    return bar


@wrong("derivative-gradient", "A one-sided difference errs by the order of h: step to both sides.")
def gradient(f, x):
    return moved(f, x, 1.5e-8, 0)


@wrong("derivative-gradient", "Your step is so small that rounding swamps the difference.")
def gradient(f, x):
    return moved(f, x, 1e-12, 1)


@wrong("derivative-gradient", "Your step is so large that the truncation error shows.")
def gradient(f, x):
    return moved(f, x, 1e-2, 1)


@wrong(
    "derivative-gradient",
    "All entries change at once: change one, and keep the others as they are.",
)
def gradient(f, x):
    return np.full(x.shape, (f(x + 6e-6) - f(x - 6e-6)) / 12e-6)


@wrong("derivative-gradient", "h ahead, 2h back, h ahead: that does not restore the last bit.")
def gradient(f, x):
    h = 6e-6
    bar = np.empty(x.shape)
    for entry in np.ndindex(x.shape):
        x[entry] += h
        ahead = f(x)
        x[entry] -= 2 * h
        bar[entry] = (ahead - f(x)) / (2 * h)
        x[entry] += h
    return bar


@wrong("derivative-gradient", "ravel() makes a copy here, which f never sees: use np.ndindex.")
def gradient(f, x):
    h = 6e-6
    flat = x.ravel()
    bar = np.empty(x.size)
    for i, kept in enumerate(flat.copy()):
        flat[i] = kept + h
        ahead = f(x)
        flat[i] = kept - h
        bar[i] = (ahead - f(x)) / (2 * h)
        flat[i] = kept
    return bar.reshape(x.shape)


@wrong("derivative-relative-error", "The largest of all entries is asked for, not their mean.")
def relative_error(x, z, *, floor=1e-8):
    return (np.abs(x - z) / np.maximum(floor, np.abs(x) + np.abs(z))).mean()


@wrong("derivative-relative-error", "A difference has a sign: take the absolute value.")
def relative_error(x, z, *, floor=1e-8):
    return ((x - z) / np.maximum(floor, np.abs(x) + np.abs(z))).max()


@wrong("derivative-relative-error", "The floor is the least that you divide by; it is not added.")
def relative_error(x, z, *, floor=1e-8):
    return (np.abs(x - z) / (np.abs(x) + np.abs(z) + floor)).max()


@wrong("derivative-relative-error", "You divided by the larger of the two sizes, not by their sum.")
def relative_error(x, z, *, floor=1e-8):
    return (np.abs(x - z) / np.maximum(floor, np.maximum(np.abs(x), np.abs(z)))).max()


@wrong("derivative-relative-error", "|x + z| may vanish: the sum is |x| + |z|.")
def relative_error(x, z, *, floor=1e-8):
    return (np.abs(x - z) / np.maximum(floor, np.abs(x + z))).max()


@wrong("derivative-relative-error", "A comparison passes nan by: np.max does not, np.nanmax does.")
def relative_error(x, z, *, floor=1e-8):
    return np.nanmax(np.abs(x - z) / np.maximum(floor, np.abs(x) + np.abs(z)))


@wrong("derivative-blind", "This is the right pullback: it must be wrong for a random ȳ.")
def blind(pullback):
    return pullback


@wrong("derivative-blind", "This one is always zero: ȳ = 1 detects it wherever x̄ is not zero.")
def blind(pullback):
    return lambda y_bar: 0 * pullback(y_bar)


@wrong("derivative-blind", "A wrong factor is detected by every ȳ, also by ȳ = 1.")
def blind(pullback):
    return lambda y_bar: 2 * pullback(y_bar)


@wrong("derivative-blind", "You return an x̄, not a function that makes one from ȳ.")
def blind(pullback):
    return pullback(1.0)


def gaps(f, pullback, x, y_bar):
    """Subtract what is measured from what is claimed, entry by entry."""
    measured = moved(lambda x: np.vdot(y_bar, f(x)), x, 6e-6, 1)
    return pullback(x, y_bar) - measured


def place(off, tolerance=1e-6):
    """Name the entry of the largest number, if it is above the tolerance."""
    worst = np.unravel_index(off.argmax(), off.shape)
    return None if off[worst] < tolerance else tuple(map(int, worst))


@wrong("derivative-check", "An upstream gradient of ones checks a sum only: draw it at random.")
def mistake(f, pullback, x, *, rng):
    return place(np.abs(gaps(f, pullback, x, np.ones(np.shape(f(x))))))


@wrong("derivative-check", "What is too small is wrong, too: compare absolute differences.")
def mistake(f, pullback, x, *, rng):
    return place(gaps(f, pullback, x, rng.normal(size=np.shape(f(x)))))


@wrong("derivative-check", "A measured slope is never exact: allow for an error of 1e-6.")
def mistake(f, pullback, x, *, rng):
    return place(np.abs(gaps(f, pullback, x, rng.normal(size=np.shape(f(x))))), 0.0)


@wrong("derivative-check", "The first entry that is off need not be the one furthest off.")
def mistake(f, pullback, x, *, rng):
    off = np.abs(gaps(f, pullback, x, rng.normal(size=np.shape(f(x)))))
    return next((tuple(map(int, entry)) for entry in np.argwhere(~(off < 1e-6))), None)


@wrong("derivative-check", "No comparison with nan is true: ask what is close, not far.")
def mistake(f, pullback, x, *, rng):
    off = np.abs(gaps(f, pullback, x, rng.normal(size=np.shape(f(x)))))
    return place(np.where(off > 1e-6, off, 0.0))


GRID = np.linspace(-2.0, 2.0, 401)


def first_of(derivations, differs, start=2):
    """Number the first line of each derivation that differs from the line before."""
    pairs = lambda lines: enumerate(pairwise(lines), start=start)
    return [next((n for n, pair in pairs(lines) if differs(*pair)), None) for lines in derivations]


@wrong("derivative-wrong-lines", "Lines are counted from one, and the first has none before it.")
def wrong_lines(derivations):
    return first_of(derivations, lambda a, b: np.ptp(a(GRID) - b(GRID)) > 1e-7, start=1)


@wrong(
    "derivative-wrong-lines", "Two lines that meet at a single point need not be equal: try many."
)
def wrong_lines(derivations):
    return first_of(derivations, lambda a, b: abs(a(1.0) - b(1.0)) > 1e-7)


@wrong(
    "derivative-wrong-lines", "np.allclose allows a hundred-thousandth; these slips are smaller."
)
def wrong_lines(derivations):
    return first_of(derivations, lambda a, b: not np.allclose(a(GRID), b(GRID)))


@wrong("derivative-wrong-lines", "Lines are rounded: equal ones may differ in their last digits.")
def wrong_lines(derivations):
    return first_of(derivations, lambda a, b: (a(GRID) != b(GRID)).any())


@wrong("derivative-wrong-lines", "Arguments may be negative, too: some slips show nowhere else.")
def wrong_lines(derivations):
    half = GRID[GRID > 0]
    return first_of(derivations, lambda a, b: abs(a(half) - b(half)).max() > 1e-7)


def named(advice, *numbers):
    @wrong("derivative-read-lines", advice)
    def read_lines():
        return list(numbers)


named("Lines are counted from one: the first is the one that begins without a sign.", 2, 1, 2)
named("You name the lines after the slips: each follows from what is wrong.", 4, 3, 4)
named("In the first derivation the line is right with a plus between the two values.", 2, 2, 3)
named("In the second, 4 ε c₀ is c₂ h₀², and nothing makes it negative: look at its line.", 3, 3, 3)
