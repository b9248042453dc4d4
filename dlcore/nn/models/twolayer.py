"""The two-layer network: mix, rectify, mix again.

Chapter: book/twolayer.md.
"""

import numpy as np

from dlcore.nn.activation import Activation
from dlcore.nn.linear import Linear
from dlcore.nn.models.model import Model
from dlcore.ops.loss import cross_entropy


class TwoLayer(Model):
    """Scores through one hidden layer:  relu(x w1 + b1) w2 + b2,  (N, D) → (N, M) → (N, K)."""

    def __init__(
        self, D, M, K, *, rng, std=None, dtype=np.float64, activation="relu", measure=cross_entropy
    ):
        super().__init__(
            Linear(D, M, rng=rng, std=std, dtype=dtype),
            Activation(activation),
            Linear(M, K, rng=rng, std=std, dtype=dtype),
            measure=measure,
        )
