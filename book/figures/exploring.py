"""A figure to explore: curves for every setting of some sliders, and one picture.

The picture shows the first setting, so it is complete without a script.
`_static/widgets/descent-explore.js` finds the figure, adds the sliders, and puts the
curves of the chosen setting in the place of the others. What is explored is a dict:

    sliders   [{"label", "shown": [text, …], "at"}, …]
    panels    [{"x": (left, right), "y": (bottom, top), "xlabel", "ylabel", …}, …]
    curves    {name: (panel, style, colour, what it is called or ""), …}
    still     {name: (x, y), …}                the curves that do not move
    frames    [{"text", name: (x, y), …}, …]   in the order of the settings, the last slider fastest

A panel may have logarithmic axes, "log"; "names", which stand at x = 1, 2, … in the place of
numbers; and its curves named on the right below and not above, if it is "low".

A style is "line", "walk" (a line with dots), "dashed", "faint" or "filled"; a colour is a place in
the palette. Where a coordinate is no number the line is interrupted.
"""

import hashlib
import json
from html import escape

import numpy as np

from figures.widget import figcaption

WIDTH, HEIGHT = 330, 220  # of a panel's inside
LEFT, RIGHT, TOP, BOTTOM = 72, 14, 12, 46  # margins
FAR = 5000  # what lies further off is cut
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def explore(data, *, alt, caption=""):
    """Present what can be explored, with words for who cannot see it and words below it."""
    return Exploring(data, alt, caption)


class Exploring:
    """A figure for the page; without a page, what its first setting says."""

    def __init__(self, data, alt, caption):
        if not alt:
            raise ValueError("explore: alt is empty, say in words what the picture shows")
        self.sliders = data["sliders"]
        self.curves = data["curves"]
        self.alt = alt
        self.caption = caption
        self.panels = [Panel(**panel) for panel in data["panels"]]
        self.still = self.routes(data.get("still", {}))
        self.frames = [{"text": frame["text"], **self.routes(frame)} for frame in data["frames"]]
        text = json.dumps({"sliders": self.sliders, "frames": self.frames}, ensure_ascii=False)
        self.data = text.replace("<", "\\u003c").replace("&", "\\u0026")  # no tag ends it
        self.name = "e" + hashlib.sha256(self.data.encode()).hexdigest()[:8]

    @property
    def first(self):
        """The frame of the setting that the picture shows."""
        place = 0
        for slider in self.sliders:
            place = place * len(slider["shown"]) + slider["at"]
        return self.frames[place]

    def __repr__(self):
        return self.first["text"]

    def _repr_html_(self):
        caption = figcaption(self.caption)
        data = f'<script type="application/json">{self.data}</script>'
        drawn = "".join(self.picture(number) for number in range(len(self.panels)))
        return (
            f'<figure class="drawn exploring"><div class="panels" role="img" '
            f'aria-label="{escape(self.alt)}">{drawn}</div>'
            f'<p class="reading">{escape(self.first["text"])}</p>{data}{caption}</figure>'
        )

    def routes(self, frame):
        """Write the curves of a frame as SVG paths."""
        panels = {name: self.panels[self.curves[name][0]] for name in self.curves if name in frame}
        return {name: panel.route(*frame[name]) for name, panel in panels.items()}

    def picture(self, number):
        """Draw one panel: its curves in the order in which they are named, and their names."""
        clip = f"{self.name}-{number}"
        dot = f"{clip}-dot"
        dots = "".join(f' marker-{end}="url(#{dot})"' for end in ("start", "mid", "end"))
        drawn = ""
        legend = []
        for name, (place, style, colour, called) in self.curves.items():
            if place == number:
                d = (self.still | self.first).get(name, "")
                drawn += f'<path data-curve="{name}" class="{style} c{colour}" d="{d}"'
                drawn += f"{dots if style == 'walk' else ''}/>"
                if called:
                    legend.append((colour, called))
        panel = self.panels[number]
        at = HEIGHT + 12 - 20 * len(legend) if panel.low else 16
        names = "".join(
            f'<text class="right c{colour}" x="{WIDTH}" y="{at + 20 * i}">{escape(called)}</text>'
            for i, (colour, called) in enumerate(legend)
        )
        width = WIDTH + LEFT + RIGHT
        height = HEIGHT + TOP + BOTTOM
        return (
            f'<svg viewBox="{-LEFT} {-TOP} {width} {height}" width="{width}" aria-hidden="true">'
            f'<clipPath id="{clip}"><rect width="{WIDTH}" height="{HEIGHT}"/></clipPath>'
            f'<marker id="{dot}" viewBox="-2 -2 4 4" markerWidth="5.6"><circle r="1"/></marker>'
            f'{panel.axes()}<g clip-path="url(#{clip})">{drawn}</g>{names}</svg>'
        )


