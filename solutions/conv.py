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
    # BEGIN SOLUTION
    # HINT: a Sobel filter subtracts the left column from the right one, with weights 1, 2, 1
    # HINT: on a ramp with slope one it gives (1 + 2 + 1) * 2; divide by that
    # HINT: the filter downwards is the transpose; square, add up, take the root
    right = np.outer([1.0, 2.0, 1.0], [-1.0, 0.0, 1.0]) / 8
    y = np.empty((P, Q))
    for p, q in np.ndindex(P, Q):
        part = x[p : p + 3, q : q + 3]
        y[p, q] = np.hypot(np.sum(part * right), np.sum(part * right.T))
    return y
    # END SOLUTION


def output_size(size, window, stride=1, padding=0):
    """Exercise conv-output-size.  Count the positions of a window in a row of `size` pixels.

    On both sides the row is padded with `padding` zeros; at least one window fits.

    >>> output_size(32, 5, padding=2)
    32
    """
    # BEGIN SOLUTION
    # HINT: how long is the padded row, and where may the last window begin?
    # HINT: it begins at size + 2 * padding - window at the latest
    # HINT: count the whole strides that lead there, and the first position
    return (size + 2 * padding - window) // stride + 1
    # END SOLUTION


def conv(x, w, stride=1, padding=0):
    """Exercise conv-naive.  Convolve images with filters: (N, F, P, Q).

        y[n,f,p,q] = Σ_{c,u,v} x[n, c, p s + u - r, q s + v - r] w[f,c,u,v]

    The stride is s, the padding r; outside an image there are zeros.

    >>> conv(np.array([[[[1.0, 2.0, 4.0]]]]), np.array([[[[3.0, -1.0]]]]))
    array([[[[1., 2.]]]])
    """
    (N, _, H, W), (F, _, U, V) = x.shape, w.shape
    # BEGIN SOLUTION
    # HINT: pad the two last axes with np.pad; how many positions are there?
    # HINT: at position (p, q) a filter covers x[n, :, p * stride : p * stride + U, …]
    # HINT: y[n, f, p, q] = np.sum(part * w[f])
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    P, Q = (H + 2 * padding - U) // stride + 1, (W + 2 * padding - V) // stride + 1
    y = np.empty((N, F, P, Q))
    for n, f, p, q in np.ndindex(N, F, P, Q):
        i, j = p * stride, q * stride
        y[n, f, p, q] = np.sum(x[n, :, i : i + U, j : j + V] * w[f])
    return y
    # END SOLUTION


def conv_dilated(x, w, dilation):
    """Exercise conv-dilated.  Convolve with filters whose taps are e pixels apart: (N, F, P, Q).

        y[n,f,p,q] = Σ_{c,u,v} x[n, c, p + e u, q + e v] w[f,c,u,v]

    The dilation is e; the stride is one, and there is no padding.

    >>> conv_dilated(np.array([[[[1.0, 2.0, 4.0, 8.0]]]]), np.array([[[[1.0, 10.0]]]]), 2)
    array([[[[41., 82.]]]])
    """
    (N, _, H, W), (F, _, U, V) = x.shape, w.shape
    # BEGIN SOLUTION
    # HINT: how many rows does a filter span when its U taps are e apart?
    # HINT: it spans e (U - 1) + 1 rows; a slice with the step e picks the rows of its taps
    # HINT: x[n, :, p : p + e * (U - 1) + 1 : e, …] has U rows
    rows, columns = dilation * (U - 1) + 1, dilation * (V - 1) + 1
    y = np.empty((N, F, H - rows + 1, W - columns + 1))
    for n, f, p, q in np.ndindex(*y.shape):
        part = x[n, :, p : p + rows : dilation, q : q + columns : dilation]
        y[n, f, p, q] = np.sum(part * w[f])
    return y
    # END SOLUTION


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
    # BEGIN SOLUTION
    # HINT: y[n, f, p, q] is a sum of products: what is its derivative by each factor?
    # HINT: for every ȳ[n, f, p, q], add ȳ w[f] to a part of x̄, and ȳ times that part of x to w̄[f]
    # HINT: let x̄ be as large as the padded images, and cut the padding off at the end
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    x_bar, w_bar = np.zeros(x.shape), np.zeros(w.shape)
    for n, f, p, q in np.ndindex(N, F, P, Q):
        i, j = p * stride, q * stride
        x_bar[n, :, i : i + U, j : j + V] += y_bar[n, f, p, q] * w[f]
        w_bar[f] += y_bar[n, f, p, q] * x[n, :, i : i + U, j : j + V]
    return x_bar[:, :, padding : padding + H, padding : padding + W], w_bar
    # END SOLUTION


def hidden(U, V):
    """Exercise conv-hidden-slip.  Return a filter (U, V) with which a missing flip does no harm.

    U and V are at least two. Not all entries are equal, and the filter is not its own mirror
    image from left to right. A backward pass that forgets to flip the filters is right with
    yours, whatever ȳ is.
    """
    # BEGIN SOLUTION
    # HINT: where does flipping in both directions move the entry in the corner?
    # HINT: to the opposite corner; which filters are the same afterwards?
    # HINT: opposite entries are equal: count up to the middle, and down again
    count = np.arange(U * V)
    return np.minimum(count, count[::-1]).reshape(U, V)
    # END SOLUTION


def wrong_lines():
    """Exercise conv-wrong-lines.  Name, for each of three derivations, the line that is wrong.

    The three are on the page, with one line changed in each; the first lines are right.
    """
    # BEGIN SOLUTION
    # HINT: two lines are equal for every ȳ and every filter: try a row of two pixels
    # HINT: look at the range of every sum, and at what each index is
    # HINT: count the factors; those of the line before have to be found again
    return [4, 2, 4]
    # END SOLUTION
