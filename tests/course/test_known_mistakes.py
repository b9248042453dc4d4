"""What is found out about a wrong answer: how it behaves, what it is like, how small it fails."""

import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from dlcore.course.practice.call_recorder import Call, CallRecorder, Raised, same, snapshot
from dlcore.course.practice.error_pattern import error_pattern, layout
from dlcore.course.practice.known_mistakes import alike, described, distinct_texts
from dlcore.course.practice.shrink import plain, shrink, written

TABLE = np.array([[1.0, 2.5, -3.0], [0.5, 4.0, 7.0]])
N, REG = 5, 0.7


@pytest.fixture
def recorder():
    """An empty recorder."""
    return CallRecorder()


def test_a_recorder_keeps_the_calls_from_outside(recorder):
    """A function that calls another, or itself, was asked once."""
    down = recorder.wrap(lambda n: n and down(n - 1), "down")
    assert down(3) == 0
    assert [(call.name, call.args, call.result) for call in recorder.calls] == [
        ("down", {"n": 3}, 0)
    ]


def test_a_recorder_keeps_arguments_as_they_were(recorder):
    """Before the call and after it, whatever becomes of them later."""
    x = np.zeros(2)
    recorder.wrap(lambda x: x.__iadd__(1), "add")(x)
    x[:] = 9
    [call] = recorder.calls
    assert_array_equal([call.args["x"], call.after["x"]], [[0, 0], [1, 1]])


def test_a_recorder_keeps_errors(recorder):
    """The kind and the words; the error goes on to the test."""
    with pytest.raises(ZeroDivisionError):
        recorder.wrap(lambda x: 1 / x, "invert")(0)
    assert recorder.calls[0].result == Raised("ZeroDivisionError", "division by zero")


def test_a_recorder_follows_pullbacks_and_generators(recorder):
    """What a call returns may be asked in turn."""
    _, pullback = recorder.wrap(lambda x: (x, lambda y_bar: 2 * y_bar), "double")(1)
    pullback(4)
    list(recorder.wrap(lambda: (i for i in "ab"), "letters")())
    followed = [(call.name, call.result) for call in recorder.calls[1:]]
    assert followed[0] == ("double(…)", 8)
    assert [result for name, result in followed if name == "next(letters(…))"][:2] == ["a", "b"]


def test_behaviour_is_the_same_up_to_rounding():
    """Shapes exactly, entries to seven digits; a list of numbers is an array."""
    assert same(snapshot(TABLE.tolist()), snapshot(TABLE * (1 + 1e-12)))
    assert same(np.array([np.nan, np.inf]), np.array([np.nan, np.inf]))
    assert not same(TABLE, TABLE * (1 + 1e-5))
    assert not same(np.ones(3), np.ones((1, 3)))
    assert not same({"w": TABLE}, {"b": TABLE})


def test_what_becomes_of_an_argument_is_behaviour():
    """Two answers that return the same are not alike when one of them changes its argument."""
    x, call = np.zeros(2), Call("f", {"x": np.zeros(2)}, 0.0, {"x": np.zeros(2)})
    assert alike([call], [Call("f", {"x": x}, 0.0, {"x": x})])
    assert not alike([call], [Call("f", {"x": x}, 0.0, {"x": x + 1})])


def test_errors_are_alike_when_they_speak_of_the_same():
    """NumPy has many words for shapes that do not fit; where words count, they decide."""
    told = ("shapes (2,) and (3,) not aligned", "could not broadcast", "output array is read-only")
    calls = [Call("f", {}, Raised("ValueError", text), {}) for text in told]
    assert alike(calls[:1], calls[1:2], words=False)
    assert not alike(calls[:1], calls[1:2], words=True)
    assert not alike(calls[:1], calls[2:], words=False)


