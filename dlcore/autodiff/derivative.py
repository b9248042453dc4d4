"""Finite differences, the referee of every rule.

Chapter: book/linear.md.
"""

import numpy as np

from dlcore.autodiff.forward import jvp
from dlcore.autodiff.reverse import vjp

STEP = float(np.cbrt(np.finfo(float).eps))  # balances truncation h² against round-off ε/h


def directional(f, xs, x_dots, step=STEP):
    """Measure the slope of f along a direction:  (f(x + h ẋ) - f(x - h ẋ)) / 2h.

    >>> bool(abs(directional(np.sin, [0.0], [1.0]) - 1) < 1e-9)
    True
    """
    ahead = f(*(x + step * x_dot for x, x_dot in zip(xs, x_dots, strict=True)))
    behind = f(*(x - step * x_dot for x, x_dot in zip(xs, x_dots, strict=True)))
    return (ahead - behind) / (2 * step)


def check_gradients(f, *xs, rng, tolerance=1e-6):
    """Hold both modes of f at `xs` against differences, along random directions.

    forwards:   f(x + h ẋ) - f(x - h ẋ) ≈ 2h ẏ
    backwards:  ⟨ȳ, ẏ⟩ = Σᵢ ⟨x̄ᵢ, ẋᵢ⟩  for a random ȳ, never for a sum

    Raises AssertionError with the argument and the entry that is furthest off.
    """
    x_dots = [rng.normal(size=np.shape(x)) for x in xs]
    y, y_dot = jvp(f, xs, x_dots)
    y_bar = rng.normal(size=np.shape(y))
    _, pullback = vjp(f, *xs)
    bars = pullback(y_bar)

    slope = directional(f, xs, x_dots)
    size = max(1.0, np.abs(slope).max())
    if np.abs(y_dot - slope).max() > tolerance * size:
        raise AssertionError(f"check_gradients: jvp gives {y_dot}, differences give {slope}")
    for i, bar in enumerate(bars):
        compare(i, bar, entrywise(f, xs, i, y_bar), tolerance)


def entrywise(f, xs, i, y_bar):
    """Measure x̄ᵢ entry by entry: the slope of ⟨ȳ, f⟩ along each unit vector."""
    bar = np.empty(np.shape(xs[i]))
    for entry in np.ndindex(bar.shape):
        units = [np.zeros(np.shape(x)) for x in xs]
        units[i][entry] = 1.0
        bar[entry] = np.vdot(y_bar, directional(f, xs, units))
    return bar


def compare(i, bar, measured, tolerance):
    """Name the entry of argument i in which the rule and the measurement differ most."""
    off = np.abs(bar - measured)
    worst = np.unravel_index(off.argmax(), off.shape)
    if off[worst] > tolerance * max(1.0, np.abs(measured).max()):
        where = f"argument {i}, entry {tuple(map(int, worst))}"
        raise AssertionError(
            f"check_gradients: {where}: vjp gives {bar[worst]:.9g}, differences give "
            f"{measured[worst]:.9g}"
        )
