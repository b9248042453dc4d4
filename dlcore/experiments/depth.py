"""The experiments of the fourth source on smaller networks, with seeds and intervals.

A network has three blocks of 16, 32 and 64 filters, a hidden layer of 250 units, and is trained by
Adam for 1,350 steps of 100 images: three times through 45,000 images where data are rich, 27 times
through 5,000 where they are poor. A seed fixes first weights, batches, masks, and the split of the
training images of CIFAR-10, of which 5,000 are for validation. The test set is seen once a run.

Chapter: book/norm.md.
"""

from dataclasses import replace
from functools import cache, partial

import numpy as np

from dlcore.data import load
from dlcore.data.augment import compose, crop, flip, fourfold, rotate
from dlcore.data.dataset import Examples
from dlcore.experiments.family import FAMILIES, Comparison, family
from dlcore.nn.accounting import account, total
from dlcore.nn.models.vgg import VGG
from dlcore.train.evaluation import accuracy
from dlcore.train.optim import OPTIMIZERS
from dlcore.train.schedule import cosine
from dlcore.train.solver import Solver

WIDTHS = (16, 32, 64)
HIDDEN = (250,)
VALIDATION = 5_000
RICH, POOR = 45_000, 5_000
BATCH, EPOCHS, STEPS = 100, 3, 450  # evaluated after every 450 steps
LAST = 100  # steps over which the training loss is averaged at the end
SOURCE = "004"
AUGMENTATIONS = {
    "none": None,
    "flips and crops": compose(flip, crop(4)),
    "rotations": rotate(15),
}


@cache
def published():
    """Load CIFAR-10 once for all runs."""
    return load("cifar10")


def split(seed, N):
    """Divide the training images anew:  N to learn from, 5,000 for validation."""
    data = published()
    x, t = (np.concatenate(pair) for pair in zip(data.train, data.val, strict=True))
    order = np.random.default_rng([seed, 2]).permutation(len(t))
    val, train = order[:VALIDATION], order[VALIDATION : VALIDATION + N]
    return replace(data, train=Examples(x[train], t[train]), val=Examples(x[val], t[val]))


def blocks(depth, widths=WIDTHS):
    """Stack so many convolutions in every block.

    >>> blocks(2)
    ((16, 16), (32, 32), (64, 64))
    """
    return tuple((F,) * depth for F in widths)


def trained(setting, seed):
    """Train a network as a setting says; return what is compared.

    =====================  =========================================================
    test, val_accuracy     of the parameters with the best validation accuracy
    train_accuracy         of the same, on as many training images as validation has
    train_loss             of the last 100 steps, on average
    early_train_accuracy   after the first 450 steps
    =====================  =========================================================

    What a setting need not name is that of the base: widths of 16, 32 and 64, filters of 3 × 3,
    pooling by the maximum, Adam with a learning rate of 0.001.
    """
    data = split(seed, setting["N"]).each(lambda x: x / np.float32(255))
    if setting["augment"] == "fourfold":
        data = replace(data, train=fourfold(data.train))
    data = data.centred(scale=255 / 64)
    model = network(setting, rng=np.random.default_rng(seed), dtype=np.float32)
    optimizer = OPTIMIZERS[setting.get("optimizer", "adam")]
    solver = Solver(
        model, data, optimizer=optimizer(setting.get("learning_rate", 1e-3)), schedule=cosine(),
        batch_size=BATCH, epochs=EPOCHS, replacement=True, steps_per_epoch=STEPS,
        augment=AUGMENTATIONS.get(setting["augment"]), seed=seed,
    )  # fmt: skip
    history = solver.train()
    sample = data.train.first(VALIDATION)
    return {
        "test": accuracy(model, data.test.x, data.test.t),
        "val_accuracy": max(history.val_accuracy),
        "train_accuracy": accuracy(model, sample.x, sample.t),
        "train_loss": np.mean(history.train_loss[-LAST:]),
        "early_train_accuracy": history.train_accuracy[0],
    }


