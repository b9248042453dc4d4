"""The untrusted side: run a submission, and do to it what the tests ask for.

This runs in a process of its own, which is locked up before it sees the submission. It can lie
about the submission's answers, and about nothing else.
"""

import io
import json
import marshal
import os
import sys
import warnings
from contextlib import suppress
from types import ModuleType

import numpy as np

from dlcore.course.sandbox import arguments, endpoint, errors, frame, remote, wire

COMPILED = 1 << 18  # bytes of a compiled program that are sent to the next worker


class TestObject(remote.RemoteProxy):
    """A proxy for an object of the tests; NumPy's functions of it are computed there."""

    __slots__ = ()
    __bool__ = remote.forward("bool")

    def __array_ufunc__(self, ufunc, method, *args, **kwargs):
        return self._endpoint.ask("ufunc", ufunc.__name__, method, *args, **kwargs)

    def __array_function__(self, function, types, args, kwargs):
        return self._endpoint.ask("function", function.__name__, *args, **kwargs)


class TestCallable(TestObject, remote.RemoteCallable):
    """A proxy for a function of the tests."""

    __slots__ = ()


class WorkerWriter(endpoint.EndpointWriter):
    """Write a copy of what the tests sent as its number: it is the same object there."""

    def mutable(self, value, depth):
        """Name the number of an array or a container that has one."""
        number = self.endpoint.copied.get(id(value))
        same = number is not None and self.endpoint.is_still(number, value)
        return {"yours": number} if same else self.contents(value, depth)


class WorkerReader(endpoint.EndpointReader):
    """Read what can be changed in place so that it is not, or so that changes are detected."""

    def kept(self, contents, depth):
        """Bring the copy of something up to date, or make one; open it only if it may change."""
        number, is_open, steps, tree = contents
        value = self.value(tree, depth)
        if type(value) is np.ndarray:
            return self.endpoint.keep_array(number, value, is_open, steps)
        return self.endpoint.keep_container(number, value, is_open)

    def generator(self, state, depth):
        """Return a generator of random numbers of our own, in the given state."""
        return arguments.generator(json.loads(state))

    tags = endpoint.EndpointReader.tags | {"kept": kept, "rng": generator}


def apart(shape, dtype, steps):
    """Make an array with so many steps between its entries along each axis."""
    ends = [step * max(0, n - 1) for step, n in zip(steps, shape, strict=True)]
    first = -sum(end for end in ends if end < 0)
    row = np.zeros(first + sum(end for end in ends if end > 0) + 1, dtype)
    strides = [step * row.itemsize for step in steps]
    return np.ndarray(shape, dtype, row, first * row.itemsize, strides)


