"""The layer between images and features.

Chapter: book/convnet.md.
"""

from dlcore.nn.layer import Layer
from dlcore.ops.flatten import flatten


class Flatten(Layer):
    """Lay every image out as one row of features:  (N, C, H, W) → (N, C H W)."""

    def __init__(self):
        super().__init__(flatten)
