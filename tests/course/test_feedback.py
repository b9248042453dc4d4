"""Feedback on answers: what is named, what is interrupted, and what is never given away."""

import time

import numpy as np
import pytest

from dlcore.course.practice import runner, time_limit
from dlcore.course.practice.call_recorder import Call, Opaque
from dlcore.course.practice.check import check
from dlcore.course.practice.diagnosis import diagnose, distinct, without_addresses
from dlcore.course.practice.docstring_examples import check_example, examples_of
from dlcore.course.practice.known_mistakes import structure

HALF = "half = size // 2"
SPLIT = "return half, size - half"
EXAMPLE = '''Split a number of things in two.

    >>> halves(7)
    (3, 4)
    >>> from fractions import Fraction
    >>> halves(1)[1] / 3
    0.33333333
    """'''
ENDLESS = "while True:\n        pass"


@pytest.fixture
def told(clone, capsys):
    """What `dlcore check sample -k halves` says of the solution after an edit."""

    def tell(old="", new="", **options):
        solution = (clone / "solutions/sample.py").read_text()
        assert old in solution
        (clone / "exercises/sample.py").write_text(solution.replace(old, new))
        check("sample", k="halves", **options)
        return capsys.readouterr().out

    return tell


@pytest.fixture
def shown(clone, told):
    """The same, where the docstring shows examples and the test accepts whatever is positive."""
    for folder, old, new in (
        ("solutions/sample", 'Split a number of things in two."""', EXAMPLE),
        ("tests/test_sample", "== (3, 4)", "> (0, 0)"),
    ):
        path = clone / f"{folder}.py"
        path.write_text(path.read_text().replace(old, new))
    examples_of.cache_clear()
    yield told
    examples_of.cache_clear()


def test_the_examples_of_a_docstring_are_tried(shown):
    """The scored test is content with (4, 3), the docstring is not."""
    assert "✓ sample-halves" in shown()
    page = shown("size // 2", "(size + 1) // 2")
    assert "The examples of the docstring hold" in page
    assert "[0] is 4, wanted 3" in page


def test_the_examples_are_those_of_the_cut(shown):
    """A reader who deletes them is held to them all the same."""
    page = shown(EXAMPLE.partition(".")[2], '"""\n    size += 2\n')
    assert "The examples of the docstring hold" in page


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (np.float64(1 / 3), "0.33333333"),
        (np.float32(0.1), "0.1"),
        (np.array([1e-9, 1.0]), "array([0., 1.])"),
        ([1, 2], "(1, 2)"),
        ((np.ones(2), np.zeros(1)), "(array([1., 1.]), array([0.]))"),
        ({"a": 1}, "{'a': 1.0}"),
        (np.True_, "True"),
        (None, ""),
    ],
)
def test_an_example_is_compared_as_numbers_are(value, want):
    """Neither the last digit decides, nor how a number is printed."""
    check_example("f()", value, want)


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (0.34, "0.33333333"),
        (None, "(1, 2)"),
        ((1, 2, 3), "(1, 2)"),
        (np.ones(3), "array([[1., 1., 1.]])"),
        ({"a": 1}, "{'b': 1}"),
        (False, "True"),
        (np.ones(1), "(array([1.]), array([0., 1.]))"),
    ],
)
def test_an_example_refuses_what_it_does_not_show(value, want):
    """Other numbers, other shapes, other keys."""
    with pytest.raises(AssertionError):
        check_example("f()", value, want)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (SPLIT, "half", "halves has no `return`: it returns None"),
        (SPLIT, "return half", "halves returns one value, and 2 are asked for"),
        (SPLIT, "return half, half, half", "halves returns 3 values, and 2 are asked for"),
        (SPLIT, "return lambda: half", "halves returns one value, and 2 are asked for"),
        (
            SPLIT,
            "for _ in range(size):\n        half = half - 1\n        return half, size",
            "the `return` in line 25 is inside of the loop, which ends in its first round",
        ),
    ],
)
def test_a_slip_of_return_is_named(told, old, new, says):
    """Forgotten, of too few values, of too many, in the first round of a loop."""
    assert says in told(old, new)


def test_a_return_behind_a_condition_is_no_slip(told):
    """A loop that looks for something returns when it has found it."""
    loop = "for half in range(size):\n        if half > 0:\n            return half, size"
    assert "inside of the loop" not in told(SPLIT, loop)


def test_what_never_ends_has_not_forgotten_its_return(told):
    """It is still running: what it would return is not known."""
    page = told(SPLIT, ENDLESS)
    assert "still running" in page
    assert "no `return`" not in page


