"""Charts: curves, points, bars, matrices.

A chapter asks for a picture in a line or two and names it in words: `alt` for who cannot
see it, `caption` for all. What is drawn, and how, is said in `figures.drawing`.
"""

import matplotlib as mpl
import numpy as np
from matplotlib.markers import TICKUP

from figures.drawing import FAINT, INK, PALETTE, PAPER, SEQUENTIAL, STYLE, canvas, colours, show
from figures.labels import label_ends, name_points


def curves(
    x, lines, *, xlabel, ylabel, alt, caption="", log=False, between=None, limits=None, order=()
):
    """Draw one curve per name in `lines`, each labelled at its end.

    ``x`` serves all curves, or is a dict by the same names. ``between`` shades the room
    between two curves; ``limits`` draws dashed horizontal lines, also named. ``order`` lists
    names in the order of the colours, for all pictures that share it.
    """
    figure, axis = canvas()
    with mpl.rc_context(STYLE):
        ends = []
        own = colours(lines, order)
        for name, y in lines.items():
            colour = own[name]
            at = np.asarray(x[name] if isinstance(x, dict) else x)
            axis.plot(at, y, color=colour)
            axis.xaxis.get_major_locator().set_params(integer=at.dtype.kind == "i")
            ends.append((float(at[-1]), float(y[-1]), name, colour))
        for name, value in (limits or {}).items():
            axis.axhline(value, color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
            ends.append((axis.get_xlim()[1], value, name, INK))
        if between:
            low, high = (np.asarray(lines[name]) for name in between)
            axis.fill_between(x, low, high, color=PALETTE[0], alpha=0.15, linewidth=0)
        axis.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
        axis.grid(axis="y")
        label_ends(axis, ends)
    return show(figure, alt=alt, caption=caption)


def panels(x, pictures, *, alt, caption="", columns=3, limits=None):
    """Draw small pictures on common axes, one per title; each is a list of curves.

    The first curve is solid, the second dashed; ``limits`` bound the height of all.
    """
    rows = -(-len(pictures) // columns)
    common = {"sharex": True, "sharey": True}
    figure, axes = canvas(6.2, 1.9 * rows, columns, rows, gaps=(0.12, 0.25), **common)
    with mpl.rc_context(STYLE):
        for axis, (title, lines) in zip(np.ravel(axes), pictures.items(), strict=True):
            axis.axhline(0, color=FAINT, linewidth=0.8)
            for y, colour, style in zip(lines, PALETTE, ("-", (0, (4, 2))), strict=False):
                axis.plot(x, y, color=colour, linestyle=style)
            axis.set_title(title, size=10.5)
            if limits:
                axis.set_ylim(limits)
    return show(figure, alt=alt, caption=caption)


def points(panels, *, xlabel, ylabel, alt, caption="", log="x", strokes=False):
    """Scatter named groups of points, one panel per title: {title: {name: [(x, y), …]}}.

    All panels have the same axes. ``log`` names the logarithmic ones; ``strokes`` repeats
    every x as a stroke on the axis.
    """
    common = {"columns": len(panels), "sharex": True, "sharey": True, "squeeze": False}
    figure, axes = canvas(6.4, 2.7 if len(panels) > 1 else 3.4, **common)
    with mpl.rc_context(STYLE):
        for axis, (title, groups) in zip(axes[0], panels.items(), strict=True):
            axis.set(xlabel=xlabel, **{f"{each}scale": "log" for each in log})
            axis.set_title(title, size=10.5)
            for group, colour in zip(groups.values(), PALETTE, strict=False):
                x, y = np.transpose(group)
                axis.plot(x, y, ".", color=colour, markersize=9, clip_on=False)
                if strokes:
                    axis.margins(y=0.16)
                    style = {"color": colour, "marker": TICKUP, "markersize": 8, "linestyle": ""}
                    axis.plot(x, 0 * x, transform=axis.get_xaxis_transform(), **style)
        for axis, groups in zip(axes[0], panels.values(), strict=True):
            name_points(axis, groups)
        axes[0, 0].set_ylabel(ylabel)
    return show(figure, alt=alt, caption=caption)


def dots(rows, *, xlabel, alt, caption=""):
    """Draw every value of each row as a dot, and their mean as a stroke: {row: [value, …]}."""
    figure, axis = canvas(5.6, 0.5 + 0.32 * len(rows))
    with mpl.rc_context(STYLE):
        for place, (values, colour) in enumerate(zip(rows.values(), PALETTE * 9, strict=False)):
            axis.plot(values, [place] * len(values), ".", color=colour, markersize=8, alpha=0.7)
            axis.plot([np.mean(values)] * 2, [place - 0.3, place + 0.3], color=INK, linewidth=1)
        axis.set_yticks(range(len(rows)), [*rows])
        axis.set(xlabel=xlabel, ylim=(len(rows) - 0.5, -0.5))
        axis.grid(axis="x")
    return show(figure, alt=alt, caption=caption)


def bars(rows, *, alt, caption="", order=()):
    """Draw one bar per row, cut into named parts: {row: {part: count}}.

    Parts stand in the order in which they come. Their colours go by ``order``, if it is
    given; from the seventh on colours return, faded.
    """
    parts = dict.fromkeys(part for counts in rows.values() for part in counts)
    known = [*dict.fromkeys([*order, *parts])]
    full = known[: len(PALETTE)]
    own = {
        part: colour if part in full else mpl.colors.to_rgba(colour, 0.55)
        for part, colour in colours(parts, order).items()
    }
    figure, axis = canvas(6.2, 0.42 * len(rows) + 0.3)
    with mpl.rc_context(STYLE):
        for place, counts in enumerate(rows.values()):
            start = 0.0
            whole = sum(counts.values())
            for part in parts:
                width = counts.get(part, 0) / whole
                style = {"color": own[part], "edgecolor": PAPER, "linewidth": 0.5}
                label = part if place == 0 else None
                axis.barh(place, width, left=start, height=0.72, label=label, **style)
                if width > 0.04:
                    ink = PAPER if part in full else INK
                    style = {"color": ink, "size": 8.5, "ha": "center", "va": "center"}
                    axis.text(start + width / 2, place, f"{counts[part]:,}", **style)
                start += width
        axis.set_yticks(range(len(rows)), rows)
        axis.set(xlim=(0, 1), xticks=[], ylim=(len(rows) - 0.5, -0.5))
        axis.spines[:].set_visible(False)
        axis.tick_params(length=0)
        axis.legend(ncols=4, loc="upper left", bbox_to_anchor=(0, 0), frameon=False, fontsize=8.5)
    return show(figure, alt=alt, caption=caption)


def heatmap(matrix, *, rows, columns, alt, caption="", xlabel="", ylabel="", style="{:.2g}"):
    """Colour a small matrix and write every entry into its square."""
    matrix = np.asarray(matrix)
    figure, axis = canvas(0.5 * max(len(columns), 4), 0.38 * max(len(rows), 3))
    low = float(matrix.min())
    high = float(matrix.max())
    with mpl.rc_context(STYLE):
        axis.imshow(matrix, cmap=SEQUENTIAL, vmin=low, vmax=high, aspect="auto")
        axis.set_xticks(range(len(columns)), columns)
        axis.set_yticks(range(len(rows)), rows)
        axis.tick_params(length=0)
        axis.set(xlabel=xlabel, ylabel=ylabel)
        axis.spines[:].set_visible(False)
        for (i, j), value in np.ndenumerate(matrix):
            bright = value - low > 0.55 * (high - low)
            colour = "#111111" if bright else "#ffffff"
            text = style.format(value).replace("-", "−")
            axis.text(j, i, text, color=colour, ha="center", va="center", size=9)
    return show(figure, alt=alt, caption=caption)


def confusion(matrix, classes, *, alt, caption=""):
    """Show how often each class (row) was taken for each class (column)."""
    figure = heatmap(
        matrix,
        rows=classes,
        columns=classes,
        alt=alt,
        caption=caption,
        xlabel="predicted",
        ylabel="true",
        style="{:.0f}",
    )
    figure.figure.axes[0].tick_params(axis="x", rotation=45 if max(map(len, classes)) > 2 else 0)
    return figure
