"""Fuzz the kernels: random cases, guard bands around every buffer, twins beside them.

Around every buffer lie bands of NaN. A kernel that reads a band returns NaN; a kernel that
writes one is found out when the trial is over, and so is one whose result is not that of its
twin. Hypothesis draws the cases, and shrinks one that fails to a small one. Twenty thousand
trials, with what kernels allocate for themselves watched by Python's debugging allocator, which
``-X dev`` turns on:

    python -X dev -m dlcore.verification.fuzz_kernels 20000

Chapter: book/fast.md.
"""

import importlib.util
import sys
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import product
from unittest.mock import patch

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.kernels import conv, dropout, fast, norm, pool
from dlcore.kernels.machine import layout, winograd_matrices
from dlcore.kernels.machine.gemm import matmul
from dlcore.ops.conv import CONV_ALGORITHMS, ConvAlgorithm

BAND = 512  # numbers before every buffer, and behind it
IMAGES = 70  # in a batch, at most; a few batches are three times as large


@contextmanager
def guard_bands():
    """Put every buffer of the kernels between bands; yield what does it, and look afterwards."""
    memories = []

    def aligned(shape, dtype, allocate=np.empty):
        size = int(np.prod(shape))
        memory = np.full(size + 2 * BAND, np.nan, dtype)
        memories.append(memory)
        if allocate is np.zeros:
            memory[BAND : BAND + size] = 0
        return memory[BAND : BAND + size].reshape(shape)

    kernels = [module for name, module in sys.modules.items() if name.startswith("dlcore.kernels.")]
    with ExitStack() as stack:
        for module in kernels:
            if hasattr(module, "aligned"):
                stack.enter_context(patch.object(module, "aligned", aligned))
        yield aligned
    whole = [
        np.isnan(memory[:BAND]).all() and np.isnan(memory[-BAND:]).all() for memory in memories
    ]
    assert all(whole), "something was written beyond the end of a buffer"


def rounding(dtype, terms, *factors, growth=1):
    """Allow every term of a sum a few roundings of its size."""
    size = np.prod([np.abs(factor).max(initial=1) for factor in factors])
    return {"rtol": 0, "atol": 4 * growth * np.finfo(dtype).eps * size * max(terms, 8)}


class Case:
    """What a kernel is given: small sizes, each of them 1 at times, in guarded memory.

    ``integer(low, high)`` draws a whole number; a smaller one is a simpler case.
    """

    def __init__(self, integer, aligned, dtype, images=IMAGES):
        self.integer, self.aligned, self.dtype, self.images = integer, aligned, dtype, images
        self.depthwise = False  # whether most convolutions have one filter for each channel
        self.rng = np.random.default_rng(integer(0, 2**32 - 1))

    def batch_size(self):
        """Draw the size of a batch."""
        size = self.integer(1, self.images)
        return 3 * size if self.integer(0, 19) == 19 else size

    def normal(self, *shape):
        """Draw numbers; those with four axes lie in either memory layout."""
        if len(shape) == 4 and self.integer(0, 1):
            N, C, H, W = shape
            x = layout.from_batch_last(self.aligned((H, W, C, N), self.dtype))
        else:
            x = self.aligned(shape, self.dtype)
        x[...] = self.rng.normal(size=shape)
        return x

    def pair(self, low, high):
        """Draw two whole numbers."""
        return self.integer(low, high), self.integer(low, high)

    def padding(self, rows, columns):
        """Draw the rows above and below an image and the columns beside it, so many at most."""
        return self.pair(0, rows), self.pair(0, columns)

    def convolution(self):
        """Draw images, filters and options; two fifths of them are such as Winograd's takes."""
        window, stride, dilation, groups = (3, 3), (1, 1), (1, 1), 1
        if self.integer(0, 4) < 3:
            window, stride, dilation = self.pair(1, 4), self.pair(1, 3), self.pair(1, 2)
            groups = self.integer(1, 3)
        spans = [a * (U - 1) + 1 for a, U in zip(dilation, window, strict=True)]
        H, W = (self.integer(span, 10) for span in spans)
        channels, filters = self.integer(1, 5), self.integer(1, 9)
        if self.depthwise and self.integer(0, 3):
            channels, filters, groups = 1, 1, self.integer(1, 9)
        x = self.normal(self.batch_size(), groups * channels, H, W)
        w = self.normal(groups * filters, channels, *window)
        return x, w, (stride, self.padding(3, 3), dilation, groups)

    def pooling(self):
        """Draw images and options; no window lies outside the image."""
        window = self.pair(1, 4)
        padding = self.padding(window[0] - 1, window[1] - 1)
        least = [max(1, U - sum(pad)) for U, pad in zip(window, padding, strict=True)]
        H, W = (self.integer(size, 10) for size in least)
        x = self.normal(self.batch_size(), self.integer(1, 9), H, W)
        stride = window if self.integer(0, 1) else self.pair(1, 3)
        return x, (window, stride, padding)


