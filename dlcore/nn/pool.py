"""Pooling as layers: operations that own nothing.

Chapter: book/pool.md.
"""

from dlcore.nn.layer import Operation
from dlcore.ops.pool import avg_pool2d, global_avg_pool, max_pool2d


class MaxPool2d(Operation):
    """Keep the largest of every window:  (N, C, H, W) → (N, C, P, Q).

    The options are those of `max_pool2d`, which checks them at a call; without a `stride` the
    windows tile the image.

    >>> import numpy as np
    >>> MaxPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4))[0, 0].tolist()
    [[5.0, 7.0], [13.0, 15.0]]
    """

    def __init__(self, kernel_size, stride=None, padding=0, *, dilation=1, ceil_mode=False):
        options = {"kernel_size": kernel_size, "stride": stride, "padding": padding}
        options |= {"dilation": dilation, "ceil_mode": ceil_mode}
        super().__init__(max_pool2d, options)


class AvgPool2d(Operation):
    """Average every window:  (N, C, H, W) → (N, C, P, Q).

    The options are those of `avg_pool2d`, which checks them at a call; without a `stride` the
    windows tile the image.

    >>> import numpy as np
    >>> AvgPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4))[0, 0].tolist()
    [[2.5, 4.5], [10.5, 12.5]]
    """

    def __init__(
        self, kernel_size, stride=None, padding=0, *, ceil_mode=False, count_include_pad=True
    ):
        options = {"kernel_size": kernel_size, "stride": stride, "padding": padding}
        options |= {"ceil_mode": ceil_mode, "count_include_pad": count_include_pad}
        super().__init__(avg_pool2d, options)


class GlobalAvgPool(Operation):
    """Average whole channels:  (N, C, H, W) → (N, C)  [Lin2014]_.

    >>> import numpy as np
    >>> GlobalAvgPool()(np.arange(8.0).reshape(1, 2, 2, 2))
    array([[1.5, 5.5]])
    """

    def __init__(self):
        super().__init__(global_avg_pool)
