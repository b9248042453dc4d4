"""Advise on one exercise that does not pass: the claim, what differs, where, and a hint."""

import ast
from dataclasses import replace

from rich.console import Group
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from dlcore.course.exercises import topics
from dlcore.course.exercises.hints import hints_for
from dlcore.course.exercises.skeleton import definitions, exercises_in
from dlcore.course.practice.diagnosis import Frame

QUIET = "bright_black"


def advice(outcome, hint=0, more="--hint 2"):
    """Lay out what a reader needs in order to go on, with as many hints as were asked for.

    `more` is what to type for another hint.
    """
    kind = outcome.finding.kind
    says = outcome.finding.says
    begun = kind != "not attempted"
    parts = [Text(outcome.claim, style="bold"), Text(outcome.formula, style="cyan")]
    parts += labelled(kind, says, "red") if begun else []
    parts += labelled("cause", filter(None, [outcome.cause or outcome.finding.likely]), "magenta")
    parts += labelled("smallest", outcome.smallest, QUIET)
    parts += labelled("hint", hinted(outcome, hint, more), "yellow")
    parts += labelled("where", (located(outcome.topic, frame) for frame in spots(outcome)), QUIET)
    parts += labelled("printed", outcome.printed.rstrip().splitlines()[-10:], QUIET)
    title = Text(outcome.exercise, style="bold red" if begun else "bold")
    panel = Panel(Group(*parts), title=title, title_align="left", border_style=QUIET, padding=1)
    return Padding(panel, (0, 1))


def labelled(label, lines, style):
    """Put a word before lines, each of which may be longer than the screen is wide."""
    grid = Table.grid(padding=(0, 2))
    for line in lines:
        plain = line if isinstance(line, Text) else Text(line)  # brackets are no markup
        grid.add_row(Text("" if grid.row_count else label, style=style), plain)
    return [Text(), grid] if grid.row_count else []


def located(topic, frame):
    """Show a line of the reader's file: where it is, what it says."""
    where = f"exercises/{topic}.py:{frame.line}"
    function = f" in {frame.function}" if frame.function.isidentifier() else ""
    return Text.assemble((where + function, QUIET), f"\n  {frame.text}" if frame.text else "")


def hinted(outcome, count, more):
    """Choose the hints to give: those asked for, or the first when nothing was attempted."""
    hints = hints_for(outcome.topic, outcome.exercise)
    if count == 0 and outcome.finding.kind == "not attempted":
        further = [f"there is more with {more}"] if len(hints) > 1 else []
        return [outcome.finding.says[0] or hints[0], *further]
    return hints[:count]


def spots(outcome):
    """List the lines to look at: those that raised, or else the one where the exercise begins."""
    if outcome.finding.kind == "not attempted":
        return [replace(frame, text="") for frame in outcome.finding.frames]
    if outcome.finding.frames:
        return outcome.finding.frames
    try:
        source = (topics.ROOT / f"exercises/{outcome.topic}.py").read_text(encoding="utf-8")
        line = dict(definitions(ast.parse(source)))[exercises_in(source)[outcome.exercise]].lineno
    except (OSError, SyntaxError, KeyError, UnicodeError):
        return []
    return [Frame(line, "", source.splitlines()[line - 1].strip())]
