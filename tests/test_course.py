"""Topics, skeletons and checks.  Each lemma is tried on a small book of one topic."""

import ast
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dlcore.course import skeleton, topics, trial
from dlcore.course.answers import load
from dlcore.course.check import check

TOC = """
parts:
  - caption: Before we start
    chapters:
      - file: book/notation
  - caption: Samples
    numbered: true
    chapters:
      - file: book/sample
"""
SOLUTION = '''"""Exercises of the chapter *Sample*."""

import numpy as np


def softmax(scores):
    """Exercise sample-softmax.  Turn scores into probabilities."""
    # BEGIN SOLUTION
    # HINT: subtract the largest score of each "row" first
    # HINT: exponentiate, then divide each row by its sum
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
    # END SOLUTION


def halves(size):
    """Exercise sample-halves.  Halve a number of things."""
    half = None
    # BEGIN SOLUTION
    # HINT: which operator drops the remainder?
    half = size // 2
    # END SOLUTION
    return half
'''
LEMMAS = '''
import numpy as np
import pytest
from numpy.testing import assert_allclose

@pytest.mark.exercise("sample-softmax", points=2)
def test_rows_of_softmax_sum_to_one(answers, rng):
    """For every n:  Σₖ yₙₖ = 1."""
    assert_allclose(answers.softmax(rng.normal(size=(2, 3))).sum(axis=1), np.ones(2))

@pytest.mark.exercise("sample-softmax", points=2)
def test_equal_scores_share_the_probability(answers):
    """Equal scores of K classes give  yₙₖ = 1/K."""
    assert_allclose(answers.softmax(np.zeros((2, 4))), np.full((2, 4), 0.25))

@pytest.mark.exercise("sample-halves", points=1)
def test_half_of_seven_is_three(answers):
    """Halving drops the remainder."""
    assert answers.halves(7) == 3

def test_that_scores_nothing(answers):
    """Not an exercise."""
'''
RULE = '''
class Rule:
    """Exercise sample-rule.  Go down."""

    def step(self, w):
        # BEGIN SOLUTION
        # HINT: go down
        return w - 1
        # END SOLUTION
'''
RATIO = "powers / powers.sum(axis=1, keepdims=True)"


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A repository of one topic, in the place of the real one."""
    for folder in ("solutions", "exercises", "tests"):
        (tmp_path / folder).mkdir()
    (tmp_path / "_toc.yml").write_text(TOC)
    (tmp_path / "solutions/sample.py").write_text(SOLUTION)
    (tmp_path / "tests/test_sample.py").write_text(LEMMAS, encoding="utf-8")
    for name in ("tests/conftest.py", "pyproject.toml"):
        shutil.copy(topics.ROOT / name, tmp_path / name)
    monkeypatch.setattr(topics, "ROOT", tmp_path)
    monkeypatch.delitem(sys.modules, "tests.test_sample", raising=False)
    return tmp_path


@pytest.fixture
def told(clone, capsys):
    """What `dlcore check sample` tells about the solution after an edit, and its exit code."""

    def tell(old="", new="", **options):
        assert old in SOLUTION
        (clone / "exercises/sample.py").write_text(SOLUTION.replace(old, new))
        try:
            check("sample", **options)
        except SystemExit as stop:
            return capsys.readouterr().out, stop.code
        return capsys.readouterr().out, 0

    return tell


def test_topics_are_the_pages_of_numbered_parts(clone):
    """Notation comes before the first topic and is none."""
    assert topics.topics() == ["sample"]


def test_an_unknown_topic_is_refused_by_name(clone):
    """The error names the topics that exist."""
    with pytest.raises(ValueError, match="walk: topic is sampel, choose one of sample"):
        topics.walk("sampel")


def test_a_walk_lists_the_column_in_order(clone, capsys):
    """Exercise, tests, solution; each with the first line of what it says."""
    topics.walk("sample")
    lines = capsys.readouterr().out.splitlines()
    names = [line.split()[0] for line in lines]
    assert names == ["tests/test_sample.py", "solutions/sample.py"]
    assert lines[1].endswith("Exercises of the chapter *Sample*.")


def test_a_skeleton_is_python_without_answers():
    """Markers and answers are gone; signatures, docstrings and imports stay."""
    cut = skeleton.skeleton(SOLUTION)
    kept = {name for name, _ in skeleton.definitions(ast.parse(cut))}
    assert kept == {"softmax", "halves"}
    assert "powers" not in cut
    assert "import numpy as np" in cut


def test_cutting_a_skeleton_changes_nothing():
    """skeleton(skeleton(s)) = skeleton(s)."""
    cut = skeleton.skeleton(SOLUTION)
    assert skeleton.skeleton(cut) == cut


def test_scaffolding_around_a_hole_stays():
    """What stands outside the markers is given to the reader."""
    cut = skeleton.skeleton(SOLUTION)
    assert "half = None" in cut
    assert cut.endswith("    return half\n")


def test_the_first_hint_is_the_error():
    """An exercise that nobody has begun raises its first hint, quotes and all."""
    answers = {}
    exec(skeleton.skeleton(SOLUTION), answers)
    with pytest.raises(NotImplementedError, match='largest score of each "row" first'):
        answers["softmax"](np.zeros((1, 2)))


def test_all_hints_can_be_had():
    """Hints belong to the function that they help with, in their order."""
    found = skeleton.hints(SOLUTION)
    assert list(found) == ["softmax", "halves"]
    assert found["softmax"][1] == "exponentiate, then divide each row by its sum"


def test_methods_have_hints_and_names_of_their_own():
    """A hole in a method belongs to the exercise that its class is."""
    assert skeleton.hints(RULE) == {"Rule.step": ["go down"]}
    assert skeleton.exercises_in(RULE) == {"sample-rule": "Rule"}


@pytest.mark.parametrize("lost", ["# BEGIN SOLUTION", "# END SOLUTION", "# HINT: go down"])
def test_a_lost_marker_is_refused(lost):
    """Half a marking would hand the answer to the reader, or keep a hint from them."""
    with pytest.raises(ValueError, match="skeleton: line .* of the cut is"):
        skeleton.skeleton(RULE.replace(lost, "pass"))


def test_a_cut_file_knows_that_it_is_untouched(clone):
    """One letter more, anywhere below the header, and it is the reader's."""
    cut = skeleton.cut("sample")
    assert skeleton.untouched(cut)
    assert not skeleton.untouched(cut + "#")


