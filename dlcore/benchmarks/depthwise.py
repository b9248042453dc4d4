"""Benchmarks of depthwise convolution, beside PyTorch and the memory.

Forward, images are read and maps are written, 8 bytes an entry in single precision. Backward,
maps are read and images written, and both are read for the gradient of the filters: 24 bytes in
all.

Chapter: book/fast.md.
"""

from typing import NamedTuple

import numpy as np

from dlcore.benchmarks import torch_reference
from dlcore.benchmarks.norm import BOUND, COPIED, copying
from dlcore.benchmarks.pool import innermost
from dlcore.benchmarks.timing import in_turn
from dlcore.ops.conv import conv2d

SIZES = ((128, 16, 32, 32), (128, 64, 16, 16))
BYTES = {"forward": 8, "both ways": 24}  # for each entry


class Filters(NamedTuple):
    """Filters of U × U whose taps are `dilation` apart, with as much padding as keeps a size."""

    U: int
    dilation: int

    def options(self, C):
        """Return the options of a convolution in which every channel has one filter."""
        padding = self.dilation * (self.U // 2)
        return {"padding": padding, "dilation": self.dilation, "groups": C}

    def __str__(self):
        """Name the filters."""
        return f"{self.U} × {self.U}" + (f", dilation {self.dilation}" * (self.dilation > 1))


FILTERS = Filters(3, 1), Filters(5, 1), Filters(3, 2)


def ours(options, x, w, y_bar=None):
    """Convolve; with an upstream gradient, forward and backward."""

    def run():
        y = conv2d(x, w, **options)
        return y if y_bar is None else conv2d.vjp(y, x, w, y_bar, **options)

    return run


def theirs(torch, options, arrays, order):
    """Do the same with PyTorch, in one order of memory."""
    x, w, *bars = (torch.from_numpy(array).contiguous(memory_format=order) for array in arrays)
    if not bars:
        return lambda: torch.nn.functional.conv2d(x, w, **options)
    parts = x.requires_grad_(), w.requires_grad_()

    def run():
        y = torch.nn.functional.conv2d(x, w, **options)
        return torch.autograd.grad(y, parts, *bars)

    return run


def depthwise(rounds=5):
    """Time every size and filter, and a copy of as many bytes; return {case: {who: Timing}}."""
    torch = torch_reference.torch_or_none()
    rng = np.random.default_rng(0)
    draw = lambda *shape: rng.standard_normal(shape, np.float32)
    table, far = {}, copying()
    for N, C, H, W in SIZES:
        for filters in FILTERS:
            x, w, y_bar = draw(N, C, H, W), draw(C, 1, filters.U, filters.U), draw(N, C, H, W)
            options = filters.options(C)
            inside = innermost(x), w, innermost(y_bar)
            for way, count in (("forward", 2), ("both ways", 3)):
                runs = {"dlcore": ours(options, *inside[:count]), BOUND: far}
                if torch is not None:
                    orders = {"first": torch.contiguous_format, "last": torch.channels_last}
                    for name, order in orders.items():
                        given = (x, w, y_bar)[:count]
                        runs[f"pytorch, channels {name}"] = theirs(torch, options, given, order)
                timings = in_turn(runs, rounds, burst=10)
                timings[BOUND] = timings[BOUND].scaled(BYTES[way] * x.size / COPIED)
                table[f"depthwise {filters}, N = {N}, C = {C}, H = W = {H}, {way}"] = timings
    return table
