"""Measure once for a machine from how many channels on Winograd's algorithm pays.

Chapter: book/fast.md.
"""

from statistics import median
from time import perf_counter

import numpy as np

from dlcore.kernels.fast import conv2d_tile, conv2d_winograd, cost_of_transforms
from dlcore.kernels.machine.layout import from_batch_last, to_batch_last
from dlcore.kernels.machine.processor import keep, transform_cost

CHANNELS = 16  # in and out: near the place where both algorithms take the same time
SIZE = 128, 32, 32  # images, height and width: milliseconds, so that starting threads is little
ROUNDS = 21
LEAST, MOST = 50, 20_000  # multiply-adds, the range of what can be believed


def measured_cost(rounds=ROUNDS):
    """Time tile and Winograd in turn, and solve for the cost of the transforms.

    In multiply-adds, for each square and channel or filter. The time of the tile is the unit.
    """
    rng = np.random.default_rng(0)
    N, H, W = SIZE
    x = from_batch_last(to_batch_last(rng.standard_normal((N, CHANNELS, H, W), np.float32)))
    w = rng.standard_normal((CHANNELS, CHANNELS, 3, 3), np.float32)
    seconds = {conv2d_tile: [], conv2d_winograd: []}
    for round in range(rounds + 1):
        for algorithm, found in seconds.items():
            start = perf_counter()
            algorithm(x, w, padding=((1, 1), (1, 1)))
            if round:  # the first compiles or loads
                found.append(perf_counter() - start)
    tile, winograd = map(median, seconds.values())
    cost = cost_of_transforms(winograd / tile, CHANNELS, CHANNELS)
    return round_to_two(min(max(cost, LEAST), MOST))


def round_to_two(number):
    """Round to two digits: more are not measured.

    >>> round_to_two(1234.5)
    1200
    """
    return int(float(f"{number:.1e}"))


def tune():
    """Measure the cost of transforms, keep it in the user's cache, and print both."""
    before, cost = transform_cost(), measured_cost()
    path = keep(cost)
    print(
        f"transforms cost {cost} multiply-adds a square and channel, so far taken for {before}; "
        f"kept in {path}"
    )
