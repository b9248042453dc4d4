"""Pictures of what a machine does: sums that stay in registers, threads that divide a range.

Chapter: book/fast.md.
"""

import matplotlib as mpl
from matplotlib.patches import Rectangle

from figures.drawing import FAINT, INK, PALETTE, PAPER, STYLE, canvas, show

GAP = 0.7  # between the factors and the sums, in cells


def register_tile(rows, registers, lanes, *, alt, caption=""):
    """Draw a tile of sums, and the column of w and the row of x that one step multiplies.

    A register holds so many `lanes`, and the tile has so many `registers` in each of its `rows`.
    """
    columns = registers * lanes
    figure, axis = canvas(0.32 * (columns + 3), 0.32 * (rows + 3))
    with mpl.rc_context(STYLE):
        for r in range(rows):
            draw_cells(axis, -1 - GAP, rows - 1 - r, 1, PALETTE[1])
            for v in range(registers):
                draw_cells(axis, v * lanes, rows - 1 - r, lanes, PALETTE[0])
        for v in range(registers):
            draw_cells(axis, v * lanes, rows + GAP, lanes, PALETTE[2])
        middle = columns / 2
        axis.text(middle, rows + GAP + 1.25, "row k of x, loaded into registers", ha="center")
        axis.text(middle, -0.3, "sums, which stay in registers", ha="center", va="top")
        style = {"ha": "right", "va": "center", "rotation": 90}
        axis.text(-1.3 - GAP, rows / 2, "column k of w", **style)
        axis.set(xlim=(-2.6 - GAP, columns + 0.2), ylim=(-1.4, rows + GAP + 2.1), aspect="equal")
        axis.axis("off")
    return show(figure, alt=alt, caption=caption)


def draw_cells(axis, left, bottom, count, colour):
    """Draw numbers side by side, which one register holds."""
    style = {"facecolor": colour, "edgecolor": PAPER, "linewidth": 0.8}
    for i in range(count):
        axis.add_patch(Rectangle((left + i, bottom), 1, 1, alpha=0.55, **style))
    frame = {"fill": False, "edgecolor": INK, "linewidth": 1.2}
    axis.add_patch(Rectangle((left, bottom), count, 1, **frame))


def spans(rows, *, xlabel, alt, caption="", ticks=True):
    """Draw labelled spans in rows:  {row: [(start, stop, label, colour), …]}.

    A colour is a number of the palette, or None for a span in which nothing is computed.
    """
    figure, axis = canvas(6.0, 0.5 * len(rows) + 0.1)
    with mpl.rc_context(STYLE):
        for at, row in enumerate(rows.values()):
            for start, stop, label, colour in row:
                idle = colour is None
                style = {"facecolor": FAINT if idle else PALETTE[colour], "edgecolor": PAPER}
                box = Rectangle((start, at - 0.36), stop - start, 0.72, **style)
                box.set_alpha(0.4 if idle else 1)
                axis.add_patch(box)
                text = {"ha": "center", "va": "center", "size": 9}
                axis.text((start + stop) / 2, at, label, color=INK if idle else PAPER, **text)
        last = max(stop for row in rows.values() for _, stop, *_ in row)
        axis.set_yticks(range(len(rows)), rows)
        axis.set(xlim=(0, last), ylim=(len(rows) - 0.5, -0.5), xlabel=xlabel)
        if not ticks:
            axis.set_xticks([])
        axis.tick_params(axis="y", length=0)
        axis.spines["left"].set_visible(False)
    return show(figure, alt=alt, caption=caption)
