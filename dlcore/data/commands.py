"""The commands `dlcore data` and `dlcore data fetch`."""

from dlcore.data import fetch as downloads
from dlcore.data.sources import FILED, available


def show(*, path: str | None = None):
    """Print which datasets are on this computer, and how to get the others."""
    for name, where, counts, advice in available(path=path):
        parts = " + ".join(f"{count:,}" for count in counts)
        if counts:
            print(f"{name:8}  {parts} images, {where}")
        elif where is None and path is None:
            print(f"{name:8}  {how_to_get(name)}")
        else:
            print(f"{name:8}  {advice.removeprefix('load: ')}")


def how_to_get(name):
    """Say where a dataset comes from, on one line for each way."""
    places = " or ".join(FILED[name].LAYOUTS)
    size = downloads.PUBLISHED[name].size
    return (
        f"not here; to download it, {size}:  dlcore data fetch {name}\n"
        f"{'':8}  or set DLCORE_DATA to a folder that holds {places}"
    )


def fetch(name: str):
    """Download NAME (cifar10 or mnist) into the user's cache, and check what arrives."""
    for path in downloads.fetch(name):
        print(path)
