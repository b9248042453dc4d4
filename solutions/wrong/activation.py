"""Plausible wrong answers on *Activations and first weights*, each with a word of advice.

Chapter: book/activation.md.
"""

import numpy as np

from dlcore.course.exercises.known_answers import wrong


@wrong(
    "activation-relu",
    "You found the largest entries along axis 0: np.maximum compares entry by entry.",
)
def relu(x):
    return np.max(x, 0)


@wrong("activation-relu", "You wrote into x, which the backward pass still needs.")
def relu(x):
    x[x < 0] = 0
    return x


@wrong("activation-relu", "What is negative becomes zero, not positive.")
def relu(x):
    return np.abs(x)


@wrong("activation-relu", "You kept what is negative: take the larger of x and 0, not the smaller.")
def relu(x):
    return np.minimum(x, 0)


@wrong("activation-relu", "You return where x is positive, not x itself.")
def relu(x):
    return (x > 0).astype(float)


@wrong("activation-relu-backward", "What counts is where x was positive, not where ȳ is.")
def relu_backward(y_bar, x):
    return y_bar * (y_bar > 0)


@wrong("activation-relu-backward", "This is the slope alone: the chain rule multiplies it by ȳ.")
def relu_backward(y_bar, x):
    return (x > 0).astype(float)


@wrong(
    "activation-relu-backward", "At x = 0 the slope is chosen to be zero: compare with >, not >=."
)
def relu_backward(y_bar, x):
    return y_bar * (x >= 0)


@wrong(
    "activation-relu-backward",
    "You multiplied by max(0, x): its slope is asked for, which is 0 or 1.",
)
def relu_backward(y_bar, x):
    return y_bar * np.maximum(x, 0)


@wrong("activation-relu-backward", "You wrote into an argument: make a new array.")
def relu_backward(y_bar, x):
    y_bar[x <= 0] = 0
    return y_bar


def leaky(x, slope):
    """Compute the leaky ReLU, for the wrong answers that err in the backward pass."""
    return np.where(x > 0, x, slope * x)


@wrong("activation-leaky", "The larger of x and slope · x is right only for slopes from 0 to 1.")
def leaky_relu(x, *, slope=0.01):
    return np.maximum(x, slope * x), lambda y_bar: np.where(x > 0, 1.0, slope) * y_bar


@wrong("activation-leaky", "In the backward pass the sign of x decides, not that of ȳ.")
def leaky_relu(x, *, slope=0.01):
    return leaky(x, slope), lambda y_bar: np.where(y_bar > 0, 1.0, slope) * y_bar


@wrong("activation-leaky", "Where x is negative the pullback returns 0: it is to return slope · ȳ.")
def leaky_relu(x, *, slope=0.01):
    return leaky(x, slope), lambda y_bar: y_bar * (x > 0)


@wrong("activation-leaky", "The pullback returns the slopes alone: multiply them by ȳ.")
def leaky_relu(x, *, slope=0.01):
    return leaky(x, slope), lambda y_bar: np.where(x > 0, 1.0, slope)


@wrong("activation-leaky", "The slope is always the default: use the one that is given.")
def leaky_relu(x, *, slope=0.01):
    return leaky(x, 0.01), lambda y_bar: np.where(x > 0, 1.0, 0.01) * y_bar


@wrong("activation-leaky", "Where x is negative y is slope · x, and not the slope.")
def leaky_relu(x, *, slope=0.01):
    return np.where(x > 0, x, slope), lambda y_bar: np.where(x > 0, 1.0, slope) * y_bar


@wrong(
    "activation-leaky",
    "Your slopes have the dtype of x: where that holds integers, 0.01 becomes 0.",
)
def leaky_relu(x, *, slope=0.01):
    slopes = np.ones_like(x)
    slopes[x <= 0] = slope
    return slopes * x, lambda y_bar: slopes * y_bar


@wrong("activation-sigmoid", "e⁻ˣ overflows far below zero, in np.where as well: use exp(-|x|).")
def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@wrong("activation-sigmoid", "eˣ overflows far above zero: use exp(-|x|), on both sides.")
def sigmoid(x):
    return np.exp(x) / (1 + np.exp(x))


@wrong(
    "activation-sigmoid",
    "Small numbers are lost where you add them to one, or subtract them from it.",
)
def sigmoid(x):
    return (1 + np.tanh(x / 2)) / 2


@wrong("activation-sigmoid", "Clipping x avoids the overflow, but loses the smallest results.")
def sigmoid(x):
    return 1 / (1 + np.exp(-np.clip(x, -500, 500)))


@wrong("activation-sigmoid", "The exponent has the wrong sign: y grows with x.")
def sigmoid(x):
    return np.exp(-np.maximum(x, 0)) / (1 + np.exp(-np.abs(x)))