@pytest.mark.parametrize(
    ("actual", "desired", "says"),
    [
        (-TABLE, TABLE, "the numbers are right but for the sign"),
        (0 * TABLE, TABLE, "all that is returned is zero"),
        (TABLE / N, TABLE, "everything is 1/5 of what is wanted, and axis 0 of x has the length 5"),
        (TABLE * REG, TABLE, "everything is 0.7 times what is wanted, and reg is 0.7"),
        (TABLE + 2, TABLE, "everything is 2 too large"),
        (TABLE[::-1], TABLE, "the numbers are right, but in another order"),
        (TABLE[:, :2].T, TABLE[:, :2], "the rows and the columns are exchanged"),
        (TABLE * [[2], [3]], TABLE, "each row is wrong by a factor of its own: .* along axis 1"),
        (TABLE, TABLE + REG * np.cos(TABLE), "what is missing is 0.7 times w"),
        (3.0, 3.0 + REG / 2 * np.sum(np.cos(TABLE) ** 2), "reg/2 · Σ w² is missing"),
        (TABLE * (1 + 2e-6), TABLE, "right to 5 digits"),
        (np.cos(TABLE), TABLE, "$"),
    ],
)
def test_wrong_numbers_are_likened_to_right_ones(actual, desired, says):
    """One relation at a time, and none where there is none."""
    args = {"x": np.linspace(0, 1, N), "w": np.cos(TABLE), "reg": REG}
    told = error_pattern(actual, desired, args)
    assert re.match(says, told), told


@pytest.mark.parametrize(
    ("shape", "wanted", "says"),
    [
        ((3, 2), (2, 3), "rows and columns are exchanged"),
        ((5, 1), (5,), "an axis of length 1 is left over, or lost"),
        ((6,), (2, 3), "the number of entries is right, the axes are not"),
        ((5, 3), (), "is a sum or a mean missing"),
        ((5,), (5, 3), "axis 1 is lost"),
        ((5, 3), (5,), "axis 1 is too much"),
        ((7, 7), (5,), ""),
    ],
)
def test_wrong_shapes_are_likened_to_right_ones(shape, wanted, says):
    """An axis too much, an axis too few, or two exchanged."""
    assert says in layout(np.ones(shape), np.ones(wanted))


def test_an_input_shrinks_until_no_smaller_one_fails(rng):
    """Two rows are needed to see a sum over the batch; all numbers may be zero."""
    shares = lambda x: np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    batch = lambda x: np.exp(x) / np.exp(x).sum()
    found = shrink(batch, shares, {"x": rng.normal(size=(5, 3))})
    assert_array_equal(found["x"], [[0.0], [0.0]])


def test_lengths_shrink_together(rng):
    """A product keeps its inner axes of one length, and labels stay below the classes."""
    pick = lambda y, t: y[np.arange(len(t)), t]
    x, w, t = rng.normal(size=(5, 3)), rng.normal(size=(3, 4)), rng.integers(4, size=5)
    right, wrong = lambda x, w, t: pick(x @ w, t).sum(), lambda x, w, t: pick(x @ w, t).mean()
    found = shrink(wrong, right, {"x": x, "w": w, "t": t})
    assert [found[name].shape for name in "xwt"] == [(2, 1), (1, 1), (2,)]


def test_a_kink_is_no_disagreement():
    """Where a nudge makes two answers agree, either was right."""
    strict, loose = lambda x: 1.0 * (x > 0), lambda x: 1.0 * (x >= 0)
    assert shrink(loose, strict, {"x": np.zeros(3)}) is None


def test_what_the_book_refuses_is_no_input():
    """An error of the book's ends the search."""
    assert shrink(np.sum, np.linalg.inv, {"a": np.ones((2, 3))}) is None


@pytest.mark.parametrize(
    "value",
    [
        TABLE,
        np.arange(3),
        np.array([np.nan, np.inf]),
        {"w": TABLE, "b": [1, "two"]},
        (3,),
        (),
        0.1,
        None,
    ],
)
def test_what_is_written_can_be_pasted(value):
    """Evaluated, it is the value again."""
    assert plain(snapshot(value))
    assert same(eval(written(snapshot(value)), {"np": np}), snapshot(value))


def test_an_error_is_raised_and_not_returned():
    """The word before it says so."""
    overflow, wanted = Raised("RuntimeWarning", "overflow"), np.ones(1)
    says = described({}, [overflow, {}], [wanted, {}])
    assert says == ("raises  RuntimeWarning: overflow", "wanted  np.array([1.0])")


def test_two_results_are_written_with_digits_that_differ():
    """Ten where they suffice, and as many as it takes where they do not."""
    near = np.ones(1) * (1 + 1e-11)
    assert described({}, [near * 3, {}], [near, {}])[0] == "returns np.array([3.0])"
    says = described({}, [Raised("ValueError", "x"), {}], [near, {}])
    assert says[1] == "wanted  np.array([1.0])"
    assert distinct_texts(np.ones(1), near) == ("np.array([1.0])", "np.array([1.00000000001])")
