# Cut from solutions/forward.py by `dlcore exercises`: write your answers here. [5b2303be95e1]
"""Exercises of the chapter *Forward mode*.

A tangent has the shape of its value. Results are as exact as rounding lets them be, unless an
exercise says otherwise. No function changes the arrays that it is given.

Chapter: book/forward.md.
"""

import numpy as np


class Dual:
    """Exercise forward-dual.  Make x + ẋ ε a number that can be added and multiplied.

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
        # TODO: how fast does a sum move when both of its terms do?
        raise NotImplementedError("how fast does a sum move when both of its terms do?")

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
    # TODO: f(x + ẋ ε) = f(x) + f'(x) ẋ ε; which slope has each of the five?
    raise NotImplementedError("f(x + ẋ ε) = f(x) + f'(x) ẋ ε; which slope has each of the five?")


def example_jvp(w, w_dot):
    """Exercise forward-jvp.  Push a tangent through the sources' example by hand.

        s = exp w₁ + exp 2w₂,   f₁ = exp s + sin s,   f₂ = w₁ w₂ + σ(w₁)

    Returns f and its tangent, both of shape (2,), for w and w_dot of shape (2,); right up to
    rounding.
    """
    # TODO: give every intermediate value a second line: its tangent
    raise NotImplementedError("give every intermediate value a second line: its tangent")


def jacobian(jvp, x):
    """Exercise forward-jacobian.  Fill the matrix of all slopes, J[m, d] = ∂yₘ/∂x_d:  (M, D).

    ``jvp(x, x_dot)`` returns y of shape (M,) and its tangent; x has the shape (D,). Call it
    exactly once per input, always at x.
    """
    # TODO: which direction x_dot makes the tangent equal to one column of J?
    raise NotImplementedError("which direction x_dot makes the tangent equal to one column of J?")


def newton(jvp, x, *, steps):
    """Exercise forward-newton.  Look for a zero of a function of one number, by Newton's method.

        x ← x - y / ẏ,   with (y, ẏ) = jvp(x, 1)

    Takes exactly `steps` steps, however small y, the tangent and the steps become, but stops
    before a step where y is zero. Returns x. Where a step is to be taken, a tangent of zero is a
    ValueError if y is not zero: the line has no zero.
    """
    # TODO: one call gives the height and the slope; where does the tangent line meet zero?
    raise NotImplementedError(
        "one call gives the height and the slope; where does the tangent line meet zero?"
    )


def confusing(derivative, x):
    """Exercise forward-confusion.  Ask for a derivative inside of a derivative.

    Return ``derivative(f, x)`` for an f of your own that calls ``derivative`` itself. With a
    derivative that knows no levels the result must come out four times as large as it is,
    which is not zero, at every x. You are not told which derivative it is. What comes in can be
    added and multiplied, with plain numbers too.
    """
    # TODO: the chapter's expression comes out twice as large; where do the two units come from?
    raise NotImplementedError(
        "the chapter's expression comes out twice as large; where do the two units come from?"
    )


def is_the_tangent(f, jvp, x, *, rng):
    """Exercise forward-check.  Tell whether jvp gives the values and the tangents of f at x.

    ``f(x)`` returns an array, ``jvp(x, x_dot)`` should return the same and its tangent along
    x_dot, an array of the shape of x; both may have any shape. The functions are smooth, their
    numbers of size one. Errors of one part in a thousand are errors, in a single entry of y or of
    its tangent, along whichever direction, and so is what is no number. Return True or False.
    """
    # TODO: what do you know of a tangent without calculus? f itself may be asked near x
    raise NotImplementedError(
        "what do you know of a tangent without calculus? f itself may be asked near x"
    )


def wrong_lines():
    """Exercise forward-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third. Lines count from one.
    """
    # TODO: put numbers in, all different and none of them 0 or 1
    raise NotImplementedError("put numbers in, all different and none of them 0 or 1")
