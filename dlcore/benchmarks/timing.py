"""Timing side by side: rounds that interleave the contestants, medians, their spread.

Between two timings the machine changes: the processor cools or heats, another process starts.
Contestants that are timed in turn, within one process, share these changes.

The turns are bursts of calls with a pause before each, because the threads of one library keep
spinning for a while after its last call and would slow down the next contestant. In a pause the
processor lowers its frequency, so the first calls of a burst only warm it up.
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

    def scaled(self, factor):
        """Return the seconds of `factor` times as much."""
        return Timing(factor * self.median, factor * self.low, factor * self.high)


PAUSE = 0.25  # seconds, longer than idle threads spin
LONG = 10.0  # seconds of a call after which it needs no second one to warm up
WARM_UP = 0.05  # seconds after which the processor is as fast as it will be


def warm_up(run):
    """Call twice, and until the processor is warm; a single call that is long is enough."""
    start = time.perf_counter()
    run()
    if time.perf_counter() - start < LONG:
        run()
    while time.perf_counter() - start < WARM_UP:
        run()


def in_turn(contestants, rounds=5, burst=20):
    """Time each of the named functions in bursts of calls; calls that warm up are not counted."""
    seconds = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            gc.collect()
            time.sleep(PAUSE)
            warm_up(run)
            for _ in range(burst):
                start = time.perf_counter()
                run()
                seconds[name].append(time.perf_counter() - start)
    return {
        name: Timing(*np.percentile(each, [50, 25, 75]).tolist()) for name, each in seconds.items()
    }
