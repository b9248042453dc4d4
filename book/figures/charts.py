"""Figures of the book, by kind.

A chapter asks for a picture in a line or two and names it in words: `alt` for who cannot
see it, `caption` for all. What is drawn, and how, is said in `figures.drawing`.
"""

import matplotlib as mpl
import numpy as np

from figures.drawing import DIVERGING, FAINT, INK, PALETTE, PAPER, SEQUENTIAL, STYLE, canvas, show

TOWERS = {
    "dlcore/formulas": PALETTE[2],
    "dlcore": PALETTE[0],
    "exercises": PALETTE[1],
    "solutions": PALETTE[1],
    "tests": PALETTE[3],
    "book": PALETTE[3],
}


def curves(x, lines, *, xlabel, ylabel, alt, caption="", log=False, between=None, limits=None):
    """Draw one curve per name in `lines`, each labelled at its end.

    ``x`` serves all curves, or is a dict by the same names. ``between`` shades the room
    between two curves; ``limits`` draws dashed horizontal lines, also named.
    """
    figure, axis = canvas()
    with mpl.rc_context(STYLE):
        ends = []
        for (name, y), colour in zip(lines.items(), PALETTE * 9, strict=False):
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


def label_ends(axis, ends):
    """Write each name to the right of the end of its curve, no two closer than a line."""
    axis.set(xlim=axis.get_xlim(), ylim=axis.get_ylim())
    box = axis.get_window_extent()
    line = 13.5 * axis.figure.dpi / 72 / box.height
    heights = [(axis.transData.transform((x, y))[1] - box.y0) / box.height for x, y, *_ in ends]
    free, places = -np.inf, {}
    for i in np.argsort(heights):
        free = places[i] = max(heights[i], free + line)
    lift = max(0.0, free - 1.0)
    for i, (_, _, name, colour) in enumerate(ends):
        place = places[i] - lift
        axis.text(1.02, place, name, color=colour, transform=axis.transAxes, va="center")


def name_points(axis, groups):
    """Write the name of each group above its highest point, or below if another group is there."""
    axis.autoscale_view()
    places = {name: axis.transData.transform(group) for name, group in groups.items()}
    for (name, own), colour in zip(places.items(), PALETTE, strict=False):
        best = np.argmax(own[:, 1])
        others = [place for other in places if other != name for place in places[other]]
        taken = any(abs(x) < 60 and 0 <= y < 30 for x, y in (at - own[best] for at in others))
        axis.annotate(name, groups[name][best], (0, -17 if taken else 8), color=colour, ha="center",
                      textcoords="offset points")  # fmt: skip


def points(panels, *, xlabel, ylabel, alt, caption="", log="x", strokes=False):
    """Scatter named groups of points, one panel per title: {title: {name: [(x, y), …]}}.

    ``log`` names the logarithmic axes; ``strokes`` repeats every x as a stroke on the axis.
    """
    figure, axes = canvas(6.4, 2.7 if len(panels) > 1 else 3.4, columns=len(panels), squeeze=False)
    with mpl.rc_context(STYLE):
        for axis, (title, groups) in zip(axes[0], panels.items(), strict=True):
            axis.set(xlabel=xlabel, **{f"{each}scale": "log" for each in log})
            axis.set_title(title, size=10.5)
            for group, colour in zip(groups.values(), PALETTE, strict=False):
                x, y = np.transpose(group)
                axis.plot(x, y, ".", color=colour, markersize=9, clip_on=False)
                if strokes:
                    axis.plot(x, 0 * x, "|", color=colour, markersize=14, clip_on=False,
                              transform=axis.get_xaxis_transform())  # fmt: skip
            name_points(axis, groups)
        axes[0, 0].set_ylabel(ylabel)
    return show(figure, alt=alt, caption=caption)


