# Cut from solutions/pool.py by `dlcore exercises`: write your answers here. [544d361ff082]
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
    # TODO: where may the last window begin?
    raise NotImplementedError("where may the last window begin?")


def seen_by(size, window, stride):
    """Exercise pool-overlap.  Count, for every pixel of a row, the windows that cover it: (size,).

    >>> seen_by(7, 3, 2)
    array([1, 1, 2, 1, 2, 1, 1])
    """
    # TODO: go through the windows, and add one to the count of each pixel inside
    raise NotImplementedError(
        "go through the windows, and add one to the count of each pixel inside"
    )


def max_pool(x, window, stride):
    """Exercise pool-max.  Take the largest entry of every window: (N, C, P, Q).

        y[n, c, p, q] = max over u, v of x[n, c, p s + u, q s + v]

    Entries may all be below zero, and infinite.

    >>> max_pool(np.array([[[[1.0, 5.0, 2.0], [4.0, 3.0, 6.0]]]]), 2, 1)
    array([[[[5., 6.]]]])
    """
    N, C, H, W = x.shape
    # TODO: how many windows are there in each direction?
    raise NotImplementedError("how many windows are there in each direction?")


def max_pool_backward(x, y_bar, window, stride):
    """Exercise pool-max-backward.  Give ȳ to the largest entry of every window: (N, C, H, W).

    Of several largest entries the first one receives it, row by row. An entry that is the largest
    of two windows receives both. Entries may be below zero, and infinite.

    >>> max_pool_backward(np.array([[[[1.0, 2.0, 2.0]] * 2]]), np.array([[[[10.0]]]]), 2, 2)
    array([[[[ 0., 10.,  0.],
             [ 0.,  0.,  0.]]]])
    """
    x_bar = np.zeros(x.shape)
    # TODO: which function of NumPy returns the index of the first largest entry?
    raise NotImplementedError(
        "which function of NumPy returns the index of the first largest entry?"
    )
    return x_bar


def overpaid(window, times):
    """Exercise pool-ties.  Return an image (1, 1, U, U) on which a wrong gradient is too large.

    The wrong program gives ȳ to *every* entry that is as large as the largest. On your image,
    with one window of side U, the entries of its x̄ are to sum to exactly so many `times` ȳ; that
    is a number from 1 to U².

    >>> np.shape(overpaid(1, 1))
    (1, 1, 1, 1)
    """
    # TODO: how many entries of the window have to be the largest?
    raise NotImplementedError("how many entries of the window have to be the largest?")


def avg_pool(x, window, stride):
    """Exercise pool-average.  Average every window; return y, and the pullback from ȳ to x̄.

        y[n, c, p, q] = 1/U² Σ_{u, v} x[n, c, p s + u, q s + v]

    >>> y, pullback = avg_pool(np.array([[[[1.0, 2.0], [3.0, 6.0]]]]), 2, 2)
    >>> y, pullback(np.array([[[[8.0]]]]))
    (array([[[[3.]]]]), array([[[[2., 2.],
             [2., 2.]]]]))
    """
    N, C, H, W = x.shape
    # TODO: the forward pass is that of max_pool, with another function for max
    raise NotImplementedError("the forward pass is that of max_pool, with another function for max")


def averaging_filters(channels, window):
    """Exercise pool-filters.  Return filters (C, 1, U, U) that average, one for each channel.

    With them a convolution in C groups, stride U, is average pooling.
    """
    # TODO: a convolution multiplies by a filter and adds up: what makes that an average?
    raise NotImplementedError(
        "a convolution multiplies by a filter and adds up: what makes that an average?"
    )


def wrong_lines():
    """Exercise pool-wrong-lines.  Name, for each of three derivations, the line that is wrong.

    The three are on the page, with one line changed in each; the first lines are right.
    """
    # TODO: put numbers in: two that are not equal, and windows of two pixels
    raise NotImplementedError("put numbers in: two that are not equal, and windows of two pixels")
