"""Condense programs to the shapes of their syntax trees, in a process of its own.

Names and constants do not count, nor do comments, docstrings and annotations. What is left is a
sequence of kinds of nodes; every stretch of a few of them is a number, and some numbers are kept.
The programs are strangers': they are parsed and never run, and a parser that is brought down by
one of them is started anew.
"""

import ast
import json
import selectors
import subprocess
import sys
from hashlib import blake2b

from dlcore.course.exercises import topics

LONG = 12  # nodes of a stretch
EVERY = 2  # one number of so many is kept, the same ones in all programs
PATIENCE = 5.0  # seconds for a program
MEMORY = 2**30


class Fingerprints:
    """A process that condenses one program after the other."""

    def __init__(self):
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def of(self, source):
        """Return the numbers of a program by its definitions; a broken one has none."""
        if self.process is None:
            command = [sys.executable, "-m", "dlcore.course.grading.reports.fingerprints"]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            quiet = {"stderr": subprocess.DEVNULL, "cwd": topics.ROOT, "start_new_session": True}
            self.process = subprocess.Popen(command, **pipes, **quiet)
        try:
            self.process.stdin.write(json.dumps(source.decode("utf-8", "replace")).encode() + b"\n")
            self.process.stdin.flush()
            answer = self.line()
        except OSError:
            answer = b""
        if not answer.endswith(b"\n"):
            self.stop()
            return {}
        return json.loads(answer)

    def line(self):
        """Read a line, if it comes in time."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            return self.process.stdout.readline() if selector.select(PATIENCE) else b""

    def stop(self):
        """End the process."""
        if self.process:
            self.process.kill()
            self.process.communicate()
            self.process = None


def fingerprints(source):
    """Return the numbers of each definition in a source, and of the rest under no name.

    >>> one = fingerprints("def f(x): return sum([x + i * 2 for i in range(3)]) / x[7]")
    >>> two = fingerprints("def f(a): 'Sum.'; return sum([a + j * 9 for j in range(5)]) / a[4]")
    >>> one == two, len(one["f"]) > 3
    (True, True)
    """
    found = {}
    for node in ast.parse(source).body:
        found.setdefault(getattr(node, "name", ""), set()).update(stretches([*kinds(node)]))
    return {name: sorted(numbers) for name, numbers in found.items() if numbers}


def stretches(names):
    """Yield a number for each stretch of a sequence, as far as it is kept."""
    for start in range(len(names) - LONG + 1):
        text = " ".join(names[start : start + LONG]).encode()
        number = int.from_bytes(blake2b(text, digest_size=6).digest())
        if number % EVERY == 0:
            yield number


def kinds(node):
    """Yield the kinds of the nodes of a tree from its root down, without recursion."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Load | ast.Store | ast.Del) or is_text(node):
            continue
        yield kind(node)
        children = [*ast.iter_child_nodes(without_annotations(node))]
        waiting += reversed(children)


def is_text(node):
    """Tell whether a statement is nothing but a text, such as a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def kind(node):
    """Name the kind of a node: of an attribute by what is looked up, numbers all alike."""
    if isinstance(node, ast.Constant):
        number = isinstance(node.value, int | float | complex)
        return "number" if number else type(node.value).__name__
    return f".{node.attr}" if isinstance(node, ast.Attribute) else type(node).__name__


def without_annotations(node):
    """Take the annotations off a node."""
    for name in ("annotation", "returns"):
        if hasattr(node, name):
            setattr(node, name, None)
    return node


def serve():
    """Condense a program for each line of the input."""
    try:
        import resource  # noqa: PLC0415  not on every system

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    except (ImportError, ValueError):
        pass
    for line in sys.stdin:
        try:
            found = fingerprints(json.loads(line))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            found = {}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    serve()
