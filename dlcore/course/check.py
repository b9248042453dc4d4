"""Check the reader's answers: one line per exercise, and what to mend first."""

from rich.console import Console, Group
from rich.text import Text

from dlcore.course import topics as book
from dlcore.course.advice import advice
from dlcore.course.diagnosis import KINDS
from dlcore.course.trial import run

SIGNS = {"passed": ("✓", "green"), "failed": ("✗", "red"), "not attempted": ("·", "bright_black")}


def check(topic: str | None = None, *, k: str = "", hint: int = 0):
    """Check the answers in exercises/TOPIC.py, or all; return 0 when every one passes.

    With k only those exercises are checked whose name, or whose test's name, contains it.
    """
    chosen = [book.require(topic, by="check")] if topic else book.topics()
    trial, console = run(chosen, k=k), Console(highlight=False)
    if trial.broken:
        console.print(Text("\n".join(trial.broken)))
        return 1
    if not trial.outcomes:
        reason = f"matches k = {k!r}" if k else "has a test"
        raise ValueError(f"check: no exercise of {', '.join(chosen)} {reason}")

    verdicts = by_exercise(trial.outcomes)
    console.print(summary(verdicts))
    pending = [verdict for verdict in verdicts if verdict.finding]
    if pending:
        console.print(advice(min(pending, key=unattempted), hint))
    return min(len(pending), 1)


def by_exercise(outcomes):
    """Let one outcome speak for each exercise: the first kind of trouble, if there is any."""
    urgency = lambda outcome: KINDS.index(outcome.finding.kind) if outcome.finding else len(KINDS)
    found = {}
    for outcome in outcomes:
        found.setdefault((outcome.topic, outcome.exercise), []).append(outcome)
    return [min(group, key=urgency) for group in found.values()]


def unattempted(verdict):
    """Put attempts that failed before exercises that nobody has begun."""
    return verdict.finding.kind == "not attempted"


def status(verdict):
    """Name what became of an exercise: a key of `SIGNS`."""
    if not verdict.finding:
        return "passed"
    return "not attempted" if unattempted(verdict) else "failed"


def summary(verdicts):
    """Lay out one line per exercise under its file, and the sum of the points."""
    width, lines, topic = max(len(verdict.exercise) for verdict in verdicts), [], None
    for verdict in verdicts:
        if verdict.topic != topic:
            topic = verdict.topic
            lines.append(Text(f"\n  exercises/{topic}.py", style="bold"))
        sign, style = SIGNS[status(verdict)]
        points = f"{verdict.points:3} {'point' if verdict.points == 1 else 'points'}"
        reason = verdict.finding.kind if verdict.finding else ""
        row = f"  {sign} {verdict.exercise:{width}}  {points:10}  {reason}"
        lines.append(Text(row.rstrip(), style=style))

    total = sum(verdict.points for verdict in verdicts)
    earned = sum(verdict.points for verdict in verdicts if not verdict.finding)
    return Group(*lines, Text(f"\n  {earned} of {total} points\n"))
