"""What every test may ask for: a generator of its own, the answers to judge, a fair tolerance."""

import ast
import importlib
import json
import os
import shutil
import subprocess
import sys
import time
from functools import partial
from math import prod
from pathlib import Path

import numpy as np
import pytest

from dlcore.course.exercises import topics
from dlcore.course.exercises.answers import load
from dlcore.course.exercises.marks import in_place
from dlcore.course.practice.lending import Lender, lent

collect_ignore = ["course/sample"]


def pytest_addoption(parser):
    """Let the reader's answers, or those of any folder, take the place of the solutions."""
    ours = "solutions" if (topics.ROOT / "solutions").is_dir() else "exercises"  # in a release
    where = {"dest": "answers", "default": ours}
    parser.addoption("--student", action="store_const", const="exercises", help="yours", **where)
    parser.addoption("--answers", metavar="FOLDER", help="answers in FOLDER", **where)
    parser.addoption("--isolation", metavar="TIER", help="run answers in a sandbox: T0, T1, T2")


def pytest_configure(config):
    """Set up a sandbox for the answers, when one is asked for."""
    if tier := config.getoption("isolation"):
        session = importlib.import_module("dlcore.course.grading.session")
        config.pluginmanager.register(session.SandboxSession(tier))


@pytest.fixture
def rng(request):
    """Seed a generator by the test's own name: independent of the others, the same tomorrow.

    A grader seeds it by a secret, so that nobody knows what will be drawn.
    """
    sandbox = getattr(request.config, "sandbox", None)
    seed = sandbox.seed(request.node) if sandbox else None
    return np.random.default_rng(seed or list(request.node.nodeid.encode()))


@pytest.fixture
def seed_decides(rng):
    """Require that an answer draws from the generator that it is given, and from nothing else.

    ``tried(generator)`` lists what the answer has tried with a generator.
    """

    def require(tried):
        one, other = rng.integers(1 << 62, size=2).tolist()
        first, again, different = (tried(np.random.default_rng(s)) for s in (one, one, other))
        assert first, "nothing was tried"
        assert np.array_equal(first, again), "the same seed does not draw the same"
        assert not np.array_equal(first, different), "another seed does not draw anything else"

    return require


@pytest.fixture(scope="module")
def topic(request):
    """Name the topic that a file of tests is about."""
    return request.path.stem.removeprefix("test_")


@pytest.fixture
def answers(request, topic):
    """The answers to this chapter's exercises: the book's, or with --student yours.

    They cannot change what a test passes, unless its mark says ``in_place=True``.
    """
    path = request.config.rootpath / request.config.getoption("answers") / f"{topic}.py"
    sandbox = getattr(request.config, "sandbox", None)
    if sandbox:
        with sandbox.answers(path, request.node) as found:
            yield found
    else:
        lender = Lender()
        with lender.lenient():
            module = load(path)
        yield module if in_place(request.node) else lent(module, lender)


@pytest.fixture(scope="module")
def formulas(topic):
    """The formulas of this chapter, imported by those who ask: sympy takes a second to load."""
    return importlib.import_module(f"dlcore.formulas.{topic}")


@pytest.fixture(scope="session")
def oracle():
    """Exact calculus, imported by those who ask."""
    return importlib.import_module("dlcore.formulas.engine.oracle")


@pytest.fixture(scope="session")
def planted():
    """The numbers of the wrong lines, as the checker names them:  planted("descent.regret", ...).

    Nobody types them: each derivation has an error planted by its name on the page.
    """
    return importlib.import_module("dlcore.formulas.engine.planted_error").wrong_lines


@pytest.fixture(scope="session")
def rounding():
    """How far a sum of products may stray when it is added up in another order.

    4 ε ‖x‖ ‖w‖ …  is at least 4 ε Σ |x| |w| …, by Cauchy and Schwarz; a plain sum has w = 1.
    """

    def tolerance(*arrays):
        eps = max(np.finfo(array.dtype).eps for array in arrays)
        factors = arrays if len(arrays) > 1 else (*arrays, np.ones(arrays[0].size))
        return {"rtol": 0.0, "atol": float(4.0 * eps * prod(map(np.linalg.norm, factors)))}

    return tolerance


