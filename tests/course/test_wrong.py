"""Known answers: the wrong ones fail, are recognised and have advice; the right ones pass."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

from dlcore.course.exercises import known_answers, skeleton, topics
from dlcore.course.exercises.reset import span
from dlcore.course.practice import known_mistakes, runner
from dlcore.course.practice.diagnosis import Finding
from dlcore.experiments import experiment
from dlcore.verification import causes
from tests.catalogue import sampled
from tests.course.known_submissions import load

TOPICS = topics.topics()
BLOCK = re.compile(r"^([\w-]+): (.+)\n((?:- .*\n)+)((?:\+ .*\n)*)", re.MULTILINE)


class Readers(runner.Runner):
    """Try wrong answers that nobody has written down, each as a reader's own."""

    def pytest_runtestloop(self, session):
        self.advised, topic = [], session.items[0].path.stem.removeprefix("test_")
        for exercise, cause, old, new in variants(topic):
            source = (topics.ROOT / f"solutions/{topic}.py").read_text(encoding="utf-8")
            path = Path(self.folder, f"{topic}.py")
            path.write_text(edited(source, exercise, old, new), encoding="utf-8")
            items = [item for item in session.items if self.name(item) == exercise]
            self.outcomes, self.recordings = [], {}
            for item in items:
                runtestprotocol(item, log=False, nextitem=None)
            self.study(items)
            self.advised.append((exercise, new, cause, said(runner.by_exercise(self.outcomes)[0])))
        return True


def variants(topic):
    """Read the edits that make right answers to a topic wrong, with what is to be said."""
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
    """Join what a reader reads about an answer that fails."""
    finding = outcome.finding
    return " | ".join([*finding.says, outcome.cause or finding.likely]) if finding else ""


VARIED = [topic for topic in TOPICS if variants(topic)]


@pytest.fixture(scope="module", params=sampled(TOPICS, 4))
def trials(request):
    """The known answers to a topic, tried."""
    return causes.trials(request.param)


def complaints(trials):
    """Write trials down, a line or two each."""
    return "\n".join(map(causes.complaint, trials))


def test_every_wrong_answer_is_refused(trials):
    """At least one scored test of its exercise fails, for slips and for what is made to pass."""
    accepted = [trial for trial in trials if trial.kind != "right" and not trial.finding]
    assert not accepted, complaints(accepted)


def test_every_right_answer_is_accepted(trials):
    """All tests of its exercise pass, those of its docstring too, however unusual it is."""
    refused = [trial for trial in trials if trial.kind == "right" and trial.finding]
    assert not refused, complaints(refused)


def test_no_wrong_answer_is_told_the_cause_of_another(trials):
    """Whatever it is taken for is itself, or admitted; also when nobody had written it down."""
    taken = [trial for trial in trials if trial.kind != "right" and trial.verdict == "false"]
    assert not taken, complaints(taken)


def test_nine_of_ten_known_answers_are_told_a_cause(trials):
    """Those that are not are slow, endless, or say the same as the right one when they fail."""
    counts = causes.counted(trials)
    assert 10 * counts["true"] >= 9 * counts["wrong"], complaints(trials)


def test_the_table_counts_what_is_amiss():
    """An accepted answer, one that is taken for another, one without a cause, a refused one."""
    answers = [known_answers.KnownAnswer("x", "f", says, None) for says in ("One.", "Other.")]
    one, other = answers
    finding = Finding("values", ("a number is wrong",))
    tried = [
        causes.Trial("wrong", one, None),
        causes.Trial("wrong", one, finding, "", one, None),
        causes.Trial("wrong", one, finding, "", one, other),
        causes.Trial("adversarial", replace(one, also="Oth"), finding, "", other, other),
        causes.Trial("adversarial", one, finding),
        causes.Trial("adversarial", one, finding, "everything is 3 too large"),
        causes.Trial("right", one, finding),
    ]
    counts = dict(zip(causes.COLUMNS, (6, 1, 3, 1, 1, 1, 1, 1), strict=True))
    assert causes.counted(tried) == counts
    assert [bool(causes.complaint(each)) for each in tried] == [1, 0, 1, 0, 1, 0, 1]


def test_a_record_is_written_topic_by_topic(tmp_path, monkeypatch):
    """What it says of other topics stays, in the order of the book."""
    monkeypatch.setattr(experiment, "RESULTS", tmp_path)
    for number, topic in enumerate(["loss", "descent", "loss"]):
        causes.write(topic, dict.fromkeys(causes.COLUMNS, number), 2.0)
    found = experiment.record(causes.RECORD)
    assert list(found["history"]["topics"]) == ["descent", "loss"]
    assert found["values"] == dict.fromkeys(causes.COLUMNS, 3) | {"part": 1.0}
    assert found["seconds"] == 4.0


def test_the_record_keeps_its_bounds():
    """Of at least 600 wrong answers none is accepted, of at least 200 right ones none refused."""
    found = experiment.record(causes.RECORD)
    values = found["values"]
    assert values == causes.summed(found["history"]["topics"])
    assert [values[name] for name in ("accepted", "false", "refused")] == [0, 0, 0]
    assert values["wrong"] >= 600
    assert values["right"] >= 200
    assert values["part"] >= 0.9


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
    "topics_tried",
    [
        pytest.param(VARIED[3::5], id="sample"),
        pytest.param(VARIED, id="all", marks=pytest.mark.catalogue),
    ],
)
def test_nine_of_ten_wrong_answers_get_their_cause(topics_tried, tmp_path, monkeypatch):
    """Of those that nobody has written down, across the topics; on a slow machine, too."""
    monkeypatch.setattr(known_mistakes, "PATIENCE", 60.0)
    answers = lambda topic: runner.run([topic], folder=str(tmp_path), plugin=Readers).advised
    advised = [each for topic in topics_tried for each in answers(topic)]
    passed = [(exercise, new) for exercise, new, _, says in advised if not says]
    missed = [each for each in advised if not re.search(each[2], each[3])]
    assert passed == []
    assert len(missed) <= len(advised) // 10, missed
