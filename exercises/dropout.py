# Cut from solutions/dropout.py by `dlcore exercises`: write your answers here. [7208033d6c0e]
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
    # TODO: draw one number from 0 to 1 for each entry; for which of them is the entry kept?
    raise NotImplementedError(
        "draw one number from 0 to 1 for each entry; for which of them is the entry kept?"
    )


def dropout_pullback(x, p, rng=None):
    """Exercise dropout-backward.  Return y = dropout(x), and the function from ȳ to x̄.

    The function may be called several times, each time with another ȳ. It needs neither x nor y.
    """
    # TODO: y is x times a factor, entry by entry; what is the derivative of that?
    raise NotImplementedError(
        "y is x times a factor, entry by entry; what is the derivative of that?"
    )


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
    # TODO: which entries are kept can be seen in y, if no entry of x is 0
    raise NotImplementedError("which entries are kept can be seen in y, if no entry of x is 0")


def expected_loss(x, z, w, p):
    """Exercise dropout-ridge.  Return the mean over all masks of a linear unit's squared loss.

        L = Σₙ (Σ_d w_d y_nd - z_n)²,   y = dropout(x)

    Features x (N, D), targets z (N,), weights w (D,). There are too many masks to try them all:
    use the closed form. Return a number.

    >>> expected_loss(np.array([[1.0]]), np.array([1.0]), np.array([1.0]), 0.5)
    1.0
    """
    # TODO: what is the loss if nothing is dropped?
    raise NotImplementedError("what is the loss if nothing is dropped?")


def dropout_maps(x, p, rng=None):
    """Exercise dropout-maps.  Drop whole feature maps of x (N, C, H, W).

    Each of the N C maps, independently of all others, is 0 with probability p, all of it, and
    x / (1 - p) otherwise. Without a generator y is x.
    """
    # TODO: how many numbers are to be drawn?
    raise NotImplementedError("how many numbers are to be drawn?")


def drop_path(shortcut, branch, p, rng=None):
    """Exercise dropout-path.  Add a branch to its shortcut, but drop it for some examples.

    Both arrays have the same axes, the first of which is that of the N examples; there may be
    one axis or more. Each example, independently of all others, is shortcut with probability p,
    and shortcut + branch / (1 - p) otherwise. Without a generator y is shortcut + branch.
    """
    # TODO: what happens to the shortcut of an example whose branch is dropped?
    raise NotImplementedError("what happens to the shortcut of an example whose branch is dropped?")


def wrong_lines():
    """Exercise dropout-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third.
    """
    # TODO: put in numbers: p = 1/2, and 2 for every other letter
    raise NotImplementedError("put in numbers: p = 1/2, and 2 for every other letter")
