"""Check the reader's answers: one line per exercise, and what to mend first."""

from rich.console import Console, Group
from rich.text import Text

from dlcore.course.exercises import topics
from dlcore.course.exercises.book_answer import book_answer
from dlcore.course.exercises.marks import exercises_of
from dlcore.course.exercises.named import named
from dlcore.course.practice.advice import QUIET, advice
from dlcore.course.practice.notebook import synchronise
from dlcore.course.practice.progress_file import Progress
from dlcore.course.practice.runner import by_exercise, run

SIGNS = {"passed": ("✓", "green"), "failed": ("✗", "red"), "not attempted": ("·", "bright_black")}


def check(topic: str | None = None, *, k: str = "", hint: int = 0, solution: str = ""):
    """Check the answers in exercises/TOPIC.py, or all; return 0 when every one passes.

    TOPIC may be the path of a file of answers, or the name of a single exercise. With k only those
    exercises are checked whose name, or whose test's name, contains it. With solution nothing is
    checked: the book's answer to the exercise of that name is shown.
    """
    home, exercise = named(topic, by="check") if topic else (None, None)
    chosen = [home] if home else topics.topics()
    if solution:
        return show(chosen, solution)
    for each in chosen:
        synchronise(each)
    tests_run = run(chosen, k=k or exercise or "")
    console = Console(highlight=False)
    if tests_run.broken:
        console.print(Text("\n".join(tests_run.broken)))
        return 1
    if not tests_run.outcomes:
        reason = f"matches k = {k!r}" if k else "has a test"
        raise ValueError(f"check: no exercise of {', '.join(chosen)} {reason}")

    verdicts = by_exercise(tests_run.outcomes)
    verdicts = [each for each in verdicts if exercise in (None, each.exercise)]
    note(verdicts, k)
    console.print(summary(verdicts))
    pending = [verdict for verdict in verdicts if verdict.finding]
    if pending:
        console.print(advice(min(pending, key=unattempted), hint))
    elif len(verdicts) == 1 and (topics.ROOT / f"solutions/{verdicts[0].topic}.py").exists():
        console.print(Text("  the book's answer:\n", style=QUIET))
        console.print(book_answer(verdicts[0].topic, verdicts[0].exercise))
    return min(len(pending), 1)


def note(verdicts, k):
    """Write down what was checked as a whole: not where k chose tests, but not exercises."""
    known = Progress(dict.fromkeys(verdict.topic for verdict in verdicts))
    since = known.since()
    known.note([verdict for verdict in verdicts if k in verdict.exercise])
    pending = [verdict for verdict in verdicts if verdict.finding]
    worked_on = min(pending, key=unattempted) if pending else verdicts[-1]
    known.spend(worked_on.exercise, since)


def show(topic_names, name):
    """Show the book's answers to the exercises of `topic_names` whose name ends so."""
    found = [each for each in exercises_of(*topic_names) if f"-{each.name}".endswith(f"-{name}")]
    if not found:
        names = ", ".join(each.name for each in exercises_of(*topic_names))
        raise ValueError(f"check: solution is {name!r}, choose one of {names}")
    Console().print(*(book_answer(each.topic, each.name) for each in found))
    return 0


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
    width = max(len(verdict.exercise) for verdict in verdicts)
    lines = []
    topic = None
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
