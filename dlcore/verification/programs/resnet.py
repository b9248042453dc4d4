"""Residual networks by the letters of the page.

Chapter: book/resnet.md.
"""

from itertools import product
from typing import Annotated

import numpy as np

from dlcore import nn
from dlcore.autodiff import vjp
from dlcore.nn.accounting import account, total
from dlcore.nn.models import ResNet
from dlcore.nn.models.resnet import IdentityShortcut, ProjectionShortcut, ResidualBlock
from dlcore.shapes import Array, Weights

Row = Annotated[Array, "D"]
Back = Annotated[Array, "M D"]
Line = Annotated[Array, "C H"]
Maps = Annotated[Array, "F P"]
SIZE = 8, 8  # of the images on which nothing depends


def hidden(x: Row, w1: Weights):
    """The first layer of a branch."""
    return x @ w1


def branch(x: Row, w1: Weights, w2: Back):
    """A branch of two linear layers."""
    return np.maximum(hidden(x, w1), 0) @ w2


def block(x: Row, w1: Weights, w2: Back):
    """A residual block with that branch."""
    return x + branch(x, w1, w2)


def block_vjp(x: Row, w1: Weights, w2: Back, y_bar: Row):
    """Its backward pass, by the tape."""
    _, pullback = vjp(lambda x: block(x, w1, w2), x)
    return pullback(y_bar)[0]


def paths(L, k):
    """The ways through L blocks on which k branches are taken, one by one."""
    ways = product((0, 1), repeat=int(L))
    return sum(sum(way) == k for way in ways)


def share(L, k, a):
    """Those ways, weighted by a for each branch, as a part of all."""
    taken = [sum(way) for way in product((0, 1), repeat=int(L))]
    return sum(a**k for each in taken if each == k) / sum(a**each for each in taken)


def subsampled(x: Line, F, P, stride):
    """The shortcut without parameters, on images of one row."""
    shortcut = IdentityShortcut(len(x), int(F), int(stride))
    return shortcut(x[None, :, None])[0, :, 0, : int(P)]


def subsampled_vjp(y_bar: Maps, C, H, F, P, stride):
    """Its backward pass, by the tape."""
    x = np.zeros((int(C), int(H)))
    _, pullback = vjp(lambda x: subsampled(x, F, P, stride), x)
    return pullback(y_bar)[0]


def depth(n):
    """The convolutions and linear layers of the model, those of shortcuts left out."""
    model = ResNet(depth=6 * int(n) + 2, rng=None)
    layers = nn.named_layers(model).values()
    return sum(isinstance(layer, nn.Conv2d | nn.Linear) for layer in layers)


def block_parameters(C, F):
    """The numbers that a block owns, without its shortcut."""
    model = ResidualBlock(int(C), int(F), rng=None)
    return total(account(model, (int(C), *SIZE)), "parameters")


def projection_parameters(C, F):
    """The numbers that a projection owns."""
    model = ProjectionShortcut(int(C), int(F), 2, rng=None)
    return total(account(model, (int(C), *SIZE)), "parameters")


def parameters(n):
    """The numbers that the model owns."""
    model = ResNet(depth=6 * int(n) + 2, rng=None)
    return total(account(model, (3, 32, 32)), "parameters")
