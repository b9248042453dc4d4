"""Walks to choose from: what the figures show at every setting of their sliders.

Each function returns sliders, panels, curves and frames, as `figures.exploring` takes them:
one frame for every setting, computed here, so that the page only shows what it is given.

Chapter: book/descent.md.
"""

from itertools import product

import numpy as np

from dlcore.data.augment import SQUARE
from dlcore.experiments.augment import FLAG
from dlcore.experiments.descent import roll, separable_quadratic
from dlcore.formulas.engine.oracle import program
from dlcore.formulas.quadratic import descent as quadratic
from dlcore.train.descent import descend
from figures.exploring import RAISED

STEPS = 30
START = np.array([-9.0, 2.4])  # on the map, where the flattest direction lies along the first axis
CONDITIONS = (1, 3, 10, 30, 100)
BEND = 100  # the condition number of the quadratic for momentum
NOISE = (0.0, 0.5, 1.5, 3.0)
RUNS = 400
WALKS = {
    "constant": "at a constant learning rate",
    "average": "for its average",
    "falling": "at a falling one",
}
MAP = {"x": (-10.5, 10.5), "y": (-6.8, 6.8)}


def slider(label, values, at, style="{:.3g}"):
    """Describe a slider: what it is called, what its positions say, where it stands at first."""
    return {"label": label, "shown": [style.format(value) for value in values], "at": at}


def contours(q, sizes=(0.5, 1.2, 2.0, 3.0, 4.5, 6.5)):
    """Trace level curves of  x²/q + y², with the pen lifted after each."""
    angle = np.append(np.linspace(0, 2 * np.pi, 41), np.nan)
    circles = np.multiply.outer(sizes, [np.sqrt(q) * np.cos(angle), np.sin(angle)])
    return circles[:, 0].ravel(), circles[:, 1].ravel()


def power(value):
    """Write a number with a power of ten.

    >>> power(0.00123)
    '1.2 · 10⁻³'
    """
    digits, _, exponent = f"{value:.1e}".partition("e")
    raised = f"{int(exponent)}".translate(RAISED)
    return f"{value:.2g}" if 0.01 < value < 100 else f"{digits} · 10{raised}"


def bowl_walks(rates=(0.1, 0.5, 1.0, 1.5, 1.8, 1.9, 1.98, 2.02)):
    """Let the rate and the condition number be chosen; the largest curvature is one."""
    frames = []
    for rate, q in product(rates, CONDITIONS):
        f, slope = separable_quadratic(np.array([1 / q, 1.0]))
        points = descend(slope, START, [rate] * STEPS)
        heights = np.array([f(w) for w in points]) / f(START)
        i = np.arange(STEPS + 1)
        share = max(abs(1 - rate), abs(1 - rate / q))
        text = f"Learning rate {rate:.3g}, condition number {q}: after {STEPS} steps f is "
        text += f"{power(heights[-1])} of its first value. "
        text += f"The slowest direction is multiplied by {share:.3f} per step."
        frame = {"text": text, "contours": contours(q), "path": points.T}
        frames.append(frame | {"height": (i, heights), "bound": (i, share ** (2 * i))})
    height_panel = {
        "x": (0, STEPS),
        "y": (1e-6, 10),
        "log": "y",
        "xlabel": "step",
        "ylabel": "f, in parts of its first value",
    }
    return {
        "sliders": [slider("learning rate", rates, 4), slider("condition number", CONDITIONS, 2)],
        "panels": [MAP, height_panel],
        "curves": {
            "contours": (0, "faint", 0, ""),
            "path": (0, "walk", 0, ""),
            "bound": (1, "dashed", 1, "bound"),
            "height": (1, "line", 0, "f"),
        },
        "frames": frames,
    }


def noisy_walks(rates=(0.02, 0.05, 0.1, 0.2, 0.5, 1.0), steps=100):
    """Let the rate and the noise be chosen, on the parabola ½ w², from w = 5."""
    at = np.arange(steps + 1)
    frames = []
    for rate, std in product(rates, NOISE):
        rng = np.random.default_rng(3)
        slope = lambda w, std=std, rng=rng: w + std * rng.choice([-1.0, 1.0], size=w.shape)
        walks = {"constant": [rate] * steps, "falling": 1 / (at[:-1] + 1)}
        walks = {name: descend(slope, np.full(RUNS, 5.0), each) for name, each in walks.items()}
        total = np.cumsum(walks["constant"], axis=0)
        walks["average"] = total / (at + 1)[:, None]
        square = {name: np.mean(w**2, axis=1) for name, w in walks.items()}
        text = f"Learning rate {rate}, noise {std}: after {steps} steps "
        text += "the mean square of the distance is "
        ends = (f"{power(square[name][-1])} {what}" for name, what in WALKS.items())
        text += ", ".join(ends) + "."
        frame = {"text": text, "limit": ((1, steps), np.maximum(2 * [limit(rate, std)], 1e-9))}
        frame |= {name: (at, w[:, 0]) for name, w in walks.items()}
        frames.append(frame | {f"{name} square": (at[1:], square[name][1:]) for name in walks})
    curves = {"limit": (1, "dashed", 0, "")}
    for name, colour in {"constant": 0, "average": 2, "falling": 1}.items():
        curves[name] = (0, "line", colour, name)
        curves[f"{name} square"] = (1, "line", colour, "")
    weight_panel = {"x": (0, steps), "y": (-4, 5.5), "xlabel": "step", "ylabel": "weight"}
    square_panel = {
        "x": (1, steps),
        "y": (1e-3, 30),
        "log": "xy",
        "xlabel": "step",
        "ylabel": "mean square of the distance",
    }
    return {
        "sliders": [slider("learning rate", rates, 3), slider("noise", NOISE, 2)],
        "panels": [weight_panel, square_panel],
        "curves": curves,
        "frames": frames,
    }


