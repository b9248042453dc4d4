"""The one door through which the bytes of a data file come in.

Every reader takes its bytes from `unpacked` and `take`, so nothing is read without a bound,
and turns away what it finds with `refused`, so every message names the file, the byte and
the reason. An offset counts from the start of the file after unpacking, except where gzip
itself is at fault: then it says how far the packed file could be read.
"""

import gzip
import zlib
from contextlib import contextmanager
from pathlib import Path

LIMIT = 2**30  # bytes, unpacked: six times CIFAR-10 and twenty times MNIST
CHUNK = 2**20
GZIP = b"\x1f\x8b"


class DataError(ValueError):
    """A data file that is refused: which one, where in it, and why; it is a ValueError.

    >>> raise refused("train.bin", 0, "it is empty")
    Traceback (most recent call last):
    dlcore.data.files.DataError: train.bin: byte 0: it is empty, download it again
    """


def refused(path, offset, reason, remedy="download it again"):
    """Say what is wrong with a file:  file: offset: reason, what to do.

    >>> refused("test_batch.bin", 3073, "its label is 11")
    DataError('test_batch.bin: byte 3073: its label is 11, download it again')
    """
    return DataError(f"{path}: byte {offset}: {reason}, {remedy}")


@contextmanager
def unpacked(path):
    """Open a file for reading, through gzip if it begins like a gzip file."""
    path = Path(path)
    if not path.is_file():
        reason = "a folder stands in its place" if path.is_dir() else "there is no such file"
        raise refused(path, 0, reason)

    with path.open("rb") as file:
        packed = file.peek(len(GZIP)).startswith(GZIP)
        with gzip.GzipFile(fileobj=file) if packed else file as stream:
            try:
                yield stream
            except (EOFError, OSError, zlib.error) as error:
                raise refused(path, file.tell(), f"it cannot be read on ({error})") from error


def take(stream, size):
    """Read at most `size` bytes; memory follows what is there, not what was asked for."""
    raw = bytearray()
    while chunk := stream.read(min(CHUNK, size - len(raw))):
        raw += chunk
    return raw


def read(path):
    """Return the whole content of a file that is neither empty nor beyond the limit."""
    with unpacked(path) as stream:
        raw = take(stream, LIMIT + 1)

    if not raw:
        raise refused(path, 0, "it is empty")
    if len(raw) > LIMIT:
        raise refused(path, LIMIT, f"it goes on beyond {LIMIT} bytes", "divide it")
    return raw
