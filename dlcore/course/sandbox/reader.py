"""Read what a hostile process wrote: check everything, allocate little, call nothing."""

import json
from math import prod

import numpy as np

from dlcore.course.sandbox.limits import (
    ALIGNED,
    BITS,
    BODY,
    DEPTH,
    DIGITS,
    DTYPES,
    EVEN,
    ODD,
    TYPES,
    WireError,
)


class Reader:
    """Turn a tree and the bytes of its buffers back into values."""

    def __init__(self, body):
        self.body = body
        self.at = 0
        self.odd = 0

    def value(self, node, depth=0):
        """Return the value of a tree."""
        if depth > 3 * DEPTH:
            raise WireError("read: nested too deeply")
        if type(node) is list:
            return self.items(node, depth)
        if type(node) is not dict:
            return node
        ((tag, contents),) = node.items()
        return self.tags[tag](self, contents, depth + 1)

    def items(self, nodes, depth):
        """Return the members of a container."""
        if type(nodes) is not list:
            raise WireError("read: a list is wanted")
        plain = not {list, dict} & set(map(type, nodes))
        return nodes if plain else [self.value(node, depth + 1) for node in nodes]

    def hashable(self, nodes, depth):
        """Return members that are distinguished by their hashes, not too many odd ones."""
        members = self.items(nodes, depth)
        self.count_odd(sum(type(member) not in EVEN for member in members))
        return members

    def count_odd(self, more):
        """Bound the values whose hashes a writer can choose, wherever a test will put them."""
        self.odd += more
        if self.odd > ODD:
            raise WireError(f"read: more than {ODD} keys are neither strings nor short numbers")

    def mapping(self, contents, depth):
        """Return a dictionary."""
        keys, values = contents
        keys = self.hashable(keys, depth)
        values = self.items(values, depth)
        return dict(zip(keys, values, strict=True))

    def integer(self, digits, depth):
        """Return a long integer."""
        if type(digits) is not str or len(digits) > BITS // 4 + 1:
            raise WireError("read: an integer is too long")
        self.count_odd(1)  # multiples of 2⁶¹ - 1 have the hash 0, and few of them are short
        return int(digits, 16)

    def complex(self, contents, depth):
        """Return a complex number."""
        real, imag = contents
        if not type(real) is type(imag) is float:
            raise WireError("read: the parts of a complex number are floats")
        return complex(real, imag)

    def array(self, contents, depth):
        """Return an array: read-only, when the body is."""
        code, *shape = contents
        dtype = DTYPES[code]
        if len(shape) > 32 or not all(type(n) is int and 0 <= n <= BODY for n in shape):
            raise WireError(f"read: {shape} is no shape")
        if prod(n or 1 for n in shape) > BODY:  # in Python's integers, which do not wrap around
            raise WireError(f"read: an array of shape {shape} is too large")
        start = self.at
        count = prod(shape)
        self.at += -(-count * dtype.itemsize // ALIGNED) * ALIGNED
        if self.at > len(self.body):
            raise WireError(f"read: the numbers of an array of shape {shape} are missing")
        flat = np.frombuffer(self.body, dtype, count, start) if count else np.empty(0, dtype)
        if code == "b1" and (flat.view("u1") > 1).any():
            raise WireError("read: a truth value is neither 0 nor 1")
        return flat.reshape(shape)


# fmt: off
Reader.tags = {
    "int": Reader.integer,
    "dict": Reader.mapping,
    "array": Reader.array,
    "complex": Reader.complex,
    "tuple": lambda self, contents, depth: tuple(self.items(contents, depth)),
    "set": lambda self, contents, depth: set(self.hashable(contents, depth)),
    "frozenset": lambda self, contents, depth: frozenset(self.hashable(contents, depth)),
    "bytes": lambda self, contents, depth: bytes.fromhex(contents),
    "slice": lambda self, contents, depth: slice(*self.items(contents, depth)),
    "scalar": lambda self, contents, depth: self.array([contents], depth)[()],
    "type": lambda self, contents, depth: TYPES[contents],
    "dots": lambda self, contents, depth: ...,
}
# fmt: on


def short(digits):
    """Read an integer that is written in decimal digits."""
    if len(digits) > DIGITS:
        raise WireError("read: an integer is too long")
    return int(digits)


loads = json.JSONDecoder(parse_int=short).decode
