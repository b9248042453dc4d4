"""A small dense block of features, six slips in it, and the checks that find them.

Chapter: book/densenet.md.
"""

import numpy as np


class Block:
    """Layers  y = max(0, x) w  that append k features each, in one buffer (N, C + n k).

    The weights w (c, k) of a layer read c features. Subclasses are slips, a method each.
    """

    def __init__(self, weights):
        self.weights = weights
        self.bars = None

    def forward(self, x):
        """Return the buffer: x, and behind it what each layer has made."""
        z = np.zeros((len(x), self.weights[-1].shape[0] + self.weights[-1].shape[1]))
        z[:, : x.shape[1]] = x
        for w in self.weights:
            c, k = w.shape
            z[:, c : c + k] = self.read(z, c) @ w
        return z

    def read(self, z, c):
        """Apply the ReLU to the first c features."""
        return np.maximum(z[:, :c], 0)

    def backward(self, z, z_bar):
        """Return x̄ for the buffer of a forward pass."""
        self.bars = self.begin(z_bar)
        for w in reversed(self.weights):
            c, k = w.shape
            self.collect(c, (self.bars[:, self.written(c, k)] @ w.T) * (z[:, :c] > 0))
        return self.bars[:, : self.weights[0].shape[0]]

    def begin(self, z_bar):
        """Return the buffer of gradients at the end of the block."""
        return z_bar.copy()

    def written(self, c, k):
        """Say which features the layer wrote that read c of them."""
        return slice(c, c + k)

    def collect(self, c, part):
        """Add the part of one reader to the gradient of what it read."""
        self.bars[:, :c] += part


class Added(Block):
    """What a layer makes is added to the first k features."""

    def forward(self, x):
        z = x.copy()
        for w in self.weights:
            k = w.shape[1]
            z[:, :k] += np.maximum(x, 0) @ w[: x.shape[1]]
        return z


class LastOnly(Block):
    """A layer reads the features that the last one made, not those before."""

    def read(self, z, c):
        seen = super().read(z, c)
        first, k = self.weights[0].shape
        if c > first:
            seen[:, : c - k] = 0
        return seen


class Overwritten(Block):
    """The part of one reader replaces those of the readers after it."""

    def collect(self, c, part):
        self.bars[:, :c] = part


class OffByK(Block):
    """The gradient is taken k features further ahead."""

    def written(self, c, k):
        return slice(c - k, c)


class NotZeroed(Block):
    """The buffer of gradients still holds those of the step before."""

    def begin(self, z_bar):
        if self.bars is None:
            return z_bar.copy()
        return self.bars + z_bar


class PrefixWritten(Block):
    """The ReLU is applied in place."""

    def read(self, z, c):
        return np.maximum(z[:, :c], 0, out=z[:, :c])


VERSIONS = {
    "as the page defines it": Block,
    "added, not concatenated": Added,
    "reads the last features only": LastOnly,
    "a gradient overwritten": Overwritten,
    "off by k": OffByK,
    "gradients not zeroed": NotZeroed,
    "prefix written": PrefixWritten,
}


def draw_block(rng, C=3, k=2, n=4, N=5):
    """Draw the weights of a block, a batch, and an upstream gradient for all its features."""
    weights = [rng.normal(size=(C + i * k, k)) for i in range(n)]
    return weights, rng.normal(size=(N, C)), rng.normal(size=(N, C + n * k))


def appends(block, x, z_bar, rng):
    """Count the features: C + n k of them come out."""
    return block.forward(x).shape == z_bar.shape


def reads_everything(block, x, z_bar, rng):
    """Set the weights of the first features to 0 in the last layer: its result changes."""
    z = block.forward(x)
    last = block.weights[-1]
    block.weights[-1] = np.where(np.arange(len(last))[:, None] == 0, 0, last)
    changed = not np.allclose(block.forward(x)[:, -1], z[:, -1])
    block.weights[-1] = last
    return changed


def keeps_the_prefix(block, x, z_bar, rng):
    """What a layer reads is the same afterwards, bit by bit."""
    return np.array_equal(block.forward(x)[:, : x.shape[1]], x)


def has_the_slope(block, x, z_bar, rng):
    """⟨x̄, d⟩ is the slope of ⟨z̄, z⟩ along a drawn direction d, for a drawn z̄."""
    d, h = rng.normal(size=x.shape), 1e-6
    x_bar = block.backward(block.forward(x), z_bar)
    ends = [np.vdot(z_bar, block.forward(x + side * h * d)) for side in (1, -1)]
    return np.isclose(np.vdot(x_bar, d), (ends[0] - ends[1]) / (2 * h), rtol=1e-5)


def repeats_itself(block, x, z_bar, rng):
    """Two equal steps have equal gradients."""
    first = block.backward(block.forward(x), z_bar).copy()
    return np.array_equal(block.backward(block.forward(x), z_bar), first)


CHECKS = {
    "number of maps": appends,
    "reads all maps": reads_everything,
    "prefix, bit by bit": keeps_the_prefix,
    "slope, drawn upstream": has_the_slope,
    "two equal steps": repeats_itself,
}


def found_by(version, seed=0):
    """List the first check that a version of the block fails; none for the right one."""
    for name, check in CHECKS.items():
        rng = np.random.default_rng(seed)
        weights, x, z_bar = draw_block(rng)
        if not check(VERSIONS[version](weights), x, z_bar, rng):
            return name
    return ""
