"""Maps of a plane: probabilities in a triangle, paths over a valley, regions of classes."""

import matplotlib as mpl
import numpy as np

from figures.drawing import FAINT, INK, PALETTE, STYLE, canvas, show


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
    size = 5.8 / columns
    rows = -(-len(panels) // columns)
    figure, axes = canvas(size * columns, size * rows, columns, rows, squeeze=False)
    with mpl.rc_context(STYLE):
        for axis in axes.flat:
            axis.set_axis_off()
        for axis, (name, (scores, x)) in zip(axes.flat, panels.items(), strict=False):
            low = x.min(axis=0)
            high = x.max(axis=0)
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
