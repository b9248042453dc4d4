"""Plausible wrong answers to the exercises of *Augmentation*, each with a word of advice.

Chapter: book/augment.md.
"""

import numpy as np

from dlcore.course.exercises.known_answers import wrong


def changed(x, rng, change):
    """Change a random half of the images."""
    chosen = rng.random(len(x)) < 0.5
    y = x.copy()
    y[chosen] = change(x)[chosen]
    return y


@wrong("augment-flip", "You turn images upside down: left and right are on the last axis.")
def flip(x, rng):
    return changed(x, rng, lambda x: x[:, :, ::-1])


@wrong("augment-flip", "You reverse the channels: red becomes blue. The last axis is meant.")
def flip(x, rng):
    return changed(x, rng, lambda x: x[:, ::-1])


@wrong("augment-flip", "You exchange images for others of the batch, and labels stay behind.")
def flip(x, rng):
    return changed(x, rng, lambda x: x[::-1])


@wrong("augment-flip", "np.roll moves columns around; to mirror is to read them backwards.")
def flip(x, rng):
    return changed(x, rng, lambda x: np.roll(x, 1, axis=-1))


@wrong("augment-flip", "One draw decides for the whole batch: draw one number for each image.")
def flip(x, rng):
    return x[..., ::-1].copy() if rng.random() < 0.5 else x.copy()


@wrong("augment-flip", "All images are mirrored: only a random half is to be.")
def flip(x, rng):
    return x[..., ::-1].copy()


@wrong("augment-flip", "A generator that is made here draws the same at every call: use rng.")
def flip(x, rng):
    return changed(x, np.random.default_rng(0), lambda x: x[..., ::-1])


@wrong("augment-flip", "You write into x, which is the only copy of the training set.")
def flip(x, rng):
    chosen = rng.random(len(x)) < 0.5
    x[chosen] = x[chosen, ..., ::-1]
    return x


@wrong("augment-flip", "The result has another dtype than x: begin with a copy of x.")
def flip(x, rng):
    y = np.zeros(x.shape, np.float16)
    y[:] = changed(x, rng, lambda x: x[..., ::-1])
    return y


def cropped(x, pad, moves, **options):
    """Crop every image by its own move."""
    H, W = x.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), **options)
    return np.stack([padded[n, :, i : i + H, j : j + W] for n, (i, j) in enumerate(moves)])


@wrong("augment-crop", "The end of rng.integers is left out: it has to be 2 pad + 1.")
def crop(x, pad, rng):
    return cropped(x, pad, rng.integers(2 * pad + (pad == 0), size=(len(x), 2)))


@wrong("augment-crop", "All images are moved alike: draw for each one.")
def crop(x, pad, rng):
    return cropped(x, pad, np.tile(rng.integers(2 * pad + 1, size=2), (len(x), 1)))


@wrong("augment-crop", "Rows and columns are moved by the same number: draw two.")
def crop(x, pad, rng):
    return cropped(x, pad, np.repeat(rng.integers(2 * pad + 1, size=(len(x), 1)), 2, axis=1))


@wrong("augment-crop", "Outside of the image is zero, and not its last pixel once more.")
def crop(x, pad, rng):
    return cropped(x, pad, rng.integers(2 * pad + 1, size=(len(x), 2)), mode="edge")


@wrong("augment-crop", "What leaves the image on one side comes back on the other: pad, not roll.")
def crop(x, pad, rng):
    moves = rng.integers(-pad, pad + 1, size=(len(x), 2))
    return np.stack([np.roll(image, move, axis=(1, 2)) for image, move in zip(x, moves)])  # noqa: B905


@wrong("augment-crop", "The crop is to be as large as the image: do not crop what is not padded.")
def crop(x, pad, rng):
    H, W = x.shape[2:]
    i, j = rng.integers(2 * pad + 1, size=2)
    return x[:, :, i : H - 2 * pad + i, j : W - 2 * pad + j]


@wrong("augment-crop", "np.pad of one number pads all axes: there are more images than before.")
def crop(x, pad, rng):
    H, W = x.shape[2:]
    moves = rng.integers(2 * pad + 1, size=(len(x) + 2 * pad, 2))
    padded = np.pad(x, pad)
    return np.stack([padded[n, :, i : i + H, j : j + W] for n, (i, j) in enumerate(moves)])


@wrong("augment-crop", "Images move down and right alone: a crop begins in row 0 … 2 pad.")
def crop(x, pad, rng):
    return cropped(x, pad, rng.integers(pad + 1, size=(len(x), 2)))


