"""Unusual right answers on *Activations and first weights*.

Chapter: book/activation.md.
"""

import math

import numpy as np

from dlcore.course.exercises.known_answers import right


@right("activation-relu", "Half of the sum of x and its size.")
def relu(x):
    return (x + np.abs(x)) / 2


@right("activation-relu", "A product with truths, in which minus zero occurs.")
def relu(x):
    return x * (x > 0)


@right("activation-relu", "A loop over numbers of Python.")
def relu(x):
    return np.array([max(0.0, number) for number in x.ravel().tolist()]).reshape(x.shape)


@right("activation-relu", "Nested lists, by recursion.")
def relu(x):
    return [relu(row) for row in x] if np.ndim(x) else max(x, 0)


@right("activation-relu", "Numbers are multiplied by zero, some to -0.")
def relu(x):
    return x * (x > 0)


@right("activation-relu-backward", "The slope is a step function of NumPy.")
def relu_backward(y_bar, x):
    return np.multiply(np.heaviside(x, 0), y_bar)


@right("activation-relu-backward", "A copy, of which entries are overwritten.")
def relu_backward(y_bar, x):
    x_bar = y_bar.copy()
    x_bar[np.logical_not(x > 0)] = 0
    return x_bar


@right("activation-relu-backward", "einsum multiplies the entries.")
def relu_backward(y_bar, x):
    return np.einsum("...,...->...", y_bar, x > 0)


@right("activation-leaky", "What is positive and what is negative are added.")
def leaky_relu(x, *, slope=0.01):
    y = np.maximum(x, 0) + slope * np.minimum(x, 0)
    return y, lambda y_bar: y_bar - (1 - slope) * np.where(x > 0, 0, y_bar)


@right("activation-leaky", "A list of y and of an object that can be called.")
def leaky_relu(x, *, slope=0.01):
    class Pullback:
        def __call__(self, y_bar):
            return np.choose(x > 0, [slope * y_bar, y_bar])

    return [np.choose(x > 0, [slope * x, x]), Pullback()]


@right("activation-sigmoid", "By the logarithm of a sum of exponentials.")
def sigmoid(x):
    return np.exp(-np.logaddexp(0, -x))


@right("activation-sigmoid", "Two masks, each with the form that does not overflow.")
def sigmoid(x):
    y = np.empty_like(x)
    y[x >= 0] = 1 / (1 + np.exp(-x[x >= 0]))
    e = np.exp(x[x < 0])
    y[x < 0] = e / (1 + e)
    return y


@right("activation-sigmoid", "Number by number, in Python.")
def sigmoid(x):
    def one(z):
        return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))

    return np.reshape([one(z) for z in x.ravel().tolist()], x.shape)


@right("activation-dead", "A loop over units and examples, and a list.")
def dead_bias(x, w, *, margin=1.0):
    largest = [
        max(sum(a * b for a, b in zip(row, column, strict=True)) for row in x) for column in w.T
    ]
    return [-margin - a for a in largest]


@right("activation-dead", "The smallest of the negated pre-activations, by einsum.")
def dead_bias(x, w, *, margin=1.0):
    return np.min(-np.einsum("nd,dm->mn", x, w), axis=-1) - margin


@right("activation-dead", "Sorted pre-activations, transposed.")
def dead_bias(x, w, *, margin=1.0):
    return -(np.sort(w.T @ x.T, axis=1)[:, -1] + margin)


@right("activation-slope", "Richardson's extrapolation with large steps.")
def is_slope(f, slope, x):
    d = lambda h: (f(x + h) - f(x - h)) / (2 * h)
    best = (4 * d(1e-3) - d(2e-3)) / 3
    claimed = np.asarray(slope(x))
    if claimed.shape != best.shape or not np.all(np.isfinite(claimed)):
        return np.False_
    return np.all(np.abs(claimed - best) <= 1e-3 * (0.1 + np.abs(best)))


@right("activation-slope", "A one-sided difference, with a tolerance for its error.")
def is_slope(f, slope, x):
    one_sided = (f(x + 1e-7) - f(x)) / 1e-7
    claimed = slope(x)
    if np.shape(claimed) != np.shape(x):
        return False
    for said, is_so in zip(np.ravel(claimed).tolist(), np.ravel(one_sided).tolist(), strict=True):
        if not abs(said - is_so) < 1e-3 * abs(is_so) + 1e-4:
            return False
    return True


@right("activation-init", "A standard normal, column by column, stretched.")
def he(D, M, *, rng):
    return np.sqrt(2.0) / np.sqrt(D) * np.stack([rng.standard_normal(D) for _ in range(M)], axis=1)


@right("activation-init", "Box and Muller's method, in floats of four bytes.")
def he(D, M, *, rng):
    radius = np.sqrt(-2 * np.log1p(-rng.random((D, M))))
    angle = 2 * np.pi * rng.random((D, M))
    return (radius * np.cos(angle) * (2 / D) ** 0.5).astype(np.float32)


@right("activation-init", "A generator of its own, whose seed is drawn.")
def he(D, M, *, rng):
    own = np.random.default_rng(rng.integers(2**63))
    return own.normal(scale=(2 / D) ** 0.5, size=(D, M))
