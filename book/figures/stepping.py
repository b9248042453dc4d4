"""A graph to step through: a picture, a table of steps, and the data of the widget.

The picture holds the final lines of every node, so it is complete without a script.
`_static/widgets/graph-steps.js` finds the figure, offers buttons and keys, and writes into
each node what is known at that step. The graph is a dict:

    nodes   [{"id", "label", "inputs": [id, …]}, …]
    steps   [{"node": id, "text", "marks": {id: [line, …]}, "edges": [[from, to], …]}, …]

The marks of a step are the lines that stand in a node from that step on, its edges those that it
uses. A step with "backward": true follows them from the output to the input; its "share", if it
has one, is the number that it passes along them.
"""

import hashlib
import json
from html import escape

from figures.layout import layout
from figures.widget import figcaption

CHARACTER = 7.4  # width of a letter
LINE = 17  # height of a line
PAD = 10  # around the text in a box
GAP = 26  # around a box
MARGIN = 8  # around the picture


def steps(graph, *, alt, caption=""):
    """Present a graph and its steps, with words for who cannot see it and words below it."""
    return Stepping(graph, alt, caption)


class Stepping:
    """A figure for the page; without a page, its steps as text."""

    def __init__(self, graph, alt, caption):
        if not alt:
            raise ValueError("steps: alt is empty, say in words what the picture shows")
        self.nodes = graph["nodes"]
        self.steps = graph["steps"]
        self.alt = alt
        self.caption = caption
        data = json.dumps(graph, ensure_ascii=False)
        self.data = data.replace("<", "\\u003c").replace("&", "\\u0026")  # no tag ends it
        self.name = "g" + hashlib.sha256(self.data.encode()).hexdigest()[:8]

    def __repr__(self):
        return "\n".join(step["text"] for step in self.steps)

    def _repr_html_(self):
        caption = figcaption(self.caption)
        data = f'<script type="application/json">{self.data}</script>'
        return (
            f'<figure class="drawn stepping">{self.picture()}{self.table()}{data}{caption}</figure>'
        )

    def table(self):
        """List the steps as rows, in a drawer that the script closes."""
        rows = (
            f"<tr><td>{number}</td><td>{escape(step['text'])}</td></tr>"
            for number, step in enumerate(self.steps, 1)
        )
        return (
            "<details open><summary>All steps</summary><table><thead><tr><th>step</th>"
            f"<th>what happens</th></tr></thead><tbody>{''.join(rows)}</tbody></table></details>"
        )

    def picture(self):
        """Draw boxes in layers, and an arrow from every input to the node that uses it."""
        lines = {node["id"]: [] for node in self.nodes}
        for step in self.steps:
            lines |= step["marks"]
        rows = max(len(marks) for step in self.steps for marks in step["marks"].values())
        texts = [[node["label"], *lines[node["id"]]] for node in self.nodes]
        texts = [[*text, *[""] * (1 + rows - len(text))] for text in texts]  # the script fills them
        width = CHARACTER * max(len(line) for text in texts for line in text) + 2 * PAD
        height = LINE * (1 + rows) + PAD

        inputs = {node["id"]: list(dict.fromkeys(node["inputs"])) for node in self.nodes}
        places, paths = layout(inputs, width + GAP, GAP)
        scaled = [[(x, y * (height + 2 * GAP)) for x, y in path] for path in paths]
        ends = [(source, node) for node in inputs for source in inputs[node]]
        body = [
            arrow(source, node, path, height)
            for (source, node), path in zip(ends, scaled, strict=True)
        ]
        for (node, (x, y)), text in zip(places.items(), texts, strict=True):
            body.append(box(node, text, (x, y * (height + 2 * GAP)), (width, height)))
        everything = [*places.values(), *(place for path in paths for place in path)]
        return self.frame("".join(body), everything, (width, height))

    def frame(self, body, places, size):
        """Put a drawing into a frame that holds all places, and give it its words."""
        left = min(x for x, _ in places)
        right = max(x for x, _ in places)
        across, up = size
        width = right - left + across + 2 * MARGIN
        height = max(y for _, y in places) * (up + 2 * GAP) + up + 2 * MARGIN
        view = f"{left - across / 2 - MARGIN:.0f} {-MARGIN} {width:.0f} {height:.0f}"
        return (
            f'<svg role="img" aria-labelledby="{self.name}" viewBox="{view}" width="{width:.0f}">'
            f'<title id="{self.name}">{escape(self.alt)}</title>{body}</svg>'
        )


def box(node, text, place, size):
    """Draw a node: its label in the first line, what is known of it below."""
    x, y = place
    width, height = size
    lines = [
        f'<text x="{x:.1f}" y="{y + LINE * i:.1f}">{escape(line)}</text>'
        for i, line in enumerate(text, 1)
    ]
    edge = f'<rect x="{x - width / 2:.1f}" y="{y}" width="{width:.1f}" height="{height}"/>'
    return f'<g data-node="{escape(node)}">{edge}{"".join(lines)}</g>'


def arrow(source, node, path, height):
    """Draw an arrow from the bottom of a box to the top of another, straight past the others.

    It has a second head at its beginning, which is shown while a step follows it backwards.
    """
    (x, y), *rest = path
    start = f"M{x:.1f} {y + height:.1f}"
    route = start
    for to, top in rest:
        middle = (y + height + top) / 2
        route += f"C{x:.1f} {middle:.1f} {to:.1f} {middle:.1f} {to:.1f} {top:.1f}"
        if (to, top) != rest[-1]:
            route += f"V{top + height:.1f}"
        x = to
        y = top
    return (
        f'<g data-from="{escape(source)}" data-to="{escape(node)}"><path d="{route}"/>'
        f'<path class="head" d="M{x:.1f} {y:.1f}l-4 -8h8z"/>'
        f'<path class="head back" display="none" d="{start}l-4 8h8z"/></g>'
    )
