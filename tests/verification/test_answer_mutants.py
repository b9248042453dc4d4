"""Slips of one token in the solutions: the scored tests refuse them."""

import pytest

from dlcore.course.exercises import topics
from dlcore.verification.code_mutants import equivalent
from dlcore.verification.mutants_of_answers import EQUIVALENT, trials
from tests.catalogue import sampled

TOPICS = topics.topics()


@pytest.mark.parametrize("topic", sampled(TOPICS, 8))
def test_a_slip_of_one_token_is_not_paid(topic):
    """Ninety-nine of a hundred mutants are refused, or listed with the reason why not."""
    judged = trials(topic)
    alive = [each for each in judged if not each.refused]
    paid = [f"{each.exercise}: {each.mutant}" for each in alive if not each.reason]
    assert len(paid) <= len(judged) // 100, paid


@pytest.mark.parametrize("topic", TOPICS)
def test_every_reason_is_a_sentence(topic):
    """It says why the mutant computes what the exercise asks for."""
    reasons = equivalent(topics.ROOT / EQUIVALENT.format(topic))
    assert all(len(reason) > 10 for reason in reasons.values())
