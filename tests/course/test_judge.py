"""Judging: what becomes of a submission, on every tier, and that it cannot buy points."""

import os
import shutil
import signal
import subprocess
import sys

import pytest

from dlcore.course.exercises import skeleton, topics
from dlcore.course.grading.judge import Judge
from dlcore.course.grading.verdict import Item, digest
from dlcore.course.sandbox import confine, tiers
from tests.course.judges import verdicts

LOCKED = pytest.mark.skipif(not confine.landlock_version(), reason="no Landlock")
BOXED = pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")
MARKS = {"T0": [], "T1": [pytest.mark.sandbox, LOCKED]}
MARKS["T2"] = [*MARKS["T1"], BOXED]
RATIO = "powers / powers.sum(axis=1, keepdims=True)"
RETURN = f"return {RATIO}"
GARBAGE = """
    import os
    for fd in range(3, 40):
        try:
            os.write(fd, b"garbage " * 100)
        except OSError:
            pass
"""
PATCH = """
import numpy.testing, sys
numpy.testing.assert_allclose = np.allclose = lambda *args, **kwargs: True
class AssertionError(Exception): pass
__builtins__["AssertionError"] = AssertionError
def softmax(scores): return 2 * scores
def halves(size): return 0, 0
"""
AGREEING = """
    class Agreeing(np.ndarray):
        __array_priority__ = 1e9
        __eq__ = __ne__ = __le__ = lambda self, other: np.True_
        __array_ufunc__ = lambda self, *args, **kwargs: np.True_
        sum = lambda self, axis: np.ones(2)
        __bool__ = lambda self: True
    return np.zeros(scores.shape).view(Agreeing)
"""
EQUAL = """
    class Equal:
        __eq__ = lambda self, other: True
        __array__ = lambda self, *args, **kwargs: np.ones(2)
        sum = lambda self, axis: self
    return Equal()
"""
TURNS = """
    global turns
    turns = globals().get("turns", 0) + 1
    right = powers / powers.sum(axis=1, keepdims=True)
    return right if turns % 2 else right + 1
"""
TWICE = """
def test_it_twice(answers, rng):
    '''The same, twice.'''
    for _ in range(2):
        assert_allclose(answers.softmax(rng.normal(size=(2, 3))).sum(axis=1), np.ones(2))
"""


ENDS = [  # what is replaced in the solution, by what; what becomes of it, and what is said
    ("", "", "pass", ""),
    (RATIO, "powers", "fail", "the first at [0] is"),
    (RATIO, "powers[:1]", "fail", "the shape is (1,), wanted (2,)"),
    (RETURN, "pass", "fail", "NoneType"),
    (RATIO, "np.array([[None]])", "fail", "an array of dtype object cannot be sent"),
    (RATIO, "np.zeros(1 << 28, 'i1')", "fail", "the arrays have more than 64 MB"),
    (RETURN, AGREEING.lstrip(), "fail", "the first at [0] is 0, wanted 1"),
    (RETURN, EQUAL.lstrip(), "fail", "type Equal is no array of numbers"),
    (RETURN, TURNS.lstrip(), "fail", "the first at [0] is"),
    (RETURN, "while True: yield 1", "error", "'generator' object has no attribute 'sum'"),
    ("    powers", "    1 / 0\n    powers", "error", "line 11 in softmax: 1 / 0"),
    ("    powers", "    import sys\n    sys.exit(0)\n    powers", "error", "SystemExit: 0"),
    ("    powers", "    import os\n    os._exit(0)\n    powers", "crash", "exit code 0"),
    ("    powers", "    return softmax(scores)\n    powers", "error", "RecursionError"),
    ("    powers", "    while True: pass\n    powers", "timeout", "seconds in a call"),
    ("    powers", "    import time\n    time.sleep(9)\n    powers", "timeout", "in a call"),
    ("    powers", GARBAGE + "    powers", "protocol", "this is no message"),
    ("import numpy", "import numpie", "error", "line 3: import numpie as np"),
    ("import numpy", "while True: pass\nimport numpy", "timeout", "seconds at import"),
    ("def softmax", "def maxsoft", "missing", "has no attribute 'softmax'"),
    ("def softmax", "def softmax(", "error", "SyntaxError"),
    ("def softmax", "\0", "error", "null bytes"),
]  # fmt: skip


