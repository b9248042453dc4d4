"""Layers made of layers.

Chapter: book/twolayer.md.
"""

from dlcore.nn.layer import Layer


class Sequential(Layer):
    """Layers in a row, each applied to what the one before has made.

    A parameter is named by its position in the row, ``layers.0.w``.

    >>> import numpy as np
    >>> from dlcore.nn import Linear, ReLU
    >>> rng = np.random.default_rng(0)
    >>> Sequential(Linear(3, 4, rng=rng), ReLU(), Linear(4, 2, rng=rng))(np.ones((5, 3))).shape
    (5, 2)
    """

    def __init__(self, *layers):
        self.layers = list(layers)

    def __call__(self, x, rng=None):
        """Apply all layers, first to last."""
        for layer in self.layers:
            x = layer(x, rng)
        return x
