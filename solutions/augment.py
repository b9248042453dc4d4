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
    # BEGIN SOLUTION
    # HINT: how many draws does a batch need, if no image depends on another?
    # HINT: rng.random(len(x)) < 0.5 says of each image whether it is mirrored
    # HINT: copy x; then the chosen images become x[chosen, ..., ::-1]
    chosen = rng.random(len(x)) < 0.5
    y = x.copy()
    y[chosen] = x[chosen, ..., ::-1]
    return y
    # END SOLUTION


def crop(x, pad, rng):
    """Exercise augment-crop.  Pad every side with zeros, then cut out an image at random.

        y[n, c, h, w] = x[n, c, h + i, w + j],   outside of the image 0

    Each image has its own i and j, which are drawn from -pad … pad, all with one probability.

    >>> crop(np.ones((5, 3, 4, 4)), 1, np.random.default_rng(0)).shape
    (5, 3, 4, 4)
    """
    H, W = x.shape[2:]
    # BEGIN SOLUTION
    # HINT: how many rows has a padded image, and where may a part of H rows begin?
    # HINT: it begins in row 0 … 2 pad: rng.integers leaves out the number that it is given
    # HINT: y[n] = padded[n, :, i : i + H, j : j + W], with i and j drawn for each n
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    y = np.empty_like(x)
    for n, (i, j) in enumerate(rng.integers(2 * pad + 1, size=(len(x), 2))):
        y[n] = padded[n, :, i : i + H, j : j + W]
    return y
    # END SOLUTION


def cutout(x, size, rng):
    """Exercise augment-cutout.  Set a square of `size` × `size` pixels to zero in each image.

    Its side is odd. Its middle is one of the H × W pixels, drawn for each image, all with one
    probability; so some squares reach over the border, and what is outside is lost.

    >>> cutout(np.ones((5, 3, 4, 4)), 3, np.random.default_rng(0)).shape
    (5, 3, 4, 4)
    """
    H, W = x.shape[2:]
    # BEGIN SOLUTION
    # HINT: which row is the first of a square whose middle is in row i?
    # HINT: it is i - size // 2, and may be above the image: a slice must not begin below zero
    # HINT: y[n, :, max(top, 0) : top + size, max(left, 0) : left + size] = 0
    y = x.copy()
    for n in range(len(x)):
        top, left = rng.integers([H, W]) - size // 2
        y[n, :, max(top, 0) : top + size, max(left, 0) : left + size] = 0
    return y
    # END SOLUTION


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
    # BEGIN SOLUTION
    # HINT: np.eye(K)[t] has a row for each label, with a one at its class
    # HINT: λ has one axis and x has four: share[:, None, None, None]
    # HINT: what two partners of one label give to its class has to add up to one
    rows = np.eye(K)[t]
    lam = share[:, None, None, None]
    y = lam * x + (1 - lam) * x[partners]
    return y, share[:, None] * rows + (1 - share[:, None]) * rows[partners]
    # END SOLUTION


def average(predict, x):
    """Exercise augment-average.  Average what a model says of all eight symmetries of a square.

    Images are square. The eight are the turns by 0, 90, 180 and 270 degrees, and the mirror
    images of them. `predict` takes images and returns scores (N, K), whatever it does inside.
    The result is the expectation of the scores over the eight: (N, K).

    >>> average(lambda x: x[:, :, 0, 0], np.array([[[[1.0, 2.0], [3.0, 6.0]]]]))
    array([[3.]])
    """
    # BEGIN SOLUTION
    # HINT: is it the images that are to be averaged, or what the model says of them?
    # HINT: np.rot90(x, turns, axes=(2, 3)) turns all images
    # HINT: add up predict of four turned images and of their mirror images, divide by eight
    total = 0.0
    for turns in range(4):
        turned = np.rot90(x, turns, axes=(2, 3))
        total = total + predict(turned) + predict(turned[..., ::-1])
    return total / 8
    # END SOLUTION


def is_flip(flip, rng):
    """Exercise augment-test.  Judge whether a function flips as in augment-flip, by trying it.

    ``flip(x)`` returns images of the shape of x, and has a generator of its own. Return True if
    it mirrors each image left to right, or leaves it, with probability ½, whatever other images
    and other calls do, and returns the dtype of x; else False. What is wrong shows on any float32
    images of different numbers, two channels, rows and columns at least, if there are 400: other
    images come out, or the probability is at most ¼ or at least ¾, or whether an image is mirrored
    depends on the image before it, on its number, or on the call before. Draw from `rng`.
    """
    # BEGIN SOLUTION
    # HINT: which images come out, and how often; and what must not depend on what?
    # HINT: call it twice with the same images; compare neighbours, and the two calls
    # HINT: each share is near ½, of 400 within a tenth or so: chance needs room
    x = rng.normal(size=(400, 2, 3, 4)).astype(np.float32)
    mirrored = []
    for _ in range(2):
        y = flip(x)
        same, other = ((y == z).all(axis=(1, 2, 3)) for z in (x, x[..., ::-1]))
        if y.dtype != x.dtype or not (same ^ other).all():
            return False
        mirrored.append(other)
    one, two = mirrored
    shares = [np.mean(each) for each in (one, one ^ two, one[1:] ^ one[:-1])]
    return all(abs(share - 0.5) < 0.14 for share in shares)
    # END SOLUTION


def wrong_lines():
    """Exercise augment-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third. Lines count from one.
    """
    # BEGIN SOLUTION
    # HINT: two pixels, two versions and two classes are enough to try
    # HINT: put in numbers: the weights 1 and 2, the scores 1 and 3
    # HINT: one factor is too much, one term is lost, one share is another's
    return [3, 2, 3]
    # END SOLUTION
