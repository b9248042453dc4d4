"""Answers that are alike are found beneath their names; a parser that is attacked finds none."""

import re

import pytest

from dlcore.course.exercises import topics
from dlcore.course.grading.intake import Submission
from dlcore.course.grading.reports.fingerprints import Fingerprints, fingerprints
from dlcore.course.grading.reports.similar import similar_answers

BOOK = (topics.ROOT / "solutions/loss.py").read_text(encoding="utf-8")
ODD = """
import numpy as np

def softmax(scores):
    rows = []
    for row in scores:
        top = max(row)
        total = 0.0
        powers = []
        for value in row:
            power = float(np.exp(value - top))
            powers.append(power)
            total += power
        rows.append([each / total for each in powers])
    return np.array(rows)
"""
OTHER = """
def softmax(scores):
    from numpy import array, e
    table = array([[e ** entry for entry in line] for line in scores])
    sums = [sum(line) for line in table.tolist()]
    while len(sums) != len(table):
        sums.append(1)
    return array([line / number for line, number in zip(table, sums)])
"""
WORDS = {"rows": "a", "row": "b", "top": "c", "total": "d", "powers": "f", "power": "g",
         "value": "h", "each": "i", "0.0": "0", "scores": "x"}  # fmt: skip
RENAMED = re.sub(rf"\b(?:{'|'.join(WORDS)})\b", lambda found: WORDS[found[0]], ODD)


def pairs(**sources):
    """Compare the answers of some students to the topic loss."""
    sent = [Submission(name, {"loss": source.encode()}) for name, source in sources.items()]
    return similar_answers(sent, ["loss"])


def test_other_names_and_numbers_are_no_disguise():
    """Nor are comments and docstrings; the exercise is named."""
    told = RENAMED.replace("(x):", '(x):\n    "Softmax."  # mine')
    (pair,) = pairs(ada=ODD, bob=told, eve=OTHER)
    assert (pair.first, pair.second, pair.exercises) == ("ada", "bob", ("loss-softmax",))
    assert pair.share > 0.9


def test_what_all_have_says_nothing():
    """The book's answer, the hole, and what more than a few hand in."""
    assert pairs(ada=BOOK, bob=BOOK, eve=OTHER) == []
    assert pairs(**{f"student{number}": ODD for number in range(30)}) == []


def test_different_answers_are_not_alike():
    """Though they do the same."""
    assert pairs(ada=ODD, eve=OTHER) == []


HOSTILE = {
    "brackets": b"(" * 200_000,
    "signs": b"x = " + b"-" * 200_000 + b"1",
    "attributes": b"x = " + b"a." * 100_000 + b"b",
    "sums": b"x = " + b"1+" * 100_000 + b"1",
    "calls": b"x = " + b"f(" * 90 + b")" * 90,
    "no text": b"\xff\xfe\0\0",
    "nothing": b"",
    "syntax": b"def softmax(:",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_parser_that_is_attacked_goes_on(name):
    """Whatever one submission does to it, the next is condensed as ever."""
    with Fingerprints() as process:
        process.of(HOSTILE[name])
        assert process.of(ODD.encode()) == fingerprints(ODD)


def test_nothing_is_run(tmp_path):
    """A program is parsed, and leaves no trace."""
    source = f"open({str(tmp_path / 'trace')!r}, 'w')\n{ODD}"
    with Fingerprints() as process:
        assert process.of(source.encode())
    assert not [*tmp_path.iterdir()]
