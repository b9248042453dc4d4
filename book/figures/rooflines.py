"""Pictures of speed: of each algorithm, below the roofline, and beside another library."""

import matplotlib as mpl
import numpy as np

from figures.drawing import FAINT, INK, PALETTE, PAPER, STYLE, canvas, colours, show


def ladder(ratios, *, alt, caption="", marks=(), order=()):
    """Draw a bar for every algorithm, as long as it is fast, on a logarithmic axis.

    ``marks`` names ratios of others, drawn as dashed lines: {name: ratio}. ``order`` lists
    names in the order of the colours, for all pictures that share it.
    """
    own = colours(ratios, order)
    figure, axis = canvas(5.6, 0.42 * len(ratios) + 0.4)
    with mpl.rc_context(STYLE):
        for place, (name, ratio) in enumerate(ratios.items()):
            colour = own[name]
            axis.barh(place, ratio - 0.5, left=0.5, height=0.6, color=colour, linewidth=0)
            if ratio > 10:
                at = ratio / 1.15
                style = {"ha": "right", "color": PAPER}
            else:
                at = ratio * 1.2
                style = {"ha": "left", "color": colour}
            axis.text(at, place, f"{ratio:,.0f} ×", va="center", **style)
        for name, ratio in dict(marks).items():
            axis.axvline(ratio, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
            axis.text(ratio, -0.75, name, ha="center", size=9)
        axis.set_yticks(range(len(ratios)), ratios)
        axis.set(xscale="log", xlim=(0.5, max(ratios.values()) * 2), ylim=(len(ratios) - 0.5, -0.6))
        axis.set_xlabel("times faster than the definition")
        axis.tick_params(axis="y", length=0)
        axis.spines["left"].set_visible(False)
    return show(figure, alt=alt, caption=caption)


def level(rate, peak, free):
    """Choose the height of a name: that of its point, but not on the roof nor below `free`."""
    wanted = max(rate, free)
    if 0.85 < wanted / peak < 1.15:
        wanted = 0.8 * peak if free < 0.8 * peak else 1.2 * peak
    return wanted


def roofline(points, peak, bandwidth, *, alt, caption="", order=()):
    """Draw the roof that peak and bandwidth make, and what was measured as points below it.

    ``points`` are {name: (intensity, rate)}; rates are drawn in billions a second. A point that
    would hide another one is a ring around it. ``order`` lists names in the order of the colours.
    """
    own = colours(points, order)
    figure, axis = canvas(5.2, 3.6)
    with mpl.rc_context(STYLE):
        low = 0.5
        high = 12 * max(x for x, _ in points.values())
        top = 4 * max(peak, *(rate for _, rate in points.values())) / 1e9
        x = np.geomspace(low, high, 200)
        roof = np.minimum(peak, bandwidth * x) / 1e9
        axis.plot(x, roof, color=INK, linewidth=1.4)
        axis.fill_between(x, roof, top, color=FAINT, alpha=0.25, linewidth=0)
        axis.text(high * 0.9, peak / 1e9 * 1.12, "peak", ha="right", size=9)
        middle = (low * peak / bandwidth) ** 0.5  # of the slope, on its logarithmic axis
        style = {"va": "top", "size": 9, "textcoords": "offset points"}
        axis.annotate("bandwidth", (middle, bandwidth * middle / 1e9), (6, -3), **style)
        free = 0.0
        drawn = []
        for name, (at, rate) in sorted(points.items(), key=lambda point: point[1][1]):
            colour = own[name]
            free = level(rate, peak, 1.35 * free)
            hides = any(max(at / x, x / at) < 1.1 and rate / y < 1.1 for x, y in drawn)
            drawn.append((at, rate))
            dot = {"markersize": 12, "markerfacecolor": "none"} if hides else {"markersize": 7}
            axis.plot(at, rate / 1e9, "o", color=colour, markeredgewidth=1.6 if hides else 1, **dot)
            style = {"va": "center", "color": colour, "textcoords": "offset points"}
            axis.annotate(name, (at, free / 1e9), (9, 0), **style)
        axis.set(xscale="log", yscale="log", xlim=(low, high), ylim=(None, top))
        axis.set(xlabel="operations for every byte", ylabel="billion operations a second")
        axis.grid(which="major")
    return show(figure, alt=alt, caption=caption)


def beside(panels, *, alt, caption=""):
    """Draw how many times another's time is ours: a row for every size, a dot for every batch.

    ``panels`` are {title: {size: {N: ratio}}}; to the right of the line at one, ours is faster.
    """
    sizes = list(next(iter(panels.values())))
    width = 2.6 * len(panels)
    height = 0.34 * len(sizes)
    figure, axes = canvas(width, height, columns=len(panels), gaps=(0.1, 0), sharey=True)
    with mpl.rc_context(STYLE):
        batches = sorted({N for rows in panels.values() for row in rows.values() for N in row})
        for axis, (title, rows) in zip(np.ravel(axes), panels.items(), strict=True):
            for N, colour in zip(batches, PALETTE, strict=False):
                dots = [(row[N], at) for at, row in enumerate(rows.values()) if N in row]
                axis.plot(*zip(*dots, strict=True), "o", color=colour, label=f"N = {N}")
            axis.axvline(1, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
            axis.set(xscale="log", title=title, ylim=(len(sizes) - 0.5, -0.5))
            axis.set_xticks([0.5, 1, 2], ["0.5", "1", "2"])
            axis.set_xticks([], minor=True)
            axis.set_yticks(range(len(sizes)), sizes)
            axis.tick_params(axis="y", length=0)
            axis.grid(axis="y")
        axis.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    return show(figure, alt=alt, caption=caption)
