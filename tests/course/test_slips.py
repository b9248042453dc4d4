"""Graded work gets the advice of `check`, and partial credit where a mark says so."""

import pytest

from dlcore.course.exercises import topics
from dlcore.course.grading.judge import Judge
from dlcore.course.grading.verdict import Item, digest, lasting
from tests.course.judges import verdicts

SUM = "powers.sum(axis=1, keepdims=True)"
WRONG = """
import numpy as np

from dlcore.course.exercises.known_answers import wrong


@wrong("sample-softmax", "You divided by the sum of the batch.")
def softmax(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum()


@wrong("sample-halves", "The remainder belongs to the second half.")
def halves(size):
    return (size + 1) // 2, size // 2
"""


@pytest.fixture
def solution(clone):
    """The solution of the sample book, and mistakes that are known."""
    (clone / "solutions/wrong/sample.py").write_text(WRONG)
    return (clone / "solutions/sample.py").read_text()


def judged(source, exercise="sample-softmax", **more):
    """Judge one answer."""
    raw = source.encode()
    item = Item("eve", "sample", exercise, 3, raw, digest(raw), **more)
    (verdict,) = verdicts(Judge(["sample"], tier="T0", key=b"secret", seconds=2.0), item)
    return verdict


def test_a_known_mistake_is_recognised_in_other_words(solution):
    """What fails with the same numbers has the same advice; the verdict is what it was."""
    told = judged(solution.replace(SUM, "sum(powers.ravel().tolist())"))
    assert (told.status, told.advice) == ("fail", "You divided by the sum of the batch.")
    assert "batch" not in lasting(told)


def test_an_unknown_mistake_has_no_advice(solution):
    """Nor has a right answer, and what raises."""
    for change in ("2 * " + SUM, SUM, "nothing"):
        assert judged(solution.replace(SUM, change)).advice == ""


def test_two_mistakes_that_fail_alike_explain_nothing(solution, clone):
    """Rather no advice than the wrong one."""
    again = WRONG.replace("You divided by the sum of the batch.", "Another.").partition("\n\n\n")
    path = clone / "solutions/wrong/sample.py"
    path.write_text(path.read_text() + again[2])
    assert judged(solution.replace(SUM, "powers.sum()")).advice == ""


def test_a_mistake_that_never_ends_is_given_up(solution, clone):
    """It takes a second of the judge, and no verdict."""
    path = clone / "solutions/wrong/sample.py"
    path.write_text(
        path.read_text().replace("    powers = np.exp", "    while True: pass\n    powers = np.exp")
    )
    told = judged(solution.replace(SUM, "powers.sum()"))
    assert (told.status, told.advice) == ("fail", "")


def test_each_test_that_passes_pays_its_share(solution):
    """One of two tests of three points; without partial credit none; all of them three."""
    half = solution.replace(SUM, "scores.shape[1]")  # right for equal scores alone
    part = judged(half, partial=True)
    assert (part.status, part.points, part.passed, part.tests) == ("fail", 1.5, 1, 2)
    assert judged(half).points == 0
    whole = judged(solution, partial=True)
    assert (whole.status, whole.points, whole.passed) == ("pass", 3, 2)


def test_a_timeout_ends_partial_credit(solution):
    """Tests after it are not run: a file that hangs would hang in each of them."""
    slow = solution.replace(
        "    powers = np", "    while scores.shape[1] == 3: pass\n    powers = np"
    )
    told = judged(slow, partial=True)
    assert (told.status, told.points, told.passed) == ("timeout", 0, 0)


def test_a_course_without_solutions_gives_no_advice(solution, clone):
    """As in an autograder, where there is nothing to compare with."""
    for path in [*(clone / "solutions").rglob("*.py")]:
        (topics.ROOT / "exercises" / path.name).write_text("")
        path.unlink()
    assert judged(solution.replace(SUM, "powers.sum()")).advice == ""
