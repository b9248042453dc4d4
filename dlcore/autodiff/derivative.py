"""Finite differences, by which every derivative rule is checked.

Chapter: book/derivative.md.
"""

import numpy as np

from dlcore.autodiff.forward import jvp
from dlcore.autodiff.reverse import vjp

EPS = float(np.finfo(float).eps)  # the distance from 1 to the next number
STEP = float(np.cbrt(EPS))  # balances truncation h² against round-off ε/h
DIRECTIONS = 3  # one shows almost every mistake, three hardly ever hide it all at once


def one_sided(f, x, h):
    """Approximate a derivative one-sidedly:  (f(x + h) - f(x)) / h,  with an error of order h.

    >>> one_sided(lambda x: x**3, 2, 1)
    19.0
    """
    return (f(x + h) - f(x)) / h


def central(f, x, h):
    """Approximate it centrally:  (f(x + h) - f(x - h)) / 2h,  with an error of order h².

    >>> central(lambda x: x**3, 2, 1)
    13.0
    """
    return (f(x + h) - f(x - h)) / (2 * h)


def complex_step(f, x, h=1e-100):
    """Approximate it by an imaginary step:  Im f(x + i h) / h,  without any subtraction.

    f must accept complex numbers and be analytic: no absolute value, no conjugate.

    >>> complex_step(lambda x: x**3, 2, 1)
    11.0
    """
    return np.imag(f(x + 1j * h)) / h


def relative_error(x, z, floor=1e-8):
    """Compare two gradients entry by entry:  max |x - z| / max(floor, |x| + |z|).

    >>> float(relative_error([1.0, 0.0], [3.0, 0.0]))
    0.5
    """
    size = np.maximum(floor, np.abs(x) + np.abs(z))
    return np.max(np.abs(np.subtract(x, z)) / size)


def directional(f, xs, x_dots, step=STEP):
    """Approximate the derivative of f along a direction:  (f(x + h ẋ) - f(x - h ẋ)) / 2h.

    `xs` and `x_dots` list as many arrays as f has arguments, float64; h is `step`.

    >>> bool(abs(directional(np.sin, [0.0], [1.0]) - 1) < 1e-9)
    True
    """
    ahead = f(*(x + step * x_dot for x, x_dot in zip(xs, x_dots, strict=True)))
    behind = f(*(x - step * x_dot for x, x_dot in zip(xs, x_dots, strict=True)))
    return (ahead - behind) / (2 * step)


def entrywise(slope, xs):
    """Return the slope along each entry alone: an array per argument, one call an entry.

    >>> entrywise(lambda units: 2 * units[0][0] + 3 * units[0][1], [np.zeros(2)])
    [array([2., 3.])]
    """
    units = [np.zeros(np.shape(x)) for x in xs]
    bars = [np.empty_like(unit) for unit in units]
    for bar, unit in zip(bars, units, strict=True):
        for entry in np.ndindex(bar.shape):
            unit[entry] = 1.0
            bar[entry] = slope(units)
            unit[entry] = 0.0
    return bars


def check_gradients(f, *xs, rng, tolerance=1e-6, order=2):
    """Compare both modes of f at `xs` with differences, along three random directions.

    forwards:   ⟨ȳ, ẏ⟩      ≈ ⟨ȳ, f(x + h ẋ) - f(x - h ẋ)⟩ / 2h
    backwards:  Σᵢ ⟨x̄ᵢ, ẋᵢ⟩ ≈ the same, for a random ȳ; order 2 repeats it for x ↦ Σᵢ ⟨x̄ᵢ, ẋᵢ⟩

    Raises AssertionError with the mode, the argument, the entry, and how far it is off.

    >>> check_gradients(lambda x: x * np.exp(x), [0.5, 2.0], rng=np.random.default_rng(0))
    """
    xs = [np.asarray(x, dtype=float) for x in xs]
    for degree in ("", "second order, ")[:order]:
        y_bar = rng.normal(size=np.shape(f(*xs)))
        for _ in range(DIRECTIONS):
            x_dots = [rng.normal(size=x.shape) for x in xs]
            compare(f, xs, x_dots, y_bar, tolerance, degree)
        f = slope_along(f, x_dots, y_bar)


def slope_along(f, x_dots, y_bar):
    """Return the function x ↦ Σᵢ ⟨x̄ᵢ, ẋᵢ⟩, computed by the backward pass through f.

    >>> slope_along(lambda x: x * x, [np.array(1.0)], np.array(1.0))(np.array(3.0))
    np.float64(6.0)
    """

    def slope(*xs):
        bars = vjp(f, *xs)[1](y_bar)
        return sum(np.sum(bar * x_dot) for bar, x_dot in zip(bars, x_dots, strict=True))

    return slope


def compare(f, xs, x_dots, y_bar, tolerance, degree):
    """Compare both modes with differences along one direction; on a mismatch, find the entry.

    Raises AssertionError with the mode, the argument, the entry, and how far it is off.

    >>> compare(np.sin, [np.zeros(1)], [np.ones(1)], np.ones(1), tolerance=1e-6, degree="")
    """
    bars = vjp(f, *xs)[1](y_bar)
    for i, (bar, x) in enumerate(zip(bars, xs, strict=True)):
        if np.shape(bar) != x.shape:
            where = f"{degree}argument {i}: vjp gives shape {np.shape(bar)}"
            raise AssertionError(f"check_gradients: {where}, the argument has {x.shape}")

    measure = lambda dots: np.vdot(y_bar, directional(f, xs, dots))
    push = lambda dots: np.vdot(y_bar, jvp(f, xs, dots)[1])
    backwards = sum(map(np.vdot, bars, x_dots))
    measured = measure(x_dots)
    for mode, claimed in (("vjp", backwards), ("jvp", push(x_dots))):
        if not abs(claimed - measured) <= tolerance * max(1.0, abs(measured)):  # nor is it NaN
            rule = bars if mode == "vjp" else entrywise(push, xs)
            raise AssertionError(f"check_gradients: {degree}{worst(mode, rule, measure, xs)}")


def worst(mode, bars, measure, xs):
    """Say at which entry of which argument a rule and a measurement differ most.

    >>> worst("vjp", [np.array([2.0])], lambda units: units[0][0], [np.zeros(1)])
    'argument 0, entry (0,): vjp gives 2, differences give 1, off by 1'
    """
    measured = entrywise(measure, xs)
    pairs = zip(bars, measured, strict=True)
    off = [np.nan_to_num(np.abs(bar - other), nan=np.inf) for bar, other in pairs]
    i = int(np.argmax([each.max(initial=0.0) for each in off]))
    entry = np.unravel_index(off[i].argmax(), off[i].shape)
    values = f"{mode} gives {bars[i][entry]:.9g}, differences give {measured[i][entry]:.9g}"
    where = f"argument {i}, entry {tuple(map(int, entry))}"
    return f"{where}: {values}, off by {off[i][entry]:.2g}"
