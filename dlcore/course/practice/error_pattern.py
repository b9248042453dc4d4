"""Say how wrong numbers are made from right ones: by a factor, a sign, an order, a term.

Such a sentence often names the cause. It is looked for among a few simple relations, each of
which would be a strange accident if it held for many numbers by chance.
"""

from itertools import product

import numpy as np

CLOSE = {"rtol": 1e-9, "atol": 1e-12}


def error_pattern(actual, desired, args):
    """Return a sentence on how `actual` is made from `desired`, or nothing.

    Both are arrays of one shape; `args` are the arguments of the call, by name.
    """
    actual = np.asarray(actual, float)
    desired = np.asarray(desired, float)
    if not (np.isfinite(actual).all() and np.isfinite(desired).all()):
        return ""
    relations = (
        all_zero,
        imprecise,
        negated,
        scaled,
        scaled_by_line,
        shifted,
        reordered,
        one_line_wrong,
        argument_missing,
        penalty_missing,
    )
    return next((says for each in relations if (says := each(actual, desired, args))), "")


def layout(actual, desired):
    """Return a sentence on how the shape of `actual` came about, or nothing."""
    if actual.shape == desired.shape[::-1] and actual.ndim > 1:
        return "rows and columns are exchanged"
    if actual.size == desired.size:
        long = [[n for n in array.shape if n != 1] for array in (actual, desired)]
        what = "an axis of length 1 is left over, or lost"
        return what if long[0] == long[1] else "the number of entries is right, the axes are not"
    if desired.ndim == 0:
        return "one number is wanted: is a sum or a mean missing?"
    for axis in range(desired.ndim):
        short = [n for i, n in enumerate(desired.shape) if i != axis]
        if list(actual.shape) in (short, [*short[:axis], 1, *short[axis:]]):
            return f"axis {axis} is lost: is a sum or a mean too much?"
    for axis in range(actual.ndim):
        if actual.shape[:axis] + actual.shape[axis + 1 :] == desired.shape:
            return f"axis {axis} is too much: is a sum or a mean missing?"
    return ""


def all_zero(actual, desired, args):
    """Recognise an array of zeros."""
    if not actual.any() and np.count_nonzero(desired) > 0:
        return "all that is returned is zero"
    return None


def imprecise(actual, desired, args):
    """Recognise what is right but for its last digits."""
    far = np.abs(actual - desired).max(initial=0.0) / np.abs(desired).max(initial=0.0)
    if far < 1e-4:
        digits = int(-np.log10(far))
        return f"right to {digits} digits: look for a rounding, a finite step, or a small term"
    return None


def scaled_by_line(actual, desired, args):
    """Recognise rows, or columns, that have lost or won a factor each."""
    if desired.ndim != 2 or min(desired.shape) < 2 or not desired.all():
        return None
    ratios = actual / desired
    for axis, word in ((1, "row"), (0, "column")):
        if np.allclose(ratios, ratios.take([0], axis), rtol=1e-7):
            return f"each {word} is wrong by a factor of its own: look at sums along axis {axis}"
    return None


def negated(actual, desired, args):
    """Recognise a wrong sign."""
    if np.allclose(actual, -desired, **CLOSE):
        return "the numbers are right but for the sign"
    return None


def scaled(actual, desired, args):
    """Recognise a factor, and where a number of that size is found."""
    where = np.abs(desired) > 1e-9 * np.abs(desired).max(initial=0.0)
    if not where.any() or np.count_nonzero(actual[~where]):
        return None
    ratios = actual[where] / desired[where]
    factor = ratios.flat[0]
    if not np.allclose(ratios, factor, rtol=1e-7) or abs(factor) > 1e6:
        return None
    for times, text in ((factor, "times"), (1 / factor, "of")):
        found = origin(times, args)
        if found or (desired.size > 1 and np.isclose(times, round(times)) and abs(times) < 1000):
            size = f"{times:.6g} times" if text == "times" else f"1/{times:.6g} of"
            return f"everything is {size} what is wanted" + (f", and {found}" if found else "")
    return f"everything is {factor:.6g} times what is wanted" if desired.size > 1 else None


def origin(number, args):
    """Find a length or an argument that is this number."""
    for name, value in args.items():
        shape = np.shape(value) if isinstance(value, np.ndarray) else ()
        if len(shape) > 1 and np.isclose(number, value.size, rtol=1e-9):
            return f"{name} has {value.size} entries"
        for axis, length in enumerate(shape):
            if length > 1 and np.isclose(number, length, rtol=1e-9):
                return f"axis {axis} of {name} has the length {length}"
        if type(value) in (int, float) and value not in (0, 1) and np.isclose(number, value):
            return f"{name} is {value}"
    return None


def shifted(actual, desired, args):
    """Recognise a constant that was added."""
    gap = actual - desired
    if desired.size > 1 and np.allclose(gap, gap.flat[0], rtol=1e-7, atol=0):
        side = "large" if gap.flat[0] > 0 else "small"
        return f"everything is {abs(gap.flat[0]):.6g} too {side}"
    return None


def reordered(actual, desired, args):
    """Recognise the right numbers at wrong positions."""
    square = desired.ndim == 2 and desired.shape[0] == desired.shape[1]
    if square and np.allclose(actual, desired.T, **CLOSE):
        return "the rows and the columns are exchanged"
    pair = [np.sort(array, axis=None) for array in (actual, desired)]
    if len(np.unique(desired)) > 2 and np.allclose(*pair, **CLOSE):
        return "the numbers are right, but in another order"
    return None


def one_line_wrong(actual, desired, args):
    """Recognise that whole rows or columns are right, and which are not."""
    wrong = ~np.isclose(actual, desired, rtol=1e-7)
    for axis, word in enumerate(("row", "column")[: desired.ndim if desired.ndim == 2 else 0]):
        lines = np.flatnonzero(wrong.any(axis=1 - axis))
        if desired.shape[axis] > 2 and len(lines) == 1:
            return f"only {word} {lines[0]} is wrong"
    return None


def argument_missing(actual, desired, args):
    """Recognise a multiple of an argument that is missing, or too much."""
    gap = (desired - actual).ravel()
    for name, value in flat(args):
        if value.shape != desired.shape or desired.size < 3 or not value.any():
            continue
        factor = gap @ value.ravel() / (value.ravel() @ value.ravel())
        if abs(factor) > 1e-9 and np.allclose(gap, factor * value.ravel(), rtol=1e-7, atol=1e-12):
            return f"what is missing is {factor:.6g} times {name}"
    return None


def penalty_missing(actual, desired, args):
    """Recognise a number that lacks a penalty of some weights, or has it too often."""
    numbers = [(name, value) for name, value in args.items() if type(value) in (int, float)]
    weights = [(name, value) for name, value in flat(args) if value.ndim > 1]
    for (name, value), (rate, strength) in product(weights, numbers if desired.ndim == 0 else ()):
        half = strength / 2 * np.sum(value**2)
        if half and np.isclose(abs(desired - actual), half, rtol=1e-9):
            return f"{rate}/2 · Σ {name}² is {'missing' if desired > actual else 'too much'}"
    return None


def flat(args):
    """Yield the arrays among the arguments, those in dictionaries too, by name."""
    for name, value in args.items():
        if isinstance(value, dict):
            yield from ((f"{name}[{key!r}]", each) for key, each in flat(value))
        elif isinstance(value, np.ndarray) and value.dtype.kind in "iuf":
            yield name, value.astype(float)
