"""Find out which tests call which functions of the library, and how long each test takes."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dlcore.course.exercises.topics import ROOT

TESTS = ("tests", "--ignore=tests/course", "--ignore=tests/site", "--ignore=tests/fuzz",
         "--ignore=tests/test_architecture.py", "--ignore=tests/test_style.py")  # fmt: skip


class CallMap:
    """A pytest plugin that writes down, for every test, the functions that it calls.

    A function is named by its file and the line on which its definition begins.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.folder = str(ROOT / "dlcore")
        self.tests = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        """Watch all calls while a test is set up and runs."""
        called = set()

        def watch(frame, *_):  # called once for each call, since it returns nothing
            called.add(frame.f_code)

        begun = time.perf_counter()
        sys.settrace(watch)
        threading.settrace(watch)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)
            ours = {code for code in called if code.co_filename.startswith(self.folder)}
            names = {f"{code.co_filename}:{code.co_firstlineno}" for code in ours}
            self.tests[item.nodeid] = {
                "seconds": time.perf_counter() - begun,
                "calls": sorted(str(name).removeprefix(f"{ROOT}/") for name in names),
            }

    def pytest_sessionfinish(self):
        """Write the map."""
        self.path.write_text(json.dumps(self.tests), encoding="utf-8")


def tests_of_functions(path):
    """Return the map of tests to the functions that they call; it is kept at `path`."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        program = f"import sys; from {__name__} import run; sys.exit(run({str(path)!r}))"
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    return json.loads(path.read_text(encoding="utf-8"))


def run(path, tests=TESTS):
    """Run tests in this process and write the map of what they call."""
    options = ["-q", "-pno:cacheprovider", "--override-ini=addopts=", "--import-mode=importlib"]
    return pytest.main([*tests, *options, "-mnot catalogue"], plugins=[CallMap(path)])
