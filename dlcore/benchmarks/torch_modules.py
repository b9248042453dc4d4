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
from dlcore.nn.models.darts import AuxiliaryHead, Cell, Darts
from dlcore.nn.models.densenet import DenseBlock, DenseLayer, NormReLUConv, Transition
from dlcore.nn.models.resnet import (
    IdentityShortcut,
    PreactivationBlock,
    ProjectionShortcut,
    ResidualBlock,
)
from dlcore.nn.models.search import SearchCell, SearchNetwork
from dlcore.nn.models.vgg import ConvNormReLU
from dlcore.nn.search import (
    FactorizedReduce,
    Identity,
    MixedOperation,
    ReLUConvNorm,
    SeparableConv,
    Zero,
)
from dlcore.ops.activation import relu

ROWS = (  # layers whose attributes are called in their order
    AuxiliaryHead, ConvNormReLU, DenseBlock, DenseNet, NormReLUConv, ProjectionShortcut,
    ReLUConvNorm, ResNet, SeparableConv, Sequential, ThreeLayerConvNet, Transition, TwoLayer,
    TwoLayerConvNet, VGG,
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
        Identity: lambda torch, layer: nn.Identity(),
        Zero: zero,
        FactorizedReduce: factorized_reduce,
        MixedOperation: mixed_operation,
        Cell: cell,
        SearchCell: search_cell,
        Darts: darts,
        SearchNetwork: search_network,
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
    """Build a module of the layers inside a layer, which `forward(module, *inputs)` calls."""

    class Composed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            for name, inside in row(torch, layer.children()).named_children():
                self.add_module(name, inside)

        def forward(self, *inputs):
            return forward(self, *inputs)

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


def zero(torch, layer):
    """Build the counterpart of an absent edge."""
    return composed(torch, layer, lambda module, x: 0 * x[..., :: layer.stride, :: layer.stride])


def factorized_reduce(torch, layer):
    """Build the counterpart of two convolutions of stride 2, one pixel apart."""

    def forward(module, x):
        x = torch.relu(x)
        H, W = x.shape[2:]
        moved = torch.nn.functional.pad(x, (0, W % 2, 0, H % 2))[:, :, 1:, 1:]
        return module.norm(torch.cat([module.conv1(x), module.conv2(moved)], dim=1))

    return composed(torch, layer, forward)


def mixed_operation(torch, layer):
    """Build the counterpart of a weighted sum of operations."""

    def forward(module, x, weights):
        return sum(w * each(x) for w, each in zip(weights, module.operations, strict=True))

    return composed(torch, layer, forward)


def cell(torch, layer):
    """Build the counterpart of a cell without drop-path."""

    def forward(module, s0, s1):
        states = [module.preprocess0(s0), module.preprocess1(s1)]
        for k in range(0, len(layer.inputs), 2):
            terms = [module.operations[e](states[layer.inputs[e]]) for e in (k, k + 1)]
            states.append(terms[0] + terms[1])
        return torch.cat([states[node] for node in layer.concat], dim=1)

    return composed(torch, layer, forward)


def search_cell(torch, layer):
    """Build the counterpart of a cell with all operations on every edge."""

    def forward(module, s0, s1, weights):
        states = [module.preprocess0(s0), module.preprocess1(s1)]
        for node in sorted({node for node, _ in layer.edges}):
            rows = [row for row, edge in enumerate(layer.edges) if edge[0] == node]
            terms = [module.mixed[row](states[layer.edges[row][1]], weights[row]) for row in rows]
            states.append(sum(terms))
        return torch.cat(states[2:], dim=1)

    return composed(torch, layer, forward)


def darts(torch, model):
    """Build the counterpart of a network of cells; in training it returns both scores."""

    def forward(module, x):
        s0 = s1 = module.stem(x)
        auxiliary = None
        for k, each in enumerate(module.cells):
            s0, s1 = s1, each(s0, s1)
            if k == model.second_reduction and model.auxiliary and module.training:
                auxiliary = module.auxiliary(s1)
        scores = module.output(module.pool(s1))
        return scores if auxiliary is None else (scores, auxiliary)

    return composed(torch, model, forward)


def search_network(torch, model):
    """Build the counterpart of the network of a search, a function of images and both α."""

    def forward(module, x, alphas):
        weights = {kind: torch.softmax(array, dim=1) for kind, array in alphas.items()}
        s0 = s1 = module.stem(x)
        for kind, each in zip(model.kinds, module.cells, strict=True):
            s0, s1 = s1, each(s0, s1, weights[kind])
        return module.output(module.pool(s1))

    return composed(torch, model, forward)
