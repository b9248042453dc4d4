"""A race of optimizers: five of them, from one start, on the contours of a function.

The picture and the table show the first function, so both are complete without a script.
`_static/widgets/optimizer-race.js` finds the figure, adds the controls, and takes the steps from
the start that the reader chooses; a test in a browser holds them against the optimizers of dlcore.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dlcore.experiments.optim import path
from dlcore.train.optim import SGD, Adam, Momentum, Nesterov, RMSProp
from figures.drawing import canvas
from figures.widget import number, require_alt, widget

OPTIMIZERS = {
    "SGD": SGD,
    "momentum": Momentum,
    "Nesterov": Nesterov,
    "RMSProp": RMSProp,
    "Adam": Adam,
}
RATES = (*(m / 1000 for m in (1, 2, 3, 5, 7, 10, 20, 30, 50, 70, 100, 200, 300, 500)),)
STEPS, MOST = 40, 200  # shown at first, and at most
LOST = 1000.0  # who is further off has diverged
WINDOW = LEFT, RIGHT, BOTTOM, TOP = -3, 3, -2, 2
SCALE = 70  # of the map, for a unit
AWAY = 17  # from the end of a path to its name
CONSTANTS = ("momentum", "rho", "beta1", "beta2", "eps")
COLUMNS = ("optimizer", "x", "y", "f")
DECIMALS = 3  # of coordinates and values
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Landscape:
    """A function of two variables, its gradient, and how a race on it begins."""

    name: str
    height: Callable  # of arrays x and y
    slope: Callable  # of a point (2,)
    start: tuple
    rate: float
    minima: tuple


LANDSCAPES = (
    Landscape(
        "quadratic: ½x² + 10y²",
        lambda x, y: (x * x + 20 * y * y) / 2,
        lambda w: np.array([w[0], 20 * w[1]]),
        start=(-2.5, 1.2),
        rate=0.05,
        minima=((0, 0),),
    ),
    Landscape(
        "saddle: ½x² − ½y² + ¼y⁴",
        lambda x, y: x**2 / 2 - y**2 / 2 + y**4 / 4,
        lambda w: np.array([w[0], w[1] ** 3 - w[1]]),
        start=(-2.5, 0.05),
        rate=0.05,
        minima=((0, 1), (0, -1)),
    ),
    Landscape(
        "curved valley: (1 − x)² + 10(y − x²)²",
        lambda x, y: (1 - x) ** 2 + 10 * (y - x * x) ** 2,
        lambda w: np.array(
            [-2 * (1 - w[0]) - 40 * w[0] * (w[1] - w[0] ** 2), 20 * (w[1] - w[0] ** 2)]
        ),
        start=(-1.2, 1.5),
        rate=0.01,
        minima=((1, 1),),
    ),
)


def race_optimizers(*, alt, caption=""):
    """Present the race, with words for who cannot see it and words below it."""
    return OptimizerRace(alt, caption)


def follow(name, landscape, start, rate, steps):
    """Return the positions of one optimizer until it is lost, (steps + 1, 2) at most."""
    with np.errstate(over="ignore", invalid="ignore"):
        walked = path(OPTIMIZERS[name](rate), landscape.slope, start, steps)
    lost = np.flatnonzero(~(np.abs(walked) <= LOST).all(axis=1))
    return walked[: lost[0] + 1] if lost.size else walked


def constants(name):
    """List what an optimizer has besides its learning rate, as the library sets it."""
    optimizer = vars(OPTIMIZERS[name](0.0))
    return {key: optimizer[key] for key in CONSTANTS if key in optimizer}


class OptimizerRace:
    """A figure for the page; without a page, what it says of the first function."""

    def __init__(self, alt, caption):
        require_alt("race_optimizers", alt)
        self.alt = alt
        self.caption = caption
        first = LANDSCAPES[0]
        self.start = first.start
        self.paths = {
            name: follow(name, first, first.start, first.rate, STEPS) for name in OPTIMIZERS
        }
        self.heights = {name: first.height(*walked[-1]) for name, walked in self.paths.items()}

    @property
    def text(self):
        """What is read aloud."""
        best = min(self.heights, key=self.heights.get)
        return f"After {STEPS} steps: {best} is lowest, with f = {value(self.heights[best])}."

    def __repr__(self):
        return self.text

    def _repr_html_(self):
        return widget(
            "optimizer-race",
            alt=self.alt,
            picture=self.picture(),
            table=self.table(),
            text=self.text,
            data=self.data(),
            caption=self.caption,
        )

    def data(self):
        """What the script needs: the map, the choices, and the constants of the optimizers."""
        return {
            "window": WINDOW,
            "scale": SCALE,
            "rates": RATES,
            "steps": STEPS,
            "most": MOST,
            "lost": LOST,
            "optimizers": {name: constants(name) for name in OPTIMIZERS},
            "functions": [
                {"name": each.name, "start": each.start, "rate": each.rate} for each in LANDSCAPES
            ],
        }

    def picture(self):
        """Draw the maps, of which the first is shown, and on it the paths and their ends."""
        width, height = SCALE * (RIGHT - LEFT), SCALE * (TOP - BOTTOM)
        clip = "race" + hashlib.sha256(self.alt.encode()).hexdigest()[:8]
        maps = "".join(contours(each, shown=each is LANDSCAPES[0]) for each in LANDSCAPES)
        start = f'<circle class="start" r="6" transform="translate({on_map(self.start)})"/>'
        drawn = "".join(trail(i, walked) for i, walked in enumerate(self.paths.values()))
        ends = "".join(end(i, name, self.paths[name][-1]) for i, name in enumerate(self.paths))
        return (
            f'<svg viewBox="-30 -8 {width + 38} {height + 34}" aria-hidden="true">'
            f'<clipPath id="{clip}"><rect width="{width}" height="{height}"/></clipPath>'
            f'{axes()}<g clip-path="url(#{clip})">{maps}{drawn}{start}{ends}</g></svg>'
        )

    def table(self):
        """Write down where each optimizer is, and the value there."""
        head = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
        body = ""
        for i, (name, walked) in enumerate(self.paths.items()):
            dot = f'<span class="c{i}" aria-hidden="true">●</span> '
            cells = (*(number(w, DECIMALS) for w in walked[-1]), value(self.heights[name]))
            body += f'<tr><th scope="row">{dot}{name}</th>'
            body += "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def on_map(w):
    """Write a point in the coordinates of the picture."""
    return f"{SCALE * (w[0] - LEFT):.1f} {SCALE * (TOP - w[1]):.1f}"


def trail(i, walked):
    """Draw a path: a line, and a dot for each step."""
    places = [on_map(w) for w in walked]
    dots = "".join(f"M{place}h0" for place in places)
    return f'<path class="line c{i}" d="M{"L".join(places)}"/><path class="dots c{i}" d="{dots}"/>'


def end(i, name, w):
    """Draw where a path ends: a stem, and on it a disc with the first letter of its optimizer.

    Every stem has a direction of its own, so that discs do not cover each other where paths meet.
    """
    angle = 2 * np.pi * (0.45 - i / len(OPTIMIZERS))
    place = f"{AWAY * np.cos(angle):.1f} {-AWAY * np.sin(angle):.1f}"
    letter = f'<circle r="8"/><text y="4">{name[0].upper()}</text>'
    disc = f'<path d="M0 0L{place}"/><g transform="translate({place})">{letter}</g>'
    return f'<g class="end c{i}" transform="translate({on_map(w)})">{disc}</g>'


def contours(landscape, *, shown):
    """Draw the level curves of a function, closer together near its minimum, and its minima."""
    x, y = np.meshgrid(np.linspace(LEFT, RIGHT, 91), np.linspace(BOTTOM, TOP, 61))
    heights = landscape.height(x, y)
    low = heights.min()
    levels = low + (heights.max() - low) * np.linspace(0.0, 1.0, 12)[1:-1] ** 3
    _, axis = canvas()
    lines = [line for level in axis.contour(x, y, heights, levels=levels).allsegs for line in level]
    drawn = "".join(f"M{'L'.join(on_map(w) for w in line)}" for line in lines)
    crosses = "".join(f"M{on_map(w)}m-5 -5l10 10m0 -10l-10 10" for w in landscape.minima)
    display = "inline" if shown else "none"
    return (
        f'<g class="map" display="{display}"><path d="{drawn}"/>'
        f'<path class="minimum" d="{crosses}"/></g>'
    )


def axes():
    """Draw both axes, with a tick at every whole number."""
    width, height = SCALE * (RIGHT - LEFT), SCALE * (TOP - BOTTOM)
    drawn = f'<path class="axis" d="M0 0V{height}H{width}"/>'
    for x in range(LEFT, RIGHT + 1):
        place = SCALE * (x - LEFT)
        drawn += f'<text class="below" x="{place}" y="{height + 7}">{number(x, 0)}</text>'
    for y in range(BOTTOM, TOP + 1):
        place = SCALE * (TOP - y)
        drawn += f'<text class="left" x="-7" y="{place}">{number(y, 0)}</text>'
    return drawn


def value(height):
    """Write a value of f: three decimals, or a power of ten where these say too little.

    >>> value(17.525), value(0.00012)
    ('17.525', '1.2·10⁻⁴')
    """
    if height == 0 or 0.01 <= abs(height) < 1000:
        return number(height, DECIMALS)
    digits, power = f"{height:.1e}".split("e")
    return f"{digits.replace('-', '−')}·10{str(int(power)).translate(RAISED)}"