def network(setting, **drawn):
    """Build the network of a setting.

    >>> network(setting(depth=1), rng=None).features[0].conv.params["w"].shape
    (16, 3, 3, 3)
    """
    widths = setting.get("widths", WIDTHS)
    return VGG(
        (3, 32, 32), 10, blocks=blocks(setting["depth"], widths), hidden=HIDDEN,
        kernel_size=setting.get("kernel_size", 3), pool=setting.get("pool", "max"),
        batch_norm=setting["batch_norm"], dropout=setting["dropout"], **drawn,
    )  # fmt: skip


def setting(*, N=RICH, depth=2, batch_norm=True, dropout=0.0, augment="none"):
    """Name every choice of a run.

    >>> setting(depth=3)["batch_norm"]
    True
    """
    return {
        "N": N, "depth": depth, "batch_norm": batch_norm, "dropout": dropout, "augment": augment,
    }  # fmt: skip


def norm_label(depth, batch_norm):
    """Name a setting of the family of depths.

    >>> norm_label(2, True)
    'depth 2, batch norm'
    """
    return f"depth {depth}" + (", batch norm" if batch_norm else "")


DEPTHS = (1, 2, 3)


@family(
    "depth-norm",
    {
        norm_label(depth, batch_norm): setting(depth=depth, batch_norm=batch_norm)
        for depth in DEPTHS
        for batch_norm in (False, True)
    },
    [
        *(
            Comparison(
                metric, norm_label(depth, True), norm_label(depth, False),
                f"{kind} better with batch normalisation, at depth {depth}", SOURCE,
            )
            for metric, kind in (("train_accuracy", "trains"), ("test", "tests"))
            for depth in DEPTHS
        ),
        *(
            Comparison(
                "train_accuracy", norm_label(depth + 1, False), norm_label(depth, False),
                f"depth {depth + 1} trains better than depth {depth}", SOURCE,
            )
            for depth in DEPTHS[:-1]
        ),
    ],
)  # fmt: skip
def depth_norm(setting, seed):
    """Depth with and without batch normalisation, on 45,000 images."""
    return trained(setting, seed)


def dropout_label(regime, p):
    """Name a setting of the family of dropouts.

    >>> dropout_label("poor", 0.4)
    'poor, p = 0.4'
    """
    return f"{regime}, p = {p:g}"


@family(
    "depth-dropout",
    {
        **{dropout_label("poor", p): setting(N=POOR, dropout=p) for p in (0.0, 0.2, 0.4, 0.6)},
        **{dropout_label("rich", p): setting(N=RICH, dropout=p) for p in (0.0, 0.4)},
    },
    [
        Comparison(
            "train_accuracy", dropout_label("poor", 0), dropout_label("poor", 0.4),
            "the training error rises with dropout", SOURCE,
        ),
        Comparison(
            "early_train_accuracy", dropout_label("poor", 0), dropout_label("poor", 0.4),
            "without dropout it converges faster", SOURCE,
        ),
        *(
            Comparison(
                "test", dropout_label(regime, 0.4), dropout_label(regime, 0),
                f"p = 0.4 tests better than none, {regime} in data", SOURCE,
            )
            for regime in ("poor", "rich")
        ),
    ],
)  # fmt: skip
def depth_dropout(setting, seed):
    """Dropout after every block and every hidden layer, with few and with many images."""
    return trained(setting, seed)


@family(
    "depth-augment",
    {name: setting(N=POOR, augment=name) for name in (*AUGMENTATIONS, "fourfold")},
    [
        Comparison(
            "train_accuracy", "fourfold", "none",
            "four copies improve the training accuracy", SOURCE,
        ),
        Comparison("test", "fourfold", "none", "four copies test better than none", SOURCE),
        Comparison("test", "flips and crops", "none", "flips and crops test better than none"),
        Comparison("test", "none", "rotations", "rotations by any angle test worse than none"),
    ],
)  # fmt: skip
def depth_augment(setting, seed):
    """Augmentation at equal numbers of updates, on 5,000 images."""
    return trained(setting, seed)


RATES = {
    "adam": (3e-4, 1e-3, 3e-3, 1e-2),
    "rmsprop": (3e-4, 1e-3, 3e-3, 1e-2),
    "momentum": (3e-3, 1e-2, 3e-2, 1e-1),
}
POOLS = ("max", "average")
TUNING = 100  # added to the seed, so that no run is tuned on what it is compared on


