"""The creases of a two-layer network on the plane, and the regions of its two classes, to be moved.

Unit m has the pre-activation  a = x₀ cos α + x₁ sin α - d  with the angle α and the offset d, and
the difference of the two scores is  δ = Σₘ vₘ max(0, aₘ) + c.  Class 1 is predicted where δ > 0.
The picture shows the first network, so it is complete without a script.
`_static/widgets/crease-sliders.js` finds the figure and computes what moved creases divide; a test
in a browser holds it against dlcore.
"""

import numpy as np

from dlcore.nn import load
from dlcore.nn.models import TwoLayer
from figures.widget import number, require_alt, table, widget

HALF, SCALE = 2, 100  # the picture shows [-2, 2]², a hundred pixels to one
SQUARE = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]) * HALF
TINY = 1e-9  # areas and scores that are zero but for rounding
RANGES = {
    "angle": {"min": -180, "max": 180, "step": 5},
    "offset": {"min": -1.5, "max": 1.5, "step": 0.1},
    "weight": {"min": -3, "max": 3, "step": 0.1},
}
COLUMNS = ("unit", "angle", "offset", "output weight")


def move_creases(units, bias, x, t, *, solution, alt, caption=""):
    """Present creases that can be moved: a unit is (angle in degrees, offset, output weight).

    ``solution`` holds the units and the bias of a network that is right on all points x.
    """
    return Creases(np.array(units, dtype=float), bias, np.asarray(x), t, solution, alt, caption)


class Creases:
    """A figure for the page; without a page, what it says of the first network."""

    def __init__(self, units, bias, x, t, solution, alt, caption):
        require_alt("move_creases", alt)
        self.units = units
        self.bias = bias
        self.x = x
        self.t = t
        self.solution = solution
        self.alt = alt
        self.caption = caption
        self.model = network(units, bias)
        self.cells = cells(self.model)
        self.right = self.model(x).argmax(axis=1) == t

    @property
    def text(self):
        """What is read aloud."""
        said = f"{self.right.sum()} of {len(self.t)} points are classified rightly. "
        regions = f"{len(self.cells)} region" + "s" * (len(self.cells) != 1)
        return said + f"The creases divide the picture into {regions}."

    def __repr__(self):
        return self.text

    def _repr_html_(self):
        rows = [
            [f"{m}", f"{angle:.0f}°".replace("-", "−"), number(offset), number(weight)]
            for m, (angle, offset, weight) in enumerate(self.units, 1)
        ]
        solved, bias = self.solution
        data = {"units": self.units.tolist(), "bias": self.bias, "ranges": RANGES}
        data |= {"points": np.column_stack([self.x, self.t]).tolist()}
        data |= {"solution": {"units": np.array(solved).tolist(), "bias": bias}}
        return widget(
            "creases",
            alt=self.alt,
            picture=self.picture(),
            table=table(COLUMNS, [*rows, ["output bias", "", "", number(self.bias)]]),
            text=self.text,
            data=data,
            caption=self.caption,
        )

    def picture(self):
        """Draw the regions of the classes, their border, the creases and the points."""
        border, drawn = "", ["", ""]
        for cell in self.cells:
            delta = difference(self.model, cell)
            border += polyline(zeros(cell, delta))
            for k, part in enumerate(halves(cell, delta)):
                drawn[k] += polyline(part, closed=True)
        shown = "".join(f'<path class="region k{k}" d="{d}"/>' for k, d in enumerate(drawn))
        shown += f'<path class="border" d="{border}"/>'
        for m in range(len(self.units)):
            line = polyline(zeros(SQUARE, self.model.hidden(SQUARE)[:, m]))
            shown += f'<path class="crease u{m}" d="{line}"/>'
        for x, t, right in zip(self.x, self.t, self.right, strict=True):
            shown += point(x, t, right)
        for m, (angle, offset, _) in enumerate(self.units):
            shown += arrow(m, angle, offset)
        size = 2 * HALF * SCALE
        return f'<svg viewBox="0 0 {size} {size}" width="{size}" aria-hidden="true">{shown}</svg>'


