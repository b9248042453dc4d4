"""Experiments of the chapter on architecture search.

A small search on 10,000 images of CIFAR-10, its cells beside random ones at equal budgets, one more
epoch with other data, and a chain of mixed operations that collapses.

Chapter: book/search.md.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from dlcore import data, nn
from dlcore.data.augment import compose, crop, cutout, flip
from dlcore.experiments.depth import split
from dlcore.experiments.experiment import experiment, record
from dlcore.experiments.family import Comparison, family
from dlcore.nn.accounting import account, total
from dlcore.nn.models import Darts, SearchNetwork
from dlcore.nn.search import Genotype
from dlcore.ops.loss import softmax
from dlcore.ops.pool import avg_pool2d
from dlcore.train.evaluation import accuracy
from dlcore.train.optim import Adam, Momentum
from dlcore.train.schedule import cosine
from dlcore.train.search import Search, mixed_difference, mixed_product
from dlcore.train.solver import Solver

# A chain of mixed operations on the digits, whose shortcuts grow

CHAIN = ("skip", "linear")
DEPTHS, WIDTH = (4, 8), 32
CHAIN_EPOCHS, EARLY = 40, 3
SEEDS = 5
BATCH = 64
RATES = {"alphas": 0.03, "weights": 0.2}  # of the search
DECIDED_RATE, DECIDED_EPOCHS = 0.01, 20  # of chains of one operation
DECIDED = 20.0  # an alpha that leaves the other operation no share


class Chain(nn.Layer):
    """Mix the identity and a linear layer with ReLU, stage after stage.

    (N, 64) → (N, K):  x ← p₁ x + p₂ relu(x w + b),  with  p = softmax(α)  for each of the stages,
    between a first linear layer with ReLU, of D units, and a last one.

    >>> Chain(3, D=5, K=4, rng=np.random.default_rng(0))(np.ones((2, 64))).shape
    (2, 4)
    """

    def __init__(self, stages, *, D=WIDTH, K=10, rng, dtype=np.float32):
        drawn = {"rng": rng, "dtype": dtype}
        self.first = nn.Linear(64, D, **drawn)
        self.stages = [nn.Linear(D, D, **drawn) for _ in range(stages)]
        self.relu = nn.ReLU()
        self.last = nn.Linear(D, K, **drawn)
        self.alphas = {"chain": np.zeros((stages, len(CHAIN)), dtype)}

    def __call__(self, x, rng=None):
        """Compute the scores of a batch."""
        shares = softmax(self.alphas["chain"])
        x = self.relu(self.first(x))
        for i, stage in enumerate(self.stages):
            x = shares[i, 0] * x + shares[i, 1] * self.relu(stage(x))
        return self.last(x)


def digits():
    """Load the bundled digits as rows of 64 numbers."""
    return data.load("digits").centred(scale=1 / 16, dtype=np.float32).flat()


def searched_chain(stages, seed, *, epochs=CHAIN_EPOCHS):
    """Search a chain on the digits; return the shares of its operations, epoch by epoch.

    The first ones are those of the beginning: (epochs + 1, stages, 2).
    """
    train = digits().train
    chain = Chain(stages, rng=np.random.default_rng(seed))
    search = Search(
        chain, train.x, train.t, epochs=epochs, seed=seed,
        alpha_optimizer=Adam(RATES["alphas"], beta1=0.5),
        weight_optimizer=Momentum(RATES["weights"]),
    )  # fmt: skip
    shares = [epoch["shares"]["chain"] for epoch in search.run()]
    return np.array([np.full((stages, len(CHAIN)), 1 / len(CHAIN)), *shares])


def decided_chain(stages, operation, seed, *, epochs=DECIDED_EPOCHS):
    """Train a chain of one operation from its first weights; return its test accuracy."""
    chain = Chain(stages, rng=np.random.default_rng(seed))
    chain.alphas["chain"][:, CHAIN.index(operation)] = DECIDED
    given = digits()
    Solver(
        chain, given, optimizer=Momentum(DECIDED_RATE), batch_size=BATCH, epochs=epochs, seed=seed
    ).train()  # fmt: skip
    return accuracy(chain, given.test.x, given.test.t)


@experiment("search-collapse")
def search_collapse(seed):
    """The share of shortcuts in chains on the digits, by the first-order gradient."""
    values, history = {}, {}
    for stages in DEPTHS:
        runs = np.array([searched_chain(stages, seed + s) for s in range(SEEDS)])[..., 0]
        values[f"skip early, {stages} stages"] = runs[:, EARLY].mean()
        values[f"skip, {stages} stages"] = runs[:, -1].mean()
        values[f"chosen, {stages} stages"] = (runs[:, -1] > 1 / 2).mean()
        for operation in CHAIN:
            tests = [decided_chain(stages, operation, seed + s) for s in range(SEEDS)]
            values[f"test, {operation}, {stages} stages"] = np.mean(tests)
        history[f"{stages} stages"] = runs.mean(axis=2)
    return values, {"shares": history}


COLLAPSE_ALT = (
    "Ten curves of a share over forty epochs, five for chains of four stages and five for chains "
    "of eight. They begin at a half, some fall at first, and all end well above a half."
)

# The product with second derivatives, by differences

ERRORS_ALT = (
    "Two V-shaped curves on logarithmic axes. Both fall from the right with the square of the "
    "distance. The curve of float32 rises again much further to the right than that of float64."
)
ERRORS_CAPTION = (
    "How far the difference is off from the exact product, on a loss of hyperbolic tangents with "
    "200 weights. From the right it falls with the square of ρ; to the left rounding grows."
)


def difference_errors(radii, dtype, *, K=20, D=200, seed=0):
    """Return the relative error of the central difference for probes at several distances.

    >>> difference_errors([1e-3], np.float64)[0] < 1e-4
    True
    """
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(K, D)) / np.sqrt(K)
    loss = lambda a, w: np.sum(np.tanh(a @ mixing.astype(dtype) + w) ** 2)
    alphas, weights, v = rng.normal(size=K), rng.normal(size=D), rng.normal(size=D)
    given = [each.astype(dtype) for each in (alphas, weights, v)]
    exact = lambda a, w: np.sum(np.tanh(a @ mixing + w) ** 2)
    truth = mixed_product(exact, alphas, weights, v)
    found = [mixed_difference(loss, *given, radius=radius) for radius in radii]
    return [float(np.linalg.norm(each - truth) / np.linalg.norm(truth)) for each in found]


# A small search, and what its cells are worth

HALF = 2  # images are averaged over so many rows and columns
SIZE = 3, 32 // HALF, 32 // HALF
NAMES = ("none", "max_pool_3x3", "skip_connect", "sep_conv_3x3")
NODES, CELLS, CHANNELS = 2, 5, 8
IMAGES, SEARCH_EPOCHS = 10_000, 15
SEARCHES = 3  # from so many seeds
RATE, WEIGHT_DECAY = 0.025, 3e-4  # of the weights [Liu2019]_
ALPHA_RATE, ALPHA_DECAY = 3e-3, 1e-3  # the rate is ten times the published one
TRAIN_EPOCHS, TRAIN_RATE = 10, 0.05
FLIP_AND_CROP = compose(flip, crop(SIZE[1] // 8))  # for these images what is 4 for 32 × 32
RUNS = 10  # as many random cells


class Searched(NamedTuple):
    """What a search returns: a genotype, and its journal."""

    genotype: Genotype
    journal: list


def images(seed, N):
    """Load so many images of CIFAR-10 to learn from, and the others, at half the resolution."""
    smaller = split(seed, N).each(lambda x: avg_pool2d(x.astype(np.float32), kernel_size=HALF))
    return smaller.centred(scale=1 / 64, dtype=np.float32)


def search_network(size=SIZE, *, C=CHANNELS, cells=CELLS, rng=None):
    """Build the network of all operations that the small search trains.

    >>> search_network(C=2, cells=3).alphas["normal"].shape
    (5, 4)
    """
    drawn = {"rng": rng, "dtype": np.float32}
    return SearchNetwork(size, 10, C=C, cells=cells, nodes=NODES, names=NAMES, **drawn)


def search_work():
    """Count the operations of a small search, forward and backward.

    A product and a sum are two, and the backward pass takes twice as many as the forward pass.
    Every image is seen once an epoch: half of them by the weights, and half by the alphas.
    """
    products = total(account(search_network(), SIZE), "multiplications")
    return 3 * 2 * products * IMAGES * SEARCH_EPOCHS


def small_search(seed, *, N=IMAGES, epochs=SEARCH_EPOCHS, C=CHANNELS, cells=CELLS, train=None):
    """Search for cells of two nodes by the first-order gradient; return genotype and journal.

    `train` are examples, by default N images of CIFAR-10.
    """
    rng = np.random.default_rng(seed)
    train = train or images(seed, N).train
    model = search_network(train.x.shape[1:], C=C, cells=cells, rng=rng)
    search = Search(
        model, train.x, train.t, batch_size=BATCH, epochs=epochs, schedule=cosine(), seed=seed,
        alpha_optimizer=Adam(ALPHA_RATE, beta1=0.5, weight_decay=ALPHA_DECAY),
        weight_optimizer=Momentum(RATE, weight_decay=WEIGHT_DECAY),
    )  # fmt: skip
    journal = search.run()
    return Searched(model.genotype(), journal)


@family("search-small", {"first-order": {"gradient": "first-order"}}, [], seeds=SEARCHES)
def search_small(setting, seed):
    """A search for cells of two nodes on 10,000 images, from three seeds."""
    genotype, journal = small_search(seed)
    values = {"train_loss": journal[-1]["train_loss"], "val_loss": journal[-1]["val_loss"]}
    for kind in ("normal", "reduce"):
        chosen = [name for name, _ in getattr(genotype, kind)]
        values |= {f"{kind} edges of {name}": chosen.count(name) for name in NAMES[1:]}
    return values, {"genotype": genotype._asdict(), "journal": journal}


def as_genotype(fields):
    """Read a genotype as a record gives it back.

    >>> from dlcore.nn.search import DARTS_V2
    >>> as_genotype(DARTS_V2._asdict()) == DARTS_V2
    True
    """
    pairs = lambda cell: tuple((name, source) for name, source in cell)
    return Genotype(
        pairs(fields["normal"]), tuple(fields["normal_concat"]),
        pairs(fields["reduce"]), tuple(fields["reduce_concat"]),
    )  # fmt: skip


@cache
def found_genotypes():
    """List the genotypes that the small search has found, one for each of its seeds."""
    runs = record("search-small")["history"]["runs"]
    return [as_genotype(run["curves"]["genotype"]) for run in runs]


def random_cell(rng, names=NAMES[1:], nodes=NODES):
    """Draw two different inputs for each node, and an operation for each, all alike probable.

    >>> len(random_cell(np.random.default_rng(0)))
    4
    """
    pairs = []
    for node in range(2, 2 + nodes):
        sources = sorted(int(i) for i in rng.choice(node, size=2, replace=False))
        pairs += [(str(rng.choice(names)), source) for source in sources]
    return tuple(pairs)


def random_genotype(rng, names=NAMES[1:], nodes=NODES):
    """Draw a normal cell and a reduction cell.

    >>> random_genotype(np.random.default_rng(0)).normal_concat
    (2, 3)
    """
    concat = tuple(range(2, 2 + nodes))
    normal = random_cell(rng, names, nodes)
    return Genotype(normal, concat, random_cell(rng, names, nodes), concat)


def genotype_of(kind, seed):
    """Return the cells of a run: found by a search, drawn, or of shortcuts alone."""
    if kind == "found":
        return found_genotypes()[seed % SEARCHES]
    if kind == "random":
        return random_genotype(np.random.default_rng([seed, 3]))
    return random_genotype(np.random.default_rng([seed, 3]), names=["skip_connect"])


def trained(genotype, seed, *, given=None, epochs=TRAIN_EPOCHS, augment=None, C=CHANNELS):
    """Train the network of a genotype from its first weights; return model, data and history."""
    given = given or images(seed, IMAGES)
    drawn = {"rng": np.random.default_rng([seed, 4]), "dtype": np.float32}
    model = Darts(given.train.x.shape[1:], 10, genotype=genotype, C=C, cells=CELLS, **drawn)
    solver = Solver(
        model, given, optimizer=Momentum(TRAIN_RATE, weight_decay=WEIGHT_DECAY),
        schedule=cosine(), batch_size=BATCH, epochs=epochs, augment=augment, seed=seed,
    )  # fmt: skip
    return model, given, solver.train()


@family(
    "search-random",
    {kind: {"cells": kind} for kind in ("found", "random", "shortcuts")},
    [
        Comparison("test", "found", "random", "cells of the search test better than random ones"),
        Comparison("test", "random", "shortcuts", "random cells test better than shortcuts"),
    ],
    seeds=RUNS,
)
def search_random(setting, seed):
    """Cells of the search, ten random ones, and shortcuts alone, each trained in the same way."""
    genotype = genotype_of(setting["cells"], seed)
    model, given, history = trained(genotype, seed, augment=FLIP_AND_CROP)
    return {
        "test": accuracy(model, given.test.x, given.test.t),
        "train_loss": float(np.mean(history.train_loss[-100:])),
        "parameters": sum(array.size for array in nn.named_parameters(model).values()),
    }


# One more epoch, as the source did

TUNING_RATE = 0.005
AUGMENTED = compose(FLIP_AND_CROP, cutout(SIZE[1] // 2))
DATA = {"the same images": None, "flips, crops and cutout": AUGMENTED}


@family(
    "search-finetune",
    {name: {"augment": name} for name in DATA},
    [
        Comparison(
            "gain", "flips, crops and cutout", "the same images",
            "one more epoch gains more with augmented images",
        )
    ],
)  # fmt: skip
def search_finetune(setting, seed):
    """One more epoch of a trained network, at a low learning rate, with other images."""
    model, given, _ = trained(genotype_of("found", seed), seed)
    before = accuracy(model, given.test.x, given.test.t)
    Solver(
        model, given, optimizer=Momentum(TUNING_RATE, weight_decay=WEIGHT_DECAY),
        batch_size=BATCH, epochs=1, augment=DATA[setting["augment"]], seed=seed + 1000,
    ).train()  # fmt: skip
    after = accuracy(model, given.test.x, given.test.t)
    return {"before": before, "test": after, "gain": after - before}


# What only the source has

NEEDED = (
    "the published weights, or a search and 600 epochs of the network of 20 cells, and the images "
    "of the course's own evaluation"
)
ONLY_THEIRS = {"001, DARTS fine-tuned": (0.962, NEEDED)}  # an accuracy, and what ours would take
