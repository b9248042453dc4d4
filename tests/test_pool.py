"""Pooling.  The claims of `book/pool.md`, then its exercises."""

import importlib
from operator import index

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.autodiff import check_gradients
from dlcore.ops.conv import conv2d
from dlcore.ops.pool import avg_pool2d, global_avg_pool, max_pool2d
from tests.comparing import agree, scattered, single

WINDOWS = {
    "tiles": {"kernel_size": 2},
    "overlapping": {"kernel_size": 3, "stride": 2},
    "with gaps": {"kernel_size": 2, "stride": 3},
    "oblong": {"kernel_size": (3, 2), "stride": (2, 1)},
    "padded": {"kernel_size": 3, "stride": 2, "padding": 1},
}
every_window = pytest.mark.parametrize("options", WINDOWS.values(), ids=WINDOWS)
ONE_ROUNDING = {"rtol": 0, "atol": 1e-14}  # sums of a few numbers near one, in another order


@pytest.fixture(scope="module")
def lab():
    """The experiments of the chapter."""
    return importlib.import_module("dlcore.experiments.pool")


@pytest.fixture
def x(rng):
    """A batch of images in which no two entries are equal, whole rows and columns to spare."""
    return rng.permutation(2 * 3 * 8 * 7).reshape(2, 3, 8, 7) / 7.0


def pulled(op, x, y_bar, **options):
    """Pull ȳ back through a pooling of x."""
    return op.vjp(op(x, **options), x, y_bar, **options)[0]


def letters(x, y, window, stride, **more):
    """Name the sizes of a pooling by the letters of the page."""
    (H, W), (P, Q) = x.shape[2:], y.shape[2:]
    return {"H": H, "W": W, "P": P, "Q": Q, "U": window, "V": window, "stride": stride, **more}


def test_max_pooling_can_be_done_by_hand():
    """And so can its gradient."""
    x = np.array([[[[3.0, 1, 4, 1], [5, 9, 2, 6], [5, 3, 5, 8], [9, 7, 9, 3]]]])
    assert_array_equal(max_pool2d(x, kernel_size=2), [[[[9, 6], [9, 9]]]])
    y_bar = np.array([[[[1.0, 2], [3, 4]]]])
    x_bar = [[[[0, 0, 0, 0], [0, 1, 0, 2], [0, 0, 0, 0], [3, 0, 4, 0]]]]
    assert_array_equal(pulled(max_pool2d, x, y_bar, kernel_size=2), x_bar)


@pytest.mark.parametrize("size", range(3, 12))
def test_the_windows_that_fit_are_counted(size, formulas, oracle):
    """P = ⌊(H - U) / s⌋ + 1, for every window up to the image itself and every stride."""
    count = oracle.program(formulas.output_size)
    for window in range(1, size + 1):
        for stride in range(1, size + 2):
            starts = range(0, size - window + 1, stride)
            assert count(H=size, U=window, stride=stride) == len(starts)


@pytest.mark.parametrize(("window", "stride"), [(2, 2), (3, 2), (2, 3)])
def test_max_pooling_is_what_the_page_says(window, stride, x, formulas, oracle):
    """y[n, c, p, q] = max over u, v of x[n, c, p s + u, q s + v]."""
    y = max_pool2d(x, kernel_size=window, stride=stride)
    page = oracle.program(formulas.max_pool)(x=x, **letters(x, y, window, stride))
    assert_array_equal(y, page)


@pytest.mark.parametrize(("window", "stride"), [(2, 2), (3, 2), (2, 3)])
def test_max_gradients_are_what_the_page_says(window, stride, x, rng, formulas, oracle):
    """x̄ = Σ [this entry is in the window] [it is the largest] ȳ, where no two are equal."""
    x = x[:1, :2]
    y = max_pool2d(x, kernel_size=window, stride=stride)
    y_bar = rng.normal(size=y.shape)
    given = {"x": x, "y": y, "y_bar": y_bar, **letters(x, y, window, stride)}
    x_bar = pulled(max_pool2d, x, y_bar, kernel_size=window, stride=stride)
    assert_allclose(x_bar, oracle.program(formulas.max_pool_x_bar)(**given), **ONE_ROUNDING)


