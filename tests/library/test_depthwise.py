"""Depthwise convolution: blocks of pixels in registers, and the sums of the filters' gradients.

Chapter: book/fast.md.
"""

import importlib

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.kernels import conv, fast
from dlcore.kernels.machine import depthwise
from dlcore.kernels.machine.jit import kernel
from dlcore.kernels.machine.registers import WIDTH
from dlcore.kernels.machine.tile import Matrix
from dlcore.ops.conv import choose_algorithm
from dlcore.verification.fuzz_kernels import rounding

CASES = {  # N, C, (H, W), (U, V), stride, padding, dilation
    "3 × 3": (70, 3, (11, 13), (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)),
    "5 × 5": (5, 4, (9, 12), (5, 5), (1, 1), ((2, 2), (2, 2)), (1, 1)),
    "5 × 5, dilated": (21, 2, (12, 19), (5, 5), (1, 1), ((4, 3), (1, 4)), (2, 2)),
    "dilated": (17, 2, (12, 23), (3, 3), (1, 1), ((2, 2), (2, 2)), (2, 2)),
    "strided": (33, 3, (9, 10), (3, 5), (2, 2), ((1, 1), (2, 2)), (1, 1)),
    "strided and dilated": (6, 2, (10, 11), (5, 3), (2, 1), ((4, 4), (2, 2)), (2, 2)),
    "one channel": (9, 1, (8, 7), (2, 4), (1, 2), ((0, 2), (3, 1)), (1, 3)),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
in_both_precisions = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@kernel
def one_block(y, x, w, taps, size):
    """Call a block from compiled code."""
    depthwise.depthwise_block(y, x, w, taps, size[0], size[1])


@kernel
def one_block_of_sums(sums, x, y_bar, taps, size):
    """Call the sums of a block from compiled code."""
    depthwise.tap_sums(sums, x, y_bar, taps, size[0], size[1])


def drawn(rng, dtype, width):
    """Draw numbers for images, and three parts of taps."""
    x = Matrix(rng.normal(size=3000).astype(dtype), 7, 90, 1)
    return x, depthwise.Taps(rng.integers(0, 50, 3), rng.integers(0, 99, 3), 3, width)


@in_both_precisions
@pytest.mark.parametrize("pixels", depthwise.PIXELS)
@pytest.mark.parametrize("width", depthwise.TAPS)
def test_a_block_computes_its_definition(pixels, width, dtype, rng):
    """y[i] = Σₜ Σᵥ w[t, v] x[t, i + v],  for one to three registers of columns, full or not."""
    lanes = WIDTH // np.dtype(dtype).itemsize
    for columns in (1, lanes - 1, lanes, lanes + 1, 2 * lanes + 3):
        x, taps = drawn(rng, dtype, width)
        w, y = rng.normal(size=60).astype(dtype), rng.normal(size=1000).astype(dtype)
        expected = y.copy()
        weights = Matrix(w, 2, 1, 1)
        depthwise.depthwise_block_naive(
            Matrix(expected, 5, 80, 1), x, weights, taps, pixels, columns
        )
        one_block(Matrix(y, 5, 80, 1), x, weights, taps, (pixels, columns))
        assert_allclose(y, expected, **rounding(dtype, 3 * width, x.array, w))


@in_both_precisions
@pytest.mark.parametrize("pixels", depthwise.PIXELS)
@pytest.mark.parametrize("width", depthwise.TAPS)
def test_the_sums_of_a_block_are_their_definition(pixels, width, dtype, rng):
    """sums[t, v] += Σᵢ ȳ[i] x[t, i + v],  lane by lane; nothing else is written."""
    lanes = WIDTH // np.dtype(dtype).itemsize
    for columns in (1, lanes - 1, lanes, 2 * lanes + 3):
        x, taps = drawn(rng, dtype, width)
        y_bar = Matrix(rng.normal(size=1000).astype(dtype), 3, 80, 1)
        sums = rng.normal(size=70 * lanes).astype(dtype)
        expected = sums.copy()
        given = x, y_bar, taps
        depthwise.tap_sums_naive(Matrix(expected, 0, lanes, 1), *given, pixels, columns)
        one_block_of_sums(Matrix(sums, 0, lanes, 1), *given, (pixels, columns))
        terms = 3 * pixels * (columns // lanes + 1)
        assert_allclose(sums, expected, **rounding(dtype, terms, x.array, y_bar.array))


def given(case, dtype, rng):
    """Draw images, filters and an upstream gradient; return them with the options."""
    N, C, size, window, *options = case
    x, w = rng.normal(size=(N, C, *size)), rng.normal(size=(C, 1, *window))
    options = *options, C
    y_bar = rng.normal(size=(N, C, *conv.positions(size, window, *options[:3])))
    return [array.astype(dtype) for array in (x, w, y_bar)], options


def computed(arrays, options):
    """Convolve, and pull an upstream gradient back to images and filters."""
    x, w, y_bar = arrays
    return (
        fast.conv2d_depthwise(x, w, *options),
        fast.conv2d_input_grad_depthwise(y_bar, w, x.shape[2:], *options),
        fast.conv2d_weight_grad_depthwise(x, y_bar, w.shape[2:], *options),
    )


@every_case
@in_both_precisions
def test_the_kernels_compute_the_definition(case, dtype, rng):
    """Maps and both gradients, for an arbitrary upstream gradient."""
    (x, w, y_bar), options = given(case, dtype, rng)
    exact = [array.astype(np.float64) for array in (x, w, y_bar)]
    truth = (
        conv.conv2d_im2col(*exact[:2], *options),
        conv.conv2d_input_grad_im2col(exact[2], exact[1], x.shape[2:], *options),
        conv.conv2d_weight_grad_im2col(exact[0], exact[2], w.shape[2:], *options),
    )
    sums = (w[0].size, x, w), (w[0].size, y_bar, w), (y_bar[:, 0].size, x, y_bar)
    found = computed((x, w, y_bar), options)
    for ours, theirs, (terms, *factors) in zip(found, truth, sums, strict=True):
        assert ours.dtype == dtype
        assert_allclose(ours, theirs, **rounding(dtype, terms, *factors))


@every_case
def test_any_number_of_threads_computes_the_same_bits(case, rng, monkeypatch):
    """1, 2, 3 and 5 threads: rows are summed in parts that do not depend on their number."""
    threads = importlib.import_module("dlcore.kernels.machine.threads")
    arrays, options = given(case, np.float32, rng)
    first = computed(arrays, options)
    for count in (1, 2, 3, 5):
        monkeypatch.setattr(threads, "thread_count", lambda count=count: count)
        for ours, other in zip(computed(arrays, options), first, strict=True):
            assert_array_equal(ours, other)


@pytest.mark.parametrize("dilation", [1, 2])
def test_a_pixel_reaches_only_the_windows_that_cover_it(dilation):
    """One NaN in 11 × 13 pixels makes 9 of the outputs NaN, those whose taps see it."""
    x, w = np.zeros((3, 2, 11, 13)), np.ones((2, 1, 3, 3))
    x[1, 0, 5, 6] = np.nan
    pad = ((dilation, dilation),) * 2
    y = fast.conv2d_depthwise(x, w, (1, 1), pad, (dilation, dilation), 2)
    found = np.argwhere(np.isnan(y))
    steps = (-dilation, 0, dilation)
    assert found.tolist() == [[1, 0, 5 + i, 6 + j] for i in steps for j in steps]


def test_rows_of_the_output_are_added_in_double_precision():
    """Σ of 2²⁴ + 2¹⁶ ones is exact, which no sum in single precision would be."""
    x = np.ones((256, 1, 257, 256), np.float32)
    w_bar = fast.conv2d_weight_grad_depthwise(x, x, (1, 1), groups=1)
    assert w_bar.item() == 2**24 + 2**16


@pytest.mark.parametrize(
    ("x", "w", "groups", "name"),
    [
        ((9, 6, 8, 8), (6, 1, 3, 3), 6, "depthwise"),
        ((9, 6, 8, 8), (12, 1, 3, 3), 6, "tile"),
        ((9, 6, 8, 8), (6, 2, 3, 3), 3, "tile"),
        ((9, 16, 8, 8), (16, 16, 3, 3), 1, "winograd"),
    ],
)
def test_one_filter_for_each_channel_is_computed_channel_by_channel(x, w, groups, name):
    """Only where groups, channels and filters are as many."""
    options = (1, 1), ((1, 1), (1, 1)), (1, 1), groups
    assert choose_algorithm(x, w, (8, 8), options, np.dtype(np.float32)) == name
