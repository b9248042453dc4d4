"""The ladder of convolution, and pooling: every rung computes what its naive twin says.

The twins are held to the formulas and to exact calculus where the chapters prove them. Here
are all options, memory of every kind, both precisions, and everything that is refused.
"""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.autodiff import jvp, vjp
from dlcore.kernels import conv as kernels
from dlcore.kernels import fast
from dlcore.kernels import pool as pools
from dlcore.kernels.machine.layout import empty_maps, to_batch_last
from dlcore.nn import ConvReLUPool, Flatten, Linear, ReLU, Sequential, named_parameters
from dlcore.ops.activation import relu
from dlcore.ops.conv import (
    CONV_ALGORITHMS,
    conv2d,
    conv2d_bias_relu,
    conv2d_input_grad,
    conv2d_weight_grad,
    normalize_conv_options,
    use_algorithm,
)
from dlcore.ops.fast import in_columns
from dlcore.ops.linear import linear, linear_map
from dlcore.ops.pool import avg_pool2d, global_avg_pool, max_pool2d
from dlcore.shapes import ShapeError

ONE, NONE = (1, 1), ((0, 0), (0, 0))
CASES = {  # x, w, then stride, padding, dilation, groups
    "plain": ((2, 3, 6, 5), (4, 3, 3, 3), ONE, NONE, ONE, 1),
    "padded": ((5, 3, 6, 7), (4, 3, 3, 3), ONE, ((1, 1), (1, 1)), ONE, 1),
    "unevenly padded": ((2, 3, 6, 5), (7, 3, 4, 2), (2, 1), ((2, 0), (0, 1)), ONE, 1),
    "strided": ((2, 3, 9, 8), (4, 3, 3, 2), (2, 3), ((1, 1), (0, 0)), ONE, 1),
    "strides beyond the window": ((2, 3, 9, 8), (4, 3, 2, 1), (3, 4), NONE, ONE, 1),
    "dilated": ((2, 3, 9, 8), (4, 3, 3, 2), (1, 2), ((2, 1), (0, 3)), (2, 3), 1),
    "grouped": ((2, 6, 5, 7), (9, 2, 3, 2), ONE, ((1, 1), (1, 0)), ONE, 3),
    "depthwise": ((3, 5, 6, 7), (5, 1, 3, 3), ONE, ((1, 1), (1, 1)), ONE, 5),
    "one by one": ((3, 5, 4, 6), (7, 5, 1, 1), ONE, NONE, ONE, 1),
    "one pixel": ((3, 2, 1, 1), (4, 2, 3, 3), ONE, ((1, 1), (1, 1)), ONE, 1),
    "one of everything": ((1, 1, 1, 1), (1, 1, 1, 1), ONE, NONE, ONE, 1),
    "padding beyond the window": ((2, 3, 4, 5), (4, 3, 2, 2), ONE, ((3, 4), (2, 5)), ONE, 1),
    "many images": ((70, 3, 5, 4), (13, 3, 3, 3), ONE, ((1, 1), (1, 1)), ONE, 1),
    "large filters": ((4, 3, 12, 11), (6, 3, 7, 7), ONE, ((3, 3), (3, 3)), ONE, 1),
}
WINDOWS = {  # x, then kernel size, stride, padding
    "tiles": ((5, 3, 6, 8), (2, 2), (2, 2), NONE),
    "overlapping": ((2, 3, 7, 6), (3, 2), (2, 1), NONE),
    "with gaps": ((2, 3, 9, 8), (2, 2), (3, 4), NONE),
    "padded": ((2, 3, 7, 6), (3, 3), (2, 2), ((1, 2), (2, 1))),
    "tiles that begin in the padding": ((2, 3, 6, 4), (2, 2), (2, 2), ((1, 1), (1, 1))),
    "a rest at the edge": ((2, 3, 7, 5), (2, 3), (2, 3), NONE),
    "one pixel": ((3, 2, 1, 1), (1, 1), (1, 1), NONE),
    "long rows": ((40, 30, 5, 4), (3, 2), (1, 2), ((0, 1), (1, 0))),
}

