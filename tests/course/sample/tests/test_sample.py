"""Sample.  Each test is a claim about an exercise, but for the last."""

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
def test_seven_is_three_and_four(answers):
    """The first half drops the remainder, the second takes it."""
    assert answers.halves(7) == (3, 4)


def test_that_scores_nothing(answers):
    """Not an exercise."""
