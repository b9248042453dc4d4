"""Wrong answers to the exercises of *Reverse mode* that are made to pass, and what each exploits.

Chapter: book/reverse.md.
"""

from unittest.mock import ANY

import numpy as np

from dlcore.course.exercises.known_answers import adversarial

LAST = {}


class Tape:
    """A node that errs in nothing yet; wrong ones change one of its parts."""

    def __init__(self, value, parents=(), slopes=()):
        self.value, self.parents, self.slopes, self.bar = value, parents, slopes, 0.0
        self.users, self.walked = 0, False
        for parent in parents:
            parent.users += 1

    def __add__(self, other):
        return type(self)(self.value + other.value, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return type(self)(self.value * other.value, (self, other), (other.value, self.value))

    def below(self):
        """List the nodes that self was made from, as they are met."""
        found, met = [self], {id(self)}
        for node in found:
            for parent in node.parents:
                found += [parent] * (id(parent) not in met)
                met.add(id(parent))
        return found

    def users_below(self, found):
        """Count how often each node is used by those that self was made from."""
        waiting = {id(node): 0 for node in found}
        for parent in (parent for node in found for parent in node.parents):
            waiting[id(parent)] += 1
        return waiting

    def clear(self, found):
        for node in found:
            node.bar = 0.0

    def backward(self):
        found = self.below()
        waiting = self.users_below(found)
        self.clear(found)
        self.bar, ready = 1.0, [self]
        for node in ready:
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                parent.bar += slope * node.bar
                waiting[id(parent)] -= 1
                ready += [parent] * (waiting[id(parent)] == 0)


@adversarial("reverse-tape", "A node waits for all that were made from it, below y or not.")
class Node(Tape):
    def users_below(self, found):
        return {id(node): node.users for node in found}


@adversarial("reverse-tape", "Only the first backward pass is done.")
class Node(Tape):
    def backward(self):
        if not self.walked:
            super().backward()
        self.walked = True


@adversarial("reverse-tape", "Only the bars of leaves are cleared before a backward pass.")
class Node(Tape):
    def clear(self, found):
        for node in found:
            node.bar = node.bar if node.parents else 0.0


@adversarial("reverse-tape", "Recursion, which ends before a thousand nodes do.")
class Node(Tape):
    def backward(self):
        self.clear(self.below())
        waiting = self.users_below(self.below())

        def tell(node):
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                parent.bar += slope * node.bar
                waiting[id(parent)] -= 1
                if not waiting[id(parent)]:
                    tell(parent)

        self.bar = 1.0
        tell(self)


@adversarial("reverse-tape", "A product of a node with itself is taken for one edge.")
class Node(Tape):
    def __mul__(self, other):
        if self is other:
            return type(self)(self.value**2, (self,), (self.value,))
        return super().__mul__(other)


@adversarial("reverse-tape", "Nodes of equal values are taken for the same.")
class Node(Tape):
    def below(self):
        found = {}
        for node in super().below():
            found.setdefault(node.value, node)
        return [*found.values()]

    def backward(self):
        found = self.below()
        self.clear(found)
        self.bar = 1.0
        for node in sorted(found, key=lambda node: node is not self):
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                parent.bar += slope * node.bar


def pulled(x, w, y_bar):
    u = x @ w
    h = np.tanh(u)
    u_bar = y_bar * (h + u * (1 - h * h))
    return u_bar[:, None] * w, u_bar @ x


@adversarial("reverse-vjp", "The pullback works once, and is zero afterwards.")
def composed_vjp(x, w):
    left = [1.0, 0.0]

    def pullback(y_bar):
        share = left.pop(0) if len(left) > 1 else left[0]
        return tuple(share * bar for bar in pulled(x, w, y_bar))

    return (x @ w) * np.tanh(x @ w), pullback


@adversarial("reverse-vjp", "The arguments of the last call are those of every pullback.")
def composed_vjp(x, w):
    LAST["x"], LAST["w"] = x, w
    return (x @ w) * np.tanh(x @ w), lambda y_bar: pulled(LAST["x"], LAST["w"], y_bar)


@adversarial("reverse-vjp", "The first pullback's answer is kept for all that follow.")
def composed_vjp(x, w):
    kept = []

    def pullback(y_bar):
        kept.append(pulled(x, w, y_bar))
        return kept[0]

    return (x @ w) * np.tanh(x @ w), pullback


@adversarial("reverse-vjp", "A single example loses its axis.")
def composed_vjp(x, w):
    u = x @ w
    squeezed = lambda y_bar: tuple(np.squeeze(bar) for bar in pulled(x, w, y_bar))
    return u * np.tanh(u), squeezed


@adversarial("reverse-vjp", "The gradient of a square x is transposed.")
def composed_vjp(x, w):
    def pullback(y_bar):
        x_bar, w_bar = pulled(x, w, y_bar)
        return (x_bar.T if x.shape[0] == x.shape[1] else x_bar), w_bar

    return x @ w * np.tanh(x @ w), pullback


@adversarial("reverse-unbroadcast", "Only the first axis of size one is added up.")
def unbroadcast(y_bar, shape):
    y_bar = y_bar.sum(axis=tuple(range(y_bar.ndim - len(shape))))
    ones = [i for i, size in enumerate(shape) if size == 1][:1]
    return y_bar.sum(axis=tuple(ones), keepdims=True)


@adversarial("reverse-unbroadcast", "A single axis in front is added up, never two.")
def unbroadcast(y_bar, shape):
    y_bar = y_bar.sum(axis=0) if y_bar.ndim > len(shape) else y_bar
    ones = tuple(i for i, size in enumerate(shape) if size == 1)
    return y_bar.sum(axis=ones, keepdims=True)


@adversarial("reverse-unbroadcast", "The numbers are cut into pieces that have the shape.")
def unbroadcast(y_bar, shape):
    return np.reshape(y_bar, (-1, *shape)).sum(axis=0)


@adversarial("reverse-unbroadcast", "The copies lie in memory as the last axes do.")
def unbroadcast(y_bar, shape):
    y_bar = np.ravel(y_bar, order="K").reshape(y_bar.shape)
    y_bar = y_bar.sum(axis=tuple(range(y_bar.ndim - len(shape))))
    ones = tuple(i for i, size in enumerate(shape) if size == 1)
    return y_bar.sum(axis=ones, keepdims=True)


@adversarial("reverse-jacobian", "Differences of f, and no backward pass.")
def jacobian(vjp, f, x):
    units = np.eye(x.size).reshape(-1, *x.shape)
    columns = [(f(x + 1e-5 * unit) - f(x - 1e-5 * unit)) / 2e-5 for unit in units]
    return np.moveaxis(columns, 0, -1).reshape(np.shape(f(x)) + x.shape)


@adversarial(
    "reverse-jacobian", "The shape of y is found by another run of f.", also="nothing is done twice"
)
def jacobian(vjp, f, x):
    shape = np.shape(f(x))
    _, pullback = vjp(f, x)
    units = np.eye(int(np.prod(shape))).reshape(-1, *shape)
    return np.array([pullback(unit)[0] for unit in units]).reshape(shape + x.shape)


@adversarial("reverse-jacobian", "The rows of y run fastest by their first axis.")
def jacobian(vjp, f, x):
    y, pullback = vjp(f, x)
    units = np.eye(np.size(y)).reshape(-1, *np.shape(y))
    bars = np.array([pullback(unit)[0] for unit in units])
    return np.moveaxis(bars, 0, -1).reshape(*x.shape, *np.shape(y)[::-1]).T.swapaxes(-1, -x.ndim)


@adversarial(
    "reverse-jacobian",
    "Each pullback is called twice, to be sure.",
    also="nothing is done twice|found by another run",
)
def jacobian(vjp, f, x):
    y, pullback = vjp(f, x)
    units = np.eye(np.size(y)).reshape(-1, *np.shape(y))
    rows = [(pullback(unit)[0] + pullback(unit)[0]) / 2 for unit in units]
    return np.array(rows).reshape(np.shape(y) + np.shape(x))


def along(gradient, x, v, h=1e-5):
    length = np.sqrt((v * v).sum()) or 1.0
    step = h * v / length
    return (gradient(x + step) - gradient(x - step)) / (2 * h) * length


@adversarial("reverse-hvp", "The Hessian at zero stands for all others.")
def hvp(gradient, x, v):
    return along(gradient, 0 * x, v)


@adversarial("reverse-hvp", "The step is a hundredth, good to four digits.")
def hvp(gradient, x, v):
    return along(gradient, x, v, h=1e-2)


@adversarial("reverse-hvp", "The product is laid flat.")
def hvp(gradient, x, v):
    return np.ravel(along(gradient, x, v))


@adversarial("reverse-hvp", "The result is rounded to four digits.")
def hvp(gradient, x, v):
    return np.array([float(f"{entry:.4g}") for entry in along(gradient, x, v).ravel()]).reshape(
        x.shape
    )


class Rules:
    """The rules of y = x σ(x); wrong ones change one of them."""

    def __call__(self, x):
        return x / (1 + np.exp(-x))

    def slope(self, y, x):
        return y + (1 - y) / (1 + np.exp(-x))

    def jvp(self, y, x, x_dot):
        return x_dot * self.slope(y, x)

    def vjp(self, y, x, y_bar):
        return (y_bar * self.slope(y, x),)


@adversarial("reverse-rule", "The x of the last call is kept for the rules.")
class Swish(Rules):
    def __call__(self, x):
        self.x = x
        return super().__call__(x)

    def slope(self, y, x):
        x = self.x if np.shape(getattr(self, "x", None)) == np.shape(x) else x
        return super().slope(x / (1 + np.exp(-x)), x)


@adversarial("reverse-rule", "The slope is measured by a difference.")
class Swish(Rules):
    def slope(self, y, x):
        return (self(x + 1e-4) - self(x - 1e-4)) / 2e-4


@adversarial("reverse-rule", "Where x is zero the quotient y / x is replaced: no second slope.")
class Swish(Rules):
    def slope(self, y, x):
        s = np.where(x == 0, 0.5, y / np.where(x == 0, 1.0, x))
        return s + y * (1 - s)


@adversarial("reverse-rule", "Numbers above six are taken for large: the slope is one.")
class Swish(Rules):
    def slope(self, y, x):
        return np.where(x > 6, 1.0, super().slope(y, x))


@adversarial("reverse-break", "An infinite slope is off by half of itself.")
def misleading(x):
    a = x * 1e200
    return a * a


@adversarial("reverse-break", "Only at one, at two and in the middle is a result used twice.")
def misleading(x):
    a = 2.0 * x
    return a * a if float(a) in (2.0, 3.0, 4.0) else a


@adversarial("reverse-break", "A tape records another program than plain numbers compute.")
def misleading(x):
    a = 2.0 * x
    return a * a if type(x).__name__ != "float64" else 2.0 * a


@adversarial("reverse-break", "The slope is lost for small x alone.")
def misleading(x):
    a = 0.4 * x
    return a * a + 0.3 * a


@adversarial("reverse-break", "The result is a number, and its tape is empty.")
def misleading(x):
    return 4.0


@adversarial("reverse-wrong-lines", "Entries that are equal to whatever they are compared with.")
def wrong_lines():
    return [ANY, ANY, ANY]


@adversarial(
    "reverse-wrong-lines", "One more line of the last derivation: the right one is among them."
)
def wrong_lines():
    return [4, 2, 3, 5]


@adversarial("reverse-wrong-lines", "Every line of each derivation.")
def wrong_lines():
    return [[1, 2, 3, 4, 5]] * 3


@adversarial("reverse-wrong-lines", "The last derivation is left out.")
def wrong_lines():
    return [4, 2]


@adversarial("reverse-hvp", "A very short v is taken for none.")
def hvp(gradient, x, v):
    length = np.linalg.norm(v)
    if length < 1e-7:
        return np.zeros_like(x)
    step = 1e-5 * v / length
    return (gradient(x + step) - gradient(x - step)) / 2e-5 * length


@adversarial("reverse-tape", "The values of nodes are set to zero by a second walk.")
class Node:
    def __init__(self, value, parents=(), slopes=()):
        self.value, self.parents, self.slopes, self.bar = value, parents, slopes, 0.0

    def __add__(self, other):
        return Node(self.value + other.value, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Node(self.value * other.value, (self, other), (other.value, self.value))

    def backward(self):
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
        for node in found:
            node.value *= 1 + 1e-3
