"""ResNet for images of 32 × 32: residual blocks of two convolutions [He2016]_.

Chapter: book/resnet.md.
"""

import numpy as np

from dlcore.nn.conv import Conv2d
from dlcore.nn.layer import Layer
from dlcore.nn.linear import Linear
from dlcore.nn.norm import BatchNorm
from dlcore.nn.pool import GlobalAvgPool

WIDTHS = (16, 32, 64)
SHORTCUTS = ("identity", "projection", "none")


class IdentityShortcut(Layer):
    """Bring x into the shape of a branch:  every `stride`-th pixel, zeros for new channels.

    (N, C, H, W) → (N, F, ⌈H / stride⌉, ⌈W / stride⌉).  It has no parameters: option A of the
    publication. With F = C and a stride of 1 it returns x itself. Raises ValueError for F < C.

    >>> IdentityShortcut(3, 5, 2)(np.ones((2, 3, 8, 8))).sum(axis=(0, 2, 3)).tolist()
    [32.0, 32.0, 32.0, 0.0, 0.0]
    """

    def __init__(self, C, F, stride):
        if F < C:
            raise ValueError(f"IdentityShortcut: F is {F} but C is {C}, channels cannot be lost")
        self.more, self.stride = F - C, stride

    def __call__(self, x, rng=None):
        """Subsample and append channels of zeros."""
        if self.stride > 1:
            x = x[:, :, :: self.stride, :: self.stride]
        if not self.more:
            return x
        N, _, H, W = x.shape
        more = np.zeros_like(x, shape=(N, self.more, H, W))  # in the memory order of x
        return np.concatenate([x, more], axis=1)


class ProjectionShortcut(Layer):
    """Map x by a convolution of 1 × 1 with normalisation:  option B of the publication.

    (N, C, H, W) → (N, F, ⌈H / stride⌉, ⌈W / stride⌉).

    >>> shortcut = ProjectionShortcut(3, 5, 2, rng=np.random.default_rng(0))
    >>> shortcut(np.ones((2, 3, 8, 8))).shape
    (2, 5, 4, 4)
    """

    def __init__(self, C, F, stride, *, rng, dtype=np.float64):
        self.conv = Conv2d(C, F, 1, stride=stride, bias=False, rng=rng, dtype=dtype)
        self.norm = BatchNorm(F, dtype=dtype)

    def __call__(self, x, rng=None):
        """Project and normalise."""
        return self.norm(self.conv(x, rng), rng)


def shortcut_of(kind, C, F, stride, **drawn):
    """Build the shortcut of a block:  "identity", "projection", or None for "none".

    A projection stands only where the shape changes. Raises ValueError for another kind.

    >>> type(shortcut_of("projection", 3, 3, 1, rng=None)).__name__
    'IdentityShortcut'
    """
    if kind not in SHORTCUTS:
        raise ValueError(f"ResNet: shortcut is {kind!r}, use one of {', '.join(SHORTCUTS)}")
    if kind == "none":
        return None
    if kind == "projection" and (stride, F) != (1, C):
        return ProjectionShortcut(C, F, stride, **drawn)
    return IdentityShortcut(C, F, stride)


class ResidualBlock(Layer):
    """Add two convolutions of x to its shortcut:  y = relu(f(x) + s(x)).

    The branch is  f(x) = norm(conv(relu(norm(conv x)))).

    (N, C, H, W) → (N, F, ⌈H / stride⌉, ⌈W / stride⌉). The shortcut s is "identity" (without
    parameters), "projection" where the shape changes, or "none": a plain network. With
    `zero_gamma` the last γ begins at 0, so that the block begins as  relu(s(x)).
    Raises ValueError for another shortcut.

    >>> block = ResidualBlock(3, 5, stride=2, rng=np.random.default_rng(0))
    >>> block(np.ones((2, 3, 8, 8))).shape
    (2, 5, 4, 4)
    """

    def __init__(
        self, C, F, *, stride=1, shortcut="identity", zero_gamma=False, rng, dtype=np.float64
    ):
        drawn = {"rng": rng, "dtype": dtype}
        self.conv1 = Conv2d(C, F, 3, stride=stride, padding=1, bias=False, **drawn)
        self.norm1 = BatchNorm(F, relu=True, dtype=dtype)
        self.conv2 = Conv2d(F, F, 3, padding=1, bias=False, **drawn)
        self.norm2 = BatchNorm(F, relu=True, dtype=dtype)
        if zero_gamma:
            self.norm2.params["gamma"][...] = 0
        self.shortcut = shortcut_of(shortcut, C, F, stride, **drawn)

    def __call__(self, x, rng=None):
        """Compute the feature maps of a batch."""
        y = self.conv2(self.norm1(self.conv1(x, rng), rng), rng)
        if self.shortcut is None:
            return self.norm2(y, rng)
        return self.norm2(y, rng, shortcut=self.shortcut(x, rng))


