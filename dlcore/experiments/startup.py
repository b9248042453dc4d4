"""The seconds before the first step of a process: compiling kernels, or only loading them.

This module imports nothing of dlcore, so that the time to import is part of what is measured.

Chapter: book/fast.md.
"""

import time
from importlib import import_module

import numpy as np

SIZE = (3, 32, 32)
MODULES = ("nn", "nn.models", "ops.loss", "train")
STEPS = 5  # of training; the first includes the start, the others say what a step costs


def seconds_before_first_step(seed=0):
    """Train the three-layer ConvNet in this process; return the seconds that its start costs.

    That is the time to import it, numba included, and what the first step takes longer than
    the fastest of the others.
    """
    start = time.perf_counter()
    nn, models, loss, train = (import_module(f"dlcore.{name}") for name in MODULES)
    imported = time.perf_counter() - start
    rng = np.random.default_rng(seed)
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
