# Cut from solutions/activation.py by `dlcore exercises`: write your answers here. [8e270676bbef]
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
    # TODO: which function of NumPy takes the larger of two numbers, entry by entry?
    raise NotImplementedError(
        "which function of NumPy takes the larger of two numbers, entry by entry?"
    )


def relu_backward(y_bar, x):
    """Exercise activation-relu-backward.  Compute x̄ for y = max(0, x):  x̄ = ȳ [x > 0].

    ȳ and x have one shape, which may be any; where x = 0, x̄ = 0. Neither is changed.

    >>> relu_backward(np.array([5.0, 6.0, 7.0]), np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 7.])
    """
    # TODO: what is the derivative of max(0, x) to the left of zero, and to the right?
    raise NotImplementedError(
        "what is the derivative of max(0, x) to the left of zero, and to the right?"
    )


def leaky_relu(x, *, slope=0.01):
    """Exercise activation-leaky.  Compute  y = x where x > 0, slope · x elsewhere.

    Return y and its pullback, a function that takes ȳ to x̄:  x̄ = ȳ where x > 0, slope · ȳ
    elsewhere. The slope may be any number. x has any shape and holds floats or integers; neither
    x nor ȳ is changed.

    >>> y, pullback = leaky_relu(np.array([-2.0, 3.0]), slope=0.5)
    >>> y, pullback(np.array([10.0, 10.0]))
    (array([-1.,  3.]), array([ 5., 10.]))
    """
    # TODO: what is the derivative of y, as an array of the shape of x?
    raise NotImplementedError("what is the derivative of y, as an array of the shape of x?")


def is_slope(f, slope, x):
    """Exercise activation-slope.  Decide whether `slope` is the derivative of `f` at x.

    f maps an array to one of its shape, entry by entry, and so should slope. Return True or
    False. The functions are smooth but for a kink at zero, of moderate size, and no
    entry of x is zero. Refuse an error of one part in a hundred in a single entry, a single
    number for all entries, and a NaN; accept round-off errors.

    >>> is_slope(np.sin, np.cos, np.array([1.0, 2.0])), is_slope(np.sin, np.sin, np.array([1.0]))
    (True, False)
    """
    # TODO: a derivative can be measured: by how much does f change from x - h to x + h?
    raise NotImplementedError(
        "a derivative can be measured: by how much does f change from x - h to x + h?"
    )


def sigmoid(x):
    """Exercise activation-sigmoid.  Squash any float:  y = 1/(1 + e⁻ˣ), without a warning.

    x has any shape, and floats of either precision from -inf to inf. For those of 8 bytes y has
    twelve digits, small numbers too: far below zero y is eˣ, as long as a float can hold that.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    # TODO: for which x does e⁻ˣ overflow, and what is y there, multiplied above and below by eˣ?
    raise NotImplementedError(
        "for which x does e⁻ˣ overflow, and what is y there, multiplied above and below by eˣ?"
    )


def dead_bias(x, w, *, margin=1.0):
    """Exercise activation-dead.  Find the bias for which every unit is dead by a given margin.

    x (N, D) is a batch with N ≥ 1, w (D, M) are weights. Return b (M,) such that the
    largest of the N entries of x w + b is -margin, for each of the M units. The margin may be any
    number.

    >>> dead_bias(np.array([[1.0], [2.0]]), np.array([[3.0, -1.0]]))
    array([-7.,  0.])
    """
    # TODO: for a single unit, for which example is x w + b largest?
    raise NotImplementedError("for a single unit, for which example is x w + b largest?")


def he(D, M, *, rng):
    """Exercise activation-init.  Draw weights (D, M) from the normal distribution N(0, 2/D).

    All are drawn from `rng`, independently: one seed gives the same weights every time.

    >>> he(2, 3, rng=np.random.default_rng(0)).shape
    (2, 3)
    """
    # TODO: does rng.normal take the variance, or the standard deviation?
    raise NotImplementedError("does rng.normal take the variance, or the standard deviation?")


def wrong_lines():
    """Exercise activation-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third.
    """
    # TODO: put in x = 0 and compute both sides of a line; then another x
    raise NotImplementedError("put in x = 0 and compute both sides of a line; then another x")
