"""What the page on speed counts and draws: operations, bytes, cache lines, roundings.

Chapter: book/fast.md.
"""

import os
import subprocess
import sys
import tempfile
from math import gcd
from statistics import median
from typing import NamedTuple

import numpy as np

from dlcore.experiments.experiment import Claim, experiment, record
from dlcore.kernels.conv import conv2d_im2col
from dlcore.kernels.machine.threads import divided
from dlcore.kernels.machine.winograd_matrices import growth, winograd_matrices

LINE = 16  # numbers in a cache line, float32
SETS = 64  # of a cache; the address of a line decides which of them it belongs to
ALGORITHMS = ("naive", "im2col", "loops", "tile", "winograd", "pytorch")
DIRECT = ("naive", "im2col", "loops", "tile")  # make all products of the definition
THEIRS = 468.402047  # by so much the Cython of 001 is faster than its definition, forward
THEIRS_BACKWARD = 467.482317
EPS = np.finfo(np.float32).eps / 2  # the most that a rounding changes, relative to what it rounds


class Case(NamedTuple):
    """One convolution: images, channels, pixels a side, filters, taps a side, and options."""

    N: int
    C: int
    H: int
    F: int
    U: int = 3
    stride: int = 1
    padding: int | None = None

    @property
    def options(self):
        """The options of `conv2d`; the size stays if nothing else is said."""
        padding = self.U // 2 if self.padding is None else self.padding
        return {"stride": self.stride, "padding": padding}

    @property
    def side(self):
        """Count the rows of a map, which are as many as its columns."""
        return (self.H + 2 * self.options["padding"] - self.U) // self.stride + 1

    @property
    def operations(self):
        """Count the multiplications and additions of the definition, padding included."""
        P = self.side
        return work(self.N, self.C, self.F, P, P, self.U, self.U)

    @property
    def bytes(self):
        """Count the bytes of images, filters and maps."""
        sides = {"H": self.H, "W": self.H, "P": self.side, "Q": self.side, "U": self.U, "V": self.U}
        return traffic(N=self.N, C=self.C, F=self.F, **sides)

    def __str__(self):
        """Name the case as the tables do."""
        step = f", stride {self.stride}" if self.stride > 1 else ""
        return f"{self.U}×{self.U}{step}, N = {self.N}, C = {self.C}, H = {self.H}, F = {self.F}"


CHANNELS = [(64, 32, 64), (64, 16, 128), (128, 16, 128), (256, 8, 256), (16, 32, 16), (3, 32, 64)]
CASES = [
    *(Case(128, *sizes) for sizes in CHANNELS),
    Case(50, 3, 32, 32, 7),
    *(Case(N, *sizes) for N in (50, 100) for sizes in CHANNELS),
    *(Case(N, 64, 16, 64, 1) for N in (50, 100, 128)),
]
MEANT = CASES[:7]  # those whose ratios are averaged
SOURCE = Case(100, 3, 31, 25, 3, 2, 1)  # the case by which 001 measures its own fast version
LADDER = Case(8, 16, 32, 16)  # small enough for every algorithm but the first
LARGE = CASES[2]


def work(N, C, F, P, Q, U, V):
    """Count multiplications and additions of the definition."""
    return 2 * N * F * P * Q * C * U * V


def traffic(N, C, H, W, F, P, Q, U, V):
    """Count the bytes of images, filters and maps, float32."""
    return 4 * (N * C * H * W + F * C * U * V + N * F * P * Q)


def intensity(case):
    """Divide operations by bytes, when every array is moved once."""
    return case.operations / case.bytes


def copied_intensity(case):
    """Divide operations by bytes, when the columns are written and read besides."""
    columns = 4 * case.N * case.side**2 * case.C * case.U**2
    return case.operations / (case.bytes + 2 * columns)


def seconds(case, way="forward"):
    """Read what the record says of a case: {contestant: seconds}."""
    values = record("bench-conv")["values"]
    prefixes = [f"{case}, {way}, every rung, ", f"{case}, {way}, "]
    found = {}
    for prefix in prefixes:
        for key, value in values.items():
            name = key.removeprefix(prefix)
            if name != key and name in ("dlcore", *ALGORITHMS):
                found.setdefault(name, value / 1e3)
    return found


