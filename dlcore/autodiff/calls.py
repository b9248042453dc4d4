"""Calls in NumPy's syntax, brought to the parameters of the function that takes over.

NumPy allows most arguments by position and by name. The signatures of its function and of
ours say which parameter is which; a parameter that ours does not have is refused by name.

Chapter: book/reverse.md.
"""

from inspect import Parameter, signature
from itertools import takewhile

UFUNC = {"where": True, "casting": "same_kind", "order": "K", "dtype": None, "subok": True}
UFUNC |= {"out": None, "signature": None, "axes": None, "axis": None, "keepdims": False}


def is_default(value, default):
    """Tell whether an argument is what would have been taken without it.

    >>> is_default(None, None), is_default(1, True), is_default(2, 2)
    (True, False, True)
    """
    plain = isinstance(value, bool | str | int | float)
    return value is default or (plain and type(value) is type(default) and value == default)


def refuse(name, parameter):
    """Raise TypeError for a parameter of NumPy's that the function has no rule for.

    >>> refuse("sum", "dtype")
    Traceback (most recent call last):
    TypeError: sum: dtype is not taken for traced arrays, leave it out
    """
    raise TypeError(f"{name}: {parameter} is not taken for traced arrays, leave it out")


def check_options(name, options, defaults):
    """Refuse an option that is not at its default, by name.

    >>> check_options("exp", {"casting": "same_kind"}, UFUNC)
    """
    for parameter, value in options.items():
        if not is_default(value, defaults.get(parameter, Parameter.empty)):
            refuse(name, parameter)


def leading(names):
    """List the names up to the first that is None.

    >>> leading(["a", "b", None, "c"])
    ['a', 'b']
    """
    return list(takewhile(lambda name: name is not None, names))


class Translation:
    """A function that takes the place of `theirs`, called as `theirs` is.

    Arrays may have other names in ours, every other parameter has the same one. Signatures are
    read at the first call. Raises TypeError for a parameter that ours does not have.

    >>> import numpy as np
    >>> def total(x, *, axis=None):
    ...     return np.sum(x, axis=axis)
    >>> Translation(np.sum, total)(np.ones((2, 3)), 0)
    array([2., 2., 2.])
    """

    __slots__ = (
        "defaults", "direct", "further", "names", "order", "ours", "same", "several", "theirs",
    )  # fmt: skip

    def __init__(self, theirs, ours):
        self.theirs, self.ours, self.same = theirs, ours, None

    def __call__(self, *args, **options):
        if self.same is None:
            self.read()
        direct = self.direct
        if len(args) <= direct:
            if not options or options.keys() <= self.same:
                return self.ours(*args, **options)
        elif not options and len(args) <= len(self.order):
            rest = dict(zip(self.further, args[direct:], strict=False))
            return self.ours(*args[:direct], **rest)
        return self.by_name(args, options)

    def by_name(self, args, options):
        """Call ours with every argument by name; those at their defaults are left out."""
        bound, extra = ({}, args) if self.several else (zip(self.defaults, args, strict=False), ())
        taken = {}
        for name, value in (dict(bound) | options).items():
            if is_default(value, self.defaults.get(name, Parameter.empty)):
                continue
            if name not in self.names:
                refuse(self.theirs.__name__, name)
            taken[self.names[name]] = value
        return self.ours(*extra, **taken)

    def read(self):
        """Compare both signatures: what is passed on as it is, what under another name.

        The first `direct` arguments have the same positions in both, the `further` ones of NumPy's
        `order` are taken under the names there, and `same` are the names that both know.
        """
        mine = signature(self.ours).parameters
        try:
            parameters = signature(self.theirs).parameters.values()
        except ValueError:  # older versions of NumPy do not tell
            parameters = mine.values()
        self.several = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        self.defaults = {p.name: p.default for p in named}
        free = [name for name, p in mine.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
        self.names = {name: name for name in mine}
        for theirs, ours in zip(self.defaults, free, strict=False):
            if theirs not in mine and ours not in self.defaults:
                self.names[theirs] = ours
        self.order = leading(self.names.get(p.name) for p in named if p.kind is not p.KEYWORD_ONLY)
        shared = leading(a if a == b else None for a, b in zip(self.order, free, strict=False))
        self.direct, self.further = len(shared), self.order[len(shared) :]
        if self.several:
            self.direct = float("inf")
        self.same = {
            n for n, p in mine.items() if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)
        }

    def untaken(self):
        """List the parameters of NumPy's function that are refused.

        >>> import numpy as np
        >>> Translation(np.cumsum, lambda x, axis=None: np.cumsum(x, axis)).untaken()
        ['dtype', 'out']
        """
        self.read()
        return [name for name in self.defaults if name not in self.names]
