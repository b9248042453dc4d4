"""Exercises of the chapter *Numerical differentiation*: differences, and checks with them.

f is a function of one number unless it is said to take an array. Results are as exact as rounding
lets them be, unless an exercise says otherwise. No function changes the arrays that it is given.

Chapter: book/derivative.md.
"""

import numpy as np


def one_sided(f, x, h):
    """Exercise derivative-one-sided.  Approximate f'(x) by a one-sided difference.

        (f(x + h) - f(x)) / h

    >>> one_sided(lambda x: x**2, 3.0, 0.5)
    6.5
    """
    # BEGIN SOLUTION
    # HINT: how far does f rise while x moves by h?
    # HINT: the slope is the rise over the step
    # HINT: subtract first, then divide the whole difference; mind the brackets
    return (f(x + h) - f(x)) / h
    # END SOLUTION


def central(f, x, h):
    """Exercise derivative-central.  Approximate f'(x) by a central difference.

    Exact for every quadratic, and off by h² for the cube:

    >>> central(lambda x: x**3, 2.0, 1.0)
    13.0
    """
    # BEGIN SOLUTION
    # HINT: the two points are x + h and x - h; how far are they from each other?
    # HINT: the rise between them is f(x + h) - f(x - h)
    # HINT: divide it by 2 * h, in brackets: a / 2 * h multiplies by h
    return (f(x + h) - f(x - h)) / (2 * h)
    # END SOLUTION


def complex_step(f, x, h=1e-100):
    """Exercise derivative-complex.  Approximate f'(x) by a complex step.

    It is the imaginary part of f(x + ih) over h. f takes complex numbers and arrays of
    them; x is a number, or a float64 array in any shape, and so is the result. It is real, and
    right to the last digits, because nothing is subtracted.

    >>> complex_step(lambda x: x**3, 2.0, 1.0)
    11.0
    """
    # BEGIN SOLUTION
    # HINT: Python writes the imaginary unit 1j; what is the imaginary part of (x + ih)²?
    # HINT: f(x + ih) is f(x) + i h f'(x), but for terms with h² and smaller
    # HINT: np.imag takes the imaginary part of a number or an array; divide it by h
    return np.imag(f(x + 1j * h)) / h
    # END SOLUTION


def best_step(p, truncation, roundoff):
    """Exercise derivative-step.  Return the step h > 0 at which an error bound is least.

        e(h) = truncation · hᵖ + roundoff / h

    One-sidedly p = 1, truncation = c₂/2 and roundoff = 2 ε c₀; centrally p = 2, and so on. All
    three are positive, and the step is right to nine digits.

    >>> best_step(1, 0.5, 2.0)
    2.0
    """
    # BEGIN SOLUTION
    # HINT: at the minimum the derivative is zero; what is the derivative of e?
    # HINT: p · truncation · h**(p - 1) = roundoff / h**2
    # HINT: solve for h**(p + 1), then take that root
    return (roundoff / (p * truncation)) ** (1 / (p + 1))
    # END SOLUTION


def relative_error(x, z, *, floor=1e-8):
    """Exercise derivative-relative-error.  Return the largest relative error between two arrays.

        max |x - z| / max(floor, |x| + |z|)

    Entry by entry, then the largest, of two arrays of any one shape. Two zeros agree, and what is
    no number (nan) stays none, at whichever entry it is. The result is a single number.

    >>> float(relative_error(np.array([1.0, 0.0]), np.array([3.0, 0.0])))
    0.5
    """
    # BEGIN SOLUTION
    # HINT: 0/0 is no number; what does the floor do about it?
    # HINT: np.maximum compares entry by entry, np.max finds the largest entry
    # HINT: np.max(np.abs(x - z) / np.maximum(floor, np.abs(x) + np.abs(z)))
    return np.max(np.abs(x - z) / np.maximum(floor, np.abs(x) + np.abs(z)))
    # END SOLUTION


def gradient(f, x):
    """Exercise derivative-gradient.  Approximate the gradient of f, a number, at an array x.

    x holds float64 in any shape, () included, and so does the result. Use central differences:
    entries and slopes are of size one, and the result is right within 1e-8. Entries of x may be
    moved, but afterwards x is what it was, to the last bit; f is called at most 2 x.size + 1 times.

    >>> gradient(lambda x: float(x[0] * x[1]), np.array([2.0, 3.0])).round(6)
    array([3., 2.])
    """
    # BEGIN SOLUTION
    # HINT: np.ndindex(x.shape) iterates over the entries of an array of any shape
    # HINT: move a single entry of a copy; np.zeros_like and x + h * unit need no moving back
    # HINT: the best step of a central difference is near the cube root of 1e-16
    h, bar, unit = 6e-6, np.empty(x.shape), np.zeros(x.shape)
    for entry in np.ndindex(x.shape):
        unit[entry] = h
        bar[entry] = (f(x + unit) - f(x - unit)) / (2 * h)
        unit[entry] = 0.0
    return bar
    # END SOLUTION