def ladder(case=SOURCE, way="forward"):
    """Divide the time of the definition by that of each algorithm; the default is "dlcore"."""
    timed = seconds(case, way)
    names = [name for name in ("naive", "im2col", "loops", "dlcore") if name in timed]
    return {name: timed["naive"] / timed[name] for name in names}


@experiment(
    "fast-ladder",
    Claim("forward", THEIRS, "001, its fast convolution"),
    Claim("backward", THEIRS_BACKWARD, "001, its fast convolution"),
    quick=True,
)
def fast_ladder(seed):
    """How much faster than the definition convolution is, by the last `dlcore bench conv`.

    The time of the backward pass is that of both passes, less that of the forward pass.
    """
    forward, both = (seconds(SOURCE, way) for way in ("forward", "both ways"))
    backward = {name: both[name] - forward[name] for name in ("naive", "dlcore")}
    found = {way: ladder(way=way)["dlcore"] for way in ("forward", "both ways")}
    return {
        **found,
        "backward": backward["naive"] / backward["dlcore"],
        "the source": THEIRS,
        "the source, backward": THEIRS_BACKWARD,
    }, {}


def started_elsewhere(cache, seed):
    """Measure the start of a process of its own, whose compiled kernels are kept in a folder."""
    program = "from dlcore.experiments.startup import seconds_before_first_step as seconds"
    command = [sys.executable, "-c", f"{program}; print(seconds({seed}))"]
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


@experiment("fast-startup")
def fast_startup(seed):
    """Seconds before a ConvNet's first step: with nothing compiled, and with everything."""
    with tempfile.TemporaryDirectory() as cache:
        cold = started_elsewhere(cache, seed)
        warm = median(started_elsewhere(cache, seed) for _ in range(5))
    return {"cold": cold, "warm": warm}, {}


def limits():
    """Read the measured peak in operations a second, the bandwidth in bytes a second."""
    values = record("bench-conv")["values"]
    adds = values["a billion, multiply-adds"] / 1e3
    moved = values["a billion, bytes read and written"] / 1e3
    return 2e9 / adds, 1e9 / moved


def roofline(case=LADDER):
    """List the algorithms of a case as points: {name: (intensity, operations a second)}."""
    timed = seconds(case)
    at = {name: copied_intensity(case) if name == "im2col" else intensity(case) for name in timed}
    return {name: (at[name], case.operations / timed[name]) for name in ALGORITHMS if name in timed}


def beside(way):
    """Divide PyTorch's time by ours, for every size and batch: {size: {N: ratio}}."""
    values = record("bench-conv")["values"]
    found = {}
    for case in CASES:
        ratio = values.get(f"{case}, {way}, pytorch / dlcore")
        if ratio:
            size = str(case).replace(f" N = {case.N},", "")
            found.setdefault(size, {})[case.N] = ratio
    return found


def sets_visited(step, lines=64):
    """Count the sets that so many cache lines use, each `step` lines behind the last one.

    >>> sets_visited(1), sets_visited(32), sets_visited(33)
    (64, 2, 64)
    """
    return len({i * step % SETS for i in range(lines)})


def sets_by_formula(step):
    """Say the same without counting:  S / gcd(S, step)."""
    return SETS // gcd(SETS, step)


def memory_steps(sizes, order="nchw"):
    """List by how many numbers x, w and y move when a loop advances by one.

    `order` is that of x in memory; y lies alike, with f in the place of c, and w is (F, C, U, V).
    """
    P, Q = sizes["p"], sizes["q"]
    lengths = {"n": sizes["n"], "c": sizes["c"], "h": P + sizes["u"] - 1, "w": Q + sizes["v"] - 1}
    across = packed(order, lengths)
    out = packed(order, {"n": sizes["n"], "c": sizes["f"], "h": P, "w": Q})
    taps = packed("fcuv", sizes)
    none = dict.fromkeys("nfcpquv", 0)
    x = {
        "n": across["n"],
        "c": across["c"],
        "p": across["h"],
        "u": across["h"],
        "q": across["w"],
        "v": across["w"],
    }
    y = {"n": out["n"], "f": out["c"], "p": out["h"], "q": out["w"]}
    return {"x": none | x, "w": none | taps, "y": none | y}


