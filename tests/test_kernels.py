"""The fast kernels: what they compute, what they touch, and on which processors.

Chapter: book/fast.md.
"""

import os
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.course import topics
from dlcore.kernels import conv, fast, layout, points, product, tile, winograd
from dlcore.kernels.jit import kernel

NONE, SAME = ((0, 0), (0, 0)), ((1, 1), (1, 1))
RUNGS = {
    "tile": (fast.conv2d_tile, fast.to_x_tile, fast.to_w_tile),
    "winograd": (winograd.conv2d_winograd, winograd.to_x_winograd, winograd.to_w_winograd),
}
BAND = 512  # numbers around every buffer
PROCESSORS = {
    "interpreted": {"NUMBA_DISABLE_JIT": "1"},
    "avx2": {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+sse4.2,+avx,+avx2,+fma"},
    "sse": {"NUMBA_CPU_NAME": "nehalem", "NUMBA_CPU_FEATURES": "+sse,+sse2,+sse4.2"},
}

every_rung = pytest.mark.parametrize("rung", RUNGS.values(), ids=RUNGS)
in_both_precisions = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def rounding(dtype, x, w, terms, growth=1):
    """Allow every term of a sum a few roundings of its size."""
    size = np.abs(x).max(initial=1) * np.abs(w).max(initial=1)
    return {"rtol": 0, "atol": 4 * growth * np.finfo(dtype).eps * size * max(terms, 8)}


def drawn(rng, dtype, batch=70):
    """Draw images, filters and options:  all sizes small, each of them one at times."""
    few = lambda low, high: int(rng.integers(low, high + 1))
    (U, V), groups = (few(1, 4), few(1, 4)), few(1, 3)
    if rng.random() < 0.4:
        U, V, groups, stride, dilation = 3, 3, 1, (1, 1), (1, 1)
    else:
        stride, dilation = (few(1, 3), few(1, 3)), (few(1, 2), few(1, 2))
    padding = ((few(0, 3), few(0, 3)), (few(0, 3), few(0, 3)))
    H, W = few(dilation[0] * (U - 1) + 1, 9), few(dilation[1] * (V - 1) + 1, 10)
    x = rng.normal(size=(few(1, batch), groups * few(1, 5), H, W)).astype(dtype)
    w = rng.normal(size=(groups * few(1, 9), x.shape[1] // groups, U, V)).astype(dtype)
    return x, w, (stride, padding, dilation, groups)


def agree(rung, x, w, options, rng, growth=1):
    """Compare the three functions of a rung with im2col, for an arbitrary cotangent."""
    forward, to_x, to_w = rung
    y, (size, window), dtype = (
        conv.conv2d_im2col(x, w, *options),
        (x.shape[2:], w.shape[2:]),
        x.dtype,
    )
    y_bar = rng.normal(size=y.shape).astype(dtype)
    x_bar, w_bar = (
        conv.to_x_im2col(y_bar, w, size, *options),
        conv.to_w_im2col(x, y_bar, window, *options),
    )
    assert_allclose(forward(x, w, *options), y, **rounding(dtype, x, w, w[0].size, growth))
    bound = rounding(dtype, y_bar, w, w[:, 0].size, growth)
    assert_allclose(to_x(y_bar, w, size, *options), x_bar, **bound)
    bound = rounding(dtype, x, y_bar, y_bar[:, 0].size, growth)
    assert_allclose(to_w(x, y_bar, window, *options), w_bar, **bound)


@kernel
def one_tile(rows, y, at, y_row, w, w_at, w_step, w_row, ws, x, x_at, x_step, xs, *size):
    """Call the tile from compiled code."""
    terms, K, n, new = size
    tile.tile(rows, y, at, y_row, w, w_at, w_step, w_row, ws, x, x_at, x_step, xs,
              terms, K, n, new)  # fmt: skip


@in_both_precisions
@pytest.mark.parametrize("rows", tile.ROWS)
@pytest.mark.parametrize("registers", tile.WIDTHS)
def test_the_tile_computes_its_definition(rows, registers, dtype, rng):
    """y[r, i] += Σₜ Σₖ w[wsₜ + k, r] · x[xsₜ + k, i],  at every width that it comes in."""
    lanes = tile.WIDTH // np.dtype(dtype).itemsize
    for n in range((registers - 1) * lanes + 1, registers * lanes + 1):
        y, w, x = (rng.normal(size=2000).astype(dtype) for _ in range(3))
        ws, xs, expected = rng.integers(0, 99, 3), rng.integers(0, 99, 3), y.copy()
        given = (5, 90, w, 2, 7, 3, ws, x, 11, 80, xs), (3, 4, n, bool(n % 2))
        tile.tile_naive(rows, expected, *given[0], *given[1])
        one_tile(rows, y, *given[0], *given[1])
        assert_allclose(y, expected, **rounding(dtype, x, w, 13))


@pytest.fixture
def guarded(monkeypatch):
    """Surround every buffer with numbers that are none, and look at them afterwards."""
    memories = []

    def aligned(shape, dtype):
        size = int(np.prod(shape))
        memory = np.full(size + 2 * BAND, np.nan, dtype)
        memories.append(memory)
        return memory[BAND : BAND + size].reshape(shape)

    for module in (layout, fast, winograd, product):
        monkeypatch.setattr(module, "aligned", aligned)
    yield aligned
    assert memories
    assert all(np.isnan(m[:BAND]).all() and np.isnan(m[-BAND:]).all() for m in memories)


@in_both_precisions
@every_rung
def test_nothing_beyond_a_buffer_is_touched(rung, dtype, guarded, rng):
    """Of 100 shapes none reads what lies around its arrays, and none writes there."""
    for _ in range(100):
        x, w, options = drawn(rng, dtype)
        images = layout.outward(guarded(x.transpose(2, 3, 1, 0).shape, dtype))
        images[...] = x
        agree(rung, images, w, options, rng, growth=points.growth(4, 3))


@in_both_precisions
@every_rung
def test_the_rung_computes_the_definition(rung, dtype, rng):
    """y, x̄ and w̄ of im2col, for any stride, padding, dilation and groups."""
    growth = 1 if rung is RUNGS["tile"] else points.growth(4, 3)
    for _ in range(12):
        agree(rung, *drawn(rng, dtype, batch=20), rng, growth)


@pytest.mark.parametrize("m", [2, 4])
def test_the_smaller_square_computes_the_definition_too(m, rng):
    """F(2×2, 3×3) and F(4×4, 3×3), and maps that are no whole number of squares."""
    rung = tuple(lambda *given, f=f: f(*given, m=m) for f in RUNGS["winograd"])
    x, w = rng.normal(size=(200, 5, 7, 6)), rng.normal(size=(13, 5, 3, 3))
    agree(rung, x, w, ((1, 1), ((1, 0), (2, 1)), (1, 1), 1), rng, points.growth(m, 3))


@pytest.mark.parametrize("view", [
    np.asfortranarray,
    lambda x: x[:, ::-1, :, ::-1],
    lambda x: np.broadcast_to(x[:1], x.shape),
    lambda x: np.frombuffer(b"." + x.tobytes(), x.dtype, offset=1).reshape(x.shape),
    lambda x: layout.innermost(x).transpose(3, 2, 0, 1)[::2],
], ids=["fortran", "reversed", "broadcast", "misaligned, read-only", "every second"])  # fmt: skip
@every_rung
def test_arrays_may_lie_in_any_order(rung, view, rng):
    """Strides, alignment and permissions are the array's own affair."""
    x, w = view(rng.normal(size=(6, 3, 5, 8))), rng.normal(size=(4, 3, 3, 3))
    y = rung[0](x, view(w), (1, 1), SAME)
    assert_allclose(y, conv.conv2d_im2col(x, view(w), (1, 1), SAME), rtol=0, atol=1e-11)
    y_bar = view(rng.normal(size=(6, 4, 5, 8)))
    y_bar = y_bar if len(y_bar) == len(x) else rng.normal(size=y.shape)
    bars = conv.to_w_im2col(x, y_bar, (3, 3), (1, 1), SAME)
    assert_allclose(rung[2](x, y_bar, (3, 3), (1, 1), SAME), bars, rtol=0, atol=1e-10)


@every_rung
def test_an_empty_batch_gives_empty_maps(rung):
    """No images, no work:  y has N = 0, and w̄ is nought."""
    x, w = np.ones((0, 3, 5, 4)), np.ones((2, 3, 3, 3))
    assert rung[0](x, w).shape == (0, 2, 3, 2)
    assert rung[1](np.ones((0, 2, 3, 2)), w, (5, 4)).shape == (0, 3, 5, 4)
    assert_array_equal(rung[2](x, np.ones((0, 2, 3, 2)), (3, 3)), np.zeros((2, 3, 3, 3)))


def test_a_nan_goes_where_the_definition_sends_it(rng):
    """The tile spoils the nine outputs that see the pixel, and no other."""
    x, w = rng.normal(size=(20, 3, 9, 8)), rng.normal(size=(5, 3, 3, 3))
    x[7, 1, 4, 5] = np.nan
    y = fast.conv2d_tile(x, w, (1, 1), SAME)
    assert_array_equal(np.isnan(y), np.isnan(conv.conv2d_im2col(x, w, (1, 1), SAME)))


def test_a_nan_spoils_the_squares_that_see_it(rng):
    """Winograd's squares are spoilt whole: more than nine outputs, of that image alone."""
    x, w = rng.normal(size=(20, 3, 9, 8)), rng.normal(size=(5, 3, 3, 3))
    x[7, 1, 4, 5] = np.nan
    spoilt = np.isnan(winograd.conv2d_winograd(x, w, (1, 1), SAME))
    assert spoilt[7][np.isnan(conv.conv2d_im2col(x, w, (1, 1), SAME))[7]].all()
    assert not np.delete(spoilt, 7, axis=0).any()


@pytest.mark.parametrize(("m", "r"), [(2, 3), (4, 3), (3, 2), (2, 2)])
def test_short_algorithms_are_exact(m, r, rng):
    """Aᵀ [(G w) ⊙ (B x)]  is the correlation, in fractions, without any rounding."""
    A, B, G = points.matrices(m, r)
    x, w = ([Fraction(int(v)) for v in rng.integers(-9, 9, n)] for n in (m + r - 1, r))
    y = A.T @ ((G @ w) * (B @ x))
    assert y.tolist() == [sum(x[i + k] * w[k] for k in range(r)) for i in range(m)]


@pytest.mark.parametrize("m", [2, 4])
def test_rounding_grows_less_than_the_matrices_allow(m, rng):
    """|y - exact| ≤ growth · ε · Σ|x||w|:  in float32, against float64."""
    x, w = rng.uniform(-1, 1, (50, 32, 8, 8)), rng.uniform(-1, 1, (16, 32, 3, 3))
    y = winograd.conv2d_winograd(x.astype(np.float32), w.astype(np.float32), m=m)
    error = np.abs(y - conv.conv2d_im2col(x, w)).max()
    assert error < points.growth(m, 3) * np.finfo(np.float32).eps * 32 * 9


@in_both_precisions
def test_the_product_computes_the_definition(dtype, rng):
    """w x,  for either order of w and any order of x, on both sides of every cut."""
    for M, D, N in [(1, 1, 1), (7, 5003, 65), (14, 5, 130), (512, 20, 3)]:
        w, x = rng.normal(size=(M, D)).astype(dtype), rng.normal(size=(D, N)).astype(dtype)
        for given in (w, np.asfortranarray(w), w[::-1]):
            bound = rounding(dtype, w, x, D)
            assert_allclose(product.product(given, x[:, ::-1]), given @ x[:, ::-1], **bound)


@in_both_precisions
def test_memory_order_is_private(dtype, rng):
    """(N, C, H, W) to (H, W, C, N) and back: shape and entries stay."""
    for size in [(50, 3, 9, 17), (1, 1, 1, 1), (33, 5, 4, 16)]:
        x = rng.normal(size=size).astype(dtype)
        inner = layout.innermost(x)
        assert inner.flags.c_contiguous
        assert_array_equal(layout.outward(inner), x)
        assert layout.innermost(layout.outward(inner)).base is not None


@pytest.mark.parametrize("processor", PROCESSORS)
def test_other_processors_compute_the_same(processor):
    """Without compiler, with half the register and with a quarter, the lemmas above hold."""
    chosen = "float32 and (the_tile or the_rung or the_product)"
    run = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", chosen]
    env = {**os.environ, **PROCESSORS[processor]}
    done = subprocess.run(
        [*run, __file__], cwd=topics.ROOT, env=env, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout.decode()[-2000:]