every_rung = pytest.mark.parametrize("name", CONV_ALGORITHMS)
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
every_window = pytest.mark.parametrize("case", WINDOWS.values(), ids=WINDOWS)


@pytest.fixture
def drawn(case, rng):
    """Images, filters, a cotangent of their maps, and the four options."""
    x, w, *options = case
    places = kernels.positions(x[2:], w[2:], *options[:3])
    return *map(rng.normal, [0] * 3, [1] * 3, [x, w, (x[0], w[0], *places)]), options


@every_case
@every_rung
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_every_rung_computes_the_definition(name, dtype, drawn, rounding):
    """y, x̄ and w̄ for every stride, padding, dilation and group count, in both precisions."""
    *exact, options = drawn
    x, w, y_bar = (array.astype(dtype) for array in exact)
    rung, size, window = CONV_ALGORITHMS[name], x.shape[2:], w.shape[2:]
    y = rung.forward(x, w, *options)
    assert y.dtype == dtype
    assert_allclose(y, kernels.conv2d_naive(x, w, *options), **rounding(x, w))
    x_bar, w_bar = (
        rung.input_grad(y_bar, w, size, *options),
        rung.weight_grad(x, y_bar, window, *options),
    )
    assert_allclose(
        x_bar, kernels.conv2d_input_grad_naive(y_bar, w, size, *options), **rounding(y_bar, w)
    )
    assert_allclose(
        w_bar, kernels.conv2d_weight_grad_naive(x, y_bar, window, *options), **rounding(x, y_bar)
    )


def strided(x):
    """Take every third number of a wider array."""
    wide = np.zeros((*x.shape[:3], 3 * x.shape[3]), x.dtype)
    wide[..., ::3] = x
    return wide[..., ::3]


def innermost_batch(x):
    """Lay images out as the kernels do."""
    y = empty_maps(*x.shape, x.dtype)
    y[...] = x
    return y


VIEWS = {
    "strided": strided,
    "reversed": lambda x: x[:, ::-1, :, ::-1],
    "fortran": np.asfortranarray,
    "broadcast": lambda x: np.broadcast_to(x[:1, :, :, :1], x.shape),
    "misaligned, read-only": lambda x: np.frombuffer(b"." + x.tobytes(), x.dtype, offset=1).reshape(
        x.shape
    ),
    "read-only": lambda x: np.frombuffer(x.tobytes(), x.dtype).reshape(x.shape),
    "batch innermost": innermost_batch,
    "every second image": lambda x: innermost_batch(np.repeat(x, 2, axis=0))[::2],
    "other byte order": lambda x: x.astype(x.dtype.newbyteorder()),
}
every_view = pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)


@every_view
@every_rung
def test_any_memory_will_do(name, view, rng):
    """Strides, alignment, permissions and byte order are an array's own affair."""
    shapes = (3, 4, 7, 6), (5, 4, 3, 3), (3, 5, 7, 6)
    odd = [view(rng.normal(size=shape)) for shape in shapes]
    x, w, y_bar = (each.astype(float, order="C") for each in odd)
    with use_algorithm(name):
        y, bars = conv2d(*odd[:2], padding=1), conv2d.vjp(None, *odd, padding=1)
        assert_allclose(y, conv2d(x, w, padding=1), rtol=0, atol=1e-12)
        for one, other in zip(bars, conv2d.vjp(None, x, w, y_bar, padding=1), strict=True):
            assert_allclose(one, other, rtol=0, atol=1e-12)


@every_view
@pytest.mark.parametrize("op", [max_pool2d, avg_pool2d])
def test_any_memory_can_be_pooled(op, view, rng):
    """The same numbers in unusual memory have the same maps and the same gradients."""
    odd = [view(rng.normal(size=shape)) for shape in ((3, 4, 7, 6), (3, 4, 3, 3))]
    x, y_bar = (each.astype(float, order="C") for each in odd)
    y = op(x, kernel_size=2)
    assert_array_equal(op(odd[0], kernel_size=2), y)
    assert_array_equal(op.vjp(y, *odd, kernel_size=2)[0], op.vjp(y, x, y_bar, kernel_size=2)[0])


