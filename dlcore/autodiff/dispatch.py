"""Values that are being watched, and how NumPy's own syntax finds its way to the rules.

``x * y`` and ``np.exp(x)`` call `numpy.multiply` and `numpy.exp`; on a watched value NumPy
hands the call over to us, and the table `rule_of` names the primitive that knows its derivative.

Every derivative that is being taken is a level. A level that is opened inside another one
is its own, so derivatives of derivatives never mistake each other's tangents.

Chapter: book/linear.md.
"""

from itertools import count
from operator import getitem

import numpy as np

rule_of = {}  # NumPy's function -> the primitive that stands for it
levels = count(1)

CONSTANT = (  # functions that are constant between jumps: computed on the plain values
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal, np.sign,
    np.isfinite, np.isnan, np.shape, np.ndim, np.size, np.argmax, np.argmin, np.argsort,
    np.zeros_like, np.ones_like, np.empty_like,
)  # fmt: skip


class Traced(np.lib.mixins.NDArrayOperatorsMixin):
    """A watched array: its `value`, and the `level` of the derivative that it serves."""

    __slots__ = ("level", "value")
    __hash__ = object.__hash__  # a value is a node of a graph: itself, whatever it holds

    shape = property(lambda self: np.shape(self.value))
    ndim = property(lambda self: np.ndim(self.value))
    size = property(lambda self: np.size(self.value))
    dtype = property(lambda self: plain(self.value).dtype)
    T = property(np.transpose)

    def __array_ufunc__(self, ufunc, method, *args, **options):
        if "out" in options:
            raise TypeError(f"{ufunc.__name__}: out is a watched array, it cannot be overwritten")
        if method != "__call__":
            raise TypeError(f"{ufunc.__name__}.{method}: no rule for watched arrays, use {SUMS}")
        return self.__array_function__(ufunc, (), args, options)

    def __array_function__(self, function, types, args, options):
        if function in rule_of:
            return rule_of[function].as_numpy(*args, **options)
        if function in CONSTANT:
            return function(*map(plain, args), **options)
        known = ", ".join(sorted(known.__name__ for known in rule_of))
        raise TypeError(f"{function.__name__}: no rule for watched arrays, use one of {known}")

    def __array__(self, dtype=None, copy=None):
        raise TypeError("a watched array cannot become a plain one, use a function that has a rule")

    def __getitem__(self, key):
        return rule_of[getitem](self, key=key)

    def __len__(self):
        return len(self.value)

    def __bool__(self):
        return bool(plain(self))

    def sum(self, axis=None, keepdims=False):
        """Add the entries up, over all axes or the given ones."""
        return np.sum(self, axis=axis, keepdims=keepdims)

    def reshape(self, *shape):
        """Arrange the same entries in another shape."""
        return np.reshape(self, shape[0] if isinstance(shape[0], tuple) else shape)


SUMS = "np.sum, np.max or the operation itself"


def plain(value):
    """Take off every level, down to the array."""
    while isinstance(value, Traced):
        value = value.value
    return np.asarray(value)


def innermost(args):
    """Find the watched argument of the highest level: the derivative that was opened last."""
    return max((arg for arg in args if isinstance(arg, Traced)), key=lambda arg: arg.level)


def belongs(arg, level):
    """Tell whether `arg` is watched by the derivative of this level."""
    return isinstance(arg, Traced) and arg.level == level


def lower(args, level):
    """Take one level off those arguments that belong to it."""
    return [arg.value if belongs(arg, level) else arg for arg in args]
