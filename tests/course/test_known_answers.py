"""Answers whose verdict is known: enough of them, and judged rightly in the sandbox, too."""

import re

import pytest

from dlcore.course.exercises import skeleton, topics
from dlcore.course.exercises.marks import exercises_of
from dlcore.course.grading.judge import Judge
from dlcore.course.sandbox import confine
from tests.catalogue import sampled
from tests.course.judges import verdicts
from tests.course.known_submissions import KINDS, helpers, load, submissions

TOPICS = topics.topics()
LOCKED = pytest.mark.skipif(not confine.landlock_version(), reason="no Landlock")
UNFIT = ("NameError", "ImportError", "ModuleNotFoundError")  # the answer was never tried
SECONDS = 2.0  # of a worker, which some answers use up


@pytest.fixture(scope="module", params=sampled(TOPICS, 8))
def judged(request):
    """The verdicts of the sandboxed judge on adversarial and on right answers to a topic.

    Exercises without points are practice, which no judge is given.
    """
    graded = [exercise.name for exercise in exercises_of(request.param) if exercise.points]
    of_graded = lambda kind: [
        pair for pair in submissions(kind, request.param) if pair[0].exercise in graded
    ]
    pairs = {kind: of_graded(kind) for kind in ("adversarial", "right")}
    judge = Judge([request.param], tier="T1", key=b"secret", seconds=SECONDS)
    ends = iter(verdicts(judge, *(item for kind in pairs for _, item in pairs[kind])))
    return {kind: [(answer, next(ends)) for answer, _ in pairs[kind]] for kind in pairs}


def listed(pairs):
    """Write answers and their verdicts down, a line each."""
    said = lambda end: f"{end.status} {end.claim}: {' '.join(end.says)}"
    return "\n".join(f"{answer.exercise}: {answer.says} {said(end)}" for answer, end in pairs)


@LOCKED
@pytest.mark.sandbox
def test_no_adversarial_answer_is_paid(judged):
    """Each was tried, and refused or stopped: none fails for want of a name or a module."""
    refusals = ("fail", "error", "timeout", "crash")
    tried = lambda end: end.status in refusals and not end.says[0].startswith(UNFIT)
    paid = [(answer, end) for answer, end in judged["adversarial"] if not tried(end)]
    assert not paid, listed(paid)


@LOCKED
@pytest.mark.sandbox
def test_no_right_answer_is_refused(judged):
    """Every unusual right answer passes."""
    refused = [(answer, end) for answer, end in judged["right"] if end.status != "pass"]
    assert not refused, listed(refused)


@pytest.mark.parametrize("topic", TOPICS)
def test_every_exercise_has_ten_known_answers(topic):
    """Eight wrong ones at least, four of them made to pass; two right ones, if it is graded."""
    known = {kind: [answer.exercise for answer in load(kind, topic)] for kind in KINDS}
    every = [exercise.name for exercise in exercises_of(topic)]
    graded = [exercise.name for exercise in exercises_of(topic) if exercise.points]
    wrong = {name: (known["wrong"] + known["adversarial"]).count(name) for name in every}
    right = {name: known["right"].count(name) for name in graded}
    assert {name: count for name, count in wrong.items() if count < 8} == {}
    assert {name: count for name, count in right.items() if count < 2} == {}
    made = {name: known["adversarial"].count(name) for name in every}
    assert {name: count for name, count in made.items() if count < 4} == {}


@pytest.mark.parametrize("topic", TOPICS)
def test_known_answers_replace_what_an_exercise_asks_for(topic):
    """Each has the name of the function or class of its exercise, and says one sentence."""
    asked = skeleton.exercises_in((topics.ROOT / f"solutions/{topic}.py").read_text("utf-8"))
    answers = [answer for kind in KINDS for answer in load(kind, topic)]
    assert [a for a in answers if asked.get(a.exercise) != a.name] == []
    assert [a.says for a in answers if not re.fullmatch(r"\S.{5,98}\.", a.says)] == []
    assert len(answers) == len({(answer.exercise, answer.says) for answer in answers})


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("kind", ["adversarial", "right"])
def test_helpers_of_known_answers_replace_nothing(kind, topic):
    """Otherwise a submission would change what other functions of the solution call."""
    text = (topics.ROOT / f"solutions/{topic}.py").read_text("utf-8")
    names = {}
    exec(compile(text, topic, "exec"), names)
    assert helpers(kind, topic) & {*names} == set()
