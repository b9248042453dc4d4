"""Sanity checks of a first loss: with scores near zero all classes are alike.

Chapter: book/loss.md.
"""

import numpy as np

from dlcore.experiments.experiment import Claim, experiment
from dlcore.ops.loss import cross_entropy, hinge

# Four standard deviations of the difference of two draws. A loss is a mean over fifty examples;
# that of an example sums nine margins, of 0.001 √90 together, or is near -x, of 0.001.
HINGE = 4 * np.sqrt(2) * 0.001 * np.sqrt(90 / 50)
SOFTMAX = 4 * np.sqrt(2) * 0.001 * np.sqrt(1 / 50)


@experiment(
    "sanity-losses",
    Claim("hinge", 9.00013744609, "000; 001 prints 9.000324", "about", HINGE),
    Claim("softmax", 2.30259933152, "000; 001 prints 2.302618", "about", SOFTMAX),
    quick=True,
)
def sanity_losses(seed):
    """Fifty examples, ten classes, scores of size a thousandth: near nine margins and ln 10."""
    rng = np.random.default_rng(seed)
    x, t = 0.001 * rng.standard_normal((50, 10)), rng.integers(10, size=50)
    return {"hinge": hinge(x, t), "softmax": cross_entropy(x, t)}, {}