@every_window
def test_away_from_ties_the_gradient_agrees_with_differences(options, x, rng):
    """Where no step of the differences makes another entry the largest."""
    check_gradients(lambda x: max_pool2d(x, **options), x, rng=rng)


@every_window
def test_of_equal_maxima_the_first_receives_the_gradient(options, rng):
    """A constant image: of each window the first entry, row by row, receives all of ȳ."""
    x = np.zeros((2, 3, 8, 7))
    ranked = x - np.arange(56).reshape(8, 7)  # the first of each window is the largest here
    y_bar = rng.normal(size=max_pool2d(x, **options).shape)
    x_bar = pulled(max_pool2d, x, y_bar, **options)
    assert_array_equal(x_bar, pulled(max_pool2d, ranked, y_bar, **options))


@every_window
def test_the_gradient_of_max_pooling_is_a_subgradient(options, rng):
    """For ȳ ≥ 0:  ⟨ȳ, y(z)⟩ ≥ ⟨ȳ, y(x)⟩ + ⟨x̄, z - x⟩,  on whole numbers, with many ties."""
    for _ in range(40):
        x, z = rng.integers(-2, 3, size=(2, 1, 2, 8, 7)).astype(float)
        y = max_pool2d(x, **options)
        y_bar = rng.uniform(size=y.shape)
        change = np.vdot(y_bar, max_pool2d(z, **options) - y)
        assert change >= np.vdot(pulled(max_pool2d, x, y_bar, **options), z - x) - 1e-12


@every_window
def test_the_sum_of_the_gradient_is_kept(options, x, rng):
    """Every window passes its ȳ on once:  Σ x̄ = Σ ȳ."""
    y_bar = rng.normal(size=max_pool2d(x, **options).shape)
    x_bar = pulled(max_pool2d, x, y_bar, **options)
    assert_allclose(x_bar.sum(), y_bar.sum(), rtol=0, atol=1e-12)  # of some hundred terms


def test_a_gradient_to_every_maximum_is_too_large(lab, rng):
    """On images of zeros and ones, where most windows have several largest entries."""
    x, y_bar = rng.integers(2, size=(2, 3, 4, 6)).astype(float), rng.uniform(1, 2, (2, 3, 2, 3))
    wrong = lab.grad_to_every_maximum(x, y_bar)
    assert wrong.sum() > 1.5 * y_bar.sum()
    assert_allclose(pulled(max_pool2d, x, y_bar, kernel_size=2).sum(), y_bar.sum(), rtol=1e-12)


def test_ties_are_common_after_a_relu(lab):
    """On the digits, more than a tenth of the windows after it, less than a hundredth before."""
    assert lab.share_of_ties(with_relu=True) > 0.1 > 10 * lab.share_of_ties(with_relu=False)


def test_the_order_inside_a_window_does_not_matter(rng):
    """The entries of every window in a random order: the same result."""
    x = rng.normal(size=(2, 3, 4, 6))
    windows = x.reshape(2, 3, 2, 2, 3, 2).transpose(0, 1, 2, 4, 3, 5).reshape(2, 3, 2, 3, 4)
    mixed = rng.permuted(windows, axis=-1).reshape(2, 3, 2, 3, 2, 2)
    moved = mixed.transpose(0, 1, 2, 4, 3, 5).reshape(x.shape)
    assert_array_equal(max_pool2d(moved, kernel_size=2), max_pool2d(x, kernel_size=2))


@pytest.mark.parametrize("op", [max_pool2d, avg_pool2d])
def test_shifting_an_image_by_a_stride_shifts_the_result_by_one(op, rng):
    """pool(x shifted by s) = pool(x) shifted by 1, away from the edge."""
    x = rng.normal(size=(2, 3, 9, 8))
    y, moved = (op(each, kernel_size=3, stride=2) for each in (x, x[:, :, 2:, 2:]))
    assert_allclose(moved, y[:, :, 1:, 1:], **ONE_ROUNDING)


@pytest.mark.parametrize(("stride", "padding"), [(2, 1), (3, 1), (1, 2)])
def test_average_pooling_is_what_the_page_says(stride, padding, x, formulas, oracle):
    """y = 1/UV Σ x, with zeros around the image."""
    y = avg_pool2d(x, kernel_size=3, stride=stride, padding=padding)
    given = letters(x, y, 3, stride, padding=padding)
    assert_allclose(oracle.program(formulas.avg_pool)(x=x, **given), y, **ONE_ROUNDING)


