"""How a notebook finds this package under the name of the course's."""

import sys
from importlib import import_module
from pkgutil import walk_packages

from dlcore.compat import cs231n


def install(name="cs231n"):
    """Let ``import cs231n`` and ``from cs231n.layers import *`` find this package.

    Every module is entered into `sys.modules` under `name`. Raises ImportError where another
    package of that name has been imported already: restart Python, and call this first.

    >>> install("cs231n_here")
    >>> from cs231n_here.classifiers.fc_net import TwoLayerNet
    >>> TwoLayerNet.__module__
    'dlcore.compat.cs231n.classifiers.fc_net'
    """
    if sys.modules.get(name, cs231n) is not cs231n:
        place = getattr(sys.modules[name], "__file__", None)
        raise ImportError(
            f"install: {name} has been imported from {place}, it would be {cs231n.__file__}; "
            "restart Python and call install first"
        )
    sys.modules[name] = cs231n
    own = f"{cs231n.__name__}."
    for module in walk_packages(cs231n.__path__, own):
        path = module.name.removeprefix(own)
        sys.modules[f"{name}.{path}"] = import_module(module.name)
