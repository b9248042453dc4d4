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
    # BEGIN SOLUTION
    # HINT: three lines: a linear map, the ReLU, a linear map
    # HINT: np.maximum(0, a) compares entry by entry; np.max looks for one largest entry
    # HINT: h = np.maximum(0, x @ w1 + b1), and the scores are h @ w2 + b2
    h = np.maximum(0, x @ params["w1"] + params["b1"])
    return h @ params["w2"] + params["b2"]
    # END SOLUTION


def predict(params, x):
    """Exercise twolayer-predict.  Predict the class of each example: (N,).

    It is the integer k with the highest score. Scores may have any size and sign; where several
    classes share the highest, any of them will do.

    >>> params = {"w1": np.eye(2), "b1": np.zeros(2), "w2": np.eye(2), "b2": np.zeros(2)}
    >>> predict(params, np.array([[1.0, 3.0]]))
    array([1])
    """
    # BEGIN SOLUTION
    # HINT: do probabilities come in another order than scores?
    # HINT: the classes are the columns of the scores
    # HINT: np.argmax(…, axis=1)
    h = np.maximum(0, x @ params["w1"] + params["b1"])
    return np.argmax(h @ params["w2"] + params["b2"], axis=1)
    # END SOLUTION


def exclusive_or(M):
    """Exercise twolayer-xor.  Build a network of M ≥ 2 hidden units that solves exclusive or.

    Features are two bits, D = 2; class 1 is right where they differ, K = 2, and the right class
    has the higher score. All entries of w1, b1, w2 and b2 are whole numbers. Return the dictionary
    of the four.
    """
    # BEGIN SOLUTION
    # HINT: how far can you come with the sum of the bits, 0, 1 or 2?
    # HINT: max(0, sum) is 2 at (1, 1); a second unit that is positive only there can correct it
    # HINT: max(0, x₀ + x₁) - 2 max(0, x₀ + x₁ - 1) is 0, 1, 0; further units may have weight 0
    w1, b1 = np.zeros((2, M)), np.zeros(M)
    w2, b2 = np.zeros((M, 2)), np.array([1.0, 0.0])
    w1[:, :2], b1[1] = 1, -1
    w2[:2] = [[-1, 1], [2, -2]]
    return {"w1": w1, "b1": b1, "w2": w2, "b2": b2}
    # END SOLUTION


def memorise(x, t, K):
    """Exercise twolayer-memory.  Build a network that gives N examples the labels they have.

    The N rows of x differ from each other, but many may agree in some features, in their sums or
    in their norms; the K labels t are any. Use N hidden units or fewer, and return the dictionary
    of the four arrays: for each example the score of t is higher than all others. No training is
    needed.
    """
    # BEGIN SOLUTION
    # HINT: first take D = 1, and sort. On which examples is a unit max(0, x - c) zero?
    # HINT: let one more unit be positive at every example: then h is triangular, solve h w2 = y
    # HINT: a random direction v makes x @ v different for all; w1 repeats v, b1 has all the -c
    v = np.random.default_rng(0).normal(size=x.shape[1])
    s = np.sort(x @ v)
    creases = np.concatenate([[s[0] - 1], (s[:-1] + s[1:]) / 2])
    w1 = np.repeat(v[:, None], len(s), axis=1)
    h = np.maximum(0, x @ w1 - creases)
    w2 = np.linalg.solve(h, np.eye(K)[t])
    return {"w1": w1, "b1": -creases, "w2": w2, "b2": np.zeros(K)}
    # END SOLUTION


