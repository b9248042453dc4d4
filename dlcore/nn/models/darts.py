"""Networks of cells, which are built from a genotype.

They begin with one convolution and end with the average of every map and a linear layer. Between
them stand normal cells, and two reduction cells that halve height and width [Liu2019]_.

Chapter: book/search.md.
"""

from typing import NamedTuple

import numpy as np

from dlcore.nn.activation import ReLU
from dlcore.nn.containers import Sequential
from dlcore.nn.conv import Conv2d
from dlcore.nn.dropout import dropped
from dlcore.nn.layer import Layer
from dlcore.nn.linear import Linear
from dlcore.nn.norm import BatchNorm
from dlcore.nn.pool import AvgPool2d, GlobalAvgPool
from dlcore.nn.search import (
    DARTS_V2,
    FactorizedReduce,
    Identity,
    ReLUConvNorm,
    operation,
)
from dlcore.ops.loss import cross_entropy

STEM = 3  # the first convolution has so many times the filters of a cell
AUXILIARY = 128, 768  # filters of the auxiliary head


def preprocessing(inputs, C, after_reduction, **drawn):
    """Build what brings both inputs of a cell to C maps of one size.

    `inputs` are the channels of the cell before the last, and of the last. After a reduction the
    former has twice the height and width, and is halved.

    >>> [type(layer).__name__ for layer in preprocessing((8, 4), 2, True, rng=None)]
    ['FactorizedReduce', 'ReLUConvNorm']
    """
    before, last = inputs
    if after_reduction:
        first = FactorizedReduce(before, C, **drawn)
    else:
        first = ReLUConvNorm(before, C, 1, **drawn)
    return first, ReLUConvNorm(last, C, 1, **drawn)


class Cell(Layer):
    """Compute the nodes of a cell of a `Genotype`, each the sum of two operations.

    (N, C₀, 2H, 2W) or (N, C₀, H, W), and (N, C₁, H, W) → (N, C · nodes, H, W): `inputs` is
    (C₀, C₁), and C the channels of every node. A cell with `reduction` halves height and width,
    by operations of stride 2 on its two inputs; none between its nodes has a stride. After a
    reduction the first input is twice as high and wide.

    >>> cell = Cell(DARTS_V2, (3, 5), 2, rng=np.random.default_rng(0))
    >>> cell(np.ones((2, 3, 8, 8)), np.ones((2, 5, 8, 8))).shape
    (2, 8, 8, 8)
    """

    def __init__(
        self, genotype, inputs, C, *, reduction=False, after_reduction=False, rng, dtype=np.float64
    ):
        drawn = {"rng": rng, "dtype": dtype}
        self.preprocess0, self.preprocess1 = preprocessing(inputs, C, after_reduction, **drawn)
        pairs = genotype.reduce if reduction else genotype.normal
        self.concat = genotype.reduce_concat if reduction else genotype.normal_concat
        self.inputs = [i for _, i in pairs]
        self.operations = [
            operation(name, C, 2 if reduction and i < 2 else 1, **drawn) for name, i in pairs
        ]

    def __call__(self, s0, s1, rng=None, drop_path=0.0):
        """Compute the maps of a cell from those of the two before it.

        In training an operation is dropped for each image with probability `drop_path`
        [Larsson2017]_; an identity never is, so that a path remains.
        """
        states = [self.preprocess0(s0, rng), self.preprocess1(s1, rng)]
        for k in range(0, len(self.operations), 2):
            terms = [self.edge(e, states, rng, drop_path) for e in (k, k + 1)]
            states.append(terms[0] + terms[1])
        return np.concatenate([states[node] for node in self.concat], axis=1)

    def edge(self, e, states, rng, drop_path):
        """Apply operation e to its input, and drop it for a random part of the images."""
        x = self.operations[e](states[self.inputs[e]], rng)
        if isinstance(self.operations[e], Identity):
            return x
        return dropped(x, rng, drop_path, (len(x), 1, 1, 1))


class Plan(NamedTuple):
    """What is particular to a cell of a network: its place, its inputs and its channels.

    >>> plan(16, 3, (4, 4))[1]
    Plan(inputs=(48, 64), C=32, reduction=True, after_reduction=False)
    """

    inputs: tuple
    C: int
    reduction: bool
    after_reduction: bool