class Panel:
    """Axes that stay where they are while the curves move."""

    def __init__(self, x, y, xlabel="", ylabel="", log="", names=(), low=False):
        self.log = log
        self.names = names
        self.low = low
        self.xlabel = xlabel
        self.ylabel = ylabel
        self.x = self.scaled("x", x)
        self.y = self.scaled("y", y)

    def scaled(self, axis, values):
        """Take the logarithm where the axis has one."""
        values = np.asarray(values, dtype=float)
        return np.log10(np.maximum(values, 1e-300)) if axis in self.log else values

    def route(self, x, y):
        """Write a curve as an SVG path, in whole places on the picture."""
        across = (self.scaled("x", x) - self.x[0]) / np.ptp(self.x) * WIDTH
        down = (self.y[1] - self.scaled("y", y)) / np.ptp(self.y) * HEIGHT
        path = ""
        pen = "M"
        for place in np.clip([across, down], -FAR, FAR).T.round():
            lifted = np.isnan(place).any()
            path += "" if lifted else f"{pen}{place[0]:.0f} {place[1]:.0f}"
            pen = "M" if lifted else "L"
        return path

    def axes(self):
        """Draw both axes with a few ticks, where there is a label to read them by."""
        parts = [f'<path class="axis" d="M0 0V{HEIGHT}H{WIDTH}"/>'] if self.xlabel else []
        for value, text in self.ticks("x") if self.xlabel else []:
            place = round((value - self.x[0]) / np.ptp(self.x) * WIDTH)
            parts.append(f'<path class="axis" d="M{place} {HEIGHT}v5"/>')
            parts.append(f'<text x="{place}" y="{HEIGHT + 21}">{text}</text>')
        for value, text in self.ticks("y") if self.ylabel else []:
            place = round((self.y[1] - value) / np.ptp(self.y) * HEIGHT)
            parts.append(f'<path class="axis" d="M0 {place}h-5"/>')
            parts.append(f'<text class="left" x="-9" y="{place + 5}">{text}</text>')
        parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT + 41}">{escape(self.xlabel)}</text>')
        turned = f'transform="translate({16 - LEFT} {HEIGHT / 2}) rotate(-90)"'
        parts.append(f"<text {turned}>{escape(self.ylabel)}</text>")
        return "".join(parts)

    def ticks(self, axis):
        """Choose about four round values of an axis, with their texts, unless it has names."""
        if axis == "x" and self.names:
            return list(enumerate(self.names, 1))
        low, high = getattr(self, axis)
        least = 1 if axis in self.log else 0.1
        steps = [s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if s >= least]
        step = max(s for s in steps if s == least or (high - low) / s >= 3)
        values = np.arange(np.ceil(low / step), np.floor(high / step + 1e-9) + 1) * step
        values += 0.0  # no tick is a negative zero
        power = lambda value: "10" + f"{value:.0f}".translate(RAISED)
        return [
            (value, power(value) if axis in self.log else f"{value:g}".replace("-", "−"))
            for value in values
        ]
