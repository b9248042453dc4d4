"""Augment the training images: other images of the same things."""


def flip(x, rng):
    """Mirror a random half of the images (N, C, H, W) left to right:  x[n, c, h, W - 1 - w].

    Each image is mirrored with probability ½. The result is another array of the dtype of `x`,
    which stays as it is.

    >>> import numpy as np
    >>> x = np.arange(12).reshape(4, 1, 1, 3)
    >>> flip(x, np.random.default_rng(1)).reshape(4, 3)
    array([[ 0,  1,  2],
           [ 3,  4,  5],
           [ 8,  7,  6],
           [ 9, 10, 11]])
    """
    mirrored = rng.random(len(x)) < 0.5
    y = x.copy()
    y[mirrored] = x[mirrored][..., ::-1]
    return y