def compare(case, algorithm, truth, growth=1):
    """Compare the three functions of two algorithms, for an arbitrary upstream gradient."""
    x, w, options = case.convolution()
    size, window = x.shape[2:], w.shape[2:]
    y = truth.forward(x, w, *options)
    y_bar = case.normal(*y.shape)
    x_bar = truth.input_grad(y_bar, w, size, *options)
    w_bar = truth.weight_grad(x, y_bar, window, *options)
    found = (
        algorithm.forward(x, w, *options),
        algorithm.input_grad(y_bar, w, size, *options),
        algorithm.weight_grad(x, y_bar, window, *options),
    )
    sums = (w[0].size, x, w), (w[:, 0].size, y_bar, w), (y_bar[:, 0].size, x, y_bar)
    for ours, theirs, (terms, *factors) in zip(found, (y, x_bar, w_bar), sums, strict=True):
        assert ours.dtype == x.dtype
        assert_allclose(ours, theirs, **rounding(x.dtype, terms, *factors, growth=growth))


def convolve(name, case):
    """Convolve: im2col is compared with the definition, all others with im2col."""
    if name == "im2col":
        case.images = min(case.images, 2)
    case.depthwise = name == "depthwise"
    truth = CONV_ALGORITHMS["naive" if name == "im2col" else "im2col"]
    growth = winograd_matrices.growth(4, 3) if name == "winograd" else 1
    compare(case, CONV_ALGORITHMS[name], truth, growth)


def convolve_by_small_squares(case):
    """Convolve by squares of two, with little memory for transformed filters."""
    functions = (
        fast.conv2d_winograd,
        fast.conv2d_input_grad_winograd,
        fast.conv2d_weight_grad_winograd,
    )
    algorithm = ConvAlgorithm(*(partial(function, m=2) for function in functions))
    budget = 1 << case.integer(8, 18)
    with patch.object(fast, "filter_budget", lambda *arrays: budget):
        compare(case, algorithm, CONV_ALGORITHMS["im2col"], winograd_matrices.growth(4, 3))


def compare_images(case, made, twin, x, *others):
    """Compare three images of a batch with the twin, which is slow; all must be numbers."""
    assert np.isfinite(made).all()
    few = case.rng.integers(len(made), size=3)
    bound = rounding(made.dtype, 16, x)  # no more than sixteen windows meet in a pixel
    assert_allclose(made[few], twin(*(each[few] for each in others)), **bound)


def max_pool(case):
    """Pool the largest, with many ties in every second trial."""
    x, options = case.pooling()
    if case.integer(0, 1):
        x[...] = np.round(x)
    y = pool.max_pool(x, *options)
    compare_images(case, y, lambda x: pool.max_pool_naive(x, *options), x, x)
    y_bar = case.normal(*y.shape)
    x_bar = pool.max_pool_grad(y, x, y_bar, *options)
    twin = lambda *given: pool.max_pool_grad_naive(*given, *options)
    compare_images(case, x_bar, twin, y_bar, y, x, y_bar)


