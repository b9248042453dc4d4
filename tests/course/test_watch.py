"""Watching answers: what a reader sees after a save or a key, tried on a book of one topic."""

import io
import re
import threading

import pytest
from rich.console import Console

from dlcore.course.exercises import skeleton
from dlcore.course.exercises.reset import reset
from dlcore.course.practice import runner, watch
from dlcore.course.practice.progress_file import PAUSE, Progress
from dlcore.course.practice.subprocess_runner import run_in_subprocess

HOLE = 'raise NotImplementedError("which operator drops the remainder?")'


@pytest.fixture
def path(clone):
    """The file of exercises, as it was cut."""
    skeleton.exercises()
    return clone / "exercises/sample.py"


@pytest.fixture
def solution(clone):
    """The text that solves everything."""
    return (clone / "solutions/sample.py").read_text()


@pytest.fixture
def session(path):
    """A session at its beginning, and the page that it last drew."""
    console = Console(file=io.StringIO(), width=100)
    run = lambda topics, k="": runner.run(topics, k=k)
    return watch.WatchSession(["sample"], console, run)


def page(session, *events):
    """Send events to a session and return what it drew after the last one."""
    for event in events:
        session.console.file = io.StringIO()
        session.take(event)
    return session.console.file.getvalue()


def test_a_save_runs_the_first_pending_exercise(session, path, solution):
    """Solve only the second exercise, and the first is still at hand."""
    path.write_text(skeleton.cut("sample").replace(HOLE, "half = size // 2"))
    assert "─ sample-softmax ─" in page(session, "sample")
    path.write_text(solution)
    assert "Every exercise passes." in page(session, "sample")


def test_a_pass_turns_to_the_next_exercise(session, path, solution):
    """And offers the book's own solution."""
    start = solution.index("    half = size // 2")
    path.write_text(solution[:start] + "    raise NotImplementedError('not yet')\n")
    seen = page(session, "sample")
    assert "✓ sample-softmax passes" in seen
    assert "─ sample-halves ─" in seen
    assert "powers = np.exp" in page(session, "s")


@pytest.mark.parametrize(("presses", "given"), [(0, 1), (1, 2), (2, 2)])
def test_each_press_of_h_gives_one_more_hint(session, presses, given):
    """There are two hints for the first exercise; the first stands in its hole."""
    session.run_tests()
    session.draw()
    seen = page(session, *"h" * presses)
    assert ("subtract the largest" in seen) + ("divide each row" in seen) == given


def test_the_list_marks_what_is_done_and_what_is_at_hand(session, path, solution):
    """✓ before what passes, ▸ before the exercise at hand."""
    path.write_text(solution.replace("size // 2", "size"))
    page(session, "sample")
    assert re.findall(r"([✓▸·]) sample-(\w+) +\d", page(session, "l")) == [
        ("✓", "softmax"),
        ("▸", "halves"),
    ]


def test_next_leaves_an_exercise_for_later(session):
    """From the first to the second, and round again."""
    assert "─ sample-halves ─" in page(session, "n")
    assert "─ sample-softmax ─" in page(session, "n")


def test_check_all_finds_what_fails_behind_the_readers_back(session, path, solution):
    """What has passed before is tried again."""
    path.write_text(solution)
    page(session, "sample")
    path.write_text(solution.replace("size // 2", "size"))
    seen = page(session, "c")
    assert "─ sample-halves ─" in seen
    assert "1 of 2 exercises" in seen


def test_a_reset_puts_one_hole_back_and_keeps_the_file(path, solution):
    """The other answers stay, and nothing is lost."""
    path.write_text(solution)
    said = reset("sample", "sample-halves")
    assert HOLE in path.read_text()
    assert "powers = np.exp" in path.read_text()
    assert path.with_name("sample.py.1").read_text() == solution
    assert "sample.py.1" in said


def test_a_second_reset_keeps_both_files(path):
    """Each backup has a name of its own."""
    for text in ("first = 1\n", "second = (\n"):
        path.write_text(text)
        reset("sample", "sample-halves")
    kept = [path.with_name(f"sample.py.{number}").read_text() for number in (1, 2)]
    assert kept == ["first = 1\n", "second = (\n"]
    assert path.read_text() == skeleton.cut("sample")


