"""Images in a grid, and weights shown as the images to which they respond."""

import matplotlib as mpl
import numpy as np

from figures.drawing import DIVERGING, STYLE, canvas, show

FRAME = {"visible": True, "color": "#888888", "linewidth": 0.5}  # seen on white and on black


def tiles(images, columns, titles=(), size=0.62, **options):
    """Lay small squares out in a grid, framed, with room for titles between its rows."""
    rows = -(-len(images) // columns)
    gaps = 0.12, 0.12 + 0.2 / size * bool(len(titles))  # in parts of a square
    side = columns * size / (columns + gaps[0] * (columns - 1))
    height = side * (rows + gaps[1] * (rows - 1))
    figure, axes = canvas(columns * size, height, columns, rows, gaps=gaps, squeeze=False)
    with mpl.rc_context(STYLE):
        for axis in axes.flat:
            axis.set_axis_off()
        for axis, image in zip(axes.flat, images, strict=False):
            axis.imshow(image, **options)
            axis.set_axis_on()
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set(**FRAME)
        for axis, title in zip(axes.flat, titles, strict=False):
            axis.set_title(title, size=9, pad=4)
    return figure


def channels_last(x):
    """Bring images (N, C, H, W) into the order and range (0 to 1) in which they are drawn."""
    x = np.moveaxis(np.asarray(x, dtype=float), 1, -1)
    low = x.min(axis=(1, 2, 3), keepdims=True)
    high = x.max(axis=(1, 2, 3), keepdims=True)
    scaled = (x - low) / np.where(high > low, high - low, 1.0)
    return scaled[..., 0] if scaled.shape[-1] == 1 else scaled


def image_grid(x, labels=(), *, alt, caption="", columns=10, size=0.62):
    """Show images (N, C, H, W), each under its label, so many inches wide."""
    figure = tiles(channels_last(x), columns, labels, size, cmap="gray_r", vmin=0, vmax=1)
    return show(figure, alt=alt, caption=caption)


def weight_grid(w, shape, *, alt, caption="", columns=10):
    """Show each column of the weights w (D, M) as the image (C, H, W) to which it responds."""
    C, H, W = shape
    images = np.asarray(w).T.reshape(-1, C, H, W)
    if C == 1:
        bound = float(np.abs(images).max())
        figure = tiles(images[:, 0], columns, cmap=DIVERGING, vmin=-bound, vmax=bound)
    else:
        figure = tiles(channels_last(images), columns)
    return show(figure, alt=alt, caption=caption)
