"""The two-layer network: mix, apply a nonlinearity, mix again.

Chapter: book/twolayer.md.
"""

import numpy as np

from dlcore.nn.activation import Activation
from dlcore.nn.layer import Layer
from dlcore.nn.linear import Linear


class TwoLayer(Layer):
    """Scores through one hidden layer:  relu(x w₁ + b₁) w₂ + b₂,  (N, D) → (N, M) → (N, K).

    Parameters:  hidden.w (D, M), hidden.b (M,), output.w (M, K), output.b (K,).
    Raises ValueError for an unknown `activation`.

    >>> TwoLayer(12, 8, 10, rng=np.random.default_rng(0))(np.ones((5, 12))).shape
    (5, 10)
    """

    def __init__(self, D, M, K, *, rng, std=None, dtype=np.float64, activation="relu"):
        self.hidden = Linear(D, M, rng=rng, std=std, dtype=dtype)
        self.activation = Activation(activation)
        self.output = Linear(M, K, rng=rng, std=std, dtype=dtype)

    def __call__(self, x, rng=None):
        """Compute the scores of a batch."""
        return self.output(self.activation(self.hidden(x)))
