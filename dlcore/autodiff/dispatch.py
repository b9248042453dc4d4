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

from dlcore.autodiff.calls import UFUNC, Translation, check_options

implementations = {}  # NumPy's function -> ours, which knows its derivative
refusals = {}  # NumPy's function -> why there is no rule, and what to write
levels = count(1)
SEQUENCES = tuple | list

CONSTANT = {  # functions that are constant between jumps: computed on the plain values
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal, np.sign,
    np.isfinite, np.isnan, np.isinf, np.isposinf, np.isneginf, np.signbit, np.isclose,
    np.logical_and, np.logical_or, np.logical_xor, np.logical_not, np.any, np.all,
    np.shape, np.ndim, np.size, np.argmax, np.argmin, np.argsort, np.argpartition, np.argwhere,
    np.nonzero, np.flatnonzero, np.count_nonzero, np.searchsorted, np.digitize,
    np.zeros_like, np.ones_like, np.empty_like, np.floor, np.ceil, np.round, np.rint, np.trunc,
    np.fix, np.floor_divide, np.array_equal, np.array_equiv, np.allclose, np.result_type,
    np.iscomplexobj, np.isrealobj, np.array2string, np.array_repr, np.array_str,
}  # fmt: skip


def implements(*functions):
    """Return a decorator: the function takes the place of NumPy's where an argument is traced.

    It may be called as NumPy's; a parameter that it does not have is refused by name.

    >>> from dlcore.ops.numpy.arithmetic import minimum
    >>> implementations[np.minimum] is minimum
    True
    """

    def register(ours):
        for function in functions:
            home = getattr(function, "__module__", None) or "numpy"
            by_name = home.startswith("numpy") and not isinstance(function, np.ufunc)
            implementations[function] = Translation(function, ours) if by_name else ours
        return ours

    return register


def refuses(functions, reason):
    """Say why functions of NumPy's have no rule for traced arrays, and what to write.

    >>> refuses([np.spacing], reason="the distance to the next number has no slope")
    >>> refusals.pop(np.spacing)
    'the distance to the next number has no slope'
    """
    refusals.update(dict.fromkeys(functions, reason))


class Traced(np.lib.mixins.NDArrayOperatorsMixin):
    """A traced array: its `value`, and the `level` of the derivative that it serves.

    It has the attributes of an array, and NumPy's functions and operators compute with it.
    Raises TypeError, with what to write, for a function without a rule, for an assignment to
    its entries, and where it would be converted to a plain array of floats.

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
        if options or method != "__call__":
            check_ufunc(ufunc, method, options)
        ours = implementations.get(ufunc)
        return without_rule(ufunc, args, options) if ours is None else ours(*args)

    def __array_function__(self, function, types, args, options):
        ours = implementations.get(function)
        return without_rule(function, args, options) if ours is None else ours(*args, **options)

    def __array__(self, dtype=None, copy=None):
        if dtype is not None and np.dtype(dtype).kind in "biu":  # constant between jumps
            return plain(self).astype(dtype)
        raise TypeError(
            "a traced array cannot become a plain one, use a function that has a rule; entries "
            "become an array by np.stack([x, y]) or np.array([x, y], like=x)"
        )

    def __getitem__(self, key):
        return implementations[getitem](self, key=key)

    def __setitem__(self, key, value):
        raise TypeError(f"x[{key}]: x is a traced array, it cannot be overwritten, use np.where")

    def __len__(self):
        return len(self.value)

    def __bool__(self):
        return bool(plain(self))

    def __float__(self):
        raise TypeError(
            "a traced number cannot become a plain one, use it as it is: in place of y[i] = x "
            "write y = np.stack([…]) or y = np.where(…)"
        )

    def __repr__(self):
        return f"{type(self).__name__}({self.value!r}, level={self.level})"

    def __format__(self, form):
        return format(plain(self)[()], form) if form else repr(self)

    __int__ = __index__ = __complex__ = __float__

    def reshape(self, *shape, order="C"):
        """Arrange the same entries in another shape."""
        if len(shape) == 1 and isinstance(shape[0], SEQUENCES):
            shape = shape[0]
        return implementations[np.reshape](self, shape, order)

    def astype(self, dtype, copy=True):
        """Convert to floats of another precision, or to plain integers and truth values."""
        return implementations[np.ndarray.astype](self, dtype, copy=copy)

    def clip(self, min=None, max=None):
        """Keep the entries between a smallest and a largest value."""
        return np.clip(self, min, max)

    def transpose(self, *axes):
        """Put the axes in another order, or in reverse."""
        one = len(axes) == 1 and not isinstance(axes[0], int)
        return np.transpose(self, axes[0] if one else axes or None)


METHODS = (
    "all", "any", "argmax", "argmin", "argsort", "copy", "cumprod", "cumsum", "diagonal",
    "dot", "max", "mean", "min", "nonzero", "prod", "ravel", "repeat", "round", "searchsorted",
    "squeeze", "std", "sum", "swapaxes", "take", "trace", "var",
)  # fmt: skip
for name in METHODS:
    setattr(Traced, name, getattr(np, name))  # NumPy's function, with x.sum() for np.sum(x)
Traced.flatten = np.ravel


def check_ufunc(ufunc, method, options):
    """Refuse what no rule covers: a method such as reduce, an array to write to, an option.

    >>> check_ufunc(np.add, "reduce", {})
    Traceback (most recent call last):
    TypeError: add.reduce: no rule for traced arrays, use np.sum
    """
    name = ufunc.__name__
    if method != "__call__":
        raise TypeError(f"{name}.{method}: no rule for traced arrays, use np.sum")
    out = options.get("out", ())
    if any(isinstance(array, Traced) for array in out):
        raise TypeError(
            f"{name}: out is a traced array, it cannot be overwritten, "
            "write y = x + z in place of x += z"
        )
    if ufunc not in CONSTANT:
        if any(array is not None for array in out):
            raise TypeError(
                f"{name}: out is a plain array, a traced result cannot be written into it, "
                f"write y = np.{name}(...)"
            )
        check_options(name, {key: options[key] for key in options if key != "out"}, UFUNC)


def without_rule(function, args, options):
    """Compute a function that is constant between jumps on plain values, or raise TypeError.

    >>> without_rule(np.sign, [-2.0], {})
    np.float64(-1.0)
    """
    if function not in CONSTANT:
        known = "use one of dlcore.autodiff.dispatch.implementations"
        reason = refusals.get(function, f"no rule for traced arrays, {known}")
        raise TypeError(f"{function.__name__}: {reason}")
    args = [plain(arg) if isinstance(arg, Traced) else arg for arg in args]
    named = options.items()
    options = {key: plain(arg) if isinstance(arg, Traced) else arg for key, arg in named}
    return function(*args, **options)


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