@pytest.mark.parametrize(("x", "w"), [
    ((0, 3, 5, 5), (4, 3, 3, 3)), ((2, 0, 5, 5), (4, 0, 3, 3)), ((2, 3, 5, 5), (0, 3, 3, 3)),
], ids=["no images", "no channels", "no filters"])  # fmt: skip
@every_rung
def test_nothing_in_makes_zeros_out(name, x, w):
    """An empty sum is zero, and an empty batch an empty batch, forwards and backwards."""
    x, w = np.ones(x), np.ones(w)
    with use_algorithm(name):
        y = conv2d(x, w)
        x_bar, w_bar = conv2d.vjp(y, x, w, np.ones_like(y))
    assert y.shape == (len(x), len(w), 3, 3)
    assert (x_bar.shape, w_bar.shape) == (x.shape, w.shape)
    assert not y.any()
    assert not w_bar.any()


@pytest.mark.parametrize("room", [1, 1 << 14, 1 << 15])
def test_filters_may_be_transformed_in_parts(room, monkeypatch, rng):
    """However few bytes there are for them, y, x̄ and w̄ are those of the definition."""
    monkeypatch.setattr(fast, "filter_budget", lambda *arrays: room)
    x, w, y_bar = (rng.normal(size=s) for s in ((5, 13, 9, 7), (17, 13, 3, 3), (5, 17, 7, 5)))
    ways = [
        (
            rung.forward(x, w),
            rung.input_grad(y_bar, w, x.shape[2:]),
            rung.weight_grad(x, y_bar, w.shape[2:]),
        )
        for rung in (CONV_ALGORITHMS["winograd"], CONV_ALGORITHMS["im2col"])
    ]
    for ours, truth in zip(*ways, strict=True):
        assert_allclose(ours, truth, atol=1e-11)  # sums of a few hundred, squares of four


@pytest.mark.parametrize("name", [name for name in CONV_ALGORITHMS if name != "winograd"])
def test_a_nan_goes_where_the_definition_sends_it(name, rng):
    """It spoils the nine places of every map that see the pixel, and no other."""
    x, w = rng.normal(size=(20, 3, 8, 9)), rng.normal(size=(4, 3, 3, 3))
    x[7, 2, 4, 5] = np.nan
    with use_algorithm(name):
        spoilt = np.isnan(conv2d(x, w, padding=1))
    assert spoilt[7, :, 3:6, 4:7].all()
    assert spoilt.sum() == 4 * 9


def test_a_nan_spoils_the_squares_that_see_it(rng):
    """Winograd's squares are spoilt whole: more than nine places, but of that image alone."""
    x, w = rng.normal(size=(20, 3, 8, 9)), rng.normal(size=(4, 3, 3, 3))
    x[7, 2, 4, 5] = np.nan
    with use_algorithm("winograd"):
        spoilt = np.isnan(conv2d(x, w, padding=1))
    assert spoilt[7, :, 3:6, 4:7].all()
    assert not np.delete(spoilt, 7, axis=0).any()


def test_one_rung_can_be_asked_for():
    """Inside the block and not after it; an unknown name is refused with the known ones."""
    x, w = np.ones((1, 1, 3, 3), np.float16), np.ones((1, 1, 3, 3), np.float16)
    with use_algorithm("loops"):
        assert conv2d(x, w).dtype == np.float16  # there is no kernel for it, and an answer
    with pytest.raises(
        ValueError, match="use_algorithm: name is 'cudnn', use one of naive, im2col"
    ):
        use_algorithm("cudnn").__enter__()


SAME = np.ones((2, 4, 6, 5)), np.ones((6, 4, 3, 3))