def plan(C, cells, concatenated):
    """List the cells of a network; those at ⌊L/3⌋ and ⌊2L/3⌋ reduce, and double C.

    `concatenated` is how many nodes a normal cell concatenates, and a reduction cell.

    >>> [each.reduction for each in plan(16, 6, (4, 4))]
    [False, False, True, False, True, False]
    """
    plans, inputs, after_reduction = [], (STEM * C, STEM * C), False
    for k in range(cells):
        reduction = k in (cells // 3, 2 * cells // 3)
        C = 2 * C if reduction else C
        plans.append(Plan(inputs, C, reduction, after_reduction))
        inputs, after_reduction = (inputs[1], concatenated[reduction] * C), reduction
    return plans


def first_convolution(channels, F, *, rng, dtype=np.float64):
    """Build the stem: a convolution of F filters with a norm, and no ReLU.

    >>> first_convolution(3, 6, rng=np.random.default_rng(0))(np.ones((2, 3, 8, 8))).shape
    (2, 6, 8, 8)
    """
    conv = Conv2d(channels, F, 3, padding=1, bias=False, rng=rng, dtype=dtype)
    return Sequential(conv, BatchNorm(F, dtype=dtype))


class AuxiliaryHead(Layer):
    """Score the maps after the second reduction, so that these cells have a loss of their own.

    (N, C, H, W) → (N, K):  ReLU, averages of 5 × 5 at a stride of 3, 128 filters of 1 × 1, 768 of
    2 × 2, each with norm and ReLU, and a linear layer. `size` is (C, H, W); raises ValueError
    where H or W is below 8.

    >>> head = AuxiliaryHead((4, 8, 8), 10, rng=np.random.default_rng(0))
    >>> head(np.ones((2, 4, 8, 8))).shape
    (2, 10)
    """

    def __init__(self, size, K, *, rng, dtype=np.float64):
        C, H, W = size
        if min(H, W) < 8:
            raise ValueError(
                f"AuxiliaryHead: maps are {H} × {W} but at least 8 × 8 are needed, use larger "
                "images or auxiliary=False"
            )
        drawn = {"bias": False, "rng": rng, "dtype": dtype}
        few, many = AUXILIARY
        pixels = ((H - 5) // 3) * ((W - 5) // 3)
        self.relu = ReLU()
        self.pool = AvgPool2d(5, 3)
        self.conv1 = Conv2d(C, few, 1, **drawn)
        self.norm1 = BatchNorm(few, relu=True, dtype=dtype)
        self.conv2 = Conv2d(few, many, 2, **drawn)
        self.norm2 = BatchNorm(many, relu=True, dtype=dtype)
        self.output = Linear(many * pixels, K, rng=rng, dtype=dtype)

    def __call__(self, x, rng=None):
        """Compute the scores of a batch."""
        y = self.conv1(self.pool(self.relu(x, rng), rng), rng)
        y = self.conv2(self.norm1(y, rng), rng)
        return self.output(self.norm2(y, rng), rng)


class BothScores(NamedTuple):
    """The scores (N, K) of a network, and those of its auxiliary head, in training.

    >>> BothScores(np.ones((2, 3)), np.zeros((2, 3))).auxiliary.sum()
    np.float64(0.0)
    """

    scores: np.ndarray
    auxiliary: np.ndarray


def auxiliary_cross_entropy(y, t, *, weight=0.4):
    """Add the loss of the auxiliary head:  L = L(scores, t) + weight L(auxiliary, t).

    y is `BothScores`; plain scores (N, K) have the plain loss. Raises what `cross_entropy` raises:
    ValueError for a label that has no column, ShapeError for a batch of no examples.

    >>> y = BothScores(np.zeros((1, 2)), np.zeros((1, 2)))
    >>> auxiliary_cross_entropy(y, np.array([1])) / np.log(2)
    np.float64(1.4)
    """
    if not isinstance(y, BothScores):
        return cross_entropy(y, t)
    return cross_entropy(y.scores, t) + weight * cross_entropy(y.auxiliary, t)


class Darts(Layer):
    """Score images by the network of a genotype:  (N, C, H, W) → (N, K)  [Liu2019]_.

    ==========  =====================================================================
    genotype    the cells; by default those that the publication found
    C           channels of a node before the first reduction
    cells       how many, L; those at ⌊L/3⌋ and ⌊2L/3⌋ reduce
    auxiliary   whether training also scores the maps after the second reduction,
                and returns `BothScores`; evaluation does not
    drop_path   the probability to drop an operation for an image in training; an
                attribute, which training may raise from epoch to epoch
    ==========  =====================================================================

    Raises ValueError for an unknown operation, an odd number of channels before a reduction, and
    for images below 29 × 29 with `auxiliary`.

    >>> model = Darts((3, 8, 8), 10, C=2, cells=3, rng=np.random.default_rng(0))
    >>> model(np.ones((2, 3, 8, 8))).shape, len(model.cells)
    ((2, 10), 3)
    """

    def __init__(
        self, size=(3, 32, 32), K=10, *, genotype=DARTS_V2, C=36, cells=20, auxiliary=False,
        drop_path=0.0, rng, dtype=np.float64,
    ):  # fmt: skip
        drawn = {"rng": rng, "dtype": dtype}
        channels, H, W = size
        concatenated = len(genotype.normal_concat), len(genotype.reduce_concat)
        plans = plan(C, cells, concatenated)
        last = plans[-1]
        self.drop_path = drop_path
        self.stem = first_convolution(channels, STEM * C, **drawn)
        self.cells = [
            Cell(genotype, each.inputs, each.C, reduction=each.reduction,
                 after_reduction=each.after_reduction, **drawn)
            for each in plans
        ]  # fmt: skip
        self.second_reduction = 2 * cells // 3
        self.auxiliary = None
        if auxiliary:
            maps = concatenated[1] * plans[self.second_reduction].C
            self.auxiliary = AuxiliaryHead((maps, -(-H // 4), -(-W // 4)), K, **drawn)
        self.pool = GlobalAvgPool()
        self.output = Linear(concatenated[last.reduction] * last.C, K, **drawn)

    def __call__(self, x, rng=None):
        """Compute the scores of a batch; with auxiliary head in training, `BothScores`."""
        s0 = s1 = self.stem(x, rng)
        auxiliary = None
        for k, cell in enumerate(self.cells):
            s0, s1 = s1, cell(s0, s1, rng, self.drop_path)
            if k == self.second_reduction and self.auxiliary and rng is not None:
                auxiliary = self.auxiliary(s1, rng)
        scores = self.output(self.pool(s1, rng), rng)
        return scores if auxiliary is None else BothScores(scores, auxiliary)
