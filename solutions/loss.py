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
    # BEGIN SOLUTION
    # HINT: at what score does np.exp reach infinity, and at what score does it reach zero?
    # HINT: what can be added to all scores of an example without changing its probabilities?
    # HINT: a thousand is large enough, with one sign or the other; 1e300 swallows the scores
    return scores + np.array([[1000.0], [-1000.0]])
    # END SOLUTION


def softmax(scores):
    """Exercise loss-softmax.  Turn scores (N, K) into probabilities (N, K).

        yₙₖ = exp xₙₖ / Σⱼ exp xₙⱼ

    >>> softmax(np.array([[0.0, 0.0], [1000.0, 0.0]]))
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    # BEGIN SOLUTION
    # HINT: which number can you subtract from a whole row without changing its probabilities?
    # HINT: scores - scores.max(axis=1, keepdims=True) has no entry above zero
    # HINT: exponentiate that, then divide each row by its sum; keepdims=True keeps a column
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
    # END SOLUTION


def logsumexp(scores):
    """Exercise loss-logsumexp.  Add up each row of scores (N, K) on the logarithmic scale: (N,).

        yₙ = ln Σₖ exp xₙₖ

    >>> logsumexp(np.array([[1000.0, 0.0]]))
    array([1000.])
    """
    # BEGIN SOLUTION
    # HINT: a factor inside the logarithm is a term outside of it
    # HINT: take out the factor exp m, with the largest score m of each row
    # HINT: m + np.log(np.exp(scores - m[:, None]).sum(axis=1))
    m = scores.max(axis=1)
    return m + np.log(np.exp(scores - m[:, None]).sum(axis=1))
    # END SOLUTION


def cross_entropy(scores, t):
    """Exercise loss-cross-entropy.  Return the mean surprise, one number; and its gradient (N, K).

        L = -1/N Σₙ ln softmax(x)ₙₜ        x̄ₙₖ = ∂L/∂xₙₖ

    >>> loss, gradient = cross_entropy(np.array([[1000.0, 0.0]]), np.array([1]))
    >>> float(loss)
    1000.0
    """
    # BEGIN SOLUTION
    # HINT: the logarithm of a probability is a score minus a log-sum-exp; where is the max?
    # HINT: rows = np.arange(N) and t together pick one entry per row: log_y[rows, t]
    # HINT: the gradient is (probability - truth) / N; truth is one at [rows, t], else zero
    N, rows = len(scores), np.arange(len(scores))
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_y = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    gradient = np.exp(log_y)
    gradient[rows, t] -= 1
    return -log_y[rows, t].mean(), gradient / N
    # END SOLUTION


def accepts(f, pullback, *, rng):
    """Exercise loss-lemma.  Decide whether `pullback` is the backward pass of f, on random input.

        x̄ = pullback(x, ȳ)  is right when  ⟨x̄, ẋ⟩ = ⟨ȳ, ẏ⟩  with  ẏ ≈ (f(x + h ẋ) - f(x - h ẋ)) / 2h

    f maps scores (N, K) to an array of the same shape, for any N and K; numbers of size one
    stay so. Draw what you try from `rng`, with more than one example and more than one class.
    An error of one part in a thousand has to be noticed, rounding must not be.

    >>> accepts(np.sin, lambda x, y_bar: y_bar * np.cos(x), rng=np.random.default_rng(0))
    True
    """
    # BEGIN SOLUTION
    # HINT: draw x, a direction x_dot and an upstream gradient y_bar, all of shape (N, K)
    # HINT: measure y_dot with a step h near 1e-5; compare np.vdot(x_bar, x_dot) with the other side
    # HINT: try several directions: a wrong answer may look right along one of them
    x, y_bar = rng.normal(size=(2, 4, 3))
    x_bar, h = pullback(x, y_bar), 1e-5
    for x_dot in rng.normal(size=(9, 4, 3)):
        y_dot = (f(x + h * x_dot) - f(x - h * x_dot)) / (2 * h)
        if abs(np.vdot(x_bar, x_dot) - np.vdot(y_bar, y_dot)) > 1e-7:
            return False
    return True
    # END SOLUTION


def smoothed_cross_entropy(scores, t, *, smoothing=0.1):
    """Exercise loss-smoothing.  Return the mean surprise at softened labels; its gradient (N, K).

        L = -1/N Σₙ Σₖ qₙₖ ln softmax(x)ₙₖ,   qₙₖ = (1 - s) [k = tₙ] + s/K

    All K classes share s, the right one too.

    >>> loss, gradient = smoothed_cross_entropy(np.zeros((1, 2)), np.array([0]), smoothing=0.5)
    >>> gradient
    array([[-0.25,  0.25]])
    """
    # BEGIN SOLUTION
    # HINT: what changes, compared with loss-cross-entropy, is the truth alone
    # HINT: build q: fill (N, K) with s/K, then add 1 - s at [rows, t]
    # HINT: the loss is -(q * log_y).sum() / N, the gradient (probability - q) / N
    N, K = scores.shape
    q = np.full((N, K), smoothing / K)
    q[np.arange(N), t] += 1 - smoothing

    shifted = scores - scores.max(axis=1, keepdims=True)
    log_y = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -(q * log_y).sum() / N, (np.exp(log_y) - q) / N
    # END SOLUTION


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
    # BEGIN SOLUTION
    # HINT: compute what is missing for all classes at once; which entry must not count?
    # HINT: scores[rows, t][:, None] is the right score as a column; set [rows, t] to zero after
    # HINT: each positive term has slope 1; the right class has minus the number of those
    N, rows = len(scores), np.arange(len(scores))
    missing = np.maximum(0, scores - scores[rows, t][:, None] + margin)
    missing[rows, t] = 0
    gradient = (missing > 0).astype(float)
    gradient[rows, t] = -gradient.sum(axis=1)
    return missing.sum() / N, gradient / N
    # END SOLUTION


def wrong_lines():
    """Exercise loss-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third.
    """
    # BEGIN SOLUTION
    # HINT: put in two classes with equal scores, and compute both sides of a line
    # HINT: one minus sign is lost, one sum has become a mean, one inequality is turned
    # HINT: a mean over the classes would divide by K; may a loss be less than one of its terms?
    return [3, 4, 2]
    # END SOLUTION
