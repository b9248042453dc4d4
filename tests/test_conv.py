"""Convolution.  The claims of `book/conv.md`, then its exercises."""

import importlib
from itertools import islice, product
from operator import index

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.kernels.conv import (
    conv2d_input_grad_naive,
    conv2d_naive,
    conv2d_weight_grad_naive,
    positions,
)
from dlcore.nn.conv import Conv2d
from dlcore.nn.linear import Linear
from dlcore.ops.conv import conv2d, conv2d_bias_relu
from dlcore.ops.linear import linear
from tests.comparing import agree, scattered, single

OPTIONS = {
    "plain": {},
    "strided": {"stride": (2, 1), "padding": 1},
    "unevenly padded": {"padding": ((2, 0), (0, 1))},
    "dilated": {"dilation": (1, 2), "padding": "same"},
    "grouped": {"groups": 2, "stride": 2},
}
every_option = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
SUMS = {"rtol": 0, "atol": 1e-12}  # sums of some dozens of products, in another order
ONE = (1, 1)


@pytest.fixture(scope="module")
def lab():
    """The experiments of the chapter."""
    return importlib.import_module("dlcore.experiments.conv")


@pytest.fixture
def x(rng):
    """A batch of images, all sizes different but C, which two groups divide."""
    return rng.normal(size=(3, 4, 8, 7))


