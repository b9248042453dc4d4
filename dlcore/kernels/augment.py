"""Rotation and median of images, pixel by pixel.

Both keep the memory order and the dtype of the images. They run in the thread that calls them:
batches are augmented beside the training, which needs the others.

Chapter: book/augment.md.
"""

import numpy as np

from dlcore.kernels.machine.jit import kernel


def hat(distance):
    """Weigh a pixel by how far it is:  max(0, 1 - |d|)."""
    return np.maximum(0, 1 - np.abs(distance))


def rotate_naive(x, cos, sin):
    """Turn each image about its centre, values between pixels interpolated bilinearly.

    y[n, c, h, w]  =  Σ_{p, q}  x[n, c, p, q] · hat(h' - p) · hat(w' - q),
    h' = a + cos (h - a) + sin (w - b),  w' = b - sin (h - a) + cos (w - b),  from the centre (a, b)
    """
    N, C, H, W = x.shape
    a, b = (H - 1) / 2, (W - 1) / 2
    h, w = np.arange(H)[:, None] - a, np.arange(W) - b
    y = np.empty_like(x)
    for n in range(N):
        rows = hat((a + cos[n] * h + sin[n] * w)[..., None] - np.arange(H))
        columns = hat((b - sin[n] * h + cos[n] * w)[..., None] - np.arange(W))
        for c in range(C):
            y[n, c] = np.sum((rows @ x[n, c]) * columns, axis=2)
    return y


def median_naive(x, window):
    """Take the middle of every window, sorted: the upper one of two.

    Row and column  window // 2  of a window are at its pixel; outside, pixels are mirrored.
    """
    before, after = window // 2, (window - 1) // 2
    padded = np.pad(x, [(0, 0), (0, 0), (before, after), (before, after)], mode="symmetric")
    y = np.empty_like(x)
    for n, c, h, w in np.ndindex(*x.shape):
        part = np.sort(padded[n, c, h : h + window, w : w + window], axis=None)
        y[n, c, h, w] = part[part.size // 2]
    return y


@kernel
def fill_rotated(y, x, cos, sin):
    """Fill y: of all weights of the sum, only those of four pixels are not zero."""
    N, C, H, W = x.shape
    a, b = (H - 1) / 2, (W - 1) / 2
    one = x.dtype.type(1)
    for n in range(N):
        for h in range(H):
            for w in range(W):
                i = a + cos[n] * (h - a) + sin[n] * (w - b)
                j = b - sin[n] * (h - a) + cos[n] * (w - b)
                p, q = int(np.floor(i)), int(np.floor(j))
                down, right = x.dtype.type(i - p), x.dtype.type(j - q)
                for c in range(C):
                    total = x.dtype.type(0)
                    for u in range(max(p, 0), min(p + 2, H)):
                        share = down if u > p else one - down
                        for v in range(max(q, 0), min(q + 2, W)):
                            part = right if v > q else one - right
                            total += x[n, c, u, v] * share * part
                    y[n, c, h, w] = total


def mirrored_indices(size, window):
    """List the rows of an image that is mirrored beyond both ends: 1 0 0 1 2 2 1.

    >>> mirrored_indices(3, 5).tolist()
    [1, 0, 0, 1, 2, 2, 1]
    """
    i = np.arange(-(window // 2), size + (window - 1) // 2) % (2 * size)
    return np.minimum(i, 2 * size - 1 - i)


@kernel
def fill_median(y, x, rows, columns, part):
    """Fill y: each entry of a window is sorted into those before it."""
    N, C, H, W = x.shape
    U, V = len(rows) - H + 1, len(columns) - W + 1
    for n in range(N):
        for c in range(C):
            for h in range(H):
                for w in range(W):
                    count = 0
                    for u in range(U):
                        for v in range(V):
                            value = x[n, c, rows[h + u], columns[w + v]]
                            at = count
                            while at > 0 and part[at - 1] > value:
                                part[at] = part[at - 1]
                                at -= 1
                            part[at] = value
                            count += 1
                    y[n, c, h, w] = part[count // 2]


def rotate(x, cos, sin):
    """Turn each image about its centre by the angle with this cosine and sine, (N,) each."""
    y = np.empty_like(x)
    fill_rotated(y, x, cos, sin)
    return y


def median(x, window):
    """Take the median of the window of every pixel, channel by channel."""
    y = np.empty_like(x)
    rows, columns = (mirrored_indices(size, window) for size in x.shape[2:])
    fill_median(y, x, rows, columns, np.empty(window * window, x.dtype))
    return y
