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
from dlcore.kernels import conv, dropout, fast
from dlcore.kernels.machine import (
    layout,
    processor,
    registers,
    threads,
    tile,
    winograd,
    winograd_blocking,
    winograd_matrices,
)
from dlcore.kernels.machine.jit import COMPILED, discard_stale, kernel
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
from dlcore.kernels import dropout
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


class Answers:
    """The counters of a pool and what became of every spin: how many rounds, and how it ended."""

    def __init__(self, end):
        self.end, self.rounds = end, []

    def __call__(self, signal, amount, counter, target, spins, settle):
        signal[0] += amount
        if counter[0] >= target:
            return threads.MET
        self.rounds.append(spins)
        return self.end if spins else threads.GIVEN_UP


@pytest.fixture
def lonely_pool(request, monkeypatch):
    """A pool of two workers that never answer; its spins end as the parameter says."""
    monkeypatch.setattr(threads.ThreadPool, "serve", lambda pool, worker: None)
    pool = threads.ThreadPool(2)
    pool.spins = Answers(request.param)
    monkeypatch.setattr(threads, "signal_and_spin", pool.spins)
    return pool


@pytest.mark.parametrize("lonely_pool", [threads.GIVEN_UP, threads.INTERRUPTED], indirect=True)
def test_a_caller_without_an_answer_spins_once_in_many_tasks(lonely_pool):
    """After 1, 2, 4, … CROWDED tasks one spins for workers to begin; the caller does the work."""
    done, spun = [], []
    for task in range(4 * threads.CROWDED):
        lonely_pool.run(lambda worker, task=task: done.append((worker, task)))
        spun += [task] * np.count_nonzero(lonely_pool.spins.rounds)
        assert max(lonely_pool.spins.rounds) in (0, threads.START_SPINS)
        lonely_pool.spins.rounds.clear()
    assert done == [(0, task) for task in range(4 * threads.CROWDED)]
    between = np.diff(spun) - 1
    assert between.tolist() == [1, 2, 4, 8, 16, threads.CROWDED, threads.CROWDED]


def test_a_caller_blocks_while_a_worker_is_interrupted(monkeypatch):
    """A worker has begun and does not finish: after IDLE_SPINS rounds at most, sleep and look."""
    task, spins, slept = threads.Task(None, 1), Answers(threads.INTERRUPTED), []
    task.tickets.clear()

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 5:
            task.finished[0] = 1

    monkeypatch.setattr(threads, "signal_and_spin", spins)
    monkeypatch.setattr(threads.time, "sleep", sleep)
    assert task.close(1, threads.IDLE_SPINS)
    assert slept == [threads.PAUSE] * 5
    assert spins.rounds == [threads.IDLE_SPINS, 0, 0, 0, 0]


