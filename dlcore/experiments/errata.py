"""The slips of the sources, done again as they stand there, beside the right form.

Chapter: book/errata.md.
"""

import numpy as np

from dlcore import nn
from dlcore.nn.accounting import account

POOL = None
VGG = (
    *(64, 64, POOL),
    *(128, 128, POOL),
    *(256, 256, 256, POOL),
    *(512, 512, 512, POOL),
    *(512, 512, 512, POOL),
)


# What 004 prints: sides and channels of every row, from the input to the last pooling.
SIDES_004 = (32, 32, 32, 112, 112, 112, 56, 56, 56, 56, 28, 28, 28, 28, 14, 14, 14, 14, 7)
FLAT_004 = (7 * 7 * 512 * 4096, 4096 * 4096, 4096 * 1000)  # weights of the last three rows


def network(size, hidden):
    """Build 004's network for images of `size`², without drawing weights.

    Filters of 3 with a padding of 1 keep the side, pools of 2 with stride 2 halve it.
    """
    layers, channels, side = [], 3, size
    for filters in VGG:
        if filters is POOL:
            layers.append(nn.MaxPool2d(2))
            side //= 2
        else:
            layers.append(nn.Conv2d(channels, filters, 3, padding=1, relu=True, rng=None))
            channels = filters
    features = channels * side**2
    for units in hidden:
        layers.append(nn.Linear(features, units, rng=None))
        features = units
    return nn.Sequential(*layers)


def layers(size, hidden):
    """Account for every layer of 004's network on an image of `size`²."""
    return account(network(size, hidden), (3, size, size))


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