@pytest.mark.parametrize(("stride", "padding"), [(2, 1), (3, 1), (1, 2)])
def test_average_gradients_are_what_the_page_says(stride, padding, x, rng, formulas, oracle):
    """x̄ = 1/UV Σ [this entry is in the window] ȳ."""
    x, options = x[:1, :2], {"kernel_size": 3, "stride": stride, "padding": padding}
    y_bar = rng.normal(size=avg_pool2d(x, **options).shape)
    page = oracle.program(formulas.avg_pool_x_bar)
    x_bar = page(y_bar=y_bar, **letters(x, y_bar, 3, stride, padding=padding))
    assert_allclose(pulled(avg_pool2d, x, y_bar, **options), x_bar, **ONE_ROUNDING)


@every_window
def test_an_average_is_a_convolution(options, x):
    """In C groups, every channel with a filter of its own, all of whose taps are 1/UV."""
    window, stride = options["kernel_size"], options.get("stride", 2)
    U, V = np.broadcast_to(window, 2)
    w = np.full((3, 1, U, V), 1 / (U * V))
    y = conv2d(x, w, stride=stride, padding=options.get("padding", 0), groups=3)
    assert_allclose(avg_pool2d(x, **options), y, **ONE_ROUNDING)


def test_global_average_pooling_is_what_the_page_says(x, formulas, oracle):
    """y[n, c] = 1/HW Σ x[n, c, h, l]."""
    page = oracle.program(formulas.global_avg_pool)(x=x)
    assert_allclose(global_avg_pool(x), page, rtol=1e-14)


def test_all_pixels_of_a_channel_receive_the_same(x, rng, formulas, oracle):
    """x̄[n, c, h, l] = ȳ[n, c] / HW."""
    y_bar = rng.normal(size=(2, 3))
    page = oracle.program(formulas.global_avg_pool_x_bar)(y_bar=y_bar, H=8, W=7)
    (x_bar,) = global_avg_pool.vjp(global_avg_pool(x), x, y_bar)
    assert_allclose(x_bar, np.broadcast_to(page, x.shape), rtol=1e-14)


def test_one_window_over_the_image_is_global_average_pooling(x):
    """A window as large as the image has one position."""
    assert_allclose(avg_pool2d(x, kernel_size=(8, 7))[:, :, 0, 0], global_avg_pool(x), rtol=1e-14)


def test_the_published_maps_come_out(lab):
    """A ramp of ninety-six numbers: the relative error of the maps is the published one."""
    assert lab.max_pool_forward(0)[0]["relative error"] == pytest.approx(4.16666652e-08, abs=5e-17)


# Exercises


def cases(rng):
    """Draw the shapes of four batches, each with another size, window and stride."""
    for N, window, stride in rng.permuted([[1, 2, 3, 4]] * 3, axis=1).T.tolist():
        H, W = window + rng.permutation(6)[:2]
        yield (N, int(rng.integers(1, 4)), H, W), window, stride


@pytest.mark.exercise("pool-size", points=1)
def test_your_count_is_that_of_the_windows(answers, rng):
    """Windows begin at 0, s, 2s, … and end inside the row."""
    for _ in range(40):
        window, stride, strides, rest = rng.integers((1, 1, 0, 0), (99, 40, 50, 60)).tolist()
        size = window + strides * stride + max(0, rest - 30)
        starts = range(0, size - window + 1, stride)
        assert answers.output_size(size, window, stride) == len(starts)


def seen(x, window, stride):
    """Show the entries of every window: (N, C, P, Q, U, U)."""
    views = np.lib.stride_tricks.sliding_window_view(x, (window, window), axis=(2, 3))
    return views[:, :, ::stride, ::stride]


def largest(x, window, stride):
    """Find the largest entry of every window, by the definition."""
    return seen(x, window, stride).max(axis=(4, 5))


def average(x, window, stride):
    """Average every window, by the definition."""
    return seen(x.astype(float), window, stride).mean(axis=(4, 5))


