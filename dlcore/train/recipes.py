"""Recipes: settings that were looked for and found, one for every model and dataset.

`dlcore train` starts from these and lets every one of them be changed; `dlcore sweep` looks for
better ones. They were chosen by validation accuracy; the test sets had no say.

Chapter: book/solver.md.
"""

from dataclasses import dataclass
from math import prod

import numpy as np

from dlcore.data import flip, load
from dlcore.nn.models.convnet import ThreeLayerConvNet, TwoLayerConvNet
from dlcore.nn.models.linear import LinearClassifier
from dlcore.nn.models.twolayer import TwoLayer
from dlcore.train.optim import RULES
from dlcore.train.schedule import SCHEDULES
from dlcore.train.solver import Solver


@dataclass(frozen=True)
class Recipe:
    """Everything that a training run needs besides its data and its seed.

    =========  ===================================================
    filters    of a convolution before all other layers; None for a model of flat pixels
    window     height and width of a filter
    hidden     units of the hidden layer; None for a model without
    std        of the first weights; None draws them by [He2015]_
    scale      by which centred pixels are multiplied
    flips      whether a random half of the images is mirrored
    =========  ===================================================
    """

    filters: int | None = None
    window: int | None = None
    hidden: int | None = None
    std: float | None = None
    activation: str = "relu"
    rule: str = "nesterov"
    rate: float = 0.03
    decay: float = 0.0
    reg: float = 0.0
    schedule: str = "one-cycle"
    batch: int = 100
    epochs: int = 10
    scale: float = 1 / 64
    flips: bool = False

    def __str__(self):
        """Name every setting and its value."""
        chosen = {name: value for name, value in vars(self).items() if value is not None}
        return ", ".join(f"{name} {value}" for name, value in chosen.items())


RECIPES = {
    ("linear", "digits"): Recipe(std=0.01, rate=0.05, scale=1 / 8, epochs=30, batch=50),
    ("linear", "mnist"): Recipe(std=0.01, rate=0.03, epochs=15),
    ("linear", "cifar10"): Recipe(
        std=0.001, rate=0.001, decay=0.01, batch=200, epochs=15, flips=True
    ),
    ("twolayer", "digits"): Recipe(
        hidden=256, rate=0.05, decay=0.002, scale=1 / 8, batch=50, epochs=60
    ),
    ("twolayer", "mnist"): Recipe(hidden=512, rate=0.08, decay=0.003, epochs=20),
    ("twolayer", "cifar10"): Recipe(
        hidden=768, rate=0.03, decay=0.002, batch=200, epochs=12, flips=True
    ),
    ("two-layer-convnet", "digits"): Recipe(
        filters=32, window=3, rate=0.03, decay=0.002, scale=1 / 8, batch=50, epochs=30
    ),
    ("two-layer-convnet", "mnist"): Recipe(filters=32, window=5, rate=0.03, decay=0.002, epochs=3),
    ("two-layer-convnet", "cifar10"): Recipe(
        filters=32, window=5, rate=0.02, decay=0.002, epochs=1
    ),
    ("three-layer-convnet", "digits"): Recipe(
        filters=32, window=3, hidden=128, rate=0.03, decay=0.002, scale=1 / 8, batch=50, epochs=30
    ),
    ("three-layer-convnet", "mnist"): Recipe(
        filters=32, window=7, hidden=512, rate=0.03, decay=0.002, epochs=3
    ),
    ("three-layer-convnet", "cifar10"): Recipe(
        filters=32, window=7, hidden=512, rate=0.02, decay=0.002, epochs=4, flips=True
    ),
}


def recipe(model, data):
    """Look up the settings for a model and a dataset."""
    if (model, data) not in RECIPES:
        known = ", ".join(" on ".join(pair) for pair in RECIPES)
        raise ValueError(f"train: no recipe for {model} on {data}, there are {known}")
    return RECIPES[model, data]


def build(recipe, size, K, *, seed):
    """Make the model that a recipe describes for images of a size, its first weights drawn."""
    drawn = {"rng": np.random.default_rng(seed), "std": recipe.std, "dtype": np.float32}
    if recipe.filters is not None:
        hidden = () if recipe.hidden is None else (recipe.hidden,)
        net = ThreeLayerConvNet if hidden else TwoLayerConvNet
        return net(size, recipe.filters, *hidden, K, window=recipe.window, **drawn)
    if recipe.hidden is None:
        return LinearClassifier(prod(size), K, **{**drawn, "std": recipe.std or 1e-3})
    return TwoLayer(prod(size), recipe.hidden, K, **drawn, activation=recipe.activation)


def prepare(recipe, data, *, seed=0, path=None):
    """Load the data and set up the run that a recipe describes."""
    loaded = load(data, path=path).centred(scale=recipe.scale, dtype=np.float32)
    size, K = loaded.train.x.shape[1:], len(loaded.classes)
    for name, table in (("rule", RULES), ("schedule", SCHEDULES)):
        if (value := getattr(recipe, name)) not in table:
            raise ValueError(f"train: {name} is {value!r}, use one of {', '.join(table)}")
    factor = (0.95,) if recipe.schedule == "exponential" else ()
    return Solver(
        build(recipe, size, K, seed=seed),
        loaded,
        rule=RULES[recipe.rule](recipe.rate, decay=recipe.decay),
        schedule=SCHEDULES[recipe.schedule](*factor),
        batch=recipe.batch,
        epochs=recipe.epochs,
        reg=recipe.reg,
        augment=flip if recipe.flips else None,
        seed=seed,
    )
