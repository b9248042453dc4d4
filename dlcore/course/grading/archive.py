"""Look into a folder, a zip or a tar that a stranger packed, and put nothing on the disk.

An archive is a list of entries: names, kinds, and a way to read each within a bound. Archives
are read in memory. Whatever a parser trips over, the archive is at fault, and is refused whole.
"""

import gzip
import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

ENTRIES = 20_000  # in one archive
PACKED = 2**26  # bytes of an archive, and of what it unpacks to: 64 MB
RATIO = 200  # unpacked to packed; sources reach 10
SLACK = 2**20  # bytes that any archive may unpack to


class ArchiveError(ValueError):
    """An archive that is turned away whole, and why."""


@dataclass(frozen=True)
class Entry:
    """One name in an archive; `read` reads at most so many bytes of it."""

    name: str
    kind: str  # file, link, device or locked
    read: Callable[[int], bytes]


def list_entries(path):
    """List what lies in the archive at `path`, without following a link or writing a byte."""
    if path.is_symlink():
        raise ArchiveError("it is a link: hand in the files themselves")
    if path.is_dir():
        return list_folder(path)
    raw = read_bounded(path)
    try:
        entries = list_zip(raw) if zipfile.is_zipfile(io.BytesIO(raw)) else list_tar(gunzip(raw))
    except ArchiveError:
        raise
    except Exception as error:
        raise ArchiveError(f"the archive is broken ({type(error).__name__})") from error
    return entries


def read_bounded(path, most=PACKED):
    """Read a plain file of at most `most` bytes, and nothing else that a path may lead to."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ArchiveError("it is no plain file")
        raw = file.read(most + 1)
    if len(raw) > most:
        raise ArchiveError(f"it is larger than {most >> 20} MB: hand in the answers alone")
    return raw


def list_folder(path):
    """List a folder, and the folders in it; links are named, never followed."""
    entries = []
    folders = [path]
    while folders:
        for item in sorted(folders.pop().iterdir()):
            mode = item.lstat().st_mode
            if stat.S_ISDIR(mode):
                folders.append(item)
            else:
                name = item.relative_to(path).as_posix()
                entries.append(Entry(name, kind_of(mode), reader(item)))
            check_count(len(entries) + len(folders))
    return entries


def reader(path):
    """Return a function that reads the beginning of the file at `path`."""

    def read(most):
        with path.open("rb") as file:
            return file.read(most)

    return read


def list_zip(raw):
    """List a zip archive; what it claims to unpack to is added up before anything is read."""
    check_count(raw.count(zipfile.stringCentralDir))  # before the parser makes an object of each
    archive = zipfile.ZipFile(io.BytesIO(raw))
    entries = []
    for info in archive.infolist():
        if not info.is_dir():
            mode = info.external_attr >> 16
            kind = "locked" if info.flag_bits & 1 else kind_of(mode)
            read = lambda most, info=info: read_zip_member(archive, info, most)
            entries.append(Entry(safe_name(info.filename), kind, read))
    check_size(sum(info.file_size for info in archive.infolist()), len(raw))
    return entries


def read_zip_member(archive, info, most):
    """Read the beginning of one file in a zip archive."""
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ArchiveError("it is packed in an unusual way: make the zip with another program")
    with archive.open(info) as file:
        return file.read(most)


def gunzip(raw):
    """Unpack a gzipped archive in memory, as far as the limits allow; others stay as they are."""
    if not raw.startswith(b"\x1f\x8b"):
        return raw
    most = min(PACKED, RATIO * len(raw) + SLACK)
    inflated = gzip.GzipFile(fileobj=io.BytesIO(raw)).read(most + 1)
    check_size(len(inflated), len(raw))
    return inflated


def list_tar(raw):
    """List a tar archive that lies in memory."""
    if not tarfile.is_tarfile(io.BytesIO(raw)):
        raise ArchiveError("it is no folder, zip, tar or tar.gz")
    archive = tarfile.TarFile(fileobj=io.BytesIO(raw))
    entries = []
    for count, member in enumerate(archive, 1):
        check_count(count)
        if not member.isdir():
            kind = "link" if member.issym() or member.islnk() else "device"
            plain = member.type in (tarfile.REGTYPE, tarfile.AREGTYPE)
            read = lambda most, member=member: archive.extractfile(member).read(most)
            entries.append(Entry(safe_name(member.name), "file" if plain else kind, read))
    return entries


def safe_name(name):
    """Return a name in an archive with plain slashes, or refuse one that leads out of it."""
    plain = name.replace("\\", "/").removeprefix("./")
    parts = PurePosixPath(plain).parts
    out = plain.startswith("/") or ".." in parts or ":" in plain.partition("/")[0]
    if out or not parts:
        raise ArchiveError(f"{name!r} leads out of the archive")
    return "/".join(parts)


def kind_of(mode):
    """Name the kind of a file by its mode; archives made on Windows give none."""
    if stat.S_ISLNK(mode):
        return "link"
    return "file" if stat.S_IFMT(mode) in (0, stat.S_IFREG) else "device"


def check_count(count):
    """Refuse an archive of too many entries."""
    if count > ENTRIES:
        raise ArchiveError(f"it holds more than {ENTRIES} files: hand in the answers alone")


def check_size(unpacked, packed):
    """Refuse an archive that unpacks to far more than it takes."""
    if unpacked > min(PACKED, RATIO * packed + SLACK):
        raise ArchiveError(f"it unpacks from {packed} bytes to {unpacked} or more")
