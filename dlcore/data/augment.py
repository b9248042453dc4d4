"""Augment the training images: other images of the same things.

Functions take a batch x (N, C, H, W) and a generator of random numbers, and return another array
of the same shape, dtype and memory order; x stays as it is. `Solver` calls them with a generator
of its own for every batch.

Chapter: book/augment.md.
"""

from functools import partial

import numpy as np

from dlcore.data.dataset import Examples

PAD_MODES = {"zeros": "constant", "reflect": "reflect"}  # ours, and what NumPy calls them


def compose(*functions):
    """Apply functions (x, rng) ↦ x one after the other, the first one first.

    >>> augment = compose(flip, crop(pad=1))
    >>> augment(np.ones((2, 1, 4, 4)), np.random.default_rng(0)).shape
    (2, 1, 4, 4)
    """

    def composed(x, rng):
        for function in functions:
            x = function(x, rng)
        return x

    return composed


def mirror(x, rng=None):
    """Mirror all images left to right:  y[n, c, h, w] = x[n, c, h, W - 1 - w];  a view of x.

    >>> mirror(np.array([[[[1, 2, 3]]]]))
    array([[[[3, 2, 1]]]])
    """
    return x[..., ::-1]


def mirrored_where(x, chosen):
    """Mirror the images that the truth values (N,) choose, and copy the others.

    >>> mirrored_where(np.array([[[[1, 2]]], [[[3, 4]]]]), np.array([False, True])).ravel()
    array([1, 2, 4, 3])
    """
    y = np.copy(x)  # keeps the memory order
    y[chosen] = mirror(x)[chosen]
    return y


def flip(x, rng):
    """Mirror a random half of the images (N, C, H, W) left to right.

    Each image is mirrored with probability ½, whatever the others are.

    >>> x = np.arange(12).reshape(4, 1, 1, 3)
    >>> flip(x, np.random.default_rng(1)).reshape(4, 3)
    array([[ 0,  1,  2],
           [ 3,  4,  5],
           [ 8,  7,  6],
           [ 9, 10, 11]])
    """
    return mirrored_where(x, rng.random(len(x)) < 0.5)


def alternating_flip(N, *, seed=0):
    """Make a flip that shows each of N images mirrored in every other epoch.

    A draw decides which half is mirrored in epoch 0 [Jordan2024]_. The function that is returned
    takes the images x of `rows` of the training set in an `epoch`, and draws nothing:
    (x, rows, epoch) ↦ x.

    >>> flip = alternating_flip(3)
    >>> x = np.array([[[[1, 2]]]])
    >>> [flip(x, [2], epoch).ravel().tolist() for epoch in range(3)]
    [[2, 1], [1, 2], [2, 1]]
    """
    first = np.random.default_rng(seed).random(N) < 0.5

    def flip_in_turn(x, rows, epoch):
        return mirrored_where(x, first[rows] ^ bool(epoch % 2))

    return flip_in_turn


def crop(pad=4, mode="zeros"):
    """Make a crop: pad every side, then cut an image of the first size out at random.

    Each image is moved by  i, j = -pad … pad,  drawn uniformly:  y[h, w] = x[h + i, w + j].
    Outside of the image are zeros, or with the mode "reflect" its own pixels, mirrored at the
    outermost ones. Raises ValueError for another mode or a negative pad.

    >>> x = np.arange(1, 10).reshape(1, 1, 3, 3)
    >>> crop(pad=1)(x, np.random.default_rng(0))
    array([[[[4, 5, 6],
             [7, 8, 9],
             [0, 0, 0]]]])
    """
    if mode not in PAD_MODES or pad < 0:
        known = ", ".join(PAD_MODES)
        raise ValueError(f"crop: mode is {mode!r} and pad {pad}, use {known}, and 0 or more")

    def cropped(x, rng):
        H, W = x.shape[2:]
        sides = [(0, 0), (0, 0), (pad, pad), (pad, pad)]
        padded = np.pad(x, sides, mode=PAD_MODES[mode])
        y = np.empty_like(x)
        for n, (i, j) in enumerate(rng.integers(2 * pad + 1, size=(len(x), 2))):
            y[n] = padded[n, :, i : i + H, j : j + W]
        return y

    return cropped


