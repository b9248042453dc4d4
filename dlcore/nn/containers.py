"""Layers made of layers.

Chapter: book/twolayer.md.
"""

from dlcore.nn.layer import Layer


class Sequential(Layer):
    """Layers in a row, each applied to what the one before has made.

    A parameter is named by its place in the row, ``layers.0.w``.
    """

    def __init__(self, *layers):
        self.layers = list(layers)

    def __call__(self, x, rng=None):
        """Apply all layers, first to last."""
        for layer in self.layers:
            x = layer(x, rng)
        return x
