"""Checks of answers: what a reader is told, tried on a small book of one topic."""

import re

import pytest

from dlcore.course.exercises import skeleton
from dlcore.course.practice import runner
from dlcore.course.practice.check import check
from dlcore.course.practice.progress import progress
from dlcore.course.practice.progress_file import Progress

RATIO = "powers / powers.sum(axis=1, keepdims=True)"


@pytest.fixture
def told(clone, capsys):
    """What `dlcore check sample` says of the solution after an edit, and its exit code."""

    def tell(old="", new="", **options):
        solution = (clone / "solutions/sample.py").read_text()
        assert old in solution
        (clone / "exercises/sample.py").write_text(solution.replace(old, new))
        code = check("sample", **options)
        return capsys.readouterr().out, code

    return tell


def test_right_answers_earn_all_points(told):
    """The solution itself gets 3 of 3, and exit code 0."""
    page, code = told()
    assert code == 0
    assert page.count("✓") == 2
    assert "3 of 3 points" in page


def test_every_scored_test_fails_on_the_skeleton(clone):
    """Each one meets a hole, and none that scores nothing is run."""
    skeleton.exercises()
    kinds = [outcome.finding.kind for outcome in runner.run(["sample"]).outcomes]
    assert kinds == ["not attempted"] * 3


def test_an_exercise_not_attempted_gives_its_hint(clone, capsys):
    """The first hint, and as many as are asked for."""
    skeleton.exercises()
    for hint, given in ((0, 1), (1, 1), (2, 2)):
        check("sample", hint=hint)
        page = capsys.readouterr().out
        assert page.count("not attempted") == 2
        assert ("subtract the largest" in page) + ("exponentiate" in page) == given


def test_a_failed_attempt_comes_before_an_exercise_not_begun(clone, capsys):
    """Who begins with the second exercise reads about the second exercise."""
    hole = 'raise NotImplementedError("which operator drops the remainder?")'
    begun = skeleton.cut("sample").replace(hole, "half = size / 2")
    (clone / "exercises/sample.py").write_text(begun)
    check("sample")
    page = capsys.readouterr().out
    assert "· sample-softmax" in page
    assert "─ sample-halves ─" in page