@pytest.mark.exercise("pool-max", points=2)
def test_your_windows_keep_their_largest(answers, rng):
    """Where the last rows fill no window, and once more, when others have been pooled."""
    drawn = [(rng.normal(size=shape), *options) for shape, *options in cases(rng)]
    truth = [largest(*case) for case in drawn]
    for case, y in 2 * list(zip(drawn, truth, strict=True)):
        agree(y, {"rtol": 0}, answers.max_pool(*case))


@pytest.mark.exercise("pool-max", points=2)
def test_your_largest_may_be_far_below_zero(answers, rng):
    """Images may be dark all over, and even infinitely so."""
    for dark in (3.0, 1e300, np.inf):
        for shape, *options in cases(rng):
            x = -dark * rng.integers(1, 3, size=shape) - rng.uniform(size=shape)
            agree(largest(x.copy(), *options), {"rtol": 0}, answers.max_pool(x, *options))


@pytest.mark.exercise("pool-max", points=2)
def test_your_windows_may_hold_any_numbers(answers, rng):
    """Whole numbers, single precision, columns in the place of rows, all of them below zero."""
    for kind in (np.int64, np.float32, scattered):
        for shape, *options in cases(rng):
            x = rng.normal(size=shape) * 9 - 99
            x = kind(x) if kind is scattered else x.astype(kind)
            agree(largest(x.copy(), *options), {"rtol": 0}, answers.max_pool(x, *options))


def first_paid(x, y_bar, window, stride):
    """Give ȳ to the first of the largest entries of every window, by the definition."""
    x_bar = np.zeros(x.shape)
    for n, c, p, q in np.ndindex(*y_bar.shape):
        i, j = p * stride, q * stride
        u, v = divmod(int(x[n, c, i : i + window, j : j + window].argmax()), window)
        x_bar[n, c, i + u, j + v] += y_bar[n, c, p, q]
    return x_bar


def all_paid(x, y_bar, window, stride):
    """Give every entry of a window its part of ȳ, by the definition."""
    x_bar = np.zeros(x.shape)
    for p, q in np.ndindex(*y_bar.shape[2:]):
        i, j = p * stride, q * stride
        part = y_bar[:, :, p, q, None, None] / window**2
        x_bar[:, :, i : i + window, j : j + window] += part
    return x_bar


def back(way, x, window, stride, rng):
    """Draw ȳ for a pooling, and return it with x̄."""
    y_bar = rng.normal(size=seen(x, window, stride).shape[:4])
    return y_bar, way(x, y_bar, window, stride)


@pytest.mark.exercise("pool-max-backward", points=3)
def test_your_largest_entries_receive_the_gradient(answers, rng, rounding):
    """An entry that is largest twice receives ȳ twice; and once more, when others have received it.

    Entries may differ by little, and may be large.
    """
    drawn = [
        (place + size * rng.normal(size=shape), *options)
        for place, size in ((-2.0, 1.0), (5.0, 1e-9), (-1e40, 1e40))
        for shape, *options in cases(rng)
    ]
    truth = [back(first_paid, *case, rng) for case in drawn]
    for (x, *options), (y_bar, x_bar) in 2 * list(zip(drawn, truth, strict=True)):
        agree(x_bar, rounding(y_bar), answers.max_pool_backward(x, y_bar, *options))


@pytest.mark.exercise("pool-max-backward", points=3)
def test_the_first_of_several_receives_the_gradient(answers, rng, rounding):
    """Of equal entries, whatever they are: few grey levels, none but one, infinitely dark ones."""
    for levels in ([-1.0, 0.0, 1.0], [-5.0, -4.0], [0.0], [-np.inf], [np.inf, -np.inf]):
        for shape, *options in cases(rng):
            x = rng.choice(levels, size=shape)
            y_bar, x_bar = back(first_paid, x, *options, rng)
            agree(x_bar, rounding(y_bar), answers.max_pool_backward(x, y_bar, *options))


@pytest.mark.exercise("pool-max-backward", points=3)
def test_entries_of_any_kind_receive_the_gradient(answers, rng, rounding):
    """Single precision, columns in the place of rows."""
    for kind in (single, scattered):
        for shape, *options in cases(rng):
            x = kind(rng.integers(9, size=shape) - 4.0)
            y_bar, x_bar = back(first_paid, x, *options, rng)
            tolerance = rounding(kind(y_bar))
            agree(x_bar, tolerance, answers.max_pool_backward(x, kind(y_bar), *options))


