"""The names and conventions of the assignments of CS231n, on our operations.

A notebook that imports ``cs231n.layers`` runs on this package after two lines:

    from dlcore.compat import cs231n
    cs231n.install()

Functions have the arguments, caches and results of the course [CS231n]_; each docstring says
what differs. The modules are loaded when they are first used.
"""

from dlcore.lazy import lazily

__getattr__, __dir__ = lazily(
    __name__,
    (
        "classifier_trainer", "classifiers", "data_utils", "fast_layers", "gradient_check",
        "layer_utils", "layers", "normalization", "optim", "solver", "vis_utils",
    ),
    {"notebooks": ("install",)},
)  # fmt: skip
