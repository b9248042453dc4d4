"""Judge exercises: one pytest session holds the scored tests and runs the chosen ones.

The tests run unchanged, as a reader runs them, in a child of this process that ends with the
submission: nothing that a submission makes tests do outlives it. The submission runs
elsewhere: the fixture `answers` of every test is a process of its own, forked for this test and
killed after it. What the tests draw depends on a secret key, the exercise, the submission's bytes
and the test.
"""

import hashlib
import hmac
import os
import platform
import time
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from unittest.mock import patch

import pytest
from _pytest.runner import runtestprotocol

from dlcore.course.exercises import topics
from dlcore.course.grading.classify import classify
from dlcore.course.grading.forked import ForkedJudge, OverdueError, Stopwatch
from dlcore.course.grading.session import SandboxSession
from dlcore.course.grading.slips import Slips
from dlcore.course.grading.verdict import read_item, verdict_on, written
from dlcore.course.practice.runner import ALONE, QUIET, claim, scored

UNUSED = ("terminal", "logging", "junitxml", "debugging", "stepwise", "setuponly", "pastebin",
          "unraisableexception", "threadexception")  # fmt: skip

OVERDUE = "the tests computed for too long with what was returned"


class Judge(SandboxSession):
    """A pytest plugin that runs the tests of one item after the other.

    >>> Judge(["loss"], tier="T1", key=b"secret").run([item], print)  # doctest: +SKIP
    Verdict(student='eve', topic='loss', exercise='loss-softmax', status='pass', …)
    """

    def __init__(self, topic_names, *, tier, key, seconds=10.0):
        super().__init__(tier, key=key, seconds=seconds)
        self.stopwatch = Stopwatch()
        self.topics = list(topic_names)
        self.tests = {}
        self.neighbours = {}  # of each test another one in its file
        self.broken = []
        self.items = ()
        self.report = None
        self.item = self.error = None
        self.child = None
        self.student = None  # whom the child judges
        self.lent = []  # the zygotes that the child can use
        self.path = None  # of the tests that ran last
        self.rehearsed = set()
        self.slips = Slips(self)

    def run(self, items, report):
        """Judge `items`, which may be an iterator that waits; call `report` on each verdict.

        The first item is asked for when the tests have been collected.
        """
        self.items = items
        self.report = report
        tests = [str(topics.ROOT / f"tests/test_{topic}.py") for topic in self.topics]
        where = [f"--rootdir={topics.ROOT}", f"--config-file={topics.ROOT / 'pyproject.toml'}"]
        quiet = [option for option in QUIET if not option.startswith("--tb")]
        plain = [*quiet, "--capture=no", *(f"-pno:{name}" for name in UNUSED)]
        try:
            with patch.dict(os.environ, ALONE):
                code = pytest.main([*tests, *where, *plain], plugins=[self])
        finally:
            self.end_child()
            self.close()
        if self.broken:
            raise ValueError(f"judge: the tests cannot be collected: {'; '.join(self.broken)}")
        if code in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR):
            raise ValueError(f"judge: pytest ended with {code!r}")

    def pytest_collection_modifyitems(self, items):
        for test, exercise in scored(items).items():
            self.tests.setdefault(exercise.name, []).append(test)
        by_file = [list(tests) for _, tests in groupby(items, attrgetter("path"))]
        for tests in by_file:
            self.neighbours |= dict(zip(tests, tests[1:] + tests[-2:-1], strict=False))

    def pytest_collectreport(self, report):
        self.broken += [report.longreprtext] * report.failed

    def pytest_runtestloop(self, session):
        for item in () if self.broken else self.items:
            self.report(self.judge(item))
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        self.error = self.error or (call.excinfo and call.excinfo.value)
        outcome = "failed" if call.excinfo else "passed"
        return pytest.TestReport(item.nodeid, item.location, {}, outcome, None, call.when)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self):
        with self.slips.hurry():
            return (yield)

    @contextmanager
    def answers(self, path, node):
        """Lend a test the answers of the item, or those of a known mistake that is tried."""
        if self.slips.tried:
            yield self.slips.tried
            return
        with super().answers(path, node) as answers:
            yield answers

    def source(self, path):
        return self.item.source

    def seed(self, node):
        return int.from_bytes(self.secret(node))

    def secret(self, node):
        what = f"{self.item.exercise}|{self.item.digest}|{node.name}"
        return hmac.digest(self.key, what.encode(), hashlib.sha256)

    def judge(self, item):
        """Return the verdict on an item; trouble of the judge's own is no score."""
        begun = time.monotonic()
        try:
            status, says, found = self.ask_child(item)
        except OverdueError:
            status, says, found = "timeout", [OVERDUE], {}
        except Exception as error:
            status, says, found = "infra", [repr(error)], {}
        if status == "infra" or says == [OVERDUE]:
            self.end_child()
            self.close()  # the next item begins with a fresh zygote
        seconds = time.monotonic() - begun
        return verdict_on(item, status, *says, seconds=seconds, host=platform.node(), **found)

    def ask_child(self, item):
        """Have an item judged by a child of this process, one for each student."""
        if item.source is None:
            return "missing", [f"exercises/{item.topic}.py was not handed in"], {}
        if item.exercise not in self.tests:
            return "infra", [f"{item.exercise} has no test"], {}
        if item.exercise not in self.rehearsed:
            self.rehearse(item)
        zygote = self.zygote(item.topic, item.source)
        if self.student != item.student or zygote not in self.lent:
            self.end_child()
            self.student = item.student
            self.lent = [*self.zygotes.values()]
            act = lambda line: self.verdict_of_tests(read_item(line))
            self.child = ForkedJudge(act, self.seconds, self.stopwatch)
        return self.child.ask(written(item))

    def end_child(self):
        """End the child, if there is one, and with it all that tests have kept."""
        if self.child:
            self.child.close()
        self.child = self.student = None

    def rehearse(self, item):
        """Let an exercise's tests run on the book's answers, where there are any.

        What they import and what they compute once is then there for all children.
        """
        self.end_child()
        self.rehearsed.add(item.exercise)
        book = topics.ROOT / f"solutions/{item.topic}.py"
        if book.exists():
            self.run_tests(replace(item, source=book.read_bytes()), keep=False)

    def verdict_of_tests(self, item):
        """Run the tests of an exercise; return the status, what is said, and what was found.

        Found are the claim that was not kept, how many tests passed where each of them pays, and
        advice, if the answer fails as a known mistake does.
        """
        status, says, test, passed = self.run_tests(item)
        found = {"claim": claim(test)} if test else {}
        if item.partial:
            found |= {"passed": passed, "tests": len(self.tests[item.exercise])}
        if status == "fail":
            found["advice"] = self.slips.advice(item, test, tuple(says))
        return status, list(says), found

    def run_tests(self, item, *, keep=True):
        """Run the tests of an exercise until one does not pass, or, for partial credit, all.

        Returns the status, the sentences and the test that decided, and how many tests passed.
        What tests of a file share is set up once, and taken down by the end of the child.
        """
        self.item = item
        tests = self.tests[item.exercise]
        if self.path not in (None, tests[0].path):
            tests[0].session._setupstate.teardown_exact(None)
        self.path = tests[0].path if keep else None
        decided, passed = ("pass", (), None), 0
        for test in tests:
            status, says = self.run_test(test, item, keep)
            if status == "infra":
                return status, says, test, 0
            passed += status == "pass"
            if decided[0] == "pass" and status != "pass":
                decided = status, says, test
            if status == "timeout" or (status != "pass" and not item.partial):
                break
        return *decided, passed

    def run_test(self, test, item, keep):
        """Run one test; return the status that it leads to, and what it says."""
        self.client = self.error = None
        self.stopwatch.begin()
        runtestprotocol(test, log=False, nextitem=self.neighbours.get(test) if keep else None)
        return classify(self.error, self.client, item)
