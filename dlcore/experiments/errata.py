"""The slips of the sources, done again as they stand there, beside the right form.

Chapter: book/errata.md.
"""

from math import prod

import numpy as np

from dlcore.nn.accounting import account
from dlcore.nn.models.vgg import COLUMNS, VGG

# What 004 prints: sides and channels of every row, from the input to the last pooling.
SIDES_004 = (32, 32, 32, 112, 112, 112, 56, 56, 56, 56, 28, 28, 28, 28, 14, 14, 14, 14, 7)
FLAT_004 = (7 * 7 * 512 * 4096, 4096 * 4096, 4096 * 1000)  # weights of the last three rows


def layers(size, hidden):
    """Account for every layer of 004's network on an image of `size`², as its table does.

    `hidden` are the units of all linear layers. A ReLU has no row: it works in place.
    """
    *hidden, K = hidden
    model = VGG((3, size, size), K, blocks=COLUMNS["D"], hidden=hidden, rng=None)
    return [row for row in account(model, (3, size, size)) if row.layer != "ReLU"]


def kept(row):
    """Count the numbers of a row that 004 calls its memory."""
    return prod(row.shape)


def kept_as_printed(rows):
    """Count the numbers of all rows, with the sides that 004 prints."""
    maps, linear = rows[: len(SIDES_004)], rows[len(SIDES_004) :]
    sides = zip(maps, SIDES_004, strict=True)
    return sum(row.shape[0] * side**2 for row, side in sides) + sum(map(kept, linear))


def weights(row):
    """Count the weights of a row, as 004 does: without biases."""
    biases = row.shape[0] if row.parameters else 0
    return row.parameters - biases


def fourfold(image, *, back):
    """Make four images of one (C, H, W): itself, mirrored, stretched to [0, 1], smoothed.

    The work is done with channels last. `back` says when the axes are moved back: "late", after
    an image has been put on the list, as in the first listing of 004, or "early".
    """
    last = np.moveaxis(image, 0, -1)
    made = [last[:, ::-1], (last - last.min()) / np.ptp(last), median(last, (2, 2, 1))]
    return [image, *(np.moveaxis(each, -1, 0) if back == "early" else each for each in made)]


def median(image, window):
    """Replace every entry by the upper median of the window that ends in it.

    A window (2, 2, 2) on an image (H, W, C) mixes neighbouring channels, as 004's does; a
    window (2, 2, 1) does not.
    """
    padded = np.pad(image, [(side - 1, 0) for side in window], mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, window)
    ranked = np.sort(windows.reshape(*image.shape, -1), axis=-1)
    return ranked[..., ranked.shape[-1] // 2]


def loaded(images, *, slip):
    """Prepare test images (N, H, W, C) for a convolution: channels first.

    With the slip of 001 the moved images get a name that differs from the returned one by
    a capital, so that what is returned has never been moved.
    """
    X_test = images - images.mean(axis=0)
    x_test = np.moveaxis(X_test, -1, 1)
    return X_test if slip else x_test


def steps(examples, batch, epochs):
    """Count the steps of a training: whole batches of an epoch, epoch by epoch."""
    return examples // batch * epochs
