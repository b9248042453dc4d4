"""Show a network of answers in the terminal: parts, curve, filters, mistakes.

Chapter: book/mine.md.
"""

import numpy as np
from rich.columns import Columns
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from dlcore.experiments.html_table import escaped, html_table
from dlcore.experiments.mine.parts import PARTS

SHADES = " ░▒▓█"
BARS = "▁▂▃▄▅▆▇█"
WIDTH = 60  # of the curve
SIDE = 16  # pixels of a picture at most


def parts_table(parts):
    """List the parts: the reader's with a mark, the book's with their exercise to be solved."""
    table = Table.grid(padding=(0, 2))
    for part in PARTS:
        own = part.exercise in parts.own
        sign = Text("✓ yours", style="green") if own else Text("· the book's", style="bright_black")
        table.add_row("", part.role, sign, Text(part.exercise, style="bright_black"))
    return table


class PartsPage:
    """The parts of a network as a table of a page: role, exercise, and whose answer it is."""

    def __init__(self, parts):
        self.parts = parts

    def rows(self):
        """List the cells of every part."""
        whose = {True: "yours", False: "the book's"}
        return [
            (part.role, part.exercise, whose[part.exercise in self.parts.own]) for part in PARTS
        ]

    def _repr_html_(self):
        return html_table(("part", "exercise", "whose"), escaped(self.rows()))


def curve(losses, width=WIDTH):
    """Draw losses as a row of bars, each the mean of its share of the steps.

    >>> curve([4.0, 3.0, 2.0, 1.0], width=4)
    '█▆▃▁'
    """
    groups = np.array_split(losses, min(width, len(losses)))
    means = np.array([group.mean() for group in groups])
    low, high = means.min(), means.max()
    heights = (means - low) / (high - low or 1.0) * (len(BARS) - 1)
    return "".join(BARS[round(height)] for height in heights)


def picture(image):
    """Draw an image (H, W) in shades, each pixel two characters wide; large ones are averaged.

    >>> print(picture(np.array([[0.0, 1.0], [0.5, 1.0]])))
      ██
    ▒▒██
    """
    step = -(-len(image) // SIDE)
    H, W = (size // step for size in image.shape)
    small = image[: H * step, : W * step].reshape(H, step, W, step).mean(axis=(1, 3))
    low, high = small.min(), small.max()
    shades = np.rint((small - low) / (high - low or 1.0) * (len(SHADES) - 1)).astype(int)
    return "\n".join("".join(2 * SHADES[shade] for shade in row) for row in shades)


def pictures(titled):
    """Lay pictures (title, image) out side by side."""
    return Columns(
        [Text(f"{title}\n{picture(image)}\n") for title, image in titled], padding=(0, 3)
    )


def report(result, console=None):
    """Print what came of a training."""
    console = console or Console(highlight=False)
    own, every = len(result.parts.own), len(PARTS)
    filters = [("", image.mean(axis=0)) for image in result.filters]
    name = result.classes
    mistakes = [
        (f"{name[m.label]}, taken for {name[m.prediction]}", m.image.mean(axis=0))
        for m in result.mistakes[:4]
    ]
    lines = [
        f"gradient and difference agree to {result.gap:.0e}",
        f"loss {result.losses[0]:.2f} → {np.mean(result.losses[-10:]):.2f}"
        if result.losses else "no step was taken",
        f"test accuracy {result.test_accuracy:.3f}, in {result.seconds:.0f} s",
    ]  # fmt: skip
    console.print(Text(f"\n  {own} of {every} parts are yours\n", style="bold"))
    console.print(parts_table(result.parts))
    console.print(Text("\n  " + "\n  ".join(lines) + "\n"))
    if result.losses:
        console.print(Text(f"  {curve(result.losses)}  loss\n", style="cyan"))
    console.print(Group(Text("  the filters that it has learned\n"), pictures(filters)))
    if mistakes:
        console.print(Group(Text("  its surest mistakes\n"), pictures(mistakes)))
    console.print(Text(f"  {what_next(result)}\n"))


def what_next(result):
    """Name the first exercise whose answer the network lacks, or say what comes after all."""
    if not result.parts.lent:
        return "every part is yours: book/mine.md says what comes next"
    exercise = result.parts.lent[0].exercise
    return f"next: {exercise}, with `dlcore watch {exercise}`"
