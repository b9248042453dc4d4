"""Read the pickles of CIFAR-10, and no others.

A pickle is a program for a small stack machine, and the full machine may call anything on
the computer. The machine below knows the instructions that Python 2 wrote into the published
files: numbers, byte strings, lists, tuples, one dictionary, and three NumPy names,

    numpy.core.multiarray._reconstruct (or numpy._core...),  numpy.ndarray,  numpy.dtype.

Not even these are looked up. Each becomes a `Note` that remembers what the file says about
it and does nothing; `matrix` reads the notes and makes the one array that is allowed, rows
of unsigned bytes. All else is refused with its offset, before it can happen.
"""

from dataclasses import dataclass
from io import BytesIO
from pickletools import genops

import numpy as np

from dlcore.data.files import refused

RECONSTRUCT = {"numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct"}
NAMES = RECONSTRUCT | {"numpy ndarray", "numpy dtype"}
MARK = object()


@dataclass
class Note:
    """A NumPy name in a pickle: what it is called with, and the state it is given."""

    name: str
    given: tuple = ()
    state: tuple = ()


def loads(raw, path):
    """Run a pickle on the small machine and return its dictionary; the keys are byte strings."""
    stack, memo, offset = [], {}, 0
    most = 1000 + len(raw) // 100  # an image takes 3,072 bytes and three instructions
    try:
        for count, (opcode, value, offset) in enumerate(genops(BytesIO(raw))):  # noqa: B007
            if count == most:
                raise ValueError(f"more than {most} instructions")
            execute(opcode.name, value, stack, memo)
        (batch,) = stack
        if type(batch) is not dict:
            raise ValueError(f"it holds a {type(batch).__name__}")
    except (AttributeError, LookupError, TypeError, ValueError, Warning) as error:
        reason = f"this is no pickle of CIFAR-10 ({error})"
        raise refused(path, offset, reason) from error
    return batch


def execute(name, value, stack, memo):
    """Carry out one instruction: `name` is what pickletools calls it, `value` what it carries."""
    match name:
        case "PROTO" | "STOP":
            pass
        case "BINPUT" | "LONG_BINPUT":
            memo[value] = stack[-1]
        case "BINGET" | "LONG_BINGET":
            stack.append(memo[value])
        case "APPEND" | "APPENDS":
            items = last(1, stack) if name == "APPEND" else since_mark(stack)
            stack[-1].extend(items)
        case "SETITEM" | "SETITEMS":
            items = last(2, stack) if name == "SETITEM" else since_mark(stack)
            stack[-1].update(pairs(items))
        case "REDUCE":
            given = stack.pop()
            stack[-1] = Note(stack[-1].name, given)
        case "BUILD":
            state = stack.pop()
            stack[-1].state = state
        case _:
            stack.append(made(name, value, stack))


def made(name, value, stack):
    """Return the thing that an instruction puts on the stack."""
    match name:
        case "MARK":
            thing = MARK
        case "NONE" | "BININT" | "BININT1" | "BININT2" | "LONG1":
            thing = value
        case "NEWTRUE" | "NEWFALSE":
            thing = name == "NEWTRUE"
        case "SHORT_BINSTRING" | "BINSTRING":
            thing = value.encode("latin-1")
        case "EMPTY_LIST" | "EMPTY_DICT":
            thing = [] if name == "EMPTY_LIST" else {}
        case "TUPLE":
            thing = tuple(since_mark(stack))
        case "TUPLE1" | "TUPLE2" | "TUPLE3":
            thing = tuple(last(int(name[-1]), stack))
        case "GLOBAL" if value in NAMES:
            thing = Note(value)
        case _:
            raise ValueError(f"{name} {value or ''}".strip() + " is not allowed")
    return thing


def last(count, stack):
    """Take `count` items off the stack, in the order in which they were put there."""
    return [stack.pop() for _ in range(count)][::-1]


def since_mark(stack):
    """Take everything down to the last mark off the stack, and the mark."""
    return list(iter(stack.pop, MARK))[::-1]


def pairs(items):
    """Join keys with values; only byte strings are keys, so that no hash takes forever."""
    if not all(type(key) is bytes for key in items[::2]):
        raise ValueError("a key is no byte string")
    return zip(items[::2], items[1::2], strict=True)


def matrix(note):
    """Make the array that `note` describes: N rows of D unsigned bytes; None for any other."""
    match note:
        case Note(
            name,
            state=(
                1,
                (int(N), int(D)),
                Note("numpy dtype", (b"u1", *_)),
                bool(fortran),
                bytes(raw),
            ),
        ) if name in RECONSTRUCT and min(N, D) > 0 and len(raw) == N * D:
            return np.frombuffer(raw, np.uint8).reshape(N, D, order="F" if fortran else "C")
    return None
