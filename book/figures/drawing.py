"""One palette and one style for every figure, as inline SVG in the page's colours.

Text and axes take the colour of the text around them, and each curve a variable of the
style sheet, so that a figure is right on white and on black. Its description is its title,
which is read aloud where the picture cannot be seen.
"""

import hashlib
import html
import io
import re

import matplotlib as mpl
from matplotlib.figure import Figure

from figures.widget import figcaption

# Okabe and Ito's colours, which colour-blind readers can tell apart, and a grey for their second
# blue. On the page each is a variable of the style sheet, darker on white and lighter on black.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#5c5c5c")
INK, FAINT, PAPER = "#010203", "#040506", "#fcfdfe"
SEQUENTIAL = "cividis"
# From blue by nothing to red: what is near zero lets the page be seen, on white and on black.
BLUE, RED = (0.16, 0.5, 0.8), (0.88, 0.3, 0.24)
OPACITY = {BLUE: ((0.0, 1.0), (0.25, 0.6), (0.5, 0.0)), RED: ((0.5, 0.0), (0.75, 0.6), (1.0, 1.0))}
DIVERGING = mpl.colors.LinearSegmentedColormap.from_list(
    "diverging", [(at, (*colour, a)) for colour, steps in OPACITY.items() for at, a in steps]
)
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "dlcore",
    "font.family": "sans-serif",
    "font.size": 10.5,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.prop_cycle": mpl.cycler(color=PALETTE),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "image.interpolation": "none",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}
VARIABLES = {
    INK: "currentColor",
    FAINT: "var(--figure-faint, #8888)",
    PAPER: "var(--pst-color-background, white)",
} | {colour: f"var(--figure-{i}, {colour})" for i, colour in enumerate(PALETTE)}


def colours(names, order=()):
    """Give each name a colour of the palette: the names in `order` come first, drawn or not.

    Pictures that share an order show a name in the same colour.

    >>> colours(["Adam"], ["SGD", "Adam"])["Adam"] == PALETTE[1]
    True
    """
    known = [*dict.fromkeys([*order, *names])]
    return {name: PALETTE[known.index(name) % len(PALETTE)] for name in names}


class Shown:
    """A finished picture: SVG on a page, PNG where there is no page."""

    def __init__(self, figure, alt, caption):
        if not alt:
            raise ValueError("show: alt is empty, say in words what the picture shows")
        self.figure = figure
        self.alt = alt
        self.caption = caption

    def _repr_html_(self):
        below = figcaption(self.caption)
        return f'<figure class="drawn chart">{svg(self.figure, self.alt)}{below}</figure>'

    def _repr_png_(self):
        stream = io.BytesIO()
        self.figure.savefig(stream, format="png", dpi=160, facecolor="white", bbox_inches="tight")
        return stream.getvalue()


def show(figure, *, alt, caption=""):
    """Present a figure with the words that stand for it and the words below it."""
    return Shown(figure, alt, caption)


def svg(figure, alt):
    """Draw a figure as inline SVG: in the page's colours, with ids of its own and a description."""
    stream = io.StringIO()
    with mpl.rc_context(STYLE):
        figure.savefig(stream, format="svg", bbox_inches="tight", metadata={"Date": None})
    text = stream.getvalue()
    text = re.sub(r"^.*?(?=<svg)|<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, variable)
    text = re.sub(r"font(-family)?: ?([^;\"]*?)'?(DejaVu Sans|sans-serif)[^;\"]*", smaller, text)
    prefix = "f" + hashlib.sha256(text.encode()).hexdigest()[:8]
    used = set(re.findall(r'(?:url\(|href=")#([^)"]+)', text))
    text = re.sub(r' id="([^"]+)"', lambda m: renamed(m, prefix) if m[1] in used else "", text)
    text = re.sub(r'(url\(|href=")#', rf"\1#{prefix}-", text)
    opening = f'<svg role="img" aria-labelledby="{prefix}" '
    return text.replace("<svg ", opening, 1).replace(
        ">", f'><title id="{prefix}">{html.escape(alt)}</title>', 1
    )


def smaller(match):
    """Keep the size that a CSS font declaration names, and let the page choose the family."""
    size = re.search(r"[\d.]+px", match[2])
    return f"font-size: {size[0]}" if size else "font-family: inherit"


def renamed(match, prefix):
    """Make an id unique on the page."""
    return f' id="{prefix}-{match[1]}"'


def canvas(width=5.6, height=3.1, columns=1, rows=1, *, gaps=None, **options):
    """Return an empty figure and its axes, in the book's style.

    Several axes are laid out so that their labels have room, unless ``gaps`` says how far
    apart columns and rows are, in parts of one of the axes.
    """
    grid = {"left": 0.0, "right": 1.0, "bottom": 0.0, "top": 1.0}
    layout = "constrained" if gaps is None and rows * columns > 1 else None
    if gaps:
        grid |= dict(zip(("wspace", "hspace"), gaps, strict=True))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout=layout)
        axes = figure.subplots(rows, columns, gridspec_kw=None if layout else grid, **options)
    return figure, axes