def test_progress_survives_the_terminal(session, path, solution):
    """Another session knows what has passed."""
    path.write_text(solution)
    page(session, "sample")
    assert Progress(["sample"]).pending() == []


@pytest.fixture
def passed(session, path, solution):
    """Both exercises have passed; the function takes an edit and lists what is pending after it."""
    path.write_text(solution)
    page(session, "sample")

    def pending(old, new):
        assert old in solution
        path.write_text(solution.replace(old, new))
        return [exercise.name for exercise in Progress(["sample"]).pending()]

    return pending


@pytest.mark.parametrize("new", ["half = size //", "half = (size // 2", 'half = "', "half = 7"])
def test_an_answer_that_is_spoiled_takes_no_other_one_back(passed, new):
    """An answer is known by itself, in a file that is no Python too."""
    assert passed("half = size // 2", new) == ["sample-halves"]


@pytest.mark.parametrize(("old", "new"), [
    ("import numpy as np\n", "import numpy as np\n\n# of my own\n"),
    ("half = size // 2", "half = size // 2  # drops the remainder"),
])  # fmt: skip
def test_comments_and_empty_lines_take_nothing_back(passed, old, new):
    """The fingerprint is that of the program, not of its text."""
    assert passed(old, new) == []


def test_what_an_answer_uses_is_part_of_it(passed):
    """Another import, another constant, another helper: the exercise is tried again."""
    assert passed("import numpy as np", "import math as np") == ["sample-softmax"]


def test_a_check_of_a_file_that_is_broken_takes_nothing_back(passed, session, path, solution):
    """`c` runs all tests; none of them says anything about an answer."""
    passed("half = size // 2", "half = size //")
    page(session, "c")
    path.write_text(solution)
    assert Progress(["sample"]).pending() == []


def test_a_change_of_its_tests_makes_an_exercise_pending(passed, clone):
    """And no other one."""
    tests = clone / "tests/test_sample.py"
    tests.write_text(tests.read_text().replace("halves(7) == (3, 4)", "halves(9) == (4, 5)"))
    assert passed("size", "size") == ["sample-halves"]


def test_time_is_kept_with_the_exercise_at_hand(session, monkeypatch):
    """Two minutes are two minutes; an hour without a save counts as a pause, a quarter of one."""
    now = [session.since]
    monkeypatch.setattr(watch.time, "monotonic", lambda: now[0])
    for seconds, known in ((120, 120), (3600, 120 + PAUSE)):
        now[0] += seconds
        page(session, "h")
        assert Progress(["sample"]).spent([session.exercise]) == known


def test_the_page_says_what_is_asked_and_where(session):
    """Name, points, chapter, the line to edit, and the docstring."""
    seen = page(session, "l")
    assert "sample-softmax   2 points" in seen
    assert "book/sample.md" in seen
    assert "exercises/sample.py:8, and save" in seen
    assert "Turn scores into probabilities." in seen


def test_an_exercise_can_be_watched_by_its_name(path):
    """`dlcore watch sample-halves`  begins there."""
    session = watch.WatchSession(["sample"], exercise="sample-halves")
    assert session.exercise.name == "sample-halves"


def test_a_broken_progress_file_costs_nothing_but_the_progress(path):
    """Lines that say nothing are passed over."""
    (path.parents[1] / ".progress").write_text("one two three\n\nnonsense\nsample-softmax 0\n")
    assert len(Progress(["sample"]).pending()) == 2


def test_a_save_that_changes_nothing_is_passed_over(session):
    """The page is drawn once."""
    session.run_tests()
    assert page(session, "sample") == ""


def test_q_ends_the_session(session):
    """And no other key does."""
    assert [session.take(key) for key in "qxl"] == [False, True, True]


def test_answers_that_kill_their_process_do_not_kill_the_watch(path, solution):
    """A signal ends the process that runs the tests, and that is what is said."""
    killed = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    path.write_text(solution.replace("half = size // 2", killed))
    tried = run_in_subprocess(["sample"], "sample-halves")
    assert tried.broken == ["the process of your answers died: exit code -9"]


def test_saves_are_noticed(path, solution):
    """A file that is written becomes an event that names its topic."""
    events, found = watch.event_stream(["sample"]), []
    ready = threading.Thread(target=lambda: found.append(next(events)))
    ready.start()
    for _ in range(40):
        path.write_text(solution)
        ready.join(0.1)
        if found:
            break
    assert found == ["sample"]