def bars(rows, *, alt, caption=""):
    """Draw one bar per row, cut into named parts: {row: {part: count}}.

    Parts stand in the order in which they come; from the seventh on colours return, faded.
    """
    parts = dict.fromkeys(part for counts in rows.values() for part in counts)
    figure, axis = canvas(6.2, 0.42 * len(rows) + 0.3)
    with mpl.rc_context(STYLE):
        for place, counts in enumerate(rows.values()):
            start, whole = 0.0, sum(counts.values())
            faded = [mpl.colors.to_rgba(colour, 0.55) for colour in PALETTE]
            for part, colour in zip(parts, [*PALETTE, *faded], strict=False):
                width = counts.get(part, 0) / whole
                axis.barh(place, width, left=start, height=0.72, color=colour, linewidth=0.5,
                          edgecolor=PAPER, label=part if place == 0 else None)  # fmt: skip
                if width > 0.04:
                    axis.text(start + width / 2, place, f"{counts[part]:,}", size=8.5, ha="center",
                              va="center", color=PAPER if colour in PALETTE else INK)  # fmt: skip
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
    size = 0.5 * max(len(columns), 4), 0.38 * max(len(rows), 3)
    figure, axis = canvas(*size)
    low, high = float(matrix.min()), float(matrix.max())
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
            axis.text(j, i, style.format(value), color=colour, ha="center", va="center", size=9)
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


