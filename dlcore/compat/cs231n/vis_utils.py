"""Images in a grid, as one array that ``plt.imshow`` draws."""

from math import ceil, sqrt

import numpy as np


def visualize_grid(Xs, ubound=255.0, padding=1):
    """Lay N images (N, H, W, C) out in a square of ⌈√N⌉ by ⌈√N⌉, `padding` pixels apart.

    Each is scaled so that its own values go from 0 to `ubound`; what is left empty is 0. An image
    of one value is 0 here, and no number in the course's code.

    >>> visualize_grid(np.array([0.0, 2.0]).reshape(1, 1, 2, 1))[..., 0]
    array([[  0., 255.]])
    >>> visualize_grid(np.ones((5, 4, 6, 3)), padding=2).shape
    (16, 22, 3)
    """
    N, H, W, C = Xs.shape
    side = ceil(sqrt(N))
    grid = np.zeros((side * (H + padding) - padding, side * (W + padding) - padding, C))
    for n, image in enumerate(Xs):
        top, left = n // side * (H + padding), n % side * (W + padding)
        low, high = image.min(), image.max()
        scale = ubound / (high - low) if high > low else 0.0
        grid[top : top + H, left : left + W] = scale * (image - low)
    return grid
