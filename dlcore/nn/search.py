"""Operations that an architecture search chooses from, and their mixture.

A cell is a graph whose edges carry operations. While a search runs, an edge carries all of them,
weighted; afterwards one of them. The names and operations are those of DARTS [Liu2019]_.

Chapter: book/search.md.
"""

from typing import NamedTuple

import numpy as np

from dlcore.nn.activation import ReLU
from dlcore.nn.containers import Sequential
from dlcore.nn.conv import Conv2d
from dlcore.nn.layer import Layer
from dlcore.nn.norm import BatchNorm
from dlcore.nn.pool import AvgPool2d, MaxPool2d
from dlcore.shapes import ShapeError


class Identity(Layer):
    """Return x itself.

    >>> Identity()(np.ones(2))
    array([1., 1.])
    """

    def __call__(self, x, rng=None):
        """Return x."""
        return x


class Zero(Layer):
    """Return zeros: the operation of an edge that is absent.

    (N, C, H, W) → (N, C, ⌈H / stride⌉, ⌈W / stride⌉).

    >>> Zero(2)(np.ones((2, 3, 7, 4))).shape
    (2, 3, 4, 2)
    """

    def __init__(self, stride=1):
        self.stride = stride

    def __call__(self, x, rng=None):
        """Return zeros of the shape and dtype that the other operations have."""
        N, C, H, W = x.shape
        return np.zeros((N, C, -(-H // self.stride), -(-W // self.stride)), x.dtype)


class ReLUConvNorm(Layer):
    """Apply the ReLU, convolve without a bias, normalise:  (N, C, H, W) → (N, F, H, W).

    The side of the filters is odd. With `affine` the norm has a scale and a shift.

    >>> layer = ReLUConvNorm(3, 4, 1, rng=np.random.default_rng(0))
    >>> layer(np.ones((2, 3, 8, 8))).shape
    (2, 4, 8, 8)
    """

    def __init__(self, C, F, kernel_size, *, affine=True, rng, dtype=np.float64):
        padding = kernel_size // 2
        self.relu = ReLU()
        self.conv = Conv2d(C, F, kernel_size, padding=padding, bias=False, rng=rng, dtype=dtype)
        self.norm = BatchNorm(F, affine=affine, dtype=dtype)

    def __call__(self, x, rng=None):
        """Compute the feature maps of a batch."""
        return self.norm(self.conv(self.relu(x, rng), rng), rng)


class SeparableConv(Layer):
    """Filter each channel by itself, then mix channels:  ReLU, depthwise, 1 × 1, norm.

    (N, C, H, W) → (N, C, ⌈H / stride⌉, ⌈W / stride⌉), for filters of an odd side. A depthwise
    convolution has one filter per channel; it takes C U² weights and the mixture C², where a
    convolution takes C² U². With a `dilation` a, the taps lie a apart. Source: [Chollet2017]_.

    >>> layer = SeparableConv(4, 3, stride=2, rng=np.random.default_rng(0))
    >>> layer(np.ones((2, 4, 8, 8))).shape, layer.depthwise.params["w"].shape
    ((2, 4, 4, 4), (4, 1, 3, 3))
    """

    def __init__(self, C, kernel_size, *, stride=1, dilation=1, affine=True, rng, dtype=np.float64):
        drawn = {"bias": False, "rng": rng, "dtype": dtype}
        window = {"stride": stride, "dilation": dilation, "padding": dilation * (kernel_size // 2)}
        self.relu = ReLU()
        self.depthwise = Conv2d(C, C, kernel_size, groups=C, **window, **drawn)
        self.pointwise = Conv2d(C, C, 1, **drawn)
        self.norm = BatchNorm(C, affine=affine, dtype=dtype)

    def __call__(self, x, rng=None):
        """Compute the feature maps of a batch."""
        y = self.depthwise(self.relu(x, rng), rng)
        return self.norm(self.pointwise(y, rng), rng)


class FactorizedReduce(Layer):
    """Halve height and width by two convolutions of 1 × 1, one pixel apart.

    (N, C, H, W) → (N, F, ⌈H/2⌉, ⌈W/2⌉). One reads the pixels (2p, 2q), the other the pixels
    (2p + 1, 2q + 1), with zeros beside an odd side; each makes F / 2 maps. A single one of
    stride 2 would read a quarter of the image. Raises ValueError for an odd F.

    >>> layer = FactorizedReduce(3, 4, rng=np.random.default_rng(0))
    >>> layer(np.ones((2, 3, 8, 8))).shape
    (2, 4, 4, 4)
    """

    def __init__(self, C, F, *, affine=True, rng, dtype=np.float64):
        if F % 2:
            raise ValueError(f"FactorizedReduce: F is {F}, two convolutions make half of it each")
        drawn = {"stride": 2, "bias": False, "rng": rng, "dtype": dtype}
        self.relu = ReLU()
        self.conv1 = Conv2d(C, F // 2, 1, **drawn)
        self.conv2 = Conv2d(C, F // 2, 1, **drawn)
        self.norm = BatchNorm(F, affine=affine, dtype=dtype)

    def __call__(self, x, rng=None):
        """Compute the feature maps of a batch."""
        x = self.relu(x, rng)
        halves = [self.conv1(x, rng), self.conv2(one_pixel_on(x), rng)]
        return self.norm(np.concatenate(halves, axis=1), rng)


def one_pixel_on(x):
    """Drop the first row and column of images, and append zeros where a side is odd.

    >>> one_pixel_on(np.arange(9.0).reshape(1, 1, 3, 3))[0, 0].tolist()
    [[4.0, 5.0, 0.0], [7.0, 8.0, 0.0], [0.0, 0.0, 0.0]]
    """
    H, W = x.shape[2:]
    if H % 2 or W % 2:
        x = np.pad(x, ((0, 0), (0, 0), (0, H % 2), (0, W % 2)))
    return x[:, :, 1:, 1:]


def skip_connection(C, stride, *, affine, rng, dtype):
    """Build `skip_connect`: x itself, or at a stride of 2 a `FactorizedReduce`.

    >>> type(skip_connection(4, 1, affine=True, rng=None, dtype=float)).__name__
    'Identity'
    """
    if stride == 1:
        return Identity()
    return FactorizedReduce(C, C, affine=affine, rng=rng, dtype=dtype)


def separable(kernel_size):
    """Make the function that builds `sep_conv`: two separable convolutions in a row.

    >>> len(separable(3)(4, 2, affine=True, rng=None, dtype=float).layers)
    2
    """

    def build(C, stride, **options):
        first = SeparableConv(C, kernel_size, stride=stride, **options)
        return Sequential(first, SeparableConv(C, kernel_size, **options))

    return build


def dilated(kernel_size):
    """Make the function that builds `dil_conv`: one separable convolution of dilation 2.

    >>> dilated(3)(4, 2, affine=True, rng=None, dtype=float).depthwise.options["dilation"]
    2
    """

    def build(C, stride, **options):
        return SeparableConv(C, kernel_size, stride=stride, dilation=2, **options)

    return build


OPERATIONS = {  # each builds a layer:  build(C, stride, affine=…, rng=…, dtype=…)
    "none": lambda C, stride, **drawn: Zero(stride),
    "max_pool_3x3": lambda C, stride, **drawn: MaxPool2d(3, stride, 1),
    "avg_pool_3x3": lambda C, stride, **drawn: AvgPool2d(3, stride, 1, count_include_pad=False),
    "skip_connect": skip_connection,
    "sep_conv_3x3": separable(3),
    "sep_conv_5x5": separable(5),
    "dil_conv_3x3": dilated(3),
    "dil_conv_5x5": dilated(5),
}


def operation(name, C, stride, *, affine=True, rng, dtype=np.float64):
    """Build an operation by its name: C channels in and out, at a stride of 1 or 2.

    Raises ValueError for a name that is not in `OPERATIONS`.

    >>> operation("sep_conv_3x3", 4, 2, rng=np.random.default_rng(0))(np.ones((2, 4, 8, 8))).shape
    (2, 4, 4, 4)
    """
    if name not in OPERATIONS:
        raise ValueError(f"operation: name is {name!r}, use one of {', '.join(OPERATIONS)}")
    return OPERATIONS[name](C, stride, affine=affine, rng=rng, dtype=dtype)


class MixedOperation(Layer):
    """Add up all operations of an edge, weighted:  y = Σ_o weights[o] o(x)  [Liu2019]_.

    (N, C, H, W) → (N, C, ⌈H / stride⌉, ⌈W / stride⌉). No norm inside has a scale or a shift: the
    weights are the only scales. A pool is followed by a norm, so that all operations are of one
    size. Raises ValueError for a name that is not in `OPERATIONS`.

    >>> mixed = MixedOperation(3, 1, ("none", "skip_connect"), rng=np.random.default_rng(0))
    >>> mixed(np.ones((1, 3, 1, 1)), np.array([0.75, 0.25])).ravel()
    array([0.25, 0.25, 0.25])
    """

    def __init__(self, C, stride, names=tuple(OPERATIONS), *, rng, dtype=np.float64):
        drawn = {"affine": False, "rng": rng, "dtype": dtype}
        self.operations = []
        for name in names:
            layer = operation(name, C, stride, **drawn)
            if "pool" in name:
                layer = Sequential(layer, BatchNorm(C, affine=False, dtype=dtype))
            self.operations.append(layer)

    def __call__(self, x, weights, rng=None):
        """Compute the sum; `weights` (operations,) is a row of a softmax, of the dtype of x.

        Zeros are not added: `none` takes part through the sum of the weights, which is 1.
        """
        terms = [
            weights[o] * layer(x, rng)
            for o, layer in enumerate(self.operations)
            if not isinstance(layer, Zero)
        ]
        return sum(terms[1:], terms[0]) if terms else self.operations[0](x, rng)


class Genotype(NamedTuple):
    """The cells of an architecture: what each node adds up, and which nodes are concatenated.

    `normal` and `reduce` list (operation, input) for each node in turn, two pairs a node; inputs
    are 0 and 1, the results of the two cells before, and 2, 3, … for the nodes. The others list
    the nodes whose maps a cell returns.

    >>> DARTS_V2.normal[-1]
    ('dil_conv_3x3', 2)
    """

    normal: tuple
    normal_concat: tuple
    reduce: tuple
    reduce_concat: tuple


DARTS_V2 = Genotype(  # found by the second-order search of [Liu2019]_
    normal=(
        ("sep_conv_3x3", 0), ("sep_conv_3x3", 1), ("sep_conv_3x3", 0), ("sep_conv_3x3", 1),
        ("sep_conv_3x3", 1), ("skip_connect", 0), ("skip_connect", 0), ("dil_conv_3x3", 2),
    ),
    normal_concat=(2, 3, 4, 5),
    reduce=(
        ("max_pool_3x3", 0), ("max_pool_3x3", 1), ("skip_connect", 2), ("max_pool_3x3", 1),
        ("max_pool_3x3", 0), ("skip_connect", 2), ("skip_connect", 2), ("max_pool_3x3", 1),
    ),
    reduce_concat=(2, 3, 4, 5),
)  # fmt: skip


def edges(nodes):
    """List the edges of a cell as (node, input), in the order of the rows of α.

    >>> edges(2)
    [(2, 0), (2, 1), (3, 0), (3, 1), (3, 2)]
    """
    return [(2 + node, i) for node in range(nodes) for i in range(2 + node)]


def strongest_edges(alphas, names, nodes):
    """Choose the pairs (operation, input) of one cell, as `discretise` says.

    >>> strongest_edges(np.array([[9.0, 1.0], [0.0, 2.0]]), ("none", "skip_connect"), 1)
    (('skip_connect', 1), ('skip_connect', 0))
    """
    weights = np.exp(alphas - np.max(alphas, axis=1, keepdims=True))
    weights = weights / weights.sum(axis=1, keepdims=True)
    open_to_choice = [o for o, name in enumerate(names) if name != "none"]
    weights = weights[:, open_to_choice]
    pairs, rows = [], edges(nodes)
    for node in range(2, 2 + nodes):
        own = [row for row, (end, _) in enumerate(rows) if end == node]
        own.sort(key=lambda row: -weights[row].max())
        for row in own[:2]:
            chosen = open_to_choice[int(weights[row].argmax())]
            pairs.append((names[chosen], rows[row][1]))
    return tuple(pairs)


def discretise(alphas_normal, alphas_reduce, names=tuple(OPERATIONS), nodes=4):
    """Choose a cell of each kind from the parameters of a search; return a `Genotype`.

    `alphas_normal` and `alphas_reduce` are (edges, operations). On every edge the operation with
    the largest weight stands for it, `none` excepted; every node keeps the two edges, from
    different inputs, whose operations have the largest weights. The weights are the softmax of a
    row, `none` included. Raises ShapeError for another shape, ValueError where `names` has only
    `none`. Source: [Liu2019]_.

    >>> alphas = np.array([[9.0, 1.0, 0.0], [0.0, 0.0, 2.0]])
    >>> discretise(alphas, alphas, ("none", "skip_connect", "sep_conv_3x3"), 1).normal
    (('sep_conv_3x3', 1), ('skip_connect', 0))
    """
    if set(names) <= {"none"}:
        raise ValueError(f"discretise: names is {tuple(names)}, pass an operation besides none")
    for name, alphas in (("alphas_normal", alphas_normal), ("alphas_reduce", alphas_reduce)):
        require_alphas("discretise", name, alphas, names, nodes)
    concat = tuple(range(2, 2 + nodes))
    normal, reduce = (strongest_edges(a, names, nodes) for a in (alphas_normal, alphas_reduce))
    return Genotype(normal, concat, reduce, concat)


def require_alphas(function, name, alphas, names, nodes):
    """Raise ShapeError unless there is a row for every edge and a column for every operation.

    >>> require_alphas("discretise", "alphas_normal", np.zeros((2, 1)), ("none",), 1)
    """
    needed = len(edges(nodes)), len(names)
    if np.shape(alphas) != needed:
        raise ShapeError(
            f"{function}: {name} has shape {np.shape(alphas)} but {nodes} nodes and "
            f"{len(names)} operations make {needed}"
        )
