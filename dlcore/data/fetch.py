"""Download a dataset into the user's cache, if and only if it is what was published.

A checksum belongs to a download. A file arrives under another name, is compared with its
SHA-256, and takes its place only then: an altered or interrupted one leaves no trace, and
whatever was there before stays. Local copies, by --path or DLCORE_DATA, may hold any images.
"""

from typing import NamedTuple

from dlcore.data.files import refused
from dlcore.data.sources import cache


class Shelf(NamedTuple):
    """Where a dataset is published, its folder in the cache, and the SHA-256 of its files."""

    url: str
    folder: str
    files: dict[str, str]


SHELVES = {
    "cifar10": Shelf(
        "https://www.cs.toronto.edu/~kriz/",
        ".",
        {
            "cifar-10-python.tar.gz": (
                "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
            )
        },
    ),
    "mnist": Shelf(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "mnist",
        {
            "train-images-idx3-ubyte.gz": (
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
            ),
            "train-labels-idx1-ubyte.gz": (
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
            ),
            "t10k-images-idx3-ubyte.gz": (
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
            ),
            "t10k-labels-idx1-ubyte.gz": (
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
            ),
        },
    ),
}


def fetch(name):
    """Download what is missing of `cifar10` or `mnist`, and return the paths of its files."""
    import pooch  # noqa: PLC0415 (a tenth of a second that most programs need not spend)

    if name not in SHELVES:
        raise ValueError(f"fetch: name is {name!r}, choose one of {', '.join(SHELVES)}")
    url, folder, files = SHELVES[name]
    shelf = pooch.create(path=cache() / folder, base_url=url, registry=files)
    downloader = pooch.HTTPDownloader(chunk_size=2**16)
    paths = []
    for file in files:
        try:
            paths.append(shelf.fetch(file, downloader=downloader))
        except (OSError, ValueError) as error:
            reason = str(error).partition("\n")[0]
            raise refused(url + file, 0, f"the download failed ({reason})", "try again") from error
    return paths
