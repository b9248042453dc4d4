"""Exercises of the chapter *Fast*: what a machine is asked for, and how to ask for less.

Images x have the shape (N, C, H, W), filters w (F, C, U, V). All convolutions here go in single
steps. Results are as exact as rounding lets them be. No function changes its input; a second call,
of a pullback too, is like the first.

Chapter: book/fast.md.
"""

import numpy as np


def four_products(x, w):
    """Exercise fast-winograd.  Return four products m from which two outputs can be added up.

    From four pixels x and three taps w, such that

        m[0] + m[1] + m[2] = x[0] w[0] + x[1] w[1] + x[2] w[2]
        m[1] - m[2] - m[3] = x[1] w[0] + x[2] w[1] + x[3] w[2]

    Each of them is one multiplication: a sum of pixels times a sum of taps. Pixels and taps may
    be whole numbers.
    """
    # BEGIN SOLUTION
    # HINT: w[0] of the first output and w[2] of the second stand alone: those are m[0] and m[3]
    # HINT: m[1] and m[2] are shared; what has to be their sum, and what their difference?
    # HINT: m[1] holds x[1] + x[2], m[2] holds x[2] - x[1], each with half a sum of taps
    return np.array([
        (x[0] - x[2]) * w[0],
        (x[1] + x[2]) * (w[0] + w[1] + w[2]) / 2,
        (x[2] - x[1]) * (w[0] - w[1] + w[2]) / 2,
        (x[1] - x[3]) * w[2],
    ])  # fmt: skip
    # END SOLUTION


def intensity(N, C, H, W, F, U, V):
    """Exercise fast-intensity.  Divide operations by bytes, for a convolution without padding.

    Every multiplication goes with an addition. Images, filters and maps are moved once, four
    bytes a number.

    >>> intensity(1, 1, 4, 4, 1, 1, 1)  # 32 operations, 33 numbers
    0.24242424242424243
    """
    # BEGIN SOLUTION
    # HINT: how large are the maps?
    # HINT: an output takes C U V multiplications and as many additions; how many are there?
    # HINT: the bytes are four times N C H W + F C U V + N F P Q
    P, Q = H - U + 1, W - V + 1
    numbers = N * C * H * W + F * C * U * V + N * F * P * Q
    return 2 * N * F * P * Q * C * U * V / (4 * numbers)
    # END SOLUTION


def im2col(x, U, V):
    """Exercise fast-im2col.  Copy the windows into columns; return them, and the pullback.

    Row (c, u, v) of the columns (C U V, N P Q) holds x[n, c, p + u, q + v] in column (n, p, q),
    both counted row by row; they have the kind of numbers that x has. The pullback takes the
    gradient of the columns to x̄, as exactly as that is given.

    >>> columns, pullback = im2col(np.array([[[[1.0, 2.0, 3.0]]]]), 1, 2)
    >>> columns, pullback(np.array([[1.0, 10.0], [100.0, 1000.0]]))
    (array([[1., 2.],
           [2., 3.]]), array([[[[   1.,  110., 1000.]]]]))
    """
    N, C, H, W = x.shape
    P, Q = H - U + 1, W - V + 1
    # BEGIN SOLUTION
    # HINT: which pixels lie under tap (u, v), for all images and all positions at once?
    # HINT: fill an array (C, U, V, N, P, Q), tap by tap, and reshape it at the end
    # HINT: in the backward pass, a pixel was copied for several taps: add up with +=
    columns = np.empty((C, U, V, N, P, Q), x.dtype)
    for u, v in np.ndindex(U, V):
        columns[:, u, v] = x[:, :, u : u + P, v : v + Q].swapaxes(0, 1)

    def pullback(columns_bar):
        bars = columns_bar.reshape(C, U, V, N, P, Q)
        x_bar = np.zeros((N, C, H, W), columns_bar.dtype)
        for u, v in np.ndindex(U, V):
            x_bar[:, :, u : u + P, v : v + Q] += bars[:, u, v].swapaxes(0, 1)
        return x_bar

    return columns.reshape(C * U * V, N * P * Q), pullback
    # END SOLUTION


def hidden_slip(ways):
    """Exercise fast-hidden-slip.  Return the number of the gradient that is wrong, from 1 to 5.

    `ways` is a list of five functions such as those in the chapter, in any order: each takes
    ȳ (N, F, P, Q) and w (F, C, U, V), of sizes that you choose, to x̄ (N, C, P + U - 1, Q + V - 1).
    Exactly one of them is wrong, whatever the sizes are, if U and V are at least two; which one,
    and how, changes from call to call.
    """
    # BEGIN SOLUTION
    # HINT: an upstream gradient of ones hides much: try a single one, in a corner
    # HINT: a single one must give the filters, at the position of that output
    # HINT: compare with room for rounding, for one of the five takes a Fourier transform
    w = np.random.default_rng().normal(size=(1, 1, 3, 2))
    y_bar = np.zeros((1, 1, 3, 4))
    y_bar[0, 0, 1, 1] = 1
    x_bar = np.pad(w, ((0, 0), (0, 0), (1, 1), (1, 2)))
    right = [np.allclose(way(y_bar, w), x_bar) for way in ways]
    return 1 + right.index(False)
    # END SOLUTION


def loop_order(sizes, steps):
    """Exercise fast-loops.  Put the seven loops into an order that moves few cache lines.

    A loop is named by its index, one of n f c p q u v. `sizes` says how often it runs, and
    `steps["x"]`, `steps["w"]`, `steps["y"]` by how many numbers one has to move in each array
    when it advances by one, for one of many orders of memory. Return the names, the outermost
    first. On average over such orders they may move a fifth more lines than the book's do.
    """
    # BEGIN SOLUTION
    # HINT: which loop runs most often, the outermost or the innermost?
    # HINT: the innermost loop should move by little in all three arrays together
    # HINT: sort the loops by the sum of their steps, the largest first
    far = lambda loop: sum(step[loop] for step in steps.values())
    return sorted(sizes, key=far, reverse=True)
    # END SOLUTION


def wrong_lines():
    """Exercise fast-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third.
    """
    # BEGIN SOLUTION
    # HINT: put in small whole numbers, one letter at a time
    # HINT: in the first two let all pixels be zero but one, in the third let s or e be zero
    # HINT: compare each line with the one above, and not with the first
    return [2, 3, 3]
    # END SOLUTION
