# Cut from solutions/reverse.py by `dlcore exercises`: write your answers here. [4e59301717d1]
"""Exercises of the chapter *Reverse mode*.

Results are as exact as rounding lets them be, unless an exercise says otherwise. No function
changes the arrays that it is given.

Chapter: book/reverse.md.
"""

import numpy as np


class Node:
    """Exercise reverse-tape.  Let a number remember how it was made.

    Both operands of + and × are nodes. After ``y.backward()`` every node that y was made
    from holds in ``bar`` the slope of y along it, and y holds 1; values stay. Calling it again
    changes nothing, and a call on another node starts afresh. Nodes that y was not made from may
    hold anything. Thousands of nodes in a row are welcome, and so are nodes that are used often.

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
        # TODO: how fast does a sum move when one of its terms does?
        raise NotImplementedError("how fast does a sum move when one of its terms does?")

    def __mul__(self, other):
        """Return the node of the product."""
        # TODO: how fast does a product move when one of its factors does?
        raise NotImplementedError("how fast does a product move when one of its factors does?")

    def backward(self):
        """Give every node that self was made from its bar."""
        # TODO: when may a node pass its bar on: as soon as it heard something, or later?
        raise NotImplementedError(
            "when may a node pass its bar on: as soon as it heard something, or later?"
        )


def composed_vjp(x, w):
    """Exercise reverse-vjp.  Pull a cotangent back through a program, by hand.

        u = x w,   y = u · tanh u      x is (N, D), w is (D,), u and y are (N,)

    Return y and a function ``pullback(y_bar)`` that returns x̄ (N, D) and w̄ (D,), for any ȳ (N,),
    as often as it is asked, and whatever else has been asked meanwhile.
    """
    # TODO: u is used twice: what does it hear from each of its users?
    raise NotImplementedError("u is used twice: what does it hear from each of its users?")


def unbroadcast(y_bar, shape):
    """Exercise reverse-unbroadcast.  Bring a cotangent back to the shape before stretching.

    An array of this shape was stretched by NumPy's rules to the shape of ȳ. Each of its
    entries receives the sum over all of its copies. The shape may be ().

    >>> unbroadcast(np.ones((4, 3)), (3,))
    array([4., 4., 4.])
    >>> unbroadcast(np.ones((4, 3)), (4, 1))
    array([[3.],
           [3.],
           [3.],
           [3.]])
    """
    # TODO: stretching does two things: it puts axes in front, and it repeats axes of size one
    raise NotImplementedError(
        "stretching does two things: it puts axes in front, and it repeats axes of size one"
    )


def jacobian(vjp, f, x):
    """Exercise reverse-jacobian.  Fill a Jacobian row by row.

    ``vjp(f, x)`` returns y = f(x) and a pullback; ``pullback(y_bar)`` returns the tuple (x̄,)
    for a ȳ in the shape of y. The result has the axes of y, which may have none, before those
    of x. Run f once, by vjp, and walk back once per entry of y.
    """
    # TODO: which cotangent asks about one entry of y alone?
    raise NotImplementedError("which cotangent asks about one entry of y alone?")


def hvp(gradient, x, v):
    """Exercise reverse-hvp.  Multiply a Hessian by a vector without forming it.

    ``gradient(x)`` returns ∇f(x) in the shape of x and v, which may have several axes. Measure
    how it moves along v by a difference of two gradients, one on each side of x. Six digits are
    asked for when entries of x are of size one, whether v has length 10⁸, 10⁻⁸ or 0.
    """
    # TODO: H v is the slope of t ↦ ∇f(x + t v) at t = 0
    raise NotImplementedError("H v is the slope of t ↦ ∇f(x + t v) at t = 0")


class Swish:
    """Exercise reverse-rule.  Teach the engine a function that it does not know.

    y = x σ(x) with σ(x) = 1 / (1 + exp(-x)), entry by entry. Write the rules in NumPy's
    syntax, so that they can be differentiated again; arrays may hold zeros.
    """

    def __call__(self, x):
        """Return y."""
        return x / (1 + np.exp(-x))

    def jvp(self, y, x, x_dot):
        """Return ẏ."""
        # TODO: a product moves by both of its factors
        raise NotImplementedError("a product moves by both of its factors")

    def vjp(self, y, x, y_bar):
        """Return the tuple (x̄,)."""
        # TODO: entry by entry, the Jacobian is diagonal: what is its transpose?
        raise NotImplementedError(
            "entry by entry, the Jacobian is diagonal: what is its transpose?"
        )


def misleading(x):
    """Exercise reverse-break.  Write a program that an overwriting tape gets wrong.

    x is a number. Such a tape writes ``bars[parent] = bar`` where it should add. It always
    gets x · x wrong; make it harder: x itself may go into one operation only. Use NumPy's
    arithmetic and functions. At every x from 1 to 2 the true slope must be larger than 1 and
    finite, and what the tape says must be off by at least half of it.
    """
    # TODO: somebody must hear twice, and it may not be x
    raise NotImplementedError("somebody must hear twice, and it may not be x")


def wrong_lines():
    """Exercise reverse-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third. Lines count from one.
    """
    # TODO: two rows and three columns are enough to try the first; numbers for the others
    raise NotImplementedError(
        "two rows and three columns are enough to try the first; numbers for the others"
    )
