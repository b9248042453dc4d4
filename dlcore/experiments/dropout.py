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


# Wrong versions, and what finds them


def by_mask(draw, *, scale=None, evaluate=False, backward=None):
    """Make a dropout (x, p, rng) ↦ (y, pullback) of a mask; the options are slips.

    `scale` may replace the factor 1 / (1 - p); with `evaluate` evaluation draws a mask, too;
    ``backward(kept, y, p)`` may replace the mask of the backward pass.
    """

    def dropout(x, p, rng=None):
        if rng is None and not evaluate:
            return x, lambda y_bar: y_bar
        kept = draw(x, p, rng or np.random.default_rng(0))
        factor = 1 / (1 - p) if scale is None else scale(p)
        y = x * kept * factor
        again = backward or (lambda kept, y, p: kept)
        return y, lambda y_bar: y_bar * again(kept, y, p) * factor

    return dropout


def entries(x, p, rng):
    """Draw one bit for each entry."""
    return rng.random(x.shape) >= p


FRESH = np.random.default_rng(1)
VERSIONS = {
    "as the page defines it": by_mask(entries),
    "p is the probability to keep": by_mask(lambda x, p, rng: rng.random(x.shape) < p),
    "not divided by 1 - p": by_mask(entries, scale=lambda p: 1),
    "active in evaluation": by_mask(entries, evaluate=True),
    "another mask in the backward pass": by_mask(
        entries, backward=lambda kept, y, p: FRESH.random(y.shape) >= p
    ),
    "mask from y > 0": by_mask(entries, backward=lambda kept, y, p: y > 0),
    "one mask for the whole batch": by_mask(lambda x, p, rng: rng.random(x.shape[1:]) >= p),
    "one bit for each example": by_mask(lambda x, p, rng: rng.random((len(x), 1)) >= p),
    "reseeded in each call": by_mask(
        lambda x, p, rng: np.random.default_rng(7).random(x.shape) >= p
    ),
}


def drops_enough(dropout, rng):
    """Count the zeros among 10,000 entries:  p, within five standard deviations."""
    p, x = 0.3, rng.uniform(1, 2, (100, 100))
    zeros = np.mean(dropout(x, p, rng)[0] == 0)
    return abs(zeros - p) < 5 * np.sqrt(p * (1 - p) / x.size)


def keeps_the_mean(dropout, rng):
    """Average 10,000 ones:  1, within five standard deviations of p / (1 - p) each."""
    p, x = 0.3, np.ones((100, 100))
    return abs(dropout(x, p, rng)[0].mean() - 1) < 5 * np.sqrt(p / (1 - p) / x.size)


def leaves_evaluation_alone(dropout, rng):
    """Without a generator y is x, bit by bit."""
    x = rng.normal(size=(5, 4))
    return np.array_equal(dropout(x, 0.3)[0], x)


def uses_its_mask_backwards(dropout, rng):
    """Since y = a x entry by entry, x̄ is a ȳ, for drawn x of both signs and drawn ȳ."""
    x, y_bar = rng.normal(size=(2, 20, 10))
    y, pullback = dropout(x, 0.3, rng)
    return np.allclose(pullback(y_bar), y / x * y_bar)


def drops_independently(dropout, rng):
    """Neighbours in a row, and in a column, are both dropped with probability p²."""
    p = 0.3
    zeros = dropout(np.ones((100, 100)), p, rng)[0] == 0
    pairs = [zeros[1:] & zeros[:-1], zeros[:, 1:] & zeros[:, :-1]]
    return all(abs(each.mean() - p**2) < 0.03 for each in pairs)


def differs_in_the_next_call(dropout, rng):
    """Two calls with one generator draw two masks."""
    x = np.ones((20, 10))
    return not np.array_equal(dropout(x, 0.3, rng)[0], dropout(x, 0.3, rng)[0])


CHECKS = {
    "zeros": drops_enough,
    "mean": keeps_the_mean,
    "evaluation": leaves_evaluation_alone,
    "backward": uses_its_mask_backwards,
    "neighbours": drops_independently,
    "next call": differs_in_the_next_call,
}


def found_by(version, seed=0):
    """List the checks that a version of dropout fails."""
    failed = []
    for name, check in CHECKS.items():
        if not check(VERSIONS[version], np.random.default_rng(seed)):
            failed.append(name)
    return failed


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
