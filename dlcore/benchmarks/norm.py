"""Benchmarks of batch norm with a ReLU, there and back, beside PyTorch and the memory.

Forward the images are read twice and written once, backward they and the upstream gradient are
read twice and x̄ is written: eight numbers for each entry, 32 bytes in single precision.

Chapter: book/norm.md.
"""

import numpy as np

from dlcore.autodiff import vjp
from dlcore.benchmarks import torch_reference
from dlcore.benchmarks.pool import innermost
from dlcore.benchmarks.timing import in_turn
from dlcore.kernels.machine.layout import aligned
from dlcore.kernels.machine.roofline import copy
from dlcore.kernels.machine.threads import parallel_for
from dlcore.nn import BatchNorm
from dlcore.nn.layer import filled, parameter_slots

SIZES = ((128, 64, 32, 32), (128, 256, 8, 8), (128, 16, 32, 32))
BYTES = 32  # for each entry, there and back
COPIED = int(1e9)  # bytes read and written to measure the bandwidth, more than any cache holds
BOUND = "its bytes, as fast as a copy"


def ours(x, y_bar):
    """Train on one batch: the layer, and the gradients by x, scale and shift."""
    layer, rng = BatchNorm(x.shape[1], relu=True, dtype=x.dtype), np.random.default_rng(0)
    slots = parameter_slots(layer)

    def call(x, *params):
        with filled(slots, params):
            return layer(x, rng)

    return lambda: vjp(call, x, *(slot.value for slot in slots), release=True)[1](y_bar)


def theirs(torch, x, y_bar, order):
    """Do the same with PyTorch's two layers, images in an order of memory."""
    layers = torch.nn.Sequential(torch.nn.BatchNorm2d(x.shape[1]), torch.nn.ReLU())
    x, y_bar = (torch.from_numpy(array).contiguous(memory_format=order) for array in (x, y_bar))
    x.requires_grad_()

    def run():
        x.grad = None
        layers.zero_grad()
        layers(x).backward(y_bar)

    return run


def copying():
    """Copy from memory to memory, as far as it is from any cache."""
    x = aligned((COPIED // 8,), np.float32, np.ones)
    y = aligned((COPIED // 8,), np.float32, np.ones)
    return lambda: parallel_for(copy, len(x), y, x)


def batch_norm(rounds=5):
    """Time every size, and a copy of as many bytes; return {case: {contestant: Timing}}."""
    torch = torch_reference.torch_or_none()
    rng = np.random.default_rng(0)
    table, far = {}, copying()
    for N, C, H, W in SIZES:
        x, y_bar = rng.standard_normal((2, N, C, H, W), np.float32)
        runs = {"dlcore": ours(innermost(x), innermost(y_bar)), BOUND: far}
        if torch is not None:
            runs["pytorch, channels first"] = theirs(torch, x, y_bar, torch.contiguous_format)
            runs["pytorch, channels last"] = theirs(torch, x, y_bar, torch.channels_last)
        timings = in_turn(runs, rounds, burst=10)
        timings[BOUND] = timings[BOUND].scaled(BYTES * x.size / COPIED)
        table[f"batch norm and ReLU, N = {N}, C = {C}, H = W = {H}"] = timings
    return table


def beside_limits(table):
    """Compare with the memory's limit and with PyTorch's faster order, in every case."""
    means = {}
    for case, timings in table.items():
        mine = timings["dlcore"].median
        means[f"{case}, dlcore / its bytes"] = mine / timings[BOUND].median
        theirs = [timing.median for name, timing in timings.items() if "pytorch" in name]
        if theirs:
            means[f"{case}, pytorch's faster order / dlcore"] = min(theirs) / mine
    return {}, means
