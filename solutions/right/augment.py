"""Unusual right answers to the exercises of *Augmentation*.

Chapter: book/augment.md.
"""

from itertools import pairwise

import numpy as np

from dlcore.course.exercises.known_answers import right


@right("augment-flip", "Image by image, each with a random bit of its own.")
def flip(x, rng):
    return np.array([image[..., ::-1] if rng.integers(2) else image for image in x], x.dtype)


@right("augment-flip", "Both versions stacked, of which numbers choose one.")
def flip(x, rng):
    side = rng.choice(2, size=len(x), p=[0.5, 0.5])
    return np.stack([x[..., ::-1], x])[side, np.arange(len(x))]


@right("augment-flip", "Columns are taken by their indices, which are reversed at random.")
def flip(x, rng):
    W = x.shape[3]
    turned = rng.uniform(-1, 1, size=(len(x), 1)) > 0
    columns = np.where(turned, W - 1 - np.arange(W), np.arange(W))
    return np.take_along_axis(x, columns[:, None, None, :], axis=3)


@right("augment-crop", "Rows and columns by their indices, zero where there are none.")
def crop(x, pad, rng):
    N, _, H, W = x.shape
    h = np.arange(H) + rng.integers(-pad, pad + 1, size=(N, 1))
    w = np.arange(W) + rng.integers(-pad, pad, endpoint=True, size=(N, 1))
    inside = ((h >= 0) & (h < H))[:, None, :, None] & ((w >= 0) & (w < W))[:, None, None, :]
    n, c = np.ogrid[:N, : x.shape[1]]
    rows, columns = (k.clip(0, size - 1) for k, size in ((h, H), (w, W)))
    y = x[n[..., None, None], c[..., None, None], rows[:, None, :, None], columns[:, None, None, :]]
    return np.where(inside, y, x.dtype.type(0))


@right("augment-crop", "Every crop of the batch is made, and one number chooses among them.")
def crop(x, pad, rng):
    padded = np.zeros((*x.shape[:2], x.shape[2] + 2 * pad, x.shape[3] + 2 * pad), x.dtype)
    padded[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]] = x
    views = np.lib.stride_tricks.sliding_window_view(padded, x.shape[2:], axis=(2, 3))
    i, j = np.divmod(rng.choice((2 * pad + 1) ** 2, size=len(x)), 2 * pad + 1)
    return views[np.arange(len(x)), :, i, j].copy()


@right("augment-cutout", "A mask of what is not near, multiplied with the images.")
def cutout(x, size, rng):
    N, _, H, W = x.shape
    i, j = (rng.integers(side, size=N)[:, None] for side in (H, W))
    rows, columns = (np.abs(np.arange(k) - at) <= size // 2 for k, at in ((H, i), (W, j)))
    near = rows[:, None, :, None] & columns[:, None, None, :]
    return x * (~near).astype(x.dtype)


@right("augment-cutout", "The square is laid on a wide frame, of which the image is the middle.")
def cutout(x, size, rng):
    reach = size // 2
    pixels = rng.choice(x.shape[2] * x.shape[3], size=len(x))
    y = np.pad(x, ((0, 0), (0, 0), (reach, reach), (reach, reach)))
    for n, pixel in enumerate(pixels):
        i, j = divmod(int(pixel), x.shape[3])
        y[n, :, i : i + size, j : j + size] = 0
    return y[:, :, reach : reach + x.shape[2], reach : reach + x.shape[3]]


@right("augment-average", "Transposed and reversed, by two halves of the group.")
def average(predict, x):
    half = [x, x.transpose(0, 1, 3, 2)]
    ends = [(a, b) for a in (1, -1) for b in (1, -1)]
    return np.mean([predict(y[:, :, ::a, ::b]) for y in half for a, b in ends], axis=0)


@right("augment-average", "All versions in one batch, which the model sees at once.")
def average(predict, x):
    versions = [np.rot90(x, k, (3, 2)) for k in range(4)]
    versions += [np.swapaxes(y, 2, 3) for y in versions]
    scores = np.asarray(predict(np.concatenate(versions)))
    return scores.reshape(8, len(x), -1).sum(axis=0) * 0.125


@right("augment-mixup", "Matrices that mix the images of the batch, and the rows of labels.")
def mixup(x, t, partners, share, K):
    N = len(x)
    A = np.zeros((N, N))
    np.add.at(A, (np.arange(N), np.arange(N)), share)
    np.add.at(A, (np.arange(N), partners), 1 - share)
    return np.tensordot(A, x, axes=1), A @ (t[:, None] == np.arange(K))


@right("augment-mixup", "The partner and a share of the difference, as lists of labels.")
def mixup(x, t, partners, share, K):
    far = x[partners].astype(float)
    y = far + (x - far) * share.reshape(-1, 1, 1, 1)
    q = [[lam * (a == k) + (1 - lam) * (b == k) for k in range(K)]
         for lam, a, b in zip(share, t, t[partners], strict=True)]  # fmt: skip
    return y, q


@right("augment-test", "Many calls of few images, whose pairs are counted.")
def is_flip(flip, rng):
    x = rng.permutation(400 * 12).reshape(400, 2, 2, 3).astype(np.float32)
    counts = np.zeros((2, 2, 2, 2))
    for _ in range(4):
        one, two = flip(x), flip(x)
        sides = []
        for y in (one, two):
            if y.dtype != np.float32 or y.shape != x.shape:
                return False
            kept, turned = (np.abs(y - z).max(axis=(1, 2, 3)) == 0 for z in (x, x[..., ::-1]))
            if not np.all(kept | turned):
                return False
            sides.append(turned.astype(int))
        np.add.at(counts, (sides[0][1:], sides[0][:-1], sides[1][1:], sides[1][:-1]), 1)
    whole = counts.sum()
    axes = [(0,), (1,), (0, 1), (0, 2), (1, 3)]
    parts = [counts.sum(axis=tuple({0, 1, 2, 3} - {*each})).ravel() / whole for each in axes]
    return bool(all(abs(part * part.size - 1).max() < 0.4 for part in parts))


@right("augment-test", "By counts of equal images, with Python's built-in functions.")
def is_flip(flip, rng):
    x = rng.uniform(1, 2, size=(600, 3, 3, 5)).astype(np.float32)
    said = []
    for _ in range(2):
        y = flip(x)
        if str(y.dtype) != "float32":
            return False
        left = [bytes(np.ascontiguousarray(z)) for z in x]
        right_ = [bytes(np.ascontiguousarray(z[..., ::-1])) for z in x]
        found = [bytes(np.ascontiguousarray(z)) for z in y]
        if any(a not in (b, c) for a, b, c in zip(found, left, right_, strict=True)):
            return False
        said.append([a == c for a, c in zip(found, right_, strict=True)])
    first, second = said
    agreeing = sum(a == b for a, b in zip(first, second, strict=True))
    alike = sum(a == b for a, b in pairwise(first))
    return all(225 < count < 375 for count in (sum(first), sum(second), agreeing, alike))
