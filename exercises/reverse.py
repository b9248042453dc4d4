# Cut from solutions/reverse.py by `dlcore exercises`: write your answers here. [6c1792577df9]
"""Exercises of the chapter *Reverse mode*.

Results are as exact as rounding lets them be, unless an exercise says otherwise. No function
changes the arrays that it is given.

Chapter: book/reverse.md.
"""

import numpy as np


def composed_vjp(x, w):
    """Exercise reverse-vjp.  Write the backward pass of a short program by hand.

        u = x w,   y = u · tanh u      x is (N, D), w is (D,), u and y are (N,)

    Return y and a function ``pullback(y_bar)`` that returns x̄ (N, D) and w̄ (D,) for any ȳ (N,).
    It may be called several times, and pullbacks of other calls may be called in between.
    """
    # TODO: u is used twice: which share does it receive from each use?
    raise NotImplementedError("u is used twice: which share does it receive from each use?")


def misleading(x):
    """Exercise reverse-break.  Write a program that an overwriting tape gets wrong.

    x is a number. Such a tape writes ``bars[parent] = bar`` where it should add. It always
    gets x · x wrong; here x itself may enter one operation only. Use NumPy's arithmetic and
    functions. At every x from 1 to 2 the derivative must be finite and larger than 1, and the
    result of the tape must be off by at least half of it.
    """
    # TODO: some node must be used twice, and it may not be x
    raise NotImplementedError("some node must be used twice, and it may not be x")


class Node:
    """Exercise reverse-tape.  Let a number record how it was computed.

    Both operands of + and × are nodes. After ``y.backward()`` every node from which y was
    computed holds in ``bar`` the derivative of y with respect to it, and y holds 1; values stay.
    A second call changes nothing, and a call on another node starts again. Other nodes may
    hold anything. A graph may be thousands of nodes deep, and a node may be used often.

    >>> x = Node(3.0)
    >>> a = x * x
    >>> (a * a + a).backward()
    >>> x.bar
    114.0
    """

    def __init__(self, value, parents=(), slopes=()):
        self.value, self.parents, self.slopes, self.bar = value, parents, slopes, 0.0

    def __add__(self, other):
        """Return the node of the sum."""
        # TODO: what is the derivative of a sum with respect to one of its terms?
        raise NotImplementedError(
            "what is the derivative of a sum with respect to one of its terms?"
        )

    def __mul__(self, other):
        """Return the node of the product."""
        # TODO: what is the derivative of a product with respect to one of its factors?
        raise NotImplementedError(
            "what is the derivative of a product with respect to one of its factors?"
        )

    def backward(self):
        """Compute the bar of every node from which self was computed."""
        # TODO: when may a node pass its bar on: at the first share that it receives, or later?
        raise NotImplementedError(
            "when may a node pass its bar on: at the first share that it receives, or later?"
        )


def jacobian(vjp, f, x):
    """Exercise reverse-jacobian.  Fill a Jacobian row by row.

    ``vjp(f, x)`` returns y = f(x) and a pullback; ``pullback(y_bar)`` returns the tuple (x̄,)
    for a ȳ in the shape of y. The result has the axes of y, which may have none, before those
    of x. Call vjp once, and its pullback once per entry of y.
    """
    # TODO: for which cotangent is the pullback one row of J?
    raise NotImplementedError("for which cotangent is the pullback one row of J?")


def unbroadcast(y_bar, shape):
    """Exercise reverse-unbroadcast.  Sum a cotangent to the shape before broadcasting.

    An array of this shape was broadcast by NumPy's rules to the shape of ȳ. Each of its
    entries receives the sum over all of its copies. The shape may be ().

    >>> unbroadcast(np.ones((4, 3)), (3,))
    array([4., 4., 4.])
    >>> unbroadcast(np.ones((4, 3)), (4, 1))
    array([[3.],
           [3.],
           [3.],
           [3.]])
    """
    # TODO: broadcasting does two things: it adds axes in front and repeats axes of size one
    raise NotImplementedError(
        "broadcasting does two things: it adds axes in front and repeats axes of size one"
    )


def hvp(gradient, x, v):
    """Exercise reverse-hvp.  Multiply a Hessian by a vector without forming it.

    ``gradient(x)`` returns ∇f(x) in the shape of x and v, which may have several axes. Take
    the central difference of two gradients along v. Six digits have to be right when entries of x
    are of size one, whether v has length 10⁸, 10⁻⁸ or 0.
    """
    # TODO: H v is the derivative of t ↦ ∇f(x + t v) at t = 0
    raise NotImplementedError("H v is the derivative of t ↦ ∇f(x + t v) at t = 0")


class Swish:
    """Exercise reverse-rule.  Write the two rules of a new primitive.

    y = x σ(x) with σ(x) = 1 / (1 + exp(-x)), entry by entry. Write the rules in NumPy's
    syntax, so that they can be differentiated again; arrays may hold zeros.
    """

    def __call__(self, x):
        """Return y."""
        return x / (1 + np.exp(-x))

    def jvp(self, y, x, x_dot):
        """Return ẏ."""
        # TODO: the product rule has a term for each of the two factors
        raise NotImplementedError("the product rule has a term for each of the two factors")

    def vjp(self, y, x, y_bar):
        """Return the tuple (x̄,)."""
        # TODO: entry by entry, the Jacobian is diagonal: what is its transpose?
        raise NotImplementedError(
            "entry by entry, the Jacobian is diagonal: what is its transpose?"
        )


def wrong_lines():
    """Exercise reverse-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third. Lines count from one.
    """
    # TODO: two rows and three columns are enough to try the first; numbers for the others
    raise NotImplementedError(
        "two rows and three columns are enough to try the first; numbers for the others"
    )
