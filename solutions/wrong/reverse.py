"""Plausible wrong answers to the exercises of *Reverse mode*, each with a word of advice.

Chapter: book/reverse.md.
"""

import numpy as np

from dlcore.course.exercises.known_answers import wrong


class Tape:
    """A node that errs in nothing yet; wrong ones change one of its parts."""

    adds = True
    clears = True
    swapped = False

    def __init__(self, value, parents=(), slopes=()):
        self.value = value
        self.parents = parents
        self.slopes = slopes
        self.bar = 0.0

    def __add__(self, other):
        return type(self)(self.value + other.value, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        slopes = (self.value, other.value) if self.swapped else (other.value, self.value)
        return type(self)(self.value * other.value, (self, other), slopes)

    def order(self):
        """List the nodes below, each one after all that are made from it."""
        waiting = {self: 0}
        found = [self]
        ready = [self]
        for node in found:
            for parent in node.parents:
                found += [parent] * (parent not in waiting)
                waiting[parent] = waiting.get(parent, 0) + 1
        for parent in (parent for node in ready for parent in node.parents):
            waiting[parent] -= 1
            ready += [parent] * (waiting[parent] == 0)
        return ready

    def backward(self):
        nodes = self.order()
        for node in nodes if self.clears else ():
            node.bar = 0.0
        self.bar = 1.0
        for node in nodes:
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                parent.bar = self.adds * parent.bar + slope * node.bar


@wrong("reverse-tape", "A node that is used twice receives two gradients: add to its bar.")
class Node(Tape):
    adds = False


@wrong(
    "reverse-tape", "The bars of the last backward pass are still there: set them to zero first."
)
class Node(Tape):
    clears = False


@wrong("reverse-tape", "The slopes of a product are exchanged: along one factor it is the other.")
class Node(Tape):
    swapped = True


@wrong(
    "reverse-tape", "A node passes its bar on before it is complete: process all its users first."
)
class Node(Tape):
    def order(self):
        found = [self]
        for node in found:
            found += [parent for parent in dict.fromkeys(node.parents) if parent not in found]
        return found


def program(x, w, slope=None, parts=None):
    """Compute y = u · tanh u and its pullback; the options are what may go wrong."""
    u = x @ w
    h = np.tanh(u)
    slope = slope or (lambda u, h: h + u * (1 - h * h))
    parts = parts or (lambda u_bar: (np.outer(u_bar, w), u_bar @ x))
    return u * h, lambda y_bar: parts(y_bar * slope(u, h))


@wrong("reverse-vjp", "The other use of u has been forgotten: the tangent's slope is missing.")
def composed_vjp(x, w):
    return program(x, w, lambda u, h: h)


@wrong("reverse-vjp", "The first use of u has been forgotten: it is a factor, too.")
def composed_vjp(x, w):
    return program(x, w, lambda u, h: u * (1 - h * h))


@wrong("reverse-vjp", "The slope of tanh is 1 - tanh², with the square.")
def composed_vjp(x, w):
    return program(x, w, lambda u, h: h + u * (1 - h))


@wrong("reverse-vjp", "All examples have used w: its cotangent is the sum of theirs.")
def composed_vjp(x, w):
    return program(x, w, parts=lambda u_bar: (np.outer(u_bar, w), u_bar[:, None] * x))


@wrong("reverse-unbroadcast", "Axes of size one were stretched, too: add them up.")
def unbroadcast(y_bar, shape):
    return y_bar.sum(axis=tuple(range(np.ndim(y_bar) - len(shape))))


@wrong("reverse-unbroadcast", "Axes of size one have to stay: keepdims=True.")
def unbroadcast(y_bar, shape):
    y_bar = y_bar.sum(axis=tuple(range(np.ndim(y_bar) - len(shape))))
    return y_bar.sum(axis=tuple(i for i, size in enumerate(shape) if size == 1))


@wrong("reverse-unbroadcast", "An entry receives from all its copies: their sum, not their mean.")
def unbroadcast(y_bar, shape):
    y_bar = y_bar.mean(axis=tuple(range(np.ndim(y_bar) - len(shape))))
    return y_bar.mean(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


@wrong("reverse-unbroadcast", "The axes in front have to go: add them up, too.")
def unbroadcast(y_bar, shape):
    return y_bar.sum(axis=tuple(i for i, size in enumerate(shape) if size == 1), keepdims=True)


def rows(vjp, f, x, others=0.0):
    """Collect x̄ for one entry of y after the other; return also the shape of J."""
    y, pullback = vjp(f, x)
    units = np.where(np.eye(np.size(y)), 1.0, others).reshape(-1, *np.shape(y))
    return np.array([pullback(unit)[0] for unit in units]), np.shape(y) + np.shape(x)


@wrong("reverse-jacobian", "The axes of y come before those of x: yours are exchanged.")
def jacobian(vjp, f, x):
    found, shape = rows(vjp, f, x)
    return np.moveaxis(found.reshape(shape), range(-x.ndim, 0), range(x.ndim))


@wrong("reverse-jacobian", "The rows lie flat: give the result the shape y.shape + x.shape.")
def jacobian(vjp, f, x):
    return rows(vjp, f, x)[0]


@wrong(
    "reverse-jacobian", "A cotangent of ones gives the gradient of the sum: set one entry to one."
)
def jacobian(vjp, f, x):
    found, shape = rows(vjp, f, x, others=1.0)
    return found.reshape(shape)


@wrong(
    "reverse-jacobian",
    "One forward pass, and one backward pass for each output: nothing is done twice.",
)
def jacobian(vjp, f, x):
    vjp(f, x)
    found, shape = rows(vjp, f, x)
    return found.reshape(shape)


@wrong("reverse-hvp", "A one-sided difference errs by the order of h: take one on each side of x.")
def hvp(gradient, x, v):
    length = np.linalg.norm(v) or 1.0
    return (gradient(x + 1e-5 * v / length) - gradient(x)) / 1e-5 * length


@wrong("reverse-hvp", "The step is as long as v: go along v / ‖v‖, and multiply by ‖v‖ at the end.")
def hvp(gradient, x, v):
    return (gradient(x + 1e-5 * v) - gradient(x - 1e-5 * v)) / 2e-5


@wrong("reverse-hvp", "The length of v has been divided out, and has to be multiplied back.")
def hvp(gradient, x, v):
    step = 1e-5 * v / (np.linalg.norm(v) or 1.0)
    return (gradient(x + step) - gradient(x - step)) / 2e-5


@wrong("reverse-hvp", "A vector of zeros has no direction: return zeros before you divide.")
def hvp(gradient, x, v):
    h = 1e-5
    unit = v / np.linalg.norm(v)
    return (gradient(x + h * unit) - gradient(x - h * unit)) / 2e-5 * np.linalg.norm(v)


class Rules:
    """The rules of y = x σ(x) for some slope; wrong ones have a wrong slope."""

    def __call__(self, x):
        return x / (1 + np.exp(-x))

    def slope(self, y, x):
        return y + (1 - y) / (1 + np.exp(-x))

    def jvp(self, y, x, x_dot):
        return x_dot * self.slope(y, x)

    def vjp(self, y, x, y_bar):
        return (y_bar * self.slope(y, x),)


@wrong("reverse-rule", "Both factors of x σ(x) depend on x: the slope of σ is missing.")
class Swish(Rules):
    def slope(self, y, x):
        return 1 / (1 + np.exp(-x))


@wrong("reverse-rule", "The first factor depends on x, too: σ itself is missing from the slope.")
class Swish(Rules):
    def slope(self, y, x):
        return y * (1 - 1 / (1 + np.exp(-x)))


@wrong("reverse-rule", "At x = 0 the quotient y / x is no number: compute σ from x alone.")
class Swish(Rules):
    def slope(self, y, x):
        return y / x + y * (1 - y / x)


@wrong("reverse-rule", "The vjp returns a tuple, (x_bar,), with one entry for each argument.")
class Swish(Rules):
    def vjp(self, y, x, y_bar):
        return y_bar * self.slope(y, x)


@wrong("reverse-break", "Nothing is used twice here, so nothing can be overwritten.")
def misleading(x):
    return 3.0 * x


@wrong("reverse-break", "x itself goes into more than one operation: give the first result a name.")
def misleading(x):
    return x * x


@wrong("reverse-break", "What is lost is less than half of the slope.")
def misleading(x):
    return (a := 2.0 * x) + 4.0 * a


@wrong("reverse-break", "The slope is smaller than one at some x: make the program steeper.")
def misleading(x):
    a = 0.1 * x
    return a * a


def named(advice, *numbers):
    @wrong("reverse-wrong-lines", advice)
    def wrong_lines():
        return list(numbers)


named("Lines are counted from one: the first is the one that begins without a sign.", 3, 1, 2)
named("You name the lines after the slips, as far as there are any.", 5, 3, 4)
named("In the first derivation each sum runs along a whole axis: look where one ends.", 3, 2, 3)
named("In the third, add 1 + r three times, and compare it with the last line.", 4, 2, 2)
