# Cut from solutions/linear.py by `dlcore exercises`: write your answers here. [859bee162d05]
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
    # TODO: how many rows must the flat batch have, and who can count the columns for you?
    raise NotImplementedError(
        "how many rows must the flat batch have, and who can count the columns for you?"
    )


def linear_jvp(x, w, b, x_dot, w_dot, b_dot):
    """Exercise linear-jvp.  Compute the tangent of the linear map.

    Each of ẋ, ẇ, ḃ has the shape of x, w, b; ẏ is (N, M). Here x is (N, D).
    """
    # TODO: which rule of calculus differentiates a product?
    raise NotImplementedError("which rule of calculus differentiates a product?")


def linear_vjp(x, w, b, y_bar):
    """Exercise linear-backward.  Compute the backward pass of the linear map.

    From ȳ (N, M) make x̄, w̄ and b̄, each in the shape of x, w and b; x may hold images.
    """
    # TODO: all sizes differ: which product of ȳ with x or w has the shape you need?
    raise NotImplementedError(
        "all sizes differ: which product of ȳ with x or w has the shape you need?"
    )


def predict(x, w, b):
    """Exercise linear-predict.  Name the class with the highest score, for every example.

    x is (N, D), w is (D, K), b is (K,); the result is (N,), integers from 0 to K - 1. Where
    several scores are highest, any of their classes will do. Scores may be very large.

    >>> predict(np.array([[1.0, 2.0]]), np.eye(2), np.zeros(2))
    array([1])
    """
    # TODO: are probabilities needed, when softmax keeps the order of the scores?
    raise NotImplementedError(
        "are probabilities needed, when softmax keeps the order of the scores?"
    )


def classifier_loss(x, t, w, b, reg):
    """Exercise linear-classifier.  Compute the loss of a linear classifier and its gradient.

    L = 1/N Σₙ (ln Σₖ exp yₙₖ - yₙₜ) + reg/2 Σ w²  with the scores y = x w + b.
    x is (N, D), the labels t are (N,), w is (D, K), b is (K,). Return the number L, w̄ and b̄.
    Write no loop over the examples, of which there may be a million; no score is too large.
    """
    # TODO: subtract each row's largest score before exponentiating: nothing else changes
    raise NotImplementedError(
        "subtract each row's largest score before exponentiating: nothing else changes"
    )


def deceptive_softmax_vjp(y, y_bar):
    """Exercise linear-blind.  Write a wrong backward pass of softmax that a sum accepts.

    y = softmax(x) and ȳ are (N, K), with two classes at least. The right one is
    x̄ = y (ȳ - Σⱼ ȳⱼ yⱼ). Return something else (N, K), linear in ȳ: right for ȳ = 1; wrong, and
    not 0, by more than a thousandth for a random ȳ.
    """
    # TODO: what is the true x̄ when every entry of ȳ is 1? Remember what a row of y sums to
    raise NotImplementedError(
        "what is the true x̄ when every entry of ȳ is 1? Remember what a row of y sums to"
    )


def gradient_is_right(f, rule, xs, rng):
    """Exercise linear-gradient-check.  Check a backward pass by differences.

    ``f(*xs)`` returns an array y, ``rule(*xs, y_bar)`` one cotangent for each x in xs.
    Draw directions ẋ and an upstream gradient ȳ from `rng` alone, and return True if

        ⟨ȳ, f(x + h ẋ) - f(x - h ẋ)⟩ / 2h  =  Σᵢ ⟨x̄ᵢ, ẋᵢ⟩

    as well as differences can tell, else False. The supplied rules are right, or wrong by
    at least a hundredth; numbers are of size one.
    """
    # TODO: rng.normal(size=…) draws both: every ẋ in the shape of its x, ȳ in that of f(*xs)
    raise NotImplementedError(
        "rng.normal(size=…) draws both: every ẋ in the shape of its x, ȳ in that of f(*xs)"
    )


def wrong_lines():
    """Exercise linear-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third.
    """
    # TODO: look at the shapes: which axis does each index run along?
    raise NotImplementedError("look at the shapes: which axis does each index run along?")
