"""One student against all others: nothing that a submission does reaches the next one.

The tests of this small book are careless on purpose. They keep state in their module, and hand a
function to the answers that changes whatever a process has: a judge that runs them for one
submission must have forgotten it for the next.
"""

import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from dlcore.course.grading.forked import ForkedJudge, OverdueError, Stopwatch
from dlcore.course.grading.judge import Judge
from dlcore.course.grading.verdict import Item, digest
from tests.course.judges import verdicts

TESTS = '''
"""Careless tests."""

import decimal, functools, os, random, sys, warnings

import numpy as np
import pytest

TABLE = np.ones(3)
NAMES = {"w": [1.0]}
SEEN = []


class Counter:
    count = 0


@functools.cache
def cached(x):
    return x + len(SEEN)


def poison(what):
    exec(what, globals())
    SEEN.append(what)


@pytest.mark.exercise("sample-softmax", points=2, in_place=True)
def test_all_is_as_it_was(answers):
    """Whatever a module, a process or a library remembers."""
    assert answers.table(TABLE, NAMES, poison) == 3.0
    assert (TABLE.tolist(), NAMES, SEEN, Counter.count) == ([1.0, 1.0, 1.0], {"w": [1.0]}, [], 0)
    assert cached(2) == 2
    assert np.float64(1) / np.float64(4) == 0.25
    assert np.geterr()["over"] == "warn"
    assert np.get_printoptions()["precision"] == 8
    assert "POISON" not in os.environ
    assert "poison" not in sys.modules
    assert decimal.getcontext().prec == 28
    assert sys.getrecursionlimit() > 500
    assert os.getcwd() != "/"
    assert np.sum([1.0, 2.0]) == 3.0
'''
POISONS = {
    "an array of the tests": "TABLE[:] = 0",
    "a dictionary of the tests": "NAMES['w'].append(2.0)",
    "a counter of the tests": "Counter.count = 7",
    "a cache of the tests": "SEEN.append(1); cached(2)",
    "how NumPy treats errors": "np.seterr(all='raise')",
    "how NumPy prints": "np.set_printoptions(precision=2)",
    "the environment": "os.environ['POISON'] = '1'",
    "the modules": "sys.modules['poison'] = sys",
    "the decimal context": "decimal.getcontext().prec = 2",
    "the limit of recursion": "sys.setrecursionlimit(300)",
    "the folder": "os.chdir('/')",
    "NumPy itself": "np.sum = lambda x: 0.0",
    "the warnings": "warnings.simplefilter('error')",
    "the random numbers": "random.seed(1); np.random.seed(1)",
}
HONEST = "def table(table, names, poison):\n    return float(table.sum())\n"


def submission(student, source):
    """An item on the careless book."""
    source = source.encode()
    return Item(student, "sample", "sample-softmax", 2, source, digest(source))


@pytest.fixture
def judge(clone):
    """A judge of the careless book, which has no solutions."""
    (clone / "tests/test_sample.py").write_text(TESTS)
    (clone / "solutions/sample.py").unlink()
    return Judge(["sample"], tier="T0", key=b"secret", seconds=2.0)


def test_a_class_with_poisoners_gets_the_verdicts_of_one_without(judge):
    """Before each of the poisoners, and after it, an honest student passes."""
    items = [submission("first", HONEST)]
    for name, what in POISONS.items():
        spoilt = HONEST.replace("    return", f"    poison({what!r})\n    return")
        items += [submission(name, spoilt), submission(f"after {name}", f"{HONEST}# {name}")]
    table = {end.student: end.status for end in verdicts(judge, *items)}
    honest = {name: end for name, end in table.items() if name not in POISONS}
    assert honest == dict.fromkeys(honest, "pass")
    assert len(honest) == len(POISONS) + 1
    assert {table[name] for name in POISONS} == {"fail"}


def test_the_judge_itself_stays_as_it_was(judge):
    """Nor does the process of the judge remember any of it."""
    before = np.geterr(), Path.cwd(), dict(os.environ), sys.getrecursionlimit()
    items = [submission(name, HONEST.replace("    return", f"    poison({what!r})\n    return"))
             for name, what in POISONS.items()]  # fmt: skip
    verdicts(judge, *items)
    assert before == (np.geterr(), Path.cwd(), dict(os.environ), sys.getrecursionlimit())


@pytest.mark.parametrize(
    "what",
    [
        "while True: pass",
        "np.einsum('ij,jk,kl->il', *[np.ones((3000, 3000))] * 3)",
        "10 ** 10 ** 9",
    ],
)
def test_a_test_that_computes_without_end_is_a_timeout(judge, what):
    """In Python, in a library, with the global lock held: once, and within five seconds."""
    spoilt = HONEST.replace("    return", f"    poison({what!r})\n    return")
    begun = time.process_time()
    ends = verdicts(judge, submission("eve", spoilt), submission("ann", HONEST))
    assert [end.status for end in ends] == ["timeout", "pass"]
    assert "for too long" in ends[0].says[0] or "still running" in ends[0].says[0]
    assert time.process_time() - begun < 2.0


def test_a_test_that_takes_all_memory_is_an_error_of_the_submission(judge):
    """The child has a bound, and the next submission has its own."""
    greedy = HONEST.replace("    return", "    poison('np.ones((25_000, 25_000))')\n    return")
    ends = verdicts(judge, submission("eve", greedy), submission("ann", HONEST))
    assert (ends[0].status in ("fail", "error"), ends[1].status) == (True, "pass")


def test_a_child_is_watched_from_outside():
    """Its processor time counts, and what it has waited for its worker."""
    stopwatch = Stopwatch()

    def act(question):
        stopwatch.begin()
        stopwatch.waited(question)
        while question:
            pass
        return "done"

    child = ForkedJudge(act, 0.5, stopwatch)
    assert child.ask(0.0) == "done"
    begun = time.monotonic()
    with pytest.raises(OverdueError):
        child.ask(60.0)  # as if the worker had taken so long
    child.close()
    assert time.monotonic() - begun < 5.0
