"""Read a tar archive that lies in memory, and put nothing on the disk.

``tarfile`` reads the headers. It is lenient where a reader of images must not be: a header that it
cannot read ends the archive as if all were well, a negative size leads it round in circles,
and extended headers may rename or stretch the files that follow. So its class of headers is
narrowed to plain ones, and what lies behind the last member must be zeros.
"""

import tarfile
from io import BytesIO
from pathlib import PurePosixPath

from dlcore.data.files import refused

BLOCK = tarfile.BLOCKSIZE  # every member begins at a multiple of it
PLAIN = (tarfile.REGTYPE, tarfile.AREGTYPE)
COMMENTS = (tarfile.XHDTYPE, tarfile.XGLTYPE)  # extended headers: dates and owners
SKIPPED = b"-"  # a type that tarfile does not know and passes over
NO_HEADER = "this is no header of a tar archive"


class PlainHeader(tarfile.TarInfo):
    """A header that describes its own member and changes nothing about any other."""

    @classmethod
    def frombuf(cls, buf, encoding, errors):
        """Read 512 bytes, and refuse a negative size and the extensions of GNU and Solaris."""
        header = super().frombuf(buf, encoding, errors)
        if header.size < 0:
            raise tarfile.InvalidHeaderError("negative size")
        if header.type in COMMENTS:
            header.type = SKIPPED
        elif header.type in (*tarfile.GNU_TYPES, tarfile.SOLARIS_XHDTYPE):
            raise tarfile.InvalidHeaderError("extended header")
        return header


def members(raw, path):
    """Yield the name and the content of every plain file in the archive `raw`.

    Folders and comments are passed over. A link, a device, or a name that leads out of the
    archive has no business among images, and raises DataError with the offset of its header.
    """
    end = 0
    file = BytesIO(raw)
    raw = file.getbuffer()  # the copy takes the place of the original, which is 180 MB
    options = {"tarinfo": PlainHeader, "encoding": "utf-8", "errors": "replace"}
    try:
        with tarfile.open(fileobj=file, mode="r:", **options) as archive:
            for member in archive:
                check(member, path)
                start, end = member.offset_data, member.offset_data + member.size
                if end > len(raw):
                    raise refused(path, len(raw), f"the archive ends within {member.name}")
                if member.type in PLAIN:
                    yield member.name, bytearray(raw[start:end])
                end += -end % BLOCK
    except tarfile.TarError as error:
        raise refused(path, end, NO_HEADER) from error
    if any(raw[end : end + BLOCK]):
        raise refused(path, end, NO_HEADER)


def check(member, path):
    """Refuse a member that is no plain file, or that leads out of the archive."""
    if member.type not in (*PLAIN, tarfile.DIRTYPE, SKIPPED):
        reason = f"{member.name} is a link or a device, not a plain file"
        raise refused(path, member.offset, reason)
    if member.name.startswith("/") or ".." in PurePosixPath(member.name).parts:
        raise refused(path, member.offset, f"{member.name} leads out of the archive")
