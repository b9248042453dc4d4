"""DenseNet: every layer of a block reads what all layers before it have made [Huang2017]_.

Chapter: book/densenet.md.
"""

from itertools import chain

import numpy as np

from dlcore.autodiff.dispatch import top_trace
from dlcore.nn.conv import Conv2d
from dlcore.nn.layer import Layer
from dlcore.nn.linear import Linear
from dlcore.nn.norm import BatchNorm
from dlcore.nn.pool import AvgPool2d, GlobalAvgPool
from dlcore.ops.densenet import SharedBlock, dense_block_evaluated

STEM = 16  # filters of the first convolution; twice the growth rate with bottlenecks


class NormReLUConv(Layer):
    """Normalise, apply the ReLU, convolve without a bias:  (N, C, H, W) → (N, F, H, W).

    >>> layer = NormReLUConv(3, 4, 3, rng=np.random.default_rng(0))
    >>> layer(np.ones((2, 3, 8, 8))).shape
    (2, 4, 8, 8)
    """

    def __init__(self, C, F, kernel_size, *, rng, dtype=np.float64):
        self.norm = BatchNorm(C, relu=True, dtype=dtype)
        self.conv = Conv2d(C, F, kernel_size, padding="same", bias=False, rng=rng, dtype=dtype)

    def __call__(self, x, rng=None):
        """Compute the feature maps of a batch."""
        return self.conv(self.norm(x, rng), rng)


class DenseLayer(Layer):
    """Append `growth` maps to those that it reads:  (N, C, H, W) → (N, C + growth, H, W).

    With `bottleneck` a convolution of 1 × 1 comes first and leaves 4 growth maps.

    >>> layer = DenseLayer(3, 4, rng=np.random.default_rng(0))
    >>> layer(np.ones((2, 3, 8, 8))).shape
    (2, 7, 8, 8)
    """

    def __init__(self, C, growth, *, bottleneck=False, rng, dtype=np.float64):
        drawn = {"rng": rng, "dtype": dtype}
        narrow = 4 * growth
        self.bottleneck = NormReLUConv(C, narrow, 1, **drawn) if bottleneck else None
        self.conv = NormReLUConv(narrow if bottleneck else C, growth, 3, **drawn)

    def __call__(self, x, rng=None):
        """Concatenate x and the maps that are made of it."""
        y = x if self.bottleneck is None else self.bottleneck(x, rng)
        return np.concatenate([x, self.conv(y, rng)], axis=1)


class DenseBlock(Layer):
    """Dense layers in a row:  (N, C, H, W) → (N, C + n growth, H, W).

    Layers without bottlenecks share one buffer for all maps, and the statistics of each.

    >>> block = DenseBlock(2, 3, 4, rng=np.random.default_rng(0))
    >>> block(np.ones((2, 3, 8, 8))).shape
    (2, 11, 8, 8)
    """

    def __init__(self, n, C, growth, *, bottleneck=False, rng, dtype=np.float64):
        drawn = {"bottleneck": bottleneck, "rng": rng, "dtype": dtype}
        self.shared = not bottleneck
        self.layers = [DenseLayer(C + i * growth, growth, **drawn) for i in range(n)]

    def __call__(self, x, rng=None):
        """Compute the maps of a batch."""
        if self.shared and x.size:
            return self.evaluate(x) if rng is None else self.train(x)
        return self.one_by_one(x, rng)

    def one_by_one(self, x, rng):
        """Compute the maps with a norm and a concatenation for each layer."""
        for layer in self.layers:
            x = layer(x, rng)
        return x

    def train(self, x):
        """Compute the maps by the statistics of the batch, which are those of all norms."""
        norms = [layer.conv.norm for layer in self.layers]
        block = SharedBlock(norms[0].eps)
        z = block(x, *chain(*map(arrays_of, self.layers)))
        for norm in norms:
            C = len(norm.state["mean"])
            norm.update(block.maps.mean[:C], block.maps.var[:C], count=x.size // x.shape[1])
        return z

    def evaluate(self, x):
        """Compute the maps by the running statistics of each norm."""
        layers = [(*layer.conv.norm.state.values(), *arrays_of(layer)) for layer in self.layers]
        if top_trace([x, *chain(*layers)]) is not None:
            return self.one_by_one(x, None)
        return dense_block_evaluated(x, layers, eps=self.layers[0].conv.norm.eps)


def arrays_of(layer):
    """Return scale, shift and filters of a dense layer without a bottleneck.

    >>> [array.shape for array in arrays_of(DenseLayer(3, 4, rng=None))]
    [(3,), (3,), (4, 3, 3, 3)]
    """
    return *layer.conv.norm.params.values(), layer.conv.conv.params["w"]


class Transition(Layer):
    """Mix the maps between two blocks, and halve height and width.

    (N, C, H, W) → (N, F, ⌊H/2⌋, ⌊W/2⌋).

    >>> layer = Transition(3, 2, rng=np.random.default_rng(0))
    >>> layer(np.ones((2, 3, 8, 8))).shape
    (2, 2, 4, 4)
    """

    def __init__(self, C, F, *, rng, dtype=np.float64):
        self.conv = NormReLUConv(C, F, 1, rng=rng, dtype=dtype)
        self.pool = AvgPool2d(2)

    def __call__(self, x, rng=None):
        """Compute the feature maps of a batch."""
        return self.pool(self.conv(x, rng), rng)


class DenseNet(Layer):
    """Scores through dense blocks:  (N, C, H, W) → (N, K).

    ===========  ====================================================================
    depth        with three blocks of n layers 3 n + 4, or 6 n + 4 with bottlenecks;
                 the convolutions of all blocks and transitions, and two layers more
    growth       maps that every layer adds, k
    bottleneck   whether every layer begins with a convolution of 1 × 1 to 4 k maps
    compression  the part of the maps that a transition keeps, θ
    blocks       how many, with a transition between any two
    ===========  ====================================================================

    Raises ValueError for another depth.

    >>> model = DenseNet((3, 8, 8), 10, depth=7, growth=4, rng=np.random.default_rng(0))
    >>> model(np.ones((2, 3, 8, 8))).shape
    (2, 10)
    """

    def __init__(
        self, size=(3, 32, 32), K=10, *, depth=40, growth=12, bottleneck=False, compression=1.0,
        blocks=3, rng, dtype=np.float64,
    ):  # fmt: skip
        convolutions = blocks * (2 if bottleneck else 1)
        others = blocks + 1
        n, rest = divmod(depth - others, convolutions)
        if rest or n < 1:
            raise ValueError(
                f"DenseNet: depth is {depth} but {blocks} blocks take {convolutions} n + {others}"
            )
        drawn = {"rng": rng, "dtype": dtype}
        C = 2 * growth if bottleneck else STEM
        self.conv = Conv2d(size[0], C, 3, padding=1, bias=False, **drawn)
        self.layers = []
        for block in range(blocks):
            self.layers.append(DenseBlock(n, C, growth, bottleneck=bottleneck, **drawn))
            C += n * growth
            if block < blocks - 1:
                F = int(compression * C)
                self.layers.append(Transition(C, F, **drawn))
                C = F
        self.norm = BatchNorm(C, relu=True, dtype=dtype)
        self.pool = GlobalAvgPool()
        self.output = Linear(C, K, **drawn)

    def __call__(self, x, rng=None):
        """Compute the scores of a batch."""
        x = self.conv(x, rng)
        for layer in self.layers:
            x = layer(x, rng)
        return self.output(self.pool(self.norm(x, rng), rng), rng)