@pytest.mark.exercise("pool-average", points=3)
def test_your_averages_go_both_ways(answers, rng, rounding):
    """y is the average of every window; x̄ is its part, added up where windows overlap."""
    for kind in (np.copy, single, scattered):
        for shape, *options in cases(rng):
            x = kind(rng.normal(size=shape))
            y_bar, x_bar = back(all_paid, x, *options, rng)
            y, tolerance = average(x, *options), rounding(x)
            found, pullback = answers.avg_pool(x, *options)
            assert_allclose(found, y, **tolerance)
            assert np.shape(found) == y.shape
            agree(x_bar, rounding(kind(y_bar)), pullback(kind(y_bar)))


@pytest.mark.exercise("pool-average", points=3)
def test_your_ways_back_can_be_gone_again(answers, rng, rounding):
    """For one ȳ after the other, also when other images have been averaged since."""
    drawn = [(rng.normal(size=shape), *options) for shape, *options in cases(rng)]
    truth = [[back(all_paid, *case, rng) for _ in range(2)] for case in drawn]
    pullbacks = [answers.avg_pool(*case)[1] for case in drawn]
    for pullback, pairs in zip(pullbacks, truth, strict=True):
        found = [pullback(y_bar) for y_bar, _ in 2 * pairs]
        for kept, (y_bar, x_bar) in zip(found, 2 * pairs, strict=True):
            agree(x_bar, rounding(y_bar), kept)


@pytest.mark.exercise("pool-filters", points=1)
def test_your_filters_average(answers, rng):
    """A convolution with them, in C groups, pools."""
    for channels, window in rng.permuted([[1, 2, 3, 4, 5]] * 2, axis=1).T.tolist():
        x = rng.normal(size=(2, channels, 3 * window + 1, 2 * window))
        w = np.asarray(answers.averaging_filters(channels, window), dtype=float)
        assert w.shape == (channels, 1, window, window)
        y = np.einsum("ncpquv,cuv->ncpq", seen(x, window, window), w[:, 0])
        assert_allclose(y, average(x, window, window), **ONE_ROUNDING)


@pytest.mark.exercise("pool-ties", points=1)
def test_your_image_receives_the_gradient_as_often_as_asked(answers, rng):
    """The generous backward pass gives ȳ to every largest entry: yours has so many."""
    for window in (1, 2, 3, 4):
        for times in {1, window**2, *rng.integers(1, window**2 + 1, size=3).tolist()}:
            x = np.asarray(answers.overpaid(window, times), dtype=float)
            assert x.shape == (1, 1, window, window)
            y_bar = rng.uniform(1, 2)
            received = np.where(x == x.max(), y_bar, 0.0).sum()
            assert_allclose(received, times * y_bar, rtol=1e-12)


@pytest.mark.exercise("pool-overlap", points=2)
def test_your_count_is_that_of_the_windows_that_see_a_pixel(answers, rng):
    """Window p sees the pixels from p s to p s + U - 1, if all of them are in the row."""
    drawn = rng.integers((1, 1, 0), (9, 9, 20), size=(12, 3)).tolist()
    many = rng.integers((5, 1, 9), (9, 3, 20), size=(4, 3)).tolist()  # that see the same pixel
    special = (1, 1, 0), (4, 1, 0), (3, 3, 6), (2, 5, 9), (300, 1, 270)
    for window, stride, more in [*drawn, *many, *special]:
        counts = np.zeros(window + more)
        for start in range(0, more + 1, stride):
            counts[start : start + window] += 1
        agree(counts, ONE_ROUNDING, answers.seen_by(window + more, window, stride))


@pytest.mark.exercise("pool-wrong-lines", points=0)
def test_the_lines_that_you_name_do_not_follow(answers, planted):
    """The checker of derivations names the same three."""
    names = {"larger_of_two": "pool-line-5", "average_back": "pool-line-2", "twice": "pool-line-5"}
    truth = [planted(f"pool.{name}", slip)[0] for name, slip in names.items()]
    assert list(map(index, answers.wrong_lines())) == truth
