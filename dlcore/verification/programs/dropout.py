"""Dropout by the letters of the page; expectations are sums over all masks.

Chapter: book/dropout.md.
"""

from typing import Annotated

import numpy as np

from dlcore.experiments.dropout import every_mask
from dlcore.ops.dropout import dropout as drop_entries
from dlcore.ops.dropout import pack_mask
from dlcore.shapes import Array, Features

Weights = Annotated[Array, "D"]
Targets = Annotated[Array, "N"]


def dropout(x: Features, s: Features, drop):
    """Dropout, the mask from numbers that were drawn."""
    return drop_entries(x, pack_mask(s >= drop), p=float(drop))


def dropout_vjp(s: Features, y_bar: Features, drop):
    """Its backward pass."""
    x = np.ones_like(s)
    mask = pack_mask(s >= drop)
    y = drop_entries(x, mask, p=float(drop))
    return drop_entries.vjp(y, x, mask, y_bar, p=float(drop))[0]


def joint(D, drop):
    """The mean product of two factors, over all masks."""
    masks, chances = every_mask((D,), drop)
    factors = masks / (1 - drop)
    return np.einsum("i,ia,ib->ab", chances, factors, factors)


def expected_loss(x: Features, w: Weights, z: Targets, drop):
    """The squared loss of a linear unit, summed over examples, over all masks."""
    masks, chances = every_mask(x.shape, drop)
    losses = [np.sum((mask * x / (1 - drop) @ w - z) ** 2) for mask in masks]
    return chances @ losses


def window_variance(x, D, drop):
    """The variance of an average of D pixels, over all masks."""
    masks, chances = every_mask((D,), drop)
    averages = (masks * x / (1 - drop)).mean(axis=1)
    return chances @ (averages - x) ** 2
