"""Layers in a row, and the sandwiches of which networks are stacked.

Chapter: book/convnet.md.
"""

import numpy as np

from dlcore.nn.activation import ReLU
from dlcore.nn.conv import Conv2d, Offset
from dlcore.nn.linear import Linear
from dlcore.nn.pool import MaxPool2d


def leaves(layers):
    """List the layers of a row, and in the place of a row among them its own layers."""
    return [leaf for layer in layers for leaf in getattr(layer, "layers", (layer,))]


def owners(layers):
    """Name every parameter:  w1, b1, w2, …,  each with its (layer, name).

    If no name comes twice, it is just w, b. A layer whose names the last number does not have
    yet joins it, as offsets do their filters.
    """
    groups = [{}]
    for layer in layers:
        if groups[-1].keys() & layer.params.keys():
            groups.append({})
        groups[-1].update({name: (layer, name) for name in layer.params})
    return {
        (name if len(groups) == 1 else f"{name}{i}"): owner
        for i, group in enumerate(groups, start=1)
        for name, owner in group.items()
    }


class Sequential:
    """A row of layers that is itself a layer: forwards first to last, backwards last to first."""

    def __init__(self, *layers):
        self.layers = leaves(layers)
        self.owners = owners(self.layers)
        self.params = {long: layer.params[name] for long, (layer, name) in self.owners.items()}

    @property
    def grads(self):
        """The gradients of the parameters, by the same names."""
        return {long: layer.grads[name] for long, (layer, name) in self.owners.items()}

    def forward(self, x):
        """Pass x through all layers, once they have let go of the last one."""
        for layer in self.layers:
            layer.forget()
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, y_bar):
        """Receive ȳ, let every layer keep its gradients, return x̄."""
        for layer in reversed(self.layers):
            y_bar = layer.backward(y_bar)
        return y_bar

    def backward_first(self, y_bar):
        """Receive ȳ at a row that nothing comes before, so that x̄ would interest nobody."""
        for layer in reversed(self.layers[1:]):
            y_bar = layer.backward(y_bar)
        self.layers[0].backward_first(y_bar)


class ConvReLU(Sequential):
    """Convolve and rectify, in one layer; takes what `Conv2d` takes."""

    def __init__(self, C, F, window, **options):
        super().__init__(Conv2d(C, F, window, rectify=True, **options))


class ConvReLUPool(Sequential):
    """Convolve, rectify, and keep the largest of every `pool` × `pool` window.

    The largest does not mind whether it is shifted and rectified before it is found or after:
    pooled first, fewer entries are shifted and rectified.
    """

    def __init__(self, C, F, window, *, pool=2, dtype=np.float64, **options):
        conv = Conv2d(C, F, window, bias=False, dtype=dtype, **options)
        super().__init__(conv, MaxPool2d(pool), Offset(F, dtype=dtype, rectify=True))


class LinearReLU(Sequential):
    """Mix and rectify; takes what `Linear` takes."""

    def __init__(self, D, M, **options):
        super().__init__(Linear(D, M, **options), ReLU())