PINNED = """
import os, sys, time
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import numpy as np
from dlcore.kernels import dropout
from dlcore.kernels.machine import threads
from dlcore.ops.conv import conv2d
x, w = np.ones((16, 8, 8, 8), np.float32), np.ones((8, 8, 3, 3), np.float32)
spent = {1: [], 2: []}
for count in [1, 2] * 6:
    threads.thread_count = lambda: count
    start = time.process_time()
    for _ in range(60):
        conv2d(x, w, padding=1)
    spent[count].append(time.process_time() - start)
one, two = (min(seconds[1:]) for seconds in spent.values())
print(two / one)
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="threads cannot be pinned here")
@pytest.mark.skipif(not COMPILED, reason="weighs compiled kernels")
def test_threads_without_processors_spend_little():
    """Two threads on one processor: small layers take little more of its time than one thread.

    Idle ones block when others need the processor; each spin that is in vain would take half a
    millisecond of it, many times what such a layer takes.
    """
    done = run("-c", PINNED)
    assert not done.returncode, done.stderr
    assert float(done.stdout) < 3  # a task that wakes a thread takes some 20 µs, a layer 50


# Processors


def test_a_stack_is_spread_over_the_sets_of_the_cache():
    """Matrices begin with a line, an odd number of lines apart: n² entries fall into n² sets."""
    for rows, columns in [(16, 128), (64, 64), (12, 150), (3, 5)]:
        for dtype in (np.float32, np.float64):
            stack = winograd.empty_stack(36, rows, columns, np.ones(1, dtype))
            lines, rest = divmod(stack.step * np.dtype(dtype).itemsize, layout.LINE)
            assert stack.array.ctypes.data % layout.LINE == rest == 0
            assert stack.step >= rows * columns
            assert len({k * lines % 64 for k in range(36)}) == 36


class Exact(registers.Registers):
    """Registers that hold one fraction each, and count what is done with them."""

    def __init__(self):
        self.builder, self.type, self.operations = self, None, 0

    def constant(self, number):
        """A number is its own register."""
        return number

    def count(self, result):
        """Count an operation."""
        self.operations += 1
        return result

    def fadd(self, a, b):
        return self.count(a + b)

    def fsub(self, a, b):
        return self.count(a - b)

    def fmul(self, a, b):
        return self.count(a * b)

    def call(self, name, kind, a, b, c):
        assert name == "fmuladd"
        return self.count(a * b + c)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("which", [0, 1, 2], ids="ABG")
@pytest.mark.parametrize("m", [2, 4])
def test_transforms_share_terms_and_are_exact(m, which, transposed, rng):
    """M x, in fractions; with rows and columns that agree but for signs it takes fewer steps."""
    M = winograd_matrices.winograd_matrices(m, 3)[which]
    M = M.T if transposed else M
    x = [Fraction(int(v), 7) for v in rng.integers(-99, 99, M.shape[1])]
    shared, plain = Exact(), Exact()
    assert shared.transform(M.tolist(), x) == (M @ x).tolist()
    assert [plain.mix(row, x) for row in M.tolist()] == (M @ x).tolist()
    assert shared.operations <= plain.operations
    if m == 4:  # four of the five finite points are two pairs of opposite signs
        assert shared.operations <= 0.85 * plain.operations


@pytest.mark.parametrize("kilobytes", [256, 512, 1024, 2048])
@pytest.mark.parametrize(("C", "F"), [(16, 16), (76, 12), (12, 76), (64, 64), (300, 17)])
def test_blocks_stay_in_the_cache_where_they_can(C, F, kilobytes, monkeypatch):
    """(depth + F) rows fill three quarters of it at most, unless less than DEPTH are left for x."""
    monkeypatch.setattr(winograd_blocking, "second_level", lambda: kilobytes << 10)
    row = 36 * 4 * 128
    depth = winograd_blocking.choose_depth(C, F, row)
    parts = -(-C // depth)
    assert 1 <= depth <= C
    assert C - (parts - 1) * depth > depth - parts  # the last part is about as large
    if (winograd_blocking.DEPTH + F) * row <= 0.75 * (kilobytes << 10):
        assert (depth + F) * row <= 0.75 * (kilobytes << 10)
    else:
        assert depth == C


@pytest.mark.parametrize("depth", [1, 3, 4, 7])
def test_channels_in_parts_add_up_to_the_same_sum(depth, rng, monkeypatch):
    """Σ over parts of the channels, y, x̄ and w̄: the definition, whatever their size."""
    monkeypatch.setattr(winograd_blocking, "choose_depth", lambda C, F, row: min(C, depth))
    x, w, y_bar = (rng.normal(size=size) for size in ((5, 7, 9, 6), (4, 7, 3, 3), (5, 4, 7, 4)))
    exact = {"rtol": 0, "atol": 1e-11}
    assert_allclose(fast.conv2d_winograd(x, w), conv.conv2d_im2col(x, w), **exact)
    expected = conv.conv2d_input_grad_im2col(y_bar, w, (9, 6))
    assert_allclose(fast.conv2d_input_grad_winograd(y_bar, w, (9, 6)), expected, **exact)
    expected = conv.conv2d_weight_grad_im2col(x, y_bar, (3, 3))
    assert_allclose(fast.conv2d_weight_grad_winograd(x, y_bar, (3, 3)), expected, **exact)


@pytest.mark.parametrize("cost", [300, 700, 1600, 5000])
def test_the_tile_takes_what_transforms_would_not_repay(cost, monkeypatch):
    """108 C F products are saved, (C + F) transforms added:  C > cost/54 where C = F."""
    monkeypatch.setattr(fast, "transform_cost", lambda: cost)
    options = (1, 1), ((1, 1), (1, 1)), (1, 1), 1
    pays = lambda C, F: fast.winograd_pays((9, C, 8, 8), (F, C, 3, 3), (8, 8), options, np.float32)
    crossing = cost / 54
    assert not pays(int(crossing), int(crossing))
    assert pays(int(crossing) + 1, int(crossing) + 1)
    assert not pays(cost // 108, 10_000)
    ratio = (36 * 20 * 30 + cost * (20 + 30)) / (144 * 20 * 30)  # of both times, by this model
    assert fast.cost_of_transforms(ratio, 20, 30) == pytest.approx(cost)


def test_a_measured_cost_takes_the_place_of_the_estimate(tmp_path, monkeypatch):
    """Kept for this processor beside others; a file that cannot be read is as good as none."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    processor.transform_cost.cache_clear()
    assert processor.transform_cost() == processor.ESTIMATES[processor.REGISTERS]
    path = processor.keep(1234)
    assert path.is_relative_to(tmp_path)
    assert processor.transform_cost() == 1234
    monkeypatch.setattr(processor, "processor", lambda: "another one")
    processor.keep(99)
    assert sorted(processor.tuned().values()) == [99, 1234]
    path.write_text("[not JSON")
    processor.transform_cost.cache_clear()
    assert processor.transform_cost() == processor.ESTIMATES[processor.REGISTERS]
    processor.transform_cost.cache_clear()


def test_the_cache_is_read_as_the_system_describes_it(tmp_path, monkeypatch):
    """The size of level 2, in KiB; where nothing is described, a usual one."""
    monkeypatch.setattr(processor, "CACHES", tmp_path)
    for index, (level, size) in enumerate([(1, "32K"), (2, "1280K"), (3, "32768K")]):
        folder = tmp_path / f"index{index}"
        folder.mkdir()
        (folder / "level").write_text(f"{level}\n")
        (folder / "size").write_text(f"{size}\n")
    assert processor.second_level.__wrapped__() == 1280 << 10
    monkeypatch.setattr(processor, "CACHES", tmp_path / "nowhere")
    assert processor.second_level.__wrapped__() == processor.USUAL << 10


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


def test_dropout_divides_its_rows_among_fewer_threads_than_there_are(monkeypatch, rng):
    """Numbers for three of four threads: the same bits as with one."""
    x = rng.normal(size=(64, 10 * dropout.LARGE // 3 // 64))
    bits = rng.integers(256, size=(8, x.shape[1]), dtype=np.uint8)
    found = []
    for threads_allowed in ("1", "4"):
        monkeypatch.setenv("NUMBA_NUM_THREADS", threads_allowed)
        found.append(dropout.dropout(x, bits, 0.5))
    assert_array_equal(*found)
