"""Read a tar archive that lies in memory, and put nothing on the disk.

An archive is a row of files, each behind a header of 512 bytes and filled up to a multiple of
512. The header keeps a name, a size, a kind and a checksum. Only plain files are handed on: a
link, a device or a name that leaves the archive has no business among images, and refuses
the whole. The reader is our own because every refusal must know its offset.
"""

from pathlib import PurePosixPath

from dlcore.data.files import refused

BLOCK = 512
PLAIN, FOLDER, NOTE = b"\x000", b"5", b"gx"  # kinds; a note carries dates and owners


def members(raw, path):
    """Yield the name and the content of every plain file in the archive `raw`."""
    offset = 0
    while any(header := raw[offset : offset + BLOCK]):
        name, size, kind = entry(header, path, offset)
        start, offset = offset + BLOCK, offset + BLOCK + -(-size // BLOCK) * BLOCK
        if start + size > len(raw):
            raise refused(path, len(raw), f"the archive ends within {name}")
        if kind in PLAIN:
            yield name, raw[start : start + size]


def entry(header, path, offset):
    """Return the name, the size and the kind that a header declares, if it can be trusted."""
    try:
        checksum, size = octal(header[148:156]), octal(header[124:136])
    except ValueError:
        checksum = size = -1
    blanked = header[:148] + b" " * 8 + header[156:]  # the checksum counts itself as blanks
    if len(header) < BLOCK or size < 0 or checksum != sum(blanked):
        raise refused(path, offset, "this is no header of a tar archive")

    name, kind = header[:100].partition(b"\0")[0].decode("utf-8", "replace"), header[156:157]
    if kind not in PLAIN + FOLDER + NOTE:
        raise refused(path, offset, f"{name} is a link or a device, not a plain file")
    if name.startswith("/") or ".." in PurePosixPath(name).parts:
        raise refused(path, offset, f"{name} leads out of the archive")
    return name, size, kind


def octal(field):
    """Read a number as tar writes it: octal digits between blanks and zero bytes.

    >>> octal(bytearray(b"0000644 "))
    420
    """
    return int(field.strip(b" \0") or b"0", 8)
