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
    # BEGIN SOLUTION
    # HINT: which of the three sets may be used before training?
    # HINT: one mean per pixel, over the axis of the examples; and 1 - 2 is 255 in unsigned bytes
    # HINT: mean = train.mean(axis=0) is an image of floats; subtract it three times
    mean = train.mean(axis=0)
    return train - mean, val - mean, test - mean
    # END SOLUTION


def batches(N, batch, *, rng):
    """Exercise solver-batches.  List the batches of one epoch, as arrays of row numbers.

    Every example of N ≥ 1 is in exactly one batch, in an order drawn by `rng`, all orders
    equally likely; every batch has `batch` rows, but the last may have fewer, if it has any.

    >>> [len(rows) for rows in batches(5, 2, rng=np.random.default_rng(0))]
    [2, 2, 1]
    """
    # BEGIN SOLUTION
    # HINT: what does rng.permutation(N) return?
    # HINT: cut that order into slices that start at 0, batch, 2 batch, …
    # HINT: order[i : i + batch] for i in range(0, N, batch); a slice may reach past the end
    order = rng.permutation(N)
    return [order[i : i + batch] for i in range(0, N, batch)]
    # END SOLUTION


def train(loss, params, x, t, *, rate, batch, epochs, rng):
    """Exercise solver-train.  Fit `params` by gradient descent on batches; return the losses.

    ``loss(x, t)`` returns the loss of a batch at the present `params`, and the gradients by
    the names of `params`; it is called once for every step. Every epoch visits each example
    once, in an order drawn anew from `rng` and cut into batches, of which the last may be smaller.
    Every step changes all arrays in `params` in place:  w ← w - rate · g.
    Returns a list with the loss of every step, as it was before the step.
    """
    # BEGIN SOLUTION
    # HINT: two loops, epochs and batches; draw a permutation at the start of every epoch
    # HINT: x[rows], t[rows] is a batch; call loss on it, remember the loss, then step
    # HINT: in place means params[name] -= …; a new array would leave the model's as it is
    losses = []
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for i in range(0, len(x), batch):
            rows = order[i : i + batch]
            value, grads = loss(x[rows], t[rows])
            losses.append(value)
            for name in params:
                params[name] -= rate * grads[name]
    return losses
    # END SOLUTION


def confusion(t, predicted, K):
    """Exercise solver-confusion.  Count how often class i was predicted as class j:  (K, K).

    The right classes t and those predicted have the shape (N,) with N ≥ 1. Some classes may never
    occur.

    >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    array([[1, 1],
           [0, 1]])
    """
    # BEGIN SOLUTION
    # HINT: start from a matrix of zeros; every example adds one to one entry
    # HINT: counts[t, predicted] += 1 counts a pair that comes twice only once
    # HINT: np.add.at(counts, (t, predicted), 1) adds for every pair
    counts = np.zeros((K, K), int)
    np.add.at(counts, (t, predicted), 1)
    return counts
    # END SOLUTION


def keep_best(epochs):
    """Exercise solver-best.  Return the best accuracy and the parameters that reached it.

    `epochs` yields, after every epoch, a validation accuracy and the dictionary of
    parameters. It is always the same dictionary of the same arrays: training goes on in them.
    Of equal accuracies the first wins. Accuracies lie between 0 and 1, and 0 may be the best.
    """
    # BEGIN SOLUTION
    # HINT: what will the arrays that you keep hold when training has gone on for an epoch?
    # HINT: keep a copy of every array, and only when the accuracy is higher than the best
    # HINT: {name: w.copy() for name, w in params.items()}; a copy of the dictionary is too little
    best, kept = -1.0, {}
    for accuracy, params in epochs:
        if accuracy > best:
            best, kept = accuracy, {name: w.copy() for name, w in params.items()}
    return best, kept
    # END SOLUTION


def draw(low, high, count, *, rng):
    """Exercise solver-draw.  Draw `count` numbers whose logarithms are uniform: (count,).

    They lie between low and high, each factor of ten equally likely: from 0.001 to 10 as many
    fall below 0.1 as above it, on average. Each is drawn from `rng`, independently of the others.
    """
    # BEGIN SOLUTION
    # HINT: which function turns factors into differences?
    # HINT: draw uniformly between ln low and ln high
    # HINT: np.exp(rng.uniform(np.log(low), np.log(high), count))
    return np.exp(rng.uniform(np.log(low), np.log(high), count))
    # END SOLUTION


def search(run, low, high, *, trials, rounds, rng):
    """Exercise solver-search.  Return the best rate, searched from coarse to fine.

    ``run(rate)`` returns an accuracy, from 0 to 1. A round draws `trials` rates between `low` and
    `high` from `rng`, their logarithms uniform, and runs each of them once. The next round looks
    around the best rate so far, as far below as above, over a range whose ratio high/low is the
    square root of the present one, and never outside of the first range. The best of all rounds
    is returned; of equally good ones, any.
    """
    # BEGIN SOLUTION
    # HINT: remember the best accuracy and its rate across rounds; the new range surrounds it
    # HINT: from best / reach to best * reach the ratio is reach²; which reach gives √(high/low)?
    # HINT: reach = (high / low) ** 0.25, then clip both ends to the first range
    first, best, found = (low, high), -np.inf, None
    for _ in range(rounds):
        for rate in np.exp(rng.uniform(np.log(low), np.log(high), trials)):
            if (accuracy := run(rate)) > best:
                best, found = accuracy, float(rate)
        reach = (high / low) ** 0.25
        low, high = max(first[0], found / reach), min(first[1], found * reach)
    return found
    # END SOLUTION


def wrong_lines():
    """Exercise solver-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third. Lines count from one.
    """
    # BEGIN SOLUTION
    # HINT: two batches of two examples, or three examples, are enough to try
    # HINT: what is a mean divided by, and what is squared?
    # HINT: one mean is not divided, one square is lost, one hit is taken for a miss
    return [2, 3, 2]
    # END SOLUTION