def packed(order, lengths):
    """Return how far apart neighbours are along every axis of an array without gaps."""
    steps = {}
    step = 1
    for axis in reversed(order):
        steps[axis] = step
        step *= lengths[axis]
    return steps


def lines_moved(order, sizes, steps):
    """Count how often a product needs another cache line than the one before."""
    grid = np.indices([sizes[loop] for loop in order]).reshape(len(order), -1)
    moved = 0
    for step in steps.values():
        address = np.array([step[loop] for loop in order]) @ grid
        moved += 1 + np.count_nonzero(np.diff(address // LINE))
    return moved


def add_run(memory, start, n, lanes, *, tail):
    """Add one to n numbers, `lanes` at a time; with a `tail` the last step is shorter."""
    end = start + n
    for i in range(start, end, lanes):
        memory[i : min(i + lanes, end) if tail else i + lanes] += 1


def winograd_row(x, w, A, B, G):
    """Correlate a row with a filter, from products at points:  y = Aᵀ [(G w) ⊙ (B x)]."""
    return A.T @ ((G @ w) * (B @ x))


def winograd_square(x, w, A, B, G):
    """Do so for rows and columns:  y = Aᵀ [(G w Gᵀ) ⊙ (B x Bᵀ)] A."""
    return A.T @ ((G @ w @ G.T) * (B @ x @ B.T)) @ A


def winograd_maps(x, w, m):
    """Correlate with filters of 3 × 3, in squares of m × m outputs.

    The precision is that of x. Maps are whole numbers of squares.
    """
    A, B, G = (matrix.astype(x.dtype) for matrix in winograd_matrices(m, 3))
    windows = np.lib.stride_tricks.sliding_window_view(x, (m + 2, m + 2), axis=(2, 3))
    seen = B @ windows[:, :, ::m, ::m] @ B.T
    made = np.einsum("fcij,ncpqij->nfpqij", G @ w @ G.T, seen, dtype=x.dtype)
    y = (A.T @ made @ A).swapaxes(3, 4)
    N, F, P, _, Q, _ = y.shape
    return y.reshape(N, F, P * m, Q * m)


def error(C, m, rng):
    """Measure the error of float32 in parts of Σ|x||w|; m = 1 is the definition."""
    x = rng.uniform(-1, 1, (4, C, 10, 10)).astype(np.float32)
    w = rng.uniform(-1, 1, (5, C, 3, 3)).astype(np.float32)
    y = conv2d_im2col(x, w) if m == 1 else winograd_maps(x, w, m)
    exact = conv2d_im2col(x.astype(float), w.astype(float))
    return np.max(np.abs(y - exact)) / (9 * C)


def roundings(C, m):
    """Count the roundings that one term of a sum goes through, from image to map."""
    if m == 1:
        return 9 * C
    return 4 * (m + 2) + 2 * 3 + 2 + C


def error_bound(C, m):
    """Bound that error:  ((1 + ε)ᵏ - 1) times the growth of the terms."""
    larger = growth(m, 3) if m > 1 else 1
    return np.expm1(roundings(C, m) * np.log1p(EPS)) * larger


def pieces(count, threads):
    """List the pieces of a range, a list for each thread, as `parallel_for` divides it.

    >>> pieces(12, 2)
    [[(0, 1), (1, 3), (3, 5), (5, 6)], [(6, 8), (8, 10), (10, 12)]]
    """
    return [list(block) for block in divided(count, min(threads, count))]


def errors(channels, rng):
    """Measure the definition and both squares for several numbers of channels, with bounds."""
    names = {"definition": 1, "2 × 2 outputs": 2, "4 × 4 outputs": 4}
    measured = {name: [error(C, m, rng) for C in channels] for name, m in names.items()}
    bounds = {
        f"bound of {name}": [error_bound(C, m) for C in channels]
        for name, m in names.items()
        if m > 1
    }
    return measured | bounds
