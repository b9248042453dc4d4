"""The buffer of a dense block, to step through: what is read, written, and kept.

Chapter: book/densenet.md.
"""

from itertools import product

import numpy as np

from dlcore.formulas import densenet
from dlcore.formulas.engine.oracle import program

C, LAYERS = 8, 6
GROWTHS = (2, 4, 8)
HALF = 0.38  # of the height of a row


def rows(spans):
    """Trace a rectangle for each (layer, first map, end), with the pen lifted after each."""
    spans = np.array(spans, dtype=float).reshape(-1, 3)
    row, first, end = spans.T
    nothing = np.full(len(spans), np.nan)
    low, high = row - HALF, row + HALF
    x = np.stack([first, end, end, first, first, nothing], axis=1)
    y = np.stack([low, low, high, high, low, nothing], axis=1)
    return x.ravel(), y.ravel()


def kept(growth):
    """Count the numbers of a pixel behind every layer: with copies, and in the buffer."""
    counts = {}
    for name, relation in (("copies", densenet.copied), ("buffer", densenet.shared)):
        count = program(relation)
        counts[name] = [int(count(C=C, growth=growth, i=i)) for i in range(LAYERS + 1)]
    return counts


def prefix_buffer():
    """Let a layer be chosen, and the growth rate."""
    frames = []
    for layer, growth in product(range(LAYERS + 1), GROWTHS):
        ends = [C + growth * i for i in range(LAYERS + 1)]
        counts = kept(growth)
        seen = range(layer + 1)
        read = [(layer, 0, ends[layer - 1])] if layer else []
        text = f"C = {C} maps, growth rate {growth}. "
        if layer:
            text += f"Layer {layer} reads the first {ends[layer - 1]} maps of the buffer, and "
            text += f"writes maps {ends[layer - 1] + 1} to {ends[layer]}. "
        else:
            text += "No layer has run; the block's own maps stand first in the buffer. "
        text += f"So far copies hold {counts['copies'][layer]} numbers a pixel, the buffer "
        text += f"{counts['buffer'][layer]}."
        made = (layer, ends[layer - 1], ends[layer]) if layer else (0, 0, C)
        frames.append({
            "text": text,
            "before": rows([(i, 0, ends[i]) for i in range(layer)]),
            "read": rows(read),
            "written": rows([made]),
            "copies": (list(seen), counts["copies"][: layer + 1]),
            "buffer": (list(seen), counts["buffer"][: layer + 1]),
        })  # fmt: skip
    most = C + max(GROWTHS) * LAYERS
    return {
        "sliders": [
            {"label": "layer", "shown": [f"{i}" for i in range(LAYERS + 1)], "at": 3},
            {"label": "growth rate", "shown": [f"{k}" for k in GROWTHS], "at": 1},
        ],
        "panels": [
            {"x": (0, most), "y": (-0.6, LAYERS + 0.6), "xlabel": "map", "ylabel": "layer"},
            {
                "x": (0, LAYERS + 0.3), "y": (0, max(kept(max(GROWTHS))["copies"])),
                "xlabel": "layers", "ylabel": "numbers a pixel",
            },
        ],
        "curves": {
            "before": (0, "faint", 2, ""),
            "read": (0, "filled", 0, "read"),
            "written": (0, "filled", 1, "written"),
            "copies": (1, "walk", 1, "copies"),
            "buffer": (1, "walk", 0, "buffer"),
        },
        "frames": frames,
    }  # fmt: skip