def tiles(images, columns, titles=(), size=0.62, **options):
    """Lay small squares out in a grid, with room for titles between its rows."""
    rows = -(-len(images) // columns)
    gaps = 0.12, 0.12 + 0.2 / size * bool(len(titles))  # in parts of a square
    side = columns * size / (columns + gaps[0] * (columns - 1))
    height = side * (rows + gaps[1] * (rows - 1))
    figure, axes = canvas(columns * size, height, columns, rows, gaps=gaps, squeeze=False)
    with mpl.rc_context(STYLE):
        for axis in axes.flat:
            axis.set_axis_off()
        for axis, image in zip(axes.flat, images, strict=False):
            axis.imshow(image, **options)
        for axis, title in zip(axes.flat, titles, strict=False):
            axis.set_title(title, size=9, pad=2)
    return figure


def channels_last(x):
    """Bring images (N, C, H, W) into the order and range (0 to 1) in which they are drawn."""
    x = np.moveaxis(np.asarray(x, dtype=float), 1, -1)
    low, high = x.min(axis=(1, 2, 3), keepdims=True), x.max(axis=(1, 2, 3), keepdims=True)
    scaled = (x - low) / np.where(high > low, high - low, 1.0)
    return scaled[..., 0] if scaled.shape[-1] == 1 else scaled


def image_grid(x, labels=(), *, alt, caption="", columns=10, size=0.62):
    """Show images (N, C, H, W), each under its label, so many inches wide."""
    figure = tiles(channels_last(x), columns, labels, size, cmap="gray_r", vmin=0, vmax=1)
    return show(figure, alt=alt, caption=caption)


def weight_grid(w, shape, *, alt, caption="", columns=10):
    """Show each column of the weights w (D, M) as the image (C, H, W) to which it responds."""
    C, H, W = shape
    images = np.asarray(w).T.reshape(-1, C, H, W)
    if C == 1:
        bound = float(np.abs(images).max())
        figure = tiles(images[:, 0], columns, cmap=DIVERGING, vmin=-bound, vmax=bound)
    else:
        figure = tiles(channels_last(images), columns)
    return show(figure, alt=alt, caption=caption)


def triangle(paths, corners, *, levels, alt, caption=""):
    """Draw distributions over three classes as points of a triangle, moving along `paths`.

    ``paths`` has the axes (step, path, class). A corner is certainty; ``levels`` names
    probabilities of the first class, drawn as lines along which that probability is the same.
    """
    places = np.array([[0.5, np.sqrt(0.75)], [0.0, 0.0], [1.0, 0.0]])
    figure, axis = canvas(5.2, 4.3)
    with mpl.rc_context(STYLE):
        axis.plot(*places[[0, 1, 2, 0]].T, color=INK, linewidth=1)
        for name, p in levels.items():
            ends = np.array([[p, 1 - p, 0.0], [p, 0.0, 1 - p]]) @ places
            axis.plot(*ends.T, color=INK, linewidth=0.7, linestyle=(0, (4, 3)), alpha=0.6)
            axis.annotate(name, ends[1], (6, 0), textcoords="offset points", va="center")
        for points in np.moveaxis(paths @ places, 1, 0):
            axis.plot(*points.T, color=PALETTE[0], linewidth=1.3)
            lengths = np.linalg.norm(np.diff(points, axis=0), axis=1).cumsum()
            at = np.searchsorted(lengths, lengths[-1] * 0.45)
            arrow = {"arrowstyle": "-|>", "color": PALETTE[0], "shrinkA": 0, "shrinkB": 0}
            axis.annotate("", points[at + 1], points[at], arrowprops=arrow)
        axis.scatter(*(paths[0] @ places).T, s=9, color=PALETTE[0])
        for name, place, offset in zip(corners, places, [(0, 9), (0, -15), (0, -15)], strict=True):
            axis.annotate(name, place, offset, textcoords="offset points", ha="center")
        axis.set_axis_off()
        axis.set_aspect("equal")
    return show(figure, alt=alt, caption=caption)


def valley(height, paths, window, *, alt, caption="", columns=3):
    """Draw every path (steps, 2) on a map of its own, over the level curves of `height`.

    ``window`` is left, right, bottom, top; ``height`` takes the two coordinates of many points.
    """
    left, right, bottom, top = window
    rows = -(-len(paths) // columns)
    figure, axes = canvas(2.3 * columns, 1.6 * rows, columns, rows, squeeze=False)
    across, up = np.meshgrid(np.linspace(left, right, 161), np.linspace(bottom, top, 81))
    heights = height(across, up)
    levels = heights.max() * np.linspace(0.04, 1.0, 9) ** 2
    with mpl.rc_context(STYLE):
        for axis, (name, path), colour in zip(axes.flat, paths.items(), PALETTE * 9, strict=False):
            axis.contour(across, up, heights, levels=levels, colors=FAINT, linewidths=1.0)
            axis.plot(*np.transpose(path), color=colour, marker=".", markersize=4.5, linewidth=1.1)
            axis.set_title(name, color=colour, size=10.5, pad=3)
            axis.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
    return show(figure, alt=alt, caption=caption)


def regions(panels, t, *, alt, caption="", columns=2, creases=None):
    """Show which class wins where, on a map for each name in `panels`.

    ``panels`` holds pairs: the scores (N, K) as a function of points (N, 2), and the examples x;
    all have the labels t. ``creases`` holds w (2, M) and b (M,) of hidden units, whose lines
    x w + b = 0 are drawn.
    """
    size, rows = 5.8 / columns, -(-len(panels) // columns)
    figure, axes = canvas(size * columns, size * rows, columns, rows, squeeze=False)
    with mpl.rc_context(STYLE):
        for axis in axes.flat:
            axis.set_axis_off()
        for axis, (name, (scores, x)) in zip(axes.flat, panels.items(), strict=False):
            low, high = x.min(axis=0), x.max(axis=0)
            margin = 0.2 * (high - low)
            grid = np.meshgrid(*np.linspace(low - margin, high + margin, 121).T)
            points = np.stack(grid, axis=-1).reshape(-1, 2)
            paint(axis, grid, scores(points).reshape(121, 121, -1))
            for k, (colour, marker) in enumerate(zip(PALETTE, "o^sDvP", strict=True)):
                axis.scatter(*x[t == k].T, s=24 / columns, marker=marker, color=colour, zorder=3)
            w, b = (creases or {}).get(name, (np.zeros((2, 0)), 0))
            for a in (points @ w + b).T.reshape(-1, 121, 121):
                axis.contour(*grid, a, [0], colors=INK, linewidths=0.7, linestyles="dotted")
            axis.set_title(name, size=10.5, pad=4)
    return show(figure, alt=alt, caption=caption)


def paint(axis, grid, y):
    """Colour each point by the class that leads there: its score is above all others."""
    for k, colour in zip(range(y.shape[-1]), PALETTE, strict=False):
        lead = y[..., k] - np.delete(y, k, axis=-1).max(axis=-1)
        if lead.max() > 0:
            axis.contourf(*grid, lead, [0, lead.max()], colors=[colour], alpha=0.25)


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
