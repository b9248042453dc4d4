"""Models by their name, each with the images and classes that it was made for.

`dlcore show` accounts for them. A family of published networks is a few lines of the table.

Chapter: book/vgg.md.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from dlcore.nn.models import Darts, DenseNet, ResNet, SearchNetwork, vgg
from dlcore.train.recipes import MODELS, RECIPES

CIFAR, IMAGENET = ((3, 32, 32), 10), ((3, 224, 224), 1000)  # sizes of images, and classes
DATA = {"digits": ((1, 8, 8), 10), "mnist": ((1, 28, 28), 10), "cifar10": CIFAR}


class Architecture(NamedTuple):
    """How a model is built, and what for.

    `build(size=(C, H, W), K=classes, rng=…)` returns the model; `size` and `K` are those of the
    data that it was published for, or of CIFAR-10.

    >>> Architecture(MODELS["linear"]).size
    (3, 32, 32)
    """

    build: Callable
    size: tuple[int, int, int] = CIFAR[0]
    K: int = CIFAR[1]


ARCHITECTURES = {
    **{name: Architecture(build) for name, build in MODELS.items()},
    "vgg-a": Architecture(partial(vgg, "A"), *IMAGENET),
    "vgg-a-lrn": Architecture(partial(vgg, "A-LRN"), *IMAGENET),
    "vgg-b": Architecture(partial(vgg, "B"), *IMAGENET),
    "vgg-c": Architecture(partial(vgg, "C"), *IMAGENET),
    "vgg-d": Architecture(partial(vgg, "D"), *IMAGENET),
    "vgg-e": Architecture(partial(vgg, "E"), *IMAGENET),
    "resnet32": Architecture(partial(ResNet, depth=32)),
    "resnet44": Architecture(partial(ResNet, depth=44)),
    "resnet56": Architecture(partial(ResNet, depth=56)),
    "resnet110": Architecture(partial(ResNet, depth=110)),
    "densenet22": Architecture(partial(DenseNet, depth=22, growth=12)),
    "densenet40": Architecture(partial(DenseNet, depth=40, growth=12)),
    "densenet-bc-100": Architecture(
        partial(DenseNet, depth=100, growth=12, bottleneck=True, compression=0.5)
    ),
    "darts": Architecture(partial(Darts, auxiliary=True)),
    "darts-search": Architecture(SearchNetwork),
}


def undrawn(name, size=None, K=None):
    """Build a model of the table without drawing its weights; return it and its image size.

    Without `size` and `K` they are those of the table. Raises ValueError for an unknown name, or
    for images that are too small for the model.

    >>> model, size = undrawn("vgg-cifar")
    >>> type(model).__name__, size
    ('VGG', (3, 32, 32))
    """
    if name not in ARCHITECTURES:
        raise ValueError(f"show: model is {name!r}, use one of {', '.join(ARCHITECTURES)}")
    architecture = ARCHITECTURES[name]
    size = architecture.size if size is None else size
    K = architecture.K if K is None else K
    return architecture.build(size=size, K=K, rng=None), size


def trained(name, data="digits", size=None, K=None, hidden=None, *, rng=None, **options):
    """Build a model as `dlcore train` does for some data; without a generator it is not drawn.

    Settings, `size` and `K` are those of the recipe for this data, or where there is none those
    of the table; each may be given. The options are those of the model, such as its dtype. Raises
    ValueError for an unknown name, unknown data, `hidden` of a model without a recipe or hidden
    layer, and images that are too small for the model.

    >>> trained("twolayer", "digits", hidden=50).hidden.params["w"].shape
    (64, 50)
    """
    if name not in ARCHITECTURES:
        raise ValueError(f"trained: model is {name!r}, use one of {', '.join(ARCHITECTURES)}")
    if data not in DATA:
        raise ValueError(f"trained: data is {data!r}, use one of {', '.join(DATA)}")
    recipe = RECIPES.get((name, data))
    if recipe is None and hidden is not None:
        raise ValueError(f"trained: hidden is {hidden} but {name} on {data} has no recipe")
    architecture = ARCHITECTURES[name]
    size = size or images_for(name, data)
    if recipe is None:
        K = architecture.K if K is None else K
        return architecture.build(size=size, K=K, rng=rng, **options)
    settings = recipe.changed(**({} if hidden is None else {"hidden": hidden})).settings
    return recipe.build(size, DATA[data][1] if K is None else K, rng=rng, **settings, **options)


def images_for(name, data):
    """Return (C, H, W) of the images of a recipe's data, or of the table without a recipe.

    >>> images_for("linear", "digits"), images_for("vgg-cifar", "digits")
    ((1, 8, 8), (3, 32, 32))
    """
    return DATA[data][0] if (name, data) in RECIPES else ARCHITECTURES[name].size