class Worker(endpoint.Endpoint):
    """The end of the conversation that has the submission."""

    proxy_types = (TestObject, TestCallable)
    caught = BaseException
    writer = WorkerWriter
    reader = WorkerReader

    def __init__(self, channel):
        super().__init__()
        self.channel = channel
        self.buffered = bytearray()
        self.module = None
        self.depth = 0
        self.copies, self.copied = {}, {}  # by number, and the numbers by identity
        self.memory = {}  # of arrays, by number: where we write and the submission reads
        self.given, self.lent = {}, {}  # snapshots: of arguments, and of what callbacks returned
        self.watched = {}  # containers that may not change, by number, with what they held

    def send(self, number, kind, *content):
        """Send a message, with what has become of the copies."""
        message = self.packed(kind, self.changes(kind != "ask"), *content)
        for part in frame.framed(number, *message):
            left = memoryview(part)
            while left:
                left = left[os.write(self.channel, left) :]

    def receive(self):
        """Wait for a message; end when nobody is there."""
        number, header, body = frame.lengths(self.read(frame.HEAD.size))
        message = self.read(header), self.read(body)
        kind, *content = wire.decode(*message, lambda body: self.reader(self, body))
        if kind == "ask":
            self.given = self.given | self.lent
            self.lent = {}
        return number, kind, *content

    def read(self, size):
        """Read so many bytes, and keep what comes with them."""
        while len(self.buffered) < size:
            self.buffered += os.read(self.channel, frame.PIECE) or os._exit(0)
        part = self.buffered[:size]
        del self.buffered[:size]
        return part

    def keep_array(self, number, value, is_open, steps):
        """Return the copy of an array, which lies in memory as the original does."""
        shown = self.copies.get(number)
        memory = self.memory.get(number)
        alike = lambda other: (other.shape, other.dtype) == (value.shape, value.dtype)
        if shown is None or not alike(shown) or not alike(memory):
            memory = apart(value.shape, value.dtype, steps) if steps else value
            shown = memory if is_open else arguments.window(memory)
        if memory is not value:
            memory[...] = value
        self.memory[number] = memory
        return self.keep(number, shown, is_open)

    def keep_container(self, number, value, is_open):
        """Return the copy of a list, a dictionary or a set, the same one each time."""
        copy = self.keep(number, endpoint.merged(self.copies.get(number), value), is_open)
        if not is_open:
            self.watched[number] = copy, arguments.Contents(copy)
        return copy

    def keep(self, number, copy, is_open):
        """Remember a copy, and how it came if it may change."""
        self.copied.pop(id(self.copies.get(number)), None)
        self.copies[number] = copy
        self.copied[id(copy)] = number
        if is_open:
            held = self.given if number in self.given else self.lent
            held[number] = self.snapshot(copy)
        return copy

    def is_still(self, number, copy):
        """Tell whether a copy is what came; raise if it is a container that may not change."""
        if number in self.watched:
            arguments.refuse_changes([self.watched[number]])
        memory = self.memory.get(number, copy)
        return memory is copy or (memory.shape, memory.dtype) == (copy.shape, copy.dtype)

    def snapshot(self, copy):
        """Condense a copy to bytes that show whether it has changed."""
        if type(copy) is np.ndarray:
            return copy.tobytes()
        return wire.encode(endpoint.Anew(copy), WorkerWriter(self))

    def changes(self, end):
        """List the copies that have changed: arguments, and at the end of a call all others."""
        found = []
        for held in (self.given, self.lent) if end else (self.given,):
            for number, before in held.items():
                copy = self.copies[number]
                held[number] = self.snapshot(copy)
                if held[number] != before:
                    found.append((number, endpoint.Anew(copy)))
        if end:
            self.lent = {}
        return found

    def answer(self, *question):
        """Do what a test asks for, and reply; between calls nothing is watched."""
        self.depth += 1
        super().answer(*question)
        self.depth -= 1
        if not self.depth:
            self.given = {}
            self.watched = {}

    def perform(self, operation, args, kwargs, state):
        """Do what a test asks for."""
        with np.errstate(**(state or {})):
            result = self.act(operation, args, kwargs)
        arguments.refuse_changes(self.watched.values())
        return result

    def act(self, operation, args, kwargs):
        """Call, compute, load the submission, or look up one of its names."""
        if operation == "call":
            return args[0](*args[1:], **kwargs)
        if operation in remote.ACTIONS:
            return remote.ACTIONS[operation](*args)
        return self.load(*args) if operation == "load" else getattr(self.module, *args)

    def load(self, name, path, source, compiled):
        """Run the submission as a module; return it compiled, if it did not come so.

        A very long program is compiled by each worker anew.
        """
        self.module = sys.modules[name] = ModuleType(name)
        self.module.__file__ = path
        program = marshal.loads(compiled) if compiled else compile(source, path, "exec")
        answer = b"" if compiled else marshal.dumps(program)
        exec(program, vars(self.module))
        return answer if len(answer) < COMPILED else b""

    def describe(self, error):
        """Add to an exception where in the submission it arose, and whose it is."""
        path = self.module.__file__
        place = errors.frames_in(error, path)
        if isinstance(error, SyntaxError) and error.filename == path:
            place = [(error.lineno or 0, "<module>")]
        if isinstance(error, SyntaxError):
            error = type(error)(error.msg)
        return *super().describe(error), place, getattr(error, "origin", None)

    def rebuild(self, names, message, origin):
        """Return an exception that a function of the tests raised."""
        error = super().rebuild(names, message)
        error.origin = origin
        return error


class Tap(io.RawIOBase):
    """An output that drops what nobody keeps."""

    def writable(self):
        """Tell that it can be written to."""
        return True

    def write(self, text):
        """Write as much as the pipe holds."""
        with suppress(OSError):
            os.write(1, text)
        return len(text)


def serve(channel):
    """Answer until nobody asks."""
    warnings.simplefilter("ignore")
    tap = io.TextIOWrapper(Tap(), "utf-8", errors="backslashreplace", write_through=True)
    sys.stdout = sys.stderr = tap
    worker = Worker(channel)
    while True:
        number, _, *question = worker.receive()
        worker.answer(number, *question)
