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
    # BEGIN SOLUTION
    # HINT: u is used twice: which share does it receive from each use?
    # HINT: ū = ȳ tanh u + ȳ u (1 - tanh² u)
    # HINT: each entry of u is made from one row of x and from all of w: which shapes fit?
    u = x @ w
    h = np.tanh(u)

    def pullback(y_bar):
        u_bar = y_bar * (h + u * (1 - h * h))
        return np.outer(u_bar, w), u_bar @ x

    return u * h, pullback
    # END SOLUTION


def misleading(x):
    """Exercise reverse-break.  Write a program that an overwriting tape gets wrong.

    x is a number. Such a tape writes ``bars[parent] = bar`` where it should add. It always
    gets x · x wrong; here x itself may enter one operation only. Use NumPy's arithmetic and
    functions. At every x from 1 to 2 the derivative must be finite and larger than 1, and the
    result of the tape must be off by at least half of it.
    """
    # BEGIN SOLUTION
    # HINT: some node must be used twice, and it may not be x
    # HINT: give the result of the first operation a name, and use that name twice
    # HINT: a = 2x, y = a · a: one half of the derivative is lost
    a = 2.0 * x
    return a * a
    # END SOLUTION


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
        # BEGIN SOLUTION
        # HINT: what is the derivative of a sum with respect to one of its terms?
        # HINT: slopes holds one derivative per parent, here twice the same
        # HINT: Node(value, (self, other), (derivative by self, derivative by other))
        return Node(self.value + other.value, (self, other), (1.0, 1.0))
        # END SOLUTION

    def __mul__(self, other):
        """Return the node of the product."""
        # BEGIN SOLUTION
        # HINT: what is the derivative of a product with respect to one of its factors?
        # HINT: the derivative with respect to one factor is the value of the other
        # HINT: the same node may stand on both sides; then it is a parent twice
        return Node(self.value * other.value, (self, other), (other.value, self.value))
        # END SOLUTION

    def backward(self):
        """Compute the bar of every node from which self was computed."""
        # BEGIN SOLUTION
        # HINT: when may a node pass its bar on: at the first share that it receives, or later?
        # HINT: count for every node how often it is used; take those all of whose uses are done
        # HINT: for parent, slope: parent.bar += slope * node.bar, then its count falls by one
        waiting, found = {self: 0}, [self]
        for node in found:
            node.bar = 0.0
            for parent in node.parents:
                if parent not in waiting:
                    waiting[parent] = 0
                    found.append(parent)
                waiting[parent] += 1
        self.bar, ready = 1.0, [self]
        while ready:
            node = ready.pop()
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                parent.bar += slope * node.bar
                waiting[parent] -= 1
                if waiting[parent] == 0:
                    ready.append(parent)
        # END SOLUTION


def jacobian(vjp, f, x):
    """Exercise reverse-jacobian.  Fill a Jacobian row by row.

    ``vjp(f, x)`` returns y = f(x) and a pullback; ``pullback(y_bar)`` returns the tuple (x̄,)
    for a ȳ in the shape of y. The result has the axes of y, which may have none, before those
    of x. Call vjp once, and its pullback once per entry of y.
    """
    # BEGIN SOLUTION
    # HINT: for which cotangent is the pullback one row of J?
    # HINT: np.ndindex(y.shape) runs through all entries; start each time from zeros
    # HINT: J[entry] = x̄, where J has the shape y.shape + x.shape
    y, pullback = vjp(f, x)
    J = np.empty(np.shape(y) + np.shape(x))
    for entry in np.ndindex(np.shape(y)):
        y_bar = np.zeros(np.shape(y))
        y_bar[entry] = 1.0
        (J[entry],) = pullback(y_bar)
    return J
    # END SOLUTION


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
    # BEGIN SOLUTION
    # HINT: broadcasting does two things: it adds axes in front and repeats axes of size one
    # HINT: add up the axes in front first; the others then stand where they stood
    # HINT: keepdims=True keeps an axis that was added up, with size one
    for _ in range(np.ndim(y_bar) - len(shape)):
        y_bar = y_bar.sum(axis=0)
    ones = tuple(i for i, size in enumerate(shape) if size == 1)
    return y_bar.sum(axis=ones, keepdims=True)
    # END SOLUTION


def hvp(gradient, x, v):
    """Exercise reverse-hvp.  Multiply a Hessian by a vector without forming it.

    ``gradient(x)`` returns ∇f(x) in the shape of x and v, which may have several axes. Take
    the central difference of two gradients along v. Six digits have to be right when entries of x
    are of size one, whether v has length 10⁸, 10⁻⁸ or 0.
    """
    # BEGIN SOLUTION
    # HINT: H v is the derivative of t ↦ ∇f(x + t v) at t = 0
    # HINT: how long is the step t v? Its length matters, not t alone
    # HINT: go along v / ‖v‖ by h = 1e-5, divide by 2h, multiply by ‖v‖; take care of v = 0
    length = np.linalg.norm(v)
    if length == 0:
        return np.zeros_like(x)
    step = 1e-5 * v / length
    return (gradient(x + step) - gradient(x - step)) / 2e-5 * length
    # END SOLUTION


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
        # BEGIN SOLUTION
        # HINT: the product rule has a term for each of the two factors
        # HINT: σ' = σ (1 - σ), so y' = σ + x σ (1 - σ)
        # HINT: x σ is y, so y' = σ + y (1 - σ)
        s = 1 / (1 + np.exp(-x))
        return x_dot * (s + y * (1 - s))
        # END SOLUTION

    def vjp(self, y, x, y_bar):
        """Return the tuple (x̄,)."""
        # BEGIN SOLUTION
        # HINT: entry by entry, the Jacobian is diagonal: what is its transpose?
        # HINT: x̄ = y' ȳ, with the derivative of the rule above
        # HINT: return (x_bar,), with its comma
        s = 1 / (1 + np.exp(-x))
        return (y_bar * (s + y * (1 - s)),)
        # END SOLUTION


def wrong_lines():
    """Exercise reverse-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third. Lines count from one.
    """
    # BEGIN SOLUTION
    # HINT: two rows and three columns are enough to try the first; numbers for the others
    # HINT: what does each reason allow to change, and what has changed besides?
    # HINT: one sum ends too early, one product loses a one, one term is counted twice
    return [4, 2, 3]
    # END SOLUTION
