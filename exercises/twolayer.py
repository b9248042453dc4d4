# Cut from solutions/twolayer.py by `dlcore exercises`: write your answers here. [b12644680a6e]
"""Exercises of the chapter *Two-layer networks*: scores, loss, gradients, and what fits.

A network is a dictionary ``params`` of four arrays: w1 (D, M), b1 (M,), w2 (M, K), b2 (K,).
Examples x have the shape (N, D) with N ≥ 1, labels t the shape (N,), and count from 0. Floats may
have 4 bytes instead of 8; results may then have either. No function changes the arrays that it is
given.

Chapter: book/twolayer.md.
"""

import numpy as np


def scores(params, x):
    """Exercise twolayer-forward.  Compute the scores of a batch: (N, K).

        y = max(0, x w1 + b1) w2 + b2

    >>> params = {"w1": np.eye(2), "b1": np.zeros(2), "w2": np.ones((2, 1)), "b2": np.zeros(1)}
    >>> scores(params, np.array([[3.0, -1.0]]))
    array([[3.]])
    """
    # TODO: three lines: a linear map, the ReLU, a linear map
    raise NotImplementedError("three lines: a linear map, the ReLU, a linear map")


def predict(params, x):
    """Exercise twolayer-predict.  Predict the class of each example: (N,).

    It is the integer k with the highest score. Scores may have any size and sign; where several
    classes share the highest, any of them will do.

    >>> params = {"w1": np.eye(2), "b1": np.zeros(2), "w2": np.eye(2), "b2": np.zeros(2)}
    >>> predict(params, np.array([[1.0, 3.0]]))
    array([1])
    """
    # TODO: do probabilities come in another order than scores?
    raise NotImplementedError("do probabilities come in another order than scores?")


def exclusive_or(M):
    """Exercise twolayer-xor.  Build a network of M ≥ 2 hidden units that solves exclusive or.

    Features are two bits, D = 2; class 1 is right where they differ, K = 2, and the right class
    has the higher score. All entries of w1, b1, w2 and b2 are whole numbers. Return the dictionary
    of the four.
    """
    # TODO: how far can you come with the sum of the bits, 0, 1 or 2?
    raise NotImplementedError("how far can you come with the sum of the bits, 0, 1 or 2?")


def memorise(x, t, K):
    """Exercise twolayer-memory.  Build a network that gives N examples the labels they have.

    The N rows of x differ from each other, but many may agree in some features, in their sums or
    in their norms; the K labels t are any. Use N hidden units or fewer, and return the dictionary
    of the four arrays: for each example the score of t is higher than all others. No training is
    needed.
    """
    # TODO: first take D = 1, and sort. On which examples is a unit max(0, x - c) zero?
    raise NotImplementedError(
        "first take D = 1, and sort. On which examples is a unit max(0, x - c) zero?"
    )


def loss(params, x, t, reg):
    """Exercise twolayer-loss.  Return cross-entropy plus an L2 penalty on both weights.

        L = 1/N Σₙ (ln Σₖ exp yₙₖ - yₙₜ) + reg/2 (Σ w1² + Σ w2²)

    It is a single number. Scores may be thousands.
    """
    # TODO: which number may be subtracted from a row of scores before it is exponentiated?
    raise NotImplementedError(
        "which number may be subtracted from a row of scores before it is exponentiated?"
    )


def gradients(params, x, t, reg):
    """Exercise twolayer-backward.  Return the gradient of the loss, as a dictionary like `params`.

    L is the loss of twolayer-loss; grads["w1"] is ∂L/∂w1, in the shape of w1, and so on for the
    four. A unit whose pre-activation is exactly 0 receives gradient 0. Scores may be thousands.
    """
    # TODO: write the forward pass first; each of its lines has one line of the backward pass
    raise NotImplementedError(
        "write the forward pass first; each of its lines has one line of the backward pass"
    )


def gradients_are_right(loss, gradients, *, rng):
    """Exercise twolayer-check.  Judge the gradients of a two-layer network by differences.

    ``loss(params, x, t, reg)`` is a number, and right; ``gradients(params, x, t, reg)`` is a
    dictionary like `params`, and may be wrong, if only in one entry, by three parts in a hundred
    of it and by 0.003 at least. The nonlinearity may be another than max(0, ·): the loss
    decides. Draw a network, data and a reg for which every mistake has an effect; return True if
    the gradients are right, else False.
    """
    # TODO: which mistakes go unseen with N = 1, which with reg = 0, which with biases of zero?
    raise NotImplementedError(
        "which mistakes go unseen with N = 1, which with reg = 0, which with biases of zero?"
    )


def wrong_lines():
    """Exercise twolayer-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third.
    """
    # TODO: what a bracket leaves of a sum is one term of it, and not a part of one term
    raise NotImplementedError(
        "what a bracket leaves of a sum is one term of it, and not a part of one term"
    )
