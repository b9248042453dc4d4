"""Benchmark of threads that share their processors: a training step beside a busy process.

A process that does nothing but count takes the time of one processor. Layers are small, so
there are many tasks for the threads in a step, and all of them could lose time in waiting.

Chapter: book/fast.md.
"""

import subprocess
import sys
from contextlib import contextmanager

import numpy as np

from dlcore.benchmarks.convnet import ours
from dlcore.benchmarks.timing import Timing, in_turn
from dlcore.nn.models import ResNet
from dlcore.train.optim import SGD

CASES = {  # name: depth, height and width, batch
    "ResNet-8, 8×8, batch 32": (8, 8, 32),
    "ResNet-20, 32×32, batch 64": (20, 32, 64),
}
K, CHANNELS = 10, 3


@contextmanager
def busy_process():
    """Run a process that counts without end, and end it."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def beside_busy_process(rounds=6, burst=5):
    """Time a step alone and beside a busy process, in turn; return {case: {which: Timing}}."""
    rng = np.random.default_rng(0)
    table = {}
    for name, (depth, side, batch) in CASES.items():
        model = ResNet((CHANNELS, side, side), K, depth=depth, rng=rng, dtype=np.float32)
        x = rng.standard_normal((batch, CHANNELS, side, side), np.float32)
        step = ours(model, SGD(1e-3), x, rng.integers(K, size=batch), rng)
        alone, beside = [], []
        for _ in range(rounds):
            alone.append(in_turn({"": step}, 1, burst)[""].median)
            with busy_process():
                beside.append(in_turn({"": step}, 1, burst)[""].median)
        table[f"{name}, training step"] = {
            "alone": timing_of(alone),
            "beside a busy process": timing_of(beside),
        }
    return table


def timing_of(seconds):
    """Summarise what was timed in several rounds.

    >>> timing_of([1.0, 2.0, 3.0])
    Timing(median=2.0, low=1.5, high=2.5)
    """
    return Timing(*np.percentile(seconds, [50, 25, 75]).tolist())