def loss(params, x, t, reg):
    """Exercise twolayer-loss.  Return cross-entropy plus an L2 penalty on both weights.

        L = 1/N Σₙ (ln Σₖ exp yₙₖ - yₙₜ) + reg/2 (Σ w1² + Σ w2²)

    It is a single number. Scores may be thousands.
    """
    # BEGIN SOLUTION
    # HINT: which number may be subtracted from a row of scores before it is exponentiated?
    # HINT: y[np.arange(N), t] is the right score of every example
    # HINT: the penalty has both weights and no bias; the cross-entropy is a mean, it is not
    h = np.maximum(0, x @ params["w1"] + params["b1"])
    y = h @ params["w2"] + params["b2"]
    y = y - y.max(axis=1, keepdims=True)
    surprise = np.log(np.exp(y).sum(axis=1)) - y[np.arange(len(x)), t]
    return surprise.mean() + reg / 2 * (np.sum(params["w1"] ** 2) + np.sum(params["w2"] ** 2))
    # END SOLUTION


def gradients(params, x, t, reg):
    """Exercise twolayer-backward.  Return the gradient of the loss, as a dictionary like `params`.

    L is the loss of twolayer-loss; grads["w1"] is ∂L/∂w1, in the shape of w1, and so on for the
    four. A unit whose pre-activation is exactly 0 receives gradient 0. Scores may be thousands.
    """
    # BEGIN SOLUTION
    # HINT: write the forward pass first; each of its lines has one line of the backward pass
    # HINT: ȳ is softmax(y) less 1 at the right labels, divided by N
    # HINT: w̄2 = hᵀ ȳ, h̄ = ȳ w2ᵀ, ā = h̄ where a > 0 and else 0, w̄1 = xᵀ ā; add reg · w to both
    h = np.maximum(0, x @ params["w1"] + params["b1"])
    y = h @ params["w2"] + params["b2"]
    y_bar = np.exp(y - y.max(axis=1, keepdims=True))
    y_bar /= y_bar.sum(axis=1, keepdims=True)
    y_bar[np.arange(len(x)), t] -= 1
    y_bar /= len(x)

    a_bar = (y_bar @ params["w2"].T) * (h > 0)
    return {
        "w1": x.T @ a_bar + reg * params["w1"],
        "b1": a_bar.sum(axis=0),
        "w2": h.T @ y_bar + reg * params["w2"],
        "b2": y_bar.sum(axis=0),
    }
    # END SOLUTION


def gradients_are_right(loss, gradients, *, rng):
    """Exercise twolayer-check.  Judge the gradients of a two-layer network by differences.

    ``loss(params, x, t, reg)`` is a number, and right; ``gradients(params, x, t, reg)`` is a
    dictionary like `params`, and may be wrong, if only in one entry, by three parts in a hundred
    of it and by 0.003 at least. The nonlinearity may be another than max(0, ·): the loss
    decides. Draw a network, data and a reg for which every mistake has an effect; return True if
    the gradients are right, else False.
    """
    # BEGIN SOLUTION
    # HINT: which mistakes go unseen with N = 1, which with reg = 0, which with biases of zero?
    # HINT: change one entry by h = 1e-5 up and down: the loss must change by 2h times its gradient
    # HINT: go through all entries of all four arrays; allow for differences of about 1e-6
    N, D, M, K, h = 5, 2, 4, 3, 1e-5
    shapes = {"w1": (D, M), "b1": M, "w2": (M, K), "b2": K}
    params = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    x, t, reg = rng.normal(size=(N, D)), rng.integers(K, size=N), 0.5
    claimed = gradients(params, x, t, reg)
    for name, w in params.items():
        for entry in np.ndindex(w.shape):
            step = np.zeros(w.shape)
            step[entry] = h
            ahead = loss({**params, name: w + step}, x, t, reg)
            behind = loss({**params, name: w - step}, x, t, reg)
            if abs(ahead - behind - 2 * h * claimed[name][entry]) > 2 * h * 1e-6:
                return False
    return True
    # END SOLUTION


def wrong_lines():
    """Exercise twolayer-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third.
    """
    # BEGIN SOLUTION
    # HINT: what a bracket leaves of a sum is one term of it, and not a part of one term
    # HINT: for which pre-activations is the gradient of a hidden unit not 0?
    # HINT: in the last derivation follow the factor 1/N from line to line
    return [2, 4, 5]
    # END SOLUTION