def network(units, bias):
    """Build the two-layer network of some units: class 0 has the score 0, class 1 the score δ."""
    angle, offset, weight = np.transpose(units)
    turned = np.deg2rad(angle)
    model = TwoLayer(2, len(units), 2, rng=np.random.default_rng(0))
    params = {"hidden.w": [np.cos(turned), np.sin(turned)], "hidden.b": -offset}
    second = {"output.w": np.outer(weight, [0, 1]), "output.b": [0, bias]}
    load(model, params | second)
    return model


def difference(model, x):
    """Subtract the score of class 0 from that of class 1."""
    y = model(x)
    return y[:, 1] - y[:, 0]


def cells(model):
    """Divide the picture by all creases, into convex polygons."""
    parts = [SQUARE]
    for m in range(len(model.hidden.params["b"])):
        sides = [cut(part, s * model.hidden(part)[:, m]) for part in parts for s in (1, -1)]
        parts = [part for part in sides if area(part) > TINY]
    return parts


def sides(corners, a):
    """Yield each side of a polygon, from p to q, with the values u and v that `a` has there."""
    a = np.where(abs(a) < TINY, 0, a)
    return zip(corners, np.roll(corners, -1, axis=0), a, np.roll(a, -1), strict=True)


def cut(corners, a):
    """Keep the part of a convex polygon where an affine function, known at corners, is ≥ 0.

    >>> cut(np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]]), np.array([1.0, -1.0, -1.0])).tolist()
    [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    """
    kept = []
    for p, q, u, v in sides(corners, a):
        kept += [p] if u >= 0 else []
        kept += [p + u / (u - v) * (q - p)] if u * v < 0 else []
    return np.reshape(kept, (-1, 2))


def zeros(corners, a):
    """Find the ends of the segment inside a polygon on which an affine function is zero."""
    found = []
    for p, q, u, v in sides(corners, a):
        found += [p] if u == 0 else []
        found += [p + u / (u - v) * (q - p)] if u * v < 0 else []
    inside = a.min() < -TINY and a.max() > TINY
    return np.reshape(found if inside else [], (-1, 2))


def area(corners):
    """Return the area of a polygon."""
    x, y = corners.T
    return abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2


def halves(cell, delta):
    """Return the parts of a cell in which class 0 and class 1 are predicted."""
    if delta.max() <= TINY:
        return cell, cell[:0]
    return cut(cell, -delta), cut(cell, delta)


def pixels(x):
    """Place points on the picture."""
    return SCALE * (HALF + np.array([1, -1]) * x)


def polyline(corners, *, closed=False):
    """Write a line through some points as an SVG path."""
    places = [f"{x:.1f} {y:.1f}" for x, y in pixels(corners)]
    return f"M{'L'.join(places)}{'Z' * closed}" if places else ""


def arrow(m, angle, offset):
    """Draw the number of a unit, and an arrow from its crease to where it is positive."""
    ahead = np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))])
    foot, tip, label = (ahead * (offset + step) for step in (0, 0.22, 0.38))
    x, y = pixels(label)
    line = polyline([foot, tip])
    side = np.array([-ahead[1], ahead[0]]) * 0.07
    line += polyline([tip - 0.1 * ahead + side, tip, tip - 0.1 * ahead - side])
    return (
        f'<path class="arrow u{m}" d="{line}"/>'
        f'<text class="u{m}" x="{x:.1f}" y="{y + 5:.1f}">{m + 1}</text>'
    )


def point(x, t, right):
    """Draw a point, a circle or a square; a ring is around a point that is classified wrongly."""
    place = "{:.1f} {:.1f}".format(*pixels(x))
    shape = '<rect x="-6" y="-6" width="12" height="12"/>' if t else '<circle r="6.5"/>'
    wrong = "" if right else " wrong"
    ring = '<circle class="ring" r="12"/>'
    return f'<g class="point k{t}{wrong}" transform="translate({place})">{shape}{ring}</g>'
