"""CIFAR-10: 60,000 photographs of 3 × 32 × 32 pixels in ten classes.

A. Krizhevsky published it in several layouts (https://www.cs.toronto.edu/~kriz/cifar.html),
and each of these is read where it lies, the archives without unpacking them to disk. The last
fiftieth of the training images is for validation: 49,000 and 1,000 of the published 50,000,
the split of the sources. Any other number of images will do as well.
"""

import re
from pathlib import Path

import numpy as np

from dlcore.data.archive import members
from dlcore.data.dataset import Dataset, Examples
from dlcore.data.files import read, refused
from dlcore.data.pickles import loads, matrix

LAYOUTS = (
    "cifar-10-batches-bin",
    "cifar-10-batches-py",
    "cifar-10-binary.tar.gz",
    "cifar-10-python.tar.gz",
)
BATCH = re.compile(r"(data_batch_[1-9]\d*|test_batch)(\.bin)?")
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CREDIT = "A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009"
PARTS = 50  # one of so many parts of the training images is for validation
D = 3 * 32 * 32  # pixels of an image, all red ones first, then green, then blue


def locate(folder):
    """Return the layout that lies in `folder`, or is `folder`; None where there is none."""
    folder = Path(folder)
    if folder.is_file() or any(folder.glob("test_batch*")):
        return folder
    return next((folder / name for name in LAYOUTS if (folder / name).exists()), None)


def load(place):
    """Read CIFAR-10 from one of its layouts."""
    batches = {}
    for path, raw in files(place):
        name = BATCH.fullmatch(path.name)[1]
        if name in batches:
            raise refused(path, 0, f"{name} is there twice", "remove one")
        batches[name] = (binary if path.suffix == ".bin" else pickled)(raw, path)

    count = max(len(batches) - 1, 1)
    for name in ("test_batch", *(f"data_batch_{number + 1}" for number in range(count))):
        if name not in batches:
            raise refused(place, 0, f"{name} is missing")
    test = batches.pop("test_batch")
    parts = [batches[f"data_batch_{number + 1}"] for number in range(count)]
    examples = Examples(*map(np.concatenate, zip(*parts, strict=True)))
    train, val = examples.divided(PARTS, place)
    return Dataset("cifar10", CLASSES, train, val, test, credit=CREDIT)


def files(place):
    """Yield the path and the content of every batch in a folder or an archive."""
    if place.is_dir():
        contents = ((path, None) for path in sorted(place.iterdir()))
    else:
        contents = ((place / name, raw) for name, raw in members(read(place), place))
    for path, raw in contents:
        if BATCH.fullmatch(path.name):
            yield path, read(path) if raw is None else raw


def binary(raw, path):
    """Read a batch of the binary layout: for each image, one byte of label and D of pixels."""
    if len(raw) % (D + 1):
        start = len(raw) - len(raw) % (D + 1)
        raise refused(path, start, f"the file ends within an image, which takes {D + 1} bytes")
    rows = np.frombuffer(raw, np.uint8).reshape(-1, D + 1)
    t = rows[:, 0]
    if (wrong := t >= len(CLASSES)).any():
        n = int(np.argmax(wrong))
        raise refused(path, n * (D + 1), f"the label {t[n]} is none of the {len(CLASSES)} classes")
    return Examples(rows[:, 1:].reshape(-1, 3, 32, 32), t.astype(np.int64))


def pickled(raw, path):
    """Read a batch of the Python layout: a dictionary of `data` (N, D) and N `labels`."""
    batch = loads(raw, path)
    for key in (b"data", b"labels"):
        if key not in batch:
            raise refused(path, len(raw), f"the dictionary has no {key.decode()}")
    x = matrix(batch[b"data"])
    t = batch[b"labels"]
    if x is None or x.shape[1] != D:
        place = raw.find(b"U\4data")  # the instruction that spells the key
        raise refused(path, place, f"data is no array of unsigned bytes (N, {D})")

    place = raw.find(b"U\6labels")
    if type(t) is not list or len(t) != len(x):
        raise refused(path, place, f"labels is no list of {len(x)} numbers, one for each image")
    for label in t:
        if type(label) is not int or not 0 <= label < len(CLASSES):
            raise refused(path, place, f"a label is none of the {len(CLASSES)} classes")
    return Examples(x.reshape(-1, 3, 32, 32), np.array(t, dtype=np.int64))