def cutout(size):
    """Make a cutout: set a square of `size` × `size` pixels to zero in every image.

    Its centre is drawn from all pixels, so that parts may lie outside [DeVries2017]_. After
    centring zero is the mean image, which carries no information. Raises ValueError for a
    negative size.

    >>> cutout(3)(np.ones((1, 1, 4, 4), int), np.random.default_rng(0))
    array([[[[1, 1, 1, 1],
             [1, 1, 1, 1],
             [1, 0, 0, 0],
             [1, 0, 0, 0]]]])
    """
    if size < 0:
        raise ValueError(f"cutout: size is {size}, use 0 or more")

    def cut(x, rng):
        y = np.copy(x)
        for n, corner in enumerate(rng.integers(x.shape[2:], size=(len(x), 2)) - size // 2):
            i, j = np.maximum(corner, 0)
            y[n, :, i : corner[0] + size, j : corner[1] + size] = 0
        return y

    return cut


def rotate(step=15):
    """Make a rotation: turn every image about its centre by a multiple of `step` degrees.

    Counter-clockwise, by a multiple below a full turn, drawn uniformly. Between the pixels
    values are interpolated bilinearly, outside of the image are zeros. Raises ValueError unless
    `step` divides 360, and TypeError for whole numbers.

    >>> rotate(90)(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), np.random.default_rng(3))
    array([[[[3., 1.],
             [4., 2.]]]])
    """
    if step <= 0 or 360 % step:
        raise ValueError(f"rotate: step is {step}, use degrees that divide 360")

    def rotated(x, rng):
        return rotated_by(x, step * rng.integers(360 // step, size=len(x)))

    return rotated


def rotated_by(x, degrees):
    """Turn each image counter-clockwise about its centre by its own number of degrees (N,).

    >>> rotated_by(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), np.array([90]))
    array([[[[2., 4.],
             [1., 3.]]]])
    """
    from dlcore.kernels import augment as kernels  # noqa: PLC0415 (numba takes a second to load)

    require_floats("rotate", x)
    angles = np.deg2rad(degrees)
    quarter = np.mod(degrees, 90) == 0  # exact there, where rounding would blur
    turns = [np.where(quarter, np.rint(f(angles)), f(angles)) for f in (np.cos, np.sin)]
    return kernels.rotate(x, *turns)


def median(window=2):
    """Make a median filter: each pixel becomes the median of a window, channel by channel.

    The window has its middle at the pixel, or its last row and column but (window - 1) // 2 where
    that is no whole number; outside of the image are its pixels, mirrored. Of an even number of
    entries it is the upper median, which is a pixel. Nothing is drawn.
    Raises ValueError for a window below 1.

    >>> median(3)(np.array([[[[1, 1, 1], [1, 9, 1], [1, 1, 1]]]]), None).max()
    np.int64(1)
    """
    if window < 1:
        raise ValueError(f"median: window is {window}, use 1 or more")

    def filtered(x, rng=None):
        from dlcore.kernels import augment as kernels  # noqa: PLC0415 (as in rotated_by)

        return kernels.median(x, window)

    return filtered


def contrast_stretch(x, rng=None):
    """Stretch each image to the range from 0 to 1:  y = (x - min x) / (max x - min x).

    An image of a single shade becomes zero. Raises TypeError for whole numbers.

    >>> contrast_stretch(np.array([[[[2.0, 3.0, 6.0]]], [[[5.0, 5.0, 5.0]]]])).reshape(2, 3)
    array([[0.  , 0.25, 1.  ],
           [0.  , 0.  , 0.  ]])
    """
    require_floats("contrast_stretch", x)
    low, high = (f(x, axis=(1, 2, 3), keepdims=True) for f in (np.min, np.max))
    return (x - low) / np.where(high > low, high - low, x.dtype.type(1))


def brightness(most=0.2):
    """Make a change of brightness: add a number from -most to most to each image.

    Raises TypeError for whole numbers.

    >>> brightness(0.5)(np.zeros((2, 1, 1, 2)), np.random.default_rng(0)).reshape(2, 2).round(2)
    array([[ 0.14,  0.14],
           [-0.23, -0.23]])
    """

    def brightened(x, rng):
        require_floats("brightness", x)
        return x + each(rng.uniform(-most, most, size=len(x)), x)

    return brightened


def contrast(most=0.2):
    """Make a change of contrast: stretch each image about its mean by 1 - most to 1 + most.

    Raises TypeError for whole numbers.

    >>> contrast(0.5)(np.array([[[[1.0, 3.0]]]]), np.random.default_rng(0)).round(2)
    array([[[[0.86, 3.14]]]])
    """

    def contrasted(x, rng):
        require_floats("contrast", x)
        mean = x.mean(axis=(1, 2, 3), keepdims=True)
        return mean + each(rng.uniform(1 - most, 1 + most, size=len(x)), x) * (x - mean)

    return contrasted


def mixup(x, t, rng, *, K, alpha=0.2):
    """Mix each image and its label with another's:  λ x + (1 - λ) x',  λ q + (1 - λ) q'.

    q is one at the label of K and zero elsewhere. The partners are a permutation of the batch;
    each λ is drawn from Beta(alpha, alpha) [Zhang2018]_. Returns images of the dtype of x, and
    the mixed labels (N, K), in that dtype too. Raises TypeError for whole numbers.

    >>> x, q = mixup(np.eye(2).reshape(2, 1, 1, 2), np.array([0, 1]), np.random.default_rng(1), K=2)
    >>> np.array_equal(x.reshape(2, 2), q), q.sum(axis=1).tolist()
    (True, [1.0, 1.0])
    """
    require_floats("mixup", x)
    partners, share = rng.permutation(len(x)), rng.beta(alpha, alpha, size=len(x))
    q, share = np.eye(K, dtype=x.dtype)[t], share.astype(x.dtype)[:, None]
    lam, y = each(share, x), np.empty_like(x)
    y[...] = lam * x + (1 - lam) * x[partners]
    return y, share * q + (1 - share) * q[partners]


def symmetry(x, *, turns, mirrored):
    """Apply a symmetry of the square: mirror, if it is to be; then turn by quarter turns.

    >>> symmetry(np.array([[[[1, 2], [3, 4]]]]), turns=1, mirrored=False)
    array([[[[2, 4],
             [1, 3]]]])
    """
    return np.rot90(mirror(x) if mirrored else x, turns, axes=(-2, -1))


MIRRORS = tuple(partial(symmetry, turns=0, mirrored=mirrored) for mirrored in (False, True))
SQUARE = tuple(
    partial(symmetry, turns=turns, mirrored=mirrored)
    for mirrored in (False, True)
    for turns in range(4)
)


def averaged(model, group=MIRRORS):
    """Average the results of a model for all versions of x:  y = 1/G Σ_g model(g(x)).

    `group` holds functions x ↦ x; for a group, such as `MIRRORS` or the eight of `SQUARE`, the
    result is the same for each version.

    >>> first = averaged(lambda x: x[..., 0, 0], SQUARE)
    >>> first(np.array([[[[1.0, 2.0], [3.0, 6.0]]]]))
    array([[3.]])
    """

    def average(x):
        return sum(model(g(x)) for g in group) / len(group)

    return average


def enlarged(examples, *functions):
    """Make a larger set once: each image, then its image under each of the functions.

    Functions take x and None, because they draw nothing. Each copy has the label of its
    image. Divide into training and validation before, never after.

    >>> twofold = enlarged(Examples(np.array([[[[1, 2]]], [[[3, 4]]]]), np.array([7, 8])), mirror)
    >>> twofold.x.reshape(4, 2).tolist(), twofold.t.tolist()
    ([[1, 2], [2, 1], [3, 4], [4, 3]], [7, 7, 8, 8])
    """
    copies = [examples.x, *(function(examples.x, None) for function in functions)]
    x = np.stack(copies, axis=1).reshape(-1, *examples.x.shape[1:])
    return Examples(x, np.repeat(examples.t, len(copies)))


def fourfold(examples):
    """Enlarge a set as source 004 does: image, mirror image, stretched, median of 2 × 2.

    >>> fourfold(Examples(np.ones((5, 3, 8, 8)), np.arange(5))).x.shape
    (20, 3, 8, 8)
    """
    return enlarged(examples, mirror, contrast_stretch, median(2))


def each(numbers, x):
    """Lay one number for every image (N,) out for images x, in their dtype:  (N, 1, 1, 1).

    >>> each(np.ones(2), np.zeros((2, 3, 4, 4), np.float32)).shape
    (2, 1, 1, 1)
    """
    return numbers.astype(x.dtype).reshape(-1, *[1] * (x.ndim - 1))


def require_floats(function, x):
    """Raise TypeError unless x holds floating-point numbers: whole ones would be cut off."""
    if x.dtype.kind != "f":
        raise TypeError(f"{function}: x has dtype {x.dtype}, use float32 or float64")
