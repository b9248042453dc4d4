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
        # BEGIN SOLUTION
        # HINT: what is the tangent of a sum when both of its terms have one?
        # HINT: a plain number is a dual number with tangent 0: Dual(other)
        # HINT: Dual(self.value + other.value, self.dot + other.dot), once other is dual
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value + other.value, self.dot + other.dot)
        # END SOLUTION

    def __mul__(self, other):
        """Return self · other."""
        # BEGIN SOLUTION
        # HINT: multiply (x + ẋ ε) (z + ż ε) out, and drop what has ε twice
        # HINT: two terms: the tangent of each factor times the value of the other
        # HINT: the tangent is self.dot * other.value + self.value * other.dot
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value * other.value, self.dot * other.value + self.value * other.dot)
        # END SOLUTION

    __radd__, __rmul__ = __add__, __mul__


def elementary(name, x, x_dot):
    """Exercise forward-functions.  Return value and tangent of a function of one number.

    `name` is "exp", "log", "sin", "sqrt" or "tanh"; all four arrays have one shape, of any number
    of axes. What comes in as float64 is right up to rounding, float32 to five digits.

    >>> elementary("sqrt", np.array([4.0]), np.array([8.0]))
    (array([2.]), array([2.]))
    """
    # BEGIN SOLUTION
    # HINT: f(x + ẋ ε) = f(x) + f'(x) ẋ ε; what is the derivative of each of the five?
    # HINT: the derivatives are exp x, 1/x, cos x, 1/(2 √x), 1 - tanh² x
    # HINT: y = getattr(np, name)(x); three of the derivatives are short in terms of y
    y = getattr(np, name)(x)
    slopes = {
        "exp": lambda: y,
        "log": lambda: 1 / x,
        "sin": lambda: np.cos(x),
        "sqrt": lambda: 0.5 / y,
        "tanh": lambda: 1 - y * y,
    }
    return y, slopes[name]() * x_dot
    # END SOLUTION


def newton(jvp, x, *, steps):
    """Exercise forward-newton.  Look for a zero of a function of one number, by Newton's method.

        x ← x - y / ẏ,   with (y, ẏ) = jvp(x, 1)

    Takes exactly `steps` steps, however small y, the tangent and the steps become, but stops
    before a step where y is zero. Returns x. Where a step is to be taken, a tangent of zero is a
    ValueError if y is not zero: the line has no zero.
    """
    # BEGIN SOLUTION
    # HINT: one call gives value and derivative; where does the tangent line meet zero?
    # HINT: look at y before you divide by ẏ: at a zero there is nothing left to do
    # HINT: for _ in range(steps): y, slope = jvp(x, 1.0); return x if y == 0; then the step
    for _ in range(steps):
        y, slope = jvp(x, 1.0)
        if y == 0:
            return x
        if slope == 0:
            raise ValueError(f"newton: the slope at {x} is zero, start elsewhere")
        x = x - y / slope
    return x
    # END SOLUTION


def example_jvp(w, w_dot):
    """Exercise forward-jvp.  Compute the tangents of the example line by line.

        s = exp w₁ + exp 2w₂,   f₁ = exp s + sin s,   f₂ = w₁ w₂ + σ(w₁)

    Returns f and its tangent, both of shape (2,), for w and w_dot of shape (2,); right up to
    rounding.
    """
    # BEGIN SOLUTION
    # HINT: give every intermediate value a second line: its tangent
    # HINT: s_dot has two terms, one per input; both terms of f₁ pass s_dot on
    # HINT: σ' is σ (1 - σ); a product of two inputs has a tangent of two terms
    (w1, w2), (w1_dot, w2_dot) = w, w_dot
    a, c, g = np.exp(w1), np.exp(2 * w2), 1 / (1 + np.exp(-w1))
    s, s_dot = a + c, a * w1_dot + 2 * c * w2_dot
    y = np.array([np.exp(s) + np.sin(s), w1 * w2 + g])
    first = (np.exp(s) + np.cos(s)) * s_dot
    return y, np.array([first, w1_dot * w2 + w1 * w2_dot + g * (1 - g) * w1_dot])
    # END SOLUTION


def jacobian(jvp, x):
    """Exercise forward-jacobian.  Fill the Jacobian J[m, d] = ∂yₘ/∂x_d,  (M, D), by columns.

    ``jvp(x, x_dot)`` returns y of shape (M,) and its tangent; x has the shape (D,). Call it
    exactly once per input, always at x.
    """
    # BEGIN SOLUTION
    # HINT: which direction x_dot makes the tangent equal to one column of J?
    # HINT: each row of np.eye(D) is the tangent of one input
    # HINT: np.stack([jvp(x, unit)[1] for unit in np.eye(len(x))], axis=1)
    return np.stack([jvp(x, unit)[1] for unit in np.eye(len(x))], axis=1)
    # END SOLUTION


def is_the_tangent(f, jvp, x, *, rng):
    """Exercise forward-check.  Decide whether jvp gives the values and the tangents of f at x.

    ``f(x)`` returns an array, ``jvp(x, x_dot)`` should return the same and its tangent along
    x_dot, an array of the shape of x; both may have any shape. The functions are smooth, their
    numbers of size one. Errors of one part in a thousand are errors, in a single entry of y or of
    its tangent, along whichever direction, and so is what is no number. Return True or False.
    """
    # BEGIN SOLUTION
    # HINT: how can a tangent be measured without calculus? f may be called near x
    # HINT: along a random direction: (f(x + h x_dot) - f(x - h x_dot)) / 2h; why random?
    # HINT: step h = 1e-5 errs by about 1e-10; compare y with f(x), then the tangent
    x_dot, h = rng.normal(size=np.shape(x)), 1e-5
    y, y_dot = jvp(x, x_dot)
    measured = (f(x + h * x_dot) - f(x - h * x_dot)) / (2 * h)
    close = np.allclose(y_dot, measured, rtol=1e-6, atol=1e-7)
    return bool(close and np.allclose(y, f(x), rtol=1e-12))
    # END SOLUTION


def confusing(derivative, x):
    """Exercise forward-confusion.  Nest two derivatives so that tangents are confused.

    Return ``derivative(f, x)`` for an f of your own that calls ``derivative`` itself. At every x
    the right result must not be zero, and a derivative without levels must return four times as
    much. Your function is tried with both. Its argument can be added and multiplied, also with
    plain numbers.
    """
    # BEGIN SOLUTION
    # HINT: the chapter's expression is twice as large as it should be; why are there two ones?
    # HINT: in d/dy (x + y) one unit is the tangent of y; the other is the tangent of x, by mistake
    # HINT: which inner function of x and y has three such mistakes?
    return derivative(lambda x: x * derivative(lambda y: x + x + x + y, 1.0), x)
    # END SOLUTION


def wrong_lines():
    """Exercise forward-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third. Lines count from one.
    """
    # BEGIN SOLUTION
    # HINT: put numbers in, all different and none of them 0 or 1
    # HINT: where is a term lost, where is a sign turned, and which index does a sum run over?
    # HINT: one term is dropped, one sign is turned, two indices are exchanged
    return [3, 4, 2]
    # END SOLUTION