def avg_pool(case):
    """Pool averages."""
    x, options = case.pooling()
    y = pool.avg_pool(x, *options)
    compare_images(case, y, lambda x: pool.avg_pool_naive(x, *options), x, x)
    y_bar, size = case.normal(*y.shape), x.shape[2:]
    x_bar = pool.avg_pool_grad(y_bar, size, *options)
    twin = lambda y_bar: pool.avg_pool_grad_naive(y_bar, size, *options)
    compare_images(case, x_bar, twin, y_bar, y_bar)


def add_bias(case):
    """Add a bias to maps, with a ReLU or without, forwards and backwards."""
    shape = case.batch_size(), case.integer(1, 9), *case.pair(1, 6)
    relu = bool(case.integer(0, 1))
    x, y_bar, b = case.normal(*shape), case.normal(*shape), case.normal(shape[1])
    y = conv.add_bias_naive(x, b, relu)
    assert_array_equal(conv.add_bias(x, b, relu), y)
    assert_array_equal(conv.add_bias(x, b, relu, overwrite=True), y)
    x_bar, b_bar = conv.add_bias_grad(y, y_bar, relu)
    x_bar_naive, b_bar_naive = conv.add_bias_grad_naive(y, y_bar, relu)
    assert_array_equal(x_bar, x_bar_naive)
    assert_allclose(b_bar, b_bar_naive, **rounding(y.dtype, y[:, 0].size, y_bar))


def batch_norm(case):
    """Normalise by the batch or by fixed statistics, with ReLU and shortcut or without."""
    shape = case.batch_size(), case.integer(1, 9), *case.pair(1, 8)
    x, shortcut, y_bar = (case.normal(*shape) for _ in range(3))
    gamma, beta = case.normal(shape[1]), case.normal(shape[1])
    fixed, relu, added = (bool(case.integer(0, 1)) for _ in range(3))
    wide = [each.astype(np.float64) for each in (x, gamma, beta)]
    mean, var = norm.batch_statistics(x)
    means = norm.batch_statistics_naive(wide[0])
    assert_allclose([mean, var], means, **rounding(x.dtype, x[:, 0].size, x, x))
    more = shortcut if added else 0
    truth = norm.normalize_naive(wide[0], *means, *wide[1:], 0.1) + more
    y = norm.normalize(x, mean, var, gamma, beta, 0.1, relu, shortcut if added else None)
    bound = rounding(x.dtype, 16, x, gamma, 4)
    assert_allclose(y, np.maximum(truth, 0) if relu or added else truth, **bound)
    g = y_bar * (y > 0) if relu or added else y_bar
    exact = [each.astype(np.float64) for each in (gamma, beta, g)]
    if fixed:
        found = norm.normalize_grad(x, mean, var, gamma, beta, g, 0.1, relu and not added)
        wanted = norm.normalize_grad_naive(wide[0], *means, *exact, 0.1)
    else:
        given = (mean, var), relu, y if added else None
        found = norm.batch_norm_grad(x, gamma, beta, y_bar, 0.1, *given)
        wanted = norm.batch_norm_grad_naive(wide[0], *exact, 0.1)
        wanted = (*wanted, g) if added else wanted
    for ours, theirs in zip(found, wanted, strict=True):
        assert_allclose(ours, theirs, **rounding(y.dtype, g[:, 0].size, x, gamma, y_bar, 10))


def drop_entries(case):
    """Apply a mask of bits to features or images: one for an entry, a map or an example."""
    shape = case.batch_size(), case.integer(1, 9), *case.pair(1, 6) * case.integer(0, 1)
    shared = case.integer(0, 2)  # the axes that share a bit: none, all but two, all but one
    ends = (len(shape), 2, 1)[shared]
    mask_shape = shape[:ends] + (1,) * (len(shape) - ends)
    x, p = case.normal(*shape), case.rng.uniform(0, 0.9)
    bits = dropout.draw_bits(case.rng, mask_shape, p)
    y = dropout.dropout(x, bits, p)
    assert y.dtype == x.dtype
    assert_allclose(y, dropout.dropout_naive(x, bits, p), **rounding(x.dtype, 1, x / (1 - p)))


