"""Scores that can be moved: their probabilities, the cross-entropy loss, and its gradient.

The picture and the table show the first scores, so both are complete without a script.
`_static/widgets/softmax-sliders.js` finds the figure, adds the controls, and computes what the
moved scores become; a test in a browser holds it against the operations of dlcore.
"""

from html import escape

import numpy as np

from dlcore.ops.loss import cross_entropy, softmax, targets
from figures.widget import number, require_alt, table, widget

LEFT, WIDTH, ROW = 62, 190, 46  # names, length of a unit, from one class to the next
MIDDLE = LEFT + WIDTH + 40 + WIDTH // 2  # where gradients are zero
RANGE, STEP = 6.0, 0.1  # of a score
SMOOTHING = (0.0, 0.1, 0.3)
COLUMNS = ("class", "score", "probability", "target", "gradient")


def move_scores(x, names, right=0, *, alt, caption=""):
    """Present scores that can be moved, with words for who cannot see them move."""
    return SoftmaxSliders(np.array(x, dtype=float), names, right, alt, caption)


class SoftmaxSliders:
    """A figure for the page; without a page, what it says of the first scores."""

    def __init__(self, x, names, right, alt, caption):
        require_alt("move_scores", alt)
        self.x = x
        self.names = names
        self.right = right
        self.alt = alt
        self.caption = caption
        self.loss, self.p, self.q, self.x_bar = computed(x, right, smoothing=0.0)

    @property
    def text(self):
        """What is read aloud."""
        said = f"The loss is {number(self.loss)}. "
        name, p = self.names[self.right], number(self.p[self.right])
        return f"{said}The probability of {name} is {p}."

    def __repr__(self):
        return self.text

    def _repr_html_(self):
        drawn = {"left": LEFT, "width": WIDTH, "middle": MIDDLE}
        choices = {"range": RANGE, "step": STEP, "smoothing": SMOOTHING}
        rows = zip(self.names, self.x, self.p, self.q, self.x_bar, strict=True)
        return widget(
            "softmax-sliders",
            alt=self.alt,
            picture=self.picture(),
            table=table(COLUMNS, [[name, *map(number, values)] for name, *values in rows]),
            text=self.text,
            data=drawn | choices | {"names": self.names, "right": self.right},
            caption=self.caption,
        )

    def picture(self):
        """Draw a bar for each probability, and one for each entry of the gradient."""
        bottom = 20 + ROW * len(self.names)
        drawn = f'<text x="{LEFT}" y="12">probability</text>'
        drawn += f'<text class="middle" x="{MIDDLE}" y="12">gradient of the loss</text>'
        drawn += f'<path class="axis" d="M{LEFT} 22V{bottom}M{MIDDLE} 22V{bottom}"/>'
        for row, name in enumerate(self.names):
            y = 26 + ROW * row
            drawn += f'<text class="end" x="{LEFT - 8}" y="{y + 21}">{escape(name)}</text>'
            drawn += bar("probability", row, LEFT, self.p[row], y)
            drawn += bar("gradient", row, MIDDLE, self.x_bar[row], y)
        width = MIDDLE + WIDTH // 2 + 12
        return f'<svg viewBox="0 0 {width} {bottom + 6}" aria-hidden="true">{drawn}</svg>'


def computed(x, right, smoothing):
    """Return loss, probabilities, targets and gradient, as the operations of dlcore do."""
    t = np.array([right])
    loss = cross_entropy(x[None], t, smoothing=smoothing)
    (x_bar,) = cross_entropy.vjp(loss, x[None], t, 1.0, smoothing=smoothing)
    return loss, softmax(x[None])[0], targets(x[None], t, smoothing)[0], x_bar[0]


def bar(kind, row, zero, value, y):
    """Draw a bar from zero to a value between -1 and 1."""
    unit = WIDTH if kind == "probability" else WIDTH // 2
    start = zero + min(value, 0) * unit
    size = f'x="{start:.1f}" y="{y}" width="{abs(value) * unit:.1f}" height="30"'
    return f'<rect class="{kind}" data-row="{row}" {size}/>'
