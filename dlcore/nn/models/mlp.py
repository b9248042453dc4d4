"""The multi-layer perceptron: linear layers with a nonlinearity between any two of them.

Chapter: book/twolayer.md.
"""

from itertools import pairwise

import numpy as np

from dlcore.nn.activation import Activation
from dlcore.nn.layer import Layer
from dlcore.nn.linear import Linear


class MLP(Layer):
    """Scores through any number of hidden layers:  (N, D) → (N, hidden[0]) → … → (N, K).

    Parameters:  layers.i.w, layers.i.b;  without hidden layers it is the linear classifier.
    Raises ValueError for an unknown `activation` and for a hidden layer without units.

    >>> model = MLP(12, (8, 7), 10, rng=np.random.default_rng(0))
    >>> model(np.ones((5, 12))).shape, len(model.layers)
    ((5, 10), 3)
    """

    def __init__(self, D, hidden, K, *, rng, std=None, dtype=np.float64, activation="relu"):
        if any(M < 1 for M in hidden):
            raise ValueError(f"MLP: hidden is {tuple(hidden)}, each layer has at least one unit")
        sizes = pairwise((D, *hidden, K))
        self.layers = [Linear(D, M, rng=rng, std=std, dtype=dtype) for D, M in sizes]
        self.activation = Activation(activation)

    def __call__(self, x, rng=None):
        """Compute the scores of a batch."""
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)
