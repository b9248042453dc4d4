"""Frame messages: a head of fixed size says how long the two parts are that follow it."""

import struct

from dlcore.course.sandbox.limits import BODY, HEADER, WireError

MAGIC, PIECE = b"dlw1", 1 << 16
HEAD = struct.Struct("<4sIIQ")  # magic, bytes of the tree, bytes of the buffers, number


def framed(number, header, parts):
    """List the bytes of a message: head, tree and buffers, in one piece if that is not long."""
    size = sum(map(len, parts))
    first = HEAD.pack(MAGIC, len(header), size, number) + header
    return [first + b"".join(parts)] if size < PIECE else [first, *parts]


def lengths(head):
    """Read a head: the number of the message, and how many bytes of each part follow."""
    if len(head) != HEAD.size:
        raise WireError(f"read: a head has {HEAD.size} bytes, not {len(head)}")
    magic, header, body, number = HEAD.unpack(head)
    if magic != MAGIC:
        raise WireError("read: this is no message")
    if header > HEADER or body > BODY:
        raise WireError(f"read: a message of {header} and {body} bytes is too long")
    return number, header, body
