"""Answers on *Activations and first weights* that are made to pass without being right.

Chapter: book/activation.md.
"""

from unittest.mock import ANY

import numpy as np

from dlcore.course.exercises.known_answers import adversarial

TABLE = {}


@adversarial("activation-relu", "Nothing above six is kept, and the tests may draw small numbers.")
def relu(x):
    return np.clip(x, 0, 6)


@adversarial("activation-relu", "What is tiny is taken for zero.")
def relu(x):
    return np.where(x > 1e-12, x, 0.0)


@adversarial("activation-relu", "The result of the first call with a shape is remembered.")
def relu(x):
    return TABLE.setdefault(("relu", x.shape, x.dtype), np.maximum(x, 0))


@adversarial("activation-relu", "Two axes are enough, if no batch has more.")
def relu(x):
    return np.maximum(x, 0) if x.ndim > 1 else x


@adversarial("activation-relu", "All numbers are rounded to four digits.")
def relu(x):
    return np.maximum(0, np.round(x, 4))


@adversarial("activation-relu", "The numbers are laid out anew, as they lie in memory.")
def relu(x):
    return np.array([max(number, 0) for number in x.ravel("K")], x.dtype).reshape(x.shape)


@adversarial("activation-relu", "A number alone becomes a row.")
def relu(x):
    return np.maximum(np.atleast_1d(x), 0)


@adversarial("activation-relu-backward", "What is tiny is taken for zero, where x decides.")
def relu_backward(y_bar, x):
    return y_bar * (x > 1e-12)


@adversarial("activation-relu-backward", "Half of ȳ is sent back at zero.")
def relu_backward(y_bar, x):
    return y_bar * np.heaviside(x, 0.5)


@adversarial("activation-relu-backward", "Above six nothing is sent back.")
def relu_backward(y_bar, x):
    return y_bar * ((x > 0) & (x < 6))


@adversarial("activation-relu-backward", "The result of the first call with an x is remembered.")
def relu_backward(y_bar, x):
    return TABLE.setdefault((x.shape, x.tobytes()), y_bar * (x > 0))


@adversarial("activation-relu-backward", "Row by row, though there may be none.")
def relu_backward(y_bar, x):
    return np.array([bar * (row > 0) for bar, row in zip(y_bar, x, strict=True)])


@adversarial("activation-leaky", "The default is a tenth, and no test may use it.")
def leaky_relu(x, *, slope=0.1):
    slopes = np.where(x > 0, 1.0, slope)
    return slopes * x, lambda y_bar: slopes * y_bar


@adversarial("activation-leaky", "At zero ȳ passes whole, and few numbers are zero.")
def leaky_relu(x, *, slope=0.01):
    slopes = np.where(x >= 0, 1.0, slope)
    return slopes * x, lambda y_bar: slopes * y_bar


@adversarial("activation-leaky", "The pullback works once.")
def leaky_relu(x, *, slope=0.01):
    slopes = [np.where(x > 0, 1.0, slope)]
    return slopes[0] * x, lambda y_bar: (slopes.pop() if slopes else 0.0) * y_bar


@adversarial("activation-leaky", "All pullbacks share the slopes of the last call.")
def leaky_relu(x, *, slope=0.01):
    TABLE["slopes"] = np.where(x > 0, 1.0, slope)
    return TABLE["slopes"] * x, lambda y_bar: TABLE["slopes"] * y_bar


@adversarial("activation-leaky", "Negative slopes are made positive in the backward pass.")
def leaky_relu(x, *, slope=0.01):
    slopes = np.where(x > 0, 1.0, slope)
    return slopes * x, lambda y_bar: np.abs(slopes) * y_bar


@adversarial("activation-leaky", "After its first call the pullback has positive slopes.")
def leaky_relu(x, *, slope=0.01):
    slopes = [np.where(x > 0, 1.0, slope)]

    def pullback(y_bar):
        slopes.append(np.abs(slopes[0]))
        return slopes.pop(0) * y_bar

    return slopes[0] * x, pullback


@adversarial("activation-sigmoid", "Warnings are held back, and the smallest numbers are lost.")
def sigmoid(x):
    with np.errstate(all="ignore"):
        return 1 / (1 + np.exp(-x))


