"""Download a dataset into the user's cache, if and only if it is what was published.

A checksum belongs to a download. A file arrives under another name, is compared with its
SHA-256, and takes its place only then: an altered or interrupted one leaves no trace, and
whatever was there before stays. Local copies, by --path or DLCORE_DATA, may hold any images.
"""

from typing import NamedTuple

from dlcore.data.files import refused
from dlcore.data.sources import cache


class Published(NamedTuple):
    """Where a dataset is published, its folder in the cache, its files, its size."""

    url: str
    folder: str
    files: dict[str, str]
    size: str = ""


PUBLISHED = {
    "cifar10": Published(
        "https://www.cs.toronto.edu/~kriz/",
        ".",
        {
            "cifar-10-python.tar.gz": (
                "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
            )
        },
        "170 MB",
    ),
    "mnist": Published(
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
        "12 MB",
    ),
}


def fetch(name):
    """Download what is missing of `cifar10` or `mnist`, and return the paths of its files.

    170 MB or 12 MB go to the user's cache, where `load` finds them. A file is kept if its SHA-256
    is that of the publisher. Raises ValueError for another name, and DataError where a download
    fails or was altered; what lay in the cache before is still there.

    >>> fetch("digits")
    Traceback (most recent call last):
    ValueError: fetch: name is 'digits', choose one of cifar10, mnist
    """
    import pooch  # noqa: PLC0415 (a tenth of a second that most programs need not spend)

    if name not in PUBLISHED:
        raise ValueError(f"fetch: name is {name!r}, choose one of {', '.join(PUBLISHED)}")
    url, folder, files, _ = PUBLISHED[name]
    registry = pooch.create(path=cache() / folder, base_url=url, registry=files)
    downloader = pooch.HTTPDownloader(chunk_size=2**16)
    paths = []
    for file in files:
        try:
            paths.append(registry.fetch(file, downloader=downloader))
        except (OSError, ValueError) as error:
            reason = str(error).partition("\n")[0]
            raise refused(url + file, 0, f"the download failed ({reason})", "try again") from error
    return paths
