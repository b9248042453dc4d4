"""The slips of the sources, done again as they stand there, beside the right form.

Chapter: book/errata.md.
"""

from typing import NamedTuple

import numpy as np

POOL = None
VGG = (64, 64, POOL, 128, 128, POOL, 256, 256, 256, POOL,
       512, 512, 512, POOL, 512, 512, 512, POOL)  # fmt: skip


class Row(NamedTuple):
    """A layer of a network: what it is, the shape (H, W, C) of its output, its weights."""

    layer: str
    shape: tuple[int, int, int]
    weights: int

    @property
    def memory(self):
        """Count the numbers that the layer keeps for one image:  H W C."""
        return int(np.prod(self.shape))


# What 004 prints: sides and channels of every row, from the input to the last pooling.
SIDES_004 = (32, 32, 32, 112, 112, 112, 56, 56, 56, 56, 28, 28, 28, 28, 14, 14, 14, 14, 7)
FLAT_004 = (7 * 7 * 512 * 4096, 4096 * 4096, 4096 * 1000)  # weights of the last three rows


def layers(size, hidden):
    """List the layers of 004's network on an image of `size`², without biases.

    Windows of 3 with a border of 1 keep the side, windows of 2 with stride 2 halve it.
    """
    rows = [Row("input", (size, size, 3), 0)]
    for filters in VGG:
        side, _, channels = rows[-1].shape
        if filters is POOL:
            rows.append(Row("pool 2", (side // 2, side // 2, channels), 0))
        else:
            weights = 3 * 3 * channels * filters
            rows.append(Row(f"conv 3, {filters}", (side, side, filters), weights))
    for units in hidden:
        rows.append(Row(f"linear {units}", (1, 1, units), rows[-1].memory * units))
    return rows


def table(size, hidden):
    """Print the layers as a table with their sums."""
    rows = layers(size, hidden)
    print(f"{'layer':12} {'shape':>15} {'numbers kept':>13} {'weights':>12}")
    for row in rows:
        shape = " × ".join(map(str, row.shape))
        print(f"{row.layer:12} {shape:>15} {row.memory:13,} {row.weights:12,}")
    kept, weights = (sum(getattr(row, name) for row in rows) for name in ("memory", "weights"))
    print(f"{'in all':12} {'':15} {kept:13,} {weights:12,}")


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
