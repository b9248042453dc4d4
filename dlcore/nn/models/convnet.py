"""The two ConvNets of the sources: one convolution, then one linear layer or two.

Chapter: book/convnet.md.
"""

import numpy as np

from dlcore.nn.flatten import Flatten
from dlcore.nn.linear import Linear
from dlcore.nn.models.model import Model
from dlcore.nn.sequential import ConvReLUPool, LinearReLU
from dlcore.ops.loss import cross_entropy

POOL = 2


class ConvNet(Model):
    """A model of images: maps take more room than features, so fewer are judged at once."""

    def predict(self, x, batch=250):
        """Name the class with the highest score, for any number of images."""
        return super().predict(x, batch)


def pooled(size, F):
    """Count the features that F maps of (H, W) leave after pooling:  F ⌊H/2⌋ ⌊W/2⌋.

    >>> pooled((3, 32, 32), 32)
    8192
    """
    _, H, W = size
    if min(H, W) < POOL:
        raise ValueError(f"ConvNet: H, W is {H, W} in size, pass images of {POOL} × {POOL} or more")
    return F * (H // POOL) * (W // POOL)


class TwoLayerConvNet(ConvNet):
    """Scores through one convolution:  conv – relu – pool – linear,  (N, C, H, W) → (N, K).

    `size` is (C, H, W). The padding keeps height and width, pooling halves them.
    """

    def __init__(
        self, size, F, K, *, rng, window=5, std=None, dtype=np.float64, measure=cross_entropy
    ):
        drawn = {"rng": rng, "std": std, "dtype": dtype}
        super().__init__(
            ConvReLUPool(size[0], F, window, padding="same", pool=POOL, **drawn),
            Flatten(),
            Linear(pooled(size, F), K, **drawn),
            measure=measure,
        )


class ThreeLayerConvNet(ConvNet):
    """One more layer:  conv – relu – pool – linear – relu – linear,  (N, C, H, W) → (N, K).

    `M` is the number of hidden units between the two linear layers.
    """

    def __init__(
        self, size, F, M, K, *, rng, window=7, std=None, dtype=np.float64, measure=cross_entropy
    ):
        drawn = {"rng": rng, "std": std, "dtype": dtype}
        super().__init__(
            ConvReLUPool(size[0], F, window, padding="same", pool=POOL, **drawn),
            Flatten(),
            LinearReLU(pooled(size, F), M, **drawn),
            Linear(M, K, **drawn),
            measure=measure,
        )
