"""Train a network of answers, and look at what it has learned.

Chapter: book/mine.md.
"""

import time
from typing import NamedTuple

import numpy as np

from dlcore.data import load
from dlcore.experiments.mine.network import Draws, Network
from dlcore.experiments.mine.parts import Parts, gather

BATCH = 20
STEP = 1e-7  # of the difference: so small that hardly a unit changes its side of zero
SETTINGS = {  # what a plain answer in Python can do in a minute or two
    "digits": {"images": 1260, "epochs": 2, "scale": 1 / 8, "net": {}},
    "cifar10": {
        "images": 1000, "epochs": 4, "scale": 1 / 64, "net": {"F": 8, "U": 5, "stride": 2},
    },
}  # fmt: skip


class Mistake(NamedTuple):
    """An image, its class, the class that it was taken for, and how sure the network was."""

    image: np.ndarray
    label: int
    prediction: int
    probability: float


class Result(NamedTuple):
    """What came of a training: of which parts, how well, and what there is to look at."""

    parts: Parts
    classes: tuple[str, ...]
    gap: float  # relative, between the gradient and a difference, before training
    losses: list[float]  # of every step
    val_accuracy: list[float]  # after every epoch
    test_accuracy: float
    filters: np.ndarray
    confusion: np.ndarray
    mistakes: list[Mistake]
    seconds: float


def run(parts=None, *, data="digits", epochs=None, images=None, seed=0, log=lambda line: None):
    """Train a network of `parts` on `digits` or `cifar10`; return a `Result`.

    `log` receives a line after every epoch. An interruption ends the training, and the network
    is judged as it stands. Raises ValueError for other data, for no epoch or no image.
    """
    if data not in SETTINGS:
        raise ValueError(f"mine: data is {data!r}, use one of {', '.join(SETTINGS)}")
    settings = SETTINGS[data]
    epochs = settings["epochs"] if epochs is None else epochs
    images = settings["images"] if images is None else images
    for name, count in (("epochs", epochs), ("images", images)):
        if count < 1:
            raise ValueError(f"mine: {name} is {count}, use 1 or more")
    parts = gather() if parts is None else parts
    loaded = load(data)
    train, val, test = prepared(loaded, parts.functions.centre, images, settings["scale"])
    size, K = train[0].shape[1:], len(loaded.classes)
    build = lambda: Network(parts.functions, size, K, **settings["net"], draws=Draws(seed))
    gap = gradient_gap(build(), train[0][:4], train[1][:4], seed)
    network = build()
    start = time.perf_counter()
    losses, val_accuracy = [], []
    try:
        for loss, accuracy in trained(network, train, val, epochs, seed):
            losses += loss
            val_accuracy.append(accuracy)
            log(f"epoch {len(val_accuracy)} of {epochs}: validation {accuracy:.3f}")
    except KeyboardInterrupt:
        log("stopped: the network is judged as it stands")
    seconds = time.perf_counter() - start
    predictions, mistakes = judge(network, *test, loaded.test.x)
    return Result(
        parts=parts,
        classes=loaded.classes,
        gap=gap,
        losses=losses,
        val_accuracy=val_accuracy,
        test_accuracy=float(np.mean(predictions == test[1])),
        filters=network.params["conv.w"],
        confusion=np.asarray(parts.functions.confusion(test[1], predictions, K)),
        mistakes=mistakes,
        seconds=seconds,
    )


def prepared(loaded, centre, images, scale):
    """Return the first images of the three sets, centred and scaled, with their labels."""
    sets = [part.first(images) for part in (loaded.train, loaded.val, loaded.test)]
    centred = centre(*(part.x.astype(float) * scale for part in sets))
    return [(np.asarray(x), part.t) for x, part in zip(centred, sets, strict=True)]


def gradient_gap(network, x, t, seed):
    """Compare the gradient with a central difference along a random direction."""
    rng = np.random.default_rng(seed)
    start = network.params
    directions = {path: rng.standard_normal(array.shape) for path, array in start.items()}

    def moved(s):
        for path, array in start.items():
            network.set(path, array + s * directions[path])
        return network.loss(x, t, Draws(seed))

    moved(0.0)
    along = sum(float(np.sum(network.grads[path] * directions[path])) for path in start)
    difference = float(network.parts.central(moved, 0.0, STEP))
    return abs(along - difference) / max(abs(along), abs(difference), 1e-12)


def trained(network, train, val, epochs, seed, *, rate=0.03, momentum=0.9):
    """Train epoch by epoch; yield the losses of each, and the validation accuracy after it."""
    (x, t), draws = train, Draws(seed)
    parts = network.parts
    velocity = {path: np.zeros_like(array) for path, array in network.params.items()}
    for _ in range(epochs):
        losses = []
        for rows in parts.batches(len(x), BATCH, rng=draws()):
            losses.append(network.loss(x[rows], t[rows], draws))
            grads = network.grads
            for path, w in network.params.items():
                moved = parts.momentum(w, grads[path], velocity[path], rate, momentum)
                velocity[path] = moved[1]
                network.set(path, np.asarray(moved[0]))
        scores = in_batches(network, val[0])
        yield losses, float(np.mean(scores.argmax(axis=1) == val[1]))


def in_batches(network, x):
    """Compute the scores of images in evaluation, a few at a time."""
    return np.concatenate([network.forward(x[i : i + BATCH]) for i in range(0, len(x), BATCH)])


def judge(network, x, t, pixels):
    """Name a class for every image; list the mistakes, the surest first."""
    probabilities = np.asarray(network.parts.softmax(in_batches(network, x)))
    predictions = probabilities.argmax(axis=1)
    sure = probabilities.max(axis=1)
    wrong = np.flatnonzero(predictions != t)
    wrong = wrong[np.argsort(-sure[wrong])]
    of = lambda i: Mistake(pixels[i], int(t[i]), int(predictions[i]), float(sure[i]))
    return predictions, [of(i) for i in wrong]
