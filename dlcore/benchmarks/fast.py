"""Benchmarks of convolution, rung by rung, beside the machine's limits and PyTorch.

Each library gets the order of memory that it prefers; a row more includes the conversion.
Operations are those of the definition, whatever a rung saves, and the ways back count as two
passes. Warm caches, compile time apart; rungs that take seconds run once.

Chapter: book/fast.md.
"""

from statistics import geometric_mean

import numpy as np

from dlcore.benchmarks import torch_reference
from dlcore.benchmarks.timing import in_turn
from dlcore.experiments.fast import CASES, LADDER, MEANT, SOURCE
from dlcore.kernels.machine.layout import aligned, from_batch_last, to_batch_last
from dlcore.kernels.machine.registers import WIDTH
from dlcore.kernels.machine.roofline import DEEP, TERMS, copy, multiply_adds
from dlcore.kernels.machine.threads import parallel_for
from dlcore.kernels.machine.tile import ROWS, WIDTHS
from dlcore.ops.conv import conv2d, use_algorithm

ROUNDS = 5
BURST = 6  # calls in a row


def draw(case, rng):
    """Draw images, filters and a cotangent of the maps, float32, channels first."""
    x = rng.standard_normal((case.N, case.C, case.H, case.H), np.float32)
    w = rng.standard_normal((case.F, case.C, case.U, case.U), np.float32)
    return x, w, rng.standard_normal(conv2d(x, w, **case.options).shape, np.float32)


def ours(case, x, w, y_bar=None, rung=None):
    """Convolve by a rung, by default the one that is chosen; with a cotangent, there and back."""

    def run():
        y = conv2d(x, w, **case.options)
        return y if y_bar is None else conv2d.vjp(y, x, w, y_bar, **case.options)

    def forced():
        with use_algorithm(rung):
            return run()

    return forced if rung else run


def theirs(torch, case, x, w, y_bar=None):
    """Convolve with PyTorch, channels last; with a cotangent, there and back."""
    options = {"memory_format": torch.channels_last}
    x, w = (torch.from_numpy(array).contiguous(**options) for array in (x, w))
    if y_bar is None:
        return lambda: torch.nn.functional.conv2d(x, w, **case.options)
    y_bar = torch.from_numpy(y_bar).contiguous(**options)
    parts = (x, w)
    for part in parts:
        part.requires_grad_()

    def run():
        y = torch.nn.functional.conv2d(x, w, **case.options)
        return torch.autograd.grad(y, parts, y_bar)

    return run


def contestants(torch, case, arrays, rungs=("tile", "winograd")):
    """Build the runs that compete: default, conversion, rungs, and PyTorch last."""
    x, w, *bars = arrays
    inside = [
        from_batch_last(to_batch_last(x)),
        w,
        *(from_batch_last(to_batch_last(bar)) for bar in bars),
    ]
    runs = {"dlcore": ours(case, *inside), "dlcore, with conversion": ours(case, *arrays)}
    runs |= {rung: ours(case, *inside, rung=rung) for rung in rungs}
    if torch is not None:
        runs["pytorch"] = theirs(torch, case, *arrays)
    return runs


def limits(rounds=ROUNDS):
    """Time a billion multiply-adds on what is near, and a copy of a billion bytes."""
    rows = ROWS[0]
    lanes = WIDTHS[0] * WIDTH // 4
    x = aligned((DEEP, lanes), np.float32)
    w = aligned((DEEP, rows), np.float32)
    x[...] = 1
    w[...] = 1
    times = int(1e9) // (TERMS * rows * lanes)
    far = np.ones(int(1e9) // 8, np.float32)
    to = np.empty_like(far)
    runs = {
        "multiply-adds": lambda: parallel_for(multiply_adds, times, x, w),
        "bytes read and written": lambda: parallel_for(copy, len(far), to, far),
    }
    timings = in_turn(runs, rounds)
    scale = 1e9 / (times * TERMS * rows * lanes)
    timings["multiply-adds"] = timings["multiply-adds"].scaled(scale)
    return timings


def convolution(cases=CASES, rounds=ROUNDS):
    """Time every case, forward and there and back; return {case: {contestant: Timing}}.

    The limits are measured before and after, and the faster time counts: nothing is beyond a limit.
    """
    torch = torch_reference.torch_or_none()
    rng = np.random.default_rng(0)
    before = limits(rounds)
    table = {}
    for case in cases:
        x, w, y_bar = draw(case, rng)
        for way, arrays in (("forward", (x, w)), ("both ways", (x, w, y_bar))):
            table[f"{case}, {way}"] = in_turn(contestants(torch, case, arrays), rounds, BURST)
    table |= ladder(torch, rng)
    after = limits(rounds)
    return {"a billion": {name: min(before[name], after[name]) for name in before}} | table


def ladder(torch, rng):
    """Time all rungs on a small case, and on that of 001, where the definition runs as well."""
    table = {}
    for case, rungs in ((LADDER, ("loops", "im2col")), (SOURCE, ("naive", "loops", "im2col"))):
        x, w, y_bar = draw(case, rng)
        for way, arrays in (("forward", (x, w)), ("both ways", (x, w, y_bar))):
            runs = contestants(torch, case, arrays, (*rungs, "tile", "winograd"))
            slow = {name: runs.pop(name) for name in rungs[:-1]}
            once = in_turn(slow, 1, 1)
            fast = in_turn(runs, ROUNDS, BURST)
            table[f"{case}, {way}, every rung"] = {"dlcore": fast.pop("dlcore"), **once, **fast}
    return table


def judged(table):
    """Say what share of the peak everyone reaches, and how far PyTorch is behind in the mean.

    Shares divide the operations of the definition by time and by the measured peak; means are
    geometric, over the cases of 128 images and that of 7 × 7.
    """
    peak = 2e9 / table["a billion"]["multiply-adds"].median
    shares = {}
    means = {}
    for way, passes in (("forward", 1), ("both ways", 3)):
        timed = {case: table[f"{case}, {way}"] for case in CASES}
        for case, timings in timed.items():
            rates = {name: passes * case.operations / t.median for name, t in timings.items()}
            shares[f"{case}, {way}"] = {name: rate / peak for name, rate in rates.items()}
        ratios = [
            timed[case]["pytorch"].median / timed[case]["dlcore"].median
            for case in MEANT
            if "pytorch" in timed[case]
        ]
        if ratios:
            means[f"geometric mean of pytorch / dlcore, {way}"] = geometric_mean(ratios)
    return shares, means
