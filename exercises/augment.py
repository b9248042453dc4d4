# Cut from solutions/augment.py by `dlcore exercises`: write your answers here. [7758e4f6c06f]
"""Exercises of the chapter *Augmentation*: other images of the same things.

Images x have the shape (N, C, H, W), their numbers are of double or of single precision, or
whole; where nothing is computed the result has the dtype of x. Chance is drawn from `rng` alone:
the same generator, as it was, gives the same again, and every call draws anew. No function
changes its input.

Chapter: book/augment.md.
"""

import numpy as np


def flip(x, rng):
    """Exercise augment-flip.  Mirror each image left to right, or leave it: heads or tails.

        y[n, c, h, w] = x[n, c, h, W - 1 - w]   with probability ½, for each n anew

    >>> flip(np.ones((5, 3, 4, 4)), np.random.default_rng(0)).shape
    (5, 3, 4, 4)
    """
    # TODO: how many draws does a batch need, if no image depends on another?
    raise NotImplementedError("how many draws does a batch need, if no image depends on another?")


def crop(x, pad, rng):
    """Exercise augment-crop.  Pad every side with zeros, then cut out an image at random.

        y[n, c, h, w] = x[n, c, h + i, w + j],   outside of the image 0

    Each image has its own i and j, which are drawn from -pad … pad, all with one probability.

    >>> crop(np.ones((5, 3, 4, 4)), 1, np.random.default_rng(0)).shape
    (5, 3, 4, 4)
    """
    H, W = x.shape[2:]
    # TODO: how many rows has a padded image, and where may a part of H rows begin?
    raise NotImplementedError(
        "how many rows has a padded image, and where may a part of H rows begin?"
    )


def cutout(x, size, rng):
    """Exercise augment-cutout.  Set a square of `size` × `size` pixels to zero in each image.

    Its side is odd. Its middle is one of the H × W pixels, drawn for each image, all with one
    probability; so some squares reach over the border, and what is outside is lost.

    >>> cutout(np.ones((5, 3, 4, 4)), 3, np.random.default_rng(0)).shape
    (5, 3, 4, 4)
    """
    H, W = x.shape[2:]
    # TODO: which row is the first of a square whose middle is in row i?
    raise NotImplementedError("which row is the first of a square whose middle is in row i?")


def mixup(x, t, partners, share, K):
    """Exercise augment-mixup.  Mix each image with its partner's, and their labels likewise.

        y[n] = λ[n] x[n] + (1 - λ[n]) x[p[n]]      q[n] = λ[n] e(t[n]) + (1 - λ[n]) e(t[p[n]])

    t are labels (N,) from 0 to K - 1; p are `partners` (N,), which are numbers of images, and λ
    the `share` (N,) of each image. e(k) is one at class k and zero at the others. Return y, and q
    of the shape (N, K). Partners may have one label, and be the same.

    >>> y, q = mixup(np.zeros((2, 1, 1, 1)), np.array([0, 2]), np.array([1, 0]), np.ones(2) / 4, 3)
    >>> q
    array([[0.25, 0.  , 0.75],
           [0.75, 0.  , 0.25]])
    """
    # TODO: np.eye(K)[t] has a row for each label, with a one at its class
    raise NotImplementedError("np.eye(K)[t] has a row for each label, with a one at its class")


def average(predict, x):
    """Exercise augment-average.  Average what a model says of all eight symmetries of a square.

    Images are square. The eight are the turns by 0, 90, 180 and 270 degrees, and the mirror
    images of them. `predict` takes images and returns scores (N, K), whatever it does inside.
    The result is the expectation of the scores over the eight: (N, K).

    >>> average(lambda x: x[:, :, 0, 0], np.array([[[[1.0, 2.0], [3.0, 6.0]]]]))
    array([[3.]])
    """
    # TODO: is it the images that are to be averaged, or what the model says of them?
    raise NotImplementedError(
        "is it the images that are to be averaged, or what the model says of them?"
    )


def is_flip(flip, rng):
    """Exercise augment-test.  Judge whether a function flips as in augment-flip, by trying it.

    ``flip(x)`` returns images of the shape of x, and has a generator of its own. Return True if
    it mirrors each image left to right, or leaves it, with probability ½, whatever other images
    and other calls do, and returns the dtype of x; else False. What is wrong shows on any float32
    images of different numbers, two channels, rows and columns at least, if there are 400: other
    images come out, or the probability is at most ¼ or at least ¾, or whether an image is mirrored
    depends on the image before it, on its number, or on the call before. Draw from `rng`.
    """
    # TODO: which images come out, and how often; and what must not depend on what?
    raise NotImplementedError(
        "which images come out, and how often; and what must not depend on what?"
    )


def wrong_lines():
    """Exercise augment-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third. Lines count from one.
    """
    # TODO: two pixels, two versions and two classes are enough to try
    raise NotImplementedError("two pixels, two versions and two classes are enough to try")
