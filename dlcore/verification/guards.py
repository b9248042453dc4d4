"""Kernels among guard bands: around every buffer lie numbers that are none.

A kernel that reads a band returns NaN; a kernel that writes one is caught, and so is one whose
result is not that of its twin. Shapes and options are drawn. Twenty thousand trials, with what
kernels allocate for themselves watched by Python's own allocator (that is what -X dev asks for):

    python -X dev -m dlcore.verification.guards 20000

Chapter: book/fast.md.
"""

import sys
from contextlib import ExitStack, contextmanager
from itertools import product
from unittest.mock import patch

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.kernels import conv, fast, pool
from dlcore.kernels.machine import layout, winograd_matrices
from dlcore.kernels.machine.gemm import matmul
from dlcore.ops.conv import CONV_ALGORITHMS, ConvAlgorithm

BAND = 512  # numbers before every buffer, and behind it
IMAGES = 70  # in a batch, at most; a few batches are three times as large


@contextmanager
def bands():
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


class Draw:
    """Draw what a kernel is given: small sizes, each of them one at times, in guarded memory."""

    def __init__(self, aligned, rng, dtype, images=IMAGES):
        self.aligned, self.rng, self.dtype, self.images = aligned, rng, dtype, images

    def few(self, low, high):
        """Draw a whole number."""
        return int(self.rng.integers(low, high + 1))

    def batch(self):
        """Draw the size of a batch."""
        return self.few(1, self.images) * (3 if self.rng.random() < 0.05 else 1)

    def normal(self, *shape):
        """Draw numbers; those with four axes lie in either order of memory."""
        if len(shape) == 4 and self.rng.random() < 0.5:
            N, C, H, W = shape
            x = layout.from_batch_last(self.aligned((H, W, C, N), self.dtype))
        else:
            x = self.aligned(shape, self.dtype)
        x[...] = self.rng.normal(size=shape)
        return x

    def padding(self, most, more):
        """Draw the rows above and below an image, and the columns beside it."""
        return tuple((self.few(0, U), self.few(0, V)) for U, V in zip(most, more, strict=True))

    def convolution(self):
        """Draw images, filters and options; many of them such as Winograd takes."""
        few, square = self.few, self.rng.random() < 0.4
        window = (3, 3) if square else (few(1, 4), few(1, 4))
        stride = (1, 1) if square else (few(1, 3), few(1, 3))
        dilation, groups = ((1, 1), 1) if square else ((few(1, 2), few(1, 2)), few(1, 3))
        H, W = (few(a * (U - 1) + 1, 10) for a, U in zip(dilation, window, strict=True))
        x = self.normal(self.batch(), groups * few(1, 5), H, W)
        w = self.normal(groups * few(1, 9), x.shape[1] // groups, *window)
        return x, w, (stride, self.padding((3, 3), (3, 3)), dilation, groups)

    def pooling(self):
        """Draw images and options; no window lies outside the image."""
        window, few = (self.few(1, 4), self.few(1, 4)), self.few
        most = [U - 1 for U in window]
        padding = self.padding(most, most)
        H, W = (few(max(1, U - sum(pad)), 10) for U, pad in zip(window, padding, strict=True))
        x = self.normal(self.batch(), few(1, 9), H, W)
        tiles = self.rng.random() < 0.5
        return x, (window, window if tiles else (few(1, 3), few(1, 3)), padding)


def agree(draw, rung, truth, x, w, options, growth=1):
    """Compare the three functions of two rungs, for an arbitrary cotangent."""
    y, dtype, size, window = truth.forward(x, w, *options), x.dtype, x.shape[2:], w.shape[2:]
    y_bar = draw.normal(*y.shape)
    made = rung.forward(x, w, *options), rung.input_grad(y_bar, w, size, *options)
    made += (rung.weight_grad(x, y_bar, window, *options),)
    true = (
        y,
        truth.input_grad(y_bar, w, size, *options),
        truth.weight_grad(x, y_bar, window, *options),
    )
    sums = (w[0].size, x, w), (w[:, 0].size, y_bar, w), (y_bar[:, 0].size, x, y_bar)
    for ours, theirs, (terms, *factors) in zip(made, true, sums, strict=True):
        assert ours.dtype == dtype
        assert_allclose(ours, theirs, **rounding(dtype, terms, *factors, growth=growth))


def convolve(name):
    """Make the trial of a rung: im2col is held to the definition, the others to im2col."""

    def trial(draw):
        if name == "im2col":
            draw.images = min(draw.images, 2)
        truth = CONV_ALGORITHMS["naive" if name == "im2col" else "im2col"]
        growth = winograd_matrices.growth(4, 3) if name == "winograd" else 1
        agree(draw, CONV_ALGORITHMS[name], truth, *draw.convolution(), growth=growth)

    return trial


def small_squares(draw):
    """Convolve by squares of two, with little room for what is transformed."""
    functions = (
        fast.conv2d_winograd,
        fast.conv2d_input_grad_winograd,
        fast.conv2d_weight_grad_winograd,
    )
    rung = ConvAlgorithm(*(lambda *given, f=f: f(*given, m=2) for f in functions))
    growth = winograd_matrices.growth(4, 3)
    room = 1 << draw.few(8, 18)
    with patch.object(fast, "filter_budget", lambda *arrays: room):
        agree(draw, rung, CONV_ALGORITHMS["im2col"], *draw.convolution(), growth=growth)


def some(draw, made, twin, x, *others):
    """Compare three images of a batch with the twin, which is slow; all must be numbers."""
    assert np.isfinite(made).all()
    few = draw.rng.integers(len(made), size=3)
    bound = rounding(made.dtype, 16, x)  # no more than sixteen windows meet in a pixel
    assert_allclose(made[few], twin(*(each[few] for each in others)), **bound)


def max_pool(draw):
    """Pool the largest, with many ties in every second trial."""
    x, options = draw.pooling()
    if draw.few(0, 1):
        x[...] = np.round(x)
    y = pool.max_pool(x, *options)
    some(draw, y, lambda x: pool.max_pool_naive(x, *options), x, x)
    y_bar = draw.normal(*y.shape)
    x_bar = pool.max_pool_grad(y, x, y_bar, *options)
    back = lambda *given: pool.max_pool_grad_naive(*given, *options)
    some(draw, x_bar, back, y_bar, y, x, y_bar)


def avg_pool(draw):
    """Pool averages."""
    x, options = draw.pooling()
    y = pool.avg_pool(x, *options)
    some(draw, y, lambda x: pool.avg_pool_naive(x, *options), x, x)
    y_bar, size = draw.normal(*y.shape), x.shape[2:]
    x_bar = pool.avg_pool_grad(y_bar, size, *options)
    back = lambda y_bar: pool.avg_pool_grad_naive(y_bar, size, *options)
    some(draw, x_bar, back, y_bar, y_bar)


def add_offset(draw):
    """Add an offset to maps, rectified or not, there and back."""
    shape, rectify = (draw.batch(), draw.few(1, 9), draw.few(1, 6), draw.few(1, 6)), draw.few(0, 1)
    y, y_bar, b = draw.normal(*shape), draw.normal(*shape), draw.normal(shape[1])
    shifted = conv.add_bias_naive(y, b, bool(rectify))
    assert_array_equal(conv.add_bias(y, b, bool(rectify)), shifted)
    assert_array_equal(conv.add_bias(y, b, bool(rectify), overwrite=True), shifted)
    x_bar, b_bar = conv.add_bias_grad(shifted, y_bar, bool(rectify))
    x_bars, b_bars = conv.add_bias_grad_naive(shifted, y_bar, bool(rectify))
    assert_array_equal(x_bar, x_bars)
    assert_allclose(b_bar, b_bars, **rounding(y.dtype, y[:, 0].size, y_bar))


def turn_around(draw):
    """Bring images from one order of memory to the other, and back."""
    x = draw.normal(draw.batch(), *(draw.few(1, 20) for _ in range(3)))
    inner = layout.to_batch_last(x)
    assert inner.flags.c_contiguous
    assert_array_equal(layout.from_batch_last(inner), x)


def multiply_matrices(draw):
    """Multiply matrices of either order; a few are long."""
    long = 300 if draw.few(0, 9) == 0 else 1
    M, D, N = draw.few(1, 30), draw.few(1, 30 * long), draw.batch()
    w, x = draw.normal(M, D), draw.normal(D, N)
    w = (w, draw.normal(D, M).T, w[::-1])[draw.few(0, 2)]
    x = (x, x[:, ::-1])[draw.few(0, 1)]
    assert_allclose(matmul(w, x), w @ x, **rounding(x.dtype, D, w, x))


TRIALS = {
    **{name: convolve(name) for name in CONV_ALGORITHMS if name != "naive"},
    "squares of two": small_squares,
    "max pooling": max_pool,
    "average pooling": avg_pool,
    "offset": add_offset,
    "order of memory": turn_around,
    "product": multiply_matrices,
}
KINDS = list(product(TRIALS, ("float32", "float64")))


def attempt(name, dtype, number, images=IMAGES):
    """Run one trial; the same number draws the same."""
    rng = np.random.default_rng([number, *name.encode()])
    with bands() as aligned:
        TRIALS[name](Draw(aligned, rng, np.dtype(dtype), images))


def main(count=300):
    """Run so many trials, each kind in turn, and say which of them fail."""
    failed = []
    for number in range(int(count)):
        kind = KINDS[number % len(KINDS)]
        try:
            attempt(*kind, number)
        except AssertionError as error:
            failed.append((number, *kind))
            print(*failed[-1], *str(error).split("\n")[:5], sep="\n  ")
    print(f"{count} trials of {len(KINDS)} kinds, {len(failed)} failed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
