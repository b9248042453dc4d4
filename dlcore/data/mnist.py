"""MNIST: 70,000 handwritten digits of 28 × 28 pixels, in four IDX files, gzipped or not.

An IDX file of bytes begins with 0, 0, 8 and its number of axes, then tells the size of every
axis in four bytes, most significant first; the rest is the array. The last sixth of the
training images is for validation: 50,000 and 10,000 of the published 60,000, the split of the
sources. Any other number of images will do as well.
"""

import struct
from math import prod
from pathlib import Path

import numpy as np

from dlcore.data.dataset import Dataset, Examples
from dlcore.data.files import LIMIT, refused, take, unpacked

LAYOUTS = ("mnist",)
CLASSES = tuple("0123456789")
PARTS = 6  # one of so many parts of the training images is for validation
CREDIT = "Y. LeCun, C. Cortes and C. J. C. Burges, The MNIST Database of Handwritten Digits"


def locate(folder):
    """Return the folder of the four files: `mnist` in `folder`, or `folder`; None without."""
    for place in (Path(folder), Path(folder) / "mnist"):
        if any(place.glob("t10k-images-idx3-ubyte*")):
            return place
    return None


def load(place):
    """Read MNIST from the folder of its four files."""
    examples, test = (pair(place, half) for half in ("train", "t10k"))
    if examples.x.shape[1:] != test.x.shape[1:]:
        shapes = f"{examples.x.shape[2:]} and {test.x.shape[2:]}"
        path = found(place, "t10k-images-idx3-ubyte")
        raise refused(path, 8, f"training and test images differ in shape, {shapes}")
    train, val = examples.divided(PARTS, place)
    return Dataset("mnist", CLASSES, train, val, test, credit=CREDIT)


def pair(place, half):
    """Read the images and the labels of one half, `train` or `t10k`."""
    x = array(found(place, f"{half}-images-idx3-ubyte"), axes=3)
    path = found(place, f"{half}-labels-idx1-ubyte")
    t = array(path, axes=1)
    if len(t) != len(x):
        raise refused(path, 4, f"it holds {len(t)} labels for {len(x)} images")
    if (wrong := t >= len(CLASSES)).any():
        n = int(np.argmax(wrong))
        raise refused(path, 8 + n, f"the label {t[n]} is none of the {len(CLASSES)} classes")
    return Examples(x[:, np.newaxis], t.astype(np.int64))


def found(place, name):
    """Return the path of an IDX file, plain or gzipped."""
    plain = place / name
    packed = place / f"{name}.gz"
    return plain if plain.exists() else packed


def array(path, axes):
    """Read one IDX file of unsigned bytes with so many axes."""
    begin = 4 + 4 * axes
    magic = bytes([0, 0, 8, axes])
    with unpacked(path) as stream:
        head = take(stream, begin)
        if head[:4] != magic:
            raise refused(path, 0, f"it begins with {head[:4].hex()}, not {magic.hex()}")
        if len(head) < begin:
            raise refused(path, len(head), f"the file ends within its head of {begin} bytes")
        shape = struct.unpack(f">{axes}I", head[4:])
        size = prod(shape)
        if not 0 < size <= LIMIT:
            raise refused(path, 4, f"its axes {shape} take {size} bytes, not 1 to {LIMIT}")
        raw = take(stream, size + 1)

    if len(raw) != size:
        reason = "ends early" if len(raw) < size else "goes on"
        where = begin + min(len(raw), size)
        raise refused(path, where, f"the file {reason}, its axes {shape} take {size} bytes")
    return np.frombuffer(raw, np.uint8).reshape(shape)
