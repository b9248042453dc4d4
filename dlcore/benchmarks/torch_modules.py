"""The deep networks as PyTorch's modules, with our parameters: VGG, ResNet, DenseNet.

Each of our layers has its counterpart here; both sides compute the same numbers.

Chapter: book/norm.md.
"""

from dlcore.benchmarks.torch_reference import copied, linear
from dlcore.nn import (
    Activation,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Dropout,
    GlobalAvgPool,
    Linear,
    MaxPool2d,
)
from dlcore.nn.models.densenet import DenseLayer, DenseNet, NormReLUConv, Transition
from dlcore.nn.models.resnet import (
    IdentityShortcut,
    PreactivationBlock,
    ProjectionShortcut,
    ResidualBlock,
    ResNet,
)
from dlcore.nn.models.vgg import VGG, ConvNormReLU


def conv(torch, layer):
    """Build the counterpart of a convolution, with its ReLU."""
    F, C, U, V = layer.params["w"].shape
    options = {name: layer.options[name] for name in ("stride", "padding", "dilation", "groups")}
    module = torch.nn.Conv2d(C, F, (U, V), bias="b" in layer.params, **options)
    copied(torch, module, **layer.params)
    return [module, torch.nn.ReLU()] if layer.options.get("relu") else [module]


def norm(torch, layer):
    """Build the counterpart of a batch normalisation, with its ReLU."""
    module = torch.nn.BatchNorm2d(layer.state["mean"].size, layer.eps, layer.momentum)
    copied(torch, module, layer.params["gamma"], layer.params["beta"])
    return [module, torch.nn.ReLU()] if layer.relu else [module]


def residual(torch, block):
    """Build the counterpart of a residual block: the ReLU comes after the addition."""

    class Block(torch.nn.Module):
        def __init__(self):
            super().__init__()
            branch = [block.conv1, block.norm1, block.conv2]
            self.branch = chain(torch, *branch)
            self.norm = norm(torch, block.norm2)[0]
            self.shortcut = block.shortcut and chain(torch, block.shortcut)

        def forward(self, x):
            y = self.norm(self.branch(x))
            return torch.relu(y if self.shortcut is None else y + self.shortcut(x))

    return [Block()]


def preactivation(torch, block):
    """Build the counterpart of a block that adds last."""

    class Block(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.branch = chain(torch, block.norm1, block.conv1, block.norm2, block.conv2)
            self.shortcut = block.shortcut and chain(torch, block.shortcut)

        def forward(self, x):
            y = self.branch(x)
            return y if self.shortcut is None else y + self.shortcut(x)

    return [Block()]


def identity(torch, layer):
    """Build the counterpart of a shortcut without parameters."""

    class Shortcut(torch.nn.Module):
        def forward(self, x):
            x = x[:, :, :: layer.stride, :: layer.stride]
            return torch.nn.functional.pad(x, (0, 0, 0, 0, 0, layer.more))

    return [Shortcut()]


def dense(torch, layer):
    """Build the counterpart of a dense layer."""

    class Dense(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.made = chain(torch, *filter(None, (layer.bottleneck, layer.conv)))

        def forward(self, x):
            return torch.cat([x, self.made(x)], dim=1)

    return [Dense()]


def converted(torch, layer):
    """List the modules that compute what a layer computes."""
    nn = torch.nn
    builders = {
        Conv2d: conv,
        BatchNorm: norm,
        Linear: lambda torch, layer: [nn.Flatten(), linear(torch, layer)],
        Activation: lambda torch, layer: [nn.ReLU()],
        Dropout: lambda torch, layer: [nn.Dropout(layer.p)],
        MaxPool2d: lambda torch, layer: [nn.MaxPool2d(2)],
        AvgPool2d: lambda torch, layer: [nn.AvgPool2d(2)],
        GlobalAvgPool: lambda torch, layer: [nn.AdaptiveAvgPool2d(1)],
        IdentityShortcut: identity,
        ResidualBlock: residual,
        PreactivationBlock: preactivation,
        DenseLayer: dense,
    }
    rows = {
        ConvNormReLU: lambda layer: [layer.conv, layer.norm],
        NormReLUConv: lambda layer: [layer.norm, layer.conv],
        ProjectionShortcut: lambda layer: [layer.conv, layer.norm],
        Transition: lambda layer: [layer.conv, layer.pool],
        VGG: lambda layer: [*layer.features, *layer.classifier],
        ResNet: lambda layer: [*layer.body, layer.pool, layer.output],
        DenseNet: lambda layer: [layer.conv, *layer.layers, layer.norm, layer.pool, layer.output],
    }
    for kind, build in builders.items():
        if isinstance(layer, kind):
            return build(torch, layer)
    return list(chain(torch, *filter(None, rows[type(layer)](layer))))


def chain(torch, *layers):
    """Build the counterparts of layers in a row."""
    modules = [module for layer in layers for module in converted(torch, layer)]
    return torch.nn.Sequential(*modules)
