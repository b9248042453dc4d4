# Cut from solutions/solver.py by `dlcore exercises`: write your answers here. [4ce5358d232b]
"""Exercises of the chapter *Training that works*.

Images and features have the batch axis first; labels t have the shape (N,). Results are as exact
as rounding lets them be, unless an exercise says otherwise. No function changes the arrays that it
is given, unless it says so.

Chapter: book/solver.md.
"""

import numpy as np


def centre(train, val, test):
    """Exercise solver-centre.  Subtract the mean training image from all three sets.

    Returns three arrays of floats, of 4 bytes or of 8. The pixels given may be unsigned bytes,
    integers or floats, the images of any shape, and the training set a single one.

    >>> [float(x) for x in centre(*np.array([[[2, 4]], [[1, 1]], [[9, 9]]], np.uint8))[1][0]]
    [-1.0, -3.0]
    """
    # TODO: which of the three sets may be used before training?
    raise NotImplementedError("which of the three sets may be used before training?")


def batches(N, batch, *, rng):
    """Exercise solver-batches.  List the batches of one epoch, as arrays of row numbers.

    Every example of N ≥ 1 is in exactly one batch, in an order drawn by `rng`, all orders
    equally likely; every batch has `batch` rows, but the last may have fewer, if it has any.

    >>> [len(rows) for rows in batches(5, 2, rng=np.random.default_rng(0))]
    [2, 2, 1]
    """
    # TODO: what does rng.permutation(N) return?
    raise NotImplementedError("what does rng.permutation(N) return?")


def train(loss, params, x, t, *, rate, batch, epochs, rng):
    """Exercise solver-train.  Fit `params` by gradient descent on batches; return the losses.

    ``loss(x, t)`` returns the loss of a batch at the present `params`, and the gradients by
    the names of `params`; it is called once for every step. Every epoch visits each example
    once, in an order drawn anew from `rng` and cut into batches, of which the last may be smaller.
    Every step changes all arrays in `params` in place:  w ← w - rate · g.
    Returns a list with the loss of every step, as it was before the step.
    """
    # TODO: two loops, epochs and batches; draw a permutation at the start of every epoch
    raise NotImplementedError(
        "two loops, epochs and batches; draw a permutation at the start of every epoch"
    )


def confusion(t, predicted, K):
    """Exercise solver-confusion.  Count how often class i was predicted as class j:  (K, K).

    The right classes t and those predicted have the shape (N,) with N ≥ 1. Some classes may never
    occur.

    >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    array([[1, 1],
           [0, 1]])
    """
    # TODO: start from a matrix of zeros; every example adds one to one entry
    raise NotImplementedError("start from a matrix of zeros; every example adds one to one entry")


def keep_best(epochs):
    """Exercise solver-best.  Return the best accuracy and the parameters that reached it.

    `epochs` yields, after every epoch, a validation accuracy and the dictionary of
    parameters. It is always the same dictionary of the same arrays: training goes on in them.
    Of equal accuracies the first wins. Accuracies lie between 0 and 1, and 0 may be the best.
    """
    # TODO: what will the arrays that you keep hold when training has gone on for an epoch?
    raise NotImplementedError(
        "what will the arrays that you keep hold when training has gone on for an epoch?"
    )


def draw(low, high, count, *, rng):
    """Exercise solver-draw.  Draw `count` numbers whose logarithms are uniform: (count,).

    They lie between low and high, each factor of ten equally likely: from 0.001 to 10 as many
    fall below 0.1 as above it, on average. Each is drawn from `rng`, independently of the others.
    """
    # TODO: which function turns factors into differences?
    raise NotImplementedError("which function turns factors into differences?")


def search(run, low, high, *, trials, rounds, rng):
    """Exercise solver-search.  Return the best rate, searched from coarse to fine.

    ``run(rate)`` returns an accuracy, from 0 to 1. A round draws `trials` rates between `low` and
    `high` from `rng`, their logarithms uniform, and runs each of them once. The next round looks
    around the best rate so far, as far below as above, over a range whose ratio high/low is the
    square root of the present one, and never outside of the first range. The best of all rounds
    is returned; of equally good ones, any.
    """
    # TODO: remember the best accuracy and its rate across rounds; the new range surrounds it
    raise NotImplementedError(
        "remember the best accuracy and its rate across rounds; the new range surrounds it"
    )


def wrong_lines():
    """Exercise solver-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third. Lines count from one.
    """
    # TODO: two batches of two examples, or three examples, are enough to try
    raise NotImplementedError("two batches of two examples, or three examples, are enough to try")