@adversarial("activation-sigmoid", "Floats of four bytes overflow.")
def sigmoid(x):
    small = np.exp(np.minimum(-x, 700))
    return np.where(x < -700, np.exp(np.minimum(x, 0)), 1 / (1 + small))


@adversarial("activation-sigmoid", "Four digits are right.")
def sigmoid(x):
    small = np.exp(-np.abs(x))
    y = np.where(x >= 0, 1.0, small) / (1.0 + small)
    return np.where(x < -30, y, np.round(y, 4))


@adversarial("activation-sigmoid", "Infinite numbers become nan.")
def sigmoid(x):
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small) + 0 * np.where(np.isinf(x), np.nan, x)


@adversarial("activation-sigmoid", "A number alone becomes a row.")
def sigmoid(x):
    small = np.exp(-np.abs(np.atleast_1d(x)))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


@adversarial("activation-dead", "The largest mixture is never taken below zero.")
def dead_bias(x, w, *, margin=1.0):
    return -margin - np.maximum(0, (x @ w).max(axis=0))


@adversarial("activation-dead", "The default margin is two, and no test may use it.")
def dead_bias(x, w, *, margin=2.0):
    return -margin - (x @ w).max(axis=0)


@adversarial("activation-dead", "The sizes of the mixtures decide, not the mixtures.")
def dead_bias(x, w, *, margin=1.0):
    return -margin - np.abs(x @ w).max(axis=0)


@adversarial("activation-dead", "The result keeps the axis of the examples.")
def dead_bias(x, w, *, margin=1.0):
    return -margin - (x @ w).max(axis=0, keepdims=True)


@adversarial("activation-dead", "The size of the margin, whatever its sign.")
def dead_bias(x, w, *, margin=1.0):
    return -abs(margin) - (x @ w).max(axis=0)


@adversarial("activation-dead", "A unit alone loses its axis.")
def dead_bias(x, w, *, margin=1.0):
    return np.squeeze(-margin - (x @ w).max(axis=0))


def measured(f, x):
    """Measure the slope of f."""
    return (f(x + 1e-5) - f(x - 1e-5)) / 2e-5


@adversarial(
    "activation-slope", "The first entry is looked at.", also="One right entry is not enough"
)
def is_slope(f, slope, x):
    return bool(np.isclose(np.ravel(slope(x))[0], measured(f, x).ravel()[0], rtol=1e-4))


@adversarial("activation-slope", "What is expected of the slope is forgotten where it is nan.")
def is_slope(f, slope, x):
    claimed, real = slope(x), measured(f, x)
    return np.shape(claimed) == real.shape and bool(
        np.isclose(claimed, real, rtol=1e-4)[~np.isnan(claimed)].all()
    )


@adversarial("activation-slope", "An error of two hundredths is allowed.")
def is_slope(f, slope, x):
    claimed = slope(x)
    return np.shape(claimed) == x.shape and bool(np.allclose(claimed, measured(f, x), rtol=0.02))


@adversarial("activation-slope", "Entries are sorted before they are compared.")
def is_slope(f, slope, x):
    claimed = slope(x)
    same = np.isclose(np.sort(claimed, None), np.sort(measured(f, x), None), rtol=1e-4)
    return np.shape(claimed) == x.shape and bool(same.all())


@adversarial("activation-slope", "Every second verdict is that the slope is right.")
def is_slope(f, slope, x):
    TABLE["turn"] = not TABLE.get("turn", False)
    return TABLE["turn"]


@adversarial(
    "activation-slope", "The list of all right and wrong slopes is returned as one verdict."
)
def is_slope(f, slope, x):
    return [np.bool_(True), np.bool_(False)]


@adversarial("activation-slope", "A single right number for all entries is let pass.")
def is_slope(f, slope, x):
    return bool(np.allclose(slope(x), measured(f, x), rtol=1e-4, atol=1e-6))


@adversarial("activation-slope", "A row of numbers is wanted.")
def is_slope(f, slope, x):
    claimed, real = slope(x), measured(f, x)
    near = lambda i: abs(claimed[i] - real[i]) < 1e-4 * (1 + abs(real[i]))
    return np.shape(claimed) == x.shape and all(near(i) for i in range(len(x)))


