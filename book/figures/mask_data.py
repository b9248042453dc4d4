"""Masks to choose from: what dropout does to a row of units, and to its average over masks.

Chapter: book/dropout.md.
"""

from itertools import product

import numpy as np

UNITS = np.array([0.9, 0.35, 0.6, 1.0, 0.2, 0.75, 0.5, 0.85, 0.3, 0.65])
PROBABILITIES = (0.0, 0.2, 0.4, 0.5, 0.6, 0.75)
COUNTS = (1, 2, 3, 10, 100, 1000)
HALF = 0.36  # of the width of a bar


def bar_outlines(heights):
    """Trace a bar for each unit, with the pen lifted after each."""
    places = np.arange(1, len(heights) + 1)
    x = places[:, None] + np.array([-HALF, -HALF, HALF, HALF, np.nan])
    y = heights[:, None] * np.array([0.0, 1.0, 1.0, 0.0, np.nan])
    return x.ravel(), y.ravel()


def masked_units(seed=4):
    """Let p be chosen, and how many masks are averaged; the last of them is shown."""
    numbers = np.random.default_rng(seed).random((max(COUNTS), len(UNITS)))
    frames = []
    for p, count in product(PROBABILITIES, COUNTS):
        y = (numbers[:count] >= p) * UNITS / (1 - p)
        mean = y.mean(axis=0)
        kept = np.count_nonzero(y[-1])
        text = f"With p = {p}, mask {count}: of {len(UNITS)} units {kept} are kept, and multiplied "
        text += f"by {1 / (1 - p):.3g}. The average over {count} "
        text += f"{'mask' if count == 1 else 'masks'} differs from x by "
        text += f"{np.abs(mean - UNITS).mean():.2g} a unit."
        frames.append({"text": text, "y": bar_outlines(y[-1]), "mean": bar_outlines(mean)})
    axes = {"x": (0.4, len(UNITS) + 0.6), "xlabel": "unit"}
    return {
        "sliders": [
            {"label": "p", "shown": [f"{p:g}" for p in PROBABILITIES], "at": 3},
            {"label": "masks", "shown": [f"{count}" for count in COUNTS], "at": 0},
        ],
        "panels": [
            {**axes, "y": (0, 4), "ylabel": "activation"},
            {**axes, "y": (0, 2), "ylabel": "average"},
        ],
        "curves": {
            "x": (0, "dashed", 1, "x"),
            "y": (0, "line", 0, "y"),
            "again": (1, "dashed", 1, "x"),
            "mean": (1, "line", 0, "average of y"),
        },
        "still": {"x": bar_outlines(UNITS), "again": bar_outlines(UNITS)},
        "frames": frames,
    }
