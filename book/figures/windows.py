"""Pictures of windows on a row of pixels: which pixels each output of a convolution depends on.

Chapter: book/conv.md.
"""

import matplotlib as mpl
import numpy as np

from figures.drawing import INK, PALETTE, PAPER, STYLE, canvas, show
from figures.sliding import starts


def row_windows(cases, *, size, window, alt, caption=""):
    """Draw a panel for each case: pixels below, outputs above, and lines between them.

    ``cases`` are {title: options}, with the options stride, padding and dilation of `conv2d`. The
    lines of one output in the middle are emphasised; pixels of the padding are hollow.
    """
    figure, axes = canvas(6.2, 2.9, 2, -(-len(cases) // 2), gaps=(0.1, 0.5))
    with mpl.rc_context(STYLE):
        for axis, (title, options) in zip(np.ravel(axes), cases.items(), strict=False):
            draw_row(axis, taps(size, window, **options), size, options.get("padding", 0))
            axis.set_title(title, size=10.5)
    return show(figure, alt=alt, caption=caption)


def taps(size, window, stride=1, padding=0, dilation=1):
    """List, for each output, the pixels under its taps; those of the padding lie outside.

    >>> taps(5, 2, stride=2, padding=1)
    [[-1, 0], [1, 2], [3, 4]]
    """
    firsts = starts(window, stride, padding, dilation, size)
    return [[first + dilation * u for u in range(window)] for first in firsts]


def draw_row(axis, outputs, size, padding):
    """Draw the pixels of a row and the outputs, each above the middle of its taps."""
    pixels = np.arange(-padding, size + padding)
    inside = (pixels >= 0) & (pixels < size)
    middle = len(outputs) // 2
    for at, below in enumerate(outputs):
        centre = (below[0] + below[-1]) / 2
        shown = at == middle
        for pixel in below:
            style = {"color": PALETTE[0] if shown else INK, "linewidth": 1.8 if shown else 0.9}
            style["alpha"] = 1 if shown else 0.45
            axis.plot([centre, pixel], [1, 0], zorder=2 if shown else 1, **style)
        axis.plot(centre, 1, "s", color=PALETTE[0] if shown else INK, markersize=8, zorder=3)
    axis.plot(pixels[inside], 0 * pixels[inside], "s", color=INK, markersize=8, zorder=3)
    hollow = {"markerfacecolor": PAPER, "markeredgecolor": INK, "markersize": 8, "zorder": 3}
    axis.plot(pixels[~inside], 0 * pixels[~inside], "s", **hollow)
    axis.set(xlim=(-2.6, size + 1.6), ylim=(-0.25, 1.25))
    axis.axis("off")
