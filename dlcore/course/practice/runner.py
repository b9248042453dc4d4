"""Put answers to the test: run the scored tests, keep what happened, print nothing.

A scored test is marked ``@pytest.mark.exercise("loss-softmax", points=2)``. The points of
an exercise are given when all its tests pass.
"""

import linecache
import os
import signal
import threading
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, replace
from inspect import cleandoc
from io import StringIO
from types import ModuleType
from unittest.mock import patch

import pytest
from _pytest.runner import runtestprotocol

from dlcore.course.exercises import topics
from dlcore.course.exercises.marks import scored_tests
from dlcore.course.practice.call_recorder import CallRecorder, record_calls
from dlcore.course.practice.diagnosis import KINDS, Finding, Frame, diagnose
from dlcore.course.practice.known_mistakes import recognise, smallest_disagreement
from dlcore.course.practice.lending import Lender, lent
from dlcore.course.practice.shrink import plain

SECONDS = 10.0
HURRY = 1.0  # seconds for a test of a wrong answer, which may be slow or endless
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}  # environment
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
    cause: str = ""  # the advice on a known wrong answer that behaves alike
    smallest: tuple[str, ...] = ()  # a call that fails, what it returns, what is wanted


class Runner:
    """A pytest plugin that collects outcomes, and files that cannot be collected.

    The tests of the first exercise that failed are run again on answers that are known: those
    of the book, and wrong ones, each of them an edit of the book's.
    """

    hurry = HURRY

    def __init__(self, folder, k):
        self.folder = folder
        self.k = k
        self.outcomes = []
        self.broken = []
        self.recorder = CallRecorder()
        self.lender = Lender()
        self.recordings = {}
        self.edits = None
        self.module = None
        self.refused = False

    def pytest_collection_modifyitems(self, items):
        self.scored = scored(items)
        items[:] = [item for item in self.scored if self.k in f"{item.name} {self.name(item)}"]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session):
        result = yield
        self.study(session.items)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self):
        self.recorder.calls = []
        self.lender = Lender()
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        # Only the answers are the reader's: other fixtures may compile kernels, which takes longer
        with limit(SECONDS) if fixturedef.argname == "answers" else nullcontext():
            value = yield
        if fixturedef.argname == "answers" and isinstance(value, ModuleType):
            self.module = getattr(value, "unlent", value)
            names = {value.__name__, f"wrong.{value.__name__.split('.')[-1]}"}
            vars(self.module).update(self.edits or {})
            recorded = record_calls(self.module, self.recorder, names)
            value = recorded if value is self.module else lent(recorded, self.lender)
            fixturedef.cached_result = (value, *fixturedef.cached_result[1:])
        return value

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self):
        with limit(SECONDS if self.edits is None else self.hurry):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        if self.edits is None and (call.when == "call" or call.excinfo):
            self.outcomes.append(self.outcome(item, call.excinfo, report.capstdout))
            self.recordings[item] = self.recorder.calls
        return report

    def pytest_collectreport(self, report):
        if report.failed:
            self.broken.append(report.longreprtext)

    def name(self, item):
        """Name the exercise that a test scores."""
        return self.scored[item].name

    def outcome(self, item, excinfo, printed):
        """Translate what pytest knows about a test that ran."""
        exercise = self.scored[item]
        answers = topics.ROOT / self.folder / f"{exercise.topic}.py"
        finding = diagnose(excinfo.value, answers, self.recorder.calls) if excinfo else None
        if finding and finding.kind == "not finite" and not finding.frames:
            finding = warned(finding, self.lender.warned, str(answers))
        formula = cleandoc(item.obj.__doc__ or "")
        return Outcome(
            topic=exercise.topic,
            exercise=exercise.name,
            points=exercise.points,
            claim=claim(item),
            formula=formula,
            finding=finding,
            printed=printed,
        )

    def study(self, items):
        """Look closer at the first exercise that failed: at its cause, at a smaller input."""
        failed = [each for each in by_exercise(self.outcomes) if begun(each)]
        if not failed:
            return
        topic = failed[0].topic
        name = failed[0].exercise
        mine = self.module
        items = [item for item in items if self.name(item) == name and item in self.recordings]
        recordings = [self.recordings[item] for item in items]
        cause = recognise(topic, name, recordings, lambda edits: self.again(items, edits))
        call = self.shrink(items, recordings, mine)
        explained = lambda each: replace(each, cause=cause, smallest=call)
        self.outcomes = [explained(o) if o.exercise == name else o for o in self.outcomes]

    def shrink(self, items, recordings, mine):
        """Look for a small call on which the answers and the book's disagree."""
        short = [
            i for i, recorder in enumerate(recordings) if any(plain(call.args) for call in recorder)
        ]
        right = list(self.again([items[i] for i in short], {}))
        with suppress(TimeoutError), limit(HURRY):
            return smallest_disagreement(
                mine, self.module, zip([recordings[i] for i in short], right, strict=True)
            )
        return ()

    def again(self, items, edits):
        """Run tests again on the book's answers after some edits; yield the calls of each."""
        for item in items:
            self.edits = edits
            item.config.option.answers = "solutions"
            try:
                reports = runtestprotocol(item, log=False, nextitem=None)
            finally:
                self.edits, item.config.option.answers = None, self.folder
            self.refused = any(report.failed for report in reports)
            yield self.recorder.calls


