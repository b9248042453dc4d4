"""Residual blocks with slips, and the checks that find them.

Chapter: book/resnet.md.
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from dlcore import nn
from dlcore.autodiff import vjp
from dlcore.autodiff.dispatch import plain
from dlcore.experiments.resnet import initial_gradients
from dlcore.nn.models.resnet import ResidualBlock
from dlcore.verification.wrong_versions import failed_checks


class WithBias(ResidualBlock):
    """Convolutions with a bias, which the normalisation takes off again."""

    def __init__(self, C, F, *, stride=1, rng, **options):
        super().__init__(C, F, stride=stride, rng=rng, **options)
        self.conv1 = nn.Conv2d(C, F, 3, stride=stride, padding=1, rng=rng)
        self.conv2 = nn.Conv2d(F, F, 3, padding=1, rng=rng)


class ReLUFirst(ResidualBlock):
    """The ReLU before the addition."""

    def __call__(self, x, rng=None):
        y = self.conv2(self.norm1(self.conv1(x, rng), rng), rng)
        return self.norm2(y, rng) + self.shortcut(x, rng)


class NoReLU(ResidualBlock):
    """No ReLU behind the addition."""

    def __call__(self, x, rng=None):
        self.norm2.relu = False
        return super().__call__(x, rng)


class OneSided(ResidualBlock):
    """Two rows and columns of zeros on one side in the place of one on each."""

    def __call__(self, x, rng=None):
        x_padded = np.pad(x[:, :, 1:, 1:], [(0, 0), (0, 0), (0, 1), (0, 1)])
        y = self.conv2(self.norm1(self.conv1(x_padded, rng), rng), rng)
        return self.norm2(y, rng, shortcut=self.shortcut(x, rng))


class Averaged(ResidualBlock):
    """The mean of branch and shortcut."""

    def __call__(self, x, rng=None):
        return super().__call__(x, rng) / 2


class Forgotten(ResidualBlock):
    """No gradient through the shortcut."""

    def __call__(self, x, rng=None):
        y = self.conv2(self.norm1(self.conv1(x, rng), rng), rng)
        return self.norm2(y, rng, shortcut=self.shortcut(plain(x), rng))


class StrideTwice(ResidualBlock):
    """The stride in both convolutions."""

    def __init__(self, C, F, *, stride=1, rng, **options):
        super().__init__(C, F, stride=stride, rng=rng, **options)
        self.conv2 = nn.Conv2d(F, F, 3, stride=stride, padding=1, bias=False, rng=rng)


class ZeroFirst(ResidualBlock):
    """With `zero_gamma` the first γ is 0."""

    def __init__(self, C, F, *, zero_gamma=False, rng, **options):
        super().__init__(C, F, rng=rng, **options)
        self.norm1.params["gamma"][...] = not zero_gamma


class Version(NamedTuple):
    """A class of blocks, and how many layers of a network each is taken for."""

    block: object
    layers: int = 2

    def blocks(self, depth):
        """Build all blocks of a network of some depth that has four filters everywhere."""
        count = 3 * ((depth - 2) // (3 * self.layers))
        return [self.block(4, 4, rng=np.random.default_rng(0)) for _ in range(count)]


VERSIONS = {
    "as the page defines it": Version(ResidualBlock),
    "convolutions with a bias": Version(WithBias),
    "option B for A": Version(partial(ResidualBlock, shortcut="projection")),
    "normalisations counted as layers": Version(ResidualBlock, layers=4),
    "ReLU before the addition": Version(ReLUFirst),
    "no ReLU behind it": Version(NoReLU),
    "zeros on one side": Version(OneSided),
    "averaged, not added": Version(Averaged),
    "shortcut forgotten backwards": Version(Forgotten),
    "stride twice": Version(StrideTwice),
    "first γ begins at 0": Version(ZeroFirst),
}


def has_the_parameters(version, rng):
    """Count the parameters of a block that widens:  9 C F + 9 F² + 4 F."""
    C, F = 3, 5
    block = version.block(C, F, stride=2, rng=rng)
    sizes = (array.size for array in nn.named_parameters(block).values())
    return sum(sizes) == 9 * C * F + 9 * F**2 + 4 * F


def has_the_depth(version, rng):
    """Count the convolutions of a network of depth 20, without its first and its last layer."""
    layers = [each for block in version.blocks(20) for each in nn.named_layers(block).values()]
    return sum(isinstance(each, nn.Conv2d) for each in layers) == 18


def halves_once(version, rng):
    """With a stride of 2 maps of 8 × 6 become maps of 4 × 3."""
    block = version.block(3, 5, stride=2, rng=rng)
    try:
        return block(rng.normal(size=(2, 3, 8, 6)), rng).shape == (2, 5, 4, 3)
    except ValueError:
        return False


def keeps_what_is_positive(version, rng):
    """If the last γ is 0, y = relu(x), for x of both signs."""
    block = version.block(4, 4, rng=rng)
    block.norm2.params["gamma"][...] = 0
    x = rng.normal(size=(2, 4, 6, 5))
    return np.allclose(block(x, rng), np.maximum(x, 0))


def is_aligned(version, rng):
    """If both filters hand on the pixel in their middle, y = relu(x + relu(x)), in evaluation."""
    block = version.block(4, 4, rng=rng)
    for conv in (block.conv1, block.conv2):
        conv.params["w"][...] = 0
        conv.params["w"][range(4), range(4), 1, 1] = 1
    x = rng.normal(size=(2, 4, 6, 5))
    return np.allclose(block(x), np.maximum(x + np.maximum(x, 0), 0), rtol=1e-4)


def has_the_gradient(version, rng):
    """Along a drawn direction x̄ is the difference of  Σ ȳ y,  for a drawn ȳ."""
    block = version.block(4, 4, rng=rng)
    x, x_dot, y_bar = rng.normal(size=(3, 3, 4, 6, 5))
    _, pullback = vjp(lambda x: block(x, rng), x)
    sides = [np.vdot(y_bar, block(x + step * x_dot, rng)) for step in (1e-6, -1e-6)]
    slope = (sides[0] - sides[1]) / 2e-6
    return np.isclose(np.vdot(pullback(y_bar)[0], x_dot), slope, rtol=1e-4)


def begins_at_its_last_norm(version, rng):
    """With `zero_gamma` γ and β of the last norm have a gradient, all other parameters none."""
    norms = initial_gradients(version.block(4, 4, zero_gamma=True, rng=rng), rng)
    return {path for path, norm in norms.items() if norm > 0} == {"norm2.gamma", "norm2.beta"}


CHECKS = {
    "parameters": has_the_parameters,
    "depth": has_the_depth,
    "shapes": halves_once,
    "branch of zeros": keeps_what_is_positive,
    "filters of one pixel": is_aligned,
    "gradient": has_the_gradient,
    "first gradients": begins_at_its_last_norm,
}


def found_by(version, seed=0):
    """List the checks that a version of a residual block fails."""
    return failed_checks(CHECKS, VERSIONS[version], seed)
