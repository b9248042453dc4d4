"""Benchmark of augmentation: a batch mirrored, cropped and cut out, beside its step.

Chapter: book/augment.md.
"""

import numpy as np

from dlcore.benchmarks.convnet import ours
from dlcore.benchmarks.timing import in_turn
from dlcore.data.augment import compose, crop, cutout, flip
from dlcore.kernels.machine.layout import from_batch_last, to_batch_last
from dlcore.nn.models import VGG
from dlcore.train.optim import SGD

SIZE, K, N = (3, 32, 32), 10, 500
STEP = f"training step of the VGG, batch {N}"


def augmentation(rounds=3, burst=2):
    """Time a training step and the augmentation of its batch; return {case: {name: Timing}}."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((N, *SIZE), np.float32)
    t = rng.integers(K, size=N)
    augment = compose(flip, crop(4), cutout(8))
    model = VGG(SIZE, K, batch_norm=True, rng=rng, dtype=np.float32)
    step = ours(model, SGD(1e-3), from_batch_last(to_batch_last(x)), t, rng)
    runs = {STEP: step, "flip, crop and cutout": lambda: augment(x, rng)}
    return {"augmentation": in_turn(runs, rounds, burst)}
