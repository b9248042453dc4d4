"""Pooling as layers: operations that own nothing.

Chapter: book/pool.md.
"""

from dlcore.nn.layer import Layer
from dlcore.ops.pool import avg_pool2d, global_avg_pool, max_pool2d


class MaxPool2d(Layer):
    """Keep the largest of every window; without a `stride` the windows tile the image."""

    def __init__(self, window, stride=None, padding=0):
        super().__init__(max_pool2d, {"window": window, "stride": stride, "padding": padding})


class AvgPool2d(Layer):
    """Average every window, zeros of the padding included."""

    def __init__(self, window, stride=None, padding=0):
        super().__init__(avg_pool2d, {"window": window, "stride": stride, "padding": padding})


class GlobalAvgPool(Layer):
    """Average whole channels:  (N, C, H, W) → (N, C)."""

    def __init__(self):
        super().__init__(global_avg_pool)
