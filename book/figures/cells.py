"""Cells of an architecture search: drawn from a genotype, and chosen step by step.

Nothing is typed: operations and inputs come from the genotype, shares from the alphas.

Chapter: book/search.md.
"""

import html

import numpy as np

from dlcore.nn.search import edges
from dlcore.ops.loss import softmax
from figures.computation import HIGH, LETTER, Drawing, edge, top
from figures.layout import layout
from figures.stepping import steps

WORDS = {
    "none": "none",
    "max_pool_3x3": "max pool 3×3",
    "avg_pool_3x3": "average pool 3×3",
    "skip_connect": "skip",
    "sep_conv_3x3": "separable 3×3",
    "sep_conv_5x5": "separable 5×5",
    "dil_conv_3x3": "dilated 3×3",
    "dil_conv_5x5": "dilated 5×5",
}
INPUTS = ("cell before last", "last cell")
OUTPUT = "concatenate"
LONG, LINE = 11, 15  # letters of a label in one line, and the distance of two lines
GAP = 10  # between neighbours
GROUND = 760  # the least width of a picture: cells of usual size are drawn to one scale


def cell(pairs, concat, *, caption=""):
    """Draw a cell of a genotype: inputs, operations, sums, and the concatenation at the end.

    ``pairs`` are (operation, input), two for each node; ``concat`` are the nodes at the end.
    """
    inputs = graph_of(pairs, concat)
    return Drawing(as_svg(inputs, labels_of(pairs)), described(pairs), caption)


def graph_of(pairs, concat):
    """Map every box of a cell to the boxes that it reads.

    >>> graph_of((("skip_connect", 0), ("sep_conv_3x3", 1)), (2,))["sum 2"]
    ['operation 0', 'operation 1']
    """
    inputs = {"input 0": [], "input 1": []}
    source = lambda i: f"input {i}" if i < 2 else f"sum {i}"
    for k, (_, i) in enumerate(pairs):
        inputs[f"operation {k}"] = [source(i)]
        if k % 2:
            inputs[f"sum {2 + k // 2}"] = [f"operation {k - 1}", f"operation {k}"]
    return inputs | {OUTPUT: [source(i) for i in concat]}


def labels_of(pairs):
    """Name the boxes of a cell."""
    labels = {f"input {i}": name for i, name in enumerate(INPUTS)} | {OUTPUT: OUTPUT}
    for k, (name, _) in enumerate(pairs):
        labels[f"operation {k}"] = WORDS[name]
        labels[f"sum {2 + k // 2}"] = f"node {2 + k // 2}: +"
    return labels


def described(pairs):
    """Say what a cell computes, for who cannot see it.

    >>> described((("skip_connect", 0), ("sep_conv_3x3", 1)))
    'A cell. Node 2 adds skip of 0 and separable 3×3 of 1. All nodes are concatenated.'
    """
    said = [f"{WORDS[name]} of {i}" for name, i in pairs]
    nodes = [f"Node {2 + k // 2} adds {said[k]} and {said[k + 1]}." for k in range(0, len(said), 2)]
    return " ".join(["A cell.", *nodes, "All nodes are concatenated."])


def as_svg(inputs, labels):
    """Draw the boxes in layers, every one below those that it reads."""
    lines = [line for label in labels.values() for line in in_lines(label)]
    width = LETTER * max(map(len, lines)) + 18
    places, paths = layout(inputs, width + GAP, GAP)
    body = [edge(path) for path in paths]
    body += [box(labels[name], name, *place, width) for name, place in places.items()]
    across = [x for path in [*paths, places.values()] for x, _ in path]
    wide = max(max(across) - min(across) + width + 4, GROUND)
    left = (min(across) + max(across) - wide) / 2
    layers = 1 + max(layer for _, layer in places.values())
    high = layers * 2 * HIGH - HIGH + 4
    view = f'viewBox="{left:.0f} -2 {wide:.0f} {high}" width="{wide:.0f}"'
    style = 'font-size="13" fill="none" stroke="currentColor"'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {style} {view}>', *body, "</svg>"])


def box(label, name, x, layer, width):
    """Draw a box: sums and inputs are round, operations have corners."""
    corner = 4 if name.startswith("operation") else HIGH / 2
    y = top(layer)
    frame = f'<rect x="{x - width / 2:.1f}" y="{y}" width="{width:.1f}" height="{HIGH}"'
    style = 'fill="currentColor" stroke="none" text-anchor="middle"'
    lines = in_lines(label)
    first = y + HIGH / 2 + 5 - LINE / 2 * (len(lines) - 1)
    texts = [
        f'<tspan x="{x:.1f}" y="{first + LINE * i:.1f}">{html.escape(line)}</tspan>'
        for i, line in enumerate(lines)
    ]
    return f'{frame} rx="{corner}"/><text {style}>{" ".join(texts)}</text>'


def in_lines(label):
    """Break a long label before its last word.

    >>> in_lines("separable 3×3"), in_lines("skip")
    (['separable', '3×3'], ['skip'])
    """
    return label.rsplit(" ", 1) if len(label) > LONG else [label]


def choosing(alphas, names, nodes, *, alt, caption=""):
    """Step through the choice of a cell: the best operation of each edge, two edges a node."""
    return steps(choice(np.asarray(alphas, dtype=float), names, nodes), alt=alt, caption=caption)


def choice(alphas, names, nodes):
    """Make the graph of all edges, and a step for each edge and for each node."""
    shares = softmax(alphas)
    left = [o for o, name in enumerate(names) if name != "none"]
    best = [max(left, key=lambda o, row=row: row[o]) for row in shares]
    boxes = [{"id": f"n{i}", "label": f"{i}: {INPUTS[i]}", "inputs": []} for i in range(2)]
    marks, said = [], []
    rows = edges(nodes)
    for row, (_, source) in enumerate(rows):
        boxes.append({"id": f"e{row}", "label": "edge", "inputs": [f"n{source}"]})
    for node in range(2, 2 + nodes):
        own = [row for row, (end, _) in enumerate(rows) if end == node]
        boxes.append({"id": f"n{node}", "label": f"node {node}", "inputs": [f"e{r}" for r in own]})
        kept = sorted(own, key=lambda row: -shares[row, best[row]])[:2]
        for row in own:
            name, share = WORDS[names[best[row]]], f"{shares[row, best[row]]:.2f}"
            none = f"{shares[row, list(names).index('none')]:.2f}"
            said.append({"node": f"e{row}", "marks": {f"e{row}": [name, share]},
                         "text": f"From {rows[row][1]} to {node}: {name} has {share}, the "
                                 f"largest share besides none, which has {none}."})  # fmt: skip
        marks = {f"e{r}": [WORDS[names[best[r]]], "left out"] for r in own if r not in kept}
        sources = " and ".join(str(rows[row][1]) for row in sorted(kept))
        said.append({"node": f"n{node}", "marks": marks | {f"n{node}": [f"from {sources}"]},
                     "text": f"Node {node} keeps the two edges with the largest of these "
                             f"shares, from {sources}."})  # fmt: skip
    return {"nodes": boxes, "steps": said}
