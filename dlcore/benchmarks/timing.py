"""Timing side by side: rounds that interleave the contestants, medians, their spread.

Two programs timed one after the other are timed on two machines: the processor has cooled or
heated, a neighbour has woken. Timed in turn, within one process, they share what befalls them.

The turns are bursts, with a pause before each: the threads of one library keep spinning for a
while after its last call, and would steal the processor from whoever comes next. In a pause the
processor falls asleep, so the first calls of a burst wake it up, and are not counted.
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
AWAKE = 0.05  # seconds after which the processor is as fast as it will be


def in_turn(contestants, rounds=5, burst=20):
    """Time each of the named functions in bursts of calls; those that wake up are not counted."""
    seconds = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            gc.collect()
            time.sleep(PAUSE)
            awake = time.perf_counter() + AWAKE
            run()
            run()
            while time.perf_counter() < awake:
                run()
            for _ in range(burst):
                start = time.perf_counter()
                run()
                seconds[name].append(time.perf_counter() - start)
    return {
        name: Timing(*np.percentile(each, [50, 25, 75]).tolist()) for name, each in seconds.items()
    }
