"""Right answers to the exercises of *Reverse mode* that look unusual.

Chapter: book/reverse.md.
"""

from collections import Counter
from itertools import product

import numpy as np

from dlcore.course.exercises.known_answers import right


class Numbered:
    """A node that knows its parents; its backward pass is what differs."""

    count = 0

    def __init__(self, value, parents=(), slopes=()):
        self.value, self.parents, self.slopes, self.bar = value, parents, slopes, 0.0
        Numbered.count += 1
        self.number = Numbered.count

    def __add__(self, other):
        return type(self)(self.value + other.value, [self, other], [1, 1])

    def __mul__(self, other):
        return type(self)(self.value * other.value, [self, other], [other.value, self.value])


@right("reverse-tape", "Nodes are numbered as they are made, and processed in descending order.")
class Node(Numbered):
    def backward(self):
        below = {self.number: self}
        ahead = [self]
        while ahead:
            for parent in ahead.pop().parents:
                if parent.number not in below:
                    below[parent.number] = parent
                    ahead.append(parent)
        for node in below.values():
            node.bar = float(node is self)
        for number in sorted(below, reverse=True):
            node = below[number]
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                parent.bar = parent.bar + node.bar * slope


@right("reverse-tape", "An order by a search, depth first; bars are kept separately until the end.")
class Node(Numbered):
    def backward(self):
        finished, entered, stack = [], set(), [(self, False)]
        while stack:
            node, leaving = stack.pop()
            if leaving:
                finished.append(node)
            elif node.number not in entered:
                entered.add(node.number)
                stack += [(node, True), *((parent, False) for parent in node.parents)]
        bars = Counter({self.number: 1})
        for node in reversed(finished):
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                bars[parent.number] += slope * bars[node.number]
            node.bar = bars[node.number]


@right("reverse-vjp", "A loop over the examples, lists of arrays.")
def composed_vjp(x, w):
    u = [float(np.dot(row, w)) for row in x]

    def pullback(y_bar):
        rows, total = [], 0.0 * w
        for number, bar, row in zip(u, y_bar, x, strict=True):
            slope = bar * (np.tanh(number) + number / np.cosh(number) ** 2)
            rows.append(slope * w)
            total = total + slope * row
        return [rows, total]

    return [number * np.tanh(number) for number in u], pullback


@right("reverse-vjp", "The hyperbolic tangent by exponentials; an object that can be called.")
def composed_vjp(x, w):
    u = np.einsum("nd,d->n", x, w)
    h = 1 - 2 / (np.exp(2 * u) + 1)
    return u * h, lambda y_bar: (
        np.multiply.outer(y_bar * (h + u * (1 + h) * (1 - h)), w),
        np.tensordot(y_bar * (h + u * (1 + h) * (1 - h)), x, axes=1),
    )


@right("reverse-unbroadcast", "Entry by entry, by its index before broadcasting.")
def unbroadcast(y_bar, shape):
    x_bar = np.zeros(shape)
    for place in product(*map(range, y_bar.shape)):
        tail = place[len(place) - len(shape) :]
        x_bar[tuple(min(i, n - 1) for i, n in zip(tail, shape, strict=True))] += y_bar[place]
    return x_bar


@right("reverse-unbroadcast", "Axes that were broadcast are summed at once.")
def unbroadcast(y_bar, shape):
    padded = (0,) * (y_bar.ndim - len(shape)) + tuple(shape)
    grown = tuple(i for i, n in enumerate(y_bar.shape) if n != padded[i])
    return np.add.reduce(y_bar, axis=grown).reshape(shape)


@right(
    "reverse-jacobian", "The backward passes start from rows of a unit matrix; lists in the end."
)
def jacobian(vjp, f, x):
    y, pullback = vjp(f, x)
    rows = [pullback(unit.reshape(np.shape(y)))[0] for unit in np.eye(np.size(y))]
    return np.concatenate([np.ravel(row) for row in rows]).reshape(np.shape(y) + np.shape(x))


@right("reverse-jacobian", "Recursion over the axes of y.")
def jacobian(vjp, f, x):
    y, pullback = vjp(f, x)

    def row(place):
        if len(place) == np.ndim(y):
            y_bar = np.zeros_like(y, dtype=float)
            y_bar[place] = 1
            return pullback(y_bar)[0]
        return np.stack([row((*place, i)) for i in range(np.shape(y)[len(place)])])

    return row(())


@right("reverse-hvp", "A step by the size of x, a quotient for zero.")
def hvp(gradient, x, v):
    length = float(np.sqrt(np.sum(np.square(v))))
    t = 2e-5 / max(length, 1e-300)
    return np.subtract(gradient(x - t * v), gradient(x + t * v)) / (-2 * t)


@right("reverse-hvp", "The largest entry of v is its length.")
def hvp(gradient, x, v):
    size = np.max(np.abs(v))
    if not size:
        return 0 * v
    unit = v / size
    ends = [gradient(x + sign * 1e-5 * unit) for sign in (-1, 1)]
    return size * (ends[1] - ends[0]) / 2e-5


@right("reverse-hvp", "A tiny number added to the length keeps the division from failing.")
def hvp(gradient, x, v):
    length = np.linalg.norm(v) + 1e-12
    step = 1e-5 * v / length
    return (gradient(x + step) - gradient(x - step)) * (length / 2e-5)


class Sigmoid:
    """The function itself, and its σ by the hyperbolic tangent."""

    def __call__(self, x):
        return x / (1 + np.exp(-x))

    def sigma(self, x):
        return 0.5 * (1 + np.tanh(0.5 * x))


@right("reverse-rule", "By the hyperbolic tangent; x again instead of y; a list.")
class Swish(Sigmoid):
    def slope(self, x):
        s = self.sigma(x)
        return s * (1 + x * (1 - s))

    def jvp(self, y, x, x_dot):
        return self.slope(x) * x_dot

    def vjp(self, y, x, y_bar):
        return [self.slope(x) * y_bar]


@right("reverse-rule", "One rule calls the other: the Jacobian is diagonal.")
class Swish(Sigmoid):
    def jvp(self, y, x, x_dot):
        s = self.sigma(x)
        return x_dot * s + x_dot * y - x_dot * y * s

    def vjp(self, y, x, y_bar):
        return (self.jvp(y, x, y_bar),)


@right("reverse-break", "An exponential that is multiplied by itself three times.")
def misleading(x):
    a = np.exp(x)
    return a * a * a


@right("reverse-break", "A sum of many copies.")
def misleading(x):
    a = x + 1.0
    b = a + a
    return b + b


@right("reverse-break", "A cube, of which a tape of the kind keeps one factor of three.")
def misleading(x):
    a = 2.0 * x
    return a * a * a
