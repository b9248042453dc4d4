"""Paths to choose from: what a residual network computes, multiplied out, and a block deleted.

Chapter: book/resnet.md.
"""

from itertools import product

import numpy as np

BLOCKS = (1, 2, 3, 4, 5)
DELETED = (0, 1, 2, 3, 4, 5)  # 0: none
HALF = 0.36  # of the width of a stroke, and of a bar


def every_path(blocks):
    """List the paths through so many blocks, the shortest ones first: True takes the branch.

    >>> every_path(2)
    [(False, False), (False, True), (True, False), (True, True)]
    """
    return sorted(product((False, True), repeat=blocks), key=sum)


def strokes(paths, shown):
    """Draw a stroke for each branch that a path takes, with the pen lifted after each.

    Every path has its row, counted from the bottom; only those that are `shown` are drawn.
    """
    x, y = [], []
    for row, (path, drawn) in enumerate(zip(paths, shown, strict=True)):
        for block in np.flatnonzero(path) if drawn else ():
            x += [block + 1 - HALF, block + 1 + HALF, np.nan]
            y += [(row + 0.5) / len(paths)] * 3
    return x, y


def bars(heights):
    """Trace a bar for each length of a path, with the pen lifted after each."""
    lengths = np.arange(len(heights))
    x = lengths[:, None] + np.array([-HALF, -HALF, HALF, HALF, np.nan])
    y = np.asarray(heights)[:, None] * np.array([0.0, 1.0, 1.0, 0.0, np.nan])
    return x.ravel(), y.ravel()


def lengths_of(paths):
    """Count paths by the number of branches that they take.

    >>> lengths_of(every_path(2)).tolist()
    [1, 2, 1, 0, 0, 0]
    """
    return np.bincount([sum(path) for path in paths], minlength=max(BLOCKS) + 1)


def described(blocks, deleted, left):
    """Say what is left of the paths."""
    counts = np.trim_zeros(lengths_of(left), "b").tolist()
    parts = [f"{count} with {length}" for length, count in enumerate(counts)]
    deletion = f"block {deleted} deleted" if 0 < deleted <= blocks else "none deleted"
    return (
        f"With {blocks} {'block' if blocks == 1 else 'blocks'}, {deletion}, {len(left)} of "
        f"{2**blocks} paths are left. By the number of branches: {', '.join(parts)}."
    )


def residual_paths():
    """Let the number of blocks be chosen, and the one that is deleted."""
    frames = []
    for blocks, deleted in product(BLOCKS, DELETED):
        paths = every_path(blocks)
        lost = [0 < deleted <= blocks and path[deleted - 1] for path in paths]
        left = [path for path, gone in zip(paths, lost, strict=True) if not gone]
        frames.append({
            "text": described(blocks, deleted, left),
            "lost": strokes(paths, shown=lost),
            "left": strokes(paths, shown=[not gone for gone in lost]),
            "before": bars(lengths_of(paths)),
            "after": bars(lengths_of(left)),
        })  # fmt: skip
    return {
        "sliders": [
            {"label": "blocks", "shown": [str(blocks) for blocks in BLOCKS], "at": 4},
            {"label": "deleted", "shown": ["none", *map(str, DELETED[1:])], "at": 2},
        ],
        "panels": [
            {"x": (0.4, 5.6), "y": (0, 1), "xlabel": "block"},
            {"x": (-0.6, 5.6), "y": (0, 11), "xlabel": "branches", "ylabel": "paths"},
        ],
        "curves": {
            "lost": (0, "faint", 1, ""),
            "left": (0, "line", 0, ""),
            "before": (1, "dashed", 1, "all"),
            "after": (1, "line", 0, "left"),
        },
        "frames": frames,
    }
