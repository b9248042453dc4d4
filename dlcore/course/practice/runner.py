"""Put answers to the test: run the scored tests, keep what happened, print nothing.

A scored test is marked ``@pytest.mark.exercise("loss-softmax", points=2)``. The points of
an exercise are given when all its tests pass.
"""

import linecache
import os
from contextlib import nullcontext, redirect_stderr, redirect_stdout, suppress
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
from dlcore.course.practice.docstring_examples import example_tests
from dlcore.course.practice.known_mistakes import (
    recognise,
    smallest_disagreement,
    wrong_structure,
)
from dlcore.course.practice.lending import Lender, lent
from dlcore.course.practice.shrink import plain
from dlcore.course.practice.source_patterns import pattern_in
from dlcore.course.practice.time_limit import Guard, limit

SECONDS = 5.0  # of the processor, for the answers in one test
WHOLE = 60.0  # seconds for a test and its answers
HURRY = 1.0  # seconds for a test of a wrong answer, which may be slow or endless
KNOWN_IN = ("wrong", "adversarial", "right")  # folders of answers that are known
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

    Beside the scored tests, the examples of docstrings are tried. The tests of the first exercise
    that failed are run again on answers that are known: those of the book, and wrong ones, each of
    them an edit of the book's. What answers take of the processor is limited from call to call.
    """

    hurry = HURRY
    examples = True  # whether docstrings are tried, too

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
        self.stopped = {}  # by exercise, or by file: what did not end, and is not tried again

    def pytest_collection_modifyitems(self, items):
        self.scored = scored(items)
        if self.examples:  # which come last in their file: what a test says is more to the point
            made = self.scored | dict(example_tests(self.scored, self.scored))
            files = list(dict.fromkeys(item.path for item in made))
            self.scored = {i: made[i] for i in sorted(made, key=lambda i: files.index(i.path))}
        items[:] = [item for item in self.scored if self.k in f"{item.name} {self.name(item)}"]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session):
        result = yield
        self.study(session.items)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self):
        self.recorder.calls = []
        self.recorder.guard = Guard(SECONDS if self.edits is None else self.seconds)
        self.lender = Lender()
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item):
        """Pass over what would not end, as another test has shown."""
        if finding := self.stopped.get(item.path):
            self.outcomes.append(self.outcome_of(item, finding, ""))
        return True if finding or self.name(item) in self.stopped else None

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        # Only the answers are the reader's: other fixtures may compile kernels, which takes longer
        with self.recorder.guard() if fixturedef.argname == "answers" else nullcontext():
            value = yield
        if fixturedef.argname == "answers" and isinstance(value, ModuleType):
            self.module = getattr(value, "unlent", value)
            topic = value.__name__.split(".")[-1]
            names = {value.__name__, *(f"{folder}.{topic}" for folder in KNOWN_IN)}
            vars(self.module).update(self.edits or {})
            recorded = record_calls(self.module, self.recorder, names)
            value = recorded if value is self.module else lent(recorded, self.lender)
            fixturedef.cached_result = (value, *fixturedef.cached_result[1:])
        return value

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self):
        with limit(WHOLE):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        if self.edits is None and (call.when == "call" or call.excinfo):
            outcome = self.outcome(item, call.excinfo, report.capstdout)
            self.outcomes.append(outcome)
            self.recordings[item] = self.recorder.calls
            if call.excinfo and isinstance(call.excinfo.value, TimeoutError):
                where = self.name(item) if outcome.finding.kind == "time" else item.path
                self.stopped[where] = outcome.finding
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
        answers = self.path(exercise.topic)
        finding = diagnose(excinfo.value, answers, self.recorder.calls) if excinfo else None
        if finding and finding.kind == "not finite" and not finding.frames:
            finding = warned(finding, self.lender.warned, str(answers))
        return self.outcome_of(item, finding, printed)

    def outcome_of(self, item, finding, printed):
        """Make the outcome of a test."""
        exercise = self.scored[item]
        return Outcome(
            topic=exercise.topic,
            exercise=exercise.name,
            points=exercise.points,
            claim=claim(item),
            formula=cleandoc(item.obj.__doc__ or ""),
            finding=finding,
            printed=printed,
        )

    def path(self, topic):
        """Name the file that the answers to a topic are in."""
        return topics.ROOT / self.folder / f"{topic}.py"

    def study(self, items):
        """Look closer at the first exercise that failed: at its cause, at a smaller input."""
        failed = [each for each in by_exercise(self.outcomes) if begun(each)]
        if not failed:
            return
        name = failed[0].exercise
        mine = self.module
        items = [item for item in items if self.name(item) == name and item in self.recordings]
        recordings = [self.recordings[item] for item in items]
        cause = self.cause(failed[0], items, recordings)
        ended = failed[0].finding.kind != "time"
        call = self.shrink(items, recordings, mine) if ended else ()
        explained = lambda each: replace(each, cause=cause, smallest=call)
        self.outcomes = [explained(o) if o.exercise == name else o for o in self.outcomes]

    def cause(self, outcome, items, recordings):
        """Name the cause of a failure: by the text, by what is returned, by what it is like."""
        topic = outcome.topic
        name = outcome.exercise
        text = self.path(topic).read_text(encoding="utf-8", errors="replace")
        in_place = self.scored[items[0]].in_place
        ended = outcome.finding.kind != "time"  # what never ends returns nothing either
        if ended and (says := pattern_in(text, name, in_place)):
            return says
        for item, mine in zip(items, recordings, strict=True):
            if claim(item) == outcome.claim:
                [book] = self.again([item], {})
                if says := wrong_structure(mine, book):
                    return says
        changed = outcome.finding.kind == "mutation"  # which is a cause by itself
        again = lambda *edits: self.again(items, *edits)
        return recognise(topic, name, recordings, again, slips_only=changed)

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

    def again(self, items, edits, seconds=None):
        """Run tests again on the book's answers after some edits; yield the calls of each."""
        self.seconds = min(seconds or self.hurry, self.hurry)
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
    """Let one outcome speak for each exercise: the first kind of trouble, if there is any.

    Of two of a kind the one is taken that says how wrong numbers are made from right ones.
    """
    urgency = lambda outcome: (
        (KINDS.index(outcome.finding.kind), not outcome.finding.likely)
        if outcome.finding
        else (len(KINDS), True)
    )
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