def filters(rng, groups=1, **options):
    """Draw filters for them, six maps from windows of three by two."""
    return rng.normal(size=(6, 4 // groups, 3, 2))


def settled(stride, padding):
    """Write one number for both directions and all four sides, as kernels take it."""
    return (stride, stride), ((padding, padding),) * 2


def test_a_small_convolution_can_be_done_by_hand():
    """And so can both of its gradients."""
    x = np.array([[[[1.0, 2, 0], [0, 1, 3], [2, 0, 1]]]])
    w, y_bar = np.array([[[[1.0, 2], [0, -1]]]]), np.array([[[[1.0, 2], [3, 0]]]])
    y = conv2d(x, w)
    assert_array_equal(y[0, 0], [[4, -1], [2, 6]])
    x_bar, w_bar = conv2d.vjp(y, x, w, y_bar)
    assert_array_equal(x_bar[0, 0], [[1, 4, 4], [3, 5, -2], [0, -3, 0]])
    assert_array_equal(w_bar[0, 0], [[5, 5], [8, 7]])


@pytest.mark.parametrize(("name", "given"), [
    ("conv2d", {}),
    ("conv2d_strided", {"stride": 2, "padding": 1}),
    ("conv2d_dilated", {"stride": 2, "padding": 3, "dilation": 2}),
    ("conv2d_grouped", {"groups": 2}),
], ids=["plain", "strided", "dilated", "grouped"])  # fmt: skip
def test_the_program_says_what_the_page_says(name, given, rng, formulas, oracle):
    """y[n, f, p, q], entry by entry: from the formula, from its program, and from the operation."""
    x, w = rng.normal(size=(2, 4, 5, 6)), rng.normal(size=(6, 4 // given.get("groups", 1), 3, 2))
    y = conv2d(x, w, **given)
    P, Q = y.shape[2:]
    page = oracle.program(getattr(formulas, name))(x=x, w=w, P=P, Q=Q, **given)
    stride, padding = settled(given.get("stride", 1), given.get("padding", 0))
    e, groups = given.get("dilation", 1), given.get("groups", 1)
    assert_allclose(conv2d_naive(x, w, stride, padding, (e, e), groups), page, **SUMS)
    assert_allclose(y, page, **SUMS)


def test_mathematicians_flip_the_filter(rng, formulas, oracle):
    """On a row, y is the np.convolve of the row and the flipped filter."""
    x, w = rng.normal(size=9), rng.normal(size=4)
    y = np.convolve(x, w[::-1], mode="valid")
    assert_allclose(oracle.program(formulas.row)(x=x, w=w, P=6), y, **SUMS)
    assert_allclose(conv2d(x[None, None, None], w[None, None, None])[0, 0, 0], y, **SUMS)


@every_option
def test_it_is_linear_in_the_image_and_in_the_filter(options, x, rng):
    """(a x + z) ⋆ w = a (x ⋆ w) + z ⋆ w, and the same in w while x is fixed."""
    a, z, (w, v) = -3.0, rng.normal(size=x.shape), (filters(rng, **options) for _ in "wv")
    y = conv2d(x, w, **options)
    assert_allclose(conv2d(a * x + z, w, **options), a * y + conv2d(z, w, **options), **SUMS)
    assert_allclose(conv2d(x, a * w + v, **options), a * y + conv2d(x, v, **options), **SUMS)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_shifting_the_image_shifts_its_maps(stride, x, rng):
    """An image shifted by a stride in both directions: away from the edge, maps shifted by one."""
    w = filters(rng)
    y, moved = (conv2d(each, w, stride=stride) for each in (x, x[:, :, stride:, stride:]))
    assert_allclose(moved, y[:, :, 1:, 1:], **SUMS)


def test_a_pattern_is_found_wherever_it_lies(lab, rng):
    """The three largest responses are at the positions of the pattern that the filter equals."""
    pattern, places = rng.normal(size=(3, 4)), [(1, 2), (5, 9), (7, 1)]
    y = conv2d(lab.twice(pattern, (11, 14), places), pattern[None, None])[0, 0]
    largest = np.argsort(y, axis=None)[-3:]
    assert {divmod(int(at), y.shape[1]) for at in largest} == set(places)


def test_a_convolution_is_a_linear_layer_with_shared_weights(lab, rng):
    """y = A x; the entry of A in row (p, q) and column (h, l) is w[h - p, l - q]."""
    x, w = rng.normal(size=(5, 4)), rng.normal(size=(3, 2))
    A, (P, Q) = lab.as_matrix(w, x.shape), (3, 3)
    assert_allclose(A @ x.ravel(), conv2d(x[None, None], w[None, None]).ravel(), **SUMS)
    for (p, q, *pixel), entry in np.ndenumerate(A.reshape(P, Q, *x.shape)):
        u, v = np.subtract(pixel, (p, q))
        assert entry == (w[u, v] if 0 <= u < 3 and 0 <= v < 2 else 0)


@pytest.mark.parametrize("sizes", [(3, 8, 7, 6, 3, 2), (2, 5, 6, 4, 1, 3)])
def test_the_weights_are_counted(sizes, rng, formulas, oracle):
    """F (C U V + 1) for a convolution, F P Q (C H W + 1) for a linear layer in its place."""
    C, H, W, F, U, V = sizes
    P, Q = H - U + 1, W - V + 1
    letters = {"C": C, "H": H, "W": W, "F": F, "U": U, "V": V, "P": P, "Q": Q}
    number = lambda layer: sum(array.size for array in layer.params.values())
    conv, plain = Conv2d(C, F, (U, V), rng=rng), Linear(C * H * W, F * P * Q, rng=rng)
    assert number(conv) == oracle.program(formulas.parameters)(**letters)
    assert number(plain) == oracle.program(formulas.linear_parameters)(**letters)


def test_products_are_as_many_as_the_page_counts(lab, formulas, oracle):
    """N F P Q C U V, counted by numbers that count how often they are multiplied."""
    page = oracle.program(formulas.multiplications)
    sizes = {"N": 2, "F": 3, "P": 4, "Q": 5, "C": 2, "U": 3, "V": 1}
    assert lab.products((2, 2, 6, 5), (3, 2, 3, 1)) == page(**sizes)


@pytest.mark.parametrize("size", range(3, 11))
def test_the_positions_of_a_filter_are_counted(size, formulas, oracle):
    """P = ⌊(H + 2 r - e (U - 1) - 1) / s⌋ + 1; without dilation that is ⌊(H + 2 r - U) / s⌋ + 1."""
    plain, wide = map(oracle.program, (formulas.output_size, formulas.output_size_dilated))
    for U, s, r, e in product(range(1, 5), (1, 2, 3), range(3), (1, 2, 3)):
        count = len(range(0, size + 2 * r - e * (U - 1), s))
        letters = {"H": size, "U": U, "stride": s, "padding": r}
        if count:
            assert wide(**letters, dilation=e) == count
            assert e > 1 or plain(**letters) == count
            assert positions((size, size), (U, U), *settled(s, r), (e, e)) == (count, count)


def test_padding_is_zeros_around_the_image(x, rng):
    """A number for all four sides, a pair for height and width, or a pair of pairs."""
    w = filters(rng)
    for padding, sides in {1: "1111", (2, 1): "2211", ((0, 3), (2, 1)): "0321"}.items():
        top, bottom, left, right = map(int, sides)
        wide = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
        assert_allclose(conv2d(x, w, padding=padding), conv2d(wide, w), **SUMS)


@pytest.mark.parametrize(
    ("size", "window", "stride", "dilation"),
    [(7, 3, 1, 1), (7, 4, 1, 1), (8, 3, 2, 1), (9, 5, 3, 2), (5, 1, 4, 3)],
)
def test_same_padding_leaves_one_position_for_every_stride(size, window, stride, dilation):
    """P = ⌈H / s⌉, whatever window and dilation."""
    x, w = np.ones((1, 1, size, size)), np.ones((1, 1, window, window))
    y = conv2d(x, w, stride=stride, dilation=dilation, padding="same")
    assert y.shape[2:] == (-(-size // stride),) * 2


def test_a_stride_skips_positions(x, rng):
    """Every second row and every third column of what stride one would give."""
    w = filters(rng)
    assert_allclose(conv2d(x, w, stride=(2, 3)), conv2d(x, w)[:, :, ::2, ::3], **SUMS)


def test_a_dilated_filter_has_zeros_between_its_taps(x, rng):
    """With e - 1 zeros between any two taps, a plain convolution gives the same."""
    w, wide = filters(rng), np.zeros((6, 4, 5, 4))
    wide[:, :, ::2, ::3] = w
    assert_allclose(conv2d(x, w, dilation=(2, 3)), conv2d(x, wide), **SUMS)


def test_groups_are_independent(x, rng):
    """Each group of channels, with its group of filters, is a convolution of its own."""
    w = filters(rng, groups=2)
    parts = [conv2d(x[:, :2], w[:3]), conv2d(x[:, 2:], w[3:])]
    assert_allclose(conv2d(x, w, groups=2), np.concatenate(parts, axis=1), **SUMS)


def test_one_pixel_filters_are_a_linear_layer_at_every_pixel(x, rng):
    """y[n, :, p, q] = x[n, :, p, q] w, with the same w everywhere."""
    w = rng.normal(size=(6, 4))
    y = linear(np.moveaxis(x, 1, -1).reshape(-1, 4), w.T, np.zeros(6)).reshape(3, 8, 7, 6)
    assert_allclose(conv2d(x, w[:, :, None, None]), np.moveaxis(y, -1, 1), **SUMS)


def test_the_tangent_of_a_row_is_what_the_page_says(rng, formulas, oracle):
    """ẏ = Σ (ẋ w + x ẇ), where images have one row and one channel."""
    x, x_dot, w, w_dot = (rng.normal(size=size) for size in (9, 9, 4, 4))
    y_dot = oracle.program(formulas.row_jvp)(x=x, x_dot=x_dot, w=w, w_dot=w_dot, P=6)
    images = (each[None, None, None] for each in (x, w, x_dot, w_dot))
    assert_allclose(conv2d.jvp(None, *images)[0, 0, 0], y_dot, **SUMS)


@every_option
def test_forward_and_reverse_are_adjoint(options, x, rng):
    """⟨ȳ, ẏ⟩ = ⟨x̄, ẋ⟩ + ⟨w̄, ẇ⟩, for random directions and a random ȳ."""
    w = filters(rng, **options)
    x_dot, w_dot, y = rng.normal(size=x.shape), rng.normal(size=w.shape), conv2d(x, w, **options)
    y_bar = rng.normal(size=y.shape)
    x_bar, w_bar = conv2d.vjp(y, x, w, y_bar, **options)
    y_dot = conv2d.jvp(y, x, w, x_dot, w_dot, **options)
    ends = np.vdot(x_bar, x_dot) + np.vdot(w_bar, w_dot)
    assert_allclose(np.vdot(y_bar, y_dot), ends, rtol=1e-10, atol=1e-10)


def test_the_tangent_is_what_the_page_says(rng, formulas, oracle):
    """ẏ = Σ (ẋ w + x ẇ), entry by entry."""
    x, x_dot = rng.normal(size=(2, 2, 3, 5, 4))
    w, w_dot = rng.normal(size=(2, 4, 3, 3, 2))
    options = {"stride": 2, "padding": 1}
    y = conv2d(x, w, **options)
    given = {"x": x, "w": w, "x_dot": x_dot, "w_dot": w_dot, "P": y.shape[2], "Q": y.shape[3]}
    page = oracle.program(formulas.conv2d_jvp)(**given, **options)
    assert_allclose(conv2d.jvp(y, x, w, x_dot, w_dot, **options), page, **SUMS)


def test_the_gradients_are_what_the_page_says(rng, formulas, oracle):
    """x̄ = Σ ȳ w[h + r - p s, …] and w̄ = Σ ȳ x[p s + u - r, …], at stride two, entry by entry."""
    x, w, options = *map(rng.normal, (0, 0), (1, 1), [(2, 3, 5, 6), (4, 3, 3, 2)]), settled(2, 1)
    y_bar = rng.normal(size=conv2d(x, w, stride=2, padding=1).shape)
    sizes = {"H": 5, "W": 6, "U": 3, "V": 2, "stride": 2, "padding": 1}
    x_bar = oracle.program(formulas.conv2d_x_bar)(y_bar=y_bar, w=w, **sizes)
    w_bar = oracle.program(formulas.conv2d_w_bar)(y_bar=y_bar, x=x, **sizes)
    assert_allclose(conv2d_input_grad_naive(y_bar, w, (5, 6), *options), x_bar, **SUMS)
    assert_allclose(conv2d_weight_grad_naive(x, y_bar, (3, 2), *options), w_bar, **SUMS)


@pytest.mark.parametrize("case", [
    ((2, 2, 4, 3), (3, 2, 3, 2), {"stride": (2, 1), "padding": ((1, 1), (0, 2))}),
    ((1, 4, 4, 5), (6, 2, 2, 2), {"padding": ((1, 0), (0, 0)), "dilation": (2, 1), "groups": 2}),
], ids=["strided", "grouped"])  # fmt: skip
def test_the_gradients_match_symbolic_differentiation(case, rng, oracle):
    """The definition is evaluated on symbols and differentiated, for an arbitrary ȳ."""
    shape, window, options = case
    settings = {"stride": ONE, "dilation": ONE, "groups": 1} | options
    exact = oracle.symbolic_vjp(lambda x, w: conv2d_naive(x, w, **settings), shape, window)
    x, w = rng.normal(size=shape), rng.normal(size=window)
    y = conv2d(x, w, **options)
    y_bar = rng.normal(size=y.shape)
    for ours, bar in zip(conv2d.vjp(y, x, w, y_bar, **options), exact(x, w, y_bar), strict=True):
        assert_allclose(ours, bar, **SUMS)


def test_at_stride_one_the_gradient_convolves_flipped_filters(lab, x, rng, formulas, oracle):
    """x̄ = ȳ ⋆ flipped w, with ȳ padded by U - 1; the sum runs over the maps."""
    w = filters(rng)
    y = conv2d(x, w)
    y_bar = rng.normal(size=y.shape)
    x_bar = conv2d.vjp(y, x, w, y_bar)[0]
    assert_allclose(lab.input_grad_flipped(y_bar, w), x_bar, **SUMS)
    small, tap = y_bar[:1, :2, :3, :4], w[:2, :1]
    page = oracle.program(formulas.conv2d_x_bar_flipped)(y_bar=small, w=tap, H=5, W=5, padding=0)
    assert_allclose(lab.input_grad_flipped(small, tap), page, **SUMS)


def test_forgetting_to_flip_gives_a_wrong_gradient(lab, x, rng):
    """With random filters it misses x̄ by more than half of its length."""
    w = filters(rng)
    y_bar = rng.normal(size=conv2d(x, w).shape)
    x_bar, wrong = lab.input_grad_flipped(y_bar, w), lab.input_grad_unflipped(y_bar, w)
    assert np.linalg.norm(wrong - x_bar) > 0.5 * np.linalg.norm(x_bar)


def test_an_unflipped_sobel_filter_gives_the_wrong_sign(lab, rng):
    """Flipped, a Sobel filter is minus itself, and so is x̄."""
    w, y_bar = lab.SOBEL[None, None], rng.normal(size=(2, 1, 6, 5))
    assert_allclose(lab.input_grad_unflipped(y_bar, w), -lab.input_grad_flipped(y_bar, w), **SUMS)


def test_a_sum_of_outputs_hides_a_missing_flip_away_from_the_edge(lab, x, rng):
    """With ȳ = 1 a pixel away from the edge receives Σ w, which flipping w does not change."""
    w = filters(rng)
    y_bar = np.ones(conv2d(x, w).shape)
    x_bar, wrong = lab.input_grad_flipped(y_bar, w), lab.input_grad_unflipped(y_bar, w)
    assert_allclose(wrong[:, :, 2:-2, 1:-1], x_bar[:, :, 2:-2, 1:-1], **SUMS)
    assert_allclose(x_bar[0, :, 4, 4], w.sum(axis=(0, 2, 3)), **SUMS)


def test_a_layer_adds_a_bias_to_every_map(rng, formulas, oracle):
    """y = x ⋆ w + b; the gradient of a bias is the sum of ȳ over its map, in every image."""
    x, w, b = (rng.normal(size=size) for size in [(2, 3, 5, 4), (4, 3, 3, 2), (4,)])
    options = {"stride": 2, "padding": 1}
    y = conv2d_bias_relu(x, w, b, relu=False, **options)
    P, Q = y.shape[2:]
    page = oracle.program(formulas.convolution)(x=x, w=w, b=b, P=P, Q=Q, **options)
    assert_allclose(y, page, **SUMS)
    y_bar = rng.normal(size=y.shape)
    b_bar = oracle.program(formulas.convolution_b_bar)(y_bar=y_bar)
    bars = conv2d_bias_relu.vjp(y, x, w, b, y_bar, relu=False, **options)
    assert_allclose(bars[2], b_bar, **SUMS)


def test_a_sobel_filter_measures_the_slope_of_a_ramp(lab):
    """Where grey rises by a per pixel to the right, whatever it does downwards: 8 a."""
    rows, columns = np.mgrid[:6, :7]
    for a, b in (2.0, 0.0), (-1.0, 3.0), (0.0, 5.0):
        y = conv2d((a * columns + b * rows)[None, None], lab.SOBEL[None, None])
        assert_allclose(y, 8 * a, **SUMS)


def test_a_sobel_filter_is_two_filters_in_sequence(lab, rng):
    """One averages downwards, one subtracts to the right; in sequence they are the Sobel filter."""
    x = rng.normal(size=(2, 1, 7, 6))
    blurred = conv2d(x, np.array([1.0, 2, 1]).reshape(1, 1, 3, 1))
    y = conv2d(blurred, np.array([-1.0, 0, 1]).reshape(1, 1, 1, 3))
    assert_allclose(conv2d(x, lab.SOBEL[None, None]), y, **SUMS)


def test_the_published_maps_come_out(lab):
    """Evenly spaced numbers, stride 2, padding 1: their relative error is the published one."""
    assert lab.conv_forward(0)[0]["relative error"] == pytest.approx(2.212148e-08, abs=5e-15)


# Exercises


def cases(rng, least=1):
    """Draw four batches and banks of filters, each with another size, stride and padding.

    Images have `least` rows and columns at least, and more where a window would not fit. The
    window of a fifth is as large as its image and the padding around it.
    """
    choices = [[1, 2, 3, 4], [1, 2, 3, 4], [0, 1, 2, 3]]
    for N, stride, padding in rng.permuted(choices, axis=1).T.tolist():
        C, F = rng.permutation([1, 2, 3])[:2]
        U, V = rng.permutation([1, 2, 3, 4])[:2]
        H, W = np.maximum(least, (U - 2 * padding, V - 2 * padding)) + rng.permutation(5)[:2]
        yield rng.normal(size=(N, C, H, W)), rng.normal(size=(F, C, U, V)), stride, padding
    yield rng.normal(size=(1, 2, 3, 1)), rng.normal(size=(3, 2, 7, 5)), stride, 2


def whole(array):
    """Make whole numbers of an array, whose products need many digits."""
    return np.rint(9999 * array).astype(int)


KINDS = whole, single, scattered
MIXED = *zip(KINDS, KINDS, KINDS, strict=True), (whole, np.copy, np.copy), (np.copy, whole, single)


def floating(*arrays):
    """Return arrays whose precision is that in which one can compute with them."""
    return [array.astype(np.result_type(array, np.float32)) for array in arrays]


@pytest.mark.exercise("conv-output-size", points=1)
def test_your_count_is_that_of_the_positions(answers, rng):
    """Windows begin at 0, s, 2 s, … of the padded row, and end inside it."""
    for _ in range(30):
        window, stride, padding, whole_strides, rest = rng.integers(
            (1, 1, 0, 0, 0), (99, 30, 40, 50, 60)
        ).tolist()
        size = max(1, window - 2 * padding) + whole_strides * stride + max(0, rest - 30)
        starts = range(0, size + 2 * padding - window + 1, stride)
        assert answers.output_size(size, window, stride, padding) == len(starts)
        assert answers.output_size(size, window, padding=padding, stride=stride) == len(starts)


@pytest.mark.exercise("conv-output-size", points=1)
def test_your_count_has_single_steps_and_no_padding_if_unsaid(answers, rng):
    """P = H - U + 1; with one of the two given, the other is as unsaid."""
    for _ in range(5):
        window, more, stride, padding = rng.integers((1, 0, 2, 1), (50, 90, 9, 9)).tolist()
        size = window + more
        assert answers.output_size(size, window) == more + 1
        assert answers.output_size(size, window, stride) == len(range(0, more + 1, stride))
        assert answers.output_size(size, window, padding=padding) == more + 2 * padding + 1


@pytest.mark.exercise("conv-naive", points=3)
def test_your_maps_are_those_of_the_definition(answers, rng, rounding):
    """Every image, every filter, every place; and once more, when others have been computed."""
    drawn = list(cases(rng))
    truth = [conv2d_naive(x, w, *settled(*options)) for x, w, *options in drawn]
    for (x, w, *options), y in 2 * list(zip(drawn, truth, strict=True)):
        agree(y, rounding(x, w), answers.conv(x, w, *options))


@pytest.mark.exercise("conv-naive", points=3)
def test_your_maps_have_single_steps_and_no_padding_if_unsaid(answers, rng, rounding):
    """Stride and padding are 1 and 0 unless they are given, each for itself."""
    for x, w, stride, padding in islice(cases(rng, least=4), 2):
        for given in ({}, {"stride": stride}, {"padding": padding}):
            y = conv2d_naive(x, w, *settled(**({"stride": 1, "padding": 0} | given)))
            agree(y, rounding(x, w), answers.conv(x, w, **given))


@pytest.mark.exercise("conv-naive", points=3)
def test_your_maps_can_be_those_of_any_numbers(answers, rng, rounding):
    """Whole numbers, single precision, columns in the place of rows, one kind with another."""
    for (*arrays, stride, padding), kinds in zip(cases(rng), MIXED, strict=True):
        x, w = (kind(array) for kind, array in zip(kinds, arrays, strict=False))
        y = conv2d_naive(x.copy(), w.copy(), *settled(stride, padding))
        agree(y, rounding(*floating(x, w)), answers.conv(x, w, stride, padding))
    hundreds = np.full((1, 1, 2, 2), 300)  # four products of 90,000: too large for two bytes
    assert np.asarray(answers.conv(hundreds, hundreds.copy(), 1, 0)).tolist() == [[[[360_000]]]]


def bars(x, w, stride, padding, rng):
    """Draw ȳ, and return it with x̄ and w̄ by the definition."""
    options = settled(stride, padding)
    size, window = x.shape[2:], w.shape[2:]
    y_bar = rng.normal(size=(len(x), len(w), *positions(size, window, *options, ONE)))
    return y_bar, (
        conv2d_input_grad_naive(y_bar, w, size, *options),
        conv2d_weight_grad_naive(x, y_bar, window, *options),
    )


def both_agree(truth, rounding, function, x, w, y_bar, *options, **given):
    """Compare x̄ and w̄ with the truth, each as exactly as its sums allow."""
    x_, w_, y_bar_ = floating(x, w, y_bar)
    tolerances = rounding(y_bar_, w_), rounding(y_bar_, x_)
    found = function(x, w, y_bar, *options, **given)
    for bar, wanted, tolerance in zip(found, truth, tolerances, strict=True):
        assert_allclose(bar, wanted, **tolerance)
        assert np.shape(bar) == wanted.shape


@pytest.mark.exercise("conv-backward", points=4)
def test_your_ways_back_reach_pixels_and_taps(answers, rng, rounding):
    """x̄ and w̄ for arbitrary ȳ; and once more, when others have been computed."""
    drawn = [(case, *bars(*case, rng)) for case in cases(rng)]
    for (x, w, *options), y_bar, truth in 2 * drawn:
        both_agree(truth, rounding, answers.conv_backward, x, w, y_bar, *options)


@pytest.mark.exercise("conv-backward", points=4)
def test_your_ways_back_have_single_steps_and_no_padding_if_unsaid(answers, rng, rounding):
    """Stride and padding are 1 and 0 unless they are given, each for itself."""
    for x, w, stride, padding in islice(cases(rng, least=4), 2):
        for given in ({}, {"stride": stride}, {"padding": padding}):
            y_bar, truth = bars(x, w, **({"stride": 1, "padding": 0} | given), rng=rng)
            both_agree(truth, rounding, answers.conv_backward, x, w, y_bar, **given)


@pytest.mark.exercise("conv-backward", points=4)
def test_your_ways_back_take_any_numbers(answers, rng, rounding):
    """Whole numbers, single precision, columns in the place of rows, one kind with another."""
    for (*arrays, stride, padding), kinds in zip(cases(rng), MIXED, strict=True):
        options = stride, padding
        arrays.append(bars(*arrays, *options, rng)[0])
        x, w, y_bar = (kind(array) for kind, array in zip(kinds, arrays, strict=True))
        truth = (
            conv2d_input_grad_naive(y_bar.copy(), w.copy(), x.shape[2:], *settled(*options)),
            conv2d_weight_grad_naive(x.copy(), y_bar.copy(), w.shape[2:], *settled(*options)),
        )
        both_agree(truth, rounding, answers.conv_backward, x, w, y_bar, *options)


def dilated(rng, kinds=(np.copy, np.copy)):
    """Yield images, filters and a dilation, with the maps of filters that have zeros inside."""
    for N, e in rng.permuted([[1, 2, 3, 4], [1, 2, 3, 5]], axis=1).T.tolist():
        C, F = rng.permutation([1, 2, 3])[:2]
        U, V = rng.permutation([1, 2, 3, 4])[:2]
        H, W = (U - 1, V - 1) * np.array(e) + 1 + rng.permutation(5)[:2]
        x, w = kinds[0](rng.normal(size=(N, C, H, W))), kinds[1](rng.normal(size=(F, C, U, V)))
        wide = np.zeros((F, C, e * (U - 1) + 1, e * (V - 1) + 1), w.dtype)
        wide[:, :, ::e, ::e] = w
        yield x, w, e, conv2d_naive(x, wide)


@pytest.mark.exercise("conv-dilated", points=2)
def test_your_taps_stand_apart(answers, rng, rounding):
    """Like a filter with zeros between its taps; and once more, when others have been computed."""
    for x, w, dilation, y in 2 * list(dilated(rng)):
        agree(y, rounding(x, w), answers.conv_dilated(x, w, dilation))


@pytest.mark.exercise("conv-dilated", points=2)
def test_your_taps_stand_apart_on_any_numbers(answers, rng, rounding):
    """Whole numbers, single precision, columns in the place of rows, one kind with another."""
    for *kinds, _ in MIXED:
        for x, w, dilation, y in islice(dilated(rng, kinds), 2):
            agree(y, rounding(*floating(x, w)), answers.conv_dilated(x, w, dilation=dilation))


@pytest.mark.exercise("conv-edges", points=2)
def test_your_edges_are_as_steep_as_the_ramp(answers, rng, rounding):
    """Grey rises by a to the right and by b downwards:  √(a² + b²)  everywhere."""
    for a, b in [*rng.normal(size=(4, 2)), (0.0, 0.0), (-2.0, 0.0), (0.0, -3.0)]:
        H, W = rng.permutation(range(3, 9))[:2]
        rows, columns = np.mgrid[:H, :W]
        x = a * columns + b * rows + rng.normal()
        steep = np.full((H - 2, W - 2), np.hypot(a, b))
        agree(steep, rounding(x), answers.edges(x))


def slopes(x):
    """Measure the slopes of an image to the right and downwards by Sobel filters, and join them."""
    sobel = np.outer([1, 2, 1], [-1, 0, 1]) / 8
    right, down = (conv2d_naive(x[None, None], w[None, None])[0, 0] for w in (sobel, sobel.T))
    return np.hypot(right, down)


@pytest.mark.exercise("conv-edges", points=2)
def test_your_edges_are_those_of_sobel(answers, rng, rounding):
    """On any image: the slopes to the right and downwards, each an average over three rows."""
    images = [rng.normal(size=rng.permutation(range(3, 9))[:2]) for _ in range(3)]
    images += [kind(rng.normal(size=rng.permutation(range(3, 9))[:2])) for kind in KINDS]
    truth = [slopes(x.copy()) for x in images]
    for x, y in 2 * list(zip(images, truth, strict=True)):
        agree(y, rounding(*floating(x)), answers.edges(x))


@pytest.mark.exercise("conv-hidden-slip", points=1)
def test_your_filter_hides_the_slip(answers, rng):
    """Without a flip the gradient is right, though entries differ and a mirror changes them."""
    for U, V in rng.permuted([[2, 3, 4, 5, 6], [2, 3, 4, 5, 6]], axis=1).T.tolist():
        w, y_bar = np.array(answers.hidden(U, V), dtype=float), rng.normal(size=(1, 1, 4, 5))
        assert w.shape == (U, V)
        assert np.isfinite(w).all()
        size, bank = (U + 3, V + 4), w[None, None]
        x_bar = conv2d_input_grad_naive(y_bar, bank, size)
        wrong = conv2d_input_grad_naive(y_bar, bank[:, :, ::-1, ::-1], size)
        assert_allclose(wrong, x_bar, rtol=0, atol=1e-12 * np.abs(w).max())
        assert np.abs(w - w[:, ::-1]).max() > 1e-6 * np.abs(w).max()


@pytest.mark.exercise("conv-wrong-lines", points=0)
def test_the_lines_named_are_those_that_do_not_follow(answers, planted):
    """The checker of derivations names the same lines."""
    yours = answers.wrong_lines()
    names = {"conv.row_to_x": "conv-line-1", "conv.row_to_w": "conv-line-1",
             "conv.row_adjoint": "conv-line-8"}  # fmt: skip
    truth = [number for name, slip in names.items() for number in planted(name, slip)]
    assert list(map(index, yours)) == truth
