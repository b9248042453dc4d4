# Cut from solutions/forward.py by `dlcore exercises`: write your answers here. [e3a29dace8a2]
"""Exercises of the chapter *Forward mode*.

A tangent has the shape of its value. Results are as exact as rounding lets them be, unless an
exercise says otherwise. No function changes the arrays that it is given.

Chapter: book/forward.md.
"""

import numpy as np


class Dual:
    """Exercise forward-dual.  Write numbers x + ẋ ε that can be added and multiplied.

    The other operand is a dual number or a plain one, whose tangent is 0, and may stand on either
    side. Operands stay as they are. Value and tangent are numbers, or dual numbers again.

    >>> x = Dual(3, 1)
    >>> y = x * x * x + 2 * x
    >>> y.value, y.dot
    (33, 29)
    """

    def __init__(self, value, dot=0):
        self.value, self.dot = value, dot

    def __add__(self, other):
        """Return self + other."""
        # TODO: what is the tangent of a sum when both of its terms have one?
        raise NotImplementedError("what is the tangent of a sum when both of its terms have one?")

    def __mul__(self, other):
        """Return self · other."""
        # TODO: multiply (x + ẋ ε) (z + ż ε) out, and drop what has ε twice
        raise NotImplementedError("multiply (x + ẋ ε) (z + ż ε) out, and drop what has ε twice")

    __radd__, __rmul__ = __add__, __mul__


def elementary(name, x, x_dot):
    """Exercise forward-functions.  Return value and tangent of a function of one number.

    `name` is "exp", "log", "sin", "sqrt" or "tanh"; all four arrays have one shape, of any number
    of axes. What comes in as float64 is right up to rounding, float32 to five digits.

    >>> elementary("sqrt", np.array([4.0]), np.array([8.0]))
    (array([2.]), array([2.]))
    """
    # TODO: f(x + ẋ ε) = f(x) + f'(x) ẋ ε; what is the derivative of each of the five?
    raise NotImplementedError(
        "f(x + ẋ ε) = f(x) + f'(x) ẋ ε; what is the derivative of each of the five?"
    )


def newton(jvp, x, *, steps):
    """Exercise forward-newton.  Look for a zero of a function of one number, by Newton's method.

        x ← x - y / ẏ,   with (y, ẏ) = jvp(x, 1)

    Takes exactly `steps` steps, however small y, the tangent and the steps become, but stops
    before a step where y is zero. Returns x. Where a step is to be taken, a tangent of zero is a
    ValueError if y is not zero: the line has no zero.
    """
    # TODO: one call gives value and derivative; where does the tangent line meet zero?
    raise NotImplementedError(
        "one call gives value and derivative; where does the tangent line meet zero?"
    )


def example_jvp(w, w_dot):
    """Exercise forward-jvp.  Compute the tangents of the example line by line.

        s = exp w₁ + exp 2w₂,   f₁ = exp s + sin s,   f₂ = w₁ w₂ + σ(w₁)

    Returns f and its tangent, both of shape (2,), for w and w_dot of shape (2,); right up to
    rounding.
    """
    # TODO: give every intermediate value a second line: its tangent
    raise NotImplementedError("give every intermediate value a second line: its tangent")


def jacobian(jvp, x):
    """Exercise forward-jacobian.  Fill the Jacobian J[m, d] = ∂yₘ/∂x_d,  (M, D), by columns.

    ``jvp(x, x_dot)`` returns y of shape (M,) and its tangent; x has the shape (D,). Call it
    exactly once per input, always at x.
    """
    # TODO: which direction x_dot makes the tangent equal to one column of J?
    raise NotImplementedError("which direction x_dot makes the tangent equal to one column of J?")


def is_the_tangent(f, jvp, x, *, rng):
    """Exercise forward-check.  Decide whether jvp gives the values and the tangents of f at x.

    ``f(x)`` returns an array, ``jvp(x, x_dot)`` should return the same and its tangent along
    x_dot, an array of the shape of x; both may have any shape. The functions are smooth, their
    numbers of size one. Errors of one part in a thousand are errors, in a single entry of y or of
    its tangent, along whichever direction, and so is what is no number. Return True or False.
    """
    # TODO: how can a tangent be measured without calculus? f may be called near x
    raise NotImplementedError(
        "how can a tangent be measured without calculus? f may be called near x"
    )


def confusing(derivative, x):
    """Exercise forward-confusion.  Nest two derivatives so that tangents are confused.

    Return ``derivative(f, x)`` for an f of your own that calls ``derivative`` itself. At every x
    the right result must not be zero, and a derivative without levels must return four times as
    much. Your function is tried with both. Its argument can be added and multiplied, also with
    plain numbers.
    """
    # TODO: the chapter's expression is twice as large as it should be; why are there two ones?
    raise NotImplementedError(
        "the chapter's expression is twice as large as it should be; why are there two ones?"
    )


def wrong_lines():
    """Exercise forward-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third. Lines count from one.
    """
    # TODO: put numbers in, all different and none of them 0 or 1
    raise NotImplementedError("put numbers in, all different and none of them 0 or 1")
