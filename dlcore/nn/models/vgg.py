"""VGG: blocks of small convolutions between poolings, then linear layers [Simonyan2015]_.

In the grammar of ConvNets, with n convolutions in each of m blocks and k hidden layers:

    input – [[conv – norm? – relu] · n – pool – dropout?] · m
          – [linear – relu – dropout?] · k – linear

Chapter: book/vgg.md.
"""

import numpy as np

from dlcore.nn.activation import ReLU
from dlcore.nn.conv import Conv2d
from dlcore.nn.dropout import Dropout
from dlcore.nn.layer import Layer
from dlcore.nn.linear import Linear
from dlcore.nn.norm import BatchNorm, LocalResponseNorm
from dlcore.nn.pool import AvgPool2d, MaxPool2d

POOL = 2  # side and stride of every pooling
POOLS = {"max": MaxPool2d, "average": AvgPool2d}
LRN = "lrn"

# Blocks of the published table: filters of every convolution, a pair where they are not 3 × 3.
# fmt: off
COLUMNS = {
    "A": ((64,), (128,), (256, 256), (512, 512), (512, 512)),
    "A-LRN": ((64, LRN), (128,), (256, 256), (512, 512), (512, 512)),
    "B": ((64, 64), (128, 128), (256, 256), (512, 512), (512, 512)),
    "C": ((64, 64), (128, 128), (256, 256, (256, 1)), (512, 512, (512, 1)), (512, 512, (512, 1))),
    "D": ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512)),
    "E": ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4),
}
# fmt: on


class ConvNormReLU(Layer):
    """Convolve, keeping height and width; normalise or not; apply the ReLU.

    (N, C, H, W) → (N, F, H, W).  Parameters:  conv.w, conv.b,  and  norm.gamma, norm.beta.

    >>> layer = ConvNormReLU(3, 4, 3, normalised=True, rng=np.random.default_rng(0))
    >>> layer(np.ones((2, 3, 8, 8))).shape
    (2, 4, 8, 8)
    """

    def __init__(self, C, F, kernel_size, *, normalised, rng, std=None, dtype=np.float64):
        drawn = {"rng": rng, "std": std, "dtype": dtype}
        self.conv = Conv2d(C, F, kernel_size, padding="same", relu=not normalised, **drawn)
        self.norm = BatchNorm(F, relu=True, dtype=dtype) if normalised else None

    def __call__(self, x, rng=None):
        """Compute the feature maps of a batch."""
        y = self.conv(x, rng)
        return y if self.norm is None else self.norm(y, rng)


class VGG(Layer):
    """Scores through blocks of convolutions and hidden layers:  (N, C, H, W) → (N, K).

    ===========  ===================================================================
    size         (C, H, W) of the images
    blocks       for each block the filters of its convolutions: F, or (F, U) for
                 filters of U × U, or "lrn" for a local response normalisation
    hidden       units of the hidden linear layers
    kernel_size  of the convolutions that name none
    batch_norm   whether every convolution is followed by batch normalisation
    pool         "max" or "average", 2 × 2 after every block
    dropout      probability to drop, after every block and every hidden layer
    ===========  ===================================================================

    Raises ValueError for an unknown `pool`, and for images that leave no pixel.

    >>> model = VGG((3, 8, 8), 10, blocks=((4,), (6, 6)), hidden=(5,), rng=np.random.default_rng(0))
    >>> model(np.ones((2, 3, 8, 8))).shape
    (2, 10)
    """

    def __init__(
        self, size, K, *, blocks=((64, 64), (128, 128), (256,) * 4), hidden=(500, 500),
        kernel_size=3, batch_norm=False, pool="max", dropout=0.0,
        rng, std=None, dtype=np.float64,
    ):  # fmt: skip
        if pool not in POOLS:
            raise ValueError(f"VGG: pool is {pool!r}, use one of {', '.join(POOLS)}")
        drawn = {"rng": rng, "std": std, "dtype": dtype}
        C, H, W = size
        self.features = []
        for block in blocks:
            for entry in block:
                if entry == LRN:
                    self.features.append(LocalResponseNorm())
                    continue
                F, side = entry if isinstance(entry, tuple) else (entry, kernel_size)
                self.features.append(ConvNormReLU(C, F, side, normalised=batch_norm, **drawn))
                C = F
            self.features.append(POOLS[pool](POOL))
            self.features += dropouts(dropout)
            H, W = H // POOL, W // POOL
        if not H * W:
            raise ValueError(
                f"VGG: H, W is {size[1:]} in size but {len(blocks)} blocks halve it to nothing, "
                "use larger images or fewer blocks"
            )
        D = C * H * W
        self.classifier = []
        for M in hidden:
            self.classifier += [Linear(D, M, **drawn), ReLU(), *dropouts(dropout)]
            D = M
        self.classifier.append(Linear(D, K, **drawn))

    def __call__(self, x, rng=None):
        """Compute the scores of a batch."""
        for layer in (*self.features, *self.classifier):
            x = layer(x, rng)
        return x


def dropouts(p):
    """List the layer that drops with probability p; none where nothing is dropped.

    >>> dropouts(0.0)
    []
    """
    return [Dropout(p)] if p else []


def vgg(column, *, K=1000, size=(3, 224, 224), hidden=(4096, 4096), **settings):
    """Build a column of the published table: A, A-LRN, B, C, D or E.

    Raises ValueError for another column, and what `VGG` raises.

    >>> model = vgg("A", K=10, size=(3, 32, 32), hidden=(), rng=np.random.default_rng(0))
    >>> len(model.features)
    13
    """
    if column not in COLUMNS:
        raise ValueError(f"vgg: column is {column!r}, use one of {', '.join(COLUMNS)}")
    return VGG(size, K, blocks=COLUMNS[column], hidden=hidden, **settings)
