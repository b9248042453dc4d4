"""ResNet for images of 32 × 32: residual blocks of two convolutions [He2016]_.

Chapter: book/norm.md.
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
    """Hand x on as a block needs it:  every `stride`-th pixel, and zeros for new channels.

    (N, C, H, W) → (N, F, ⌈H / stride⌉, ⌈W / stride⌉).  It has no parameters: option A of the
    publication. With F = C and a stride of 1 it returns x itself.

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
        return np.concatenate([x, np.zeros((N, self.more, H, W), x.dtype)], axis=1)


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
        if shortcut not in SHORTCUTS:
            raise ValueError(
                f"ResidualBlock: shortcut is {shortcut!r}, use one of {', '.join(SHORTCUTS)}"
            )
        drawn = {"bias": False, "rng": rng, "dtype": dtype}
        self.conv1 = Conv2d(C, F, 3, stride=stride, padding=1, **drawn)
        self.norm1 = BatchNorm(F, relu=True, dtype=dtype)
        self.conv2 = Conv2d(F, F, 3, padding=1, **drawn)
        self.norm2 = BatchNorm(F, relu=True, dtype=dtype)
        if zero_gamma:
            self.norm2.params["gamma"][...] = 0
        changes = stride != 1 or C != F
        self.shortcut = None
        if shortcut == "projection" and changes:
            self.shortcut = ProjectionShortcut(C, F, stride, rng=rng, dtype=dtype)
        elif shortcut != "none":
            self.shortcut = IdentityShortcut(C, F, stride)

    def __call__(self, x, rng=None):
        """Compute the feature maps of a batch."""
        y = self.conv2(self.norm1(self.conv1(x, rng), rng), rng)
        if self.shortcut is None:
            return self.norm2(y, rng)
        return self.norm2(y, rng, shortcut=self.shortcut(x, rng))


class ResNet(Layer):
    """Scores through 3 n residual blocks:  (N, C, H, W) → (N, K),  depth 6 n + 2.

    A convolution of 16 filters, then n blocks each of 16, 32 and 64 filters, which halve height
    and width where the width grows; the average of every map, and a linear layer. The options
    are those of `ResidualBlock`. Raises ValueError for a depth that is not 6 n + 2.

    >>> model = ResNet((3, 8, 8), 10, depth=8, rng=np.random.default_rng(0))
    >>> model(np.ones((2, 3, 8, 8))).shape, len(model.blocks)
    ((2, 10), 3)
    """

    def __init__(
        self, size=(3, 32, 32), K=10, *, depth=20, shortcut="identity", zero_gamma=False,
        rng, dtype=np.float64,
    ):  # fmt: skip
        n, rest = divmod(depth - 2, 6)
        if rest or n < 1:
            raise ValueError(f"ResNet: depth is {depth}, it must be 6 n + 2: 8, 14, 20, …")
        drawn = {"rng": rng, "dtype": dtype}
        C = WIDTHS[0]
        self.conv = Conv2d(size[0], C, 3, padding=1, bias=False, **drawn)
        self.norm = BatchNorm(C, relu=True, dtype=dtype)
        self.blocks = []
        for F in WIDTHS:
            for i in range(n):
                stride = 2 if i == 0 and F != C else 1
                options = {"stride": stride, "shortcut": shortcut, "zero_gamma": zero_gamma}
                self.blocks.append(ResidualBlock(C, F, **options, **drawn))
                C = F
        self.pool = GlobalAvgPool()
        self.output = Linear(C, K, **drawn)

    def __call__(self, x, rng=None):
        """Compute the scores of a batch."""
        x = self.norm(self.conv(x, rng), rng)
        for block in self.blocks:
            x = block(x, rng)
        return self.output(self.pool(x, rng), rng)
