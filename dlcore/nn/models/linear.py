"""The linear classifier: one row of weights a pixel, one column a class.

Chapter: book/linear.md.
"""

import numpy as np

from dlcore.nn.linear import Linear
from dlcore.nn.models.model import Model
from dlcore.ops.loss import cross_entropy


class LinearClassifier(Model):
    """Scores are mixtures of the features:  x w + b,  (N, D) → (N, K)."""

    def __init__(self, D, K, *, rng, std=1e-3, dtype=np.float64, measure=cross_entropy):
        super().__init__(Linear(D, K, rng=rng, std=std, dtype=dtype), measure=measure)
