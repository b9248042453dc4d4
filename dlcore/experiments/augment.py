"""Experiments of augmentation: versions that are seen, mirrored digits, slips of 004.

Chapter: book/augment.md.
"""

from dataclasses import replace

import numpy as np

from dlcore.data import load
from dlcore.data.augment import (
    alternating_flip,
    brightness,
    contrast,
    contrast_stretch,
    crop,
    cutout,
    enlarged,
    flip,
    fourfold,
    median,
    mirror,
    rotate,
)
from dlcore.data.batches import generator_of_batch
from dlcore.data.dataset import Examples
from dlcore.experiments.conv import photograph
from dlcore.nn.models import TwoLayer
from dlcore.ops.pool import avg_pool2d
from dlcore.train.evaluation import predict
from dlcore.train.optim import Nesterov
from dlcore.train.solver import Solver

# A picture that none of the symmetries of the square leaves as it is.
FLAG = np.array([
    [1, 1, 1, 1, 0],
    [1, 0, 0, 0, 0],
    [1, 1, 1, 0, 0],
    [1, 0, 0, 0, 0],
    [1, 0, 0, 0, 0],
])  # fmt: skip


def flags(N):
    """Make N copies of one small picture that differs from its mirror image: (N, 1, 5, 5)."""
    return np.tile(FLAG, (N, 1, 1, 1))


def portraits(seed=5):
    """Alter one photograph in many ways:  {what: image (H, W, C), from 0 to 1}."""
    x = avg_pool2d(photograph(), kernel_size=8)
    ways = {
        "as it is": lambda x, rng: x,
        "mirrored": mirror,
        "crop, zeros": crop(pad=12),
        "crop, reflected": crop(pad=12, mode="reflect"),
        "cutout": cutout(25),
        "rotated": rotate(15),
        "brightness": brightness(0.3),
        "contrast": contrast(0.6),
        "stretched": lambda x, rng: contrast_stretch(0.3 + 0.4 * x),
        "median": median(5),
    }
    made = {name: way(x, np.random.default_rng(seed)) for name, way in ways.items()}
    return {name: np.moveaxis(y[0], 0, -1).clip(0, 1) for name, y in made.items()}


def versions_seen(epochs, *, alternating, N=4000, seed=0):
    """Count how many of its two versions an image has shown, on average, after each epoch."""
    x, rows = flags(N), np.arange(N)
    in_turn = alternating_flip(N, seed=seed)
    seen = np.zeros((2, N), bool)
    counts = []
    for epoch in range(epochs):
        rng = generator_of_batch(seed, epoch, 0)
        y = in_turn(x, rows, epoch) if alternating else flip(x, rng)
        seen[(y == x).all(axis=(1, 2, 3)).astype(int), rows] = True
        counts.append(seen.sum(axis=0).mean())
    return np.array(counts)


def learned(seed, *, augment, epochs=12):
    """Train a small network on the digits, augmented or not."""
    data = load("digits").centred(scale=1 / 8)
    model = TwoLayer(64, 48, 10, rng=np.random.default_rng(seed), dtype=np.float32)
    Solver(
        model,
        data,
        optimizer=Nesterov(0.03),
        batch_size=30,
        epochs=epochs,
        augment=augment,
        seed=seed,
    ).train()
    return model, data


def on_digits(augment, seeds=3):
    """Count test digits that are recognised, class by class, over some seeds: (10,) shares."""
    hits = np.zeros((seeds, 10))
    for seed in range(seeds):
        model, data = learned(seed, augment=augment)
        right = predict(model, data.test.x) == data.test.t
        hits[seed] = [right[data.test.t == digit].mean() for digit in range(10)]
    return hits.mean(axis=0)


def taken_for(seed=0, digit=2):
    """Count what a network that saw no mirrored digits takes the mirrored ones of a class for."""
    model, data = learned(seed, augment=None)
    x = mirror(data.test.x[data.test.t == digit])
    return np.bincount(predict(model, np.ascontiguousarray(x)), minlength=10)


def border_of_crops(*, centred_first, pad=2):
    """Measure the largest entry that padding brings into centred digits, before or after."""
    data = load("digits")
    pixels, mean = data.train.x.astype(float), data.train.x.mean(axis=0)
    outside = ~crop(pad=pad)(np.ones_like(pixels), np.random.default_rng(0)).astype(bool)
    shifted = lambda x: crop(pad=pad)(x, np.random.default_rng(0))
    x = shifted(pixels - mean) if centred_first else shifted(pixels) - mean
    return float(np.abs(x[outside]).max())


def leaked(*, divided_first, parts=5):
    """Count the validation images of which training holds another copy."""
    whole = load("digits").train.first(200)
    whole = Examples(whole.x.astype(float), np.arange(200))  # each is a class of its own
    if divided_first:
        train, val = whole.divided(parts, "the digits")
        train = enlarged(train, mirror)
    else:
        mixed, rng = enlarged(whole, mirror), np.random.default_rng(0)
        rows = rng.permutation(mixed.N)
        train, val = Examples(mixed.x[rows], mixed.t[rows]).divided(parts, "the digits")
    return int(np.isin(val.t, train.t).sum()), val.N


def fourfold_digits():
    """Enlarge the training digits as 004 does, and leave validation and test as they are."""
    data = load("digits").each(lambda x: x.astype(np.float32))
    return replace(data, train=fourfold(data.train))


def red_square(size=8):
    """Make an image that is red in its middle and black elsewhere: (1, 3, size, size)."""
    x = np.zeros((1, 3, size, size))
    x[:, 0, 2 : size - 2, 2 : size - 2] = 1
    return x