def test_functions_and_numbers_are_told_apart():
    """A pullback that was called too early, and a value that was not."""
    f = Opaque("function")
    assert structure("f", np.ones(2), f) == "f returns no function, where a function is asked for"
    assert structure("f", f, np.ones(2)) == "f returns a function, where no function is asked for"
    assert structure("f", np.ones(2), np.zeros(2)) == ""


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("import sys; sys.exit(3)", "sys.exit(3) ends the program: return a value"),
        ("import os; os._exit(0)", "os._exit(0) ends the program: return a value"),
        ("raise SystemExit", "sys.exit(None) ends the program: return a value"),
        ("breakpoint()", "breakpoint() waits for a debugger: take it out, or print instead"),
        ("import os; os.abort()", "os.abort() ends the program"),
    ],
)
@pytest.mark.parametrize("where", [HALF, "import numpy as np"])
def test_what_would_end_the_program_is_named(told, line, says, where):
    """In a function, and when the file is read; the program goes on."""
    assert says in told(where, line if where == HALF else f"{where}\n{line}")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_file_in_another_encoding_is_named(clone, capsys, encoding):
    """In one line, which says what to do."""
    text = (clone / "solutions/sample.py").read_text()
    (clone / "exercises/sample.py").write_text(text, encoding=encoding)
    check("sample")
    page = capsys.readouterr().out
    assert "exercises/sample.py is no UTF-8 text, save it as UTF-8" in page
    assert "Traceback" not in page


def test_an_endless_loop_is_tried_once(told, clone, monkeypatch):
    """Other tests of the exercise would not end either."""
    monkeypatch.setattr(runner, "SECONDS", 0.3)
    path = clone / "tests/test_sample.py"
    path.write_text(path.read_text().replace('"sample-softmax", points=2', '"sample-halves"'))
    page = told("    powers = ", f"    print('asked')\n    {ENDLESS}\n    powers = ")
    assert "still running after 0.3 seconds" in page
    assert "✗ sample-halves" in page
    assert page.count("asked") == 1


def test_an_endless_import_is_tried_once(told, monkeypatch):
    """Every exercise of the file has the same finding."""
    monkeypatch.setattr(runner, "SECONDS", 0.3)
    page = told(
        "import numpy as np", f"import numpy as np\n\n{ENDLESS.replace('        ', '    ')}"
    )
    assert page.count("import") >= 1
    assert "still running after 0.3 seconds" in page


def test_an_answer_that_sleeps_is_interrupted(told, monkeypatch):
    """It takes no time of the processor."""
    monkeypatch.setattr(time_limit, "NAP", 0.2)
    assert "asleep" in told(HALF, "import time; time.sleep(60)")


def test_the_time_of_a_test_is_not_charged_to_the_answer(told, clone, monkeypatch):
    """The algebra of the book may take longer than an answer is allowed."""
    monkeypatch.setattr(runner, "SECONDS", 0.2)
    path = clone / "tests/test_sample.py"
    burn = "import time; end = time.process_time() + 0.5\n    while time.process_time() < end: pass"
    path.write_text(
        path.read_text().replace(
            "    assert answers.halves", f"    {burn}\n    assert answers.halves"
        )
    )
    assert "✓ sample-halves" in told()


def burn(seconds):
    """Use the processor for some seconds."""
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def test_all_calls_of_a_test_share_their_time():
    """Of eight calls of 0.05 seconds no more than four end within 0.2 seconds."""
    guard = time_limit.Guard(0.2)
    ended = []

    def call():
        with guard():
            burn(0.05)
        ended.append(1)

    with pytest.raises(TimeoutError, match=r"still running after 0\.2 seconds"):
        [call() for _ in range(8)]
    assert len(ended) <= 4


def test_limits_may_be_nested():
    """The outer one goes on where the inner one ends."""

    @time_limit.limit(0.3)
    def call():
        with time_limit.limit(5.0):
            pass
        burn(5.0)

    with pytest.raises(TimeoutError, match=r"0\.3 seconds"):
        call()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([], "wrong_lines() returns 0 entries, 3 are asked for"),
        ([3, 2, 5], "wrong_lines() is [3, 2, 5]: entry [2] is not right"),
        ([1, 2, 5], "wrong_lines() is [1, 2, 5]: entries [0], [2] are not right"),
        (None, "wrong_lines() is None, which is not right"),
    ],
)
def test_an_answer_without_arguments_is_never_given_away(given, says):
    """There is one answer only: the numbers that are wanted are not shown."""
    call = Call("wrong_lines", {}, given, {})
    message = (
        f"assert {given} == [3, 2, 4]\n  \n  At index 2 diff: 5 != 4\n  Use -v to get more diff"
    )
    assert diagnose(AssertionError(message), "exercises/sample.py", [call]).says == (says,)


def test_numbers_are_written_with_the_digits_that_differ():
    """Ten where they suffice, more where they do not."""
    assert distinct(np.float64(0.1), np.float64(0.2)) == ("0.1", "0.2")
    assert distinct(np.float64(1), np.float64(1) + 1e-15) == ("1", "1.0000000000000011")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<function test.<locals>.<lambda> at 0x7f1>", "a lambda"),
        ("<function a.b at 0x7f1> is None", "b is None"),
        ("<built-in function sum>", "sum"),
        ("<bound method A.b of <m.A object at 0x7f1>>", "b"),
        ("<generator object f at 0x7f1>", "a generator"),
        ("a < b > c", "a < b > c"),
    ],
)
def test_nothing_is_named_by_its_address(text, plain):
    """What lies where in memory is nobody's business."""
    assert without_addresses(text) == plain
