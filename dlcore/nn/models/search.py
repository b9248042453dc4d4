"""The continuous network that a search trains: all operations on every edge, weighted.

Stem, cells and output are those of `dlcore.nn.models.darts`.

Chapter: book/search.md.
"""

import numpy as np

from dlcore.nn.init import normal
from dlcore.nn.layer import Layer
from dlcore.nn.linear import Linear
from dlcore.nn.models.darts import STEM, first_convolution, plan, preprocessing
from dlcore.nn.pool import GlobalAvgPool
from dlcore.nn.search import OPERATIONS, MixedOperation, discretise, edges, require_alphas
from dlcore.ops.loss import softmax


class SearchCell(Layer):
    """Compute the nodes of a cell whose edges carry all operations, weighted.

    Shapes are those of `Cell`. Every node adds up its edges, from both inputs and from all nodes
    before it; all nodes are concatenated. No norm has a scale or a shift.

    >>> cell = SearchCell((3, 5), 2, 1, ("skip_connect",), rng=np.random.default_rng(0))
    >>> cell(np.ones((2, 3, 8, 8)), np.ones((2, 5, 8, 8)), np.ones((2, 1))).shape
    (2, 2, 8, 8)
    """

    def __init__(
        self, inputs, C, nodes=4, names=tuple(OPERATIONS), *,
        reduction=False, after_reduction=False, rng, dtype=np.float64,
    ):  # fmt: skip
        drawn = {"rng": rng, "dtype": dtype}
        self.preprocess0, self.preprocess1 = preprocessing(
            inputs, C, after_reduction, affine=False, **drawn
        )
        self.edges = edges(nodes)
        self.mixed = [
            MixedOperation(C, 2 if reduction and i < 2 else 1, names, **drawn)
            for _, i in self.edges
        ]

    def __call__(self, s0, s1, weights, rng=None):
        """Compute the maps of a cell; `weights` (edges, operations) has rows that sum to 1."""
        states = [self.preprocess0(s0, rng), self.preprocess1(s1, rng)]
        for row, (node, i) in enumerate(self.edges):
            term = self.mixed[row](states[i], weights[row], rng)
            if node == len(states):
                states.append(term)
            else:
                states[node] = states[node] + term
        return np.concatenate(states[2:], axis=1)


class SearchNetwork(Layer):
    """Score images by all cells at once:  (N, C, H, W) → (N, K)  [Liu2019]_.

    On every edge of a cell all operations are applied and weighted by the softmax of a row of α;
    all normal cells share one α, all reduction cells another. `alphas` is {"normal": …,
    "reduce": …}, arrays (edges, operations), drawn from N(0, 10⁻⁶). They are no parameters: the
    weights and α are learned in turn, by two optimizers. Raises ValueError for an unknown
    operation, and for an odd number of channels before a reduction.

    >>> names = "none", "skip_connect", "sep_conv_3x3"
    >>> options = {"C": 2, "cells": 3, "nodes": 2, "names": names}
    >>> model = SearchNetwork((3, 8, 8), 10, **options, rng=np.random.default_rng(0))
    >>> model(np.ones((2, 3, 8, 8))).shape, model.alphas["normal"].shape
    ((2, 10), (5, 3))
    """

    def __init__(
        self, size=(3, 32, 32), K=10, *, C=16, cells=8, nodes=4, names=tuple(OPERATIONS),
        rng, dtype=np.float64,
    ):  # fmt: skip
        drawn = {"rng": rng, "dtype": dtype}
        self.nodes, self.names = nodes, tuple(names)
        plans = plan(C, cells, (nodes, nodes))
        self.alphas = {
            kind: normal((len(edges(nodes)), len(self.names)), std=1e-3, **drawn)
            for kind in ("normal", "reduce")
        }
        self.stem = first_convolution(size[0], STEM * C, **drawn)
        self.kinds = ["reduce" if each.reduction else "normal" for each in plans]
        self.cells = [
            SearchCell(each.inputs, each.C, nodes, self.names, reduction=each.reduction,
                       after_reduction=each.after_reduction, **drawn)
            for each in plans
        ]  # fmt: skip
        self.pool = GlobalAvgPool()
        self.output = Linear(nodes * plans[-1].C, K, **drawn)

    def __call__(self, x, rng=None, alphas=None):
        """Compute the scores of a batch, for the network's own α or for others.

        Raises ShapeError for `alphas` of another shape.
        """
        alphas = self.alphas if alphas is None else alphas
        for kind, array in alphas.items():
            require_alphas("SearchNetwork", f"alphas[{kind!r}]", array, self.names, self.nodes)
        weights = {kind: softmax(array) for kind, array in alphas.items()}
        s0 = s1 = self.stem(x, rng)
        for kind, cell in zip(self.kinds, self.cells, strict=True):
            s0, s1 = s1, cell(s0, s1, weights[kind], rng)
        return self.output(self.pool(s1, rng), rng)

    def genotype(self):
        """Discretise the network's α."""
        return discretise(self.alphas["normal"], self.alphas["reduce"], self.names, self.nodes)
