"""Pictures of computations: the graph of a program, recorded while it runs, drawn as SVG.

A box is an input or an application of a primitive, with the shape of what it made; the
edges lead from what was used to what was made. Constants have no box.

Chapter: book/reverse.md.
"""

import html
import inspect

from dlcore.autodiff.dispatch import Traced, float_arrays, is_traced_at, levels, lower
from dlcore.graph import topological_order
from figures.layout import layout
from figures.widget import figcaption

LETTER = 7.2  # width of a letter
LINE = 15  # height of a line
HIGH = 38  # height of a box, and of the room between two layers
GAP = 26  # between neighbours


class Node(Traced):
    """A value that remembers which primitive made it, and from what."""

    __slots__ = ("name", "parents")

    def __init__(self, value, level, name, parents=()):
        self.value = value
        self.level = level
        self.name = name
        self.parents = parents

    def record(self, primitive, args, options):
        """Apply a primitive to values and keep the arguments that are part of the picture."""
        y = primitive(*lower(args, self.level), **options)
        parents = [arg for arg in args if is_traced_at(arg, self.level)]
        return Node(y, self.level, primitive.__name__, parents)


class Drawing:
    """A picture in the colours of the text around it; notebooks show it."""

    def __init__(self, svg, alt, caption=""):
        opening = f'<svg role="img" aria-label="{html.escape(alt)}" '
        self.svg = svg.replace("<svg ", opening, 1)
        self.caption = caption

    def _repr_svg_(self):
        return self.svg

    def _repr_html_(self):
        caption = figcaption(self.caption)
        return f'<figure class="drawn">{self.svg}{caption}</figure>'


def draw(f, *xs, alt="", caption=""):
    """Draw the graph of f at `xs`: what is computed, from what, and of which shape.

    >>> import numpy as np
    >>> "sin" in draw(lambda x: np.sin(x) * x, np.ones(3)).svg
    True
    """
    nodes = trace(f, *xs)
    made = ", ".join(node.name for node in nodes)
    return Drawing(as_svg(nodes), alt or f"The graph of a computation, in order: {made}.", caption)


def trace(f, *xs):
    """Run f and list the nodes of its graph, each after all that it was made from."""
    xs = float_arrays("draw", xs)
    level = next(levels)
    inputs = [Node(x, level, name) for x, name in zip(xs, letters(f, len(xs)), strict=True)]
    y = f(*inputs)
    outputs = y if isinstance(y, tuple | list) else [y]
    ends = [node for node in outputs if is_traced_at(node, level)]
    made = list(topological_order(ends, lambda node: node.parents))[::-1]
    return list(dict.fromkeys([*inputs, *made]))


def letters(f, many):
    """Name the inputs of f as its signature does; where it says ``*xs``, count them."""
    names = []
    last = "x"
    for parameter in inspect.signature(f).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            last = parameter.name.removesuffix("s")
        elif parameter.kind is not parameter.KEYWORD_ONLY:
            names.append(parameter.name)
    return [*names, *(f"{last}{i}" for i in range(many))][:many]


def label(node):
    """Return the two lines of a box:  its name, its shape."""
    return node.name, " × ".join(map(str, node.shape)) or "number"


def as_svg(nodes):
    """Lay the graph out in layers, every node below all that it was made from."""
    place = {node: i for i, node in enumerate(nodes)}
    inputs = {place[node]: [place[parent] for parent in node.parents] for node in nodes}
    width = LETTER * max(len(line) for node in nodes for line in label(node)) + 18
    places, paths = layout(inputs, width + GAP, GAP)
    body = [edge(path) for path in paths]
    body += [box(node, *places[i], width) for node, i in place.items()]

    across = [x for path in [*paths, places.values()] for x, _ in path]
    left = min(across) - width / 2 - 2
    wide = max(across) - min(across) + width + 4
    layers = 1 + max(layer for _, layer in places.values())
    high = layers * 2 * HIGH - HIGH + 4
    view = f'viewBox="{left:.0f} -2 {wide:.0f} {high}" width="{wide:.0f}"'
    style = 'font-size="13" fill="none" stroke="currentColor"'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {style} {view}>', *body, "</svg>"])


def edge(path):
    """Draw an arrow through its bends: straight beside a layer, curved between two."""
    (x, layer), *rest = path
    end, last = path[-1]
    y = top(layer) + HIGH
    route = f"M{x:.1f} {y}"
    for u, layer in rest:
        middle = y + HIGH // 2
        route += f"C{x:.1f} {middle} {u:.1f} {middle} {u:.1f} {top(layer)}"
        if layer < last:
            route += f"v{HIGH}"
        x, y = u, top(layer) + HIGH
    tip = f'<path d="M{end:.1f} {top(last)}l-3 -7h6z" fill="currentColor"/>'
    return f'<path d="{route}"/>{tip}'


def top(layer):
    """Return the height at which the boxes of a layer begin."""
    return 2 * HIGH * layer


def box(node, x, layer, width):
    """Draw a node: an input is round, a result has corners."""
    y = top(layer)
    corner = 6 if node.parents else HIGH / 2
    frame = f'<rect x="{x - width / 2:.1f}" y="{y}" width="{width:.1f}" height="{HIGH}"'
    lines = [
        f'<text x="{x:.1f}" y="{y + LINE * i + 1}">{html.escape(text)}</text>'
        for i, text in enumerate(label(node), 1)
    ]
    style = 'fill="currentColor" stroke="none" text-anchor="middle"'
    return f'{frame} rx="{corner}"/><g {style}>{"".join(lines)}</g>'
