"""Known answers: the wrong ones fail, are recognised and have advice; the right ones pass."""

import re
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

from dlcore.course.exercises import skeleton, topics
from dlcore.course.exercises.reset import span
from dlcore.course.practice import known_mistakes, runner
from dlcore.course.practice.known_mistakes import alike
from tests.catalogue import sampled
from tests.course.known_submissions import load

TOPICS = topics.topics()
BLOCK = re.compile(r"^([\w-]+): (.+)\n((?:- .*\n)+)((?:\+ .*\n)*)", re.MULTILINE)


class Jury(runner.Runner):
    """Try the known answers to a topic, in one run of its tests."""

    says = ""  # of the last test that refused

    def study(self, items):
        """Keep of each answer whether some test refused it, and of a natural slip its calls."""
        topic = items[0].path.stem.removeprefix("test_")
        self.judged = [(wrong, *self.recorded(items, wrong)) for wrong in load("wrong", topic)]
        self.refusals = {}
        for kind, seconds in (("adversarial", runner.HURRY), ("right", runner.SECONDS)):
            self.hurry = seconds
            self.refusals[kind] = [(each, self.refusal(items, each)) for each in load(kind, topic)]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield from super().pytest_runtest_makereport(item, call)
        self.says = call.excinfo.exconly() if call.excinfo else self.says
        return report

    def tests(self, items, answer):
        """Run the tests of an exercise again, on an answer to it; yield the calls of each."""
        self.says = ""
        return self.again([i for i in items if self.name(i) == answer.exercise], answer.edit)

    def recorded(self, items, answer):
        """Return whether some test refused an answer, and the calls of all tests."""
        found = [(calls, self.refused) for calls in self.tests(items, answer)]
        recordings, refused = zip(*found, strict=True)
        return any(refused), recordings

    def refusal(self, items, answer):
        """Return what the first test said that refused an answer, or nothing."""
        return next((self.says for _ in self.tests(items, answer) if self.refused), "")


class Readers(runner.Runner):
    """Try wrong answers that nobody has written down, each as a reader's own."""

    def pytest_runtestloop(self, session):
        self.heard, topic = [], session.items[0].path.stem.removeprefix("test_")
        for exercise, cause, old, new in variants(topic):
            source = (topics.ROOT / f"solutions/{topic}.py").read_text(encoding="utf-8")
            path = Path(self.folder, f"{topic}.py")
            path.write_text(edited(source, exercise, old, new), encoding="utf-8")
            items = [item for item in session.items if self.name(item) == exercise]
            self.outcomes, self.recordings = [], {}
            for item in items:
                runtestprotocol(item, log=False, nextitem=None)
            self.study(items)
            self.heard.append((exercise, new, cause, said(runner.by_exercise(self.outcomes)[0])))
        return True


def variants(topic):
    """Read the edits that make right answers to a topic wrong, with what is to be heard."""
    text = (topics.ROOT / "tests/course/wrong_variants.txt").read_text(encoding="utf-8")
    lines = lambda block: "\n".join(line[2:] for line in block.splitlines())
    blocks = [match.groups() for match in BLOCK.finditer(text)]
    return [(name, *each, lines(old), lines(new)) for name, *each, old, new in blocks
            if name.startswith(f"{topic}-")]  # fmt: skip


def edited(source, exercise, old, new):
    """Change the answer to one exercise; a line of which nothing is left goes, too."""
    first, last = span(source, exercise)
    lines = source.splitlines(keepends=True)
    answer = "".join(lines[first:last])
    assert old in answer, f"{exercise} has no {old!r}"
    changed = re.sub(r"^ +\n", "", answer.replace(old, new), flags=re.MULTILINE)
    return "".join([*lines[:first], changed, *lines[last:]])


def said(outcome):
    """Join what a reader is told of an answer that fails."""
    finding = outcome.finding
    return " | ".join([*finding.says, outcome.cause or finding.likely]) if finding else ""


VARIED = [topic for topic in TOPICS if variants(topic)]


@pytest.fixture(scope="module", params=sampled(TOPICS, 4))
def judged(request):
    """The known answers to a topic, tried."""
    return runner.run([request.param], folder="solutions", plugin=Jury)


def test_every_wrong_answer_is_refused(judged):
    """At least one scored test of its exercise fails, for slips and for what is made to pass."""
    assert [wrong.says for wrong, refused, _ in judged.judged if not refused] == []
    paid = [answer for answer, refusal in judged.refusals["adversarial"] if not refusal]
    assert not paid, "\n".join(f"{answer.exercise}: {answer.says}" for answer in paid)


def test_every_right_answer_is_accepted(judged):
    """All scored tests of its exercise pass, however unusual it is."""
    refused = [(answer, refusal) for answer, refusal in judged.refusals["right"] if refusal]
    assert not refused, "\n".join(f"{a.exercise}: {a.says} {said}" for a, said in refused)


def test_wrong_answers_of_an_exercise_behave_differently(judged):
    """Otherwise the advice on one would be given to the author of another."""
    pairs = [(one, other) for i, one in enumerate(judged.judged) for other in judged.judged[:i]]
    rivals = [pair for pair in pairs if pair[0][0].exercise == pair[1][0].exercise]
    twins = [(one, other) for one, other in rivals if all(map(alike, one[2], other[2]))]
    assert [(one[0].says, other[0].says) for one, other in twins] == []


@pytest.mark.parametrize("topic", TOPICS)
def test_every_exercise_has_four_wrong_answers(topic):
    """Four plausible ones at least, under the name that the exercise asks for."""
    solution = (topics.ROOT / f"solutions/{topic}.py").read_text(encoding="utf-8")
    known = [(wrong.exercise, wrong.name) for wrong in load("wrong", topic)]
    names = skeleton.exercises_in(solution)
    assert {name for name, _ in known} <= set(names)
    assert {pair: known.count(pair) for pair in names.items() if known.count(pair) < 4} == {}


@pytest.mark.parametrize("topic", TOPICS)
def test_every_advice_is_a_sentence(topic):
    """It ends with a full stop, fits a line, and is given once."""
    advice = [(wrong.exercise, wrong.says) for wrong in load("wrong", topic)]
    sentence = re.compile(r"\S.{20,98}\.")
    assert [says for _, says in advice if not sentence.fullmatch(says)] == []
    assert len(advice) == len(set(advice))


def test_the_variants_are_many():
    """More than a hundred wrong answers that nobody has written down are tried."""
    assert sum(len(variants(topic)) for topic in TOPICS) > 100


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(VARIED[3::5], id="sample"),
        pytest.param(VARIED, id="all", marks=pytest.mark.catalogue),
    ],
)
def test_nine_of_ten_wrong_answers_hear_their_cause(told, tmp_path, monkeypatch):
    """Of those that nobody has written down, across the topics; on a slow machine, too."""
    monkeypatch.setattr(known_mistakes, "PATIENCE", 60.0)
    tried = (runner.run([topic], folder=str(tmp_path), plugin=Readers).heard for topic in told)
    heard = [each for topic in tried for each in topic]
    passed = [(exercise, new) for exercise, new, _, says in heard if not says]
    missed = [each for each in heard if not re.search(each[2], each[3])]
    assert passed == []
    assert len(missed) <= len(heard) // 10, missed
