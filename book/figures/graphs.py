"""Pictures of directed graphs: small ones by the dozen, larger ones in layers.

In layers every edge leads downwards; the places are found by the library's own layout.
"""

from itertools import pairwise

import matplotlib as mpl
import numpy as np
from matplotlib.patches import FancyArrowPatch
from matplotlib.path import Path

from dlcore.graph import CycleError, topological_order
from figures.drawing import INK, PALETTE, STYLE, canvas, show
from figures.layout import layout

BOX = 0.22  # height of a node; all lengths are inches
LAYER = 0.6  # distance of two layers
REST = mpl.colors.to_rgba(PALETTE[5], 0.7)  # what is not on a cycle, where lines are short


def arranged(graph):
    """Place a graph in layers: the place (x, y) of every node, and every edge with its way."""
    inputs = {node: [each for each in graph if node in graph[each]] for node in graph}
    edges = [(source, node) for node, sources in inputs.items() for source in sources]
    size = 0.25 + 0.083 * max(map(len, graph))
    spots, ways = layout(inputs, width=size)
    places = {node: (x, -LAYER * layer) for node, (x, layer) in spots.items()}
    return places, {
        edge: [(x, -LAYER * layer) for x, layer in way]
        for edge, way in zip(edges, ways, strict=True)
    }


def draw_layers(axis, graph, places, ways, notes=(), late=()):
    """Draw nodes in boxes and edges as arrows; notes stand in a column, late edges stand out."""
    for edge, way in ways.items():
        colour, line = (PALETTE[1], 1.8) if edge in late else (INK, 0.8)
        style = {"arrowstyle": "-|>,head_length=4,head_width=2", "color": colour}
        twins = graph[edge[0]].count(edge[1]) - 1
        for bend in np.linspace(-0.2, 0.2, twins + 1) if twins else [0.0]:
            path = curve(way, bend)
            axis.add_patch(FancyArrowPatch(path=path, linewidth=line, fill=True, **style))
    across, down = np.concatenate([*ways.values(), *([place] for place in places.values())]).T
    for node, (x, y) in places.items():
        box = {"boxstyle": "round,pad=0.25", "facecolor": "none", "edgecolor": PALETTE[0]}
        axis.text(x, y, node, ha="center", va="center", size=9.5, bbox=box)
        axis.text(across.max() + 0.35, y, dict(notes).get(node, ""), va="center", size=9.5)
    axis.set(xlim=(across.min() - 0.6, across.max() + (1.5 if notes else 0.6)))
    axis.set(ylim=(down.min() - 0.2, 0.2), aspect="equal")
    axis.set_axis_off()


def curve(points, bend=0.0):
    """Join places from above to below, leaving and arriving upright, by one smooth line."""
    (x, y), *rest = points
    vertices = [(x, y - BOX / 2)]
    codes = [Path.MOVETO]
    for i, (after, below) in enumerate(rest, 1):
        end = below + (BOX / 2 + 0.01 if i == len(rest) else 0.0)
        start = vertices[-1][1]
        half = (start - end) / 2
        vertices += [(x + bend, start - half), (after + bend, end + half), (after, end)]
        codes += [Path.CURVE4] * 3
        x = after
    return Path(vertices, codes)


def layered(graph, pictures=None, *, alt, caption=""):
    """Draw a graph so that every edge leads downwards, once for each title in `pictures`.

    Under a title stand the notes of its nodes, and the edges that come too late.
    """
    plain = {"": ({}, ())}
    pictures = pictures or plain
    places, ways = arranged(graph)
    across, down = np.ptp(np.concatenate([*ways.values()]), axis=0)
    width = across + (1.2 if pictures is plain else 2.1)
    many = len(pictures)
    figure, axes = canvas(many * width, down + 0.4, many, gaps=(0.0, 0.0), squeeze=False)
    with mpl.rc_context(STYLE):
        for axis, (title, (notes, late)) in zip(axes.flat, pictures.items(), strict=True):
            draw_layers(axis, graph, places, ways, notes, late)
            axis.set_title(title, size=10.5)
    return show(figure, alt=alt, caption=caption)


def gallery(graphs, *, alt, caption=""):
    """Draw small graphs in rows by the number of their edges, with their cycles in a colour."""
    rows = {}
    for graph in graphs:
        rows.setdefault(sum(map(len, graph)), []).append(graph)
    most = max(map(len, rows.values()))
    figure, axis = canvas(0.34 * most, 0.42 * len(rows))
    with mpl.rc_context(STYLE):
        for k, row in rows.items():
            for i, graph in enumerate(sorted(row, key=lambda graph: loop(graph) != [])):
                miniature(axis, graph, i - (len(row) - 1) / 2, -1.1 * k)
        axis.set(xlim=(-most / 2, most / 2), ylim=(-1.1 * max(rows) - 0.5, 0.5))
    axis.set_axis_off()
    return show(figure, alt=alt, caption=caption)


def loop(graph):
    """List the edges of a cycle, or none when the graph has an order."""
    try:
        list(topological_order(range(len(graph)), graph.__getitem__))
    except CycleError as error:
        return list(pairwise(error.cycle))
    return []


def miniature(axis, graph, x, y):
    """Draw a graph on a circle, a cycle in a colour of its own; around it all is grey."""
    corners = 0.36j * np.exp(-2j * np.pi * np.arange(len(graph)) / len(graph))
    places = np.stack([x + corners.real, y + corners.imag], axis=1)
    cycle = loop(graph)
    for u, v in ((u, v) for u, edges in enumerate(graph) for v in edges):
        arrow = {
            "arrowstyle": "-|>,head_length=0.26,head_width=0.12",
            "connectionstyle": f"arc3,rad={0.25 * (u in graph[v])}",
            "color": PALETTE[1] if (u, v) in cycle else REST if cycle else PALETTE[0],
            "shrinkA": 1.5,
            "shrinkB": 1.5,
        }
        axis.annotate("", places[v], places[u], arrowprops=arrow)
    on_it = {node for edge in cycle for node in edge}
    for node, place in enumerate(places):
        colour = PALETTE[1] if node in on_it else REST if cycle else PALETTE[0]
        axis.scatter(*place, s=7, color=colour, linewidth=0)
