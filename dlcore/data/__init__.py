"""Images with labels: the bundled digits, CIFAR-10 and MNIST, read with distrust.

>>> load("digits").train.x.shape
(1260, 1, 8, 8)

Every dataset arrives the same way: images (N, C, H, W) of unsigned bytes, as they were published,
in three parts. ``load("digits").centred().flat()`` holds features (N, D) of float32 instead, with
mean zero.
"""

from dlcore.data.augment import flip
from dlcore.data.batches import drawn, shuffled
from dlcore.data.dataset import Dataset, Examples
from dlcore.data.files import DataError
from dlcore.data.sources import available, load

__all__ = ["DataError", "Dataset", "Examples", "available", "drawn", "flip", "load", "shuffled"]
