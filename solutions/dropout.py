"""Exercises of the chapter *Dropout*: masks forwards and backwards, and what they cost.

p is the probability to drop, from 0 to below 1. With a generator `rng` a function trains, and
draws its mask from it, in each call another one; without a generator it evaluates. Arrays are
floats of 8 bytes, or of 4, and results may then have either; they are as exact as rounding lets
them be. No function changes the arrays that it is given.

Chapter: book/dropout.md.
"""

import numpy as np


def dropout(x, p, rng=None):
    """Exercise dropout-forward.  Drop entries of x, of any shape, and scale the others.

    With a generator each entry, independently of all others, is 0 with probability p and
    x / (1 - p) otherwise. Without a generator y is x. Raise ValueError unless 0 ≤ p < 1, with a
    generator and without one.

    >>> dropout(np.array([3.0, 5.0]), 0.5)
    array([3., 5.])
    """
    # BEGIN SOLUTION
    # HINT: draw one number from 0 to 1 for each entry; for which of them is the entry kept?
    # HINT: an array of booleans times an array of floats is 0 where it is False
    # HINT: kept = rng.random(x.shape) >= p; not 0 <= p < 1 is also true for what is no number
    if not 0 <= p < 1:
        raise ValueError(f"dropout: p is {p}, use 0 to below 1")
    if rng is None:
        return x
    kept = rng.random(x.shape) >= p
    return x * kept / (1 - p)
    # END SOLUTION


def dropout_pullback(x, p, rng=None):
    """Exercise dropout-backward.  Return y = dropout(x), and the function from ȳ to x̄.

    The function may be called several times, each time with another ȳ. It needs neither x nor y.
    """
    # BEGIN SOLUTION
    # HINT: y is x times a factor, entry by entry; what is the derivative of that?
    # HINT: draw the mask once, before the function is made, which then keeps it
    # HINT: factor = (rng.random(x.shape) >= p) / (1 - p), or 1 without a generator
    factor = 1.0 if rng is None else (rng.random(x.shape) >= p) / (1 - p)
    return x * factor, lambda y_bar: y_bar * factor
    # END SOLUTION


def is_dropout(make, rng):
    """Exercise dropout-test.  Judge whether a function is dropout, by calling it.

    ``make(seed)``, with a whole number, returns a fresh function ``drop(x, p, training)`` that
    draws its masks from a generator of that seed, a bit for each entry. It returns y and a
    function from ȳ to x̄, which are to be those of `dropout_pullback`; where ``training`` is False,
    y is x and x̄ is ȳ. The same seed gives the same masks again, and the next call of a function
    another mask. x has axes (N, D). Return True if all this holds, up to rounding, else False.

    What is wrong shows, for each p from 0.2 to 0.4 or for each p from 0.6 to 0.8, in a call or two
    on 100 examples of 100 features, some of them negative; a share of zeros that is wrong is off
    by 0.07 or more. Draw from `rng`.
    """
    # BEGIN SOLUTION
    # HINT: which entries are kept can be seen in y, if no entry of x is 0
    # HINT: what is the mean of the mask, and how often do neighbours in it agree?
    # HINT: call one function twice, and another one of the same seed; then without training
    for p in rng.uniform([0.2, 0.6], [0.4, 0.8]):
        x, y_bar = rng.uniform(1, 2, (2, 100, 100)) * rng.choice([-1, 1], (2, 100, 100))
        seed = int(rng.integers(10**6))
        drop = make(seed)
        y, pullback = drop(x, p, True)
        kept = np.asarray(y) != 0
        factor = kept / (1 - p)
        unchanged, back = drop(x, p, False)
        alike = [np.mean(kept[1:] == kept[:-1]), np.mean(kept[:, 1:] == kept[:, :-1])]
        right = (
            np.allclose(y, x * factor),
            np.allclose(pullback(y_bar), y_bar * factor),
            abs(kept.mean() - (1 - p)) < 0.05,
            np.allclose(alike, p**2 + (1 - p) ** 2, atol=0.1),
            not np.array_equal(y, drop(x, p, True)[0]),
            np.array_equal(y, make(seed)(x, p, True)[0]),
            np.array_equal(unchanged, x) and np.allclose(back(y_bar), y_bar),
        )
        if not all(right):
            return False
    return True
    # END SOLUTION


def expected_loss(x, z, w, p):
    """Exercise dropout-ridge.  Return the mean over all masks of a linear unit's squared loss.

        L = Σₙ (Σ_d w_d y_nd - z_n)²,   y = dropout(x)

    Features x (N, D), targets z (N,), weights w (D,). There are too many masks to try them all:
    use the closed form. Return a number.

    >>> expected_loss(np.array([[1.0]]), np.array([1.0]), np.array([1.0]), 0.5)
    1.0
    """
    # BEGIN SOLUTION
    # HINT: what is the loss if nothing is dropped?
    # HINT: each weight adds its square times the squares of its feature, and a factor of p
    # HINT: penalty = p / (1 - p) * np.sum(w**2 * np.sum(x**2, axis=0))
    loss = np.sum((x @ w - z) ** 2)
    penalty = p / (1 - p) * np.sum(w**2 * np.sum(x**2, axis=0))
    return float(loss + penalty)
    # END SOLUTION


def dropout_maps(x, p, rng=None):
    """Exercise dropout-maps.  Drop whole feature maps of x (N, C, H, W).

    Each of the N C maps, independently of all others, is 0 with probability p, all of it, and
    x / (1 - p) otherwise. Without a generator y is x.
    """
    # BEGIN SOLUTION
    # HINT: how many numbers are to be drawn?
    # HINT: axes of length 1 are broadcast: (N, C, 1, 1) times (N, C, H, W)
    # HINT: kept = rng.random((*x.shape[:2], 1, 1)) >= p
    if rng is None:
        return x
    kept = rng.random((*x.shape[:2], 1, 1)) >= p
    return x * kept / (1 - p)
    # END SOLUTION


def drop_path(shortcut, branch, p, rng=None):
    """Exercise dropout-path.  Add a branch to its shortcut, but drop it for some examples.

    Both arrays have the same axes, the first of which is that of the N examples; there may be
    one axis or more. Each example, independently of all others, is shortcut with probability p,
    and shortcut + branch / (1 - p) otherwise. Without a generator y is shortcut + branch.
    """
    # BEGIN SOLUTION
    # HINT: what happens to the shortcut of an example whose branch is dropped?
    # HINT: one number is drawn for each example; its axes are (N, 1, …, 1)
    # HINT: kept.reshape(-1, *[1] * (branch.ndim - 1))
    if rng is None:
        return shortcut + branch
    kept = rng.random(len(branch)) >= p
    kept = kept.reshape(-1, *[1] * (branch.ndim - 1))
    return shortcut + branch * kept / (1 - p)
    # END SOLUTION


def wrong_lines():
    """Exercise dropout-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third.
    """
    # BEGIN SOLUTION
    # HINT: put in numbers: p = 1/2, and 2 for every other letter
    # HINT: two lines have lost a power, and in one a sign has turned
    # HINT: p and its square, a sum and its square, 1 - p and 1 + p
    return [3, 4, 2]
    # END SOLUTION
