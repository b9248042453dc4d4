"""PyTorch as the reference: the same networks, the same parameters, as many threads.

It runs eagerly. Linear layers and convolutions take over our weights, so that both sides
compute the same numbers.

Chapter: book/twolayer.md.
"""

from dlcore.nn import Activation, ConvReLUPool, Flatten, Linear, named_layers
from dlcore.nn.models import LinearClassifier

THREADS = 2


def torch_or_none():
    """Import PyTorch and fix its threads; None where it is not installed."""
    try:
        import torch  # noqa: PLC0415  an optional dependency
    except ImportError:
        return None
    torch.set_num_threads(THREADS)
    return torch


def copied(torch, layer, w, b=None):
    """Put our parameters into a layer of PyTorch's, and take over their precision."""
    layer.to(torch.from_numpy(w).dtype)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(w))
        if b is not None:
            layer.bias.copy_(torch.from_numpy(b))
    return layer


def linear(torch, layer):
    """Build the counterpart of a linear layer."""
    D, M = layer.params["w"].shape
    return copied(torch, torch.nn.Linear(D, M), layer.params["w"].T, layer.params["b"])


def conv_relu_pool(torch, layer):
    """Build the counterparts of a convolution, its ReLU and its pooling."""
    F, C, U, V = layer.params["w"].shape
    options = {name: layer.options[name] for name in ("stride", "padding", "dilation")}
    conv = copied(torch, torch.nn.Conv2d(C, F, (U, V), **options), **layer.params)
    return conv, torch.nn.ReLU(), torch.nn.MaxPool2d(layer.pool)


def network(torch, model):
    """Build one of our models with PyTorch's layers and our parameters."""
    parts = []
    for layer in named_layers(model).values():
        if isinstance(layer, Linear | LinearClassifier):
            parts.append(linear(torch, layer))
        elif isinstance(layer, ConvReLUPool):
            parts.extend(conv_relu_pool(torch, layer))
        elif isinstance(layer, Flatten):
            parts.append(torch.nn.Flatten())
        elif isinstance(layer, Activation):
            parts.append(torch.nn.ReLU())
    return torch.nn.Sequential(*parts)


def training_step(torch, network, optimizer, x, t):
    """A training step of PyTorch: scores, loss, gradients, one step of the optimizer."""

    def step():
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(x), t).backward()
        optimizer.step()

    return step