def group_norm(case):
    """Normalise groups of channels of every image, forwards and backwards."""
    groups = case.integer(1, 3)
    shape = case.batch_size(), groups * case.integer(1, 4), *case.pair(1, 8)
    x, y_bar, gamma, beta = (case.normal(*size) for size in (shape, shape, shape[1:2], shape[1:2]))
    wide = [each.astype(np.float64) for each in (x, gamma, beta, y_bar)]
    y = norm.group_norm(x, gamma, beta, groups, 0.1)
    bound = rounding(x.dtype, 16, x, gamma, 4)
    assert_allclose(y, norm.group_norm_naive(*wide[:3], groups, 0.1), **bound)
    found = norm.group_norm_grad(x, gamma, beta, y_bar, groups, 0.1)
    wanted = norm.group_norm_grad_naive(*wide, groups, 0.1)
    for ours, theirs in zip(found, wanted, strict=True):
        assert_allclose(ours, theirs, **rounding(y.dtype, y[:, 0].size, x, gamma, y_bar, 10))


def change_layout(case):
    """Bring images from one memory layout to the other, and back."""
    x = case.normal(case.batch_size(), case.integer(1, 20), *case.pair(1, 20))
    inner = layout.to_batch_last(x)
    assert inner.flags.c_contiguous
    assert_array_equal(layout.from_batch_last(inner), x)


def multiply_matrices(case):
    """Multiply matrices of several memory layouts; a few are long."""
    longer = 300 if case.integer(0, 9) == 9 else 1
    M, D, N = case.integer(1, 30), case.integer(1, 30 * longer), case.batch_size()
    w, x = case.normal(M, D), case.normal(D, N)
    w = (w, case.normal(D, M).T, w[::-1])[case.integer(0, 2)]
    x = (x, x[:, ::-1])[case.integer(0, 1)]
    assert_allclose(matmul(w, x), w @ x, **rounding(x.dtype, D, w, x))


TRIALS = {
    **{name: partial(convolve, name) for name in CONV_ALGORITHMS if name != "naive"},
    "squares of two": convolve_by_small_squares,
    "max pooling": max_pool,
    "average pooling": avg_pool,
    "bias": add_bias,
    "batch norm": batch_norm,
    "dropout": drop_entries,
    "group norm": group_norm,
    "memory layout": change_layout,
    "matrix product": multiply_matrices,
}
KINDS = list(product(TRIALS, ("float32", "float64")))


def fuzz(name, dtype, count, seed=0, images=IMAGES):
    """Run so many trials of a kind; raise the smallest case that fails.

    The same seed draws the same cases.
    """
    hypothesis = importlib.import_module("hypothesis")
    integers = hypothesis.strategies.integers

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        report_multiple_bugs=False,
        deadline=None,  # a first trial compiles
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(hypothesis.strategies.data())
    def trial(data):
        integer = lambda low, high: data.draw(integers(low, high))
        with guard_bands() as aligned:
            TRIALS[name](Case(integer, aligned, np.dtype(dtype), images))

    trial()


def main(count=300, seed=0):
    """Run so many trials, divided among all kinds, and say which kinds fail."""
    if importlib.util.find_spec("hypothesis") is None:
        return 'fuzz_kernels: Hypothesis is not installed, run  pip install "dlcore[test]"'
    failed = 0
    for name, dtype in KINDS:
        try:
            fuzz(name, dtype, -(-int(count) // len(KINDS)), int(seed))
        except Exception as error:  # interpreted kernels raise IndexError
            failed += 1
            notes = getattr(error, "__notes__", [])
            print(f"{name}, {dtype}", *str(error).split("\n")[:5], *notes, sep="\n  ")
    print(f"{count} trials of {len(KINDS)} kinds, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
