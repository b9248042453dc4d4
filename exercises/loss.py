# Cut from solutions/loss.py by `dlcore exercises`: write your answers here. [7ecbd55dbb4a]
"""Exercises of the chapter *Loss*: from scores to one number, and back to a gradient.

Scores have the shape (N, K), one row per example; labels t have the shape (N,), and count from 0.
Scores are finite, floats or whole numbers, and may be very large. There is one example at least
and one class at least. Results are floats: good to twelve digits for scores of size one, to nine
where scores are large, to five where they have single precision. No function changes the arrays
that it is given.

Chapter: book/loss.md.
"""

import numpy as np


def overflow(scores):
    """Exercise loss-overflow.  Shift the scores of two examples so that naive softmax fails twice.

    The naive program is ``np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)``. From scores (2, K)
    between -9 and 9 make finite scores (2, K) of the same probabilities: differences within a
    row are kept, to six digits. The sum of the naive program is to be infinite for the first
    example and zero for the second one.

    >>> np.diff(overflow(np.array([[0.0, 1.0], [0.0, 2.0]])))
    array([[1.],
           [2.]])
    """
    # TODO: at what score does np.exp reach infinity, and at what score does it reach zero?
    raise NotImplementedError(
        "at what score does np.exp reach infinity, and at what score does it reach zero?"
    )


def softmax(scores):
    """Exercise loss-softmax.  Turn scores (N, K) into probabilities (N, K).

        yₙₖ = exp xₙₖ / Σⱼ exp xₙⱼ

    >>> softmax(np.array([[0.0, 0.0], [1000.0, 0.0]]))
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    # TODO: which number can you subtract from a whole row without changing its probabilities?
    raise NotImplementedError(
        "which number can you subtract from a whole row without changing its probabilities?"
    )


def logsumexp(scores):
    """Exercise loss-logsumexp.  Add up each row of scores (N, K) on the logarithmic scale: (N,).

        yₙ = ln Σₖ exp xₙₖ

    >>> logsumexp(np.array([[1000.0, 0.0]]))
    array([1000.])
    """
    # TODO: a factor inside the logarithm is a term outside of it
    raise NotImplementedError("a factor inside the logarithm is a term outside of it")


def cross_entropy(scores, t):
    """Exercise loss-cross-entropy.  Return the mean surprise, one number; and its gradient (N, K).

        L = -1/N Σₙ ln softmax(x)ₙₜ        x̄ₙₖ = ∂L/∂xₙₖ

    >>> loss, gradient = cross_entropy(np.array([[1000.0, 0.0]]), np.array([1]))
    >>> float(loss)
    1000.0
    """
    # TODO: the logarithm of a probability is a score minus a log-sum-exp; where is the max?
    raise NotImplementedError(
        "the logarithm of a probability is a score minus a log-sum-exp; where is the max?"
    )


def accepts(f, pullback, *, rng):
    """Exercise loss-lemma.  Decide whether `pullback` is the backward pass of f, on random input.

        x̄ = pullback(x, ȳ)  is right when  ⟨x̄, ẋ⟩ = ⟨ȳ, ẏ⟩  with  ẏ ≈ (f(x + h ẋ) - f(x - h ẋ)) / 2h

    f maps scores (N, K) to an array of the same shape, for any N and K; numbers of size one
    stay so. Draw what you try from `rng`, with more than one example and more than one class.
    An error of one part in a thousand has to be noticed, rounding must not be.

    >>> accepts(np.sin, lambda x, y_bar: y_bar * np.cos(x), rng=np.random.default_rng(0))
    True
    """
    # TODO: draw x, a direction x_dot and an upstream gradient y_bar, all of shape (N, K)
    raise NotImplementedError(
        "draw x, a direction x_dot and an upstream gradient y_bar, all of shape (N, K)"
    )


def smoothed_cross_entropy(scores, t, *, smoothing=0.1):
    """Exercise loss-smoothing.  Return the mean surprise at softened labels; its gradient (N, K).

        L = -1/N Σₙ Σₖ qₙₖ ln softmax(x)ₙₖ,   qₙₖ = (1 - s) [k = tₙ] + s/K

    All K classes share s, the right one too.

    >>> loss, gradient = smoothed_cross_entropy(np.zeros((1, 2)), np.array([0]), smoothing=0.5)
    >>> gradient
    array([[-0.25,  0.25]])
    """
    # TODO: what changes, compared with loss-cross-entropy, is the truth alone
    raise NotImplementedError("what changes, compared with loss-cross-entropy, is the truth alone")


def hinge(scores, t, *, margin=1.0):
    """Exercise loss-hinge.  Return the mean of what is missing to the margin; a gradient (N, K).

        L = 1/N Σₙ Σ_{k ≠ tₙ} max(0, xₙₖ - xₙₜ + margin)        x̄ₙₖ = ∂L/∂xₙₖ

    The margin is 0 or more. At a kink any subgradient will do.

    >>> loss, gradient = hinge(np.array([[0.0, 3.0, 2.0]]), np.array([2]))
    >>> float(loss)
    2.0
    >>> gradient
    array([[ 0.,  1., -1.]])
    """
    # TODO: compute what is missing for all classes at once; which entry must not count?
    raise NotImplementedError(
        "compute what is missing for all classes at once; which entry must not count?"
    )


def wrong_lines():
    """Exercise loss-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third.
    """
    # TODO: put in two classes with equal scores, and compute both sides of a line
    raise NotImplementedError(
        "put in two classes with equal scores, and compute both sides of a line"
    )