class PreactivationBlock(Layer):
    """Normalise before each convolution, and add last:  y = f(x) + s(x)  [He2016b]_.

    The branch is  f(x) = conv(relu(norm(conv(relu(norm x))))), and no ReLU follows the sum.

    (N, C, H, W) → (N, F, ⌈H / stride⌉, ⌈W / stride⌉). The shortcuts are those of
    `ResidualBlock`. Raises ValueError for another one.

    >>> block = PreactivationBlock(3, 5, stride=2, rng=np.random.default_rng(0))
    >>> block(np.ones((2, 3, 8, 8))).shape
    (2, 5, 4, 4)
    """

    def __init__(self, C, F, *, stride=1, shortcut="identity", rng, dtype=np.float64):
        drawn = {"rng": rng, "dtype": dtype}
        self.norm1 = BatchNorm(C, relu=True, dtype=dtype)
        self.conv1 = Conv2d(C, F, 3, stride=stride, padding=1, bias=False, **drawn)
        self.norm2 = BatchNorm(F, relu=True, dtype=dtype)
        self.conv2 = Conv2d(F, F, 3, padding=1, bias=False, **drawn)
        self.shortcut = shortcut_of(shortcut, C, F, stride, **drawn)

    def __call__(self, x, rng=None):
        """Compute the feature maps of a batch."""
        y = self.conv1(self.norm1(x, rng), rng)
        y = self.conv2(self.norm2(y, rng), rng)
        return y if self.shortcut is None else y + self.shortcut(x, rng)


class ResNet(Layer):
    """Scores through 3 n residual blocks:  (N, C, H, W) → (N, K),  depth 6 n + 2.

    A convolution of 16 filters, then n blocks each of 16, 32 and 64 filters, which halve height
    and width where the width grows; the average of every map, and a linear layer. With
    `preactivation` the blocks are those of `PreactivationBlock`, and one normalisation with ReLU
    follows the last of them in the place of the one before the first. The other options are those
    of `ResidualBlock`. Raises ValueError for a depth that is not 6 n + 2, and for `zero_gamma`
    with `preactivation`, where no normalisation ends a branch.

    >>> model = ResNet((3, 8, 8), 10, depth=8, rng=np.random.default_rng(0))
    >>> model(np.ones((2, 3, 8, 8))).shape, len(model.blocks)
    ((2, 10), 3)
    """

    def __init__(
        self, size=(3, 32, 32), K=10, *, depth=20, shortcut="identity", zero_gamma=False,
        preactivation=False, rng, dtype=np.float64,
    ):  # fmt: skip
        n, rest = divmod(depth - 2, 6)
        if rest or n < 1:
            raise ValueError(f"ResNet: depth is {depth}, it must be 6 n + 2: 8, 14, 20, …")
        if preactivation and zero_gamma:
            raise ValueError("ResNet: zero_gamma is True, with preactivation no norm ends a branch")
        drawn = {"rng": rng, "dtype": dtype}
        options = {"shortcut": shortcut, **drawn}
        if not preactivation:
            options["zero_gamma"] = zero_gamma
        block = PreactivationBlock if preactivation else ResidualBlock
        C, *_, last = WIDTHS
        self.conv = Conv2d(size[0], C, 3, padding=1, bias=False, **drawn)
        self.norm = None if preactivation else BatchNorm(C, relu=True, dtype=dtype)
        self.blocks = []
        for F in WIDTHS:
            for i in range(n):
                stride = 2 if i == 0 and F != C else 1
                self.blocks.append(block(C, F, stride=stride, **options))
                C = F
        self.last_norm = BatchNorm(last, relu=True, dtype=dtype) if preactivation else None
        self.pool = GlobalAvgPool()
        self.output = Linear(last, K, **drawn)

    @property
    def body(self):
        """List what comes before the average: a convolution, blocks, and a normalisation."""
        layers = [self.conv, self.norm, *self.blocks, self.last_norm]
        return [layer for layer in layers if layer is not None]

    def __call__(self, x, rng=None):
        """Compute the scores of a batch."""
        for layer in self.body:
            x = layer(x, rng)
        return self.output(self.pool(x, rng), rng)
