"""What may be written from one process to another, and how much of it."""

from types import NoneType

import numpy as np

HEADER, BODY = 1 << 24, 1 << 26  # bytes of the tree, bytes of all buffers
NODES, DEPTH, STRING = 1 << 20, 32, 1 << 20
DIGITS, BITS = 20, 1 << 16  # of integers that are written plainly, and of the largest
ODD = 1 << 12  # keys, and long integers, whose hashes a writer can make collide
OBJECTS = 1 << 20  # that a process can number
ALIGNED = 16

CODES = ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")
DTYPES = {code: np.dtype(f"<{code}") for code in CODES}
TYPES = {code: dtype.type for code, dtype in DTYPES.items()}
TYPES |= {kind.__name__: kind for kind in (bool, int, float, complex, str, list, tuple, dict)}
NAMES = {kind: name for name, kind in TYPES.items()}
ATOMS = {NoneType, bool, float}
MUTABLE = {list, dict, set, np.ndarray}
EVEN = {NoneType, bool, int, float, str, bytes}
ROOTS = (bool, int, float, complex, str, bytes, tuple, list, dict, set, frozenset)


class WireError(ValueError):
    """A value that cannot be written, or bytes that nobody has written."""
