"""Print what is checked: the equations of the book, and the mutants that were refused.

Chapter: book/formulas.md.
"""

import importlib
import sys
from html import escape
from itertools import groupby

from rich.console import Console
from rich.progress import track
from rich.table import Table

from dlcore.experiments.html_table import html_table
from dlcore.formulas.engine.planted_error import plant_error
from dlcore.verification import formulas, mutation_testing

console = Console(width=None if sys.stdout.isatty() else 140)


def with_progress(jobs, what):
    """Run the jobs, with a progress bar on a terminal."""
    return list(track(jobs, what, total=None, console=Console(stderr=True), transient=True))


def show(*, record=False):
    """List every equation: how it is checked, by which programs, how long; return a status."""
    rows = with_progress(formulas.check_all(), "checking")
    for topic, group in groupby(sorted(rows, key=lambda row: row.topic), lambda row: row.topic):
        console.print(topic_table(topic, group))
    wrong = [row for row in rows if row.mistake]
    for row in wrong:
        console.print(row.mistake, style="red", markup=False)
    seconds = sum(row.seconds for row in rows)
    slowest = max(row.seconds for row in rows)
    console.print(
        f"{len(rows)} equations, {len(wrong)} wrong, "
        f"in {seconds:.1f} s, the slowest in {slowest:.2f} s"
    )
    if record:
        made = with_progress(mutation_testing.all_mutants(), "mutating")
        kills = mutation_testing.kills(made)
        counts = mutation_testing.table(made)
        print(formulas.record(rows, kills, counts))
    return int(bool(wrong))


def topic_table(topic, rows):
    """Lay out the equations of a chapter."""
    grid = Table(title=topic, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for head, side in (("", "left"), ("equation", "left"), ("check", "left"), ("s", "right")):
        grid.add_column(head, justify=side)
    grid.add_column("program")
    for row in rows:
        mark = "[red]✗[/]" if row.mistake else "·" if row.kinds == "definition" else "[green]✓[/]"
        grid.add_row(mark, row.label, row.kinds, f"{row.seconds:.2f}", row.programs)
    return grid


def show_mutants():
    """Count the mutants by kind, and print every one that lives; return a status."""
    made = with_progress(mutation_testing.all_mutants(), "mutating")
    grid = Table(box=None, padding=(0, 2, 0, 0))
    grid.add_column("slip")
    for head in ("made", "refused", "alive"):
        grid.add_column(head, justify="right")
    counts = mutation_testing.table(made)
    total = tuple(map(sum, zip(*counts.values(), strict=True)))
    for kind, (refused, number) in [*counts.items(), ("all", total)]:
        grid.add_row(kind, str(number), str(refused), str(number - refused))
    console.print(grid)
    alive = [each for each in made if not each.refused]
    for each in alive:
        reason = each.reason or "its check is blind"
        console.print(f"{each.label}: {each.kind}: {each.printed}: {reason}", markup=False)
    return int(any(not each.reason for each in alive))


class HtmlTable:
    """A table for a page of the book."""

    def __init__(self, heads, rows):
        self.heads = heads
        self.rows = rows

    def _repr_html_(self):
        return html_table(self.heads, self.rows, kind="table equations")


def equations():
    """List the equations of the record, chapter after chapter, for a page."""
    table = formulas.read()["history"]["equations"]
    chapters = {path.stem for path in formulas.BOOK.glob("*.md")}
    rows = []
    for label, (topic, kinds, programs, seconds) in sorted(table.items(), key=lambda i: i[1][0]):
        chapter = f'<a href="{topic}.html">{topic}</a>' if topic in chapters else topic
        names = "".join(
            f"<code>{name.removeprefix('dlcore.')}</code> " for name in programs.split(", ") if name
        )
        rows.append([chapter, f"<code>{label}</code>", escape(kinds), names, f"{seconds:.2f}"])
    return HtmlTable(["chapter", "equation", "compared with", "programs", "seconds"], rows)


def mutants():
    """Count the mutants of the record by the kind of slip, for a page."""
    counts = formulas.read()["history"]["mutants"]
    rows = [[escape(kind), made, refused] for kind, (refused, made) in counts.items()]
    return HtmlTable(["slip", "made", "refused"], rows)


def show_planted_error(name, plant):
    """Print a derivation, line by line, and the line that a name plants in it."""
    topic, _, name = name.rpartition(".")
    whole = getattr(importlib.import_module(f"dlcore.formulas.{topic}"), name)
    changed = plant_error(whole, plant)
    for number, (line, other) in enumerate(zip(whole.lines, changed.lines, strict=True), 1):
        console.print(f"{number}  {line.latex}   {line.reason}", markup=False)
        if other != line:
            console.print(f"{number}! {other.latex}", style="red", markup=False)
