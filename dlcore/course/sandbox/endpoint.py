"""Call objects of another process: what one does to a proxy, the other does.

Either side sends requests, and while it waits for the reply it answers those of the other
side: a test calls an answer, which calls a function of the test. What is no plain value stays
in its process and gets a number; the other side holds a proxy, and every operator and every
method of it becomes a request. Exceptions are sent as the names of their classes and a cleaned
message.

This module runs on both sides. The trusted side decides in `perform` what it lets be asked.
"""

from itertools import count

import numpy as np

from dlcore.course.sandbox import errors
from dlcore.course.sandbox.arguments import update
from dlcore.course.sandbox.limits import OBJECTS, WireError
from dlcore.course.sandbox.reader import Reader
from dlcore.course.sandbox.remote import RemoteCallable, RemoteProxy
from dlcore.course.sandbox.wire import Writer, encode


class Anew:
    """Something with a number that is to be written with its contents all the same."""

    def __init__(self, value):
        self.value = value


class EndpointWriter(Writer):
    """Write what stays in its process as a number: ``mine`` if it lives here, else ``yours``."""

    def __init__(self, endpoint):
        super().__init__()
        self.endpoint = endpoint

    def foreign(self, value, depth):
        """Give an object a number, or name the number that the other side gave it."""
        if isinstance(value, RemoteProxy):
            return {"yours": value._number}
        if isinstance(value, Anew):
            return self.contents(value.value, depth)
        name = getattr(value, "__name__", None) or type(value).__name__
        return {"mine": [self.endpoint.number(value), callable(value), str(name)[:80]]}


class EndpointReader(Reader):
    """Read numbers as proxies, or as the objects that live here."""

    def __init__(self, endpoint, body):
        super().__init__(body)
        self.endpoint = endpoint

    def mine(self, contents, depth):
        """Return the proxy for an object of the other side."""
        number, called, name = contents
        if not (type(number) is int and type(called) is bool and type(name) is str):
            raise WireError("read: an object has a number, a truth value and a name")
        if not 0 <= number < OBJECTS:
            raise WireError(f"read: the number of an object is less than {OBJECTS}")
        return self.endpoint.proxy(number, called, errors.clean(name[:80]))

    def yours(self, number, depth):
        """Return an object of this side."""
        if type(number) is not int or not 0 <= number < len(self.endpoint.objects):
            raise WireError("read: there is no such object")
        return self.endpoint.objects[number]

    tags = Reader.tags | {"mine": mine, "yours": yours}


class Endpoint:
    """One end of the conversation; what carries the messages is added by each side."""

    proxy_types = (RemoteProxy, RemoteCallable)
    caught = Exception
    writer = EndpointWriter
    reader = EndpointReader

    def __init__(self):
        self.objects = []
        self.numbers = {}
        self.known = {}
        self.questions = count(1)

    def number(self, value):
        """Return the number of an object that lives here; it is kept alive."""
        if id(value) not in self.numbers:
            self.numbers[id(value)] = len(self.objects)
            self.objects.append(value)
        return self.numbers[id(value)]

    def proxy(self, number, called, name):
        """Return the one proxy for an object that lives there."""
        if number not in self.known:
            self.known[number] = self.proxy_types[called](self, number, name)
        return self.known[number]

    def ask(self, operation, *args, **kwargs):
        """Let the other side do something; return its result, or raise its exception."""
        question = next(self.questions)
        self.send(question, "ask", operation, args, kwargs, self.state())
        while True:
            number, kind, *content = self.receive()
            if kind == "ask":
                self.answer(number, *content)
            elif number != question:
                self.protocol_error(f"ask: question {question} was answered by {number}")
            elif kind == "raise":
                raise self.rebuild(*content)
            else:
                return content[0]

    def answer(self, number, operation, args, kwargs, state):
        """Do what the other side asks for, and reply."""
        try:
            self.send(number, "reply", self.perform(operation, args, kwargs, state))
        except self.caught as error:
            self.send(number, "raise", *self.describe(error))

    def protocol_error(self, says):
        """Give up a conversation that makes no sense."""
        raise WireError(says)

    def state(self):
        """Return how NumPy is to treat odd numbers, where that differs from its habit."""

    def packed(self, *message):
        """Write a message down."""
        return encode(message, self.writer(self))

    def describe(self, error):
        """Return the names of an exception's classes, and its message."""
        classes = type(error).__mro__[: errors.NAMES]
        return [kind.__name__[: errors.NAME] for kind in classes], errors.message_of(error)

    def rebuild(self, names, message):
        """Return an exception of a builtin class that means the same."""
        return errors.rebuild(names, message)


def patch(old, new):
    """Change an array or a container in place into another, and all that it holds."""
    if type(old) is not type(new):
        raise WireError(f"read: a {type(new).__name__} for a {type(old).__name__}")
    if type(old) is np.ndarray:
        if (old.shape, old.dtype) != (new.shape, new.dtype):
            raise WireError("read: an array in place keeps its shape and its dtype")
        old[...] = new
    elif type(old) is set:
        update(old, new)
    elif type(old) is list:
        rest = [None] * (len(new) - len(old))
        old[:] = [merged(*pair) for pair in zip(old + rest, new, strict=False)]
    else:
        update(old, {key: merged(old.get(key), value) for key, value in new.items()})
    return old


def merged(old, new):
    """Return what stands in place of `old`: itself, if it is a container like `new`."""
    return patch(old, new) if type(old) is type(new) and type(new) in (list, dict, set) else new
