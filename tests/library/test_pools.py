"""Pools with all their options, against a window by window definition."""

from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.autodiff import grad
from dlcore.nn import AvgPool2d, MaxPool2d
from dlcore.ops.pool import avg_pool2d, max_pool2d, max_pool2d_indices, normalize_pool_options
from dlcore.shapes import ShapeError

SIZE = (11, 8)
WINDOWS = [(2, None, 0), (3, 2, 1), ((5, 2), (3, 1), ((2, 1), (0, 1))), (2, 3, 0)]
AVERAGES = list(product(WINDOWS, (False, True), (False, True)))
CASES = list(product(WINDOWS, (1, 2, (1, 3)), (False, True)))


def windows(size, window, stride, padding, dilation, ceil_mode):
    """List, for each place, the rows of one axis that a window covers, inside or outside.

    With `ceil_mode` windows go on as long as they begin in the image or the padding before it.
    """
    before, after = padding
    span = dilation * (window - 1) + 1
    starts = range(-before, size + after - span + 1, stride)
    if ceil_mode and (following := starts.start + len(starts) * stride) < size:
        starts = [*starts, following] if starts[-1] + span < size + after else starts
    return [range(start, start + span, dilation) for start in starts]


def both_axes(given, ceil_mode, dilation=1):
    """Read options as a person says them; return the windows along each axis."""
    kernel_size, stride, padding = given
    pair = lambda value: value if isinstance(value, tuple) else (value, value)
    sides = padding if isinstance(padding, tuple) else ((padding, padding),) * 2
    pairs = map(pair, (kernel_size, kernel_size if stride is None else stride, dilation))
    return [windows(H, U, s, side, a, ceil_mode)
            for H, side, U, s, a in zip(SIZE, sides, *pairs, strict=True)], sides  # fmt: skip


def inside(places, size):
    """Keep the places that lie in the image."""
    return [place for place in places if 0 <= place < size]


@pytest.fixture(params=CASES, ids=str)
def maxima(request, rng):
    """An image with ties, options, and where the first maximum of every window is."""
    given, dilation, ceil_mode = request.param
    (rows, columns), _ = both_axes(given, ceil_mode, dilation)
    x = rng.integers(9, size=(2, 3, *SIZE)).astype(float)
    places = np.empty((2, 3, len(rows), len(columns)), int)
    for n, c, p, q in np.ndindex(*places.shape):
        seen = list(product(inside(rows[p], SIZE[0]), inside(columns[q], SIZE[1])))
        i, j = max(seen, key=lambda place: (x[n, c][place], -seen.index(place)))
        places[n, c, p, q] = i * SIZE[1] + j
    words = dict(zip(("kernel_size", "stride", "padding"), given, strict=True))
    return x, {**words, "dilation": dilation, "ceil_mode": ceil_mode}, places


def test_a_maximum_is_the_largest_entry_that_its_window_covers(maxima):
    """With stride, padding, dilation, and a last window that reaches over the end."""
    x, options, places = maxima
    flat = x.reshape(2, 3, -1)
    wanted = np.take_along_axis(flat, places.reshape(2, 3, -1), axis=2).reshape(places.shape)
    assert_array_equal(max_pool2d(x, **options), wanted)


def test_the_indices_are_those_of_the_first_maxima(maxima):
    """Counted through the rows of the image."""
    x, options, places = maxima
    assert_array_equal(max_pool2d_indices(x, **options), places)


def test_the_gradient_goes_where_the_maximum_came_from(maxima, rng):
    """The upstream gradient of every window, added up where its index says."""
    x, options, places = maxima
    y_bar = rng.normal(size=places.shape)
    wanted = np.zeros((2, 3, SIZE[0] * SIZE[1]))
    for n, c, p, q in np.ndindex(*places.shape):
        wanted[n, c, places[n, c, p, q]] += y_bar[n, c, p, q]
    x_bar = grad(lambda x: np.sum(y_bar * max_pool2d(x, **options)))(x)
    assert_allclose(x_bar.reshape(2, 3, -1), wanted, rtol=1e-12)


@pytest.mark.parametrize(("given", "ceil_mode", "include"), AVERAGES, ids=str)
def test_an_average_is_divided_by_the_entries_that_count(given, ceil_mode, include, rng):
    """Those of the image; those of the padding if they are included; none beyond."""
    (rows, columns), sides = both_axes(given, ceil_mode)
    x = rng.normal(size=(2, 3, *SIZE))
    options = dict(zip(("kernel_size", "stride", "padding"), given, strict=True))
    options |= {"ceil_mode": ceil_mode, "count_include_pad": include}
    wanted = np.empty((2, 3, len(rows), len(columns)))
    reach = lambda places, H, side: sum(-side[0] <= i < H + side[1] for i in places)
    for n, c, p, q in np.ndindex(*wanted.shape):
        seen = x[n, c][np.ix_(inside(rows[p], SIZE[0]), inside(columns[q], SIZE[1]))]
        padded = reach(rows[p], SIZE[0], sides[0]) * reach(columns[q], SIZE[1], sides[1])
        wanted[n, c, p, q] = seen.sum() / (padded if include else seen.size)
    assert_allclose(avg_pool2d(x, **options), wanted, rtol=1e-12)


def test_a_window_without_a_tap_in_the_image_is_refused():
    """Its taps lie on both sides of the only row."""
    with pytest.raises(ShapeError, match="has no tap in the image"):
        max_pool2d(np.ones((1, 1, 1, 5)), kernel_size=(2, 1), padding=((1, 1), (0, 0)), dilation=2)


COMMON = [{"padding": 1}, {"stride": 1}, {"ceil_mode": True}, {"ceil_mode": False}]
PASSED_ON = [  # a layer, the operation, and options that change what it gives
    *[(MaxPool2d, max_pool2d, option) for option in (*COMMON, {"dilation": 2})],
    *[(AvgPool2d, avg_pool2d, option) for option in COMMON],
    (AvgPool2d, avg_pool2d, {"padding": 1, "count_include_pad": False}),
    (AvgPool2d, avg_pool2d, {"padding": 1, "count_include_pad": True}),
]


@pytest.mark.parametrize(("layer", "op", "options"), PASSED_ON)
def test_a_layer_passes_its_options_on(layer, op, options, rng):
    """It gives what the operation gives, and with one option changed something else."""
    x = rng.normal(size=(2, 3, *SIZE))
    assert_array_equal(layer(3, **options)(x), op(x, kernel_size=3, **options))
    other = {
        name: not value if isinstance(value, bool) else value for name, value in options.items()
    }
    changed = op(x, kernel_size=3, **other) if other != options else op(x, kernel_size=3)
    assert not np.array_equal(changed, op(x, kernel_size=3, **options))


def test_the_last_window_ends_in_the_image_unless_told_otherwise():
    """Five rows have two windows of two, and three with `ceil_mode`."""
    whole, _, dilation = normalize_pool_options("max_pool2d", (5, 4), 2, None, 0)
    assert (whole, dilation) == ((2, 2), (1, 1))
    assert normalize_pool_options("max_pool2d", (5, 4), 2, None, 0, 1, True)[0] == (3, 2)
