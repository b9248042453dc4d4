"""Record what a test asks of answers, what they return, and what they do to arguments.

Two answers that say the same whenever they are asked the same behave alike, whatever their
text: that is how a wrong answer is recognised.
"""

import inspect
from contextlib import nullcontext
from dataclasses import dataclass
from functools import wraps
from types import FunctionType, ModuleType

import numpy as np

MOST = 300  # calls of one test that are kept
MANY = 2_000  # entries of a list or a dictionary that are looked at
DEEP = 2  # levels of objects inside of objects that are looked into
RTOL, ATOL = 1e-7, 1e-12  # of rounding in another order; the second is relative to the largest
SHORT = 1e-4  # both, for floats of four bytes


@dataclass(frozen=True)
class Opaque:
    """What stands for a value that has no contents to compare, such as a function."""

    kind: str


@dataclass(frozen=True)
class Raised:
    """What stands for the result of a call that raised."""

    error: str
    message: str


@dataclass
class Call:
    """One question of a test: arguments before and after, and the answer, all as copies."""

    name: str
    args: dict
    result: object = None
    after: dict | None = None


class CallRecorder:
    """The calls of one test, from outside only: what answers call of each other is left out."""

    def __init__(self, guard=nullcontext):
        self.calls = []
        self.busy = False
        self.guard = guard  # makes what stands around each call, such as a limit of time

    def wrap(self, function, name):
        """Return a function that does what `function` does, and records its calls."""
        function = getattr(function, "unrecorded", function)
        function = getattr(function, "unlent", function)  # methods were lent where they stand

        @wraps(function)
        def recording(*args, **options):
            if self.busy:
                return function(*args, **options)
            if len(self.calls) >= MOST:
                return self.follow(self.ask(lambda: function(*args, **options)), name)
            named = bound(function, args, options)
            self.calls.append(call := Call(name, snapshot(named)))
            return self.answer(call, lambda: function(*args, **options), named)

        recording.unrecorded = function
        return recording

    def answer(self, call, ask, named):
        """Call, keep what comes back, and record the functions in it."""
        try:
            result = self.ask(ask)
            call.result = snapshot(result)
        except BaseException as error:
            call.result = Raised(type(error).__name__, str(error))
            raise
        finally:
            call.after = snapshot(named)
        return self.follow(result, call.name)

    def ask(self, ask):
        """Call, inside of what guards calls; what is called meanwhile is not from outside."""
        self.busy = True
        try:
            with self.guard():
                return ask()
        finally:
            self.busy = False

    def follow(self, result, name):
        """Record the functions and generators that a call has returned."""
        if isinstance(result, FunctionType):
            return self.wrap(result, f"{name}(…)")
        if inspect.isgenerator(result):
            return self.pull(result, name)
        if type(result) in (tuple, list) and any(isinstance(x, FunctionType) for x in result):
            return type(result)(self.follow(x, name) for x in result)
        return result

    def pull(self, generator, name):
        """Hand on what a generator yields, one entry of the recorder for each."""
        end = object()
        while True:
            call = Call(f"next({name}(…))", {})
            self.calls += [call] if len(self.calls) < MOST else []
            if (value := self.answer(call, lambda: next(generator, end), {})) is end:
                return
            yield value


def record_calls(module, recorder, names):
    """Return a view of a module that records the calls of its functions from outside."""
    view = ModuleType(module.__name__, module.__doc__)
    vars(view).update(vars(module))
    for name, value in vars(module).items():
        if getattr(value, "__module__", None) not in names:
            continue
        if isinstance(value, type):
            methods = {method: inspect.getattr_static(value, method) for method in dir(value)}
            for method, function in methods.items():
                if isinstance(function, FunctionType):
                    setattr(value, method, recorder.wrap(function, f"{name}.{method}"))
        elif isinstance(value, FunctionType):
            setattr(view, name, recorder.wrap(value, name))
    return view


def bound(function, args, options):
    """Name the arguments of a call as the function's signature does."""
    try:
        return dict(inspect.signature(function).bind(*args, **options).arguments)
    except (TypeError, ValueError):
        return {**{str(i): arg for i, arg in enumerate(args)}, **options}


def snapshot(value, deep=DEEP):
    """Copy a value as it is at this moment; of objects, what they hold."""
    if isinstance(value, np.ndarray):
        return np.array(value)
    if value is None or isinstance(value, np.generic | int | float | complex | str | bytes):
        return value
    if isinstance(value, set | frozenset):
        value = sorted(map(str, value))
    if type(value) in (tuple, list, dict):
        return snapshot_items(value, deep)
    if deep and not callable(value) and (held := attributes(value)):
        return {"": type(value).__name__, "vars": snapshot_items(held, deep - 1)}
    return Opaque(type(value).__name__)


def attributes(value):
    """Map the names of an object's attributes to what they hold, but for serial numbers."""
    slots = {name for each in type(value).__mro__ for name in getattr(each, "__slots__", ())}
    held = {name: getattr(value, name) for name in sorted(slots) if hasattr(value, name)}
    held |= getattr(value, "__dict__", {})
    return {name: each for name, each in held.items() if name != "level"}


def snapshot_items(values, deep):
    """Copy what a list or a dictionary holds, unless it is too much to look at."""
    if len(values) > MANY:
        return Opaque(f"{len(values)} entries")
    if isinstance(values, dict):
        return {name: snapshot(each, deep) for name, each in values.items()}
    return type(values)(snapshot(each, deep) for each in values)


def same(one, other):
    """Tell whether two copies agree, up to rounding."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    pair = numbers(one), numbers(other)
    if pair[0] is not None and pair[1] is not None:
        return close(*pair)
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


def numbers(value):
    """Return a copy as an array of numbers, or None where it is none."""
    if isinstance(value, str | bytes | dict | Opaque | Raised) or value is None:
        return None
    try:
        array = np.asarray(value)
    except ValueError:
        return None
    return array if array.dtype.kind in "biufc" else None


def close(one, other):
    """Compare two arrays of numbers: shapes exactly, entries up to rounding."""
    if one.shape != other.shape:
        return False
    size = np.abs(other[np.isfinite(other)]).max(initial=0.0)
    short = np.float32 in (one.dtype, other.dtype)
    rtol, atol = (SHORT, SHORT) if short else (RTOL, ATOL)
    return bool(np.allclose(one, other, rtol=rtol, atol=atol * size, equal_nan=True))
