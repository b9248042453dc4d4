"""A receptive field, grown layer by layer: windows and strides can be chosen.

The picture and the table show the first layers, so both are complete without a script.
`_static/widgets/receptive-field.js` finds the figure, puts lists in the place of the windows and
strides, and draws what they see; a test in a browser holds it against this file.
"""

from figures.widget import require_alt, widget

LEFT, WIDTH, ROW, CELL = 70, 400, 40, 14  # of the drawing, from level to level, of the largest cell
WINDOWS, STRIDES = (1, 2, 3, 5, 7), (1, 2, 3)
COLUMNS = ("layer", "window", "stride", "field", "jump")
LAYERS = ((3, 1), (3, 1), (2, 2), (3, 1), (3, 1))


def grow_field(layers=LAYERS, *, alt, caption=""):
    """Present layers (window, stride) on a row of pixels, the first of which reads the pixels."""
    return Growing(tuple(layers), alt, caption)


class Growing:
    """A figure for the page; without a page, what it says of the first layers."""

    def __init__(self, layers, alt, caption):
        require_alt("grow_field", alt)
        self.layers, self.alt, self.caption = layers, alt, caption
        self.fields = fields(layers)

    @property
    def text(self):
        """What is read aloud."""
        size, jump = self.fields[-1]
        return (
            f"One number behind layer {len(self.layers)} depends on {counted(size)} of the "
            f"image, from the first to the last. Its neighbour depends on as many, {jump} further."
        )

    def __repr__(self):
        return self.text

    def _repr_html_(self):
        data = {"windows": WINDOWS, "strides": STRIDES}
        data |= {"left": LEFT, "width": WIDTH, "row": ROW, "cell": CELL}
        return widget(
            "growing",
            alt=self.alt,
            picture=self.picture(),
            table=self.table(),
            text=self.text,
            data=data,
            caption=self.caption,
        )

    def picture(self):
        """Draw a level for the image and for each layer, the last one on top."""
        count = len(self.layers)
        levels = seen(self.layers)
        drawn = ""
        for level, units in enumerate(levels):
            top = ROW * (count - level)
            name = "image" if level == 0 else f"layer {level}"
            drawn += f'<text class="name" x="{LEFT - 14}" y="{top + 18}">{name}</text>'
            outline = cells(units, *self.fields[level], self.fields[-1][0], top + 6)
            drawn += f'<path class="seen c{min(level, 1)}" d="{outline}"/>'
        size = f"0 0 {LEFT + WIDTH + 10} {ROW * (count + 1)}"
        return f'<svg viewBox="{size}" aria-hidden="true">{drawn}</svg>'

    def table(self):
        """Write windows, strides, fields and jumps down, a row for each layer."""
        head = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
        rows = zip(self.layers, self.fields[1:], strict=True)
        body = "".join(
            f'<tr><th scope="row">{n}</th>'
            + "".join(f"<td>{number}</td>" for number in (*layer, *field))
            + "</tr>"
            for n, (layer, field) in enumerate(rows, start=1)
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def counted(size):
    """Count pixels in words.

    >>> counted(1), counted(5)
    ('1 pixel', '5 pixels')
    """
    return f"{size} pixel" + "s" * (size != 1)


def fields(layers):
    """List the receptive field and the jump on every level, that of the image first.

    >>> fields([(3, 1), (2, 2), (3, 1)])
    [(1, 1), (3, 1), (4, 2), (8, 2)]
    """
    found = [(1, 1)]
    for window, stride in layers:
        size, jump = found[-1]
        found.append((size + (window - 1) * jump, stride * jump))
    return found


def seen(layers):
    """List, for every level, the units on which unit 0 of the last one depends.

    >>> seen([(2, 2), (2, 1)])
    [[0, 1, 2, 3], [0, 1], [0]]
    """
    levels = [[0]]
    for window, stride in reversed(layers):
        below = {unit * stride + u for unit in levels[0] for u in range(window)}
        levels.insert(0, sorted(below))
    return levels


def cells(units, size, jump, whole, top):
    """Outline the units of a level, each in the middle of its receptive field."""
    scale = WIDTH / whole
    side = min(CELL, 0.8 * scale * jump)
    centres = [LEFT + scale * (unit * jump + size / 2) for unit in units]
    return "".join(f"M{x - side / 2:.1f} {top}h{side:.1f}v{CELL}h-{side:.1f}z" for x in centres)