@pytest.mark.parametrize(
    ("old", "new", "kind", "says"),
    [
        (RATIO, "powers.sum(axis=1)", "shape", "AxisError: axis 1 is out of bounds"),
        (RATIO, "powers[:1] / powers[:1].sum()", "shape", "the shape is (1,), wanted (2,)"),
        (RATIO, "0.3 + 0 * scores", "values", "the first at [0] is 0.9, wanted 1"),
        (RATIO, "0 * scores + np.nan", "not finite", "the first at [0] is nan, wanted 1"),
        ("return powers", "powers", "error", "'NoneType' object has no attribute 'sum'"),
        ("size // 2", "size / 2", "values", "(3.5, 3.5) == (3, 4)"),
        ("np.exp(", "np.log(0 * ", "not finite", "np.log(0 * scores"),
        ("powers.sum(", "powers.product(", "error", "exercises/sample.py:12 in softmax"),
        (RATIO, "[[1], [2, 3]]", "error", "'list' object has no attribute 'sum'"),
        ("powers = ", "raise KeyError('[red]')\n    powers = ", "error", "KeyError: '[red]'"),
        (RATIO, "np.rint(powers).astype(int)", "dtype", "the numbers are int64, wanted float64"),
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
    page, _ = told("powers /", "powers**2 /")
    assert "Rows of softmax sum to one" in page
    assert "For every n:  Σₖ yₙₖ = 1." in page


def test_a_known_wrong_answer_is_recognised(told):
    """What counts is how it behaves, not how it is written."""
    page, _ = told(RATIO, "np.divide(powers, np.add.reduce(powers, axis=None))")
    assert "cause  The sum runs over the batch: each row has a sum of its own." in page
    page, _ = told(RATIO, "powers ** 2 / powers.sum(axis=1, keepdims=True)")
    assert "cause" not in page


def test_an_unknown_wrong_answer_is_likened_to_the_right_one(told):
    """A factor, a sign, an order or a term that is missing often names the cause."""
    page, _ = told(RATIO, f"3 * {RATIO}")
    assert "everything is 3 times what is wanted" in page


def test_the_smallest_input_that_fails_can_be_pasted(told):
    """One example and one class are enough to see that something is not divided by its sum."""
    page, _ = told(RATIO, f"{RATIO} / 2")
    assert "softmax(np.array([[0.0]]))" in page
    assert "returns np.array([[0.5]])" in page
    assert "wanted  np.array([[1.0]])" in page


def test_an_argument_that_is_changed_is_a_kind_of_its_own(told):
    """The line is shown that writes to it, and what to do instead."""
    page, _ = told("powers = np.exp(scores", "scores -= 1; powers = np.exp(scores")
    assert "mutation  an argument is changed in place: copy it first" in page
    assert "exercises/sample.py:11 in softmax" in page


def test_a_solution_is_shown_after_a_pass_and_on_request(told):
    """Without the marks of the cut; after a pass of one exercise, or by its name."""
    assert "return half, size - half" in told(k="halves")[0]
    assert "half = size // 2" not in told()[0]
    page, code = told(solution="halves")
    assert (code, "half = size // 2" in page, "BEGIN" in page) == (0, True, False)
    with pytest.raises(ValueError, match="check: solution is 'thirds', choose one of sample-soft"):
        told(solution="thirds")


def test_what_an_answer_prints_is_shown(told):
    """Printing is how a reader looks inside."""
    page, _ = told("    return powers", "    print('rows:', len(scores))\n    return 2 * powers")
    assert "printed  rows: 2" in page


def test_an_endless_loop_ends(told, monkeypatch):
    """The other exercises are checked all the same."""
    monkeypatch.setattr(runner, "SECONDS", 1.0)
    page, _ = told("    return powers", "    while True:\n        pass\n    return powers")
    assert "still running after 1 seconds" in page
    assert "✓ sample-halves" in page


def test_a_part_of_the_exercises_can_be_checked(told):
    """-k chooses exercises by name, or by a word of their tests."""
    for k in ("sample-softmax", "sum_to_one"):
        page, code = told("size // 2", "size / 2", k=k)
        assert (code, "2 of 2 points" in page) == (0, True)


def test_a_choice_of_no_exercise_is_refused(told):
    """Nothing checked is nothing passed."""
    with pytest.raises(ValueError, match="check: no exercise of sample matches k = 'nonsense'"):
        told(k="nonsense")


def test_a_file_of_tests_that_breaks_is_no_pass(told, clone):
    """Neither is a file of tests that cannot be imported."""
    (clone / "tests/test_sample.py").write_text("import nonsense")
    page, code = told()
    assert code == 1
    assert "No module named 'nonsense'" in page
    (clone / "tests/test_sample.py").unlink()
    assert told()[1] == 1


def test_a_check_without_answers_says_what_to_do(clone, capsys):
    """There is nothing to check before the exercises are cut."""
    assert check("sample") == 1
    assert "dlcore exercises" in capsys.readouterr().out


@pytest.mark.parametrize(
    "word", ["sample", "exercises/sample.py", "./exercises/sample.ipynb", "sample-softmax"]
)
def test_a_check_understands_a_name_a_path_and_an_exercise(clone, capsys, word):
    """A single exercise is checked alone."""
    skeleton.exercises()
    check(word)
    page = capsys.readouterr().out
    assert "· sample-softmax" in page
    assert ("· sample-halves" in page) == (word != "sample-softmax")


@pytest.mark.parametrize(("word", "near"), [("sampel", "sample"), ("sample-half", "sample-halves")])
def test_a_near_miss_is_answered_with_what_was_meant(clone, word, near):
    """One letter off is enough to know."""
    with pytest.raises(ValueError, match=f"topic is {word}, did you mean {near}"):
        check(word)


def test_a_check_notes_what_passes(told, clone):
    """`dlcore progress` knows of it; a check of some tests alone says nothing of an exercise."""
    told("size // 2", "size")
    assert [each.name for each in Progress(["sample"]).done()] == ["sample-softmax"]
    (clone / ".progress").unlink()
    told(k="sum_to_one")
    assert Progress(["sample"]).done() == []


def test_progress_fits_on_one_screen(told, capsys):
    """A line for each chapter, the sum, and what is next."""
    told("size // 2", "size")
    progress()
    page = capsys.readouterr().out
    assert re.search(r"sample +\S+ +1 of 2 +2 of 3 points", page)
    assert "next: sample-halves in exercises/sample.py" in page
    told()
    progress()
    assert "Every exercise passes" in capsys.readouterr().out
