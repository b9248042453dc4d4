"""Where names stand in a chart: at the ends of curves, and beside groups of points."""

import numpy as np

from figures.drawing import STYLE, colours
from figures.layout import apart

SIZE = STYLE["font.size"]  # points, as all lengths here
LINE = 1.29 * SIZE  # from a name to the next one below it
ROOM = 60  # who is further off is not in the way
GAP = 7  # from a point to its name
SIDES = np.array([(0, 1), (1, 0), (0, -1), (-1, 0)])  # above, right, below, left
ACROSS, UPRIGHT = {-1: "right", 0: "center", 1: "left"}, {-1: "top", 0: "center", 1: "bottom"}


def label_ends(axis, ends):
    """Write each name to the right of the end of its curve, no two closer than a line.

    ``ends`` are (x, y, name, colour). A thin line joins a name to its curve where it has to
    stand more than half a line higher or lower.
    """
    axis.set(xlim=axis.get_xlim(), ylim=axis.get_ylim())
    box = axis.get_window_extent()
    line = LINE * axis.figure.dpi / 72 / box.height
    starts = [(axis.transData.transform(end[:2]) - box.p0) / box.size for end in ends]
    places = spread([y for _, y in starts], line)
    for (x, y), place, (_, _, name, colour) in zip(starts, places, ends, strict=True):
        axis.text(1.02, place, name, color=colour, transform=axis.transAxes, va="center")
        if abs(place - y) > 0.55 * line:
            style = {"color": colour, "linewidth": 0.6, "clip_on": False}
            axis.plot([x, max(x, 0.985), 1.015], [y, y, place], transform=axis.transAxes, **style)


def spread(heights, line):
    """Move heights apart until each is a line from the next, none above 1, in all the least way.

    >>> [round(place, 2) for place in spread([0.2, 1.0, 1.0, 0.5, 0.52], 0.1)]
    [0.2, 0.9, 1.0, 0.46, 0.56]
    """
    upwards = np.argsort(heights, kind="stable")
    places = np.empty(len(heights))
    places[upwards] = apart([heights[i] for i in upwards], [line] * len(heights))
    top = 1.0
    for i in upwards[::-1]:
        places[i] = min(places[i], top)
        top = places[i] - line
    return places.tolist()


def name_points(axis, groups):
    """Write the name of each group beside one of its points, where it covers none.

    Of such places it takes one far from other groups, and of these the highest.
    """
    axis.autoscale_view()
    scale = 72 / axis.figure.dpi
    frame = axis.get_window_extent()
    size = frame.size * scale
    places = {
        name: (axis.transData.transform(group) - frame.p0) * scale for name, group in groups.items()
    }
    names = []  # where the middles of those are that have been written
    for name, colour in colours(groups).items():
        half = SIZE * np.array([0.3 * len(name), 0.6])
        others = [*names, *(at for key in places if key != name for at in places[key])]
        best = None
        for at in places[name]:
            for side in SIDES:
                spot = at + side * (half + GAP)
                inside = np.all((half < spot) & (spot < size - half))
                free = inside and room(spot, half, places[name]) > GAP / 2
                rank = free, min(room(spot, half, others), ROOM), spot[1]
                if best is None or rank > best[0]:
                    best = rank, spot, at + side * GAP, side
        _, spot, edge, (right, above) = best
        names.append(spot)
        style = {"ha": ACROSS[right], "va": UPRIGHT[above], "color": colour}
        axis.annotate(name, edge / size, xycoords="axes fraction", **style)


def room(spot, half, points):
    """Return the distance from a box, `half` as wide and high, to the nearest of some points."""
    if len(points) == 0:
        return ROOM
    apart = np.abs(np.asarray(points) - spot) - half
    return float(np.linalg.norm(np.maximum(apart, 0), axis=1).min())
