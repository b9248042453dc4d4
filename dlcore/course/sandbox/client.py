"""The trusted side: a submission's names as attributes, in the place of its module.

What a test passes is copied into the worker, where it cannot be changed. Only for a test that
says so is it copied back into the same arrays and containers when the worker has changed them.
Functions and objects of a test stay here. What
the submission makes, other than plain values, stays there: a test holds a proxy, which has
no say in whether it is equal to anything.
"""

import json
import time
from contextlib import contextmanager

import numpy as np

from dlcore.course.sandbox import arguments, draws, endpoint, errors, frame, grants, remote, wire
from dlcore.course.sandbox.connection import WorkerEnded
from dlcore.course.sandbox.limits import MUTABLE, WireError

MESSAGES, RECEIVED, NESTED = 200_000, 1 << 28, 40
SPAN = 1 << 22  # entries that lie between the first and the last of an array
RESULTS = 1 << 25  # entries of all arrays that operations on objects of the tests made
FORMS = {"ask": [str, tuple, dict], "raise": [list, str, list], "reply": []}
LENGTHS = {"ask": 6, "raise": 6, "reply": 3}
UNREADABLE = (ArithmeticError, LookupError, MemoryError, RecursionError, TypeError, ValueError)
HABIT = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}


def refusing(done):
    """Make a method that refuses."""

    def refuse(self, *_):
        raise TypeError(f"an object of type {self._name} was returned, which cannot be {done}")

    return refuse


class SubmissionObject(remote.RemoteProxy):
    """A proxy for an object of the submission."""

    __slots__ = ()
    __array_ufunc__ = None  # arrays leave arithmetic to the methods here
    __eq__ = __ne__ = refusing("compared")
    __hash__ = refusing("hashed")
    __bool__ = refusing("taken for true or false")


class SubmissionCallable(SubmissionObject, remote.RemoteCallable):
    """A proxy for a function or a class of the submission."""

    __slots__ = ()


class ClientWriter(endpoint.EndpointWriter):
    """Write with each array, and each outermost container, the number that it has."""

    inside = False

    def mutable(self, value, depth):
        """Write a copy of what may be changed in place."""
        if type(value) is np.ndarray:
            is_open = self.endpoint.in_place and value.flags.writeable
            return self.kept(value, is_open, steps(value), depth)
        if self.inside:
            return self.contents(value, depth)
        self.inside = True
        kept = self.kept(value, self.endpoint.in_place, [], depth)
        self.inside = False
        return kept

    def kept(self, value, is_open, steps, depth):
        """Write a value with its number, whether it may be changed, and how it lies in memory."""
        number = self.endpoint.number(value)
        return {"kept": [number, is_open, steps, self.contents(value, depth)]}

    def foreign(self, value, depth):
        """Write a generator of random numbers as its state."""
        if isinstance(value, np.random.Generator):
            state = draws.hand_over(value.bit_generator, self.endpoint.key)
            return {"rng": json.dumps(state)}
        return super().foreign(value, depth)


