"""Operations: a function, its jvp and its vjp directly under one another.

With any of them come the rules for NumPy's own functions: sums, products, exponentials. The
others are loaded when they are first used; ``dir(dlcore.ops)`` lists them.
"""

from dlcore.lazy import lazily
from dlcore.ops import numpy

__all__ = ["numpy"]

__getattr__, __dir__ = lazily(
    __name__,
    (
        "activation", "conv", "convnet", "densenet", "dropout", "linear", "loss", "norm", "numpy",
        "pool",
    ),
    {
        "activation": ("erf", "gelu", "leaky_relu", "relu", "sigmoid", "softplus", "tanh"),
        "conv": ("add_bias", "conv2d", "conv2d_bias_relu", "use_algorithm"),
        "convnet": ("conv_transpose2d", "flatten"),
        "densenet": ("dense_block_shared",),
        "dropout": ("draw_mask", "pack_mask", "unpack_mask"),
        "loss": (
            "cross_entropy", "hinge", "log_softmax", "logsumexp", "softmax", "squared_error",
        ),
        "norm": (
            "batch_norm", "batch_norm_add_relu", "batch_norm_relu", "batch_statistics",
            "group_norm", "instance_norm", "layer_norm", "local_response_norm", "normalize",
        ),
        "pool": ("avg_pool2d", "global_avg_pool", "max_pool2d", "max_pool2d_indices"),
    },
)  # fmt: skip
