"""A playground: small networks that are trained in the page, on four data sets of the plane.

The picture shows a network that dlcore has trained on the spiral, and its loss; the table says for
each data set which network classifies it. So the figure is complete without a script.
`_static/widgets/playground.js` finds it and adds the controls, and `dense-network.js` trains; a
test in a browser holds its scores, gradients and steps against dlcore.
"""

from itertools import pairwise

import numpy as np

from dlcore.experiments.twolayer import descend, spiral
from dlcore.nn import Linear, ReLU, Sequential
from dlcore.train import Adam
from figures.widget import number, require_alt, table, widget

SIZE, CELL, HALF = 80, 4, 1.4  # cells along an edge, their pixels; the picture shows [-1.4, 1.4]²
PANEL = {"width": 300, "height": 120}
N, STEPS, RATE = 120, 1000, 0.03
CHOICES = {
    "data set": ("two Gaussians", "circle", "exclusive or", "spiral"),
    "hidden layers": (0, 1, 2, 3),
    "units in each": (2, 4, 8, 16),
    "optimizer": ("Adam", "momentum"),
    "learning rate": (0.001, 0.003, 0.01, 0.03, 0.1, 0.3),
    "batch": ("all", 10, 40),
}
SUGGESTED = {"two Gaussians": (0, 2), "circle": (1, 8), "exclusive or": (1, 8), "spiral": (2, 16)}
COLUMNS = ("data set", "hidden layers", "units in each", "points classified rightly")


def train_networks(*, alt, caption=""):
    """Present networks that can be chosen and trained, with words for who cannot see them."""
    return Playground(alt, caption)


class Playground:
    """A figure for the page; without a page, what it says of the trained network."""

    def __init__(self, alt, caption):
        require_alt("train_networks", alt)
        self.alt = alt
        self.caption = caption
        self.data = four_data_sets()
        self.trained = {name: train(*self.data[name], *SUGGESTED[name]) for name in self.data}
        self.model, self.losses = self.trained["spiral"]

    @property
    def text(self):
        """What is read aloud."""
        right = count_right(self.model, *self.data["spiral"])
        said = f"After {STEPS} steps: the loss was {number(self.losses[-1])}, "
        return said + f"{right} of {N} points are classified rightly."

    def __repr__(self):
        return self.text

    def _repr_html_(self):
        rows = []
        for name, (model, _) in self.trained.items():
            layers, units = SUGGESTED[name]
            right = f"{count_right(model, *self.data[name])} of {N}"
            rows.append([name, f"{layers}", f"{units if layers else '–'}", right])
        layers, units = SUGGESTED["spiral"]
        first = dict(zip(CHOICES, ("spiral", layers, units, "Adam", RATE, "all"), strict=True))
        data = {name: {"x": x.tolist(), "t": t.tolist()} for name, (x, t) in self.data.items()}
        choices = {"choices": CHOICES, "first": first, "limit": STEPS, "panel": PANEL}
        return widget(
            "playground",
            alt=self.alt,
            picture=self.picture(),
            table=table(COLUMNS, rows),
            text=self.text,
            data=choices | {"data": data, "map": {"size": SIZE, "cell": CELL, "half": HALF}},
            caption=self.caption,
        )

    def picture(self):
        """Draw the regions and the points, and the curve of the loss beside them."""
        x, t = self.data["spiral"]
        edge = SIZE * CELL
        drawn = "".join(
            f'<path class="region k{k}" d="{d}"/>' for k, d in enumerate(regions(self.model))
        )
        for k in (0, 1):
            marks = "".join(mark(*place, k) for place in places(x[t == k]))
            drawn += f'<path class="points k{k}" d="{marks}"/>'
        map_ = f'<svg viewBox="0 0 {edge} {edge}" width="{edge}" aria-hidden="true">{drawn}</svg>'
        return map_ + self.curve()

    def curve(self):
        """Draw the loss after every step, up to one."""
        width, height = PANEL.values()
        across = np.arange(STEPS) * width / STEPS
        down = height * (1 - np.minimum(self.losses, 1))
        curve = "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(across, down, strict=True))
        return (
            f'<svg viewBox="-30 -12 {width + 52} {height + 50}" width="{width + 52}" '
            f'aria-hidden="true"><path class="axis" d="M0 0V{height}H{width}"/>'
            f'<path class="curve" d="M{curve}"/><text x="-14" y="5">1</text>'
            f'<text x="-14" y="{height + 5}">0</text><text x="20" y="5">loss</text>'
            f'<text x="{width / 2}" y="{height + 22}">step</text>'
            f'<text class="last" x="{width}" y="{height + 22}">{STEPS}</text></svg>'
        )


def four_data_sets():
    """Draw four data sets of two classes in the plane, rounded to hundredths."""
    rng = np.random.default_rng(0)
    t = np.arange(N) % 2
    x = rng.uniform(-1, 1, (N, 2))
    x += np.where(x > 0, 0.1, -0.1)  # no point lies close to an axis
    corners = x, (x.prod(axis=1) > 0).astype(int)
    angle = rng.uniform(0, 2 * np.pi, N)
    radius = np.where(t == 1, rng.uniform(0, 0.5, N), rng.uniform(0.8, 1.2, N))
    ring = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    middle = np.where(t == 1, 0.7, -0.7)[:, None]
    sets = {
        "two Gaussians": (middle + rng.normal(0, 0.2, (N, 2)), t),
        "circle": (ring, t),
        "exclusive or": corners,
        "spiral": spiral(N, 2, rng=rng),
    }
    return {name: (x.round(2), t) for name, (x, t) in sets.items()}


def dense(layers, units, *, rng):
    """Build a network with some hidden layers of equally many units, and two scores."""
    sizes = [2, *[units] * layers, 2]
    row = [layer for D, M in pairwise(sizes) for layer in (Linear(D, M, rng=rng), ReLU())]
    return Sequential(*row[:-1])


def train(x, t, layers, units):
    """Train such a network on the whole batch; return it and its losses."""
    model = dense(layers, units, rng=np.random.default_rng(0))
    return model, descend(model, x, t, optimizer=Adam(RATE), steps=STEPS)


def count_right(model, x, t):
    """Count the points that are classified rightly."""
    return int((model(x).argmax(axis=1) == t).sum())


def regions(model):
    """Write the cells of the map in which each class is predicted, as runs along its rows."""
    middle = (np.arange(SIZE) + 0.5) / SIZE * 2 * HALF - HALF
    drawn = ["", ""]
    for i, y in enumerate(-middle):
        won = model(np.column_stack([middle, np.full(SIZE, y)])).argmax(axis=1)
        starts = np.flatnonzero(np.diff(won, prepend=-1))
        for j, end in zip(starts, [*starts[1:], SIZE], strict=True):
            length = CELL * (end - j)
            drawn[won[j]] += f"M{CELL * j} {CELL * i}h{length}v{CELL}h{-length}z"
    return drawn


def places(x):
    """Place points on the map."""
    return SIZE * CELL / (2 * HALF) * (HALF + np.array([1, -1]) * x)


def mark(x, y, k):
    """Write a point as a path: a circle for class 0, a square for class 1."""
    if k == 1:
        return f"M{x - 4:.1f} {y - 4:.1f}h8v8h-8z"
    return f"M{x - 4:.1f} {y:.1f}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0"
