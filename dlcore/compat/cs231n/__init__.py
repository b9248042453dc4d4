"""The names and conventions of the assignments of CS231n, on our operations.

A notebook that imports ``cs231n.layers`` runs on this package after two lines:

    from dlcore.compat import cs231n
    cs231n.install()

Functions have the arguments, caches and results of the course [CS231n]_; each docstring says
what differs. The modules are loaded when they are first used.
"""

import sys
from importlib import import_module

from dlcore.lazy import lazily

MODULES = (
    "chance", "classifier_trainer", "classifiers", "data_utils", "fast_layers", "gradient_check",
    "layer_utils", "layers", "normalization", "optim", "solver", "vis_utils",
)  # fmt: skip
CLASSIFIERS = (
    "cnn", "convnet", "fc_net", "k_nearest_neighbor", "linear_classifier", "linear_svm", "network",
    "neural_net", "softmax",
)  # fmt: skip


def install(name="cs231n"):
    """Let ``import cs231n`` and ``from cs231n.layers import *`` find this package.

    Every module is entered into `sys.modules` under `name`. Raises ImportError where another
    package of that name has been imported already: restart Python, and call this first.

    >>> install("cs231n_here")
    >>> from cs231n_here.classifiers.fc_net import TwoLayerNet
    >>> TwoLayerNet.__module__
    'dlcore.compat.cs231n.classifiers.fc_net'
    """
    own = sys.modules[__name__]
    if sys.modules.get(name, own) is not own:
        place = getattr(sys.modules[name], "__file__", None)
        raise ImportError(
            f"install: {name} has been imported from {place}, it would be {own.__file__}; restart "
            "Python and call install first"
        )
    paths = [*MODULES, *(f"classifiers.{module}" for module in CLASSIFIERS)]
    sys.modules[name] = own
    for path in paths:
        sys.modules[f"{name}.{path}"] = import_module(f"{__name__}.{path}")


__getattr__, __dir__ = lazily(__name__, MODULES, {})
