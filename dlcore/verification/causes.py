"""Try every known answer as a reader's own, and count verdicts and causes.

A wrong answer is to be refused, and its cause named. It is asked twice what is said about it: once
as it is, and once as if nobody had written it down, so that whatever is said comes from a rule, or
from another wrong answer that behaves alike. A cause is true if it is the answer's own sentence,
or if the answer says that it would be true (``also``); any other is false.
"""

import ast
import inspect
import re
import textwrap
from collections import Counter
from dataclasses import dataclass

from dlcore.course.exercises import known_answers, topics
from dlcore.course.exercises.known_answers import KnownAnswer
from dlcore.course.practice import runner
from dlcore.course.practice.diagnosis import KINDS, diagnose
from dlcore.course.practice.known_mistakes import LIKE, alike, only_errors, wrong_structure
from dlcore.course.practice.source_patterns import pattern

SECONDS = 2.0  # of the processor for a wrong answer in one test
FILES = {"wrong": "wrong", "adversarial": "wrong/adversarial", "right": "right"}
LOADERS = {
    "wrong": known_answers.load_wrong,
    "adversarial": known_answers.load_adversarial,
    "right": known_answers.load_right,
}
COLUMNS = ("wrong", "accepted", "true", "none", "false", "right", "refused")


@dataclass(frozen=True)
class Trial:
    """What became of a known answer: refused or not, and what is said to be the cause.

    `alone` is what is said if the answer itself is not known.
    """

    kind: str
    answer: KnownAnswer
    finding: object
    cause: str = ""
    alone: str = ""

    @property
    def verdict(self):
        """Name the column of the table that the cause belongs to."""
        for said in (self.alone, self.cause):
            if said and not is_true(said, self.answer):
                return "false"
        return "true" if self.cause else "none"


def is_true(said, answer):
    """Tell whether a sentence is true of an answer: its own, or one that it admits."""
    own = said.removeprefix(LIKE) == answer.says
    return own or bool(answer.also and re.search(answer.also, said))


class Examiner(runner.Runner):
    """Try the known answers to a topic, in one run of its tests."""

    examples = False  # the scored tests have to refuse by themselves
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
        book = list(self.again(tests, {}))
        tried = {kind: [self.tried(topic, kind, tests, a) for a in chosen[kind]] for kind in chosen}
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
        """Say of a wrong answer what its reader is told, with it among the known ones and not."""
        kind, answer, findings, recordings = one
        found = [i for i, finding in enumerate(findings) if finding]
        if not found:
            return Trial(kind, answer, None)
        worst = min(found, key=lambda i: KINDS.index(findings[i].kind))
        rule = pattern(tree(answer.function)) or wrong_structure(recordings[worst], book[worst])
        others = [other for other in wrong if other is not one]
        causes = [
            rule or like(recordings, known) or findings[worst].likely for known in (wrong, others)
        ]
        return Trial(kind, answer, findings[worst], *causes)


def tree(function):
    """Parse the definition of a function or a class."""
    return ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]


def like(recordings, known):
    """Return the advice on the first known answer that behaves like the recorded one."""
    words = only_errors([call for calls in recordings for call in calls])
    for kind, answer, _, theirs in known:
        if all(alike(*pair, words) for pair in zip(recordings, theirs, strict=True)):
            return answer.says if kind == "wrong" else f"{LIKE}{answer.says}"
    return ""


def trials(topic):
    """Try every known answer to a topic."""
    return runner.run([topic], folder="solutions", plugin=Examiner).trials


def counted(found):
    """Count trials by the columns of the table."""
    right = [trial for trial in found if trial.kind == "right"]
    wrong = [trial for trial in found if trial.kind != "right"]
    refused = [trial for trial in wrong if trial.finding]
    causes = Counter(trial.verdict for trial in refused)
    counts = (len(wrong), len(wrong) - len(refused), causes["true"], causes["none"])
    refusals = sum(bool(trial.finding) for trial in right)
    return dict(zip(COLUMNS, (*counts, causes["false"], len(right), refusals), strict=True))


def report(topic_names, *, details=False):
    """Print a table of verdicts and causes, and what is amiss below it; return a status."""
    total = Counter()
    print(" " * 12, *(f"{name:>9}" for name in COLUMNS))
    for topic in [topics.require(name, by="verify") for name in topic_names] or topics.topics():
        found = trials(topic)
        total.update(counts := counted(found))
        print(f"{topic:12}", *(f"{counts[name]:9}" for name in COLUMNS), flush=True)
        for line in filter(None, map(complaint, found)) if details else ():
            print(line)
    print(f"{'together':12}", *(f"{total[name]:9}" for name in COLUMNS))
    return int(bool(total["accepted"] or total["false"] or total["refused"]))


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
    said = {"none": "no cause", "false": f"said: {trial.alone or trial.cause}"}[trial.verdict]
    return f"{name}\n        {said}"
