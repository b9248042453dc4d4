"""Try the scored tests on mutants of the solutions: a slip of one token must not be paid.

Whoever grades trusts these tests; here they are graded themselves.
"""

from dataclasses import dataclass
from types import ModuleType

from dlcore.course.exercises import topics
from dlcore.course.exercises.reset import span
from dlcore.course.practice import runner
from dlcore.verification.code_mutants import CodeMutant, code_mutants, equivalent

EQUIVALENT = "solutions/equivalent/{}.toml"  # mutants that compute the same, with the reason


@dataclass(frozen=True)
class Trial:
    """A mutant of the solution to an exercise, and whether some scored test refused it."""

    exercise: str
    mutant: CodeMutant
    refused: bool
    reason: str  # why it computes the same, if it does


class MutantRunner(runner.Runner):
    """Run the scored tests of an exercise on each of its mutants, until one refuses."""

    examples = False

    def study(self, items):
        topic = items[0].path.stem.removeprefix("test_")
        source = (topics.ROOT / f"solutions/{topic}.py").read_text(encoding="utf-8")
        tests = {}
        for item in items:
            if self.scored[item].points:
                tests.setdefault(self.name(item), []).append(item)
        reasons = equivalent(topics.ROOT / EQUIVALENT.format(topic))
        self.trials = []
        for name, scoring in tests.items():
            for mutant in mutants_of(source, name):
                refused = self.refuses(scoring, mutant, topic)
                reason = reasons.get((name, str(mutant)), "")
                self.trials.append(Trial(name, mutant, refused, reason))

    def refuses(self, items, mutant, topic):
        """Tell whether one of some tests fails on a mutant."""
        module = ModuleType(f"solutions.{topic}")
        try:
            exec(compile(mutant.source, f"solutions/{topic}.py", "exec"), vars(module))
        except Exception:
            return True
        edits = {name: value for name, value in vars(module).items() if not name.startswith("__")}
        return any(self.refused for _ in self.again(items, edits))


def mutants_of(source, exercise):
    """List the mutants of a solution that differ in the answer to one exercise."""
    first, last = span(source, exercise)
    return list(code_mutants(source, range(first + 1, last + 1)))


def trials(topic):
    """Judge every mutant of the solutions to a topic's graded exercises."""
    return runner.run([topic], folder="solutions", plugin=MutantRunner).trials


def report(topic_names):
    """Print, topic by topic, how many mutants were refused, and those that were not; a status."""
    survivors = 0
    for topic in [topics.require(name, by="verify") for name in topic_names] or topics.topics():
        judged = trials(topic)
        alive = [trial for trial in judged if not trial.refused]
        unexplained = [trial for trial in alive if not trial.reason]
        counts = len(judged), len(judged) - len(alive), len(alive) - len(unexplained)
        print("{}: {} mutants, {} refused, {} equivalent".format(topic, *counts))
        for trial in unexplained:
            print(f"    {trial.exercise}: {trial.mutant}")
        survivors += len(unexplained)
    return int(bool(survivors))
