"""Judge exercises: one pytest session holds the scored tests and runs the chosen ones.

The tests run here, unchanged, as a reader runs them. The submission runs elsewhere: the fixture
`answers` of every test is a process of its own, forked for this test and killed after it. What
the tests draw depends on a secret key, the exercise, the submission's bytes and the test.
"""

import hashlib
import hmac
import os
import platform
import time
from unittest.mock import patch

import pytest

from dlcore.course.exercises import topics
from dlcore.course.grading.classify import classify
from dlcore.course.grading.session import SandboxSession
from dlcore.course.grading.verdict import verdict_on
from dlcore.course.practice.runner import ALONE, QUIET, claim, scored

UNUSED = ("terminal", "logging", "junitxml", "debugging", "stepwise", "setuponly", "pastebin",
          "unraisableexception", "threadexception")  # fmt: skip


class Judge(SandboxSession):
    """A pytest plugin that runs the tests of one item after the other.

    >>> Judge(["loss"], tier="T1", key=b"secret").run([item], print)  # doctest: +SKIP
    Verdict(student='eve', topic='loss', exercise='loss-softmax', status='pass', …)
    """

    def __init__(self, topic_names, *, tier, key, seconds=10.0):
        super().__init__(tier, key=key, seconds=seconds)
        self.topics = list(topic_names)
        self.tests = {}
        self.broken = []
        self.items = ()
        self.report = None
        self.item = self.error = None

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
            self.close()
        if self.broken:
            raise ValueError(f"judge: the tests cannot be collected: {'; '.join(self.broken)}")
        if code in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR):
            raise ValueError(f"judge: pytest ended with {code!r}")

    def pytest_collection_modifyitems(self, items):
        for test, exercise in scored(items).items():
            self.tests.setdefault(exercise.name, []).append(test)

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
        self.item = item
        try:
            status, says, test = self.run_tests(item)
        except Exception as error:
            status = "infra"
            says = (repr(error),)
            test = None
        if status == "infra":
            self.close()  # the next item begins with a fresh zygote
        claimed = claim(test) if test else ""
        seconds = time.monotonic() - begun
        return verdict_on(item, status, *says, claim=claimed, seconds=seconds, host=platform.node())

    def run_tests(self, item):
        """Run the tests of an exercise until one does not pass; return it with what it says."""
        if item.source is None:
            return "missing", (f"exercises/{item.topic}.py was not handed in",), None
        if item.exercise not in self.tests:
            return "infra", (f"{item.exercise} has no test",), None
        for test in self.tests[item.exercise]:
            self.client = self.error = None
            test.config.hook.pytest_runtest_protocol(item=test, nextitem=None)
            status, says = classify(self.error, self.client, item)
            if status != "pass":
                return status, says, test
        return "pass", (), None
