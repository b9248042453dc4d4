"""Put answers to the test: run the scored tests, keep what happened, print nothing.

A scored test is marked ``@pytest.mark.exercise("loss-softmax", points=2)``. The points of
an exercise are given when all its tests pass.
"""

import os
import signal
import threading
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from inspect import cleandoc
from io import StringIO

import pytest

from dlcore.course import topics as book
from dlcore.course.diagnosis import Finding, diagnose

SECONDS = 10.0
QUIET = (
    "--override-ini=addopts=",
    "--import-mode=importlib",
    "--capture=sys",
    "--tb=no",
    "-pno:cacheprovider",
    "-pno:faulthandler",
)


@dataclass(frozen=True)
class Outcome:
    """What one scored test said; `finding` is None when it passed."""

    topic: str
    exercise: str
    points: int
    claim: str
    formula: str
    finding: Finding | None
    printed: str


class Trial:
    """A pytest plugin that collects outcomes, and files that cannot be collected."""

    def __init__(self, folder, k):
        self.folder, self.k, self.outcomes, self.broken = folder, k, [], []

    def pytest_collection_modifyitems(self, items):
        scored = [item for item in items if item.get_closest_marker("exercise")]
        items[:] = [item for item in scored if self.k in f"{item.name} {exercise(item)[0]}"]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self):
        with limit(SECONDS):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self):
        with limit(SECONDS):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        if call.when == "call" or call.excinfo:
            self.outcomes.append(self.outcome(item, call.excinfo, report.capstdout))
        return report

    def pytest_collectreport(self, report):
        if report.failed:
            self.broken.append(report.longreprtext)

    def outcome(self, item, excinfo, printed):
        """Translate what pytest knows about a test that ran."""
        topic = item.path.stem.removeprefix("test_")
        answers = book.ROOT / self.folder / f"{topic}.py"
        finding = diagnose(excinfo.value, answers) if excinfo else None
        formula = cleandoc(item.obj.__doc__ or "")
        return Outcome(topic, *exercise(item), claim(item), formula, finding, printed)


def exercise(item):
    """Read the mark of a scored test: the name of its exercise, and the points."""
    mark = item.get_closest_marker("exercise")
    return mark.args[0], mark.kwargs.get("points", 1)


def claim(item):
    """Read the name of a test as a sentence, with the case it was tried on."""
    sentence = item.originalname.removeprefix("test_").replace("_", " ")
    case = f" [{item.callspec.id}]" if hasattr(item, "callspec") else ""
    return sentence[:1].upper() + sentence[1:] + case


def run(topics, *, folder="exercises", k=""):
    """Run the scored tests of `topics` on the answers in `folder`; return the trial."""
    trial, noise = Trial(folder, k), StringIO()
    tests = [str(book.ROOT / f"tests/test_{topic}.py") for topic in topics]
    where = [f"--rootdir={book.ROOT}", f"--config-file={book.ROOT / 'pyproject.toml'}"]
    alone = environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", PYTEST_ADDOPTS="")
    with alone, redirect_stdout(noise), redirect_stderr(noise):
        code = pytest.main([*tests, *where, *QUIET, f"--answers={folder}"], plugins=[trial])
    if code in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR):
        said = noise.getvalue().splitlines()
        trial.broken += [line for line in said if line.startswith(("ERROR", "INTERNALERROR"))]
    return trial


@contextmanager
def environment(**variables):
    """Set environment variables for a while."""
    before = os.environ.copy()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def limit(seconds):
    """Raise TimeoutError in what takes longer, where the system has a clock that interrupts."""
    alarmed = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not alarmed:
        yield
        return

    def interrupt(*_):
        raise TimeoutError(f"still running after {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
