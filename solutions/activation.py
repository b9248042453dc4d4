"""Exercises of the chapter *Activation functions and initialisation*.

Arrays hold floats of 8 bytes or of 4; results are as exact as roundings of the least exact argument
let them be, unless an exercise says otherwise.

Chapter: book/activation.md.
"""

import numpy as np


def relu(x):
    """Exercise activation-relu.  Keep what is positive:  y = max(0, x), for x of any shape.

    The numbers of x are finite, floats or integers. x stays as it is.

    >>> relu(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 3.])
    """
    # BEGIN SOLUTION
    # HINT: which function of NumPy takes the larger of two numbers, entry by entry?
    # HINT: np.max finds the largest entry of one array, np.maximum compares two arrays
    # HINT: x is compared with 0; do not write into x
    return np.maximum(x, 0)
    # END SOLUTION


def relu_backward(y_bar, x):
    """Exercise activation-relu-backward.  Compute x̄ for y = max(0, x):  x̄ = ȳ [x > 0].

    ȳ and x have one shape, which may be any; where x = 0, x̄ = 0. Neither is changed.

    >>> relu_backward(np.array([5.0, 6.0, 7.0]), np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 7.])
    """
    # BEGIN SOLUTION
    # HINT: what is the derivative of max(0, x) to the left of zero, and to the right?
    # HINT: x > 0 is a Boolean array, and True times a number is the number
    # HINT: at x = 0 the derivative is chosen to be zero, so the comparison is strict
    return y_bar * (x > 0)
    # END SOLUTION


def leaky_relu(x, *, slope=0.01):
    """Exercise activation-leaky.  Compute  y = x where x > 0, slope · x elsewhere.

    Return y and its pullback, a function that takes ȳ to x̄:  x̄ = ȳ where x > 0, slope · ȳ
    elsewhere. The slope may be any number. x has any shape and holds floats or integers; neither
    x nor ȳ is changed.

    >>> y, pullback = leaky_relu(np.array([-2.0, 3.0]), slope=0.5)
    >>> y, pullback(np.array([10.0, 10.0]))
    (array([-1.,  3.]), array([ 5., 10.]))
    """
    # BEGIN SOLUTION
    # HINT: what is the derivative of y, as an array of the shape of x?
    # HINT: np.where(condition, a, b) takes from a where the condition holds, and else from b
    # HINT: with that array of slopes, y is slopes * x, and x̄ is slopes * ȳ
    slopes = np.where(x > 0, 1.0, slope)

    def pullback(y_bar):
        return slopes * y_bar

    return slopes * x, pullback
    # END SOLUTION


def is_slope(f, slope, x):
    """Exercise activation-slope.  Decide whether `slope` is the derivative of `f` at x.

    f maps an array to one of its shape, entry by entry, and so should slope. Return True or
    False. The functions are smooth but for a kink at zero, of moderate size, and no
    entry of x is zero. Refuse an error of one part in a hundred in a single entry, a single
    number for all entries, and a NaN; accept round-off errors.

    >>> is_slope(np.sin, np.cos, np.array([1.0, 2.0])), is_slope(np.sin, np.sin, np.array([1.0]))
    (True, False)
    """
    # BEGIN SOLUTION
    # HINT: a derivative can be measured: by how much does f change from x - h to x + h?
    # HINT: h = 1e-5 is a good step; how large may the error be, compared with the derivative?
    # HINT: compare entry by entry, shapes first; nan is not close to anything
    step = 1e-5
    measured = (f(x + step) - f(x - step)) / (2 * step)
    claimed = slope(x)
    if np.shape(claimed) != measured.shape:
        return False
    return bool(np.allclose(claimed, measured, rtol=1e-4, atol=1e-6))
    # END SOLUTION


def sigmoid(x):
    """Exercise activation-sigmoid.  Squash any float:  y = 1/(1 + e⁻ˣ), without a warning.

    x has any shape, and floats of either precision from -inf to inf. For those of 8 bytes y has
    twelve digits, small numbers too: far below zero y is eˣ, as long as a float can hold that.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    # BEGIN SOLUTION
    # HINT: for which x does e⁻ˣ overflow, and what is y there, multiplied above and below by eˣ?
    # HINT: exp(-|x|) never overflows, and it is what you need on both sides of zero
    # HINT: with e = exp(-|x|), y is 1/(1 + e) on the right of zero, and e/(1 + e) on the left
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)
    # END SOLUTION


def dead_bias(x, w, *, margin=1.0):
    """Exercise activation-dead.  Find the bias for which every unit is dead by a given margin.

    x (N, D) is a batch with N ≥ 1, w (D, M) are weights. Return b (M,) such that the
    largest of the N entries of x w + b is -margin, for each of the M units. The margin may be any
    number.

    >>> dead_bias(np.array([[1.0], [2.0]]), np.array([[3.0, -1.0]]))
    array([-7.,  0.])
    """
    # BEGIN SOLUTION
    # HINT: for a single unit, for which example is x w + b largest?
    # HINT: x @ w has one row per example and one column per unit; take the maximum of a column
    # HINT: if the largest entry is a without a bias, which b makes it -margin?
    return -margin - (x @ w).max(axis=0)
    # END SOLUTION


def he(D, M, *, rng):
    """Exercise activation-init.  Draw weights (D, M) from the normal distribution N(0, 2/D).

    All are drawn from `rng`, independently: one seed gives the same weights every time.

    >>> he(2, 3, rng=np.random.default_rng(0)).shape
    (2, 3)
    """
    # BEGIN SOLUTION
    # HINT: does rng.normal take the variance, or the standard deviation?
    # HINT: the standard deviation is the square root of the variance
    # HINT: the second argument of rng.normal is np.sqrt(2 / D), the third is the shape
    return rng.normal(0.0, np.sqrt(2 / D), (D, M))
    # END SOLUTION


def wrong_lines():
    """Exercise activation-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third.
    """
    # BEGIN SOLUTION
    # HINT: put in x = 0 and compute both sides of a line; then another x
    # HINT: where does a minus sign change, and where does a sum become a mean?
    # HINT: at x = 0 the derivative of the sigmoid is a quarter, and no line may divide by zero
    return [4, 2, 3]
    # END SOLUTION
