"""Shrink an input on which an answer and the book disagree, until no smaller one does.

Axes get shorter first, all axes of one length together, since a length is a letter of the
formula. Then numbers get rounder. Whatever the book itself refuses is no input.
"""

import copy
import time
import warnings

import numpy as np

from dlcore.course.practice.call_recorder import Opaque, Raised, same, snapshot
from dlcore.course.practice.time_limit import no_way_out

PATIENCE = 0.3  # seconds
MOST = 40  # numbers that can be pasted
NUDGE = 1e-6  # a disagreement that a nudge ends is a matter of taste: a kink, or a tie


def shrink(mine, book, args):
    """Return the smallest input found on which two functions disagree, or None."""
    until = time.monotonic() + PATIENCE
    disagrees = lambda args: time.monotonic() < until and disagree(mine, book, args)
    if not plain(args) or not disagrees(args):
        return None
    shrunk = True
    while shrunk:
        shrunk = False
        for candidate in smaller(args):
            if disagrees(candidate):
                args = candidate
                shrunk = True
                break
    return args if sum(map(size, args.values())) <= MOST else None


def disagree(mine, book, args):
    """Tell whether two functions answer differently, here and close by."""
    for each in (args, nudged(args)):
        wanted = ask(book, each)
        if isinstance(wanted[0], Raised) or same(ask(mine, each), wanted):
            return False
    return True


def ask(function, args):
    """Return what a function answers, and what has become of its arguments."""
    args = copy.deepcopy(args)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with no_way_out():
                result = snapshot(function(**args))
        except TimeoutError:
            raise  # the search is over
        except (Exception, SystemExit) as error:
            result = Raised(type(error).__name__, str(error))
    return [result, args]


def smaller(args):
    """Yield simpler inputs: shorter, then with rounder numbers, then with more zeros."""
    lengths = {n for array in arrays(args) for n in array.shape if n > 1}
    for n in sorted(lengths, reverse=True):
        for k in range(1, n):
            yield every(args, lambda value, n=n, k=k: shorter(value, n, k))
    for decimals in (0, 1):
        rounder = every(args, lambda value, d=decimals: rounded(value, d))
        if not same(rounder, args):
            yield rounder
    if sum(array.size for array in arrays(args)) <= MOST:
        yield from zeroed(args)


def every(args, change):
    """Change all values, those in lists and dictionaries too."""
    if isinstance(args, dict):
        return {name: every(value, change) for name, value in args.items()}
    if isinstance(args, tuple | list):
        return type(args)(every(value, change) for value in args)
    return change(args)


def arrays(args):
    """List the arrays among values."""
    found = []
    every(args, lambda value: found.append(value) if isinstance(value, np.ndarray) else None)
    return found


def shorter(value, n, k):
    """Cut every axis of length n to k; labels, which may count that axis, start over."""
    if isinstance(value, np.ndarray):
        value = value[tuple(slice(k) if length == n else slice(None) for length in value.shape)]
        return value % k if value.dtype.kind in "iu" and value.max(initial=0) < n else value
    return k if type(value) is int and value == n else value


def rounded(value, decimals):
    """Round floats, whether alone or in arrays."""
    is_float = isinstance(value, float) or getattr(value, "dtype", np.dtype(int)).kind == "f"
    return np.round(value, decimals) + 0.0 if is_float else value


def zeroed(args):
    """Yield copies in which one number more is zero."""
    for i, array in enumerate(arrays(args)):
        for entry in map(tuple, np.argwhere(array)):
            changed = copy.deepcopy(args)
            arrays(changed)[i][entry] = 0
            yield changed


def nudged(args):
    """Move every float by a little that has nothing to do with its neighbours."""
    drift = np.random.default_rng(0)
    move = lambda a: (
        a * (1 + NUDGE * drift.normal(size=a.shape)) + NUDGE * drift.normal(size=a.shape)
    )
    is_float = lambda value: isinstance(value, np.ndarray) and value.dtype.kind == "f"
    return every(args, lambda value: move(value) if is_float(value) else value)


def plain(value):
    """Tell whether a value can be written down: numbers, texts, arrays, and boxes of them."""
    if isinstance(value, dict):
        return "" not in value and all(map(plain, value.values()))
    is_box = isinstance(value, tuple | list)
    return all(map(plain, value)) if is_box else not isinstance(value, Opaque)


def size(value):
    """Count the numbers in a value."""
    if isinstance(value, dict | list | tuple):
        return sum(map(size, value.values() if isinstance(value, dict) else value))
    return value.size if isinstance(value, np.ndarray) else 1


def written(value):
    """Write a value as it can be pasted into a program that has imported numpy as np."""
    if isinstance(value, np.ndarray):
        kind = "" if value.dtype in (float, int, bool) else f", np.{value.dtype}"
        return f"np.array({written(value.tolist())}{kind})"
    if isinstance(value, tuple | list):
        entries = ", ".join(map(written, value)) + "," * (
            isinstance(value, tuple) and len(value) == 1
        )
        return f"({entries})" if isinstance(value, tuple) else f"[{entries}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name!r}: {written(each)}" for name, each in value.items()) + "}"
    value = value.item() if isinstance(value, np.generic) else value
    unreal = isinstance(value, float) and not np.isfinite(value)
    return str(value).replace("nan", "np.nan").replace("inf", "np.inf") if unreal else repr(value)