def by_exercise(outcomes):
    """Let one outcome speak for each exercise: the first kind of trouble, if there is any."""
    urgency = lambda outcome: KINDS.index(outcome.finding.kind) if outcome.finding else len(KINDS)
    found = {}
    for outcome in outcomes:
        found.setdefault((outcome.topic, outcome.exercise), []).append(outcome)
    return [min(group, key=urgency) for group in found.values()]


def warned(finding, warnings, path):
    """Add to numbers that are not finite the first warning of the answers, and its line."""
    own = [each for each in warnings if each[0] == path and each[2] == "RuntimeWarning"]
    for _, line, kind, message in own[:1]:
        frame = Frame(line, "", linecache.getline(path, line).strip())
        return replace(finding, says=(*finding.says, f"{kind}: {message}"), frames=(frame,))
    return finding


def begun(outcome):
    """Tell whether an outcome is about an answer that was tried, and fails."""
    return bool(outcome.finding) and outcome.finding.kind not in ("not attempted", "import")


def scored(items):
    """Map the collected tests that score an exercise to it, in their order."""
    topic = lambda item: item.path.stem.removeprefix("test_")
    exercises = {name: scored_tests(name) for name in dict.fromkeys(map(topic, items))}
    found = {item: exercises[topic(item)].get(item.originalname) for item in items}
    return {item: exercise for item, exercise in found.items() if exercise}


def claim(item):
    """Read the name of a test as a sentence, with the case it was tried on."""
    sentence = item.originalname.removeprefix("test_").replace("_", " ")
    case = f" [{item.callspec.id}]" if hasattr(item, "callspec") else ""
    return sentence[:1].upper() + sentence[1:] + case


def run(topic_names, *, folder="exercises", k="", plugin=None):
    """Run the scored tests of `topic_names` on the answers in `folder`; return the runner."""
    tests_run = (plugin or Runner)(folder, k)
    noise = StringIO()
    tests = [str(topics.ROOT / f"tests/test_{topic}.py") for topic in topic_names]
    where = [f"--rootdir={topics.ROOT}", f"--config-file={topics.ROOT / 'pyproject.toml'}"]
    with patch.dict(os.environ, ALONE), redirect_stdout(noise), redirect_stderr(noise):
        code = pytest.main([*tests, *where, *QUIET, f"--answers={folder}"], plugins=[tests_run])
    if code in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR):
        said = noise.getvalue().splitlines()
        tests_run.broken += [line for line in said if line.startswith(("ERROR", "INTERNALERROR"))]
    return tests_run


@contextmanager
def limit(seconds):
    """Raise TimeoutError in what takes longer, where the system has clocks that interrupt.

    Seconds are those of the processor, so that a busy machine interrupts nobody. What sleeps
    takes none of them: it is interrupted by the clock on the wall, after ten times as long.
    """
    alarmed = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not alarmed:
        yield
        return

    def interrupt(*_):
        raise TimeoutError(f"still running after {seconds:g} seconds")

    clocks = {signal.SIGPROF: signal.ITIMER_PROF, signal.SIGALRM: signal.ITIMER_REAL}
    before = {name: signal.signal(name, interrupt) for name in clocks}
    signal.setitimer(signal.ITIMER_PROF, seconds, seconds)
    signal.setitimer(signal.ITIMER_REAL, 10 * seconds, 10 * seconds)
    try:
        yield
    finally:
        for name, clock in clocks.items():
            signal.setitimer(clock, 0)
            signal.signal(name, before[name])
