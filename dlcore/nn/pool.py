"""Pooling as layers: operations that own nothing.

Chapter: book/pool.md.
"""

from dlcore.nn.layer import Operation
from dlcore.ops.pool import avg_pool2d, global_avg_pool, max_pool2d


class MaxPool2d(Operation):
    """Keep the largest of every window; without a `stride` the windows tile the image.

    (N, C, H, W) → (N, C, P, Q).
    """

    def __init__(self, kernel_size, stride=None, padding=0):
        options = {"kernel_size": kernel_size, "stride": stride, "padding": padding}
        super().__init__(max_pool2d, options)


class AvgPool2d(Operation):
    """Average every window, zeros of the padding included:  (N, C, H, W) → (N, C, P, Q)."""

    def __init__(self, kernel_size, stride=None, padding=0):
        options = {"kernel_size": kernel_size, "stride": stride, "padding": padding}
        super().__init__(avg_pool2d, options)


class GlobalAvgPool(Operation):
    """Average whole channels:  (N, C, H, W) → (N, C)."""

    def __init__(self):
        super().__init__(global_avg_pool)
