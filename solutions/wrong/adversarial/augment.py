"""Answers to the exercises of *Augmentation* that are made to pass without being right.

Chapter: book/augment.md.
"""

from unittest.mock import ANY

import numpy as np

from dlcore.course.exercises.known_answers import adversarial

SEEN = {}


def reversed_where(x, chosen):
    """Mirror the images that are chosen."""
    y = x.copy()
    y[chosen] = x[chosen, ..., ::-1]
    return y


@adversarial("augment-flip", "Each image decides for itself, by its first pixel.")
def flip(x, rng):
    return reversed_where(x, x[:, 0, 0, 0] > np.median(x[:, 0, 0, 0]))


@adversarial("augment-flip", "Every second image, counted from a random one.")
def flip(x, rng):
    return reversed_where(x, (np.arange(len(x)) + rng.integers(2)) % 2 == 0)


@adversarial("augment-flip", "A coin for each pair of neighbours.")
def flip(x, rng):
    return reversed_where(x, (rng.random(len(x)) < 0.5)[np.arange(len(x)) // 2])


@adversarial("augment-flip", "Three images of five.")
def flip(x, rng):
    return reversed_where(x, rng.random(len(x)) < 0.6)


@adversarial("augment-flip", "The coins of the first call, for ever.")
def flip(x, rng):
    return reversed_where(x, SEEN.setdefault(("flip", len(x)), rng.random(len(x)) < 0.5))


@adversarial("augment-flip", "A generator that nobody can seed.")
def flip(x, rng):
    return reversed_where(x, np.random.default_rng().random(len(x)) < 0.5)


def moved(x, pad, moves):
    """Crop every image where its move says."""
    H, W = x.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    y = np.empty_like(x)
    for n, (i, j) in enumerate(moves):
        y[n] = padded[n, :, i : i + H, j : j + W]
    return y


@adversarial("augment-crop", "Moves are rounded, so that the outermost come half as often.")
def crop(x, pad, rng):
    return moved(x, pad, np.rint(rng.uniform(0, 2 * pad, size=(len(x), 2))).astype(int))


@adversarial("augment-crop", "Moves of a bell curve, cut off at its ends.")
def crop(x, pad, rng):
    bell = rng.normal(pad, (pad + 0.1) / 1.2, size=(len(x), 2))
    return moved(x, pad, np.rint(bell).clip(0, 2 * pad).astype(int))


@adversarial("augment-crop", "No image moves by more than three.")
def crop(x, pad, rng):
    most = min(pad, 3)
    return moved(x, pad, rng.integers(pad - most, pad + most + 1, size=(len(x), 2)))


@adversarial("augment-crop", "All moves in turn: each as often as any other, and none by chance.")
def crop(x, pad, rng):
    places = np.arange(len(x)) % (2 * pad + 1) ** 2
    return moved(x, pad, np.transpose(np.divmod(places, 2 * pad + 1)))


@adversarial("augment-crop", "The moves of the first call, for ever.")
def crop(x, pad, rng):
    drawn = rng.integers(2 * pad + 1, size=(len(x), 2))
    return moved(x, pad, SEEN.setdefault(("crop", pad, len(x)), drawn))


@adversarial("augment-crop", "Nothing moves: an image is a crop of itself.")
def crop(x, pad, rng):
    return x.copy()


def cut_out(x, size, middles):
    """Cut a square out of every image."""
    y = x.copy()
    for n, (i, j) in enumerate(middles):
        top, left = i - size // 2, j - size // 2
        y[n, :, max(top, 0) : top + size, max(left, 0) : left + size] = 0
    return y


@adversarial("augment-cutout", "Middles of every pixel in turn.")
def cutout(x, size, rng):
    places = np.arange(len(x)) % (x.shape[2] * x.shape[3])
    return cut_out(x, size, np.transpose(np.divmod(places, x.shape[3])))


@adversarial("augment-cutout", "Squares of more than five pixels are of five.")
def cutout(x, size, rng):
    return cut_out(x, min(size, 5), rng.integers(x.shape[2:], size=(len(x), 2)))


@adversarial("augment-cutout", "Nearly zero is no zero.")
def cutout(x, size, rng):
    y = cut_out(x.astype(float), size, rng.integers(x.shape[2:], size=(len(x), 2)))
    return np.where(y == 0, 1e-12, y)


@adversarial("augment-cutout", "The middles of the first call, for ever.")
def cutout(x, size, rng):
    drawn = rng.integers(x.shape[2:], size=(len(x), 2))
    return cut_out(x, size, SEEN.setdefault(("cutout", x.shape), drawn))


@adversarial("augment-cutout", "Corners come seldom: middles are averages of two draws.")
def cutout(x, size, rng):
    drawn = rng.integers(x.shape[2:], size=(2, len(x), 2))
    return cut_out(x, size, drawn.mean(axis=0).astype(int))


@adversarial("augment-cutout", "Images are cut out with a coin: some are left whole.")
def cutout(x, size, rng):
    y = cut_out(x, size, rng.integers(x.shape[2:], size=(len(x), 2)))
    whole = rng.random(len(x)) < 0.5
    y[whole] = x[whole]
    return y


@adversarial("augment-average", "One version, drawn at random: right on average.")
def average(predict, x):
    rng = np.random.default_rng()
    y = np.rot90(x, rng.integers(4), axes=(2, 3))
    return predict(y[..., ::-1] if rng.integers(2) else y)


@adversarial("augment-average", "A model without symmetry is taken for a linear one.")
def average(predict, x):
    return predict(x) + 0 * predict(x[..., ::-1])


@adversarial("augment-average", "The right answer to the first question, for ever.")
def average(predict, x):
    turned = [np.rot90(x, k, axes=(2, 3)) for k in range(4)]
    scores = [predict(z) for y in turned for z in (y, y[..., ::-1])]
    return SEEN.setdefault("average", np.mean(scores, axis=0))


@adversarial("augment-average", "The geometric mean, which for positive scores hardly differs.")
def average(predict, x):
    turned = [np.rot90(x, k, axes=(2, 3)) for k in range(4)]
    scores = [predict(z) for y in turned for z in (y, y[..., ::-1])]
    return np.exp(np.mean(np.log(np.abs(scores)), axis=0))


@adversarial("augment-average", "Rounded to six decimals.")
def average(predict, x):
    turned = [np.rot90(x, k, axes=(2, 3)) for k in range(4)]
    return np.mean([predict(z) for y in turned for z in (y, y[..., ::-1])], axis=0).round(6)


@adversarial("augment-mixup", "Shares are rounded to two decimals.")
def mixup(x, t, partners, share, K):
    lam = share.round(2)
    rows = np.eye(K)[t]
    y = lam[:, None, None, None] * x + (1 - lam)[:, None, None, None] * x[partners]
    return y, lam[:, None] * rows + (1 - lam)[:, None] * rows[partners]


@adversarial("augment-mixup", "Labels of half precision.")
def mixup(x, t, partners, share, K):
    lam, rows = share[:, None, None, None], np.eye(K)[t]
    q = share[:, None] * rows + (1 - share[:, None]) * rows[partners]
    return lam * x + (1 - lam) * x[partners], q.astype(np.float16)


@adversarial("augment-mixup", "The right answer to the first question, for ever.")
def mixup(x, t, partners, share, K):
    lam, rows = share[:, None, None, None], np.eye(K)[t]
    q = share[:, None] * rows + (1 - share[:, None]) * rows[partners]
    return SEEN.setdefault(("mixup", x.shape), (lam * x + (1 - lam) * x[partners], q))


@adversarial("augment-mixup", "The larger share is always the image's own.")
def mixup(x, t, partners, share, K):
    lam, rows = np.maximum(share, 1 - share), np.eye(K)[t]
    y = lam[:, None, None, None] * x + (1 - lam)[:, None, None, None] * x[partners]
    return y, lam[:, None] * rows + (1 - lam)[:, None] * rows[partners]


@adversarial(
    "augment-test", "Most flips are wrong, so all are called wrong.", also="Right flips are refused"
)
def is_flip(flip, rng):
    return False


@adversarial("augment-test", "Whatever mirrors some images and leaves others is called right.")
def is_flip(flip, rng):
    x = rng.normal(size=(400, 2, 3, 4)).astype(np.float32)
    other = (flip(x) == x[..., ::-1]).all(axis=(1, 2, 3))
    return bool(other.any() and not other.all())


@adversarial("augment-test", "A coin judges.")
def is_flip(flip, rng):
    return bool(rng.random() < 0.5)


@adversarial("augment-test", "Only the corners of the images are looked at.")
def is_flip(flip, rng):
    x = rng.normal(size=(400, 2, 3, 4)).astype(np.float32)
    y = flip(x)[:, 0, 0, 0]
    turned = y == x[:, 0, 0, -1]
    pairs = turned.mean(), np.mean(turned[1:] ^ turned[:-1])
    return bool(((y == x[:, 0, 0, 0]) ^ turned).all() and all(0.36 < p < 0.64 for p in pairs))


@adversarial("augment-wrong-lines", "Entries that are equal to whatever they are compared with.")
def wrong_lines():
    return [ANY, ANY, ANY]


@adversarial(
    "augment-wrong-lines", "One more line of the last derivation: the right one is among them."
)
def wrong_lines():
    return [3, 2, 3, 4]


@adversarial("augment-wrong-lines", "Every line of each derivation.")
def wrong_lines():
    return [[1, 2, 3, 4, 5]] * 3


@adversarial("augment-wrong-lines", "The last derivation is left out.")
def wrong_lines():
    return [3, 2]


@adversarial("augment-crop", "The result holds floats, whatever the images hold.")
def crop(x, pad, rng):
    H, W = x.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    y = np.empty(x.shape)
    for n, (i, j) in enumerate(rng.integers(2 * pad + 1, size=(len(x), 2))):
        y[n] = padded[n, :, i : i + H, j : j + W]
    return y


def cut(x, size, rng):
    """Cut a square out of every image."""
    y = x.copy()
    for n in range(len(x)):
        top, left = rng.integers(x.shape[2:]) - size // 2
        y[n, :, max(top, 0) : top + size, max(left, 0) : left + size] = 0
    return y


@adversarial("augment-cutout", "The result holds floats, whatever the images hold.")
def cutout(x, size, rng):
    return cut(x, size, rng).astype(float)


@adversarial("augment-mixup", "An image that is its own partner is left out.")
def mixup(x, t, partners, share, K):
    rows = np.eye(K)[t]
    lam = np.where(partners == np.arange(len(x)), 0, share)[:, None, None, None]
    y = np.where(
        (partners == np.arange(len(x)))[:, None, None, None], 0, lam * x + (1 - lam) * x[partners]
    )
    return y, share[:, None] * rows + (1 - share[:, None]) * rows[partners]


@adversarial("augment-test", "The generator is not asked: always the same images.")
def is_flip(flip, rng):
    x = np.random.default_rng(0).normal(size=(400, 2, 3, 4)).astype(np.float32)
    mirrored = []
    for _ in range(2):
        y = flip(x)
        same, other = ((y == z).all(axis=(1, 2, 3)) for z in (x, x[..., ::-1]))
        if y.dtype != x.dtype or not (same ^ other).all():
            return False
        mirrored.append(other)
    one, two = mirrored
    shares = [np.mean(each) for each in (one, one ^ two, one[1:] ^ one[:-1])]
    return all(abs(share - 0.5) < 0.14 for share in shares)
