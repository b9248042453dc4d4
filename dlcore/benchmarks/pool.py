"""Benchmarks of pooling, forward and backward, beside PyTorch and the definition.

Chapter: book/pool.md.
"""

import numpy as np

from dlcore.benchmarks import torch_reference
from dlcore.benchmarks.timing import in_turn
from dlcore.kernels import pool as kernels
from dlcore.kernels.machine.layout import empty_maps
from dlcore.ops.pool import avg_pool2d, max_pool2d

TWO = (2, 2)
OPEN = ((0, 0), (0, 0))


def innermost(x):
    """Copy images into the memory order of the kernels: batch innermost."""
    y = empty_maps(*x.shape, x.dtype)
    y[...] = x
    return y


def ours(op, x, y_bar):
    """Pool there and back."""
    return lambda: op.vjp(op(x, kernel_size=2), x, y_bar, kernel_size=2)


def theirs(torch, pool, x, y_bar):
    """Pool there and back with PyTorch."""

    def run():
        x.grad = None
        pool(x, 2).backward(y_bar)

    return run


def by_hand(x, y_bar):
    """Pool there and back as the definition reads."""
    settled = (TWO, TWO, OPEN)

    def run():
        y = kernels.max_pool_naive(x, *settled)
        kernels.max_pool_grad_naive(y, x, y_bar, *settled)

    return run


def contestants(torch, name, x, y_bar):
    """Build the runs that compete; each library gets the order of memory that it prefers."""
    op = {"max": max_pool2d, "average": avg_pool2d}[name]
    runs = {
        "dlcore": ours(op, innermost(x), innermost(y_bar)),
        "dlcore, with conversion": ours(op, x, y_bar),
    }
    if torch is not None:
        pool = {"max": torch.max_pool2d, "average": torch.nn.functional.avg_pool2d}[name]
        first = [torch.from_numpy(array) for array in (x, y_bar)]
        last = [each.contiguous(memory_format=torch.channels_last) for each in first]
        first[0].requires_grad_()
        last[0].requires_grad_()
        runs["pytorch, channels first"] = theirs(torch, pool, *first)
        runs["pytorch, channels last"] = theirs(torch, pool, *last)
    return runs


def pooling(rounds=5):
    """Time windows of two by two, there and back; return {case: {contestant: Timing}}."""
    torch = torch_reference.torch_or_none()
    rng = np.random.default_rng(0)
    draw = lambda *shape: rng.standard_normal(shape, np.float32)
    table = {}
    for name in ("max", "average"):
        runs = contestants(torch, name, draw(128, 64, 32, 32), draw(128, 64, 16, 16))
        table[f"{name} pooling, N = 128, C = 64, H = W = 32"] = in_turn(runs, rounds, burst=10)
    x = draw(100, 3, 32, 32)
    y_bar = draw(100, 3, 16, 16)
    runs = {"dlcore": ours(max_pool2d, x, y_bar), "naive": by_hand(x, y_bar)}
    table["max pooling, N = 100, C = 3, H = W = 32"] = in_turn(runs, 1, burst=2)
    return table
