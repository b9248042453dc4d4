"""The linear classifier: one row of weights a pixel, one column a class.

Chapter: book/linear.md.
"""

import numpy as np

from dlcore.nn.init import normal
from dlcore.nn.layer import Layer
from dlcore.nn.linear import flat
from dlcore.ops.linear import linear


class LinearClassifier(Layer):
    """Scores are linear in the features:  x w + b,  (N, D) → (N, K).

    Its parameters are w (D, K), drawn from N(0, std²), and b (K,), zero. Images are laid out
    flat first, D = C H W.

    >>> LinearClassifier(12, 10, rng=np.random.default_rng(0))(np.ones((5, 3, 2, 2))).shape
    (5, 10)
    """

    weights = ("w",)

    def __init__(self, D, K, *, rng, std=1e-3, dtype=np.float64):
        w = normal((D, K), std=std, rng=rng, dtype=dtype)
        self.params = {"w": w, "b": np.zeros(K, dtype)}

    def __call__(self, x, rng=None):
        """Compute the scores of a batch."""
        return linear(flat(x), **self.params)
