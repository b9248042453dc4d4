"""Call answers as a sandbox does, without one: they cannot change what a test passes.

A test and the answers meet at calls: of functions of the answers, of methods of their classes,
of functions that either side has handed to the other. At each of them arrays are shown for
reading, lists, dictionaries and sets are copied and looked at afterwards, and a generator of
random numbers is one of its own. What the answers hand to a function of the test is copied, as
it is on its way out of a sandbox. Objects of other classes pass as they are.
"""

import inspect
import warnings
from contextlib import contextmanager
from functools import partial, wraps
from types import BuiltinFunctionType, FunctionType, GeneratorType, MethodType, ModuleType

import numpy as np

from dlcore.course.sandbox.arguments import (
    ATOMS,
    CONTAINERS,
    Contents,
    generator,
    refuse_changes,
    update,
    window,
)
from dlcore.course.sandbox.draws import hand_over

FUNCTIONS = (FunctionType, MethodType, partial)
ITERATORS = (GeneratorType, *(type(iter(each)) for each in ([], (), {}, {}.items(), range(0))))
MOST = 100  # warnings that are kept
ITERATORS += (map, zip, enumerate, filter, reversed)


class Lender:
    """Everything that one test has passed to answers, and where a call is at the moment."""

    def __init__(self):
        self.shown = {}  # by the identity of what is the test's: that, and what answers see
        self.owners = {}  # by the identity of what answers see: that, and what is the test's
        self.warned = []  # of each warning: the file, the line, its class and its message
        self.watched = {}  # containers that answers see in this call, and what they held
        self.inside = False

    @contextmanager
    def side(self, inside):
        """Be inside of the answers, or outside, for a while."""
        before = self.inside
        self.inside = inside
        try:
            yield
        finally:
            self.inside = before

    @contextmanager
    def lenient(self):
        """Keep warnings, which are no errors of the answers, unless a test raises them."""
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = self.warn
            yield

    def warn(self, message, category, filename, line, *_):
        """Keep a warning."""
        if len(self.warned) < MOST:
            self.warned.append((filename, line, category.__name__, str(message)))

    def wrap(self, function):
        """Return a function of the answers for tests: arguments are lent, and looked at after."""
        function = getattr(function, "unlent", function)

        @wraps(function)
        def lending(*args, **options):
            if self.inside:
                return function(*args, **options)
            before, self.watched = self.watched, {}
            try:
                args = [self.lend(arg) for arg in args]
                options = {name: self.lend(option) for name, option in options.items()}
                with self.lenient(), self.side(inside=True):
                    result = function(*args, **options)
                refuse_changes(self.watched.values())
            finally:
                self.watched = before
            return self.hand_out(result)

        lending.unlent = function
        return lending

    def callback(self, function):
        """Return a function of the test for answers: it works on copies of what they pass."""

        @wraps(function, updated=())
        def calling(*args, **options):
            if not self.inside:
                return function(*args, **options)
            args = [self.take(arg) for arg in args]
            options = {name: self.take(option) for name, option in options.items()}
            with self.side(inside=False):
                result = function(*args, **options)
            return self.lend(result)

        return calling

    def lend(self, value):
        """Return what answers see of a value of the test."""
        kind = type(value)
        if kind is FunctionType and hasattr(value, "unlent"):
            return value.unlent
        if kind is np.random.Generator:
            return generator(hand_over(value.bit_generator))
        if kind is tuple:
            return tuple(map(self.lend, value))
        if kind in CONTAINERS:
            return self.lend_container(value, kind)
        make = None if isinstance(value, ATOMS) else self.maker(value)
        if make is None:
            return value
        shown = self.known(value)
        return self.remember(value, make(value)) if shown is None else shown

    def maker(self, value):
        """Return what makes a value fit to be seen, or None if it passes as it is."""
        if type(value) is np.ndarray:
            return window
        if isinstance(value, FUNCTIONS) or is_method(value):
            return self.callback
        return self.items if isinstance(value, ITERATORS) else None

    def known(self, value):
        """Return what answers have seen of a value before, if that is still what it was."""
        owner, shown = self.shown.get(id(value), (None, None))
        return shown if owner is value and is_like(shown, value) else None

    def remember(self, value, shown):
        """Keep which value of the test it is that answers see."""
        self.shown[id(value)] = value, shown
        self.owners[id(shown)] = shown, value
        return shown

    def lend_container(self, value, kind):
        """Lend a copy of a container, the same one whenever it is lent; watch it."""
        if kind is dict:
            copy = {key: self.lend(member) for key, member in value.items()}
        else:
            copy = kind(map(self.lend, value))
        owner, shown = self.shown.get(id(value), (None, None))
        shown = update(shown, copy) if owner is value else self.remember(value, copy)
        self.watched[id(shown)] = shown, Contents(shown)
        return shown

    def items(self, iterator):
        """Yield what an iterator of the test yields, lent."""
        end = object()
        while True:
            with self.side(inside=False):
                item = next(iterator, end)
            if item is end:
                return
            yield self.lend(item)

    def hand_out(self, value):
        """Return a result to the test: its own objects as such, functions to be called."""
        shown, owner = self.owners.get(id(value), (None, None))
        if shown is value and value is not None and is_like(value, owner):
            return owner
        if isinstance(value, FUNCTIONS):
            return self.wrap(value)
        if inspect.isgenerator(value):
            return self.pull(value)
        if type(value) in (tuple, list) and any(map(self.is_changed, value)):
            return type(value)(map(self.hand_out, value))
        return value

    def is_changed(self, value):
        """Tell whether a member of a result is handed out as another object."""
        return (
            id(value) in self.owners or isinstance(value, FUNCTIONS) or inspect.isgenerator(value)
        )

    def pull(self, generator):
        """Yield what a generator of the answers yields."""
        end = object()
        while True:
            with self.lenient(), self.side(inside=True):
                item = next(generator, end)
            if item is end:
                return
            yield self.hand_out(item)

    def take(self, value):
        """Return what a function of the test receives of answers: what is theirs is copied."""
        shown, owner = self.owners.get(id(value), (None, None))
        if shown is value and value is not None:
            refuse_changes([self.watched[id(value)]] if id(value) in self.watched else [])
            return value if type(value) is np.ndarray else owner
        if type(value) is np.ndarray:
            return window(np.array(value, order="C"))
        if type(value) is dict:
            return {key: self.take(member) for key, member in value.items()}
        if type(value) in CONTAINERS:
            return type(value)(map(self.take, value))
        return self.wrap(value) if isinstance(value, FUNCTIONS) else value