def test_an_edited_file_is_never_overwritten(clone, capsys):
    """Not even when the solution has changed since."""
    (clone / "exercises/sample.py").write_text(skeleton.cut("sample") + "# mine")
    (clone / "solutions/sample.py").write_text(SOLUTION + "# another")
    skeleton.exercises("sample")
    assert (clone / "exercises/sample.py").read_text().endswith("# mine")
    assert "left alone, but the solution has changed" in capsys.readouterr().out


def test_an_untouched_file_follows_its_solution(clone):
    """A changed solution is cut anew while nobody has answered."""
    skeleton.exercises()
    (clone / "solutions/sample.py").write_text(SOLUTION + "# another")
    skeleton.exercises()
    assert (clone / "exercises/sample.py").read_text() == skeleton.cut("sample")


def test_a_check_of_the_cut_writes_nothing(clone, capsys):
    """`dlcore exercises --check` only tells, by words and exit code."""
    with pytest.raises(SystemExit):
        skeleton.exercises(check=True)
    assert "exercises/sample.py is missing" in capsys.readouterr().out
    assert not (clone / "exercises/sample.py").exists()


def test_right_answers_earn_all_points(told):
    """The solution itself gets 3 of 3, and exit code 0."""
    page, code = told()
    assert code == 0
    assert page.count("✓") == 2
    assert "3 of 3 points" in page


def test_every_scored_test_fails_on_the_skeleton(clone):
    """Each one meets a hole, and none that scores nothing is run."""
    (clone / "exercises/sample.py").write_text(skeleton.cut("sample"))
    kinds = [outcome.finding.kind for outcome in trial.run(["sample"]).outcomes]
    assert kinds == ["not attempted"] * 3


def test_an_exercise_not_attempted_gives_its_hint(clone, capsys):
    """The first hint, and as many as are asked for."""
    skeleton.exercises()
    for hint, heard in ((0, 1), (1, 1), (2, 2)):
        with pytest.raises(SystemExit):
            check("sample", hint=hint)
        page = capsys.readouterr().out
        assert page.count("not attempted") == 2
        assert ("subtract the largest" in page) + ("exponentiate" in page) == heard


def test_a_failed_attempt_comes_before_an_exercise_not_begun(told):
    """The reader has begun the second exercise first: that is what they want to hear about."""
    page, _ = told("    powers = np.exp", "    raise NotImplementedError\n    powers = np.exp")
    assert "─ sample-softmax ─" in page
    page, _ = told("half = size // 2", "raise NotImplementedError")
    assert "─ sample-halves ─" in page


