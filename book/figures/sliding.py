"""A filter on a row of pixels, and filters on channels: all options of a convolution can be chosen.

The picture and the sentence show the first options, so both are complete without a script.
`_static/widgets/filter-options.js` finds the figure, adds a list for each option, and draws what
the chosen ones do; a test in a browser holds it against this file.
"""

from figures.widget import require_alt, widget

SIZE, CHANNELS = 9, 4  # pixels of the row; channels, and as many filters
LEFT, STEP, CELL, LOW = 121, 25, 16, 92  # of the drawing: pixel 0, from pixel to pixel, below
CHOICES = {
    "taps": (1, 2, 3, 4, 5),
    "stride": (1, 2, 3),
    "padding": (0, 1, 2, 3, 4),
    "dilation": (1, 2, 3),
    "groups": (1, 2, 4),
}
FIRST = {"taps": 3, "stride": 1, "padding": 1, "dilation": 1, "groups": 1}


def choose_options(*, alt, caption="", **options):
    """Present a filter on a row of pixels whose options can be chosen; `options` are the first."""
    return FilterOptions(FIRST | options, alt, caption)


class FilterOptions:
    """A figure for the page; without a page, what it says of the first options."""

    def __init__(self, options, alt, caption):
        require_alt("choose_options", alt)
        self.options, self.alt, self.caption = options, alt, caption

    def __repr__(self):
        return sentence(**self.options)

    def _repr_html_(self):
        data = {"choices": CHOICES, "first": self.options, "size": SIZE, "channels": CHANNELS}
        data |= {"left": LEFT, "step": STEP, "cell": CELL, "low": LOW}
        return widget(
            "filter-options",
            alt=self.alt,
            picture=self.picture(),
            text=repr(self),
            data=data,
            caption=self.caption,
        )

    def picture(self):
        """Draw the row of pixels with the outputs above it, and beside it the channels."""
        groups = self.options["groups"]
        row = {name: value for name, value in self.options.items() if name != "groups"}
        channels = LEFT + (SIZE + 5) * STEP
        width = channels + CHANNELS * STEP
        drawn = f'<g class="one-row">{draw_row(**row)}</g>'
        drawn += f'<g class="channels">{draw_channels(groups, channels)}</g>'
        for name, y in (("outputs", 12), ("pixels", LOW + CELL + 16)):
            drawn += f'<text x="{LEFT + STEP * (SIZE - 1) / 2 + CELL / 2:g}" y="{y}">{name}</text>'
        for name, y in (("filters", 12), ("channels", LOW + CELL + 16)):
            middle = channels + STEP * (CHANNELS - 1) / 2 + CELL / 2
            drawn += f'<text x="{middle:g}" y="{y}">{name}</text>'
        return f'<svg viewBox="0 0 {width} {LOW + CELL + 22}" aria-hidden="true">{drawn}</svg>'


def starts(taps, stride, padding, dilation, size=SIZE):
    """List the pixels of a row on which the first tap lies, an output each.

    >>> starts(3, 2, 1, 1)
    [-1, 1, 3, 5, 7]
    """
    last = size + padding - dilation * (taps - 1) - 1
    return list(range(-padding, last + 1, stride))


def draw_row(taps, stride, padding, dilation):
    """Draw pixels, outputs, and a line from each output to each pixel under its taps."""
    found = starts(taps, stride, padding, dilation)
    middle = len(found) // 2
    half = dilation * (taps - 1) / 2
    lines = {False: "", True: ""}
    for at, start in enumerate(found):
        for u in range(taps):
            lines[at == middle] += line(start + half, start + u * dilation)
    drawn = f'<path class="tap" d="{lines[False]}"/><path class="tap chosen" d="{lines[True]}"/>'
    for pixel in range(-padding, SIZE + padding):
        drawn += square("pixel" if 0 <= pixel < SIZE else "zero", pixel, LOW)
    for at, start in enumerate(found):
        drawn += square("output chosen" if at == middle else "output", start + half, 20)
    return drawn


def draw_channels(groups, left):
    """Draw channels, filters, and a line from each filter to each channel that it reads."""
    share = CHANNELS // groups
    lines = ""
    for f in range(CHANNELS):
        for c in range(f // share * share, f // share * share + share):
            lines += line(f, c, left)
    drawn = f'<path class="tap" d="{lines}"/>'
    for c in range(CHANNELS):
        drawn += square("pixel", c, LOW, left) + square("output", c, 20, left)
    return drawn


def line(upper, lower, left=LEFT):
    """Draw a line from an upper position to a lower one."""
    x, end = (left + STEP * at + CELL / 2 for at in (upper, lower))
    return f"M{x:g} {20 + CELL}L{end:g} {LOW}"


def square(kind, at, top, left=LEFT):
    """Draw a square at a position of a row."""
    size = f'width="{CELL}" height="{CELL}"'
    return f'<rect class="{kind}" x="{left + STEP * at:g}" y="{top}" {size}/>'


def sentence(taps, stride, padding, dilation, groups):
    """Say what the options do.

    >>> print(sentence(3, 2, 1, 1, 2))
    5 outputs; each depends on 3 pixels, which span 3. A filter reads 2 of 4 channels.
    """
    found = len(starts(taps, stride, padding, dilation))
    reads = f"A filter reads {CHANNELS // groups} of {CHANNELS} channels."
    if not found:
        return f"The filter does not fit into the row. {reads}"
    outputs = f"{found} output{'s' * (found > 1)}"
    pixels = f"{taps} pixel{'s' * (taps > 1)}, which span{'s' * (taps == 1)}"
    return f"{outputs}; each depends on {pixels} {dilation * (taps - 1) + 1}. {reads}"
