"""Where the datasets are: bundled, in a folder that is named, or in the user's cache."""

import os
from pathlib import Path
from typing import NamedTuple

from dlcore.data import cifar10, digits, mnist
from dlcore.data.files import DataError

FILED = {"cifar10": cifar10, "mnist": mnist}  # the datasets that are files of their publishers
NAMES = ("digits", *FILED)


class Availability(NamedTuple):
    """What there is of one dataset: where, how many images in each part, and what to do."""

    name: str
    where: str | None
    counts: tuple[int, ...]
    advice: str


def cache():
    """Return the user's cache folder, where downloads are kept."""
    import pooch  # noqa: PLC0415 (a tenth of a second that most programs need not spend)

    return Path(pooch.os_cache("dlcore"))


def find(name, *, path=None):
    """Return the place of a dataset; `path` rules alone, else DLCORE_DATA, then the cache."""
    module = FILED[name]
    named = path or os.environ.get("DLCORE_DATA")
    if named and (place := module.locate(named)):
        return place
    if path is None and (place := module.locate(cache())):
        return place
    where = f"{named} holds no {name}" if named else f"{name} is not on this computer"
    raise DataError(
        f"load: {where}, run `dlcore data fetch {name}`, or name a folder with "
        f"{' or '.join(module.LAYOUTS)} by --path or DLCORE_DATA"
    )


def load(name, *, path=None):
    """Load `digits`, `cifar10` or `mnist`, with pixels as published.

    Images are (N, C, H, W), unsigned bytes from 0 to 255, or to 16 for the digits. Labels are
    (N,), int64, from 0 to 9.

    =======  ==============  ==========================  ==========================
    name     C, H, W         train + val + test          where
    =======  ==============  ==========================  ==========================
    digits   1, 8, 8         1,260 + 179 + 358           bundled
    mnist    1, 28, 28       50,000 + 10,000 + 10,000    downloaded, or local files
    cifar10  3, 32, 32       49,000 + 1,000 + 10,000     downloaded, or local files
    =======  ==============  ==========================  ==========================

    `path` names the folder that holds the published files, or such a folder or archive itself.
    Without it, DLCORE_DATA and then the user's cache are searched; nothing is downloaded.

    Raises ValueError for an unknown name, and DataError where there are no files (the message
    says how to get them) or where one is damaged (the message names the file and the byte).

    >>> data = load("digits")
    >>> data.train.x.shape, data.train.x.dtype, data.train.t.dtype
    ((1260, 1, 8, 8), dtype('uint8'), dtype('int64'))
    """
    if name not in NAMES:
        raise ValueError(f"load: name is {name!r}, choose one of {', '.join(NAMES)}")
    return digits.load() if name == "digits" else FILED[name].load(find(name, path=path))


def available(*, path=None):
    """List what there is of every dataset on this computer, as `Availability`.

    `path` is that of `load`. Every file is read, which takes seconds for CIFAR-10: a dataset
    that is listed can be loaded. Where one is absent or damaged, its `counts` are empty and its
    `advice` says what to do; no error is raised.

    >>> available()[0]
    Availability(name='digits', where='bundled', counts=(1260, 179, 358), advice='')
    """
    return [availability(name, path) for name in NAMES]


def availability(name, path):
    """Try to load one dataset, and say what came of it."""
    where = "bundled"
    counts = ()
    advice = ""
    try:
        if name in FILED:
            where = None
            where = str(find(name, path=path))
        data = load(name, path=path)
        counts = (data.train.N, data.val.N, data.test.N)
    except DataError as error:
        advice = str(error)
    return Availability(name, where, counts, advice)
