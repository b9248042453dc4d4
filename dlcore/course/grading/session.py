"""Give tests their answers from a sandbox: the plugin that their fixtures ask.

``pytest tests/test_loss.py --student --isolation T1`` runs the tests as ever, and the reader's
answers in a locked process, a fresh one for each test.
"""

import ast
from contextlib import contextmanager
from functools import cache

from dlcore.course.exercises import topics
from dlcore.course.exercises.marks import in_place
from dlcore.course.sandbox.client import Client
from dlcore.course.sandbox.connection import Connection, WorkerEnded, Zygote


class SandboxSession:
    """A pytest plugin that holds zygotes, and the client of the worker of the test that runs."""

    def __init__(self, tier, *, key=b"", seconds=10.0):
        self.tier = tier
        self.key = key
        self.seconds = seconds
        self.zygotes = {}
        self.compiled = {}  # by their source: answers as a worker compiled them, for the next one
        self.client = None
        self.stopwatch = None  # of those who bound the time of a test

    def pytest_configure(self, config):
        config.sandbox = self

    def pytest_unconfigure(self):
        self.close()

    def close(self):
        """End all zygotes."""
        while self.zygotes:
            self.zygotes.popitem()[1].close()

    def zygote(self, topic, source):
        """Return a zygote that has what a submission may import; Numba only where it is named."""
        names = allowed(topics.ROOT, topic)
        modules = [(name, text(name)) for name in names]
        numba = b"numba" in source or "numba" in str(modules)
        if (names, numba) not in self.zygotes:
            options = {"modules": modules, "numba": numba, "seconds": self.seconds}
            self.zygotes[names, numba] = Zygote(self.tier, **options)
        return self.zygotes[names, numba]

    def source(self, path):
        """Return the bytes of the answers."""
        if not path.exists():
            raise ImportError(f"load: no {path.parent.name}/{path.name}")
        return path.read_bytes()

    def seed(self, node):
        """Return what a test's generator is to start from, None for its own name."""

    @contextmanager
    def answers(self, path, node):
        """Lend the answers at `path` to a test."""
        source = self.source(path)
        connection = Connection(self.zygote(path.stem, source))
        connection.stopwatch = self.stopwatch
        self.client = Client(connection, self.secret(node), in_place=in_place(node))
        name = f"exercises.{path.stem}"
        inside = f"exercises/{path.name}"
        try:
            options = {"name": name, "path": inside, "compiled": self.compiled}
            with self.client.answers(source, **options) as answers:
                yield answers
        except WorkerEnded as ended:  # pytest would not clear away a fixture that raises this
            raise RuntimeError(str(ended)) from None

    def secret(self, node):
        """Return the key by which generators go on when they have been handed over."""
        return self.key + node.nodeid.encode()


@cache
def allowed(root, topic):
    """Name the modules of dlcore that answers to a topic may import: ``ALLOWED``, or none."""
    paths = (root / f"{folder}/{topic}.py" for folder in ("solutions", "exercises"))
    sources = (path.read_text(encoding="utf-8") for path in paths if path.exists())
    for node in ast.parse(next(sources, "")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ALLOWED":
            return tuple(ast.literal_eval(node.value))
    return ()


def text(module):
    """Return the source of a module of dlcore."""
    return (topics.ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
