"""Experiments of pooling: the printed maps, a wrong gradient, and ties.

Chapter: book/pool.md.
"""

import time
from statistics import median

import numpy as np

from dlcore.autodiff.derivative import relative_error
from dlcore.data import load
from dlcore.experiments.experiment import Claim, experiment
from dlcore.kernels import pool as kernels
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


@experiment(
    "max-pool-forward",
    Claim("relative error", 4.16666652e-08, "001, printed maps", "equal", 5e-17),
    quick=True,
)
def max_pool_forward(seed):
    """The pooling of 001, windows of two by two, beside the maps that it prints."""
    x = np.linspace(-0.3, 0.4, 96).reshape(2, 3, 4, 4)
    return {"relative error": relative_error(max_pool2d(x, kernel_size=2), PRINTED)}, {}


def seconds(call, times):
    """Measure the median time of some calls, after one that warms up."""
    taken = []
    for _ in range(times + 1):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return median(taken[1:])


@experiment(
    "max-pool-factors",
    Claim("forward", 4.423760, "001, its fast pooling"),
    Claim("backward", 20.530084, "001, its fast pooling"),
)
def max_pool_factors(seed):
    """How much faster than its definition max pooling is, on the sizes of 001."""
    rng, windows = np.random.default_rng(seed), ((2, 2), (2, 2), ((0, 0), (0, 0)))
    x, y_bar = rng.standard_normal((100, 3, 32, 32)), rng.standard_normal((100, 3, 16, 16))
    y = kernels.max_pool(x, *windows)
    ours = {
        "forward": lambda: kernels.max_pool(x, *windows),
        "backward": lambda: kernels.max_pool_grad(y, x, y_bar, *windows),
    }
    defined = {
        "forward": lambda: kernels.max_pool_naive(x, *windows),
        "backward": lambda: kernels.max_pool_grad_naive(y, x, y_bar, *windows),
    }
    return {way: seconds(defined[way], 2) / seconds(ours[way], 20) for way in ours}, {}


def grad_to_every_maximum(x, y_bar):
    """Give ȳ to every entry that is as large as the largest of its window, which is wrong."""
    y = max_pool2d(x, kernel_size=2)
    spread = lambda array: array.repeat(2, axis=2).repeat(2, axis=3)
    return np.where(x == spread(y), spread(y_bar), 0.0)


def windows_over_pixels(window, stride, size):
    """Count the windows that cover each pixel: the gradient of averaging for ȳ = U V."""
    x, options = np.zeros((1, 1, size, size)), {"kernel_size": window, "stride": stride}
    y = avg_pool2d(x, **options)
    return avg_pool2d.vjp(y, x, np.full(y.shape, float(window**2)), **options)[0]


def share_of_ties(*, with_relu):
    """Return the share of windows on the digits that have several largest entries.

    The digits pass a layer of random filters first, and `with_relu` a ReLU.
    """
    rng, x = np.random.default_rng(0), load("digits").centred(dtype=np.float64).train.x[:200]
    y = conv2d(x, rng.normal(size=(8, 1, 3, 3)))
    y = relu(y) if with_relu else y
    largest = max_pool2d(y, kernel_size=2).repeat(2, axis=2).repeat(2, axis=3)
    maxima = (y == largest).reshape(*y.shape[:2], 3, 2, 3, 2).sum(axis=(3, 5))
    return float((maxima > 1).mean())
