"""Recipes: settings that were looked for and found, one for every model and dataset.

`dlcore train` starts from these and lets every one of them be changed; `dlcore sweep` looks for
better ones. They were chosen by validation accuracy; the test sets had no say.

Chapter: book/solver.md.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import prod

import numpy as np

from dlcore.data import load
from dlcore.data.augment import compose, crop, flip
from dlcore.nn.models import (
    MLP,
    VGG,
    LinearClassifier,
    ResNet,
    ThreeLayerConvNet,
    TwoLayer,
    TwoLayerConvNet,
)
from dlcore.train.optim import OPTIMIZERS
from dlcore.train.schedule import SCHEDULES
from dlcore.train.solver import Solver


def linear(size, K, *, std=1e-3, **drawn):
    """Build the linear classifier for images of `size` (C, H, W).

    >>> linear((1, 8, 8), 10, rng=np.random.default_rng(0))(np.ones((5, 1, 8, 8))).shape
    (5, 10)
    """
    return LinearClassifier(prod(size), K, std=std, **drawn)


def two_layer(size, K, *, hidden=256, activation="relu", **drawn):
    """Build the two-layer network for images of `size` (C, H, W); `hidden` counts its units.

    >>> two_layer((1, 8, 8), 10, rng=np.random.default_rng(0))(np.ones((5, 1, 8, 8))).shape
    (5, 10)
    """
    return TwoLayer(prod(size), hidden, K, activation=activation, **drawn)


def mlp(size, K, *, hidden=(256, 128), activation="relu", **drawn):
    """Build a perceptron for images of `size`; `hidden` counts the units of its layers.

    Raises ValueError for a layer without units.

    >>> mlp((1, 8, 8), 10, rng=np.random.default_rng(0))(np.ones((5, 1, 8, 8))).shape
    (5, 10)
    """
    return MLP(prod(size), hidden, K, activation=activation, **drawn)


def two_layer_convnet(size, K, *, filters=32, kernel_size=5, **drawn):
    """Build the ConvNet with one convolution and one linear layer.

    `filters` counts the filters of `kernel_size` × `kernel_size`. Raises ValueError for images
    smaller than 2 × 2.

    >>> two_layer_convnet((1, 8, 8), 10, rng=np.random.default_rng(0))(np.ones((5, 1, 8, 8))).shape
    (5, 10)
    """
    return TwoLayerConvNet(size, filters, K, kernel_size=kernel_size, **drawn)


def three_layer_convnet(size, K, *, filters=32, kernel_size=7, hidden=512, **drawn):
    """Build the ConvNet with one convolution and two linear layers.

    `filters` counts the filters of `kernel_size` × `kernel_size`, `hidden` the units between the
    linear layers. Raises ValueError for images smaller than 2 × 2.

    >>> model = three_layer_convnet((1, 8, 8), 10, rng=np.random.default_rng(0))
    >>> model(np.ones((5, 1, 8, 8))).shape
    (5, 10)
    """
    return ThreeLayerConvNet(size, filters, hidden, K, kernel_size=kernel_size, **drawn)


def resnet(size, K, *, depth=20, **drawn):
    """Build a residual network of some depth, 6 n + 2, for images of `size` (C, H, W).

    Raises ValueError for another depth.

    >>> model = resnet((1, 8, 8), 10, depth=8, rng=np.random.default_rng(0))
    >>> model(np.ones((5, 1, 8, 8))).shape
    (5, 10)
    """
    return ResNet(size, K, depth=depth, **drawn)


def vgg_cifar(size, K, *, batch_norm=True, dropout=0.0, **drawn):
    """Build the network of the fourth source, for images of `size` (C, H, W).

    Eight convolutions and three linear layers; `dropout` is the probability to drop after every
    block and every hidden layer. Raises ValueError for images that leave no pixel.

    >>> model = vgg_cifar((1, 8, 8), 10, rng=np.random.default_rng(0))
    >>> model(np.ones((5, 1, 8, 8))).shape
    (5, 10)
    """
    return VGG(size, K, batch_norm=batch_norm, dropout=dropout, **drawn)


MODELS = {
    "linear": linear,
    "twolayer": two_layer,
    "mlp": mlp,
    "two-layer-convnet": two_layer_convnet,
    "three-layer-convnet": three_layer_convnet,
    "vgg-cifar": vgg_cifar,
    "resnet20": resnet,
}


def image_size(text):
    """Read channels, height and width:  "3x32x32"  is  (3, 32, 32).

    Raises ValueError for anything but three whole numbers above 0.

    >>> image_size("1x28x28")
    (1, 28, 28)
    """
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) != 3 or not all(part.isdigit() and int(part) for part in parts):
        raise ValueError(f"size: {text!r} is no size of an image, write it as 3x32x32")
    return tuple(map(int, parts))


COUNTS = ("hidden", "filters", "kernel_size", "batch_size", "epochs")  # 1 or more
STRENGTHS = ("weight_decay", "l2", "crop", "images")  # 0 or more


def require_allowed(name, value):
    """Raise ValueError where no training can have the value of a setting.

    >>> require_allowed("learning_rate", -1.0)
    Traceback (most recent call last):
    ValueError: train: learning_rate is -1.0, use a number above 0
    """
    if name in COUNTS and np.min(value) < 1:
        raise ValueError(f"train: {name} is {value}, use a whole number of 1 or more")
    if name in STRENGTHS and not 0 <= value < np.inf:
        raise ValueError(f"train: {name} is {value}, use a number of 0 or more")
    if name == "learning_rate" and not 0 < value < np.inf:
        raise ValueError(f"train: {name} is {value}, use a number above 0")


@dataclass(frozen=True)
class Recipe:
    """Everything that a training run needs besides its data and its seed.

    ============  ===================================================
    build         makes the model:  build(size, K, rng=…, dtype=…, **settings)
    settings      what `build` takes besides: hidden, filters, std, …
    optimizer     by its name in `OPTIMIZERS`
    schedule      by its name in `SCHEDULES`
    scale         by which centred pixels are multiplied
    flip          whether a random half of the images is mirrored
    crop          by how many pixels at most images are moved, with zeros beside them
    images        how many of the training images are used, the first ones; all if it is 0
    ============  ===================================================

    >>> Recipe(two_layer, {"hidden": 256}).changed(hidden=64, epochs=3).settings
    {'hidden': 64}
    """

    build: Callable
    settings: dict = field(default_factory=dict)
    optimizer: str = "nesterov"
    learning_rate: float = 0.03
    weight_decay: float = 0.0
    l2: float = 0.0
    schedule: str = "one-cycle"
    batch_size: int = 100
    epochs: int = 10
    scale: float = 1 / 64
    flip: bool = False
    crop: int = 0
    images: int = 0

    @property
    def augment(self):
        """How a batch of training images is augmented; None if it is not."""
        chosen = [flip] * self.flip + [crop(self.crop)] * bool(self.crop)
        return compose(*chosen) if chosen else None

    def chosen(self):
        """Map every setting, of the model and of the training, to its value."""
        chosen = {**self.settings, **vars(self)}
        del chosen["build"], chosen["settings"]
        return chosen

    def __str__(self):
        """Name every setting and its value."""
        return ", ".join(f"{name} {value}" for name, value in self.chosen().items())

    def changed(self, **changes):
        """Return the recipe with some settings changed, of the model or of the training.

        Raises ValueError for a name that neither the recipe nor its model has, and for a value
        that no training can have:

        >>> recipe("linear", "digits").changed(epochs=0)
        Traceback (most recent call last):
        ValueError: train: epochs is 0, use a whole number of 1 or more
        """
        known = self.chosen()
        for name, value in changes.items():
            if name not in known:
                model = self.build.__name__.replace("_", " ")
                raise ValueError(f"train: {model} has no {name}, it has {', '.join(known)}")
            require_allowed(name, value)
        own = {name: value for name, value in changes.items() if name not in self.settings}
        settings = {name: changes.get(name, value) for name, value in self.settings.items()}
        return replace(self, settings=settings, **own)


RECIPES = {
    ("linear", "digits"): Recipe(
        linear, {"std": 0.01}, learning_rate=0.05, scale=1 / 8, epochs=30, batch_size=50
    ),
    ("linear", "mnist"): Recipe(linear, {"std": 0.01}, learning_rate=0.03, epochs=15),
    ("linear", "cifar10"): Recipe(
        linear, {"std": 0.001}, learning_rate=0.001, weight_decay=0.01, batch_size=200, epochs=15,
        flip=True,
    ),
    ("twolayer", "digits"): Recipe(
        two_layer, {"hidden": 256}, learning_rate=0.05, weight_decay=0.002, scale=1 / 8,
        batch_size=50, epochs=60,
    ),
    ("twolayer", "mnist"): Recipe(
        two_layer, {"hidden": 512}, learning_rate=0.08, weight_decay=0.003, epochs=20
    ),
    ("twolayer", "cifar10"): Recipe(
        two_layer, {"hidden": 768}, learning_rate=0.03, weight_decay=0.002, batch_size=200,
        epochs=12, flip=True,
    ),
    ("two-layer-convnet", "digits"): Recipe(
        two_layer_convnet, {"filters": 32, "kernel_size": 3}, learning_rate=0.03,
        weight_decay=0.002, scale=1 / 8, batch_size=50, epochs=30,
    ),
    ("two-layer-convnet", "mnist"): Recipe(
        two_layer_convnet, {"filters": 32, "kernel_size": 5}, learning_rate=0.03,
        weight_decay=0.002, epochs=3,
    ),
    ("two-layer-convnet", "cifar10"): Recipe(
        two_layer_convnet, {"filters": 32, "kernel_size": 5}, learning_rate=0.02,
        weight_decay=0.002, epochs=1,
    ),
    ("three-layer-convnet", "digits"): Recipe(
        three_layer_convnet, {"filters": 32, "kernel_size": 3, "hidden": 128}, learning_rate=0.03,
        weight_decay=0.002, scale=1 / 8, batch_size=50, epochs=30,
    ),
    ("three-layer-convnet", "mnist"): Recipe(
        three_layer_convnet, {"filters": 32, "kernel_size": 7, "hidden": 512}, learning_rate=0.03,
        weight_decay=0.002, epochs=3,
    ),
    ("three-layer-convnet", "cifar10"): Recipe(
        three_layer_convnet, {"filters": 32, "kernel_size": 7, "hidden": 512}, learning_rate=0.02,
        weight_decay=0.002, epochs=4, flip=True,
    ),
    ("vgg-cifar", "cifar10"): Recipe(
        vgg_cifar, {"batch_norm": True, "dropout": 0.1}, learning_rate=0.05, weight_decay=5e-4,
        batch_size=128, epochs=9, flip=True, crop=4,
    ),
    ("resnet20", "digits"): Recipe(
        resnet, {"depth": 20}, learning_rate=0.1, weight_decay=5e-4, scale=1 / 8, batch_size=50,
        epochs=20, crop=1,
    ),
    ("resnet20", "cifar10"): Recipe(
        resnet, {"depth": 20}, learning_rate=0.2, weight_decay=5e-4, batch_size=128, epochs=30,
        flip=True, crop=4,
    ),
}  # fmt: skip


def recipe(model, data):
    """Look up the settings for a model and a dataset.

    Raises ValueError where there is no recipe, with the models or the datasets that there are.

    >>> recipe("linear", "digits").epochs
    30
    >>> recipe("vgg-cifar", "digits")
    Traceback (most recent call last):
    ValueError: train: data is 'digits', vgg-cifar has recipes for cifar10
    """
    models = dict.fromkeys(name for name, _ in RECIPES)
    if model not in models:
        raise ValueError(f"train: model is {model!r}, use one of {', '.join(models)}")
    known = [name for each, name in RECIPES if each == model]
    if data not in known:
        raise ValueError(f"train: data is {data!r}, {model} has recipes for {', '.join(known)}")
    return RECIPES[model, data]


def prepare(recipe, data, *, seed=0, path=None, callbacks=()):
    """Load the data and set up the run that a recipe describes, its first weights drawn.

    The model computes in float32. Raises ValueError for an unknown optimizer, schedule or
    dataset, and for more images than there are; DataError where the data is absent or damaged.

    >>> history = prepare(recipe("linear", "digits").changed(epochs=1), "digits").train()
    >>> len(history.train_loss)
    26
    """
    loaded = load(data, path=path)
    if recipe.images > loaded.train.N:
        given = f"images is {recipe.images}, {data} has {loaded.train.N} to learn from"
        raise ValueError(f"train: {given}")
    if recipe.images:
        loaded = replace(loaded, train=loaded.train.first(recipe.images))
    loaded = loaded.centred(scale=recipe.scale, dtype=np.float32)
    size, K = loaded.train.x.shape[1:], len(loaded.classes)
    for name, table in (("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)):
        if (value := getattr(recipe, name)) not in table:
            raise ValueError(f"train: {name} is {value!r}, use one of {', '.join(table)}")
    optimizer = OPTIMIZERS[recipe.optimizer]
    factor = (0.95,) if recipe.schedule == "exponential" else ()
    rng = np.random.default_rng(seed)
    return Solver(
        recipe.build(size, K, rng=rng, dtype=np.float32, **recipe.settings),
        loaded,
        optimizer=optimizer(recipe.learning_rate, weight_decay=recipe.weight_decay),
        schedule=SCHEDULES[recipe.schedule](*factor),
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        l2=recipe.l2,
        augment=recipe.augment,
        callbacks=callbacks,
        seed=seed,
    )
