"""The dictionary from our names and layouts to those of PyTorch's modules.

Both libraries name an array by its path through the layers. The paths are ours, such as
``blocks.0.conv1``; PyTorch's modules have these names in `dlcore.benchmarks.torch_modules`.
The name of the array after the path, and the order of its axes, are given by the layer:

==================  ==========================  =====================  =======================
layer               ours                        PyTorch's              module
==================  ==========================  =====================  =======================
Linear              w (D, M)                    weight (M, D)          Linear
LinearClassifier    w (D, K)                    weight (K, D)          Linear
Conv2d              w (F, C / groups, U, V)     weight, the same       Conv2d
ConvReLUPool        w (F, C / groups, U, V)     weight, the same       Conv2d
ConvTranspose2d     w (C, F / groups, U, V)     weight, the same       ConvTranspose2d
all of these        b                           bias
BatchNorm           gamma, beta (C,)            weight, bias           BatchNorm1d, 2d
.                   mean, var (C,)              running_mean, _var     .
.                   nothing                     num_batches_tracked    .
GroupNorm           gamma, beta (C,)            weight, bias           GroupNorm
LayerNorm           gamma, beta (C,)            weight, bias           GroupNorm of one group
InstanceNorm        gamma, beta (C,)            weight, bias           InstanceNorm2d, affine
==================  ==========================  =====================  =======================

A linear layer behind maps needs no other order of its features: both libraries lay an image out
as channels, then rows, then columns.

Chapter: book/pytorch.md.
"""

from typing import NamedTuple

from dlcore.nn import (
    BatchNorm,
    Conv2d,
    ConvReLUPool,
    ConvTranspose2d,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    Linear,
    named_layers,
)
from dlcore.nn.layer import joined
from dlcore.nn.models import LinearClassifier

TRANSPOSED = (Linear, LinearClassifier)  # their modules multiply by the transpose of the weights
UNCHANGED = (
    Conv2d, ConvReLUPool, ConvTranspose2d, BatchNorm, GroupNorm, LayerNorm, InstanceNorm,
)  # fmt: skip
NAMES = {
    "w": "weight",
    "b": "bias",
    "gamma": "weight",
    "beta": "bias",
    "mean": "running_mean",
    "var": "running_var",
}
COUNT = "num_batches_tracked"  # PyTorch reads it for norms with momentum=None only


class Entry(NamedTuple):
    """One array under both names.

    ==========  ==========================================================
    kind        "params" or "state"
    path        our name of the array
    name        PyTorch's
    transposed  whether one is the transpose of the other
    ==========  ==========================================================

    >>> Entry("params", "hidden.w", "hidden.weight", transposed=True).name
    'hidden.weight'
    """

    kind: str
    path: str
    name: str
    transposed: bool

    def turned(self, array):
        """Bring an array from one layout to the other, whichever it has.

        >>> import numpy as np
        >>> Entry("params", "w", "weight", transposed=True).turned(np.ones((3, 2))).shape
        (2, 3)
        """
        return array.T if self.transposed else array


def dictionary(model):
    """List an `Entry` for every parameter and every array of state, by walking the layers.

    Raises ValueError for a layer that owns arrays and is not in the table of this module.

    >>> import numpy as np
    >>> from dlcore.nn.models import ResNet
    >>> for entry in dictionary(ResNet(depth=8, rng=None))[5:9]:
    ...     print(entry.path, entry.name)
    blocks.0.conv1.w blocks.0.conv1.weight
    blocks.0.norm1.gamma blocks.0.norm1.weight
    blocks.0.norm1.beta blocks.0.norm1.bias
    blocks.0.norm1.mean blocks.0.norm1.running_mean
    """
    entries = []
    for path, layer in named_layers(model).items():
        for kind in ("params", "state"):
            for name in getattr(layer, kind):
                require_known(path, layer)
                transposed = name == "w" and isinstance(layer, TRANSPOSED)
                entry = Entry(kind, joined(path, name), joined(path, NAMES[name]), transposed)
                entries.append(entry)
    return entries


def require_known(path, layer):
    """Refuse a layer that owns arrays whose names in PyTorch are not known.

    Raises ValueError.

    >>> require_known("hidden", Linear(3, 2, rng=None))
    """
    if not isinstance(layer, TRANSPOSED + UNCHANGED):
        raise ValueError(
            f"dictionary: {path or 'the model'} is {type(layer).__name__}, "
            "whose arrays have no names in PyTorch"
        )


def counts(model):
    """List PyTorch's names of the numbers of batches that its norms have seen.

    >>> from dlcore.nn import Sequential
    >>> counts(Sequential(Linear(3, 2, rng=None), BatchNorm(2)))
    ['layers.1.num_batches_tracked']
    """
    layers = named_layers(model).items()
    return [joined(path, COUNT) for path, layer in layers if isinstance(layer, BatchNorm)]