@pytest.mark.parametrize(
    ("old", "new", "kind", "says"),
    [
        (RATIO, "powers.sum(axis=1)", "shape", "AxisError: axis 1 is out of bounds"),
        (RATIO, "powers[:1] / powers[:1].sum()", "shape", "the shape is (1,), wanted (2,)"),
        (RATIO, "0.3 + 0 * scores", "values", "the first at [0] is 0.9, wanted 1"),
        (RATIO, "0 * scores + np.nan", "not finite", "the first at [0] is nan, wanted 1"),
        ("return powers", "powers", "error", "'NoneType' object has no attribute 'sum'"),
        ("size // 2", "size / 2", "values", "3.5 == 3"),
        ("np.exp(", "np.log(0 * ", "not finite", "np.log(0 * scores"),
        ("powers.sum(", "powers.product(", "error", "exercises/sample.py:12 in softmax"),
        ("import numpy", "import numpie", "import", "ModuleNotFoundError: No module named"),
        ("powers /", "powers */", "import", "return powers */ powers.sum"),
        ("def softmax", "def maxsoft", "error", "has no attribute 'softmax'"),
    ],
)
def test_a_failure_is_told_by_its_kind(told, old, new, kind, says):
    """What differs, and where, in the reader's own terms."""
    page, code = told(old, new)
    assert code == 1
    assert f"{kind}  " in page
    assert says in page
    assert "Traceback" not in page


def test_only_the_readers_own_lines_are_shown(told):
    """NumPy's frames and pytest's are not the reader's business."""
    page, _ = told("powers.sum(axis=1", "powers.sum(axis=9")
    assert "exercises/sample.py:12 in softmax" in page
    assert "site-packages" not in page


def test_a_failure_restates_the_claim_and_its_formula(told):
    """The name of the test is the sentence, its docstring the formula."""
    page, _ = told(RATIO, "powers")
    assert "Rows of softmax sum to one" in page
    assert "For every n:  Σₖ yₙₖ = 1." in page


def test_what_an_answer_prints_is_shown(told):
    """Printing is how a reader looks inside."""
    page, _ = told("    return powers", "    print('rows:', len(scores))\n    return 2 * powers")
    assert "printed  rows: 2" in page


def test_an_endless_loop_ends(told, monkeypatch):
    """The other exercises are checked all the same."""
    monkeypatch.setattr(trial, "SECONDS", 0.2)
    page, _ = told("    return powers", "    while True:\n        pass\n    return powers")
    assert "still running after 0.2 seconds" in page
    assert "✓ sample-halves" in page


def test_a_part_of_the_exercises_can_be_checked(told):
    """-k chooses tests by name; a name that nobody has is refused."""
    page, code = told("size // 2", "size / 2", k="softmax")
    assert (code, "2 of 2 points" in page) == (0, True)
    _, code = told(k="nonsense")
    assert code == "check: k is 'nonsense', no exercise of sample matches it"


def test_a_check_without_answers_says_what_to_do(clone, capsys):
    """There is nothing to check before the exercises are cut."""
    with pytest.raises(SystemExit):
        check("sample")
    assert "dlcore exercises" in capsys.readouterr().out.replace("\n", "")


def test_answers_are_read_as_they_are(tmp_path):
    """A file that changes within a second, and keeps its length, is read again."""
    for value in "123":
        (tmp_path / "sample.py").write_text(f"x = {value}")
        assert load(tmp_path / "sample.py").x == int(value)


def test_a_sum_in_another_order_lies_within_rounding(rng, rounding):
    """|Σ x w - Σ w x reversed| ≤ 4 ε ‖x‖ ‖w‖, though the sum itself nearly vanishes."""
    x = rng.normal(size=1000)
    x = np.concatenate([x, -x]).astype(np.float32)
    w = np.ones_like(x)
    assert_allclose((x * w).cumsum()[-1], (x * w)[::-1].sum(), **rounding(x, w))
    assert rounding(x) == rounding(x, w)


def test_the_generator_repeats_itself_and_nobody_else(request, rng):
    """It is seeded by the name of the test."""
    again = np.random.default_rng(list(request.node.nodeid.encode()))
    other = np.random.default_rng(list(b"another test"))
    first = rng.normal()
    assert first == again.normal()
    assert first != other.normal()


@pytest.mark.parametrize(("required", "code"), [("", 0), ("site", 0), ("site data", 1)])
def test_a_required_test_may_not_be_skipped(clone, required, code):
    """DLCORE_REQUIRE="site data" turns a skipped data test into a failure."""
    skipping = "import pytest\n@pytest.mark.data\ndef test_it():\n    pytest.skip('no data')\n"
    (clone / "tests/test_sample.py").write_text(skipping)
    command = [sys.executable, "-m", "pytest", "-q", "tests"]
    done = subprocess.run(
        command, cwd=clone, env=os.environ | {"DLCORE_REQUIRE": required}, capture_output=True
    )
    assert done.returncode == code, done.stdout.decode()