def limit(rate, std):
    """Compute where the mean square settles at a constant rate."""
    return program(quadratic.mean_square_limit)(rate=rate, std=std, curvature=1.0)


def ball_walks(rates=(0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.3, 3.6)):
    """Let the rate and the momentum be chosen, on a bowl whose condition number is a hundred."""
    momenta = (0.0, 0.2, 0.4, 0.6, 0.67, 0.8, 0.9)
    curvatures = np.geomspace(1 / BEND, 1.0, 81)
    frames = []
    best = program(quadratic.ball_share)(q=BEND)
    for rate, momentum in product(rates, momenta):
        points = START / [1, 2] * roll(np.array([1 / BEND, 1.0]), rate, momentum, STEPS)
        shares = factor(rate * curvatures, momentum)
        text = f"Learning rate {rate}, momentum {momentum}: after {STEPS} steps the distance "
        text += f"from the minimum is {power(np.linalg.norm(points[-1]))}. "
        text += f"The slowest direction is multiplied by {shares.max():.3f} per step."
        frames.append({"text": text, "path": points.T, "share": (curvatures, shares)})
    share_panel = {
        "x": (1 / BEND, 1.0),
        "y": (0.5, 1.2),
        "log": "x",
        "xlabel": "curvature",
        "ylabel": "factor per step",
    }
    return {
        "sliders": [slider("learning rate", rates, 3), slider("momentum", momenta, 3)],
        "panels": [MAP, share_panel],
        "curves": {
            "contours": (0, "faint", 0, ""),
            "path": (0, "walk", 0, ""),
            "best": (1, "dashed", 1, "best"),
            "share": (1, "line", 0, "factor"),
        },
        "still": {"contours": contours(BEND), "best": ((1 / BEND, 1.0), 2 * [best])},
        "frames": frames,
    }


def factor(products, momentum):
    """Find the larger root of  x² = (1 + μ - ηκ) x - μ  for many ηκ."""
    middle = 1 + momentum - products
    root = np.sqrt(middle.astype(complex) ** 2 - 4 * momentum)
    return np.maximum(np.abs(middle + root), np.abs(middle - root)) / 2


def pixels(x):
    """Trace the squares of the pixels that are not zero: row 0 on top, the pen lifted after each.

    >>> pixels(np.array([[0, 1]]))[0].tolist()
    [1.0, 2.0, 2.0, 1.0, 1.0, nan]
    """
    rows, columns = np.nonzero(x)
    across, down = np.array([[0, 1, 1, 0, 0, np.nan], [0, 0, 1, 1, 0, np.nan]])
    return (columns[:, None] + across).ravel(), (len(x) - rows[:, None] - down).ravel()


def symmetries():
    """Let two symmetries of the square be chosen, of which one follows the other."""
    turns = ("as it is", "90°", "180°", "270°")
    names = [*turns, "mirrored", *(f"mirrored, {turn}" for turn in turns[1:])]
    images = [g(FLAG[None, None])[0, 0] for g in SQUARE]
    frames = []
    for one, two in product(range(8), range(8)):
        both = SQUARE[two](images[one][None, None])[0, 0]
        whole = next(at for at, image in enumerate(images) if np.array_equal(image, both))
        text = f"First: {names[one]}. Then: {names[two]}. Together: {names[whole]}."
        frames.append({"text": text, "first": pixels(images[one]), "both": pixels(both)})
    size = len(FLAG)
    panel = {"x": (-0.25 * size - 0.3, 1.25 * size + 0.3), "y": (-0.2, size + 0.2)}
    frame = pixels(np.ones((1, 1)))
    edge = frame[0] * size, frame[1] * size
    return {
        "sliders": [slider("first", names, 1, "{}"), slider("then", names, 4, "{}")],
        "panels": [panel, panel],
        "curves": {
            "edge": (0, "faint", 0, ""),
            "first": (0, "filled", 0, "first"),
            "other edge": (1, "faint", 0, ""),
            "both": (1, "filled", 1, "then"),
        },
        "still": {"edge": edge, "other edge": edge},
        "frames": frames,
    }