@pytest.mark.parametrize(("w", "options", "message"), [
    (np.ones((6, 4, 3, 3)), {"groups": 2}, "C is 4 in x but 4 · 2 groups in w"),
    (np.ones((6, 4, 3, 3)), {"groups": 0}, "C is 4 in x but 4 · 0 groups in w"),
    (np.ones((6, 8, 3, 3)), {"groups": 0.5}, "conv2d: groups is 0.5, pass a whole number"),
    (SAME[1], {"dilation": (1, 3)}, "the window spans 7 columns but the padded image has 5"),
    (np.ones((6, 4, 0, 3)), {}, "conv2d: U is 0, a window has at least one tap"),
    (SAME[1], {"stride": (1, 2, 3)}, r"conv2d: stride is \(1, 2, 3\)"),
    (SAME[1], {"stride": 1.5}, "conv2d: stride is 1.5"),
    (SAME[1], {"dilation": 0}, "conv2d: dilation is 0"),
    (SAME[1], {"padding": -1}, "conv2d: padding is -1, pass a whole number, at least 0"),
    (np.ones((6, 4, 3, 3), int), {}, "conv2d: w must hold floats, got int64"),
    (np.ones((6, 4, 3, 3), object), {}, "conv2d: w must hold floats, got object"),
    (np.ones((6, 4, 3)), {}, r"w must have axes \(F, C/groups, U, V\), got shape \(6, 4, 3\)"),
    (np.ones((6, 3, 3, 2)), {}, r"conv2d: C is 4 in x but 3 in w \(axes \(F, C/groups, U, V\)"),
    (np.ones((6, 4, 9, 2)), {}, "the window spans 9 rows but the padded image has 6"),
    (SAME[1], {"stride": 0}, "conv2d: stride is 0, pass a whole number, at least 1"),
    (np.ones((5, 2, 3, 2)), {"groups": 2}, "F is 5 in w but groups is 2, which must divide it"),
    (SAME[1], {"padding": "full"}, 'padding is \'full\', use "same", a number or a pair'),
])  # fmt: skip
def test_what_does_not_fit_is_refused(w, options, message):
    """The message names the function, the letter or the option, and both values."""
    with pytest.raises((ValueError, TypeError), match=message):
        conv2d(SAME[0], w, **options)


@pytest.mark.parametrize(("run", "message"), [
    (lambda: conv2d_input_grad(np.ones((2, 6, 9, 9)), SAME[1], size=(6, 5)),
     r"y_bar has maps of \(9, 9\) but the options make \(4, 3\)"),
    (lambda: conv2d_weight_grad(SAME[0], np.ones((2, 6, 9, 9)), kernel_size=3),
     r"y_bar has maps of \(9, 9\) but the options make \(4, 3\)"),
    (lambda: conv2d.vjp(None, *SAME, np.ones((3, 6, 4, 3))), "N is 2 in x but 3 in y_bar"),
    (lambda: max_pool2d(SAME[0], kernel_size=7),
     "the window spans 7 rows but the padded image has 6"),
    (lambda: max_pool2d(SAME[0], kernel_size=2, padding=2), "a window of 2 would see nothing"),
    (lambda: max_pool2d(SAME[0], kernel_size=2, padding=((2, 0), (0, 0))),
     r"padding \(2, 0\), a window of 2 would see nothing"),
    (lambda: max_pool2d(np.ones((2, 3, 0, 4)), kernel_size=1), "max_pool2d: H is 0"),
    (lambda: max_pool2d.vjp(None, SAME[0], np.ones((2, 4, 9, 9)), kernel_size=2),
     r"y_bar has maps of \(9, 9\) but the options make \(3, 2\)"),
    (lambda: global_avg_pool(np.ones((2, 3, 0, 4))), "pass at least one pixel"),
])  # fmt: skip
def test_what_would_leave_memory_is_refused(run, message):
    """Kernels trust their arguments; the door in front of them does not."""
    with pytest.raises(ShapeError, match=message):
        run()


@pytest.mark.parametrize("groups", [0, -2, 1.0, "2", None])
def test_groups_are_counted(groups):
    """Their number is whole and at least 1, whatever the sizes are."""
    message = re.escape(f"conv2d: groups is {groups!r}, pass a whole number, at least 1")
    with pytest.raises(ValueError, match=message):
        normalize_conv_options("conv2d", (1, 4, 8, 8), (4, 2, 3, 3), 1, 1, 1, groups)


