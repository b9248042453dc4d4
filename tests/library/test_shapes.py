"""The vocabulary of shapes: every call is held to its signature."""

import numpy as np
import pytest

from dlcore.ops.linear import linear
from dlcore.ops.loss import cross_entropy
from dlcore.shapes import Filters, Images, Labels, Scalar, Scores, ShapeError, Tensor, checked


def test_letters_that_agree_let_a_call_pass():
    """(N, D) (D, M) + (M,) → (N, M)."""
    assert linear(np.ones((2, 3)), np.ones((3, 4)), np.ones(4)).shape == (2, 4)


def test_a_letter_has_one_size_in_a_call():
    """D cannot be 3 in x and 5 in w; the message names the letter, both sizes and both arrays."""
    message = r"linear: D is 3 in x but 5 in w \(axes \(D, M\), shape \(5, 4\)\)"
    with pytest.raises(ShapeError, match=message):
        linear(np.ones((2, 3)), np.ones((5, 4)), np.ones(4))


def test_an_array_must_have_the_axes_declared():
    """A vector is no batch."""
    with pytest.raises(ShapeError, match=r"linear: x must have axes \(N, D\), got shape \(3,\)"):
        linear(np.ones(3), np.ones((3, 4)), np.ones(4))


def test_a_result_is_held_to_the_signature_too():
    """A function that returns other axes than it promised is caught in the act."""

    @checked
    def total(x: Scores) -> Scalar:
        return x.sum(axis=0)

    with pytest.raises(ShapeError, match=r"the result must have axes \(\), got shape \(3,\)"):
        total(np.ones((2, 3)))


@pytest.mark.parametrize(
    ("x", "t", "message"),
    [
        (np.ones((2, 3), int), np.zeros(2, int), "x must hold floats, got int64"),
        (np.ones((2, 3), complex), np.zeros(2, int), "x must hold floats, got complex128"),
        (np.ones((2, 3), object), np.zeros(2, int), "x must hold floats, got object"),
        (np.ones((2, 3)), np.zeros(2), "t must hold integers, got float64"),
        (np.ones((2, 3)), np.array([0, 3]), "t holds label 3 but x has K = 3 classes, use 0 to 2"),
        (np.ones((2, 3)), np.array([-1, 0]), "t holds label -1 but x has K = 3 classes"),
    ],
)
def test_numbers_of_the_wrong_kind_are_refused(x, t, message):
    """Labels are integers below K, everything else is float32 or float64."""
    with pytest.raises((TypeError, ValueError), match=message):
        cross_entropy(x, t)


def test_lists_are_taken_for_arrays():
    """A reader may write a small case as lists."""
    assert float(cross_entropy([[0.0, 0.0]], [1])) == pytest.approx(np.log(2))


def test_three_dots_allow_any_shape():
    """`Tensor` says nothing about axes, only that the numbers are floats."""

    @checked
    def same(x: Tensor, t: Labels) -> Tensor:
        return x

    assert same(np.ones((2, 3, 4)), np.zeros(9, int)).shape == (2, 3, 4)


@checked
def filtered(x: Images, w: Filters, *, groups=1) -> Images:
    """Take images and filters that agree, and return the images."""
    return x


@pytest.mark.parametrize("options", [{}, {"groups": 1}, {"groups": 3}])
def test_an_axis_may_be_a_part_of_another(options):
    """C/groups in w, times the option of that name, is C in x."""
    x, parts = np.ones((2, 6, 5, 4)), options.get("groups", 1)
    assert filtered(x, np.ones((9, 6 // parts, 3, 2)), **options) is x


@pytest.mark.parametrize(
    ("C", "options", "message"),
    [
        (3, {}, r"C is 6 in x but 3 in w \(axes \(F, C/groups, U, V\), shape \(4, 3, 5, 5\)\)"),
        (6, {"groups": 2}, "C is 6 in x but 6 · 2 groups in w"),
        (1, {"groups": 4}, "C is 6 in x but 1 · 4 groups in w"),
    ],
)
def test_a_part_that_does_not_fit_is_refused(C, options, message):
    """The message names the letter, both sizes, both arrays, and into how many parts it goes."""
    with pytest.raises(ShapeError, match=f"filtered: {message}"):
        filtered(np.ones((2, 6, 5, 4)), np.ones((4, C, 5, 5)), **options)
