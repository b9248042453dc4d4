"""What a process pays before its first step: compiling kernels, or only loading them.

Chapter: book/fast.md.
"""

import os
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from statistics import median

import numpy as np

from dlcore.experiments.experiment import experiment

SIZE = (3, 32, 32)
MODULES = ("nn", "nn.models", "ops.loss", "train")
STEPS = 5  # of training; the first pays, the others tell what a step costs


def price(seed=0):
    """Train the three-layer ConvNet in this process; return the seconds that its start costs.

    That is the time to import it, numba included, and what the first step takes longer than
    the fastest of the others.
    """
    start = time.perf_counter()
    nn, models, loss, train = (import_module(f"dlcore.{name}") for name in MODULES)
    imported, rng = time.perf_counter() - start, np.random.default_rng(seed)
    model = models.ThreeLayerConvNet(SIZE, 32, 512, 10, rng=rng, dtype=np.float32)
    optimizer = train.Adam(1e-3)
    x, t = rng.standard_normal((50, *SIZE), np.float32), rng.integers(10, size=50)
    seconds = []
    for _ in range(STEPS):
        start = time.perf_counter()
        _, grads = train.loss_and_grads(model, loss.cross_entropy, x, t)
        optimizer.step(nn.named_parameters(model), grads)
        seconds.append(time.perf_counter() - start)
    return imported + seconds[0] - min(seconds)


def elsewhere(cache, seed):
    """Ask another process for its price, with compiled kernels kept in a folder."""
    code = f"from dlcore.experiments import startup; print(startup.price({seed}))"
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    given = {"env": environment, "capture_output": True, "text": True}
    return float(subprocess.run([sys.executable, "-c", code], check=True, **given).stdout)


@experiment("fast-startup")
def fast_startup(seed):
    """Seconds before a ConvNet's first step: with nothing compiled, and with everything."""
    with tempfile.TemporaryDirectory() as cache:
        cold = elsewhere(cache, seed)
        warm = median(elsewhere(cache, seed) for _ in range(5))
    return {"cold": cold, "warm": warm}, {}
