"""Our models as PyTorch's modules, with our parameters and the names of our layers.

Each of our layers has one module as its counterpart; both sides compute the same numbers. A
module has the path of its layer, so that the file which `dlcore convert` writes is one that
``load_state_dict`` accepts with all names.

Chapter: book/norm.md.
"""

from dlcore.compat.torch import state_dict
from dlcore.nn import (
    Activation,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    ConvReLUPool,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Linear,
    LocalResponseNorm,
    MaxPool2d,
    Sequential,
)
from dlcore.nn.models import (
    MLP,
    VGG,
    DenseNet,
    LinearClassifier,
    ResNet,
    ThreeLayerConvNet,
    TwoLayer,
    TwoLayerConvNet,
)
from dlcore.nn.models.densenet import DenseLayer, NormReLUConv, Transition
from dlcore.nn.models.resnet import (
    IdentityShortcut,
    PreactivationBlock,
    ProjectionShortcut,
    ResidualBlock,
)
from dlcore.nn.models.vgg import ConvNormReLU
from dlcore.ops.activation import relu

ROWS = (  # layers whose attributes are called in their order
    ConvNormReLU, DenseNet, NormReLUConv, ProjectionShortcut, ResNet, Sequential,
    ThreeLayerConvNet, Transition, TwoLayer, TwoLayerConvNet, VGG,
)  # fmt: skip


def counterpart(torch, model):
    """Build a model of ours from PyTorch's modules, with our parameters and state."""
    tensors = {name: torch.tensor(array) for name, array in state_dict(model).items()}
    module = module_of(torch, model).to(next(iter(tensors.values())).dtype)
    module.load_state_dict(tensors, strict=True)
    return module


def module_of(torch, layer):
    """Build the module that computes what a layer computes, with parameters of its own.

    Raises ValueError for a layer that has no counterpart here.
    """
    nn = torch.nn
    builders = {
        Conv2d: conv,
        ConvReLUPool: conv_relu_pool,
        BatchNorm: norm,
        Linear: linear,
        LinearClassifier: linear,
        Activation: activation,
        Flatten: lambda torch, layer: nn.Flatten(),
        Dropout: lambda torch, layer: nn.Dropout(layer.p),
        MaxPool2d: lambda torch, layer: nn.MaxPool2d(**layer.options),
        AvgPool2d: lambda torch, layer: nn.AvgPool2d(**layer.options),
        GlobalAvgPool: lambda torch, layer: nn.AdaptiveAvgPool2d(1),
        LocalResponseNorm: lambda torch, layer: nn.LocalResponseNorm(**layer.options),
        IdentityShortcut: identity,
        ResidualBlock: residual,
        PreactivationBlock: preactivation,
        DenseLayer: dense,
        MLP: mlp,
        ROWS: lambda torch, layer: row(torch, layer.children()),
    }
    for kind, build in builders.items():
        if isinstance(layer, kind):
            return build(torch, layer)
    raise ValueError(f"module_of: layer is {type(layer).__name__}, which has no counterpart")


def row(torch, children):
    """Build the counterpart of (path, layer) in a row, nested as the paths are."""
    inside = {}
    for path, layer in children:
        first, _, rest = path.partition(".")
        inside.setdefault(first, []).append((rest, layer))
    modules = torch.nn.Sequential()
    for first, found in inside.items():
        path, layer = found[0]
        modules.add_module(first, row(torch, found) if path else module_of(torch, layer))
    return modules


def rectified(torch, kind):
    """Derive a kind of modules that apply the ReLU last."""

    class Rectified(kind):
        def forward(self, x):
            return torch.relu(super().forward(x))

    return Rectified


def conv_arguments(layer):
    """Read the arguments of a convolution of PyTorch's from a layer of ours."""
    F, C, U, V = layer.params["w"].shape
    options = {name: layer.options[name] for name in ("stride", "padding", "dilation", "groups")}
    channels = C * options["groups"]
    return {"in_channels": channels, "out_channels": F, "kernel_size": (U, V), **options}


def conv(torch, layer):
    """Build the counterpart of a convolution, with its ReLU."""
    kind = torch.nn.Conv2d
    kind = rectified(torch, kind) if layer.options.get("relu") else kind
    return kind(bias="b" in layer.params, **conv_arguments(layer))


def conv_relu_pool(torch, layer):
    """Build the counterpart of a convolution, its ReLU and its pooling."""

    class ConvReLUMaxPool(rectified(torch, torch.nn.Conv2d)):
        def forward(self, x):
            return torch.nn.functional.max_pool2d(super().forward(x), layer.pool)

    return ConvReLUMaxPool(**conv_arguments(layer))


def norm(torch, layer):
    """Build the counterpart of a batch normalisation, with its ReLU."""
    kind = torch.nn.BatchNorm2d
    kind = rectified(torch, kind) if layer.relu else kind
    return kind(layer.state["mean"].size, layer.eps, layer.momentum, affine=bool(layer.params))


def linear(torch, layer):
    """Build the counterpart of a linear layer, which lays images out flat first."""

    class FlatLinear(torch.nn.Linear):
        def forward(self, x):
            return super().forward(x.flatten(1))

    D, M = layer.params["w"].shape
    return FlatLinear(D, M, bias="b" in layer.params)


def activation(torch, layer):
    """Build the counterpart of a ReLU; raise ValueError for another nonlinearity."""
    if layer.op is not relu:
        raise ValueError(f"activation: {layer.op.__name__} has no counterpart, use the ReLU")
    return torch.nn.ReLU()


def mlp(torch, model):
    """Build the counterpart of a perceptron: one nonlinearity between any two layers."""

    class Perceptron(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = torch.nn.ModuleList(module_of(torch, each) for each in model.layers)
            self.activation = module_of(torch, model.activation)

        def forward(self, x):
            for each in self.layers[:-1]:
                x = self.activation(each(x))
            return self.layers[-1](x)

    return Perceptron()


def composed(torch, layer, forward):
    """Build a module of the layers inside a layer, which `forward(module, x)` calls."""

    class Composed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            for name, inside in layer.children():
                self.add_module(name, module_of(torch, inside))

        def forward(self, x):
            return forward(self, x)

    return Composed()


def residual(torch, block):
    """Build the counterpart of a residual block: its last ReLU comes after the addition."""

    def forward(module, x):
        y = module.conv2(module.norm1(module.conv1(x)))
        y = torch.nn.BatchNorm2d.forward(module.norm2, y)
        return torch.relu(y if block.shortcut is None else y + module.shortcut(x))

    return composed(torch, block, forward)


def preactivation(torch, block):
    """Build the counterpart of a block that adds last."""

    def forward(module, x):
        y = module.conv2(module.norm2(module.conv1(module.norm1(x))))
        return y if block.shortcut is None else y + module.shortcut(x)

    return composed(torch, block, forward)


def identity(torch, layer):
    """Build the counterpart of a shortcut without parameters."""

    class Shortcut(torch.nn.Module):
        def forward(self, x):
            x = x[:, :, :: layer.stride, :: layer.stride]
            return torch.nn.functional.pad(x, (0, 0, 0, 0, 0, layer.more))

    return Shortcut()


def dense(torch, layer):
    """Build the counterpart of a dense layer."""

    def forward(module, x):
        y = x if layer.bottleneck is None else module.bottleneck(x)
        return torch.cat([x, module.conv(y)], dim=1)

    return composed(torch, layer, forward)
