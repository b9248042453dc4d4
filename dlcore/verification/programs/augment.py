"""Augmentation by the letters of the page: all that a generator could draw, in turn.

Chapter: book/augment.md.
"""

from typing import NamedTuple

import numpy as np

from dlcore.data.augment import contrast_stretch, crop, cutout, mirror, rotated_by
from dlcore.shapes import Images, Pooled


class Drawn(NamedTuple):
    """In the place of a generator: what is drawn is known before."""

    whole: object

    def integers(self, *_, size):
        """Return the numbers that are known."""
        return np.asarray(self.whole).reshape(size)


def mirrored(x: Images):
    """The mirror images."""
    return mirror(x)


def crops(x: Images, U, V, padding):
    """All crops of one image:  (1, C, U, V, H, W)."""
    places = list(np.ndindex(U, V))
    y = crop(pad=padding)(np.repeat(x, len(places), axis=0), Drawn(places))
    return np.moveaxis(y.reshape(U, V, *x.shape[1:]), 2, 0)[None]


def covered_rows(H, U):
    """The mean number of rows that a cutout covers, its centre at every row of a column once."""
    y = cutout(U)(np.ones((H, 1, H, 1)), Drawn([(row, 0) for row in range(H)]))
    return (1 - y).sum() / H


def turned(x: Pooled, phi):
    """The images, turned by an angle."""
    return rotated_by(x, np.full(len(x), np.rad2deg(phi)))


def stretched(x: Images):
    """The images, stretched to the range from zero to one."""
    return contrast_stretch(x)
