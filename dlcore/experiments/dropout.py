"""Experiments of the chapter on dropout.

Chapter: book/dropout.md.
"""

from functools import cache, lru_cache
from itertools import product

import numpy as np

from dlcore.data import load
from dlcore.data.dataset import Dataset, Examples
from dlcore.experiments.family import Comparison, family
from dlcore.nn import Dropout, Linear, ReLU, Sequential
from dlcore.train.evaluation import accuracy
from dlcore.train.optim import Nesterov
from dlcore.train.schedule import one_cycle
from dlcore.train.solver import Solver

FEW = 5000  # training images


def every_mask(shape, p):
    """List all masks of a shape and the probability of each, for a probability p to drop."""
    size = int(np.prod(shape))
    masks = np.array(list(product((0, 1), repeat=size))).reshape(-1, *shape)
    kept = masks.reshape(len(masks), -1).sum(axis=1)
    return masks, p ** (size - kept) * (1.0 - p) ** kept


# Variances


def mean_squares(depth, p, *, D=400, N=200, seed=0):
    """Return the mean squares behind ReLU layers, in evaluation and in training with dropout.

    The weights have the variance 2/D that keeps the mean square in evaluation [He2015]_.
    """
    rng = np.random.default_rng(seed)
    h = train = rng.normal(size=(N, D))
    kept = [[np.mean(h**2), np.mean(train**2)]]
    for _ in range(depth):
        block = Sequential(Linear(D, D, rng=rng), ReLU(), Dropout(p))
        h, train = block(h), block(train, rng)
        kept.append([np.mean(h**2), np.mean(train**2)])
    return np.array(kept).T


def hidden_features(N=1260, M=300, *, seed=0):
    """Return what M ReLU units with drawn weights make of the bundled digits:  (N, M)."""
    x = load("digits").centred(scale=1 / 8).flat().train.x[:N].astype(float)
    rng = np.random.default_rng(seed)
    h = Sequential(Linear(x.shape[1], M, rng=rng), ReLU())(x)
    return h[:, h.var(axis=0) > 0]


def variances_in_evaluation(p, *, dropout_first, seed=0):
    """Return the variance of each normalised feature in evaluation; 1 is what is wanted.

    The statistics are those that training sees: of features behind dropout, or before it.
    """
    rng = np.random.default_rng(seed)
    h = hidden_features()
    seen = h
    if dropout_first:
        seen = np.concatenate([Dropout(p)(h, rng) for _ in range(100)])
    return ((h - seen.mean(axis=0)) / seen.std(axis=0)).var(axis=0)


def window_deviation(p, pixels, *, whole_maps, draws=20_000, seed=0):
    """Return the standard deviation of the average of so many pixels of value 1."""
    rng = np.random.default_rng(seed)
    shape = (draws, 1 if whole_maps else pixels)
    return np.std((rng.random(shape) >= p).mean(axis=1) / (1 - p))


# The two-layer network, with dropout and with fewer inputs


@cache
def cifar10():
    """Load the images once for all runs."""
    return load("cifar10")


def principal_components(x, count):
    """Return the directions (D, count) along which centred rows x vary most, as columns.

    >>> x = np.array([[3.0, 0.1], [-3.0, -0.1], [2.0, 0.0], [-2.0, 0.0]])
    >>> np.abs(principal_components(x, 1)).round(1).tolist()
    [[1.0], [0.0]]
    """
    _, directions = np.linalg.eigh(x.T @ x)
    return directions[:, : -count - 1 : -1]


@lru_cache(maxsize=2)
def few_images(seed, components=None):
    """Choose some training images by a seed, as rows of features; validation and test stay.

    With `components` all images are projected onto so many principal components of the chosen.
    """
    if components is not None:
        data = few_images(seed)
        found = principal_components(data.train.x, components)
        return data.each(lambda x: x @ found)
    whole = cifar10()
    rows = np.random.default_rng([seed, 2]).permutation(whole.train.N)[:FEW]
    chosen = Examples(whole.train.x[rows], whole.train.t[rows])
    parts = {"train": chosen, "val": whole.val, "test": whole.test}
    return Dataset(whole.name, whole.classes, **parts).centred(scale=1 / 64).flat()


@family(
    "two-layer-dropout",
    {
        "nothing": {},
        "weight decay": {"weight_decay": 0.02},
        "dropout of hidden units": {"hidden": 0.5},
        "dropout of inputs and hidden units": {"inputs": 0.2, "hidden": 0.5},
        "PCA of inputs": {"components": 200},
        "PCA of inputs, dropout of hidden units": {"components": 200, "hidden": 0.5},
    },
    [
        Comparison(
            "test", "dropout of hidden units", "nothing", "dropout of hidden units helps"
        ),
        Comparison(
            "test", "dropout of inputs and hidden units", "dropout of hidden units",
            "dropout of inputs helps besides",
        ),
        Comparison(
            "test", "dropout of inputs and hidden units", "weight decay",
            "dropout is better than weight decay",
        ),
        Comparison("test", "PCA of inputs", "nothing", "PCA of the inputs helps"),
        Comparison(
            "train_accuracy", "nothing", "dropout of hidden units",
            "dropout lowers the training accuracy", "004",
        ),
    ],
)  # fmt: skip
def two_layer_dropout(setting, seed):
    """Dropout in the two-layer network on 5,000 images of CIFAR-10, beside PCA of its inputs."""
    data = few_images(seed, setting.get("components"))
    D, M, K = data.train.x.shape[1], 256, len(data.classes)
    drawn = {"rng": np.random.default_rng(seed), "dtype": np.float32}
    model = Sequential(
        Dropout(setting.get("inputs", 0.0)), Linear(D, M, **drawn), ReLU(),
        Dropout(setting.get("hidden", 0.0)), Linear(M, K, **drawn),
    )  # fmt: skip
    optimizer = Nesterov(0.02, weight_decay=setting.get("weight_decay", 0.0))
    solver = Solver(
        model, data, optimizer=optimizer, schedule=one_cycle(), batch_size=100, epochs=20, seed=seed
    )
    history = solver.train()
    return {
        "test": accuracy(model, data.test.x, data.test.t),
        "train_accuracy": history.train_accuracy[-1],
    }