def rate_label(optimizer, learning_rate):
    """Name a setting of the family of learning rates.

    >>> rate_label("adam", 0.001)
    'adam, 0.001'
    """
    return f"{optimizer}, {learning_rate:g}"


@family(
    "depth-rates",
    {
        rate_label(optimizer, rate): setting() | {"optimizer": optimizer, "learning_rate": rate}
        for optimizer, rates in RATES.items()
        for rate in rates
    },
    [],
    seeds=1,
)
def depth_rates(setting, seed):
    """Four learning rates for each of three optimizers, with max pooling, one seed."""
    return trained(setting, TUNING + seed)


@cache
def tuned(optimizer, executor=None):
    """Return the learning rate with the best validation accuracy; try rates that are missing."""
    runs = FAMILIES["depth-rates"].carry_out(bar=False, executor=executor)
    own = [run for run in runs if run["setting"]["optimizer"] == optimizer]
    best = max(own, key=lambda run: run["values"]["val_accuracy"])
    return best["setting"]["learning_rate"]


def pool_label(optimizer, pool):
    """Name a setting of the family of poolings.

    >>> pool_label("adam", "average")
    'adam, average'
    """
    return f"{optimizer}, {pool}"


def pool_comparisons():
    """List what 004 concludes of optimizers and poolings."""
    compare = partial(Comparison, "test", source=SOURCE)
    for pool in POOLS:
        for other in ("momentum", "rmsprop"):
            yield compare(
                pool_label("adam", pool), pool_label(other, pool),
                words=f"adam tests better than {other}, with {pool} pooling",
            )  # fmt: skip
    yield compare(
        pool_label("adam", "average"), pool_label("adam", "max"),
        words="average pooling tests better with adam",
    )  # fmt: skip
    for other in ("momentum", "rmsprop"):
        yield compare(
            pool_label(other, "max"), pool_label(other, "average"),
            words=f"max pooling tests better with {other}",
        )  # fmt: skip
    yield compare(
        pool_label("adam", "average"), pool_label("momentum", "max"),
        words="adam with average pooling tests better than momentum with max pooling",
    )  # fmt: skip


@family(
    "depth-pooling",
    {
        pool_label(optimizer, pool): setting() | {"optimizer": optimizer, "pool": pool}
        for optimizer in RATES
        for pool in POOLS
    },
    pool_comparisons(),
    complete=lambda setting, executor: (
        setting | {"learning_rate": tuned(setting["optimizer"], executor)}
    ),
)
def depth_pooling(setting, seed):
    """Three optimizers, each at the best of four learning rates, with two kinds of pooling."""
    return trained(setting, seed)


# Convolutions in a block, their filters, and widths that come closest to the work of the first.
FILTERS = {"one 7×7": (1, 7, WIDTHS), "two 5×5": (2, 5, (12, 24, 48)),
           "three 3×3": (3, 3, (15, 30, 60))}  # fmt: skip


def filter_setting(depth, kernel_size, widths):
    """Name the choices of a run of the family of filters.

    >>> filter_setting(1, 7, WIDTHS)["kernel_size"]
    7
    """
    return setting(depth=depth) | {"kernel_size": kernel_size, "widths": widths}


def work(setting):
    """Count the products that the network of a setting takes for one image."""
    return total(account(network(setting, rng=None), (3, 32, 32)), "multiplications")


@family(
    "depth-filters",
    {label: filter_setting(*filters) for label, filters in FILTERS.items()},
    [
        Comparison("gap", "one 7×7", "three 3×3", "7×7 overfits more than 3×3", SOURCE),
        Comparison("gap", "two 5×5", "three 3×3", "5×5 overfits more than 3×3", SOURCE),
        Comparison("test", "three 3×3", "one 7×7", "three 3×3 test better than one 7×7", SOURCE),
        Comparison("test", "three 3×3", "two 5×5", "three 3×3 test better than two 5×5"),
    ],
)
def depth_filters(setting, seed):
    """Filters of three sizes in every block, at equal work, on 45,000 images.

    The gap is the training accuracy less the test accuracy.
    """
    values = trained(setting, seed)
    return values | {"gap": values["train_accuracy"] - values["test"]}
