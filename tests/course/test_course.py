"""Topics, skeletons and what every test may ask for, tried on a small book of one topic."""

import ast
import os
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dlcore.course.exercises import skeleton, topics
from dlcore.course.exercises.answers import load

RULE = '''
class Rule:
    """Exercise sample-rule.  Go down."""

    def step(self, w):
        # BEGIN SOLUTION
        # HINT: go down
        return w - 1
        # END SOLUTION
'''


@pytest.fixture
def solution(clone):
    """The text of the sample's solution."""
    return (clone / "solutions/sample.py").read_text()


def test_topics_are_the_pages_of_numbered_parts(clone):
    """Notation comes before the first topic and is none."""
    assert topics.topics() == ["sample"]


def test_an_unknown_topic_is_refused_by_name(clone):
    """The error names the topics that exist."""
    with pytest.raises(ValueError, match="walk: topic is sampel, did you mean sample"):
        topics.walk("sampel")


def test_a_walk_lists_the_column_in_order(clone, capsys):
    """Exercise, tests, solution; each with the first line of what it says."""
    topics.walk("sample")
    lines = capsys.readouterr().out.splitlines()
    names = [line.split()[0] for line in lines]
    assert names == ["tests/test_sample.py", "solutions/sample.py"]
    assert lines[1].endswith("Exercises of the chapter *Sample*.")


def test_a_skeleton_is_python_without_answers(solution):
    """Markers and answers are gone; signatures, docstrings and imports stay."""
    cut = skeleton.skeleton(solution)
    kept = {name for name, _ in skeleton.definitions(ast.parse(cut))}
    assert kept == {"softmax", "halves"}
    assert "powers" not in cut
    assert "import numpy as np" in cut


def test_cutting_a_skeleton_changes_nothing(solution):
    """skeleton(skeleton(s)) = skeleton(s)."""
    cut = skeleton.skeleton(solution)
    assert skeleton.skeleton(cut) == cut


def test_scaffolding_around_a_hole_stays(solution):
    """What stands outside the markers is given to the reader."""
    cut = skeleton.skeleton(solution)
    assert "half = None" in cut
    assert cut.endswith("    return half, size - half\n")


def test_the_first_hint_is_the_error(solution):
    """An exercise that nobody has begun raises its first hint, quotes and all."""
    answers = {}
    exec(skeleton.skeleton(solution), answers)
    with pytest.raises(NotImplementedError, match='largest score of each "row" first'):
        answers["softmax"](np.zeros((1, 2)))


def test_all_hints_can_be_had(solution):
    """Hints belong to the function that they help with, in their order."""
    found = skeleton.hints(solution)
    assert list(found) == ["softmax", "halves"]
    assert found["softmax"][1] == "exponentiate, then divide each row by its sum"


def test_methods_have_hints_and_names_of_their_own():
    """A hole in a method belongs to the exercise that its class is."""
    assert skeleton.hints(RULE) == {"Rule.step": ["go down"]}
    assert skeleton.exercises_in(RULE) == {"sample-rule": "Rule"}


@pytest.mark.parametrize("lost", ["# BEGIN SOLUTION", "# END SOLUTION", "# HINT: go down"])
def test_a_lost_marker_is_refused(lost):
    """Half a marking would hand the answer to the reader, or keep a hint from them."""
    with pytest.raises(ValueError, match=r"skeleton: line \d+ of the cut is"):
        skeleton.skeleton(RULE.replace(lost, "pass"))


def test_a_cut_file_knows_that_it_is_untouched(clone):
    """One letter more, anywhere below the header, and it is the reader's."""
    cut = skeleton.cut("sample")
    assert skeleton.untouched(cut)
    assert not skeleton.untouched(cut + "#")


def test_an_edited_file_is_never_overwritten(clone, capsys, solution):
    """Not even when the solution has changed since."""
    (clone / "exercises/sample.py").write_text(skeleton.cut("sample") + "# mine")
    (clone / "solutions/sample.py").write_text(solution + "# another")
    skeleton.exercises("sample")
    assert (clone / "exercises/sample.py").read_text().endswith("# mine")
    assert "left alone, but the solution has changed" in capsys.readouterr().out


def test_an_untouched_file_follows_its_solution(clone, solution):
    """A changed solution is cut anew while nobody has answered."""
    skeleton.exercises()
    (clone / "solutions/sample.py").write_text(solution + "# another")
    skeleton.exercises()
    assert (clone / "exercises/sample.py").read_text() == skeleton.cut("sample")


def test_a_check_of_the_cut_writes_nothing(clone, capsys):
    """`dlcore exercises --check` only reports, by words and exit code."""
    with pytest.raises(SystemExit):
        skeleton.exercises(check=True)
    assert "exercises/sample.py is missing" in capsys.readouterr().out
    assert not (clone / "exercises/sample.py").exists()


def test_answers_are_read_as_they_are(tmp_path, monkeypatch):
    """A file that changes within a second, and keeps its length, is read again."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    for value in "123":
        (tmp_path / "sample.py").write_text(f"x = {value}")
        assert load(tmp_path / "sample.py").x == int(value)


def test_a_sum_in_another_order_lies_within_rounding(rng, rounding):
    """|Σ x w - Σ w x reversed| ≤ 4 ε ‖x‖ ‖w‖, though the sum itself nearly vanishes."""
    x = rng.normal(size=1000)
    x = np.concatenate([x, -x]).astype(np.float32)
    w = np.ones_like(x)
    assert_allclose((x * w).cumsum()[-1], (x * w)[::-1].sum(), **rounding(x, w))
    assert rounding(x)["atol"] == pytest.approx(rounding(x, w)["atol"])


def test_the_generator_repeats_itself_and_nobody_else(request, rng):
    """It is seeded by the name of the test."""
    again = np.random.default_rng(list(request.node.nodeid.encode()))
    other = np.random.default_rng(list(b"another test"))
    first = rng.normal()
    assert first == again.normal()
    assert first != other.normal()


@pytest.fixture
def demanding(clone):
    """Run a file of tests with DLCORE_REQUIRE set; return what pytest says."""

    def run(required, source):
        (clone / "tests/test_sample.py").write_text(f"import pytest\n{source}")
        command = [sys.executable, "-m", "pytest", "-q", "tests"]
        demand = os.environ | {"DLCORE_REQUIRE": required}
        done = subprocess.run(command, cwd=clone, env=demand, capture_output=True, check=False)
        return done.stdout.decode()

    return run


def test_a_required_test_may_not_be_skipped(demanding):
    """DLCORE_REQUIRE="site data" turns a skipped data test into a failure."""
    skips = "@pytest.mark.data\ndef test_it():\n    pytest.skip('no files')\n"
    assert "1 skipped" in demanding("site", skips)
    said = demanding("site data", skips)
    assert "1 failed" in said
    assert "data is required, but Skipped: no files" in said


def test_a_file_that_skips_itself_hides_its_marks(demanding):
    """So it fails whenever anything is required."""
    skips = "pytest.skip('no Chromium', allow_module_level=True)\n"
    assert "tests are required, but Skipped: no Chromium" in demanding("data", skips)