def steps(array):
    """List the strides of an array, in entries, if its rows are not contiguous."""
    steps = [stride // array.itemsize for stride in array.strides]
    span = sum(abs(step) * max(0, n - 1) for step, n in zip(steps, array.shape, strict=True))
    return [] if array.flags.c_contiguous or span > SPAN else steps


class Client(endpoint.Endpoint):
    """The end of the conversation that has the tests."""

    proxy_types = (SubmissionObject, SubmissionCallable)
    writer = ClientWriter

    def __init__(self, connection, key=b"", *, in_place=False):
        super().__init__()
        self.connection = connection
        self.key = key
        self.in_place = in_place
        self.phase = "at import"
        self.messages = self.received = self.results = self.nested = 0
        self.ended = None
        self.missing = None
        self.answering = 0.0
        self.origins, self.raised = [], []  # exceptions of tests, and of the submission

    def send(self, number, kind, *content):
        """Send a message."""
        message = self.packed(kind, *content)
        self.guarded(self.connection.send, frame.framed(number, *message))

    def receive(self):
        """Receive a message, and bring up to date what the worker has changed."""
        number, header, body = self.guarded(self.connection.receive)
        self.messages, self.received = self.messages + 1, self.received + len(header) + len(body)
        if self.messages > MESSAGES or self.received > RECEIVED:
            self.end("timeout", "the tests were asked for too much")
        kind, changes, *content = self.guarded(self.parse, header, body)
        for change in changes:
            self.guarded(self.apply_change, *change)
        return number, kind, *content

    def guarded(self, act, *args):
        """Do what the worker can spoil; if it does, that is the end of it."""
        if self.ended:
            raise self.ended
        try:
            return act(*args)
        except WorkerEnded as ended:
            self.end(ended.status, ended.says)
        except UNREADABLE as error:
            self.end("protocol", str(error))

    def end(self, status, says):
        """Have no more to do with the worker."""
        where = f" {self.phase}" if status == "timeout" else ""
        self.ended = WorkerEnded(status, errors.clean(says[: errors.MESSAGE]) + where)
        raise self.ended from None

    def protocol_error(self, says):
        """End with a worker that does not keep to the protocol."""
        self.end("protocol", says)

    def parse(self, header, body):
        """Read a message: its kind, changes, and what belongs to the kind."""
        message = wire.decode(header, body, lambda body: self.reader(self, body))
        if type(message) is not tuple or len(message) < 3 or message[0] not in FORMS:
            raise WireError("read: this is no message")
        wanted = [list, *FORMS[message[0]]]
        found = [*map(type, message[1 : len(wanted) + 1])]
        if found != wanted or len(message) != LENGTHS[message[0]]:
            raise WireError(f"read: this is no {message[0]}")
        return message

    def apply_change(self, number, value):
        """Change an array or a container of the tests in place."""
        if not self.in_place:
            raise WireError("read: an argument was changed that cannot be changed")
        if type(number) is not int or not 0 <= number < len(self.objects):
            raise WireError("read: there is no such object")
        old = self.objects[number]
        if type(old) not in MUTABLE:
            raise WireError(f"read: a {type(old).__name__} cannot be changed")
        if type(old) is np.ndarray and not old.flags.writeable:
            raise WireError("read: an array that cannot be written to was changed")
        endpoint.patch(old, value)

    @contextmanager
    def answers(self, source, *, name, path, compiled=None):
        """Load a submission into the worker, and yield it; the worker ends afterwards.

        The first worker compiles it and returns the bytes, which are kept in `compiled` by their
        source for the workers after it. Here they are never read.
        """
        compiled = {} if compiled is None else compiled
        try:
            code = self.ask("load", name, path, source, compiled.get(source, b""))
            if type(code) is bytes and code:
                compiled[source] = code
            yield Answers(self)
        finally:
            self.connection.end()

    def ask(self, operation, *args, **kwargs):
        """Let the worker do something; after the first time, a timeout is one in a call."""
        try:
            return super().ask(operation, *args, **kwargs)
        finally:
            self.phase = "in a call"

    def state(self):
        """Return how NumPy is to treat odd numbers, where that differs from its habit."""
        return None if np.geterr() == HABIT else np.geterr()

    def answer(self, *question):
        """Answer a question of the worker, and count the time that it takes."""
        begun = time.thread_time()
        self.nested = self.nested + 1
        try:
            super().answer(*question)
        finally:
            self.nested -= 1
        self.answering += 0 if self.nested else time.thread_time() - begun
        if self.answering > self.connection.zygote.seconds:
            self.end("timeout", "functions of the tests were called for too long")

    def perform(self, operation, args, kwargs, state):
        """Do what the worker asks for, if it may."""
        if self.nested > NESTED:
            raise RecursionError("functions of the tests are called within each other too deep")
        args = [self.closed(arg) for arg in args]
        kwargs = {name: self.closed(option) for name, option in kwargs.items()}
        act, args = grants.permitted(operation, args, kwargs, self.owned)
        result = act(*args, **kwargs)
        self.results += grants.entries(result) if operation != "call" else 0
        if self.results > RESULTS:
            raise MemoryError("the results are too large")
        return result

    def closed(self, value):
        """Return what a submission passes back; of an array of the tests, a view for reading."""
        if type(value) is np.ndarray and value.flags.writeable and not self.in_place:
            return arguments.window(value)
        if type(value) in (list, tuple) and id(value) not in self.numbers:
            return type(value)(map(self.closed, value))
        return value

    def owned(self, value):
        """Tell whether a value is an object that has a number, and no copy in the worker."""
        return id(value) in self.numbers and type(value) not in MUTABLE

    def describe(self, error):
        """Keep an exception of the tests, in case that it comes back."""
        self.origins.append(error)
        return *super().describe(error), len(self.origins) - 1

    def rebuild(self, names, message, place, origin):
        """Return an exception of the submission, with the lines of it; or one of the tests."""
        if type(origin) is int and 0 <= origin < len(self.origins):
            return self.origins[origin]
        error = self.guarded(errors.rebuild, names, message)
        error.spots = self.guarded(errors.spots, place)
        self.raised.append(error)
        return error


class Answers:
    """A submission: its public names are attributes."""

    def __init__(self, client):
        self._client = client

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(f"{name} is no public name")
        try:
            value = self._client.ask("name", name)
        except AttributeError:
            self._client.missing = name
            raise
        if isinstance(value, SubmissionCallable):
            setattr(self, name, value)  # asked for once
        return value
