"""Exercises of the chapter *Pooling*: windows of images, each of which becomes one number.

Images x have the shape (N, C, H, W). Windows are square, with a side `window`, and begin every
`stride` pixels; what does not fill a last window is left out. At least one window fits. Numbers are
of double or of single precision, for `max_pool` also whole: results are as exact as they, or
better. No function changes its input; a second call, of a pullback too, is like the first.

Chapter: book/pool.md.
"""

import numpy as np


def output_size(size, window, stride):
    """Exercise pool-size.  Count the windows that fit into a row of `size` pixels.

    >>> output_size(7, 3, 2)
    3
    """
    # BEGIN SOLUTION
    # HINT: where may the last window begin?
    # HINT: it begins at size - window at the latest; how many strides lead there?
    # HINT: one window more than there are whole strides in size - window
    return (size - window) // stride + 1
    # END SOLUTION


def seen_by(size, window, stride):
    """Exercise pool-overlap.  Count, for every pixel of a row, the windows that cover it: (size,).

    >>> seen_by(7, 3, 2)
    array([1, 1, 2, 1, 2, 1, 1])
    """
    # BEGIN SOLUTION
    # HINT: go through the windows, and add one to the count of each pixel inside
    # HINT: window p covers the pixels from p * stride to p * stride + window - 1
    count = np.zeros(size, dtype=int)
    for start in range(0, size - window + 1, stride):
        count[start : start + window] += 1
    return count
    # END SOLUTION


def max_pool(x, window, stride):
    """Exercise pool-max.  Take the largest entry of every window: (N, C, P, Q).

        y[n, c, p, q] = max over u, v of x[n, c, p s + u, q s + v]

    Entries may all be below zero, and infinite.

    >>> max_pool(np.array([[[[1.0, 5.0, 2.0], [4.0, 3.0, 6.0]]]]), 2, 1)
    array([[[[5., 6.]]]])
    """
    N, C, H, W = x.shape
    # BEGIN SOLUTION
    # HINT: how many windows are there in each direction?
    # HINT: window (p, q) is x[:, :, p * stride : p * stride + window, q * stride : …]
    # HINT: fill y[:, :, p, q] with the maximum of it over the last two axes
    P, Q = (H - window) // stride + 1, (W - window) // stride + 1
    y = np.empty((N, C, P, Q), x.dtype)
    for p, q in np.ndindex(P, Q):
        i, j = p * stride, q * stride
        y[:, :, p, q] = x[:, :, i : i + window, j : j + window].max(axis=(2, 3))
    return y
    # END SOLUTION


def max_pool_backward(x, y_bar, window, stride):
    """Exercise pool-max-backward.  Give ȳ to the largest entry of every window: (N, C, H, W).

    Of several largest entries the first one receives it, row by row. An entry that is the largest
    of two windows receives both. Entries may be below zero, and infinite.

    >>> max_pool_backward(np.array([[[[1.0, 2.0, 2.0]] * 2]]), np.array([[[[10.0]]]]), 2, 2)
    array([[[[ 0., 10.,  0.],
             [ 0.,  0.,  0.]]]])
    """
    x_bar = np.zeros(x.shape)
    # BEGIN SOLUTION
    # HINT: which function of NumPy returns the index of the first largest entry?
    # HINT: argmax counts through the flattened window, row by row: unravel_index, or divmod
    # HINT: add to x_bar there, for an entry may be the largest of several windows
    for n, c, p, q in np.ndindex(*y_bar.shape):
        i, j = p * stride, q * stride
        part = x[n, c, i : i + window, j : j + window]
        u, v = divmod(part.argmax(), window)
        x_bar[n, c, i + u, j + v] += y_bar[n, c, p, q]
    # END SOLUTION
    return x_bar


def overpaid(window, times):
    """Exercise pool-ties.  Return an image (1, 1, U, U) on which a wrong gradient is too large.

    The wrong program gives ȳ to *every* entry that is as large as the largest. On your image,
    with one window of side U, the entries of its x̄ are to sum to exactly so many `times` ȳ; that
    is a number from 1 to U².

    >>> np.shape(overpaid(1, 1))
    (1, 1, 1, 1)
    """
    # BEGIN SOLUTION
    # HINT: how many entries of the window have to be the largest?
    # HINT: so many equal entries, and smaller ones
    image = np.zeros(window**2)
    image[:times] = 1
    return image.reshape(1, 1, window, window)
    # END SOLUTION


def avg_pool(x, window, stride):
    """Exercise pool-average.  Average every window; return y, and the pullback from ȳ to x̄.

        y[n, c, p, q] = 1/U² Σ_{u, v} x[n, c, p s + u, q s + v]

    >>> y, pullback = avg_pool(np.array([[[[1.0, 2.0], [3.0, 6.0]]]]), 2, 2)
    >>> y, pullback(np.array([[[[8.0]]]]))
    (array([[[[3.]]]]), array([[[[2., 2.],
             [2., 2.]]]]))
    """
    N, C, H, W = x.shape
    # BEGIN SOLUTION
    # HINT: the forward pass is that of max_pool, with another function for max
    # HINT: every entry of a window receives the same part of its ȳ
    # HINT: x_bar[:, :, i : i + window, j : j + window] += y_bar[:, :, p, q, None, None] / window²
    P, Q = (H - window) // stride + 1, (W - window) // stride + 1
    parts = {
        (p, q): (
            ...,
            slice(p * stride, p * stride + window),
            slice(q * stride, q * stride + window),
        )
        for p, q in np.ndindex(P, Q)
    }
    y = np.empty((N, C, P, Q))
    for (p, q), part in parts.items():
        y[:, :, p, q] = x[part].mean(axis=(2, 3))

    def pullback(y_bar):
        x_bar = np.zeros((N, C, H, W))
        for (p, q), part in parts.items():
            x_bar[part] += y_bar[:, :, p, q, None, None] / window**2
        return x_bar

    return y, pullback
    # END SOLUTION


def averaging_filters(channels, window):
    """Exercise pool-filters.  Return filters (C, 1, U, U) that average, one for each channel.

    With them a convolution in C groups, stride U, is average pooling.
    """
    # BEGIN SOLUTION
    # HINT: a convolution multiplies by a filter and adds up: what makes that an average?
    # HINT: all entries are equal, and their sum is one
    return np.full((channels, 1, window, window), 1 / window**2)
    # END SOLUTION


def wrong_lines():
    """Exercise pool-wrong-lines.  Name, for each of three derivations, the line that is wrong.

    The three are on the page, with one line changed in each; the first lines are right.
    """
    # BEGIN SOLUTION
    # HINT: put numbers in: two that are not equal, and windows of two pixels
    # HINT: is it the larger of the two, or their average? does a window pass on all of its ȳ?
    # HINT: how many pixels do V tiles of U pixels have, and what is the last j?
    return [4, 2, 4]
    # END SOLUTION