@wrong(
    "activation-dead",
    "The margin goes the other way: the largest pre-activation is to be below zero.",
)
def dead_bias(x, w, *, margin=1.0):
    return margin - (x @ w).max(axis=0)


@wrong("activation-dead", "There is one bias per unit: the maximum runs over the examples, axis 0.")
def dead_bias(x, w, *, margin=1.0):
    return -margin - (x @ w).max(axis=1)


@wrong("activation-dead", "The margin is always one: use the one that is given.")
def dead_bias(x, w, *, margin=1.0):
    return -1.0 - (x @ w).max(axis=0)


@wrong(
    "activation-dead",
    "One bias for all makes most units too negative: take the maximum along axis 0.",
)
def dead_bias(x, w, *, margin=1.0):
    return -margin - (x @ w).max()


@wrong(
    "activation-dead", "The smallest pre-activation is negative anyway: the largest one decides."
)
def dead_bias(x, w, *, margin=1.0):
    return -margin - (x @ w).min(axis=0)


@wrong("activation-dead", "A margin of 0 is a margin: `or` takes it for one that is not given.")
def dead_bias(x, w, *, margin=1.0):
    return -(margin or 1.0) - (x @ w).max(axis=0)


def measured(f, x, h=1e-5):
    """Measure the slope of f at every entry."""
    return (f(x + h) - f(x - h)) / (2 * h)


@wrong("activation-slope", "A one-sided difference errs by the order of h: step to both sides.")
def is_slope(f, slope, x):
    return np.allclose(slope(x), (f(x + 1e-5) - f(x)) / 1e-5, rtol=1e-7, atol=1e-9)


@wrong(
    "activation-slope", "The tolerance is so wide that an error of one part in a hundred passes."
)
def is_slope(f, slope, x):
    return np.allclose(slope(x), measured(f, x), rtol=0.2)


@wrong("activation-slope", "A measured slope is never exact: allow for rounding.")
def is_slope(f, slope, x):
    return np.array_equal(slope(x), measured(f, x))


@wrong("activation-slope", "You compared sums, in which errors cancel: compare entry by entry.")
def is_slope(f, slope, x):
    return np.isclose(np.sum(slope(x)), measured(f, x).sum(), rtol=1e-4)


@wrong("activation-slope", "One right entry is not enough: all of them have to be.")
def is_slope(f, slope, x):
    return np.isclose(slope(x), measured(f, x), rtol=1e-4).any()


@wrong(
    "activation-slope", "No comparison with nan is ever true: ask what is close, not what is far."
)
def is_slope(f, slope, x):
    return not (np.abs(slope(x) - measured(f, x)) > 1e-4 * (1 + np.abs(measured(f, x)))).any()


@wrong("activation-init", "rng.normal takes the standard deviation: the root of the variance.")
def he(D, M, *, rng):
    return rng.normal(0.0, 2 / D, (D, M))


@wrong("activation-init", "The variance is 2/D: the ReLU halves the mean square, hence the two.")
def he(D, M, *, rng):
    return rng.normal(0.0, np.sqrt(1 / D), (D, M))


@wrong(
    "activation-init",
    "The variance is right, but the numbers are uniform, not normally distributed.",
)
def he(D, M, *, rng):
    return rng.uniform(-np.sqrt(6 / D), np.sqrt(6 / D), (D, M))


@wrong("activation-init", "What counts is the number of features in, D, not the number out.")
def he(D, M, *, rng):
    return rng.normal(0.0, np.sqrt(2 / M), (D, M))


@wrong("activation-init", "Draw from the generator that is given, not from one of your own.")
def he(D, M, *, rng):
    return np.random.default_rng().normal(0.0, np.sqrt(2 / D), (D, M))


def named(advice, *numbers):
    @wrong("activation-wrong-lines", advice)
    def wrong_lines():
        return list(numbers)


named("Lines are counted from one: the first is the one that begins without a sign.", 3, 1, 2)
named("You name the lines after the slips, as far as there are any.", 5, 3, 4)
named("In the first derivation one is added and taken off rightly: look further.", 3, 2, 3)
named("In the second derivation the factor is right above the bar: look below it.", 4, 3, 3)
named("In the third derivation the size is right at the end: a sum is no mean.", 4, 2, 4)


@wrong(
    "activation-sigmoid",
    "np.where computes both of its branches: the one that is not taken warns.",
    also="eˣ overflows far above zero",
)
def sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))


@wrong("activation-init", "The weights are (D, M): a row for each feature, a column for each unit.")
def he(D, M, *, rng):
    return rng.normal(0.0, np.sqrt(2 / D), (M, D))


@wrong("activation-leaky", "Return the pullback beside y: it is asked for as well.")
def leaky_relu(x, *, slope=0.01):
    return np.where(x > 0, x, slope * x)
