"""Stacks of small convolutions: fields by trial, models in letters, sums of a walk.

Chapter: book/vgg.md.
"""

import re
from math import prod
from typing import NamedTuple

import numpy as np

from dlcore.autodiff import grad
from dlcore.experiments.experiment import Claim, experiment
from dlcore.nn.accounting import account, total
from dlcore.nn.layer import named_layers
from dlcore.nn.models.vgg import COLUMNS, VGG, vgg
from dlcore.ops.conv import conv2d

ROWS = 400  # of the image in which a field is looked for
CIFAR, IMAGENET = (3, 32, 32), (3, 224, 224)
PRUNED, BLOCKS, HIDDEN = ("A", "D", "E"), 3, (500, 500)  # what the fourth source keeps of a column
LETTERS = {"Conv2d": "C", "BatchNorm": "N", "LocalResponseNorm": "N", "ReLU": "R",
           "MaxPool2d": "P", "AvgPool2d": "P", "Linear": "F"}  # fmt: skip
GRAMMAR = re.compile(r"((C(N?R|RN))*P?)*(FR)*F")


def paths(layers):
    """Count the paths from every row of an image to the first number behind some layers.

    Layers are pairs (kernel_size, stride). With weights of 1 the count is a gradient.
    """

    def first(x):
        for U, stride in layers:
            x = conv2d(x, np.ones((1, 1, U, 1)), stride=(stride, 1))
        return x[0, 0, 0, 0]

    return grad(first)(np.ones((1, 1, ROWS, 1))).ravel()


def field_by_trial(layers):
    """Find how many rows of an image the first number behind some layers depends on."""
    seen = np.flatnonzero(paths(layers))
    return int(seen[-1] - seen[0]) + 1


def jumps(layers):
    """List how far the rows that each layer reads are apart in the image."""
    strides = [stride for _, stride in layers]
    return [prod(strides[:n]) for n in range(len(layers))]


def without_jumps(layers):
    """Add up the windows as if nothing had a stride: a slip."""
    return 1 + sum(U - 1 for U, _ in layers)


def layers_of(column, blocks=5):
    """List the convolutions and poolings of a column as pairs (kernel_size, stride)."""
    sides = [
        [entry[1] if isinstance(entry, tuple) else 3 for entry in block if entry != "lrn"]
        for block in COLUMNS[column][:blocks]
    ]
    return [pair for block in sides for pair in (*((U, 1) for U in block), (2, 2))]


def spelled(model, size):
    """Spell a model in letters: C, N, R, P and F, for what each of its operations is."""
    layers = named_layers(model)
    letters = []
    for row in account(model, size)[1:]:
        letters.append(LETTERS[row.layer])
        if ends_in_relu(layers[row.path]):
            letters.append("R")
    return "".join(letters)


def ends_in_relu(layer):
    """Tell whether a ReLU is part of a convolution or of a normalisation."""
    options = getattr(layer, "options", {})
    return bool(getattr(layer, "relu", False) or options.get("relu"))


def pruned(column, **settings):
    """Build the first three blocks of a column for CIFAR-10, as the fourth source does."""
    blocks = COLUMNS[column][:BLOCKS]
    return VGG(CIFAR, 10, blocks=blocks, hidden=HIDDEN, rng=None, **settings)


class Sums(NamedTuple):
    """What a walk through a model adds up."""

    name: str
    layers: int  # with weights
    parameters: int
    products: int
    field: int  # of the last maps


def sums(name, model, size):
    """Walk through a model, and add up."""
    rows = account(model, size)
    weighted = sum(row.layer in ("Conv2d", "Linear") for row in rows)
    field = [row.receptive_field for row in rows if row.receptive_field][-1][0]
    return Sums(name, weighted, total(rows, "parameters"), total(rows, "multiplications"), field)


def published():
    """Walk through the six columns of the publication."""
    return [sums(name, vgg(name, rng=None), IMAGENET) for name in COLUMNS]


MILLIONS_004 = {"A": 133, "A-LRN": 133, "B": 133, "C": 134, "D": 138, "E": 144}


@experiment(
    "vgg-columns",
    *(Claim(column, n, "004, table 2", "equal", 0.5) for column, n in MILLIONS_004.items()),
    quick=True,
)
def vgg_columns(seed):
    """Parameters of the six columns, in millions."""
    return {each.name: each.parameters / 1e6 for each in published()}, {}


def trained_by_the_source():
    """Walk through the columns that the fourth source prunes, and the last one with norm."""
    found = [sums(f"{name}, {BLOCKS} blocks", pruned(name), CIFAR) for name in PRUNED]
    return [*found, sums("E, normalised", pruned("E", batch_norm=True), CIFAR)]


def as_text(found):
    """Write sums as a table."""
    heads = ("", "layers", "parameters", "products", "field")
    lines = [heads, *((s.name, *(f"{number:,}" for number in s[1:])) for s in found)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
        for line in lines
    )


def parts(model, size):
    """Divide parameters, products and numbers that are kept between maps and features."""
    rows = account(model, size)
    maps = [row for row in rows if len(row.shape) == 3]
    features = [row for row in rows if len(row.shape) == 1]
    columns = ("parameters", "multiplications", "activations")
    return {column: (total(maps, column), total(features, column)) for column in columns}