def blind(pullback):
    """Exercise derivative-blind.  Make a wrong backward pass that a check with a sum accepts.

    ``pullback(y_bar)`` is the right backward pass of some operation, from an array ȳ of two
    axes to x̄, whose shape may be another; you are not told which. An axis of ȳ may have the size
    one, but not both. Return a function of ȳ that gives the same x̄ for ȳ = 1, and for a random ȳ
    another one, of the same shape and finite. It may be called as often as one likes.

    >>> wrong = blind(lambda y_bar: 3 * y_bar)
    >>> float(wrong(np.ones((2, 2))).sum()), bool((wrong(2 * np.eye(2)) == 6 * np.eye(2)).all())
    (12.0, False)
    """
    # BEGIN SOLUTION
    # HINT: which changes of ȳ cannot be seen when all of its entries are 1?
    # HINT: forget ȳ, reorder it, square it, average it: then call the right pullback
    # HINT: return lambda y_bar: pullback(np.ones_like(y_bar))
    return lambda y_bar: pullback(np.ones_like(y_bar))
    # END SOLUTION


def mistake(f, pullback, x, *, rng):
    """Exercise derivative-check.  Find the entry of x̄ that is furthest off, if one is wrong.

    ``f(x)`` returns an array or a number; ``pullback(x, y_bar)`` claims to return x̄, of the
    shape of x, which has one axis or more. Draw ȳ from `rng`, measure every entry of x̄ by central
    differences of ⟨ȳ, f(x)⟩, and compare. Return the index of the entry that differs most, a
    tuple; or None if all agree within 1e-6. An entry that is not finite is wrong. Numbers are of
    size one. Entries of x may be moved, but afterwards x is what it was.

    >>> x, rng = np.array([1.0, 2.0, 3.0]), np.random.default_rng(0)
    >>> mistake(np.sin, lambda x, y_bar: y_bar * np.cos(x), x, rng=rng)
    >>> mistake(np.sin, lambda x, y_bar: y_bar * [1, 1, 9] * np.cos(x), x, rng=rng)
    (2,)
    """
    # BEGIN SOLUTION
    # HINT: y_bar = rng.normal(size=f(x).shape) makes a number of y: np.vdot(y_bar, f(x))
    # HINT: its slope by one entry of x is that entry of x̄; move one entry at a time
    # HINT: np.unravel_index(off.argmax(), off.shape) turns a position into an index
    y_bar, h, unit = rng.normal(size=np.shape(f(x))), 6e-6, np.zeros(x.shape)
    claimed, off = pullback(x, y_bar), np.empty(x.shape)
    for entry in np.ndindex(x.shape):
        unit[entry] = h
        slope = np.vdot(y_bar, f(x + unit) - f(x - unit)) / (2 * h)
        off[entry] = abs(claimed[entry] - slope)
        unit[entry] = 0.0

    worst = np.unravel_index(off.argmax(), off.shape)
    return None if off[worst] < 1e-6 else tuple(map(int, worst))
    # END SOLUTION


def read_lines():
    """Exercise derivative-read-lines.  Return which line of each derivation on the page is wrong.

    Three numbers: for the first derivation, the second and the third. Lines count from one.
    """
    # BEGIN SOLUTION
    # HINT: put numbers in: h = 1 or 2, and sizes for which nothing vanishes by chance
    # HINT: what does each reason allow to change, and what has changed besides?
    # HINT: one takes a difference for a sum, one turns a sign, one doubles a step
    return [3, 2, 3]
    # END SOLUTION


def wrong_lines(derivations):
    """Exercise derivative-wrong-lines.  Find the line of each derivation that does not follow.

    A derivation is a list of lines that are claimed to be equal. A line is a function of a
    number, or of an array of numbers, entry by entry, and is defined from -2 to 2. Return a list
    with an entry for each derivation: the number, counted from one, of the first line that is
    not equal to the line before it, or None if all lines are equal. Equal lines agree within
    1e-9; others differ by more than 1e-6 on a tenth of the interval at least.

    >>> lines = [lambda x: (x + 1) ** 2 - x**2, lambda x: 2 * x + 1, lambda x: 2 * x]
    >>> wrong_lines([lines, lines[:2]])
    [3, None]
    """
    # BEGIN SOLUTION
    # HINT: two functions that are equal are so at every point; try many
    # HINT: a tenth of the interval may hold all points at which a slip shows
    # HINT: compare each line with the one before at np.linspace(-2, 2, 401), within 1e-7
    x, found = np.linspace(-2.0, 2.0, 401), []
    for lines in derivations:
        y = np.array([line(x) for line in lines])
        follows = (np.abs(y[1:] - y[:-1]) < 1e-7).all(axis=1)
        found.append(None if follows.all() else int(follows.argmin()) + 2)
    return found
    # END SOLUTION