@pytest.fixture(scope="session")
def unchanged():
    """Call a function and make sure that it leaves its arguments alone, in dictionaries too."""

    def arrays(args):
        return [a for arg in args for a in (arg.values() if isinstance(arg, dict) else [arg])]

    def call(function, *args):
        before = [np.copy(array) for array in arrays(args)]
        result = function(*args)
        for array, copy in zip(arrays(args), before, strict=True):
            assert np.array_equal(array, copy), "an argument was changed in place, work on a copy"
        return result

    return call


@pytest.fixture
def published():
    """The folder with the publishers' own files."""
    if "DLCORE_DATA" not in os.environ:
        pytest.skip("DLCORE_DATA names no folder with the published files")
    return Path(os.environ["DLCORE_DATA"])


@pytest.fixture
def dask_program(tmp_path):
    """Start a scheduler or a worker on loopback; all of them are ended with the test."""
    pytest.importorskip("distributed", reason="install the extra `cluster`")
    begun = []

    def start(program, *options, cwd=topics.ROOT, **environment):
        command = [sys.executable, "-m", f"distributed.cli.dask_{program}", *options]
        told = ["--scheduler-file", str(tmp_path / "scheduler.json"), "--no-dashboard"]
        with (tmp_path / f"{program}-{len(begun)}.log").open("wb") as log:
            begun.append(
                subprocess.Popen(
                    [*command, *told], cwd=cwd, env=os.environ | environment, stderr=log
                )
            )
        return begun[-1]

    yield start
    for process in reversed(begun):
        process.terminate()
        process.wait()


@pytest.fixture
def dask_scheduler(dask_program, tmp_path):
    """A scheduler on loopback, without workers: its address, and its process."""
    process = dask_program("scheduler", "--host", "127.0.0.1", "--port", "0")
    while not (tmp_path / "scheduler.json").exists():
        time.sleep(0.05)
    return json.loads((tmp_path / "scheduler.json").read_text())["address"], process


@pytest.fixture
def dask_worker(dask_program, dask_scheduler, tmp_path):
    """Start a worker of one thread at that scheduler, without a nanny that would replace it."""
    options = ("--nthreads", "1", "--no-nanny", "--local-directory", str(tmp_path))
    return partial(dask_program, "worker", *options)


@pytest.fixture
def dask_cluster(dask_scheduler, dask_worker):
    """The address of a scheduler, and its two workers."""
    return dask_scheduler[0], [dask_worker() for _ in range(2)]


@pytest.fixture(scope="session")
def modules():
    """The syntax tree of every module of dlcore, by its dotted name."""
    files = sorted((topics.ROOT / "dlcore").rglob("*.py"))
    names = [".".join(file.relative_to(topics.ROOT).with_suffix("").parts) for file in files]
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in files]
    return {name.removesuffix(".__init__"): tree for name, tree in zip(names, trees, strict=True)}


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A repository of one topic, without exercises, in the place of the real one."""
    shutil.copytree(topics.ROOT / "tests/course/sample", tmp_path, dirs_exist_ok=True)
    for name in ("tests/conftest.py", "pyproject.toml"):
        shutil.copy(topics.ROOT / name, tmp_path / name)
    (tmp_path / "exercises").mkdir()

    monkeypatch.setattr(topics, "ROOT", tmp_path)
    monkeypatch.delitem(sys.modules, "tests.test_sample", raising=False)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return tmp_path


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Fail a skipped test when DLCORE_REQUIRE names one of its marks, as in "site data"."""
    report = yield
    required = [name for name in demanded() if item.get_closest_marker(name)]
    if required and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: {required[0]} is required, but {report.longrepr[-1]}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """Fail a file that skips itself when anything is required: its marks are out of sight."""
    report = yield
    if demanded() and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid}: tests are required, but {report.longrepr[-1]}"
    return report


def demanded():
    """List the marks whose tests must run."""
    return os.environ.get("DLCORE_REQUIRE", "").split()
