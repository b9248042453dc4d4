"""Four numbers to normalise by hand: a figure with a slider for each of them.

The picture and the table show the first numbers, so both are complete without a script.
`_static/widgets/norm-four.js` finds the figure, adds the controls, and computes what the moved
numbers become; a test in a browser holds it against the operation of dlcore.
"""

import numpy as np

from dlcore.ops.norm import batch_norm, batch_statistics
from figures.widget import number, require_alt, table, widget

LEFT, WIDTH, ROW = 58, 400, 62  # of the lines on which numbers stand, and from one to the next
LINES = {"x": (-5, 20), "x̂": (-2, 2), "σ x̄": (-20, 20)}
UPSTREAM = {"20, 0, 0, 0": (20, 0, 0, 0), "10, 10, 10, 10": (10, 10, 10, 10),
            "8, −4, 6, −10": (8, -4, 6, -10), "10 x̂": None}  # fmt: skip
EPSILONS = (0, 1, 25)
COLUMNS = ("x", "x̂", "ȳ", "x̄")


def normalize_four(x=(1, 7, 9, 15), *, alt, caption=""):
    """Present four numbers that can be moved, with words for who cannot see them move."""
    return Normalizing(np.array(x, dtype=float), alt, caption)


class Normalizing:
    """A figure for the page; without a page, what it says of the first numbers."""

    def __init__(self, x, alt, caption):
        require_alt("normalize_four", alt)
        self.x = x
        self.y_bar = np.array(next(iter(UPSTREAM.values())), dtype=float)
        self.alt = alt
        self.caption = caption
        self.mean, self.var = (each.item() for each in batch_statistics(x[:, None]))
        self.x_hat, self.x_bar = normalized(x, self.y_bar, eps=0.0)

    @property
    def text(self):
        """What is read aloud."""
        sigma = np.sqrt(self.var)
        said = f"Mean {number(self.mean)}, variance {number(self.var)}, σ {number(sigma)}. "
        said += f"The x̄ add up to {number(self.x_bar.sum())}; "
        return said + f"x̂ · x̄ is {number(self.x_hat @ self.x_bar)}."

    def __repr__(self):
        return self.text

    def _repr_html_(self):
        choices = {"upstream": UPSTREAM, "epsilons": EPSILONS, "lines": LINES}
        rows = zip(self.x, self.x_hat, self.y_bar, self.x_bar, strict=True)
        return widget(
            "normalizing",
            alt=self.alt,
            picture=self.picture(),
            table=table(
                ("n", *COLUMNS), [[f"{n}", *map(number, r)] for n, r in enumerate(rows, 1)]
            ),
            text=self.text,
            data=choices | {"left": LEFT, "width": WIDTH},
            caption=self.caption,
        )

    def picture(self):
        """Draw three lines of numbers: x with mean and deviation, x̂, and ȳ beside σ x̄."""
        sigma = np.sqrt(self.var)
        low, high = (place("x", self.mean + side * sigma) for side in (-1, 1))
        drawn = f'<rect class="spread" x="{low}" y="16" width="{high - low:.1f}" height="24"/>'
        middle = place("x", self.mean)
        drawn += f'<path class="mean" d="M{middle} 12V44"/>'
        values = dict(zip(LINES, (self.x, self.x_hat, sigma * self.x_bar), strict=True))
        for row, (name, numbers) in enumerate(values.items()):
            drawn += line(name, row)
            if row == 2:
                drawn += dots(name, self.y_bar, row, "upstream")
            drawn += dots(name, numbers, row, "value")
        height = 3 * ROW
        return f'<svg viewBox="0 0 {LEFT + WIDTH + 16} {height}" aria-hidden="true">{drawn}</svg>'


def normalized(x, y_bar, eps):
    """Return x̂ and x̄ of four numbers, as the operation of dlcore computes them."""
    xs = x[:, None], np.ones(1), np.zeros(1)
    x_hat = batch_norm(*xs, eps=eps)
    x_bar = batch_norm.vjp(x_hat, *xs, y_bar[:, None], eps=eps)[0]
    return x_hat[:, 0], x_bar[:, 0]


def place(name, value):
    """Find the position of a number on its line."""
    low, high = LINES[name]
    return round(LEFT + WIDTH * (np.clip(value, low, high) - low) / (high - low), 1)


def line(name, row):
    """Draw a line with its ends and its zero."""
    y = ROW * row + 28
    drawn = f'<path class="axis" d="M{LEFT} {y}h{WIDTH}"/>'
    drawn += f'<text class="name" x="{LEFT - 16}" y="{y + 5}">{name}</text>'
    for value in (LINES[name][0], 0, LINES[name][1]):
        drawn += f'<path class="axis" d="M{place(name, value)} {y - 4}v8"/>'
        text = f"{value}".replace("-", "−")
        drawn += f'<text x="{place(name, value)}" y="{y + 27}">{text}</text>'
    return drawn


def dots(name, numbers, row, kind):
    """Draw the four numbers on their line."""
    return "".join(
        f'<circle class="{kind} c{n}" data-row="{row}" cx="{place(name, value)}" '
        f'cy="{ROW * row + 28}" r="{7 if kind == "value" else 9}"/>'
        for n, value in enumerate(numbers)
    )
