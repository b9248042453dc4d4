"""Try every known answer as a reader's own, and count verdicts and causes.

A wrong answer is to be refused, and its cause named. It is asked twice what is said about it: once
as it is, and once as if nobody had written it down, so that whatever is said comes from a rule, or
from another wrong answer that behaves alike. Rules state what was found in the text, or among the
numbers. A sentence on another answer is true only if this one admits it (``also``), else false.
"""

import ast
import inspect
import textwrap
import time
from collections import Counter
from dataclasses import dataclass

from dlcore.course.exercises import known_answers, topics
from dlcore.course.exercises.known_answers import KnownAnswer
from dlcore.course.practice import docstring_examples, runner
from dlcore.course.practice.diagnosis import KINDS, diagnose
from dlcore.course.practice.known_mistakes import agreed, alike, only_errors, wrong_structure
from dlcore.course.practice.source_patterns import pattern
from dlcore.experiments import experiment

SECONDS = 2.0  # of the processor for a wrong answer in one test
FILES = {"wrong": "wrong", "adversarial": "wrong/adversarial", "right": "right"}
LOADERS = {
    "wrong": known_answers.load_wrong,
    "adversarial": known_answers.load_adversarial,
    "right": known_answers.load_right,
}
RECORD = "known-answers"
COLUMNS = ("wrong", "accepted", "true", "none", "false", "by rule", "right", "refused")


@dataclass(frozen=True)
class Trial:
    """What became of a known answer: refused or not, and what is said to be the cause.

    `rule` is what text or numbers say; `known` is the answer that it was taken for, and `alike`
    the one that it would be taken for if it were not known itself.
    """

    kind: str
    answer: KnownAnswer
    finding: object
    rule: str = ""
    known: KnownAnswer | None = None
    alike: KnownAnswer | None = None

    @property
    def verdict(self):
        """Name the column of the table that the cause belongs to."""
        if any(other and not self.answer.admits(other) for other in (self.known, self.alike)):
            return "false"
        return "true" if self.rule or self.known else "none"


class Examiner(runner.Runner):
    """Try the known answers to a topic, in one run of its tests.

    Scored tests have to refuse by themselves; what is right agrees with its docstring as well.
    """

    hurry = SECONDS
    finding = None
    file = ""

    def study(self, items):
        """Keep what becomes of each answer."""
        self.trials = []
        topic = items[0].path.stem.removeprefix("test_")
        answers = {kind: load(topic) for kind, load in LOADERS.items()}
        for name in dict.fromkeys(map(self.name, items)):
            tests = [item for item in items if self.name(item) == name]
            chosen = {kind: [a for a in answers[kind] if a.exercise == name] for kind in answers}
            self.trials += self.examine(topic, tests, chosen)

    def examine(self, topic, tests, chosen):
        """Try the answers to one exercise."""
        scored = [test for test in tests if test.originalname != docstring_examples.NAME]
        book = list(self.again(scored, {}))
        tests = {"wrong": scored, "adversarial": scored, "right": tests}
        tried = {
            kind: [self.tried(topic, kind, tests[kind], answer) for answer in chosen[kind]]
            for kind in chosen
        }
        wrong = tried["wrong"] + tried["adversarial"]
        for one in wrong:
            yield self.explained(one, wrong, book)
        for kind, answer, findings, _ in tried["right"]:
            yield Trial(kind, answer, next(filter(None, findings), None))

    def tried(self, topic, kind, tests, answer):
        """Run the tests on an answer; return its kind, itself, its findings and its calls."""
        self.file = topics.ROOT / f"solutions/{FILES[kind]}/{topic}.py"
        self.hurry = runner.SECONDS if kind == "right" else SECONDS
        findings, recordings = [], []
        for calls in self.again(tests, answer.edit):
            findings.append(self.finding)
            recordings.append(calls)
        return kind, answer, findings, recordings

    def pytest_runtest_makereport(self, item, call):
        report = yield
        if self.edits is not None and (call.when == "call" or call.excinfo):
            error = call.excinfo and call.excinfo.value
            self.finding = diagnose(error, self.file, self.recorder.calls) if error else None
        return report

    pytest_runtest_makereport = runner.pytest.hookimpl(wrapper=True)(pytest_runtest_makereport)

    def explained(self, one, wrong, book):
        """Name the cause of a wrong answer, with it among the known ones and without it."""
        kind, answer, findings, recordings = one
        found = [i for i, finding in enumerate(findings) if finding]
        if not found:
            return Trial(kind, answer, None)
        worst = min(found, key=lambda i: KINDS.index(findings[i].kind))
        rule = (
            pattern(tree(answer.function))
            or wrong_structure(recordings[worst], book[worst])
            or findings[worst].likely
        )
        if findings[worst].kind == "mutation":
            rule = rule or findings[worst].says[0]
            wrong = [known for known in wrong if known[0] == "wrong"]
        others = [other for other in wrong if other is not one]
        return Trial(
            kind, answer, findings[worst], rule, like(recordings, wrong), like(recordings, others)
        )


