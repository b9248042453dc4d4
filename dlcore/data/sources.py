"""Where the datasets are: bundled, in a folder that is named, or in the user's cache."""

import os
from pathlib import Path
from typing import NamedTuple

from dlcore.data import cifar10, digits, mnist
from dlcore.data.files import DataError

FILED = {"cifar10": cifar10, "mnist": mnist}  # the datasets that are files of their publishers
NAMES = ("digits", *FILED)


class Stock(NamedTuple):
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
    module, named = FILED[name], path or os.environ.get("DLCORE_DATA")
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
    """Load `digits`, `cifar10` or `mnist`, with pixels as published (unsigned bytes).

    `path` names the folder that holds the published files, or such a folder or archive itself.
    Raises DataError where there are none or where they are damaged.
    """
    if name not in NAMES:
        raise ValueError(f"load: name is {name!r}, choose one of {', '.join(NAMES)}")
    return digits.load() if name == "digits" else FILED[name].load(find(name, path=path))


def available(*, path=None):
    """List what there is of every dataset; files are read, so what is told is true."""
    return [stock(name, path) for name in NAMES]


def stock(name, path):
    """Try to load one dataset, and tell what came of it."""
    where, counts, advice = "bundled", (), ""
    try:
        if name in FILED:
            where = None
            where = str(find(name, path=path))
        data = load(name, path=path)
        counts = (data.train.N, data.val.N, data.test.N)
    except DataError as error:
        advice = str(error)
    return Stock(name, where, counts, advice)
