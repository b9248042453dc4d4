"""A mixed operation to explore: two alphas, their shares, and the mixed function.

Chapter: book/search.md.
"""

from itertools import product

import numpy as np

from dlcore.ops.loss import softmax

NAMES = ("none", "max pool", "skip", "convolution")
FIRST, SECOND = (-2, -1, 0, 1, 2, 4), (-2, -1, 0, 1, 2, 4)  # of the convolution and of none
HALF = 0.36  # of the width of a bar
X = np.linspace(-1, 1, 61)
FUNCTIONS = {  # of one number, in the place of maps
    "none": 0 * X,
    "max pool": np.maximum(X, 0.2),
    "skip": X,
    "convolution": np.sin(4 * X),
}


def bars(heights):
    """Trace a bar for each operation, with the pen lifted after each."""
    x = 1 + np.arange(len(heights))[:, None] + np.array([-HALF, -HALF, HALF, HALF, np.nan])
    y = np.asarray(heights)[:, None] * np.array([0.0, 1.0, 1.0, 0.0, np.nan])
    return x.ravel(), y.ravel()


def shares_of(convolution, none):
    """Return the shares for alphas of the convolution and of none; the others have 0.

    >>> shares_of(0, 0).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """
    return softmax(np.array([[none, 0.0, 0.0, convolution]]))[0]


def described(convolution, none, shares):
    """Say what the shares are, and which operation would be kept."""
    listed = ", ".join(f"{name} {share:.2f}" for name, share in zip(NAMES, shares, strict=True))
    others = dict(zip(NAMES[1:], shares[1:], strict=True))
    largest = max(others.values())
    best = [name for name, share in others.items() if share > largest - 1e-9]
    kept = f"{best[0]} would be kept" if len(best) == 1 else f"{' and '.join(best)} are tied"
    return (
        f"α is {convolution} for the convolution and {none} for none. The shares: {listed}. "
        f"Besides none, {kept}."
    ).replace("-", "−")


def mixed_operation():
    """Let two alphas be chosen; show the shares, and the function that is mixed."""
    frames = []
    for convolution, none in product(FIRST, SECOND):
        shares = shares_of(convolution, none)
        mixed = sum(s * y for s, y in zip(shares, FUNCTIONS.values(), strict=True))
        frames.append({
            "text": described(convolution, none, shares),
            "shares": bars(shares),
            "mixed": (X, mixed),
        })  # fmt: skip
    text = lambda values: [str(value).replace("-", "−") for value in values]
    return {
        "sliders": [
            {"label": "α of the convolution", "shown": text(FIRST), "at": 2},
            {"label": "α of none", "shown": text(SECOND), "at": 2},
        ],
        "panels": [
            {"x": (0.4, 4.6), "y": (0, 1), "ylabel": "share", "xlabel": "operation",
             "names": ("none", "max pool", "skip", "conv")},
            {"x": (-1, 1), "y": (-1.1, 1.1), "xlabel": "x", "ylabel": "y", "low": True},
        ],
        "curves": {
            "shares": (0, "line", 0, ""),
            **dict.fromkeys(FUNCTIONS, (1, "faint", 2, "")),
            "mixed": (1, "line", 1, "mixture"),
        },
        "still": {name: (X, y) for name, y in FUNCTIONS.items()},
        "frames": frames,
    }  # fmt: skip