def is_like(shown, owner):
    """Tell whether what answers see is still laid out as what it stands for."""
    if type(owner) is not np.ndarray:
        return True
    place = lambda array: (array.ctypes.data, array.shape, array.strides, array.dtype)
    return place(shown) == place(owner)


def is_method(value):
    """Tell whether a function written in C belongs to an object, as the append of a list."""
    bound = isinstance(value, BuiltinFunctionType) and value.__self__ is not None
    return bound and not isinstance(value.__self__, ModuleType)


def lent(module, lender):
    """Return a view of a module whose functions and methods are lent their arguments."""
    view = ModuleType(module.__name__, module.__doc__)
    vars(view).update(vars(module))
    view.unlent = module
    for name, value in vars(module).items():
        if isinstance(value, type):
            if is_of(value, module):
                lend_to_methods(value, lender)
        elif isinstance(value, FUNCTIONS) or hasattr(value, "py_func"):
            setattr(view, name, lender.wrap(value))
    return view


def is_of(kind, module):
    """Tell whether a class belongs to answers: to a module, or one of another folder like it."""
    folder, _, topic = kind.__module__.partition(".")
    return folder != "dlcore" and topic == module.__name__.partition(".")[2]


def lend_to_methods(kind, lender):
    """Lend the methods of a class their arguments."""
    methods = {name: inspect.getattr_static(kind, name) for name in dir(kind)}
    for name, method in methods.items():
        if isinstance(method, FunctionType):
            setattr(kind, name, lender.wrap(method))
