"""A layered layout: every node below its inputs, every edge clear of other nodes.

An edge that passes a layer has a bend in it. Bends take a place like nodes do, so that no
edge runs through a box. What stands beside what is found by sweeping: each node wants to be
in the middle of its neighbours, and no two may come closer than their widths.

Chapter: book/reverse.md.
"""

from itertools import combinations, pairwise
from statistics import fmean

from dlcore.graph import topological_order

SWEEPS = 12


def depths(inputs):
    """Number the layers: a node stands one below the lowest of its inputs.

    >>> depths({"a": [], "b": ["a"], "c": ["a", "b"]})
    {'a': 0, 'b': 1, 'c': 2}
    """
    users = {node: [] for node in inputs}
    for node, sources in inputs.items():
        for source in sources:
            users[source].append(node)
    depth = {}
    for node in topological_order(inputs, users.get):
        depth[node] = 1 + max((depth[source] for source in inputs[node]), default=-1)
    return {node: depth[node] for node in inputs}


def routes(inputs, depth):
    """List every edge as a route from layer to layer; a bend is a triple, a node a name."""
    return [
        [source, *((source, node, at) for at in range(depth[source] + 1, depth[node])), node]
        for node, sources in inputs.items()
        for source in dict.fromkeys(sources)
    ]


def neighbours(steps):
    """Map both ends of every step to each other: what is above, and what is below."""
    above, below = {}, {}
    for upper, lower in steps:
        above.setdefault(lower, []).append(upper)
        below.setdefault(upper, []).append(lower)
    return above, below


def crossings(rows, steps):
    """Count the pairs of edges that cross."""
    at = {place: (row, i) for row, places in enumerate(rows) for i, place in enumerate(places)}
    ends = [(*at[upper], at[lower][1]) for upper, lower in steps]
    return sum(
        row == other and (above - there) * (below - beneath) < 0
        for (row, above, below), (other, there, beneath) in combinations(ends, 2)
    )


def sweep(rows, above, below):
    """Sort each layer by the middle of its neighbours above, or below; yield every attempt."""
    for i in range(SWEEPS):
        near = below if i % 2 else above
        for fixed, row in pairwise(rows[::-1] if i % 2 else rows):
            middle = {place: fmean(at(near, place, fixed) or [j]) for j, place in enumerate(row)}
            row.sort(key=middle.get)
        yield [list(row) for row in rows]


def at(near, place, row):
    """List where the neighbours of a place stand in their layer."""
    return [row.index(each) for each in near.get(place, ())]


def apart(wanted, widths):
    """Move places from where they want to be until none overlap, all together the least way.

    >>> apart([0.0, 0.0, 9.0], [2.0, 2.0, 2.0])
    [-1.0, 1.0, 9.0]
    """
    offsets = [sum(widths[:i]) + widths[i] / 2 for i in range(len(widths))]
    blocks = []
    for want, offset in zip(wanted, offsets, strict=True):
        blocks.append([want - offset])
        while len(blocks) > 1 and fmean(blocks[-2]) > fmean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    shifts = [fmean(block) for block in blocks for _ in block]
    return [shift + offset for shift, offset in zip(shifts, offsets, strict=True)]


def columns(rows, above, below, widths):
    """Return how far to the right each place of the layers is."""
    x = {place: float(i) for row in rows for i, place in enumerate(row)}
    for i in range(SWEEPS):
        near = below if i % 2 else above
        for row in rows[::-1] if i % 2 else rows:
            wanted = [fmean([x[each] for each in near.get(p, [p])]) for p in row]
            x |= zip(row, apart(wanted, [widths[p] for p in row]), strict=True)
    return x


def layout(inputs, width=1.0, bend=0.25):
    """Return the place (x, layer) of every node, and every edge as a list of places.

    ``inputs`` maps a node to the nodes that it is computed from.
    """
    depth = depths(inputs)
    paths = routes(inputs, depth)
    steps = list(dict.fromkeys(step for path in paths for step in pairwise(path)))
    layer = {place: place[2] for path in paths for place in path[1:-1]} | depth
    rows = [[p for p in layer if layer[p] == i] for i in range(max(depth.values()) + 1)]
    above, below = neighbours(steps)
    rows = min(sweep(rows, above, below), key=lambda rows: crossings(rows, steps))
    x = columns(rows, above, below, {p: width if p in depth else bend for p in layer})
    places = {place: (x[place], layer[place]) for place in layer}
    nodes = {node: places[node] for node in inputs}
    return nodes, [[places[p] for p in path] for path in paths]
