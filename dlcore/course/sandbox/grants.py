"""What a submission may do to the objects of a test, and how much of it.

A function of a test can be called. An object whose class is written in Python can be computed
with, by operators and by the functions of NumPy in `FUNCTIONS`; of its attributes those in `SEEN`
can be read. Before anything is computed the largest possible result is estimated.
"""

import sys
from math import prod

import numpy as np

from dlcore.course.sandbox import remote

ENTRIES, BITS = 1 << 24, 1 << 12  # of arrays and of integers that are computed with
FOREIGN = {*sys.stdlib_module_names, "numpy", "numba"}
SEEN = (
    "T", "dtype", "ndim", "shape", "size", "real", "imag", "get", "items", "keys", "values",
    "argmax", "argmin", "clip", "cumsum", "dot", "max", "mean", "min", "ravel", "reshape", "sum",
    "transpose",
)  # fmt: skip
OPTIONS = ("axis", "keepdims", "ddof")
FUNCTIONS = (
    "all", "any", "argmax", "argmin", "clip", "concatenate", "cumsum", "dot", "expand_dims", "flip",
    "max", "mean", "min", "moveaxis", "ndim", "ones_like", "prod", "ravel", "reshape", "roll",
    "shape", "size", "squeeze", "stack", "std", "sum", "swapaxes", "take", "transpose", "var",
    "where", "zeros_like",
)  # fmt: skip


def permitted(operation, args, kwargs, owned):
    """Return a function and its arguments: what was asked for, if it is allowed.

    `owned` says whether a value is an object of the tests that was given a number.
    """
    if operation in ("ufunc", "function"):
        if strange := kwargs.keys() - {*OPTIONS}:
            raise TypeError(f"{', '.join(sorted(strange))}: no option for objects of the tests")
        return numpy_function(operation, args, owned)
    if kwargs and operation != "call":
        raise TypeError(f"{operation} takes no options")
    if operation != "call" and operation not in remote.ACTIONS:
        raise TypeError(f"{operation} cannot be asked for")
    if operation == "setitem":
        raise TypeError("an object of the tests cannot be changed")
    if not any(map(owned, args[: 1 if operation in ("call", "getattr", "pull") else 2])):
        raise TypeError(f"{operation} is asked for without an object of the tests")
    if operation == "call":
        return args[0], args[1:]
    if operation == "getattr" and (len(args) != 2 or args[1] not in SEEN):
        raise AttributeError(f"{type(args[0]).__name__} has no attribute {args[1:]} to be seen")
    if operation in remote.OPERATORS and operation not in ("getitem", "contains"):
        check_operands(args, owned)
    return remote.ACTIONS[operation], args


def numpy_function(operation, args, owned):
    """Return a function of NumPy by its name, and arguments one of which is an object."""
    if not args or type(args[0]) is not str:
        raise TypeError("a function of NumPy has a name")
    name, *args = args
    function = getattr(np, name, None)
    if operation == "ufunc":
        if not isinstance(function, np.ufunc) or args.pop(0) != "__call__":
            raise TypeError(f"{name}: only functions of arrays can be called, and only as such")
        if len(args) != function.nin:
            raise TypeError(f"{name} takes {function.nin} arguments, and returns its result")
    elif name not in FUNCTIONS:
        raise TypeError(f"{name}: no rule for objects of the tests")
    members = [m for arg in args for m in (arg if type(arg) in (list, tuple) else [arg])]
    if not any(map(owned, members)):
        raise TypeError(f"{name} is asked for without an object of the tests")
    check_operands(members, owned)
    return function, args


def check_operands(args, owned):
    """Refuse operands that lead to large results, or that are no matter for arithmetic."""
    for arg in filter(owned, args):
        if type(arg).__module__.partition(".")[0] in FOREIGN:
            raise TypeError(f"a {type(arg).__name__} of the tests cannot be computed with")
    if prod(max(1, entries(arg)) for arg in args) > ENTRIES:
        raise MemoryError("the result would be too large")
    if max(map(bits, args), default=0) > BITS:
        raise OverflowError(f"an integer has more than {BITS} bits")


def entries(value):
    """Count the entries of an array, watched or not, or of a list."""
    size = getattr(value, "size", 1) if not isinstance(value, remote.RemoteProxy) else 1
    return size if type(size) is int else 1


def bits(value, depth=3):
    """Return the length of the longest integer in an object."""
    if isinstance(value, int):
        return value.bit_length()
    parts = vars(value).values() if depth and hasattr(value, "__dict__") else ()
    return max((bits(part, depth - 1) for part in parts), default=0)
