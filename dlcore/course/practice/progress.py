"""Show on one screen how far a reader is: chapters, points, time, and what to do next."""

from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from dlcore.course.exercises import topics
from dlcore.course.practice.advice import QUIET
from dlcore.course.practice.progress_file import Progress

WIDTH = 20


def progress(console=None):
    """Print a line for each chapter, their sum, and the next exercise with its command."""
    console = console or Console(highlight=False)
    known = Progress(topics.topics())
    done = set(known.done())
    table = Table.grid(padding=(0, 2))
    for topic in topics.topics():
        exercises = [each for each in known.exercises if each.topic == topic]
        table.add_row(f"  {topic}", *row(exercises, done, known.spent(exercises)))
    table.add_row()
    total = row(known.exercises, done, known.spent(known.exercises))
    table.add_row(Text("  all", style="bold"), *total)
    console.print()
    console.print(table)
    console.print(what_next(known.next()))


def row(exercises, done, seconds):
    """Lay out a bar, how many of some exercises are done, their points, and the time spent."""
    passed = [each for each in exercises if each in done]
    earned, total = (sum(each.points for each in group) for group in (passed, exercises))
    style = "green" if exercises and len(passed) == len(exercises) else ""
    return (
        ProgressBar(total=max(len(exercises), 1), completed=len(passed), width=WIDTH),
        Text(f"{len(passed):3} of {len(exercises)}", style=style),
        Text(f"{earned:3} of {total} points", style=style),
        Text(clock(seconds) if seconds else "", style=QUIET),
    )


def clock(seconds):
    """Write a time as hours and minutes, or minutes and seconds:  1:05 h  or  3:20 min.

    >>> clock(200), clock(3900)
    ('3:20 min', '1:05 h')
    """
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02} min"
    return f"{minutes // 60}:{minutes % 60:02} h"


def what_next(exercise):
    """Say what to do next, in one line or two."""
    if exercise is None:
        return Text("\n  Every exercise passes: `dlcore mine` trains a network of your answers.\n")
    return Text.assemble(
        "\n  next: ",
        (exercise.name, "bold"),
        f" in exercises/{exercise.topic}.py, after book/{exercise.topic}.md\n",
        (f"  dlcore watch {exercise.topic}\n", QUIET),
    )
