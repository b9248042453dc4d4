"""Exercises of the chapter *Linear classifiers*.

There is one example at least. Arrays hold floats of either precision, or whole numbers, in any
layout in memory. Results have the shapes that are stated, and are as exact as roundings of the
least exact argument let them be. No function changes the arrays that it is given.

Chapter: book/linear.md.
"""

import numpy as np


def linear(x, w, b):
    """Exercise linear-forward.  Mix the features of a batch.

    y = x w + b, where x may hold images: (N, …) with D numbers each, laid out flat first, the
    last axis running fastest.
    The weights are (D, M), the bias is (M,), the result is (N, M).

    >>> linear(np.ones((1, 2, 2)), np.ones((4, 1)), np.zeros(1))
    array([[4.]])
    """
    # BEGIN SOLUTION
    # HINT: how many rows must the flat batch have, and who can count the columns for you?
    # HINT: x.reshape(len(x), -1) keeps the first axis and flattens each example
    # HINT: one product and one sum; the bias is broadcast over the rows
    return x.reshape(len(x), -1) @ w + b
    # END SOLUTION


def linear_jvp(x, w, b, x_dot, w_dot, b_dot):
    """Exercise linear-jvp.  Compute the tangent of the linear map.

    Each of ẋ, ẇ, ḃ has the shape of x, w, b; ẏ is (N, M). Here x is (N, D).
    """
    # BEGIN SOLUTION
    # HINT: which rule of calculus differentiates a product?
    # HINT: let one factor change while the other is constant, then add both
    # HINT: ẏ = ẋ w + x ẇ + ḃ
    return x_dot @ w + x @ w_dot + b_dot
    # END SOLUTION


def linear_vjp(x, w, b, y_bar):
    """Exercise linear-backward.  Compute the backward pass of the linear map.

    From ȳ (N, M) make x̄, w̄ and b̄, each in the shape of x, w and b; x may hold images.
    """
    # BEGIN SOLUTION
    # HINT: all sizes differ: which product of ȳ with x or w has the shape you need?
    # HINT: b went into every example, so its gradient is a sum over all of them
    # HINT: x̄ = ȳ wᵀ in the shape of x, w̄ = xᵀ ȳ with x flattened, b̄ is a sum over examples
    x_bar = (y_bar @ w.T).reshape(x.shape)
    w_bar = x.reshape(len(x), -1).T @ y_bar
    return x_bar, w_bar, y_bar.sum(axis=0)
    # END SOLUTION


def predict(x, w, b):
    """Exercise linear-predict.  Name the class with the highest score, for every example.

    x is (N, D), w is (D, K), b is (K,); the result is (N,), integers from 0 to K - 1. Where
    several scores are highest, any of their classes will do. Scores may be very large.

    >>> predict(np.array([[1.0, 2.0]]), np.eye(2), np.zeros(2))
    array([1])
    """
    # BEGIN SOLUTION
    # HINT: are probabilities needed, when softmax keeps the order of the scores?
    # HINT: np.argmax finds the place of the largest entry along an axis
    # HINT: the classes are the columns, so the search runs along axis 1
    return np.argmax(x @ w + b, axis=1)
    # END SOLUTION


def classifier_loss(x, t, w, b, reg):
    """Exercise linear-classifier.  Compute the loss of a linear classifier and its gradient.

    L = 1/N Σₙ (ln Σₖ exp yₙₖ - yₙₜ) + reg/2 Σ w²  with the scores y = x w + b.
    x is (N, D), the labels t are (N,), w is (D, K), b is (K,). Return the number L, w̄ and b̄.
    Write no loop over the examples, of which there may be a million; no score is too large.
    """
    # BEGIN SOLUTION
    # HINT: subtract each row's largest score before exponentiating: nothing else changes
    # HINT: ȳ is softmax(y) with 1 subtracted at the right labels, divided by N
    # HINT: then w̄ = xᵀ ȳ + reg · w and b̄ = Σₙ ȳₙ; the penalty spares b
    N = len(x)
    y = x @ w + b
    y -= y.max(axis=1, keepdims=True)
    powers = np.exp(y)
    sums = powers.sum(axis=1)
    loss = np.mean(np.log(sums) - y[np.arange(N), t]) + reg / 2 * np.sum(w * w)

    y_bar = powers / sums[:, None]
    y_bar[np.arange(N), t] -= 1
    y_bar /= N
    return loss, x.T @ y_bar + reg * w, y_bar.sum(axis=0)
    # END SOLUTION


def deceptive_softmax_vjp(y, y_bar):
    """Exercise linear-blind.  Write a wrong backward pass of softmax that a sum accepts.

    y = softmax(x) and ȳ are (N, K), with two classes at least. The right one is
    x̄ = y (ȳ - Σⱼ ȳⱼ yⱼ). Return something else (N, K), linear in ȳ: right for ȳ = 1; wrong, and
    not 0, by more than a thousandth for a random ȳ.
    """
    # BEGIN SOLUTION
    # HINT: what is the true x̄ when every entry of ȳ is 1? Remember what a row of y sums to
    # HINT: which small mistakes turn 0 into 0: a sign, a factor, a forgotten weight?
    # HINT: return the true answer with the other sign
    return -y * (y_bar - (y_bar * y).sum(axis=1, keepdims=True))
    # END SOLUTION


def gradient_is_right(f, rule, xs, rng):
    """Exercise linear-gradient-check.  Check a backward pass by differences.

    ``f(*xs)`` returns an array y, ``rule(*xs, y_bar)`` one cotangent for each x in xs.
    Draw directions ẋ and an upstream gradient ȳ from `rng` alone, and return True if

        ⟨ȳ, f(x + h ẋ) - f(x - h ẋ)⟩ / 2h  =  Σᵢ ⟨x̄ᵢ, ẋᵢ⟩

    as well as differences can tell, else False. The supplied rules are right, or wrong by
    at least a hundredth; numbers are of size one.
    """
    # BEGIN SOLUTION
    # HINT: rng.normal(size=…) draws both: every ẋ in the shape of its x, ȳ in that of f(*xs)
    # HINT: h = 1e-5 balances truncation, of the order h², against round-off, ε/h
    # HINT: np.vdot is ⟨a, b⟩ for any shape; compare with a relative tolerance of about 1e-6
    h = 1e-5
    x_dots = [rng.normal(size=x.shape) for x in xs]
    ahead = f(*(x + h * x_dot for x, x_dot in zip(xs, x_dots, strict=True)))
    behind = f(*(x - h * x_dot for x, x_dot in zip(xs, x_dots, strict=True)))
    y_bar = rng.normal(size=ahead.shape)

    measured = np.vdot(y_bar, ahead - behind) / (2 * h)
    terms = [np.vdot(bar, x_dot) for bar, x_dot in zip(rule(*xs, y_bar), x_dots, strict=True)]
    scale = 1 + np.abs(measured) + np.sum(np.abs(terms))
    return bool(np.abs(measured - np.sum(terms)) < 1e-6 * scale)
    # END SOLUTION


def wrong_lines():
    """Exercise linear-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third.
    """
    # BEGIN SOLUTION
    # HINT: look at the shapes: which axis does each index run along?
    # HINT: in two of them, two indices are exchanged; w is (D, M) and ȳ is (N, M)
    # HINT: in the other one a sum has become a mean: which factor should not be there?
    return [2, 4, 3]
    # END SOLUTION
