"""Stand in for an object of another process: each operator is a question to that process."""

import operator
from itertools import islice

# fmt: off
BINARY = (
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor",
    "lshift", "rshift",
)
OTHERS = (
    "lt", "le", "gt", "ge", "neg", "pos", "abs", "invert", "contains", "getitem", "setitem",
)
# fmt: on
OPERATORS = {name: getattr(operator, name) for name in (*BINARY, *OTHERS)}
ACTIONS = OPERATORS | {kind.__name__: kind for kind in (bool, int, float, complex, len, iter)}
ACTIONS |= {"getattr": getattr, "pull": lambda items: tuple(islice(items, 1))}
PULLS = 1_000_000  # items of an iterator, before it counts as endless


class RemoteProxy:
    """A proxy for an object of the other process."""

    __slots__ = ("_endpoint", "_name", "_number")

    def __init__(self, endpoint, number, name):
        self._endpoint = endpoint
        self._number = number
        self._name = name

    def __repr__(self):
        return f"<{self._name} in the other process>"

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(f"{self._name} has no attribute {name!r} that can be seen")
        return self._endpoint.ask("getattr", self, name)

    def __iter__(self):
        return RemoteIterator(self._endpoint.ask("iter", self))

    def __next__(self):
        for item in self._endpoint.ask("pull", self):
            return item
        raise StopIteration

    def __array__(self, dtype=None, copy=None):
        raise TypeError(f"an object of type {self._name} is no array of numbers")


class RemoteIterator:
    """An iterator over items of the other process, which ends after so many."""

    def __init__(self, items):
        self.items = items
        self.left = PULLS

    def __iter__(self):
        return self

    def __next__(self):
        self.left -= 1
        if self.left < 0:
            raise RuntimeError(f"more than {PULLS} items were yielded, is there an end?")
        return next(self.items)


def forward(name):
    """Make a method that asks for an operation on the object."""
    return lambda self, *args: self._endpoint.ask(name, self, *args)


def reflected(name):
    """Make a method that asks for an operation whose second operand the object is."""
    return lambda self, other: self._endpoint.ask(name, other, self)


for operation in (*OTHERS, "len", "float", "int", "complex"):
    setattr(RemoteProxy, f"__{operation}__", forward(operation))
for operation in BINARY:
    setattr(RemoteProxy, f"__{operation.strip('_')}__", forward(operation))
    setattr(RemoteProxy, f"__r{operation.strip('_')}__", reflected(operation))


class RemoteCallable(RemoteProxy):
    """A proxy for something that can be called."""

    __slots__ = ()

    def __call__(self, *args, **kwargs):
        return self._endpoint.ask("call", self, *args, **kwargs)