def cut(x, size, middles, filling=0):
    """Cut a square out of every image."""
    y = x.copy()
    for n, (i, j) in enumerate(middles):
        top, left = max(i - size // 2, 0), max(j - size // 2, 0)
        y[n, :, top : i - size // 2 + size, left : j - size // 2 + size] = filling
    return y


def middles(x, rng):
    """Draw the middle of a square for every image."""
    return rng.integers(x.shape[2:], size=(len(x), 2))


@wrong("augment-cutout", "Your squares never reach over the border: every pixel may be the middle.")
def cutout(x, size, rng):
    room = np.maximum(np.array(x.shape[2:]) - size, 0) + 1
    return cut(x, size, rng.integers(room, size=(len(x), 2)) + size // 2)


@wrong("augment-cutout", "A slice that begins below zero counts from the end: take max(…, 0).")
def cutout(x, size, rng):
    y = x.copy()
    for n, (i, j) in enumerate(middles(x, rng) - size // 2):
        y[n, :, i : i + size, j : j + size] = 0
    return y


@wrong("augment-cutout", "The square has one middle for all images: draw one for each.")
def cutout(x, size, rng):
    return cut(x, size, np.tile(rng.integers(x.shape[2:]), (len(x), 1)))


@wrong("augment-cutout", "Only the first channel is cut out: the square has all channels.")
def cutout(x, size, rng):
    y = cut(x, size, middles(x, rng))
    y[:, 1:] = x[:, 1:]
    return y


@wrong("augment-cutout", "The pixel that is drawn is the middle of the square, not its corner.")
def cutout(x, size, rng):
    return cut(x, size, middles(x, rng) + size // 2)


@wrong("augment-cutout", "Cut out is zero, and not the mean of the image.")
def cutout(x, size, rng):
    return cut(x, size, middles(x, rng), filling=x.mean())


@wrong("augment-cutout", "You write into x: work on a copy.")
def cutout(x, size, rng):
    for n, (i, j) in enumerate(middles(x, rng) - size // 2):
        x[n, :, max(i, 0) : i + size, max(j, 0) : j + size] = 0
    return x


def turns(x):
    """List the four turns of images."""
    return [np.rot90(x, k, axes=(2, 3)) for k in range(4)]


@wrong(
    "augment-average", "Four turns are only half of the group: their mirror images belong to it."
)
def average(predict, x):
    return sum(predict(y) for y in turns(x)) / 4


@wrong("augment-average", "The image and its mirror image are two of eight: turn both of them.")
def average(predict, x):
    return (predict(x) + predict(x[..., ::-1])) / 2


@wrong("augment-average", "A mean is a sum divided by the number of its terms, eight.")
def average(predict, x):
    return sum(predict(y) + predict(y[..., ::-1]) for y in turns(x))


@wrong("augment-average", "Average the scores of the model, not the images.")
def average(predict, x):
    return predict(sum(y + y[..., ::-1] for y in turns(x)) / 8)


@wrong("augment-average", "np.rot90 turns the first two axes unless you name others: axes=(2, 3).")
def average(predict, x):
    return sum(predict(y) + predict(y[..., ::-1]) for y in [x, x[:, :, ::-1]] * 2) / 8


@wrong(
    "augment-average", "Upside down and mirrored is a turn by 180 degrees: it counts twice here."
)
def average(predict, x):
    both = [x, x[..., ::-1], x[:, :, ::-1], x[:, :, ::-1, ::-1]]
    return sum(map(predict, turns(x) + both)) / 8


def mixed(x, t, partners, share, labels):
    """Mix the images rightly."""
    lam = share.reshape(-1, 1, 1, 1)
    return lam * x + (1 - lam) * x[partners], labels


@wrong("augment-mixup", "Where two partners have one label the second = overwrites the first.")
def mixup(x, t, partners, share, K):
    q = np.zeros((len(t), K))
    q[np.arange(len(t)), t] = share
    q[np.arange(len(t)), t[partners]] = 1 - share
    return mixed(x, t, partners, share, q)


@wrong("augment-mixup", "The labels are mixed like the images: a mixture is not the first of two.")
def mixup(x, t, partners, share, K):
    return mixed(x, t, partners, share, np.eye(K)[t])


@wrong("augment-mixup", "The image gets λ and the partner 1 - λ: yours are exchanged.")
def mixup(x, t, partners, share, K):
    q = share[:, None] * np.eye(K)[t] + (1 - share[:, None]) * np.eye(K)[t[partners]]
    return mixed(x, t, partners, 1 - share, q)


@wrong("augment-mixup", "Images and labels need the same λ: here the labels get 1 - λ.")
def mixup(x, t, partners, share, K):
    q = (1 - share[:, None]) * np.eye(K)[t] + share[:, None] * np.eye(K)[t[partners]]
    return mixed(x, t, partners, share, q)


@wrong("augment-mixup", "Every image has a λ of its own: you take the first for all.")
def mixup(x, t, partners, share, K):
    lam = share[0]
    rows = np.eye(K)[t]
    return lam * x + (1 - lam) * x[partners], lam * rows + (1 - lam) * rows[partners]


@wrong("augment-mixup", "share along the last axis weighs columns: share[:, None, None, None].")
def mixup(x, t, partners, share, K):
    lam = np.resize(share, x.shape[-1])
    q = share[:, None] * np.eye(K)[t] + (1 - share[:, None]) * np.eye(K)[t[partners]]
    return lam * x + (1 - lam) * x[partners], q


@wrong("augment-mixup", "A mean of two labels is no label: classes cannot be averaged.")
def mixup(x, t, partners, share, K):
    between = np.rint(share * t + (1 - share) * t[partners]).astype(int)
    return mixed(x, t, partners, share, np.eye(K)[between])


@wrong("augment-mixup", "K is an argument: the largest label of a batch may be smaller than K - 1.")
def mixup(x, t, partners, share, K):
    rows = np.eye(max(t) + 1)[t]
    return mixed(
        x, t, partners, share, share[:, None] * rows + (1 - share[:, None]) * rows[partners]
    )


def judged(flip, x, bounds=(0.36, 0.64), calls=2, neighbours=True):
    """Judge a flip by some images, as the solution does, or by less."""
    seen = []
    for _ in range(calls):
        y = flip(x)
        same, other = ((y == z).all(axis=(1, 2, 3)) for z in (x, x[..., ::-1]))
        if y.dtype != x.dtype or not (same ^ other).all():
            return False
        seen.append(other)
    shares = [seen[0].mean(), *[np.mean(one ^ seen[0]) for one in seen[1:]]]
    if neighbours:
        shares.append(np.mean(seen[0][1:] ^ seen[0][:-1]))
    return all(bounds[0] < share < bounds[1] for share in shares)


def noise(rng, N=400):
    """Draw images of different numbers."""
    return rng.normal(size=(N, 2, 3, 4)).astype(np.float32)


@wrong("augment-test", "The second call may mirror the same images again: compare two calls.")
def is_flip(flip, rng):
    return judged(flip, noise(rng), calls=1)


@wrong("augment-test", "Mirroring every second image is not random: compare neighbours.")
def is_flip(flip, rng):
    return judged(flip, noise(rng), neighbours=False)


@wrong("augment-test", "Count how many are mirrored: all, none or a quarter are wrong, too.")
def is_flip(flip, rng):
    return judged(flip, noise(rng), bounds=(-1, 2))


@wrong("augment-test", "Images of one shade are their own mirror images: draw different numbers.")
def is_flip(flip, rng):
    x = np.ones((400, 2, 3, 4), np.float32)
    return bool((flip(x) == x).all())


@wrong("augment-test", "With float64 you cannot see that float32 is not kept.")
def is_flip(flip, rng):
    return judged(flip, noise(rng).astype(float))


@wrong("augment-test", "Twenty images are too few to distinguish a quarter from a half: try more.")
def is_flip(flip, rng):
    return judged(flip, noise(rng, 20), bounds=(0, 1))


@wrong(
    "augment-test",
    "Right flips are refused: the share is rarely exactly a half, so allow for some deviation.",
)
def is_flip(flip, rng):
    return judged(flip, noise(rng), bounds=(0.499, 0.501))


def named(advice, *numbers):
    @wrong("augment-wrong-lines", advice)
    def wrong_lines():
        return list(numbers)


named("Lines are counted from one: the first is the one that begins without a sign.", 2, 1, 2)
named(
    "In the first derivation the line in the middle is right: a sum may be read backwards.", 2, 2, 3
)
named("In the second derivation the last line is right: look at what is left of m.", 3, 3, 3)
named(
    "In the third derivation the brackets are right: look at what is taken out of the sum.", 3, 2, 2
)


@wrong(
    "augment-mixup", "A mixture has fractions, and whole numbers have none: the result is a float."
)
def mixup(x, t, partners, share, K):
    rows = np.eye(K)[t]
    lam = share[:, None, None, None]
    y = np.empty_like(x)
    y[...] = np.trunc(lam * x + (1 - lam) * x[partners])
    return y, share[:, None] * rows + (1 - share[:, None]) * rows[partners]


@wrong("augment-mixup", "You write into x, whose images are partners of others still.")
def mixup(x, t, partners, share, K):
    rows = np.eye(K)[t]
    lam = share[:, None, None, None]
    x[:] = lam * x + (1 - lam) * x[partners]
    return x, share[:, None] * rows + (1 - share[:, None]) * rows[partners]
