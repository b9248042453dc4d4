"""The fast kernels: what they compute, what they touch, and on which processors.

Chapter: book/fast.md.
"""

import ast
import gc
import os
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore.course.exercises import topics
from dlcore.experiments.experiment import record
from dlcore.kernels import conv, fast
from dlcore.kernels.machine import layout, tile, winograd_matrices
from dlcore.kernels.machine.jit import discard_stale, kernel
from dlcore.kernels.machine.registers import WIDTH
from dlcore.ops import precision
from dlcore.verification import fuzz_kernels

ALGORITHMS = {
    "tile": (fast.conv2d_tile, fast.conv2d_input_grad_tile, fast.conv2d_weight_grad_tile),
    "winograd": (
        fast.conv2d_winograd,
        fast.conv2d_input_grad_winograd,
        fast.conv2d_weight_grad_winograd,
    ),
    "depthwise": (
        fast.conv2d_depthwise,
        fast.conv2d_input_grad_depthwise,
        fast.conv2d_weight_grad_depthwise,
    ),
}
PROCESSORS = {
    "avx2": {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+sse4.2,+avx,+avx2,+fma"},
    "sse2": {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": "+sse,+sse2"},
}
PROMISED = {"cold": 20, "warm": 0.5}  # seconds before a ConvNet's first step

every_rung = pytest.mark.parametrize("rung", ALGORITHMS.values(), ids=ALGORITHMS)
in_both_precisions = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def run(*command, **environment):
    """Run Python with other settings; return what it did."""
    env = {**os.environ, "NUMBA_DISABLE_JIT": "0", **environment}
    given = {"cwd": topics.ROOT, "env": env, "capture_output": True, "text": True}
    return subprocess.run([sys.executable, *command], check=False, **given)


@kernel
def one_tile(y, w, x, terms, size, overwrite):
    """Call the tile from compiled code."""
    tile.tile(y, w, x, terms, size[0], size[1], overwrite)


@in_both_precisions
@pytest.mark.parametrize("rows", tile.ROWS)
@pytest.mark.parametrize("registers", tile.WIDTHS)
def test_the_tile_computes_its_definition(rows, registers, dtype, rng):
    """y[r, i] += Σₜ Σₖ w[wsₜ + k, r] · x[xsₜ + k, i],  at every width that it comes in."""
    lanes = WIDTH // np.dtype(dtype).itemsize
    for n in range((registers - 1) * lanes + 1, registers * lanes + 1):
        y, w, x = (rng.normal(size=2000).astype(dtype) for _ in range(3))
        ws, xs, expected = rng.integers(0, 99, 3), rng.integers(0, 99, 3), y.copy()
        w, x = tile.Matrix(w, 2, 3, 7), tile.Matrix(x, 11, 80, 1)
        terms = tile.Terms(ws, xs, 3, 4)
        tile.tile_naive(tile.Matrix(expected, 5, 90, 1), w, x, terms, rows, n, bool(n % 2))
        one_tile(tile.Matrix(y, 5, 90, 1), w, x, terms, (rows, n), bool(n % 2))
        assert_allclose(y, expected, **fuzz_kernels.rounding(dtype, 13, x.array, w.array))


def test_every_buffer_can_be_guarded(modules):
    """What a kernel is given lay there before, or is allocated where bands can be put."""
    elsewhere = {f"np.{name}" for name in ("empty", "zeros", "ones", "ascontiguousarray", "array")}
    for name in ("machine.layout", "machine.gemm", "conv", "dropout", "fast", "norm", "pool"):
        top = [node for node in modules[f"dlcore.kernels.{name}"].body if hasattr(node, "args")]
        numpy = [node for node in top if "naive" in node.name or "im2col" in node.name]
        doors = [node for node in top if not node.decorator_list and node not in numpy]
        calls = {ast.unparse(n.func) for d in doors for n in ast.walk(d) if isinstance(n, ast.Call)}
        assert doors
        assert calls & elsewhere == set()


@every_rung
def test_an_empty_batch_gives_empty_maps(rung):
    """No images, no work:  y has N = 0, and w̄ is nought."""
    x, w = np.ones((0, 3, 5, 4)), np.ones((2, 3, 3, 3))
    assert rung[0](x, w).shape == (0, 2, 3, 2)
    assert rung[1](np.ones((0, 2, 3, 2)), w, (5, 4)).shape == (0, 3, 5, 4)
    assert_array_equal(rung[2](x, np.ones((0, 2, 3, 2)), (3, 3)), np.zeros((2, 3, 3, 3)))


@pytest.mark.parametrize(("m", "r"), [(2, 3), (4, 3), (3, 2), (2, 2)])
def test_short_algorithms_are_exact(m, r, rng):
    """Aᵀ [(G w) ⊙ (B x)]  is the correlation, in fractions, without any rounding."""
    A, B, G = winograd_matrices.winograd_matrices(m, r)
    x, w = ([Fraction(int(v)) for v in rng.integers(-9, 9, n)] for n in (m + r - 1, r))
    y = A.T @ ((G @ w) * (B @ x))
    assert y.tolist() == [sum(x[i + k] * w[k] for k in range(r)) for i in range(m)]


@pytest.mark.parametrize("m", [2, 4])
def test_rounding_grows_less_than_the_matrices_allow(m, rng):
    """|y - exact| ≤ growth · ε · Σ|x||w|:  in float32, against float64."""
    x, w = rng.uniform(-1, 1, (50, 32, 8, 8)), rng.uniform(-1, 1, (16, 32, 3, 3))
    y = fast.conv2d_winograd(x.astype(np.float32), w.astype(np.float32), m=m)
    error = np.abs(y - conv.conv2d_im2col(x, w)).max()
    assert error < winograd_matrices.growth(m, 3) * np.finfo(np.float32).eps * 32 * 9


@in_both_precisions
def test_memory_order_is_private(dtype, rng):
    """(N, C, H, W) to (H, W, C, N) and back: shape and entries stay."""
    for size in [(50, 3, 9, 17), (1, 1, 1, 1), (33, 5, 4, 16)]:
        x = rng.normal(size=size).astype(dtype)
        inner = layout.to_batch_last(x)
        assert inner.flags.c_contiguous
        assert_array_equal(layout.from_batch_last(inner), x)
        assert layout.to_batch_last(layout.from_batch_last(inner)).base is not None


@pytest.mark.skipif(not layout.PRIVATE, reason="this system has no anonymous memory")
def test_a_large_array_takes_the_pages_of_a_freed_one(monkeypatch):
    """Not while a view of it is left, and not if more than KEPT bytes would be kept."""
    monkeypatch.setattr(layout, "kept_pages", [])
    shape = (layout.LARGE // 4 + 5, 1)
    x, z = (layout.aligned(shape, np.float32) for _ in range(2))
    place, view = x.ctypes.data, x[7:].T
    assert z.ctypes.data != place
    del x
    gc.collect()
    assert layout.kept_pages == []
    del view
    gc.collect()
    assert layout.aligned(shape, np.float32).ctypes.data == place
    monkeypatch.setattr(layout, "KEPT", 0)
    del z
    gc.collect()
    assert layout.kept_pages == []


@pytest.mark.parametrize(("processor", "width"), [("avx2", 32), ("sse2", 16)])
def test_registers_are_those_of_the_processor(processor, width):
    """Numbers are read so many bytes at a time."""
    print_width = "from dlcore.kernels.machine.registers import WIDTH; print(WIDTH)"
    assert int(run("-c", print_width, **PROCESSORS[processor]).stdout) == width


@pytest.mark.parametrize("cache", PROMISED)
def test_a_network_starts_soon(cache):
    """By the last `dlcore reproduce fast-startup`: with nothing compiled, and with everything."""
    assert record("fast-startup")["values"][cache] <= PROMISED[cache]


# Threads


CHILD = """
import os, threading, numpy as np
from dlcore.kernels.machine import threads
threads.thread_count = lambda: 2
def call():
    seen = np.zeros(50)
    threads.parallel_for(lambda start, stop: seen[start:stop].__iadd__(1), 50)
    return seen.sum() == 50
assert call()
child = os.fork()
if not child:
    os._exit(7 if call() and threading.active_count() == 2 else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
assert call()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no children here")
def test_a_child_has_threads_of_its_own():
    """After a fork the parent's threads are not there: the child hires its own."""
    assert not (told := run("-c", CHILD)).returncode, told.stderr


def test_compiled_kernels_are_discarded_when_a_source_has_changed(tmp_path):
    """Numba looks at the file of a kernel only, and a record may be defined in another one."""
    (tmp_path / "machine/__pycache__").mkdir(parents=True)
    source = tmp_path / "machine/tile.py"
    compiled = tmp_path / "machine/__pycache__/tile.py311.nbi"
    for text, kept in (("rows = 6", False), ("rows = 6", True), ("rows = 4", False)):
        source.write_text(text)
        compiled.write_bytes(b"compiled")
        discard_stale(tmp_path)
        assert compiled.exists() == kept


def test_one_array_of_half_precision_is_enough_for_the_naive_twin():
    """Kernels take float32 and float64; where one array of several is float16, none is called."""
    half, double = np.ones(2, np.float16), np.ones(2)
    assert precision.kernel_applies(double, np.ones(3, np.float32))
    assert not precision.kernel_applies(double, half)
    assert not precision.kernel_applies(half, double)
