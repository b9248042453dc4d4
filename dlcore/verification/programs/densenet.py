"""Dense blocks by the letters of the page: counts are read off the models themselves.

Chapter: book/densenet.md.
"""

from typing import Annotated

import numpy as np

from dlcore.autodiff import vjp
from dlcore.nn import Sequential, named_parameters
from dlcore.nn.accounting import account, total
from dlcore.nn.models.densenet import DenseLayer, DenseNet, Transition
from dlcore.ops.norm import batch_norm_relu
from dlcore.shapes import Array

First = Annotated[Array, "N D"]
Second = Annotated[Array, "N M"]
Both = Annotated[Array, "N K"]
Numbers = Annotated[Array, "N"]
Scales = Annotated[Array, "M"]


def concatenation(x: First, y: Second):
    """Columns behind columns."""
    return np.concatenate([x, y], axis=1)


def parts(z_bar, D):
    """Pull a gradient back to both arrays."""
    N, K = z_bar.shape
    _, pullback = vjp(lambda x, y: np.concatenate([x, y], axis=1), np.ones((N, D)),
                      np.ones((N, K - D)))  # fmt: skip
    return pullback(z_bar)


def first_part(z_bar: Both, D):
    """The gradient of the first array."""
    return parts(z_bar, D)[0]


def second_part(z_bar: Both, D):
    """The gradient of the second array."""
    return parts(z_bar, D)[1]


def block(C, growth, i, *, bottleneck=False):
    """Build the layers of a dense block."""
    layers = [DenseLayer(C + j * growth, growth, bottleneck=bottleneck, rng=None) for j in range(i)]
    return Sequential(*layers)


def parameters(model):
    """Count what a model learns."""
    return sum(array.size for array in named_parameters(model).values())


def channels(C, growth, i):
    """The maps that a block returns."""
    return account(block(C, growth, i), (C, 1, 1))[-1].shape[0]


def layer_parameters(C, growth):
    """The parameters of one layer."""
    return parameters(block(C, growth, 1))


def block_parameters(C, growth, i):
    """The parameters of a block."""
    return parameters(block(C, growth, i))


def bottleneck_parameters(C, growth, i):
    """The parameters of a block of bottlenecks."""
    return parameters(block(C, growth, i, bottleneck=True))


def transition_parameters(C):
    """The parameters of a transition that keeps all maps."""
    return parameters(Transition(C, C, rng=None))


def net_parameters(growth, i):
    """The parameters of a network without bottlenecks."""
    return parameters(DenseNet(depth=3 * i + 4, growth=growth, rng=None))


def compressed_parameters(growth, i):
    """The parameters of a network with bottlenecks and compression."""
    options = {"bottleneck": True, "compression": 0.5}
    return parameters(DenseNet(depth=6 * i + 4, growth=growth, rng=None, **options))


def copied(C, growth, i):
    """The numbers that a tape keeps for one pixel, without the image itself."""
    return total(account(block(C, growth, i), (C, 1, 1))[1:], "activations")


def shared(C, growth, i):
    """The maps of a buffer that holds all of them."""
    return channels(C, growth, i)


def readers(x, gamma, beta, eps):
    """Let every reader normalise the same numbers, each with its own norm."""
    one = np.ones(1)
    columns = [
        batch_norm_relu(x[:, None], scale * one, shift * one, eps=float(eps))
        for scale, shift in zip(gamma, beta, strict=True)
    ]
    return np.concatenate(columns, axis=1)


def consumed(x: Numbers, gamma: Scales, beta: Scales, eps):
    """What every reader makes of them."""
    return readers(x, gamma, beta, eps)


def consumed_vjp(x: Numbers, gamma: Scales, beta: Scales, z_bar: Annotated[Array, "N M"], eps):
    """The sum of what all readers pull back."""
    _, pullback = vjp(lambda x: readers(x, gamma, beta, eps), x)
    return pullback(z_bar)[0]
