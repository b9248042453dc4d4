"""The matrix of the repository: its rooms, its topics, and the files that are there."""

import matplotlib as mpl
import numpy as np

from figures.drawing import FAINT, PALETTE, STYLE, canvas, show

TOWERS = {
    "dlcore/formulas": PALETTE[2],
    "dlcore": PALETTE[0],
    "exercises": PALETTE[1],
    "solutions": PALETTE[1],
    "tests": PALETTE[3],
    "book": PALETTE[3],
}


def house(root, topics, rooms, *, alt, caption=""):
    """Draw the matrix rooms × topics: a dot is a file, as large as the file is long.

    ``rooms`` are the paths of a column, with ``{}`` for the topic. The colour tells the
    library from the formulas, what the reader writes, and the page with its lemmas.
    """
    rooms = [room for room in rooms if any((root / room.format(t)).exists() for t in topics)]
    lines = np.array([[length(root / room.format(topic)) for topic in topics] for room in rooms])
    width, height = 6.2, 0.32  # inches, of all columns and of one row
    figure, axis = canvas(width, height * len(rooms))
    touching = (72 * min(width / len(topics), height)) ** 2  # in square points
    with mpl.rc_context(STYLE):
        for i, room in enumerate(rooms):
            axis.axhline(i, color=FAINT, linewidth=0.8, zorder=0)
            colour = next(c for name, c in TOWERS.items() if room.startswith(name))
            there = np.flatnonzero(lines[i])
            size = touching * lines[i, there] / lines.max()
            axis.scatter(there, np.full(len(there), i), s=size, color=colour, linewidth=0)
        axis.set_yticks(range(len(rooms)), [room.rpartition("/")[0] for room in rooms])
        axis.set(xlim=(-0.6, len(topics) - 0.4), ylim=(len(rooms) - 0.4, -0.7))
        axis.xaxis.tick_top()
        slanted = {"rotation": 45, "ha": "left", "rotation_mode": "anchor"}
        axis.set_xticks(range(len(topics)), topics, **slanted)
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
    return show(figure, alt=alt, caption=caption)


def length(path):
    """Count the lines of a file; one that does not exist has none."""
    return path.read_text(encoding="utf-8").count("\n") if path.exists() else 0
