"""The two ConvNets of the sources: one convolution, then one linear layer or two.

Chapter: book/convnet.md.
"""

import numpy as np

from dlcore.nn.activation import ReLU
from dlcore.nn.convnet import ConvReLUPool, Flatten
from dlcore.nn.layer import Layer
from dlcore.nn.linear import Linear

POOL = 2


def pooled(size, F):
    """Count the features that F maps of (H, W) leave after pooling:  F ⌊H/2⌋ ⌊W/2⌋.

    Raises ValueError for images smaller than 2 × 2.

    >>> pooled((3, 32, 32), 32)
    8192
    """
    _, H, W = size
    if min(H, W) < POOL:
        raise ValueError(f"ConvNet: H, W is {H, W} in size, pass images of {POOL} × {POOL} or more")
    return F * (H // POOL) * (W // POOL)


class TwoLayerConvNet(Layer):
    """Scores through one convolution:  conv – relu – pool – linear,  (N, C, H, W) → (N, K).

    `size` is (C, H, W). The padding keeps height and width, pooling halves them. Raises
    ValueError for images smaller than 2 × 2.

    >>> TwoLayerConvNet((3, 8, 8), 4, 10, rng=np.random.default_rng(0))(np.ones((2, 3, 8, 8))).shape
    (2, 10)
    """

    def __init__(self, size, F, K, *, rng, kernel_size=5, std=None, dtype=np.float64):
        drawn = {"rng": rng, "std": std, "dtype": dtype}
        self.conv = ConvReLUPool(size[0], F, kernel_size, padding="same", pool=POOL, **drawn)
        self.flatten = Flatten()
        self.output = Linear(pooled(size, F), K, **drawn)

    def __call__(self, x, rng=None):
        """Compute the scores of a batch."""
        return self.output(self.flatten(self.conv(x)))


class ThreeLayerConvNet(Layer):
    """One more layer:  conv – relu – pool – linear – relu – linear,  (N, C, H, W) → (N, K).

    `M` is the number of hidden units between the two linear layers. Raises ValueError for
    images smaller than 2 × 2.

    >>> model = ThreeLayerConvNet((3, 8, 8), 4, 16, 10, rng=np.random.default_rng(0))
    >>> model(np.ones((2, 3, 8, 8))).shape
    (2, 10)
    """

    def __init__(self, size, F, M, K, *, rng, kernel_size=7, std=None, dtype=np.float64):
        drawn = {"rng": rng, "std": std, "dtype": dtype}
        self.conv = ConvReLUPool(size[0], F, kernel_size, padding="same", pool=POOL, **drawn)
        self.flatten = Flatten()
        self.hidden = Linear(pooled(size, F), M, **drawn)
        self.relu = ReLU()
        self.output = Linear(M, K, **drawn)

    def __call__(self, x, rng=None):
        """Compute the scores of a batch."""
        features = self.flatten(self.conv(x))
        return self.output(self.relu(self.hidden(features)))
