# Cut from solutions/conv.py by `dlcore exercises`: write your answers here. [6220ae4e84ce]
"""Exercises of the chapter *Convolution*: filters that slide over images, and their gradients.

Images x have the shape (N, C, H, W), filters w (F, C, U, V), maps y (N, F, P, Q). Their numbers
may be of double or of single precision, or whole numbers: results are as exact as the least exact
of them, or better. No function changes its input, and a second call is like the first.

Chapter: book/conv.md.
"""

import numpy as np


def edges(x):
    """Exercise conv-edges.  Measure how steep a grey image is at every position: (H - 2, W - 2).

    One Sobel filter measures the slope to the right, its transpose the slope downwards, each in
    levels of grey per pixel; the result is √(right² + down²). An image x has the shape (H, W).

    >>> edges(np.array([[0.0, 3, 6], [0, 3, 6], [0, 3, 6]]))
    array([[3.]])
    """
    P, Q = x.shape[0] - 2, x.shape[1] - 2
    # TODO: a Sobel filter subtracts the left column from the right one, with weights 1, 2, 1
    raise NotImplementedError(
        "a Sobel filter subtracts the left column from the right one, with weights 1, 2, 1"
    )


def output_size(size, window, stride=1, padding=0):
    """Exercise conv-output-size.  Count the positions of a window in a row of `size` pixels.

    On both sides the row is padded with `padding` zeros; at least one window fits.

    >>> output_size(32, 5, padding=2)
    32
    """
    # TODO: how long is the padded row, and where may the last window begin?
    raise NotImplementedError("how long is the padded row, and where may the last window begin?")


def conv(x, w, stride=1, padding=0):
    """Exercise conv-naive.  Convolve images with filters: (N, F, P, Q).

        y[n,f,p,q] = Σ_{c,u,v} x[n, c, p s + u - r, q s + v - r] w[f,c,u,v]

    The stride is s, the padding r; outside an image there are zeros.

    >>> conv(np.array([[[[1.0, 2.0, 4.0]]]]), np.array([[[[3.0, -1.0]]]]))
    array([[[[1., 2.]]]])
    """
    (N, _, H, W), (F, _, U, V) = x.shape, w.shape
    # TODO: pad the two last axes with np.pad; how many positions are there?
    raise NotImplementedError("pad the two last axes with np.pad; how many positions are there?")


def conv_dilated(x, w, dilation):
    """Exercise conv-dilated.  Convolve with filters whose taps are e pixels apart: (N, F, P, Q).

        y[n,f,p,q] = Σ_{c,u,v} x[n, c, p + e u, q + e v] w[f,c,u,v]

    The dilation is e; the stride is one, and there is no padding.

    >>> conv_dilated(np.array([[[[1.0, 2.0, 4.0, 8.0]]]]), np.array([[[[1.0, 10.0]]]]), 2)
    array([[[[41., 82.]]]])
    """
    (N, _, H, W), (F, _, U, V) = x.shape, w.shape
    # TODO: how many rows does a filter span when its U taps are e apart?
    raise NotImplementedError("how many rows does a filter span when its U taps are e apart?")


def conv_backward(x, w, y_bar, stride=1, padding=0):
    """Exercise conv-backward.  Compute the gradients of images and filters from ȳ: x̄ and w̄.

    They are the derivatives of Σ ȳ y, where y is what `conv` returns for the same stride and
    padding. x̄ has the shape of x, w̄ that of w.

    >>> x, w = np.array([[[[1.0, 2.0, 4.0]]]]), np.array([[[[3.0, -1.0]]]])
    >>> x_bar, w_bar = conv_backward(x, w, np.array([[[[1.0, 10.0]]]]))
    >>> x_bar.ravel(), w_bar.ravel()
    (array([  3.,  29., -10.]), array([21., 42.]))
    """
    (N, _, H, W), (F, _, U, V) = x.shape, w.shape
    P, Q = y_bar.shape[2:]
    # TODO: y[n, f, p, q] is a sum of products: what is its derivative by each factor?
    raise NotImplementedError(
        "y[n, f, p, q] is a sum of products: what is its derivative by each factor?"
    )


def hidden(U, V):
    """Exercise conv-hidden-slip.  Return a filter (U, V) with which a missing flip does no harm.

    U and V are at least two. Not all entries are equal, and the filter is not its own mirror
    image from left to right. A backward pass that forgets to flip the filters is right with
    yours, whatever ȳ is.
    """
    # TODO: where does flipping in both directions move the entry in the corner?
    raise NotImplementedError(
        "where does flipping in both directions move the entry in the corner?"
    )


def wrong_lines():
    """Exercise conv-wrong-lines.  Name, for each of three derivations, the line that is wrong.

    The three are on the page, with one line changed in each; the first lines are right.
    """
    # TODO: two lines are equal for every ȳ and every filter: try a row of two pixels
    raise NotImplementedError(
        "two lines are equal for every ȳ and every filter: try a row of two pixels"
    )
