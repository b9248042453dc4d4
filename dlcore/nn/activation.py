"""Activations as layers: operations that own nothing.

Chapter: book/activation.md.
"""

from dlcore.nn.layer import Operation
from dlcore.ops import activation as ops

ACTIVATIONS = {
    "relu": ops.relu,
    "leaky_relu": ops.leaky_relu,
    "tanh": ops.tanh,
    "sigmoid": ops.sigmoid,
    "softplus": ops.softplus,
    "gelu": ops.gelu,
}


class Activation(Operation):
    """Apply one function of one number to every entry, chosen by name from `ACTIVATIONS`.

    The options are those of the function. Raises ValueError for an unknown name.

    >>> import numpy as np
    >>> Activation("leaky_relu", slope=0.5)(np.array([-2.0, 3.0]))
    array([-1.,  3.])
    """

    def __init__(self, name="relu", **options):
        if name not in ACTIVATIONS:
            raise ValueError(f"Activation: name is {name!r}, use one of {', '.join(ACTIVATIONS)}")
        super().__init__(ACTIVATIONS[name], options)


class ReLU(Activation):
    """Keep what is positive:  y = max(0, x),  of any shape  [Nair2010]_.

    >>> import numpy as np
    >>> ReLU()(np.array([-2.0, 3.0]))
    array([0., 3.])
    """

    def __init__(self):
        super().__init__("relu")