@pytest.mark.parametrize("op", [max_pool2d, avg_pool2d])
@pytest.mark.parametrize(("dtype", "options", "message"), [
    (float, {"kernel_size": 2, "stride": 0},
     "stride is 0, pass a whole number, at least 1, or a pair"),
    (float, {"kernel_size": 0}, "kernel_size is 0, pass a whole number, at least 1, or a pair"),
    (float, {"kernel_size": 2, "padding": -1}, "padding is -1, pass a whole number, at least 0"),
    (int, {"kernel_size": 2}, "x must hold floats, got int64"),
    (object, {"kernel_size": 2}, "x must hold floats, got object"),
])  # fmt: skip
def test_pooling_refuses_what_is_no_window(op, dtype, options, message):
    """Nor does it pool what is no image of floats."""
    with pytest.raises((ValueError, TypeError), match=f"{op.__name__}: {message}"):
        op(SAME[0].astype(dtype), **options)


@pytest.mark.parametrize("op", [max_pool2d, avg_pool2d])
def test_an_empty_batch_is_pooled_to_an_empty_batch(op):
    """N = 0 stays, there and back."""
    x = np.ones((0, 3, 7, 6))
    y = op(x, kernel_size=(2, 3))
    assert y.shape == (0, 3, 3, 2)
    assert op.vjp(y, x, np.ones_like(y), kernel_size=(2, 3))[0].shape == x.shape


@every_window
def test_pooling_computes_the_definition(case, rng):
    """The largest and the average of every window, whole rows of memory at a time."""
    shape, *options = case
    x = rng.normal(size=shape)
    assert_array_equal(pools.max_pool(x, *options), pools.max_pool_naive(x, *options))
    assert_allclose(pools.avg_pool(x, *options), pools.avg_pool_naive(x, *options), atol=1e-15)


@every_window
@pytest.mark.parametrize("values", [2, 1000])
def test_of_several_largest_entries_the_first_receives_the_gradient(case, values, rng):
    """With two values ties are everywhere; in every implementation x̄ is the same."""
    shape, *options = case
    x = rng.integers(values, size=shape).astype(float)
    y = pools.max_pool(x, *options)
    y_bar = rng.normal(size=y.shape)
    x_bar = pools.max_pool_grad_naive(y, x, y_bar, *options)
    assert_allclose(pools.max_pool_grad(y, x, y_bar, *options), x_bar, rtol=0, atol=1e-14)
    names = dict(zip(("kernel_size", "stride", "padding"), options, strict=True))
    assert_allclose(max_pool2d.vjp(y, x, y_bar, **names)[0], x_bar, rtol=0, atol=1e-14)
    x_dot = rng.normal(size=shape)
    y_dot = max_pool2d.jvp(y, x, x_dot, **names)
    assert_allclose(np.vdot(y_dot, y_bar), np.vdot(x_dot, x_bar), rtol=1e-10, atol=1e-12)


@every_window
def test_an_average_gives_every_entry_its_part(case, rng):
    """x̄ += ȳ / UV, for windows that overlap, leave gaps, or reach into the padding."""
    shape, *options = case
    y_bar = rng.normal(size=pools.avg_pool(np.ones(shape), *options).shape)
    size = shape[2:]
    naive = pools.avg_pool_grad_naive(y_bar, size, *options)
    assert_allclose(pools.avg_pool_grad(y_bar, size, *options), naive, rtol=0, atol=1e-14)


def test_the_first_nan_is_the_largest():
    """A window that sees a NaN returns it, and sends its cotangent to the first of them."""
    x = np.array([[[[np.nan, 2, 1, 3, 1, 4], [5, np.nan, 3, 3, np.nan, 5]]]])
    y = max_pool2d(x, kernel_size=2)
    assert_array_equal(y, [[[[np.nan, 3, np.nan]]]])
    bars = [[[[1.0, 0, 0, 1, 0, 0], [0, 0, 0, 0, 1, 0]]]]
    assert_array_equal(max_pool2d.vjp(y, x, np.ones_like(y), kernel_size=2)[0], bars)


