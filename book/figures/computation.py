"""Pictures of computations: the graph of a program, recorded while it runs, drawn as SVG.

A box is an input or an application of a primitive, with the shape of what it made; the
edges lead from what was used to what was made. Constants have no box.

Chapter: book/reverse.md.
"""

import html
import inspect
import re
import shutil
import subprocess

from dlcore.autodiff.dispatch import Traced, belongs, floats, levels, lower
from dlcore.graph import topological_order
from figures.layout import layout

LETTER, LINE, HIGH, GAP = 7.2, 15, 38, 26  # width of a letter, heights of a line and a box, air


class Node(Traced):
    """A value that remembers which primitive made it, and from what."""

    __slots__ = ("name", "parents")

    def __init__(self, value, level, name, parents=()):
        self.value, self.level, self.name, self.parents = value, level, name, parents

    def record(self, primitive, args, options):
        """Apply a primitive to values and keep the arguments that are part of the picture."""
        y = primitive(*lower(args, self.level), **options)
        parents = [arg for arg in args if belongs(arg, self.level)]
        return Node(y, self.level, primitive.__name__, parents)


class Drawing:
    """A picture in the colours of the text around it; notebooks show it."""

    def __init__(self, svg, alt, caption=""):
        opening = f'<svg role="img" aria-label="{html.escape(alt)}" '
        self.svg, self.caption = svg.replace("<svg ", opening, 1), caption

    def _repr_svg_(self):
        return self.svg

    def _repr_html_(self):
        caption = f"<figcaption>{html.escape(self.caption)}</figcaption>" if self.caption else ""
        return f'<figure class="drawn">{self.svg}{caption}</figure>'


def draw(f, *xs, alt="", caption=""):
    """Draw the graph of f at `xs`: by Graphviz where it is installed, else by our own hand.

    >>> import numpy as np
    >>> "sin" in draw(lambda x: np.sin(x) * x, np.ones(3)).svg
    True
    """
    nodes = trace(f, *xs)
    svg = by_graphviz(nodes) if shutil.which("dot") else by_layers(nodes)
    made = ", ".join(node.name for node in nodes)
    return Drawing(svg, alt or f"The graph of a computation, in order: {made}.", caption)


def trace(f, *xs):
    """Run f and list the nodes of its graph, each after all that it was made from."""
    xs, level = floats("draw", xs), next(levels)
    inputs = [Node(x, level, name) for x, name in zip(xs, letters(f, len(xs)), strict=True)]
    y = f(*inputs)
    ends = [node for node in (y if isinstance(y, tuple | list) else [y]) if belongs(node, level)]
    made = list(topological_order(ends, lambda node: node.parents))[::-1]
    return list(dict.fromkeys([*inputs, *made]))


def letters(f, many):
    """Name the inputs of f as its signature does; where it says ``*xs``, count them."""
    names, last = [], "x"
    for parameter in inspect.signature(f).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            last = parameter.name.removesuffix("s")
        elif parameter.kind is not parameter.KEYWORD_ONLY:
            names.append(parameter.name)
    return [*names, *(f"{last}{i}" for i in range(many))][:many]


def label(node):
    """Return the two lines of a box:  its name, its shape."""
    return node.name, " × ".join(map(str, node.shape)) or "number"


def by_graphviz(nodes):
    """Let `dot` lay the graph out."""
    place = {node: i for i, node in enumerate(nodes)}
    text = ['digraph { node [fontname="sans-serif" fontsize=12 height=0.4 margin="0.12,0.04"]']
    text.append("bgcolor=transparent ranksep=0.35 nodesep=0.25 edge [arrowsize=0.6]")
    for node, i in place.items():
        style = "ellipse" if not node.parents else 'box style="rounded"'
        words = r"\n".join(label(node)).replace('"', r"\"")
        text.append(f'{i} [label="{words}" shape={style}]')
        text += [f"{place[parent]} -> {i}" for parent in node.parents]
    done = subprocess.run(
        ["dot", "-Tsvg"], input="\n".join([*text, "}"]), capture_output=True, text=True, check=True
    )
    svg = re.sub(
        r"^.*?(?=<svg)|<title>.*?</title>| id=\"[^\"]*\"", "", done.stdout, flags=re.DOTALL
    )
    svg = svg.replace('"black"', '"currentColor"').replace("<text ", '<text fill="currentColor" ')
    return re.sub(r"<!--.*?-->\n?| font-family=\"[^\"]*\"", "", svg, flags=re.DOTALL)


def by_layers(nodes):
    """Lay the graph out in layers: every node below all that it was made from."""
    place = {node: i for i, node in enumerate(nodes)}
    inputs = {place[node]: [place[parent] for parent in node.parents] for node in nodes}
    width = LETTER * max(len(line) for node in nodes for line in label(node)) + 18
    places, paths = layout(inputs, width + GAP, GAP)
    ends = [x for path in [*paths, places.values()] for x, _ in path]
    left, wide = min(ends) - width / 2 - 2, max(ends) - min(ends) + width + 4
    high = (1 + max(floor for _, floor in places.values())) * 2 * HIGH - HIGH + 4
    body = [*map(edge, paths), *(box(node, *places[i], width) for node, i in place.items())]
    opening = '<svg xmlns="http://www.w3.org/2000/svg" font-size="13" fill="none" '
    opening += (
        f'stroke="currentColor" viewBox="{left:.0f} -2 {wide:.0f} {high}" width="{wide:.0f}">'
    )
    return "\n".join([opening, *body, "</svg>"])


def edge(path):
    """Draw an arrow through its bends: straight beside a layer, curved between two."""
    (x, floor), *bends, (end, last) = path
    route, y = f"M{x:.1f} {2 * HIGH * floor + HIGH}", 2 * HIGH * floor + 1.5 * HIGH
    for u, floor in [*bends, (end, last)]:
        route += f"C{x:.1f} {y} {u:.1f} {y} {u:.1f} {2 * HIGH * floor}"
        route += f"v{HIGH}" * (floor < last)
        x, y = u, y + 2 * HIGH
    tip = f'<path d="M{end:.1f} {2 * HIGH * last}l-3 -7h6z" fill="currentColor"/>'
    return f'<path d="{route}"/>{tip}'


def box(node, x, floor, width):
    """Draw a node: an input is round, a result has corners."""
    y, corner = 2 * HIGH * floor, 6 if node.parents else HIGH / 2
    frame = f'<rect x="{x - width / 2:.1f}" y="{y}" width="{width:.1f}" height="{HIGH}"'
    lines = [
        f'<text x="{x:.1f}" y="{y + LINE * i + 1}">{html.escape(text)}</text>'
        for i, text in enumerate(label(node), 1)
    ]
    style = 'fill="currentColor" stroke="none" text-anchor="middle"'
    return f'{frame} rx="{corner}"/><g {style}>{"".join(lines)}</g>'
