"""Write values down, as a tree and buffers, for a reader that trusts nothing.

The tree is JSON. None, truth values, floats, short integers, strings and lists stand for
themselves; everything else is a dictionary of one entry, a tag with its contents. The numbers
of an array follow in a buffer of raw little-endian bytes, in the order in which the arrays are
met. Reading allocates no more than a small multiple of what was received, calls nothing, and
raises `WireError` alone.
"""

import json

import numpy as np

from dlcore.course.sandbox.limits import (
    ALIGNED,
    ATOMS,
    BITS,
    BODY,
    DEPTH,
    DTYPES,
    HEADER,
    MUTABLE,
    NAMES,
    NODES,
    ROOTS,
    STRING,
    WireError,
)
from dlcore.course.sandbox.reader import Reader, loads


class Writer:
    """Turn values into a tree; their numbers gather in `buffers`."""

    def __init__(self):
        self.buffers = []
        self.size = 0

    def tree(self, value, depth=0):
        """Return the tree of a value."""
        kind = type(value)
        if kind in ATOMS:
            return value
        if depth > DEPTH:
            raise WireError(f"write: the value is nested more than {DEPTH} deep")
        return self.mutable(value, depth) if kind in MUTABLE else self.contents(value, depth)

    def mutable(self, value, depth):
        """Write what can be changed in place; a subclass may give it a number."""
        return self.contents(value, depth)

    def contents(self, value, depth):
        """Write a value by its type, or by the builtin type that it is a kind of."""
        write = WRITERS.get(type(value))
        if write is not None:
            return write(self, value, depth + 1)
        plain = ancestor(value)
        return self.foreign(value, depth) if plain is value else self.tree(plain, depth + 1)

    def foreign(self, value, depth):
        """Refuse what is no value; a subclass may give it a number."""
        raise WireError(f"write: {type(value).__name__} is no value that can be sent")

    def items(self, values, depth):
        """Write the members of a container, at once where they stand for themselves."""
        values = list(values)
        kinds = set(map(type, values))
        small = kinds == {int} and max(values) < 1 << 63 and min(values) > -(1 << 63)
        return values if small or kinds <= ATOMS else [self.tree(v, depth) for v in values]

    def integer(self, value, depth):
        """Write an integer in decimal digits if it is short, else in hexadecimal ones."""
        if value.bit_length() > BITS:
            raise WireError(f"write: an integer has {value.bit_length()} bits, at most {BITS}")
        return value if value.bit_length() < 64 else {"int": f"{value:x}"}

    def string(self, value, depth):
        """Write a string that is not too long."""
        if len(value) > STRING:
            raise WireError(f"write: a string has {len(value)} letters, at most {STRING}")
        return value

    def mapping(self, value, depth):
        """Write a dictionary as its keys and its values."""
        return {"dict": [self.items(value, depth), self.items(value.values(), depth)]}

    def array(self, value, depth):
        """Write an array: type and shape into the tree, numbers into a buffer."""
        code = value.dtype.str[1:]
        if code not in DTYPES:
            raise WireError(f"write: an array of dtype {value.dtype} cannot be sent, use numbers")
        self.size += -(-value.nbytes // ALIGNED) * ALIGNED
        if self.size > BODY:
            raise WireError(f"write: the arrays have more than {BODY >> 20} MB")
        self.buffers.append(value.astype(DTYPES[code], copy=False).tobytes())
        return {"array": [code, *value.shape]}


# fmt: off
WRITERS = {
    int: Writer.integer,
    str: Writer.string,
    list: Writer.items,
    dict: Writer.mapping,
    np.ndarray: Writer.array,
    tuple: lambda self, value, depth: {"tuple": self.items(value, depth)},
    set: lambda self, value, depth: {"set": self.items(value, depth)},
    frozenset: lambda self, value, depth: {"frozenset": self.items(value, depth)},
    bytes: lambda self, value, depth: {"bytes": self.string(value.hex(), depth)},
    complex: lambda self, value, depth: {"complex": [value.real, value.imag]},
    slice: lambda self, value, depth: {
        "slice": self.items((value.start, value.stop, value.step), depth)},
    type(...): lambda self, value, depth: {"dots": 3},
}
# fmt: on


def ancestor(value):
    """Return what a value is a kind of: an honest float for a float with opinions of its own."""
    if isinstance(value, np.ndarray):
        return np.ndarray.view(value, np.ndarray)
    for root in () if isinstance(value, np.generic) else ROOTS:
        if isinstance(value, root):
            own = getattr(root, "__getitem__", None) is getattr(type(value), "__getitem__", None)
            return root(value) if own else value
    return value


def scalar(writer, value, depth):
    """Write one of NumPy's numbers as an array without axes."""
    return {"scalar": writer.array(np.asarray(value), depth)["array"][0]}


WRITERS |= dict.fromkeys([dtype.type for dtype in DTYPES.values()], scalar)
WRITERS[type] = lambda self, value, depth: (
    {"type": NAMES[value]} if value in NAMES else self.foreign(value, depth)
)


dumps = json.JSONEncoder(separators=(",", ":")).encode


def encode(value, writer=None):
    """Return a header and the parts of a body: what `decode` turns back into the value."""
    writer = writer or Writer()
    header = dumps(writer.tree(value)).encode("ascii")
    if len(header) > HEADER:
        raise WireError(f"write: the tree has {len(header)} bytes, at most {HEADER}")
    pads = (bytes(-len(buffer) % ALIGNED) for buffer in writer.buffers)
    return header, [part for pair in zip(writer.buffers, pads, strict=True) for part in pair]


def decode(header, body, reader=Reader):
    """Return the value that `encode` wrote, or raise WireError."""
    try:
        if len(header) > HEADER or sum(map(header.count, (b",", b"[", b"{"))) > NODES:
            raise WireError("read: the tree is too large")
        tree = loads(str(header, "ascii"))
        reader = reader(body)
        value = reader.value(tree)
        if reader.at != len(body):
            raise WireError(f"read: {len(body) - reader.at} bytes are left over")
        return value
    except WireError:
        raise
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise WireError(f"read: {type(error).__name__}") from None
