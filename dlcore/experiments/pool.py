"""Experiments and benchmarks of pooling.

Chapter: book/pool.md.
"""

import numpy as np

from dlcore.autodiff.derivative import relative_error
from dlcore.benchmarks import torch_reference
from dlcore.benchmarks.timing import in_turn
from dlcore.data import load
from dlcore.experiments.experiment import Claim, experiment
from dlcore.kernels import pool as kernels
from dlcore.kernels.machine.layout import empty_maps
from dlcore.ops.activation import relu
from dlcore.ops.conv import conv2d
from dlcore.ops.pool import avg_pool2d, max_pool2d

PRINTED = [
    [[[-0.26315789, -0.24842105], [-0.20421053, -0.18947368]],
     [[-0.14526316, -0.13052632], [-0.08631579, -0.07157895]],
     [[-0.02736842, -0.01263158], [0.03157895, 0.04631579]]],
    [[[0.09052632, 0.10526316], [0.14947368, 0.16421053]],
     [[0.20842105, 0.22315789], [0.26736842, 0.28210526]],
     [[0.32631579, 0.34105263], [0.38526316, 0.4]]],
]  # fmt: skip
TWO = (2, 2)
OPEN = ((0, 0), (0, 0))


@experiment(
    "max-pool-forward",
    Claim("relative error", 4.16666652e-08, "001, printed maps", "equal", 5e-17),
    quick=True,
)
def max_pool_forward(seed):
    """The pooling of 001, windows of two by two, beside the maps that it prints."""
    x = np.linspace(-0.3, 0.4, 96).reshape(2, 3, 4, 4)
    return {"relative error": relative_error(max_pool2d(x, window=2), PRINTED)}, {}


def generous(x, y_bar):
    """Give ȳ to every entry of its window that is as large as the largest: a slip."""
    y = max_pool2d(x, window=2)
    spread = lambda array: array.repeat(2, axis=2).repeat(2, axis=3)
    return np.where(x == spread(y), spread(y_bar), 0.0)


def seen(window, stride, size):
    """Count how many windows see each pixel: what averaging gives back for ȳ = U V."""
    x, options = np.zeros((1, 1, size, size)), {"window": window, "stride": stride}
    y = avg_pool2d(x, **options)
    return avg_pool2d.vjp(y, x, np.full(y.shape, float(window**2)), **options)[0]


def tied(*, rectified):
    """Count the share of windows on the digits that hold several largest entries.

    The digits pass a layer of random filters first, and a rectifier if they are to be
    `rectified`.
    """
    rng, x = np.random.default_rng(0), load("digits").centred(dtype=np.float64).train.x[:200]
    y = conv2d(x, rng.normal(size=(8, 1, 3, 3)))
    y = relu(y) if rectified else y
    largest = max_pool2d(y, window=2).repeat(2, axis=2).repeat(2, axis=3)
    winners = (y == largest).reshape(*y.shape[:2], 3, 2, 3, 2).sum(axis=(3, 5))
    return float((winners > 1).mean())


def innermost(x):
    """Copy images into the memory order of the kernels: batch innermost."""
    y = empty_maps(*x.shape, x.dtype)
    y[...] = x
    return y


def ours(op, x, y_bar):
    """Pool there and back."""
    return lambda: op.vjp(op(x, window=2), x, y_bar, window=2)


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
    torch, rng = torch_reference.torch_or_none(), np.random.default_rng(0)
    draw = lambda *shape: rng.standard_normal(shape, np.float32)
    table = {}
    for name in ("max", "average"):
        runs = contestants(torch, name, draw(128, 64, 32, 32), draw(128, 64, 16, 16))
        table[f"{name} pooling, N = 128, C = 64, H = W = 32"] = in_turn(runs, rounds, burst=10)
    x, y_bar = draw(100, 3, 32, 32), draw(100, 3, 16, 16)
    runs = {"dlcore": ours(max_pool2d, x, y_bar), "naive": by_hand(x, y_bar)}
    table["max pooling, N = 100, C = 3, H = W = 32"] = in_turn(runs, 1, burst=2)
    return table