def test_nothing_is_larger_than_minus_infinity_but_what_is_there(rng):
    """A window of -inf at the edge receives its ȳ inside the image, not in the padding."""
    x = np.full((1, 1, 3, 3), -np.inf)
    y = max_pool2d(x, kernel_size=2, padding=1)
    y_bar = rng.normal(size=y.shape)
    (x_bar,) = max_pool2d.vjp(y, x, y_bar, kernel_size=2, padding=1)
    assert_allclose(x_bar.sum(), y_bar.sum(), rtol=1e-12)
    assert_array_equal(y, np.full((1, 1, 2, 2), -np.inf))


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble])
def test_precisions_without_a_kernel_are_pooled_too(dtype, rng):
    """The naive twins know every precision."""
    x, y_bar = rng.normal(size=(2, 3, 4, 6)).astype(dtype), np.ones((2, 3, 2, 3), dtype)
    for op in (max_pool2d, avg_pool2d):
        y = op(x, kernel_size=2)
        (x_bar,) = op.vjp(y, x, y_bar, kernel_size=2)
        assert {y.dtype, x_bar.dtype} == {np.dtype(dtype)}
        assert_allclose(np.float64(x_bar.sum()), 36, rtol=1e-3)


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_one_pass_does_what_two_do(relu, dtype, rng):
    """Bias and ReLU, in place or not, mask and sum in the backward pass, as their twins do."""
    y, y_bar, b = (
        rng.normal(size=shape).astype(dtype) for shape in ((5, 3, 4, 6), (5, 3, 4, 6), (3,))
    )
    biased = kernels.add_bias_naive(y, b, relu)
    for overwrite in (False, True):
        assert_array_equal(kernels.add_bias(y.copy(), b, relu, overwrite), biased)
    x_bar, b_bar = kernels.add_bias_grad(biased, y_bar, relu)
    x_bars, b_bars = kernels.add_bias_grad_naive(biased, y_bar, relu)
    assert_array_equal(x_bar, x_bars)
    assert_allclose(b_bar, b_bars, rtol=0, atol=200 * np.finfo(dtype).eps)


def test_a_rectifier_lets_a_nan_pass(rng):
    """NaN is no number below zero: it stays in y, and its pixel receives the gradient 0."""
    y, y_bar = rng.normal(size=(2, 5, 3, 4, 6))
    y[1, 2, 3, 4] = np.nan
    biased = kernels.add_bias(y, np.zeros(3), True)
    assert_array_equal(np.argwhere(np.isnan(biased)), [[1, 2, 3, 4]])
    assert kernels.add_bias_grad(biased, y_bar, True)[0][1, 2, 3, 4] == 0


@pytest.mark.parametrize(("N", "F"), [(0, 4), (3, 0), (0, 0)])
def test_nothing_is_rectified_to_nothing(N, F):
    """No images, or no filters: maps, gradients and biases are empty or nought."""
    x, w, b = np.ones((N, 2, 5, 4)), np.ones((F, 2, 3, 3)), np.ones(F)
    y = conv2d_bias_relu(x, w, b)
    bars = conv2d_bias_relu.vjp(y, x, w, b, np.ones_like(y))
    assert y.shape == (N, F, 3, 2)
    assert [bar.shape for bar in bars] == [x.shape, w.shape, b.shape]
    assert not any(bar.any() for bar in bars)


def test_a_rectified_convolution_is_a_convolution_rectified(rng):
    """max(0, x ⋆ w + b), with all four ways back."""
    x, w, b = rng.normal(size=(3, 4, 6, 5)), rng.normal(size=(7, 4, 3, 3)), rng.normal(size=7)
    y = conv2d_bias_relu(x, w, b, padding=1)
    plain = conv2d(x, w, padding=1) + b[:, None, None]
    assert_allclose(y, relu(plain), rtol=0, atol=1e-13)
    y_bar = rng.normal(size=y.shape)
    (bar,) = relu.vjp(relu(plain), plain, y_bar)
    bars = *conv2d.vjp(plain, x, w, bar, padding=1), bar.sum(axis=(0, 2, 3))
    ours = conv2d_bias_relu.vjp(y, x, w, b, y_bar, padding=1)
    for one, other in zip(ours, bars, strict=True):
        assert_allclose(one, other, rtol=0, atol=1e-11)


