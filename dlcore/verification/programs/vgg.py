"""Stacks of convolutions by the letters of the page.

Chapter: book/vgg.md.
"""

from itertools import pairwise
from typing import Annotated

from dlcore.nn import Conv2d, Linear, Sequential
from dlcore.nn.accounting import Field, account, total
from dlcore.nn.models.vgg import VGG
from dlcore.shapes import Array

Layers = Annotated[Array, "N"]
SIZE = 8, 8  # of the images on which nothing depends


def seen(r, jump, U, stride):
    """Look through one more window, at fields of any size."""
    return Field((r, r), (jump, jump)).seen_through((U, U), (stride, stride), (1, 1))


def field_step(r, j, U):
    """The receptive field behind a layer."""
    return seen(r, j, U, 1).size[0]


def jump_step(j, stride):
    """The distance of neighbours behind a layer."""
    return seen(1, j, 1, stride).jump[0]


def receptive_field(k: Layers, j: Layers):
    """The receptive field behind N layers, of given distances before each."""
    r = 1
    for U, jump in zip(k, j, strict=True):
        r = field_step(r, jump, U)
    return r


def stack(U, C, count):
    """So many convolutions in a row, which keep the size of the maps."""
    return Sequential(
        *(Conv2d(C, C, U, padding="same", bias=False, rng=None) for _ in range(count))
    )


def weights_of_one(U, C):
    """The numbers that one layer owns."""
    return total(account(stack(U, C, 1), (C, *SIZE)), "parameters")


def weights_of_stack(i, C):
    """The numbers that layers of 3 × 3 own."""
    return total(account(stack(3, C, i), (C, *SIZE)), "parameters")


def work_of_stack(i, C, P, Q):
    """The products of layers of 3 × 3."""
    return total(account(stack(3, C, i), (C, P, Q)), "multiplications")


def block_parameters(C, F, N):
    """The numbers that a block of the model owns, of which its linear layer has K F H W / 4."""
    model = VGG((C, 2, 2), 1, blocks=((F,) * N,), hidden=(), rng=None)
    return total(account(model, (C, 2, 2))[:-1], "parameters")


def classifier_parameters(D, M, K):
    """The numbers that the linear layers own."""
    layers = [Linear(*sizes, rng=None) for sizes in pairwise((D, M, M, K))]
    return total(account(Sequential(*layers), (D,)), "parameters")
