"""The commands `dlcore data` and `dlcore data fetch`."""

from dlcore.data import fetch as downloads
from dlcore.data.sources import available


def show(*, path: str | None = None):
    """Print which datasets are on this computer, and how to get the others."""
    for name, where, counts, advice in available(path=path):
        parts = " + ".join(f"{count:,}" for count in counts)
        print(f"{name:8}  {parts} images, {where}" if counts else f"{name:8}  {advice}")


def fetch(name: str):
    """Download NAME (cifar10 or mnist) into the user's cache, and check what arrives."""
    for path in downloads.fetch(name):
        print(path)