def item(source, exercise="sample-softmax"):
    """An item on the sample book."""
    source = source.encode() if isinstance(source, str) else source
    return Item("eve", "sample", exercise, 2, source, digest(source))


@pytest.fixture
def solution(clone):
    """The solution of the sample book, which is in the place of the real one."""
    with (clone / "tests/test_sample.py").open("a") as file:
        file.write("\n\n@pytest.mark.exercise('sample-softmax', points=2)" + TWICE)
    return (clone / "solutions/sample.py").read_text()


@pytest.fixture
def judge(solution):
    """A judge of the sample book."""
    return Judge(["sample"], tier="T0", key=b"secret", seconds=0.5)


def shelves():
    """Yield a few topics and all topics for each tier."""
    for first, tier in enumerate(tiers.TIERS):
        sample, book = topics.topics()[first :: 2 * len(tiers.TIERS)], topics.topics()
        few, every = [*MARKS[tier], pytest.mark.sample], [*MARKS[tier], pytest.mark.catalogue]
        yield pytest.param(tier, sample, marks=few, id=f"{tier} sample")
        yield pytest.param(tier, book, marks=every, id=tier)


@pytest.mark.parametrize(("tier", "book"), list(shelves()))
def test_the_modes_are_equal(tier, book):
    """Every scored test of a topic passes on its solution, on every tier as in process."""
    sources = {name: topics.ROOT / f"solutions/{name}.py" for name in book}
    items = [
        Item("the book", topic, exercise, 2, path.read_bytes(), digest(path.read_bytes()))
        for topic, path in sources.items()
        for exercise in skeleton.exercises_in(path.read_text(encoding="utf-8"))
    ]
    ends = verdicts(Judge(book, tier=tier, key=b"secret"), *items)
    assert len(ends) == len(items) > 0
    assert [end for end in ends if (end.status, end.points) != ("pass", 2)] == []


def test_tests_can_be_run_on_a_tier(clone):
    """``pytest --isolation T0`` gives each test its answers from a sandbox."""
    command = [sys.executable, "-m", "pytest", "-q", "--isolation", "T0", "tests"]
    done = subprocess.run(command, cwd=clone, capture_output=True, check=False)
    assert b"4 passed" in done.stdout


def test_every_submission_gets_its_status(judge, solution):
    """A pass is worth its points, everything else is worth none and says why."""
    assert all(old in solution for old, *_ in ENDS)
    ends = verdicts(judge, *(item(solution.replace(old, new, 1)) for old, new, *_ in ENDS))
    for verdict, (_, new, status, says) in zip(ends, ENDS, strict=True):
        assert (verdict.status, verdict.points) == (status, 2 * (status == "pass")), new
        assert says in "\n".join(verdict.says), new


def test_a_submission_without_answers_is_not_attempted(judge, solution):
    """Nor is a file that was not handed in; other words of the same kind are an error."""
    other = solution.replace("    powers", "    raise NotImplementedError('later')\n    powers", 1)
    ends = verdicts(judge, item(skeleton.cut("sample")), item(None), item(other))
    assert [end.status for end in ends] == ["not attempted", "missing", "error"]


@pytest.mark.parametrize("source", [b"", b"\xff\xfe" + "x = 1".encode("utf-16-le"), PATCH])
def test_strange_files_earn_nothing(judge, source):
    """An empty file, another encoding, a file that patches the library that compares."""
    (verdict,) = verdicts(judge, item(source))
    assert verdict.status in ("missing", "error", "fail")
    assert verdict.points == 0
    assert verdict.says


def test_an_argument_that_changes_is_refused(judge, solution):
    """A right answer that overwrites its input is told so, and what to do."""
    changing = solution.replace(RETURN, "scores *= 0\n    " + RETURN)
    right, wrong = verdicts(judge, item(solution), item(changing))
    assert (right.status, wrong.status) == ("pass", "error")
    assert wrong.says[0] == "ValueError: output array is read-only"
    assert "line 12 in softmax: scores *= 0" in wrong.says
    assert wrong.says[-1] == "an argument is changed in place: copy it first, or make a new one"


