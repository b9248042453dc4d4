"""Values that are being traced, and how NumPy's own syntax finds its way to the rules.

``x * y`` and ``np.exp(x)`` call `numpy.multiply` and `numpy.exp`; on a traced value NumPy
hands the call over to us, and the table `implementations` names the function that takes over.

Every derivative that is being taken is a level. A level that is opened inside another one
is its own, so derivatives of derivatives never mistake each other's tangents.

Chapter: book/linear.md.
"""

from itertools import count
from operator import getitem

import numpy as np

implementations = {}  # NumPy's function -> ours, which knows its derivative
levels = count(1)

CONSTANT = (  # functions that are constant between jumps: computed on the plain values
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal, np.sign,
    np.isfinite, np.isnan, np.shape, np.ndim, np.size, np.argmax, np.argmin, np.argsort,
    np.zeros_like, np.ones_like, np.empty_like, np.floor, np.ceil, np.round, np.rint,
    np.array_equal, np.allclose, np.result_type,
)  # fmt: skip


def implements(*functions):
    """Return a decorator: the function takes the place of NumPy's where an argument is traced.

    >>> from dlcore.ops.numpy.arithmetic import minimum
    >>> implementations[np.minimum] is minimum
    True
    """

    def register(ours):
        implementations.update(dict.fromkeys(functions, ours))
        return ours

    return register


class Traced(np.lib.mixins.NDArrayOperatorsMixin):
    """A traced array: its `value`, and the `level` of the derivative that it serves.

    It has the attributes of an array, and NumPy's functions and operators compute with it.
    Raises TypeError, with what to write, for a function without a rule, for an assignment to
    its entries, and where it would be converted to a plain array.

    >>> from dlcore import grad
    >>> grad(lambda x: np.sum(x * x[0]))(np.array([2.0, 3.0]))
    array([7., 2.])
    """

    __slots__ = ("level", "value")
    __hash__ = object.__hash__  # a value is a node of a graph: itself, whatever it holds

    shape = property(lambda self: np.shape(self.value))
    ndim = property(lambda self: np.ndim(self.value))
    size = property(lambda self: np.size(self.value))
    dtype = property(lambda self: plain(self.value).dtype)
    T = property(np.transpose)

    def __array_ufunc__(self, ufunc, method, *args, **options):
        if "out" in options:
            raise TypeError(
                f"{ufunc.__name__}: out is a traced array, it cannot be overwritten, "
                "write y = x + z in place of x += z"
            )
        if method != "__call__":
            raise TypeError(f"{ufunc.__name__}.{method}: no rule for traced arrays, use np.sum")
        return self.__array_function__(ufunc, (), args, options)

    def __array_function__(self, function, types, args, options):
        if function in implementations:
            return implementations[function](*args, **options)
        if function in CONSTANT:
            return function(*map(plain, args), **options)
        known = ", ".join(sorted({known.__name__ for known in implementations}))
        raise TypeError(f"{function.__name__}: no rule for traced arrays, use one of {known}")

    def __array__(self, dtype=None, copy=None):
        raise TypeError("a traced array cannot become a plain one, use a function that has a rule")

    def __getitem__(self, key):
        return implementations[getitem](self, key=key)

    def __setitem__(self, key, value):
        raise TypeError(f"x[{key}]: x is a traced array, it cannot be overwritten, use np.where")

    def __len__(self):
        return len(self.value)

    def __bool__(self):
        return bool(plain(self))

    def __float__(self):
        raise TypeError("a traced number cannot become a plain one, use it as it is")

    def reshape(self, *shape):
        """Arrange the same entries in another shape."""
        return np.reshape(self, shape[0] if isinstance(shape[0], tuple) else shape)

    def transpose(self, *axes):
        """Put the axes in another order, or in reverse."""
        return np.transpose(self, (axes[0] if len(axes) == 1 else axes) or None)


for name in ("sum", "mean", "max", "min", "ravel", "cumsum", "dot", "clip", "argmax", "argmin"):
    setattr(Traced, name, getattr(np, name))  # NumPy's function, with x.sum() for np.sum(x)


def plain(value):
    """Return the array below all levels of tracing; a plain value becomes an array.

    >>> plain(2.0)
    array(2.)
    """
    while isinstance(value, Traced):
        value = value.value
    return np.asarray(value)


def top_trace(args):
    """Find the traced argument of the highest level: the derivative that was opened last.

    >>> from dlcore.autodiff.reverse import Variable
    >>> top_trace([Variable(2.0, level=1), 3.0, Variable(5.0, level=2)]).value
    5.0
    """
    top = None
    for arg in args:
        if isinstance(arg, Traced) and (top is None or arg.level > top.level):
            top = arg
    return top


def is_traced_at(arg, level):
    """Tell whether `arg` is traced by the derivative of this level.

    >>> is_traced_at(3.0, level=1)
    False
    """
    return isinstance(arg, Traced) and arg.level == level


def lower(args, level):
    """Take one level off those arguments that belong to it.

    >>> from dlcore.autodiff.reverse import Variable
    >>> lower([Variable(2.0, level=1), 3.0], level=1)
    [2.0, 3.0]
    """
    return [arg.value if is_traced_at(arg, level) else arg for arg in args]


def float_arrays(function, xs):
    """Return the inputs of a derivative as arrays; traced ones stay as they are.

    Raises TypeError where an array does not hold floats: integers have no derivative.

    >>> float_arrays("grad", [[1.0, 2.0]])
    [array([1., 2.])]
    """
    xs = [x if isinstance(x, Traced) else np.asarray(x) for x in xs]
    for x in xs:
        if x.dtype.kind != "f":
            raise TypeError(f"{function}: x must hold floats, got {x.dtype}; use x.astype(float)")
    return xs
