"""Keep arguments as they were: what a test passes is read, and not written to.

An array is shown through a window that cannot be opened for writing. A list, a dictionary or a
set is a copy whose contents are remembered: a change of it is an error. Both sides of a sandbox
use this module, and so do answers that run without one.
"""

import numpy as np

CONTAINERS = {list, tuple, dict, set}
ATOMS = (type(None), bool, int, float, complex, str, bytes, np.generic)
SHOWN = "read-only"  # the word by which NumPy refuses, too


class ArgumentChangedError(ValueError):
    """A list, a dictionary or a set that a test passed was changed."""

    def __init__(self, kind):
        super().__init__(f"an argument is {SHOWN}, and this {kind} was changed in place")


class Window:
    """The memory of an array, for reading: NumPy refuses to open it for writing."""

    def __init__(self, array):
        address, _ = array.__array_interface__["data"]
        self.array = array
        self.__array_interface__ = {**array.__array_interface__, "data": (address, True)}


def window(array):
    """Return an array on the same memory that cannot be written to, nor be made writeable.

    >>> window(np.zeros(2)).flags.writeable
    False
    """
    shown = np.asarray(Window(array))
    if shown.dtype != array.dtype:
        shown.dtype = array.dtype
    return shown


class Contents:
    """What a container holds at a moment, and what the containers in it hold."""

    def __init__(self, container):
        self.kind = type(container)
        self.keys = list(container) if self.kind in (dict, set) else None
        members = container.values() if self.kind is dict else container
        self.members = [] if self.kind is set else [remembered(each) for each in members]

    def agrees(self, other):
        """Tell whether other contents are the same, the same objects in the same order."""
        if type(other) is not Contents or self.kind is not other.kind or self.keys != other.keys:
            return False
        counts = len(self.members), len(other.members)
        return counts[0] == counts[1] and all(map(agree, self.members, other.members))


def remembered(value):
    """Return the contents of a container; what is none stands for itself."""
    return Contents(value) if type(value) in CONTAINERS else value


def agree(one, other):
    """Tell whether two members are the same object, the same contents or the same value."""
    if one is other:
        return True
    if type(one) is Contents:
        return one.agrees(other)
    alike = type(one) is type(other) and isinstance(one, ATOMS)
    return bool(alike and one == other)


def refuse_changes(watched):
    """Raise if a container differs from what is remembered of it; `watched` lists such pairs."""
    for container, contents in watched:
        if not contents.agrees(Contents(container)):
            raise ArgumentChangedError(contents.kind.__name__)


def update(old, new):
    """Change a container in place into another one, and return it."""
    if type(old) is list:
        old[:] = new
    else:
        old.clear()
        old.update(new)
    return old


def generator(state):
    """Return a generator of random numbers that goes on from a state."""
    made = np.random.Generator(np.random.PCG64())
    made.bit_generator.state = state
    return made
