"""What a person may say of a sliding window, translated for the kernels and checked.

A number stands for both directions, a pair for height and width; a padding may also be "same",
or a pair of pairs, ((top, bottom), (left, right)).

Chapter: book/conv.md.
"""

from functools import lru_cache, wraps
from operator import index

import numpy as np

from dlcore.kernels.conv import ONE, positions
from dlcore.shapes import ShapeError


def cached(function):
    """Remember what a function returns for its options; without a hash it is called anew.

    >>> double = cached(lambda pair: pair * 2)
    >>> double((1, 2)), double([1, 2])
    ((1, 2, 1, 2), [1, 2, 1, 2])
    """
    known = lru_cache(maxsize=1024, typed=True)(function)

    @wraps(function)
    def call(*options):
        try:
            hash(options)
        except TypeError:  # a list is one
            return function(*options)
        return known(*options)

    return call


def pair(function, name, value, least=1):
    """Read a whole number, or a pair of them, as a pair.

    Raises ValueError for anything else, and for numbers below `least`.

    >>> pair("conv2d", "stride", 2)
    (2, 2)
    """
    try:
        values = tuple(map(index, value if isinstance(value, tuple | list) else (value,) * 2))
    except TypeError:
        values = ()
    if len(values) != 2 or min(values) < least:
        raise ValueError(
            f"{function}: {name} is {value!r}, pass a whole number, at least {least}, or a pair"
        )
    return values


def normalize_padding(function, padding, size, window, stride, dilation):
    """Read a padding as ((top, bottom), (left, right)); "same" asks for  P = ⌈H / stride⌉.

    Raises ValueError for anything but "same", a whole number, a pair, or a pair of pairs.

    >>> normalize_padding("conv2d", "same", (32, 32), (5, 2), (1, 1), (1, 1))
    ((2, 2), (0, 1))
    """
    if isinstance(padding, str) and padding == "same":
        axes = zip(size, window, stride, dilation, strict=True)
        spare = [max(0, -(-H // s) * s - s + a * (U - 1) + 1 - H) for H, U, s, a in axes]
        return tuple((extra // 2, extra - extra // 2) for extra in spare)
    if isinstance(padding, tuple | list) and len(padding) == 2:
        return tuple(pair(function, "padding", side, least=0) for side in padding)
    if isinstance(padding, str):
        raise ValueError(f'{function}: padding is {padding!r}, use "same", a number or a pair')
    return (pair(function, "padding", padding, least=0),) * 2


def require_fit(function, size, window, stride, padding, dilation):
    """Return (P, Q); raise ShapeError where a window has no position in the padded image.

    >>> require_fit("conv2d", (32, 32), (5, 5), (1, 1), ((2, 2), (2, 2)), (1, 1))
    (32, 32)
    """
    for letter, U in zip("UV", window, strict=True):
        if U < 1:
            raise ShapeError(f"{function}: {letter} is {U}, a window has at least one tap")
    words = zip(("rows", "columns"), size, window, padding, dilation, strict=True)
    for word, H, U, pad, a in words:
        span, room = a * (U - 1) + 1, H + sum(pad)
        if span > room:
            raise ShapeError(
                f"{function}: the window spans {span} {word} but the padded image has {room}, "
                "pad more or take a smaller window"
            )
    return positions(size, window, stride, padding, dilation)


def require_positions(function, y_bar, places):
    """Raise ShapeError where the maps of a cotangent (N, F, P, Q) do not have these positions.

    >>> require_positions("conv2d_input_grad", np.ones((2, 4, 8, 8)), (8, 8))
    """
    if y_bar.shape[2:] != places:
        raise ShapeError(
            f"{function}: y_bar has maps of {y_bar.shape[2:]} but the options make {places}, "
            "pass the options of the way forward"
        )


def padded_for_last_window(H, U, s, pad, a=1):
    """Enlarge a padding so that a window that begins in the image, and ends outside, fits.

    >>> padded_for_last_window(5, 2, 2, (0, 0))
    (0, 1)
    """
    span, room = a * (U - 1) + 1, H + sum(pad)
    last = max(0, -(-(room - span) // s))  # the number of the last window, from zero
    last -= last * s >= H + pad[0]
    return pad[0], pad[1] + max(0, last * s + span - room)


def taps_inside(size, settled, dilation=ONE):
    """Count the taps of every window (P, Q) that lie in an image of this size.

    >>> taps_inside((3, 2), ((2, 2), (1, 1), ((1, 0), (0, 0)))).tolist()
    [[2], [4], [4]]
    """
    rows, columns = (
        [sum(0 <= p * s + u * a - pad[0] < H for u in range(U)) for p in range(P)]
        for P, H, U, s, pad, a in zip(
            positions(size, *settled, dilation), size, *settled, dilation, strict=True
        )
    )
    return np.outer(rows, columns)


def reached(u, H, P, s, before):
    """Return the windows whose entry u lies in the image, and the pixels there, as two slices.

    >>> reached(0, 5, 3, 2, 1)
    (slice(1, 3, None), slice(1, 5, 2))
    """
    first = max(0, -(-(before - u) // s))
    last = max(first, min(P, (H - 1 + before - u) // s + 1))
    start = first * s + u - before
    return slice(first, last), slice(start, start + (last - first) * s, s)


def taps(size, places, settled, dilation):
    """Yield, for each tap of a window, the windows where it lies in the image, and its pixels.

    >>> [(windows, pixels)] = taps((2, 4), (2, 4), ((1, 1), (1, 1), ((0, 0), (0, 0))), ONE)
    >>> windows
    (Ellipsis, slice(0, 2, None), slice(0, 4, None))
    """
    window, stride, padding = settled
    for tap in np.ndindex(*window):
        axes = zip(tap, dilation, size, places, stride, padding, strict=True)
        rows, columns = (reached(u * a, H, P, s, pad[0]) for u, a, H, P, s, pad in axes)
        yield (..., rows[0], columns[0]), (..., rows[1], columns[1])


@cached
def entries_that_count(size, settled, padding, ceil_mode, count_include_pad):
    """Return UV / (entries of a window that count) for all windows; None where it is 1.

    `padding` is what was asked for: what `ceil_mode` adds beyond it never counts.

    >>> entries_that_count((3, 2), ((2, 2), (2, 2), ((0, 1), (0, 0))), 0, True, True).tolist()
    [[1.0], [2.0]]
    """
    window, stride, grown = settled
    if count_include_pad and not ceil_mode:
        return None
    asked = normalize_padding("avg_pool2d", padding, size, window, stride, ONE)
    if count_include_pad:  # count the places of the padded image, in which nothing is padded
        rest = tuple((0, after - own) for (_, own), (_, after) in zip(asked, grown, strict=True))
        size, grown = tuple(H + sum(pad) for H, pad in zip(size, asked, strict=True)), rest
    return window[0] * window[1] / taps_inside(size, (window, stride, grown))
