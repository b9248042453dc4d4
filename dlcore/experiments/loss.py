"""Sanity checks of a first loss: with scores near zero all classes are alike.

Chapter: book/loss.md.
"""

import numpy as np

from dlcore.experiments.experiment import Claim, experiment
from dlcore.ops.loss import cross_entropy, hinge


@experiment(
    "sanity-losses",
    Claim("hinge", 9.0, "000, 001: 9.0003", "equal", 5e-3),
    Claim("softmax", float(np.log(10)), "000, 001: 2.3026", "equal", 5e-3),
    quick=True,
)
def sanity_losses(seed):
    """Fifty examples, ten classes, scores of size a thousandth: nine margins; ln 10."""
    rng = np.random.default_rng(seed)
    x, t = 0.001 * rng.standard_normal((50, 10)), rng.integers(10, size=50)
    return {"hinge": hinge(x, t), "softmax": cross_entropy(x, t)}, {}
