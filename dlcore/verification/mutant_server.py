"""Run tests on mutants, each in a process that is forked with the libraries loaded.

This file is a program: it reads one JSON line for each mutant from its input, with the name of a
module, its changed source and the tests to run, and writes one line for each. It imports nothing
of dlcore, so that a forked process imports the mutant in its place.

A mutant is refused when a test fails, cannot run, or does not end in time.
"""

import contextlib
import gc
import io
import json
import os
import resource
import signal
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.util import spec_from_loader
from pathlib import Path

import pytest

LIBRARIES = ("numba", "numpy.testing", "sympy", "scipy", "hypothesis")
OPTIONS = ("--override-ini=addopts=", "--import-mode=importlib", "-x", "-q", "--tb=no",
           "--assert=plain", "-pno:cacheprovider", "-pno:faulthandler")  # fmt: skip
MEMORY = 6 << 30  # bytes of address space
NO_TEST = 5  # pytest's status where the mutant gives all tests other names, say


class MutantFinder(MetaPathFinder, Loader):
    """Import one module from a source of its own."""

    def __init__(self, name, path, source):
        self.name = name
        self.path = path
        self.source = source

    def find_spec(self, fullname, path=None, target=None):
        """Return where the module comes from, nothing for all others."""
        if fullname != self.name:
            return None
        place = Path(self.path)
        package = place.name == "__init__.py"
        spec = spec_from_loader(self.name, self, origin=self.path, is_package=package)
        spec.has_location = True
        if package:
            spec.submodule_search_locations = [str(place.parent)]
        return spec

    def exec_module(self, module):
        """Run the changed source under the path of the original."""
        exec(compile(self.source, self.path, "exec"), vars(module))

    def get_source(self, fullname):
        """Return the changed source."""
        return self.source


class Failures:
    """A pytest plugin that runs some tests, and remembers the first, or the file, that failed."""

    def __init__(self, tests):
        self.tests = {*tests}
        self.first = ""

    def pytest_collection_modifyitems(self, items):
        """Leave out all other tests of the files."""
        items[:] = [item for item in items if item.nodeid in self.tests]

    def pytest_runtest_logreport(self, report):
        """Note a test that failed."""
        self.first = self.first or (report.nodeid if report.failed else "")

    pytest_collectreport = pytest_runtest_logreport


def judge(job):
    """Run the tests of a job in this process; return the first that fails, or nothing.

    The later files of tests are not even read where a test of an earlier one fails.
    """
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.meta_path.insert(0, MutantFinder(job["module"], job["path"], job["source"]))
    failures = Failures(job["tests"])
    noise = io.StringIO()
    for file in dict.fromkeys(test.partition("::")[0] for test in job["tests"]):
        with contextlib.redirect_stdout(noise), contextlib.redirect_stderr(noise):
            code = pytest.main([*OPTIONS, file], plugins=[failures])
        if failures.first:
            return failures.first
        if code not in (0, NO_TEST):
            return f"pytest ended with {int(code)}"
    return ""


def answer(job):
    """Fork a process for a job; return what refused the mutant, or nothing."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        os.close(reading)
        signal.alarm(job["seconds"])
        try:
            verdict = judge(job)
        except BaseException as error:
            verdict = f"{type(error).__name__}: {error}"[:200]
        os.write(writing, json.dumps(verdict).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    overdue = f"still running after {job['seconds']} seconds, or ended"
    return json.loads(answer) if answer else overdue


def main():
    """Load the libraries and answer until the input ends.

    Plugins that happen to be installed take longer to load than most tests to run.
    """
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            __import__(name)
    gc.freeze()  # no fork has to look through all that is loaded
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