def test_the_batch_stays_innermost(rng):
    """From layer to layer nothing is put into another order of memory."""
    x = empty_maps(5, 3, 8, 6, np.float32)
    x[...] = rng.normal(size=x.shape)
    y = max_pool2d(kernels.add_bias(x, np.ones(3, np.float32), True), kernel_size=2)
    assert to_batch_last(y).base is not None
    assert y.strides[0] == y.itemsize
    assert Flatten()(y).strides == (y.itemsize, 5 * y.itemsize)


@pytest.mark.parametrize("sizes", [(5, 7, 3), (1, 1, 1), (70, 600, 20), (3, 0, 4), (0, 2, 3)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_columns_are_mixed_like_rows(sizes, dtype, rng, rounding):
    """y, x̄, w̄ and b̄ of the linear map are the same where the batch is innermost in memory."""
    N, D, M = sizes
    shapes = (N, D), (D, M), (M,), (N, M)
    x, w, b, y_bar = (rng.normal(size=shape).astype(dtype) for shape in shapes)
    columns = np.asfortranarray(x), w, b
    assert in_columns(columns[0]) or 1 in sizes or 0 in sizes
    y = linear(*columns)
    assert_allclose(y, linear(x, w, b), **rounding(np.append(x, b), np.append(w, 1)))
    bars = linear.vjp(y, *columns, np.asfortranarray(y_bar))
    for one, other in zip(bars, linear.vjp(y, x, w, b, y_bar), strict=True):
        assert_allclose(one, other, **rounding(np.append(y_bar, 1), np.append(x, w)))


def test_a_row_of_layers_is_a_layer(rng):
    """Forwards one after another, backwards in turn; parameters are named by their place."""
    conv, mix = ConvReLUPool(2, 3, 3, rng=rng), Linear(12, 5, rng=rng)
    row = Sequential(conv, Flatten(), mix, ReLU())
    x, x_dot = rng.normal(size=(4, 2, 6, 7)), rng.normal(size=(4, 2, 6, 7))
    y, pullback = vjp(row, x)
    y_bar, h = rng.normal(size=y.shape), 1e-6
    (x_bar,) = pullback(y_bar)
    slope = (row(x + h * x_dot) - row(x - h * x_dot)) / (2 * h)
    assert_array_equal(y, relu(mix(Flatten()(conv(x)))))
    assert list(named_parameters(row)) == ["layers.0.w", "layers.0.b", "layers.2.w", "layers.2.b"]
    assert_allclose(np.vdot(x_bar, x_dot), np.vdot(slope, y_bar), rtol=1e-6)


@pytest.mark.parametrize("bias", [True, False])
def test_the_product_of_columns_can_be_differentiated_again(bias, rng):
    """x̄ = ȳ wᵀ is linear in ȳ: its tangent along ġ is ġ wᵀ, and no kernel is given a traced ȳ."""
    columns, w = np.asfortranarray(rng.normal(size=(6, 5))), rng.normal(size=(5, 4))
    y_bar, y_bar_dot = rng.normal(size=(2, 6, 4))
    assert in_columns(columns)
    function, given = (linear, [np.zeros(4)]) if bias else (linear_map, [])
    back = lambda y_bar: function.vjp(None, columns, w, *given, y_bar)[:2]
    x_bar_dot, w_bar_dot = jvp(back, [y_bar], [y_bar_dot])[1]
    assert_allclose(x_bar_dot, y_bar_dot @ w.T, rtol=1e-12)
    assert_allclose(w_bar_dot, columns.T @ y_bar_dot, rtol=1e-12)
