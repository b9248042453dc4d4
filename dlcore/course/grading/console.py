"""Show a batch while it runs, and the class when it has run."""

import time

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from dlcore.course.grading.results import BINS
from dlcore.course.grading.sanitize import one_line, sanitize
from dlcore.course.grading.verdict import STATUSES

COLOURS = {"pass": "green", "not attempted": "bright_black", "missing": "bright_black"}
FULL, EIGHTHS = "█", " ▏▎▍▌▋▊▉"


class ProgressTable:
    """A table of counts that follows the verdicts as they come."""

    def __init__(self, total, known=()):
        self.total = total
        self.start = time.monotonic()
        self.done = 0
        self.counts = dict.fromkeys(STATUSES, 0)
        for verdict in known:
            self.counts[verdict.status] += 1
        self.console = Console(highlight=False)
        self.live = Live(get_renderable=self.table, console=self.console, refresh_per_second=4)

    def __enter__(self):
        self.live.__enter__()
        return self

    def __exit__(self, *trouble):
        self.live.__exit__(*trouble)

    def add(self, verdict):
        """Count a verdict."""
        self.counts[verdict.status] += 1
        self.done += 1

    def table(self):
        """Lay out how far it is, how long it will take, and what has been said so far."""
        here = sum(self.counts.values())
        seconds = time.monotonic() - self.start
        rate = self.done / seconds if seconds else 0.0
        left = f"{(self.total - here) / rate:.0f} s to go" if rate and here < self.total else ""
        grid = Table.grid(padding=(0, 2))
        grid.add_row("judged", f"{here} of {self.total}", bar(here / max(self.total, 1)), left)
        for status, count in self.counts.items():
            if count:
                grid.add_row(
                    Text(status, colour(status)), str(count), bar(count / self.total, status)
                )
        return grid


def colour(status):
    """Choose the colour of a status."""
    return COLOURS.get(status, "red")


def bar(share, status="pass", width=32):
    """Draw a share as a bar of eighths of a character."""
    eighths = round(8 * width * min(share, 1.0))
    rest = EIGHTHS[eighths % 8] if eighths % 8 else ""
    return Text((FULL * (eighths // 8) + rest).ljust(width), colour(status))


def summary(results):
    """Lay out a class: the distribution of its scores, and how hard each exercise was."""
    return Group(Text(), distribution(results), Text(), difficulty(results), *remainder(results))


def distribution(results):
    """Lay out how many submissions have how much of the possible points."""
    counts = results.histogram()
    width = 100 // BINS
    grid = Table.grid(padding=(0, 2))
    for tenth, count in enumerate(counts):
        label = Text(f"{width * tenth}–{width * (tenth + 1)} %", justify="right")
        grid.add_row(label, str(count), bar(count / max(*counts, 1)))
    return grid


def difficulty(results):
    """Lay out the share of submissions that pass each exercise."""
    grid = Table.grid(padding=(0, 2))
    for exercise in results.exercises:
        share = results.share(exercise.name)
        others = results.statuses(exercise.name)
        others.pop("pass", None)
        rest = ", ".join(f"{count} {status}" for status, count in others.items())
        grid.add_row(exercise.name, f"{share:.0%}", bar(share), Text(rest, "bright_black"))
    return grid


def remainder(results):
    """Say at what isolation this was judged, and what the grader owes."""
    students = len(results.submissions)
    owed = len(results.owed())
    kept = f"{students} submissions, isolation {results.tier}"
    lines = [Text(), Text(kept, "bright_black")]
    if owed:
        lines.append(
            Text(f"{owed} verdicts are owed: the grader failed, go on with --resume", "red")
        )
    return lines


def remarks(results):
    """List in a few lines what a person should look at: title, deadline, roster, late, alike."""
    count = lambda number, word: f"{number} {word}" if number else ""
    late = sum(arrival.days > 0 for arrival in results.arrivals.values())
    pairs = "pair" if len(results.similar) == 1 else "pairs"
    lines = [
        f"deadline {results.deadline}" if results.deadline else "",
        count(late, "late"),
        named("on the roster without a submission", [person.name for person in results.absent]),
        named("handed in by nobody on the roster", results.unknown),
        named("handed in more than once", [", ".join(names) for names in results.twice]),
        count(len(results.similar), f"{pairs} of similar answers, see the report"),
    ]
    return Group(Text(results.title, "bold"), *map(Text, filter(None, lines)))


def named(what, names, most=10):
    """Count names and list the first of them, or say nothing when there are none."""
    few = ", ".join(one_line(name, 40) for name in names[:most])
    more = " …" if len(names) > most else ""
    return f"{len(names)} {what}: {few}{more}" if names else ""


def verdict_text(verdict):
    """Lay out one verdict: what was tested, what was said."""
    head = f"{one_line(verdict.student)}  {verdict.exercise}  {verdict.status}"
    points = f"  {verdict.points} of {verdict.possible} points"
    says = [Text(f"  {sanitize(said)}") for said in (verdict.claim, *verdict.says) if said]
    return Group(Text(head + points, colour(verdict.status)), *says)
