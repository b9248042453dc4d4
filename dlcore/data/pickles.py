"""Read the pickles of CIFAR-10, and no others.

A pickle is a program for a small stack machine, and the full machine may call anything on
the computer. ``pickle.Unpickler`` runs it here with three NumPy names and no others,

    numpy.core.multiarray._reconstruct (or numpy._core...),  numpy.ndarray,  numpy.dtype,

and not even these are looked up: each stands for a class that keeps what the file says about
an array and does nothing. `matrix` reads it and makes the one array that is allowed, rows
of unsigned bytes.

What the Unpickler does not refuse, `survey` refuses before anything is run:

- any number of instructions;
- a memo of 2³¹ entries, for which it reserves 32 GB if a file asks for the last of them;
- a dictionary key of n nested pairs, each twice the same, whose hash takes 2ⁿ steps, or one of a
  million nested tuples, whose hash exhausts the C stack;
- instructions that make objects, ask for persistent ids or look up extension codes.
"""

import pickle
from io import BytesIO
from pickletools import genops

import numpy as np

from dlcore.data.files import refused

# The instructions that Python 2 wrote. An image takes three of the first kind; a whole batch,
# however large, takes twenty of the second.
PLAIN = {
    *("MARK", "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1"),
    *("SHORT_BINSTRING", "BINSTRING", "APPEND", "APPENDS"),
    *("BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET"),
}
COMPOUND = {
    *("PROTO", "STOP", "GLOBAL", "REDUCE", "BUILD", "EMPTY_LIST", "EMPTY_DICT"),
    *("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "SETITEM", "SETITEMS"),
}
MOST_COMPOUND = 100
# What one of these has just made is no tuple, so the memo may hand it out more than once.
SHARED = {"SHORT_BINSTRING", "BINSTRING", "EMPTY_LIST", "EMPTY_DICT", "GLOBAL", "REDUCE"}

ERRORS = (
    *(pickle.UnpicklingError, AttributeError, EOFError, LookupError, MemoryError),
    *(OverflowError, TypeError, ValueError, Warning),
)


class Note:
    """What a pickle says about an object: the arguments of its class, then its state."""

    def __init__(self, *given):
        self.given = given
        self.state = ()

    def __setstate__(self, state):
        self.state = state


class ArrayNote(Note):
    """Stands for ``numpy.core.multiarray._reconstruct``, which makes an empty array."""


class ArrayTypeNote(Note):
    """Stands for ``numpy.ndarray``."""


class DTypeNote(Note):
    """Stands for ``numpy.dtype``."""


NAMES = {
    ("numpy.core.multiarray", "_reconstruct"): ArrayNote,
    ("numpy._core.multiarray", "_reconstruct"): ArrayNote,
    ("numpy", "ndarray"): ArrayTypeNote,
    ("numpy", "dtype"): DTypeNote,
}


class NoteUnpickler(pickle.Unpickler):
    """An Unpickler that knows the names above and takes notes of what is said about them."""

    def find_class(self, module, name):
        """Return what stands for a name; nothing is imported."""
        if (module, name) not in NAMES:
            raise pickle.UnpicklingError(f"GLOBAL {module} {name} is not allowed")
        return NAMES[module, name]


def loads(raw, path):
    """Unpickle a dictionary whose keys are byte strings; raise DataError for anything else."""
    file = BytesIO(raw)
    starts = []
    try:
        starts.extend(survey(file, most=1000 + len(raw) // 100))  # an image takes 3,072 bytes
        file.seek(0)
        batch = NoteUnpickler(file, fix_imports=False, encoding="bytes").load()
        if type(batch) is not dict:
            raise ValueError(f"it holds a {type(batch).__name__}")
        if any(type(key) is not bytes for key in batch):
            raise ValueError("a key is no byte string")
    except ERRORS as error:
        offset = max((start for start in starts if start < file.tell()), default=0)
        raise refused(path, offset, f"this is no pickle of CIFAR-10 ({error})") from error
    return batch


def survey(file, most):
    """Read every instruction and run none: yield where it begins, or refuse it.

    `most` bounds the number of instructions and of entries in the memo.
    """
    compound = 0
    before = ""
    shared = set()  # the entries of the memo that may be used again
    for count, (opcode, value, start) in enumerate(genops(file)):
        yield start
        name = opcode.name
        compound += name in COMPOUND
        if count == most:
            raise ValueError(f"more than {most} instructions")
        if name not in PLAIN | COMPOUND:
            raise ValueError(f"{name} {value or ''}"[:80].strip() + " is not allowed")
        if compound > MOST_COMPOUND:
            raise ValueError(f"more than {MOST_COMPOUND} names, tuples, lists and dictionaries")

        if name in ("BINPUT", "LONG_BINPUT"):
            if value >= most:
                raise ValueError(f"more than {most} entries in the memo")
            (shared.add if before in SHARED else shared.discard)(value)
        elif name in ("BINGET", "LONG_BINGET") and value not in shared:
            raise ValueError(f"entry {value} of the memo is missing, or is a tuple")
        before = name


def matrix(note):
    """Make the array that `note` describes: N rows of D unsigned bytes; None for any other."""
    match note:
        case ArrayNote(
            state=(
                1,
                (int(N), int(D)),
                DTypeNote(given=(b"u1", *_)),
                bool(fortran),
                bytes(raw),
            ),
        ) if min(N, D) > 0 and len(raw) == N * D:
            return np.frombuffer(raw, np.uint8).reshape(N, D, order="F" if fortran else "C")
    return None
