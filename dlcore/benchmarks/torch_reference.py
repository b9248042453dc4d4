"""PyTorch as the reference: the same networks, with the same parameters, on as many threads.

It runs eagerly. Linear layers and convolutions take over our weights, so that both sides
compute the same numbers.

Chapter: book/twolayer.md.
"""

from dlcore.nn.conv import Conv2d, Offset
from dlcore.nn.flatten import Flatten
from dlcore.nn.linear import Linear
from dlcore.nn.pool import MaxPool2d

THREADS = 2


def torch_or_none():
    """Import PyTorch and fix its threads; None where it is not installed."""
    try:
        import torch  # noqa: PLC0415  an optional dependency
    except ImportError:
        return None
    torch.set_num_threads(THREADS)
    return torch


def copied(torch, owner, w, b):
    """Put our parameters into a layer of PyTorch's."""
    with torch.no_grad():
        owner.weight.copy_(torch.from_numpy(w))
        owner.bias.copy_(torch.from_numpy(b))
    return owner


def counterparts(torch, layer, later):
    """List the layers of PyTorch that do what one of ours does; offsets may come later."""
    if isinstance(layer, Linear):
        D, M = layer.params["w"].shape
        return [copied(torch, torch.nn.Linear(D, M), layer.params["w"].T, layer.params["b"])]
    if isinstance(layer, Conv2d):
        F, C, U, V = layer.params["w"].shape
        options = {name: layer.options[name] for name in ("stride", "padding", "dilation")}
        conv = torch.nn.Conv2d(C, F, (U, V), **options)
        rest = [torch.nn.ReLU()] if layer.options.get("rectify") else []
        return [copied(torch, conv, **{"b": later} | layer.params), *rest]
    if isinstance(layer, Offset) and not layer.options["rectify"]:
        return []
    if isinstance(layer, MaxPool2d):
        return [torch.nn.MaxPool2d(layer.options["window"])]
    return [torch.nn.Flatten()] if isinstance(layer, Flatten) else [torch.nn.ReLU()]


def network(torch, model):
    """Build a model of ours with PyTorch's layers."""
    offsets = [layer.params["b"] for layer in model.layers if isinstance(layer, Offset)]
    parts = []
    for layer in model.layers:
        parts += counterparts(torch, layer, next(iter(offsets), None))
        offsets = offsets[1:] if isinstance(layer, Offset) else offsets
    return torch.nn.Sequential(*parts)


def training_step(torch, network, rule, x, t):
    """A training step of PyTorch: scores, loss, gradients, one step of the rule."""

    def step():
        rule.zero_grad()
        torch.nn.functional.cross_entropy(network(x), t).backward()
        rule.step()

    return step
