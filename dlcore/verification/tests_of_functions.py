"""Find out which tests call which functions of the library, and how long each test takes."""

import json
import subprocess
import sys
import threading
import time
from hashlib import sha256
from pathlib import Path

import pytest

from dlcore.course.exercises.topics import ROOT

# Files of tests that try other things than what is computed, or equations alone.
ELSEWHERE = (
    "tests/course/", "tests/site/", "tests/fuzz/", "tests/test_architecture.py",
    "tests/test_style.py", "tests/verification/test_answer_mutants.py",
    "tests/verification/test_derivation.py", "tests/verification/test_errata.py",
    "tests/verification/test_formulas.py", "tests/verification/test_mutants.py",
)  # fmt: skip


class CallMap:
    """A pytest plugin that writes down, for every test, the functions that it calls.

    A function is named by its file and its qualified name, ``dlcore/ops/pool.py:max_pool2d``.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.folder = f"{ROOT / 'dlcore'}/"
        self.tests = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        """Watch all calls while a test is set up and runs."""
        called = set()

        def watch(frame, *_):  # called once for each call, since it returns nothing
            called.add(frame.f_code)

        begun = time.process_time()
        sys.settrace(watch)
        threading.settrace(watch)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)
            seen = called.copy()  # threads of the test may still run
            ours = [code for code in seen if code.co_filename.startswith(self.folder)]
            names = {f"{code.co_filename}:{code.co_qualname}" for code in ours}
            self.tests[item.nodeid] = {
                "seconds": time.process_time() - begun,
                "calls": sorted(name.removeprefix(f"{ROOT}/") for name in names),
            }

    def pytest_sessionfinish(self):
        """Write the map."""
        self.path.write_text(json.dumps(self.tests), encoding="utf-8")


def tests_of_functions(path):
    """Return the map of tests to the functions that they call; it is kept at `path`.

    Only the files of tests that have changed since it was made are run.
    """
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    files = files_of_tests()
    kept = {name: entry for name, entry in kept.items() if files.get(name) == entry["digest"]}
    changed = sorted(files.keys() - kept.keys())
    if changed:
        for name, tests in calls_of(changed, path).items():
            kept[name] = {"digest": files[name], "tests": tests}
        path.write_text(json.dumps(kept), encoding="utf-8")
    return {name: test for entry in kept.values() for name, test in entry["tests"].items()}


def files_of_tests():
    """Map every file of tests that tries the library itself to a digest of its text."""
    found = (ROOT / "tests").rglob("test_*.py")
    names = {str(file.relative_to(ROOT)): file for file in found}
    return {name: sha256(file.read_bytes()).hexdigest() for name, file in sorted(names.items())
            if not name.startswith(ELSEWHERE)}  # fmt: skip


def calls_of(files, path):
    """Run files of tests in a process of their own; map each to its tests and what they call.

    Raises RuntimeError where the run ends before all tests have run.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(".part")
    program = f"import sys; from {__name__} import run; sys.exit(run({str(written)!r}, {files!r}))"
    status = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"mutants: the tests ended with {status} before all had run")
    found = {name: {} for name in files}
    for test, entry in json.loads(written.read_text(encoding="utf-8")).items():
        found[test.partition("::")[0]][test] = entry
    written.unlink()
    return found


def run(path, files):
    """Run files of tests in this process and write the map of what they call."""
    options = ["-q", "-pno:cacheprovider", "--override-ini=addopts=", "--import-mode=importlib"]
    return pytest.main([*files, *options, "-mnot catalogue"], plugins=[CallMap(path)])
