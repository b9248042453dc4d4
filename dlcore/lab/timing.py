"""Timing side by side: rounds that interleave the contestants, medians, their spread.

Two programs timed one after the other are timed on two machines: the processor has cooled or
heated, a neighbour has woken. Timed in turn, within one process, they share what befalls them.
"""

import gc
import time
from typing import NamedTuple

import numpy as np


class Timing(NamedTuple):
    """Seconds a call: the median, and the quartiles on both sides of it."""

    median: float
    low: float
    high: float


def in_turn(contestants, rounds=31):
    """Time each of the named functions once a round, after two calls that are not counted."""
    seconds = {name: [] for name in contestants}
    for run in contestants.values():
        run()
        run()
    gc.collect()
    for _ in range(rounds):
        for name, run in contestants.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    quartiles = {name: np.percentile(all_, [50, 25, 75]) for name, all_ in seconds.items()}
    return {name: Timing(*map(float, three)) for name, three in quartiles.items()}