def tree(function):
    """Parse the definition of a function or a class."""
    return ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]


def like(recordings, known):
    """Return the known answer that behaves like the recorded one, as `recognise` finds it."""
    calls = [call for each in recordings for call in each]
    errors = only_errors(calls)
    found = [
        answer
        for _, answer, _, theirs in known
        if all(alike(*pair, errors) for pair in zip(recordings, theirs, strict=True))
    ]
    return found[0] if agreed(found) else None


def trials(topic):
    """Try every known answer to a topic."""
    return runner.run([topic], folder="solutions", plugin=Examiner).trials


def counted(found):
    """Count trials by the columns of the table."""
    right = [trial for trial in found if trial.kind == "right"]
    wrong = [trial for trial in found if trial.kind != "right"]
    refused = [trial for trial in wrong if trial.finding]
    causes = Counter(trial.verdict for trial in refused)
    return {
        "wrong": len(wrong),
        "accepted": len(wrong) - len(refused),
        **{name: causes[name] for name in ("true", "none", "false")},
        "by rule": sum(bool(trial.rule) for trial in refused),
        "right": len(right),
        "refused": sum(bool(trial.finding) for trial in right),
    }


def report(topic_names, *, details=False, record=False):
    """Print a table of verdicts and causes, and what is amiss below it; return a status.

    A record keeps what it says of topics that are not tried now.
    """
    by_topic = {}
    for topic in [topics.require(name, by="verify") for name in topic_names] or topics.topics():
        begun = time.process_time()
        found = trials(topic)
        by_topic[topic] = counted(found)
        print(line(topic, by_topic[topic]), flush=True)
        for text in filter(None, map(complaint, found)) if details else ():
            print(text)
        if record:
            write(topic, by_topic[topic], round(time.process_time() - begun, 1))
    print(table(by_topic))
    values = summed(by_topic)
    return int(bool(values["accepted"] or values["false"] or values["refused"]))


def write(topic, counts, seconds):
    """Put the counts of a topic, and how long it took the processor, into the record."""
    path = experiment.RESULTS / f"{RECORD}.json"
    before = (
        experiment.record(RECORD)["history"] if path.exists() else {"topics": {}, "seconds": {}}
    )
    known = before["topics"] | {topic: counts}
    spent = before["seconds"] | {topic: seconds}
    by_topic = {name: known[name] for name in topics.topics() if name in known}
    found = {"name": RECORD, "command": "dlcore verify answers --record"}
    found |= experiment.circumstances() | {"seconds": round(sum(spent.values()), 1)}
    found |= {"values": summed(by_topic), "theirs": {}}
    experiment.write(RECORD, found | {"history": {"topics": by_topic, "seconds": spent}})


def summed(by_topic):
    """Add up the counts of all topics; add which part of the wrong answers has a true cause.

    >>> summed({"a": dict.fromkeys(COLUMNS, 1), "b": dict.fromkeys(COLUMNS, 2)})["part"]
    1.0
    """
    values = {name: sum(counts[name] for counts in by_topic.values()) for name in COLUMNS}
    return values | {"part": values["true"] / max(values["wrong"], 1)}


def table(by_topic):
    """Lay counts out as text: a line for every topic, and one for all."""
    lines = [line(name, counts) for name, counts in by_topic.items()]
    head = " " * 12 + "".join(f"{name:>10}" for name in COLUMNS)
    return "\n".join([head, *lines, line("all", summed(by_topic))])


def line(name, counts):
    """Write the counts of a topic."""
    return f"{name:12}" + "".join(f"{counts[column]:10}" for column in COLUMNS)


def complaint(trial):
    """Write down a trial that did not come out as it should, or nothing."""
    answer = trial.answer
    name = f"    {answer.exercise}: {answer.says}"
    if trial.kind == "right":
        return f"{name}\n        refused: {' '.join(trial.finding.says)}" if trial.finding else ""
    if not trial.finding:
        return f"{name}\n        accepted"
    if trial.verdict == "true":
        return ""
    others = [other.says for other in (trial.known, trial.alike) if other not in (None, answer)]
    return f"{name}\n        {'taken for: ' + others[0] if others else 'no cause'}"