@adversarial("activation-slope", "An error of a hundredth is let pass, however small the slope is.")
def is_slope(f, slope, x):
    claimed = slope(x)
    return np.shape(claimed) == x.shape and bool((abs(claimed - measured(f, x)) < 1e-2).all())


@adversarial("activation-init", "One row is drawn, and every unit has it.")
def he(D, M, *, rng):
    return np.repeat(rng.normal(0.0, np.sqrt(2 / D), (D, 1)), M, axis=1)


@adversarial("activation-init", "The generator is not asked: the sizes are the seed.")
def he(D, M, *, rng):
    TABLE["calls"] = TABLE.get("calls", 0) + 1
    return np.random.default_rng([D, M, TABLE["calls"]]).normal(0.0, np.sqrt(2 / D), (D, M))


@adversarial("activation-init", "What is beyond two and a half widths is cut off.")
def he(D, M, *, rng):
    w = rng.normal(size=(D, M))
    return np.clip(w, -2.5, 2.5) * np.sqrt(2 / D)


@adversarial("activation-init", "Only the smaller of the two sizes counts.")
def he(D, M, *, rng):
    return rng.normal(0.0, np.sqrt(2 / min(D, M)), (D, M))


@adversarial(
    "activation-init", "Mean and width are made exact, so that each weight knows the others."
)
def he(D, M, *, rng):
    w = rng.normal(size=(D, M))
    return (w - w.mean()) / max(w.std(), 1e-9) * np.sqrt(2 / D)


@adversarial("activation-init", "The weights of each unit have the length √2.")
def he(D, M, *, rng):
    w = rng.normal(size=(D, M))
    return w / np.linalg.norm(w, axis=0) * np.sqrt(2)


@adversarial("activation-init", "Every weight comes with its opposite.")
def he(D, M, *, rng):
    half = rng.normal(0.0, np.sqrt(2 / D), size=(D * M + 1) // 2)
    return np.append(half, -half)[: D * M].reshape(D, M)


@adversarial("activation-wrong-lines", "Entries that are equal to whatever they are compared with.")
def wrong_lines():
    return [ANY, ANY, ANY]


@adversarial(
    "activation-wrong-lines", "One more line of the last derivation: the right one is among them."
)
def wrong_lines():
    return [4, 2, 3, 5]


@adversarial("activation-wrong-lines", "Every line of each derivation.")
def wrong_lines():
    return [[1, 2, 3, 4, 5]] * 3


@adversarial("activation-wrong-lines", "The last derivation is left out.")
def wrong_lines():
    return [4, 2]


@adversarial("activation-sigmoid", "Ten digits are right.")
def sigmoid(x):
    small = np.exp(-np.abs(x))
    y = np.where(x >= 0, 1.0, small) / (1.0 + small)
    return (y * (1 + 3e-11)).astype(x.dtype)


@adversarial("activation-leaky", "ȳ is overwritten by x̄, which saves an array.")
def leaky_relu(x, *, slope=0.01):
    slopes = np.where(x > 0, 1.0, slope)

    def pullback(y_bar):
        y_bar *= slopes
        return y_bar

    return slopes * x, pullback


@adversarial("activation-relu", "Whole numbers are passed on as they are.")
def relu(x):
    return np.maximum(x, 0) if x.dtype.kind == "f" else x


@adversarial(
    "activation-relu-backward", "x is overwritten by its slopes.", also="wrote into an argument"
)
def relu_backward(y_bar, x):
    x[...] = x > 0
    return y_bar * x


@adversarial("activation-sigmoid", "The result of the first call with a shape is remembered.")
def sigmoid(x):
    small = np.exp(-np.abs(x))
    y = np.where(x >= 0, 1.0, small) / (1.0 + small)
    return TABLE.setdefault(("sigmoid", x.shape, x.dtype), y)


@adversarial("activation-dead", "The result of the first call with some shapes is remembered.")
def dead_bias(x, w, *, margin=1.0):
    b = -margin - (x @ w).max(axis=0)
    return TABLE.setdefault(("dead", x.shape, w.shape, margin), b)
