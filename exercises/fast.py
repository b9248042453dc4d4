# Cut from solutions/fast.py by `dlcore exercises`: write your answers here. [dae9ad3c765f]
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
    # TODO: w[0] of the first output and w[2] of the second stand alone: those are m[0] and m[3]
    raise NotImplementedError(
        "w[0] of the first output and w[2] of the second stand alone: those are m[0] and m[3]"
    )


def intensity(N, C, H, W, F, U, V):
    """Exercise fast-intensity.  Divide operations by bytes, for a convolution without padding.

    Every multiplication goes with an addition. Images, filters and maps are moved once, four
    bytes a number.

    >>> intensity(1, 1, 4, 4, 1, 1, 1)  # 32 operations, 33 numbers
    0.24242424242424243
    """
    # TODO: how large are the maps?
    raise NotImplementedError("how large are the maps?")


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
    # TODO: which pixels lie under tap (u, v), for all images and all positions at once?
    raise NotImplementedError(
        "which pixels lie under tap (u, v), for all images and all positions at once?"
    )


def hidden_slip(ways):
    """Exercise fast-hidden-slip.  Return the number of the gradient that is wrong, from 1 to 5.

    `ways` is a list of five functions such as those in the chapter, in any order: each takes
    ȳ (N, F, P, Q) and w (F, C, U, V), of sizes that you choose, to x̄ (N, C, P + U - 1, Q + V - 1).
    Exactly one of them is wrong, whatever the sizes are, if U and V are at least two; which one,
    and how, changes from call to call.
    """
    # TODO: an upstream gradient of ones hides much: try a single one, in a corner
    raise NotImplementedError(
        "an upstream gradient of ones hides much: try a single one, in a corner"
    )


def loop_order(sizes, steps):
    """Exercise fast-loops.  Put the seven loops into an order that moves few cache lines.

    A loop is named by its index, one of n f c p q u v. `sizes` says how often it runs, and
    `steps["x"]`, `steps["w"]`, `steps["y"]` by how many numbers one has to move in each array
    when it advances by one, for one of many orders of memory. Return the names, the outermost
    first. On average over such orders they may move a fifth more lines than the book's do.
    """
    # TODO: which loop runs most often, the outermost or the innermost?
    raise NotImplementedError("which loop runs most often, the outermost or the innermost?")


def wrong_lines():
    """Exercise fast-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third.
    """
    # TODO: put in small whole numbers, one letter at a time
    raise NotImplementedError("put in small whole numbers, one letter at a time")