def test_an_exercise_may_allow_changes(clone, solution):
    """Its mark says ``in_place=True``: what the answer changes is changed for the test."""
    test = """
@pytest.mark.exercise('sample-softmax', points=2, in_place=True)
def test_x_becomes_zero(answers):
    x = np.ones((2, 2))
    answers.softmax(x)
    assert (x == 0).all()
"""
    path = clone / "tests/test_sample.py"
    path.write_text(path.read_text().split("@pytest")[0] + test)
    changing = solution.replace(RETURN, "scores *= 0\n    " + RETURN)
    judge = Judge(["sample"], tier="T0", key=b"secret")
    ends = verdicts(judge, item(solution), item(changing))
    assert [end.status for end in ends] == ["fail", "pass"]


def test_what_is_drawn_depends_on_key_and_submission(solution):
    """The same submission meets the same numbers again; another one, or another key, others."""
    tells = solution.replace("    powers", "    raise ValueError(str(scores))\n    powers", 1)
    told = []
    for key in (b"one", b"one", b"two"):
        judge = Judge(["sample"], tier="T0", key=key)
        told += [end.says[0] for end in verdicts(judge, item(tells), item(tells + "#"))]
    assert told[:2] == told[2:4]
    assert len(set(told)) == 4


def test_only_what_is_allowed_can_be_imported(clone, solution):
    """ALLOWED of the solution names modules of dlcore; their siblings do not exist."""
    (clone / "dlcore").mkdir()
    for name in ("first", "second"):
        (clone / f"dlcore/{name}.py").write_text("def one(): return 1.0")
    (clone / "solutions/sample.py").write_text(f'{solution}\n\nALLOWED = ("dlcore.first",)\n')
    texts = [f"from dlcore import {name}\n{solution}" for name in ("first", "second", "course")]
    ends = verdicts(Judge(["sample"], tier="T0", key=b"secret"), *map(item, texts))
    assert [end.status for end in ends] == ["pass", "error", "error"]


def test_numba_is_ready_for_those_who_name_it(judge, solution):
    """Workers of all others are forked by a process that never imported it, in half the time."""
    ends, zygotes = [], []
    items = map(item, (solution, f"import numba\n{solution}"))
    judge.run(items, lambda end: (ends.append(end.status), zygotes.append([*judge.zygotes])))
    assert ends == ["pass", "pass"]
    assert [numba for _, numba in zygotes[-1]] == [False, True]


@pytest.mark.parametrize("tier", [pytest.param(tier, marks=MARKS[tier]) for tier in tiers.TIERS])
def test_numba_is_there_for_those_who_do_not_name_it(tier, solution):
    """Found on the disk it takes longer, and compiles all the same."""
    hidden = 'numba = __import__("num" + "ba")\nassert numba.njit(lambda x: x + 1)(1) == 2'
    judge = Judge(["sample"], tier=tier, key=b"secret")
    assert [end.status for end in verdicts(judge, item(f"{hidden}\n{solution}"))] == ["pass"]


def test_a_dead_zygote_is_no_fault_of_a_submission(judge, solution):
    """The verdict is `infra`, which is no score; the next item finds another zygote."""

    def items():
        yield item(solution)
        (zygote,) = judge.zygotes.values()
        os.kill(zygote.process.pid, signal.SIGKILL)
        zygote.process.wait()
        yield from 2 * [item(solution)]

    ends = []
    judge.run(items(), lambda end: ends.append(end.status))
    assert ends == ["pass", "infra", "pass"]


def test_tests_that_break_stop_the_judge(clone, solution, monkeypatch):
    """Nobody is judged by a file that cannot be collected; an exercise without a test is none."""
    judge = Judge(["sample"], tier="T0", key=b"secret")
    assert [end.status for end in verdicts(judge, item(solution, "sample-nothing"))] == ["infra"]
    (clone / "tests/test_sample.py").write_text("import nonsense")
    monkeypatch.delitem(sys.modules, "tests.test_sample")
    with pytest.raises(ValueError, match="cannot be collected"):
        verdicts(Judge(["sample"], tier="T0", key=b"secret"))
