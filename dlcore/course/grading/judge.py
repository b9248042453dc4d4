"""Judge exercises: one pytest session holds the scored tests and runs the chosen ones.

The tests run here, unchanged, as a reader runs them. The submission runs elsewhere: the fixture
`answers` of every test is a process of its own, forked for this test and killed after it. What
the tests draw depends on a secret key, the exercise, the submission's bytes and the test.
"""

import hashlib
import hmac
import platform
import threading
import time
from queue import SimpleQueue

import pytest

from dlcore.course.exercises import topics
from dlcore.course.grading.classify import classify
from dlcore.course.grading.session import SandboxSession
from dlcore.course.grading.verdict import verdict
from dlcore.course.practice.runner import QUIET, claim, environment, scored

UNUSED = ("terminal", "logging", "junitxml", "debugging", "stepwise", "setuponly", "pastebin",
          "unraisableexception", "threadexception")  # fmt: skip


class JudgeSession(SandboxSession):
    """A pytest plugin that runs the tests of one item after the other."""

    def __init__(self, tier, **options):
        super().__init__(tier, **options)
        self.asked, self.verdicts = SimpleQueue(), SimpleQueue()
        self.tests, self.broken, self.item, self.error = {}, [], None, None

    def pytest_collection_modifyitems(self, items):
        for item, exercise in scored(items).items():
            self.tests.setdefault(exercise.name, []).append(item)

    def pytest_collectreport(self, report):
        self.broken += [report.longreprtext] * report.failed

    def pytest_runtestloop(self, session):
        self.verdicts.put("\n".join(self.broken))
        while (item := self.asked.get()) is not None:
            try:
                self.verdicts.put(self.verdict(item))
            except Exception as error:
                self.close()
                self.verdicts.put(verdict(item, "infra", repr(error), host=platform.node()))
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

    def verdict(self, item):
        """Run the tests of an exercise until one is not passed."""
        begun, self.item, status, says, test = time.monotonic(), item, "infra", (), None
        if item.source is None:
            return verdict(item, "missing", f"exercises/{item.topic}.py was not handed in")
        tests = self.tests.get(item.exercise, [])
        for test in tests:
            status, says = self.run(test)
            if status != "pass":
                break
        if status == "infra":
            self.close()  # the next item begins with a fresh zygote
        decided = claim(test) if test and status != "pass" else ""
        taken = {"seconds": time.monotonic() - begun, "host": platform.node()}
        return verdict(item, status, *(says or self.none(item)), claim=decided, **taken)

    def run(self, test):
        """Run one test; return its status and what there is to say."""
        self.client = self.error = None
        test.config.hook.pytest_runtest_protocol(item=test, nextitem=None)
        return classify(self.error, self.client, self.item)

    def none(self, item):
        """Say so when an exercise has no test: it cannot be passed."""
        return () if item.exercise in self.tests else (f"{item.exercise} has no test",)


class Judge:
    """A pytest session in a thread of its own, which judges items one by one.

    >>> with Judge(["loss"], tier="T1", key=b"secret") as judge:  # doctest: +SKIP
    ...     judge.judge(item).status
    'pass'
    """

    def __init__(self, topic_names, *, tier, key, seconds=10.0):
        self.topics, self.session = list(topic_names), JudgeSession(tier, key=key, seconds=seconds)
        self.thread = threading.Thread(target=self.sit, daemon=True)

    def __enter__(self):
        self.thread.start()
        if broken := self.session.verdicts.get():
            self.__exit__()
            raise ValueError(f"judge: the tests cannot be collected: {broken}")
        return self

    def __exit__(self, *_):
        self.session.asked.put(None)
        self.thread.join()

    def judge(self, item):
        """Return the verdict on an item."""
        self.session.asked.put(item)
        return self.session.verdicts.get()

    def sit(self):
        """Run the session."""
        tests = [str(topics.ROOT / f"tests/test_{topic}.py") for topic in self.topics]
        where = [f"--rootdir={topics.ROOT}", f"--config-file={topics.ROOT / 'pyproject.toml'}"]
        quiet = [option for option in QUIET if not option.startswith("--tb")]
        plain = [*quiet, "--capture=no", *(f"-pno:{name}" for name in UNUSED)]
        try:
            with environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", PYTEST_ADDOPTS=""):
                code = pytest.main([*tests, *where, *plain], plugins=[self.session])
            self.session.verdicts.put(f"pytest ended with {code!r}")
        finally:
            self.session.close()
