"""Networks as they are: boxes for groups of layers, read off one call of the model.

A group is what a model does at one size of its maps. Nothing is typed: layers, filters and sizes
come from `dlcore.nn.accounting`, so that a picture cannot show another network than the program.
"""

from collections import Counter
from itertools import groupby
from math import ceil, log2, sqrt
from typing import NamedTuple

import matplotlib as mpl

from dlcore.nn.accounting import account
from dlcore.nn.layer import named_layers
from figures.drawing import PALETTE, STYLE, canvas, show

NAMES = {
    "Linear": "linear",
    "MaxPool2d": "max pool",
    "AvgPool2d": "average pool",
    "GlobalAvgPool": "global average",
    "LocalResponseNorm": "local response norm",
}
SHORT = {"max pool, ": "", "average pool, ": "", "local response norm": "LRN"}
CONCATENATION = "joined"  # the primitive behind np.concatenate
ROW, STEP, GAP = 0.2, 0.05, 0.07  # inches: the lowest box, what each doubling of the side adds
WIDTH, SIDE = 1.6, 1.5  # inches: the widest box, and the room for words on either side
WIDE = 2.15  # inches: a model beside others
SMALL = 9.5
LETTER = 0.085  # inches: a letter of that size, where it is wide


class Group(NamedTuple):
    """Layers at one size of the maps: their names, and channels at the beginning and the end.

    `side` is None for features without an image.
    """

    words: str
    begin: int
    end: int
    side: tuple[int, int] | None

    @property
    def size(self):
        """Say what comes out:  64 × 224²,  or  64 × 30 × 20,  or  4,096.

        >>> Group("2 conv 3×3", 64, 64, (224, 224)).size, Group("linear", 9, 9, None).size
        ('64 × 224²', '9')
        """
        if self.side is None:
            return f"{self.end:,}"
        H, W = self.side
        return f"{self.end} × {H}²" if H == W else f"{self.end} × {H} × {W}"

    @property
    def height(self):
        """Return the height of the box in inches: every doubling of the side adds as much."""
        return ROW + STEP * (log2(max(self.side)) if self.side else 0)


def groups(model, size):
    """Divide the layers of a model by the size of the maps that they make.

    >>> from dlcore.nn.models import VGG
    >>> model = VGG((3, 8, 8), 10, blocks=((4,), (6, 6)), hidden=(5,), rng=None)
    >>> for group in groups(model, (3, 8, 8)):
    ...     print(group.words, "→", group.size)
    image → 3 × 8²
    conv 3×3 → 4 × 8²
    max pool, 2 conv 3×3 → 6 × 4²
    max pool → 6 × 2²
    linear → 5
    linear → 10
    """
    layers = named_layers(model)
    image, *rows = account(model, size)
    found = [Group("image", size[0], size[0], side_of(image))]
    for _, same in groupby(rows, key=lambda row: side_of(row) or row.shape):
        several = list(same)
        if words := describe(several, layers):
            end = several[-1].shape[0]
            begin = several[0].shape[0] if grows(several) else end
            found.append(Group(words, begin, end, side_of(several[-1])))
    return found


def side_of(row):
    """Return height and width of the maps of a row; None where there are none."""
    return row.shape[1:] or None


def grows(rows):
    """Say whether layer after layer appends channels to what it reads."""
    widths = {row.shape[0] for row in rows if CONCATENATION in row.operations}
    return len(widths) > 1


def describe(rows, layers):
    """Name the layers of a group in order, each kind once, with how many there are."""
    names = Counter(filter(None, (name_of(row, layers[own_path(row)]) for row in rows)))
    return ", ".join(f"{n} {name}" if n > 1 else name for name, n in names.items())


def own_path(row):
    """Return the path of a row as the model names its layers; its own is empty."""
    return "" if row.path == "model" else row.path


def name_of(row, layer):
    """Name a layer that changes the size or owns weights; None for all others."""
    if row.layer == "Conv2d":
        U, V = layer.params["w"].shape[2:]
        return f"conv {U}×{V}"
    return NAMES.get(row.layer)


def network(model, size, *, alt, caption=""):
    """Draw a model from its image down to its scores, for images of `size` (C, H, W).

    One box a group: its width is the root of the number of channels, its height the logarithm
    of the side of the maps. A box that widens downwards appends channels, layer by layer.
    """
    found = groups(model, size)
    figure, axis = canvas(WIDTH + 2 * SIDE, height_of(found))
    draw_boxes(axis, found, words=True)
    axis.set_xlim(-SIDE - WIDTH / 2, SIDE + WIDTH / 2)
    return show(figure, alt=alt, caption=caption)


def side_by_side(models, size, *, alt, caption="", columns=2):
    """Draw several models side by side, by name, as `network` does, in fewer words.

    Words stand in their box, or to the right of it where it is too narrow for them.
    """
    found = {name: groups(model, size) for name, model in models.items()}
    rows = ceil(len(found) / columns)
    height = max(map(height_of, found.values())) + 0.3
    figure, axes = canvas(
        WIDE * columns, height * rows, columns, rows, gaps=(0.06, 0.02), squeeze=False
    )
    with mpl.rc_context(STYLE):
        for axis in axes.flat:
            axis.set_axis_off()
        for axis, (name, own) in zip(axes.flat, found.items(), strict=False):
            draw_boxes(axis, own, words=False)
            axis.text(0, 0.08, name, ha="center", va="bottom", weight="bold")
            axis.set(xlim=(-WIDTH / 2, WIDE - WIDTH / 2), ylim=(0.3 - height, 0.3))
    return show(figure, alt=alt, caption=caption)


def height_of(found):
    """Add up the heights of boxes and of the gaps between them."""
    return sum(group.height + GAP for group in found)


def draw_boxes(axis, found, *, words):
    """Draw the groups of a network one below another, from 0 downwards."""
    widest = max(max(group.begin, group.end) for group in found)
    top = 0.0
    with mpl.rc_context(STYLE):
        for group in found:
            bottom = top - group.height
            begin, end = (WIDTH / 2 * sqrt(C / widest) for C in (group.begin, group.end))
            corners = [(-begin, top), (begin, top), (end, bottom), (-end, bottom)]
            axis.fill(*zip(*corners, strict=True), color=colour_of(group), alpha=0.35, linewidth=0)
            label(axis, group, (top + bottom) / 2, max(begin, end), words=words)
            top = bottom - GAP
        axis.set_ylim(top, 0.0)
        axis.set_axis_off()


def colour_of(group):
    """Tell images, maps and features apart."""
    if group.words == "image":
        return PALETTE[2]
    return PALETTE[0] if group.side else PALETTE[1]


def label(axis, group, height, edge, *, words):
    """Write what a group is: beside its box with all words, or in short."""
    style = {"va": "center", "size": SMALL}
    if words:
        axis.text(-edge - 0.1, height, group.words, ha="right", **style)
        axis.text(edge + 0.1, height, group.size, ha="left", **style)
        return
    text = group.words
    for long, short in SHORT.items():
        text = text.replace(long, short)
    if LETTER * len(text) < 2 * edge:
        axis.text(0, height, text, ha="center", **style)
    else:
        axis.text(edge + 0.1, height, text.replace(", ", ",\n"), ha="left", **style)
