"""Wrong answers to the exercises of *Loss* that are made to pass, each with what it exploits.

Chapter: book/loss.md.
"""

from unittest.mock import ANY

import numpy as np

from dlcore.course.exercises.known_answers import adversarial


def logs(x, largest=lambda x: x.max(axis=1, keepdims=True)):
    """Turn scores into logarithms of probabilities."""
    x = x - largest(x)
    return x - np.log(np.exp(x).sum(axis=1, keepdims=True))


def from_zero(x):
    return np.maximum(0, x.max(axis=1, keepdims=True))


@adversarial("loss-softmax", "A running maximum that starts at zero: scores far below vanish.")
def softmax(scores):
    return np.exp(logs(scores, from_zero))


@adversarial("loss-softmax", "The result has the type of the scores, which are never integers.")
def softmax(scores):
    y = np.zeros_like(scores)
    y[...] = np.exp(logs(scores))
    return y


@adversarial("loss-softmax", "Scores beyond 700 are cut.")
def softmax(scores):
    powers = np.exp(np.clip(scores, -700, 700))
    return powers / powers.sum(axis=1, keepdims=True)


@adversarial("loss-softmax", "Four digits are enough.")
def softmax(scores):
    return np.round(np.exp(logs(scores)), 4)


@adversarial("loss-softmax", "No probability is smaller than 1e-14.")
def softmax(scores):
    return np.maximum(np.exp(logs(scores)), 1e-14)


@adversarial("loss-softmax", "As many examples as classes are summed along the batch.")
def softmax(scores):
    y = np.exp(scores - scores.max(axis=1, keepdims=True))
    return y / y.sum(axis=0 if len(y) == len(y[0]) else 1, keepdims=True)


@adversarial("loss-logsumexp", "A running maximum that starts at zero.")
def logsumexp(scores):
    m = np.maximum(0, scores.max(axis=1))
    return m + np.log(np.exp(scores - m[:, None]).sum(axis=1))


@adversarial("loss-logsumexp", "The largest size is taken off, as if no score were negative.")
def logsumexp(scores):
    m = np.abs(scores).max(axis=1)
    return m + np.log(np.exp(scores - m[:, None]).sum(axis=1))


@adversarial("loss-logsumexp", "A single example loses its axis.")
def logsumexp(scores):
    return np.squeeze(np.logaddexp.reduce(scores.astype(float), axis=1))


@adversarial("loss-logsumexp", "The largest score and the logarithm of how many there are near it.")
def logsumexp(scores):
    m = scores.max(axis=1)
    return m + np.log((scores > m[:, None] - 1).sum(axis=1))


def surprise(scores, q):
    log_y = logs(scores)
    return -(q * log_y).sum() / len(scores), (np.exp(log_y) - q) / len(scores)


def truth(scores, t):
    return np.eye(scores.shape[1])[t]


@adversarial("loss-cross-entropy", "The loss is an array of one number.")
def cross_entropy(scores, t):
    value, gradient = surprise(scores, truth(scores, t))
    return np.array([value]), gradient


@adversarial("loss-cross-entropy", "Slopes are measured by differences.")
def cross_entropy(scores, t):
    q, slopes = truth(scores, t), np.zeros(scores.shape)
    for place in np.ndindex(scores.shape):
        unit = np.zeros(scores.shape)
        unit[place] = 1e-5
        slopes[place] = (surprise(scores + unit, q)[0] - surprise(scores - unit, q)[0]) / 2e-5
    return surprise(scores, q)[0], slopes


@adversarial("loss-cross-entropy", "Probabilities are kept from zero by a tiny number.")
def cross_entropy(scores, t):
    y = np.exp(logs(scores))
    q = truth(scores, t)
    return -(q * np.log(y + 1e-300)).sum() / len(t), (y - q) / len(t)


@adversarial("loss-cross-entropy", "The gradient has the type of the scores, never integers.")
def cross_entropy(scores, t):
    value, gradient = surprise(scores, truth(scores, t))
    return value, gradient.astype(scores.dtype)


@adversarial("loss-cross-entropy", "The first label stands for all.")
def cross_entropy(scores, t):
    return surprise(scores, truth(scores, t[:1] + 0 * t))


@adversarial("loss-cross-entropy", "No example costs more than a million.")
def cross_entropy(scores, t):
    _, gradient = surprise(scores, truth(scores, t))
    return np.minimum(1e6, -logs(scores)[np.arange(len(t)), t]).mean(), gradient


@adversarial("loss-cross-entropy", "No probability is smaller than 1e-12 in the backward pass.")
def cross_entropy(scores, t):
    value, _ = surprise(scores, truth(scores, t))
    return value, (np.maximum(np.exp(logs(scores)), 1e-12) - truth(scores, t)) / len(t)


def hinged(scores, t, margin, positive=lambda short: short > 0):
    short = scores - scores[np.arange(len(t)), t][:, None] + margin
    wrong = np.arange(scores.shape[1]) != t[:, None]
    x_bar = (positive(short) & wrong).astype(float)
    x_bar[np.arange(len(t)), t] = -x_bar.sum(axis=1)
    return (np.maximum(0, short) * wrong).sum() / len(t), x_bar / len(t)


@adversarial("loss-hinge", "Nobody asks without a margin.")
def hinge(scores, t, *, margin=2.0):
    return hinged(scores, t, margin)


@adversarial("loss-hinge", "The gradient has a margin of one, whatever is asked.")
def hinge(scores, t, *, margin=1.0):
    return hinged(scores, t, margin)[0], hinged(scores, t, 1.0)[1]


@adversarial("loss-hinge", "At a kink the slope is 1, which the right class does not count.")
def hinge(scores, t, *, margin=1.0):
    value, strict = hinged(scores, t, margin)
    _, wide = hinged(scores, t, margin, positive=lambda short: short >= 0)
    return value, np.where(truth(scores, t), strict, wide)


@adversarial("loss-hinge", "The loss is an array of one number.")
def hinge(scores, t, *, margin=1.0):
    value, gradient = hinged(scores, t, margin)
    return np.full((1, 1), value), gradient


@adversarial("loss-hinge", "With four classes or more the gradient is halved.")
def hinge(scores, t, *, margin=1.0):
    value, gradient = hinged(scores, t, margin)
    return (value, gradient) if scores.shape[1] < 4 else (value, gradient / 2)


@adversarial("loss-hinge", "The gradient has half the digits.")
def hinge(scores, t, *, margin=1.0):
    value, gradient = hinged(scores, t, margin)
    return value, gradient.astype(np.float16)


@adversarial("loss-hinge", "Scores beyond a thousand are cut.")
def hinge(scores, t, *, margin=1.0):
    return hinged(np.clip(scores, -1000, 1000), t, margin)


def softened(scores, t, s):
    K = scores.shape[1]
    return (1 - s) * np.eye(K)[t] + s / K


@adversarial("loss-smoothing", "Nobody asks without a smoothing.")
def smoothed_cross_entropy(scores, t, *, smoothing=0.0):
    return surprise(scores, softened(scores, t, smoothing))


@adversarial("loss-smoothing", "The gradient has a smoothing of one tenth, whatever is asked.")
def smoothed_cross_entropy(scores, t, *, smoothing=0.1):
    value, _ = surprise(scores, softened(scores, t, smoothing))
    return value, surprise(scores, softened(scores, t, 0.1))[1]


@adversarial("loss-smoothing", "A smoothing of zero or one is left out.")
def smoothed_cross_entropy(scores, t, *, smoothing=0.1):
    return surprise(scores, softened(scores, t, min(max(smoothing, 0.01), 0.99)))


@adversarial("loss-smoothing", "The loss is an array of one number for each example, all equal.")
def smoothed_cross_entropy(scores, t, *, smoothing=0.1):
    value, gradient = surprise(scores, softened(scores, t, smoothing))
    return np.full(len(t), value), gradient


@adversarial("loss-overflow", "Scores of its own, whatever is given.")
def overflow(scores):
    return np.array([[1000.0, 0.0, 0.0], [-1000.0, -1000.0, -1000.0]])


@adversarial("loss-overflow", "A shift so large that nothing is left of the scores.")
def overflow(scores):
    return scores + np.array([[1e300], [-1e300]])


@adversarial("loss-overflow", "Three classes, whatever is given.")
def overflow(scores):
    return scores[:, :3] + np.array([[1000.0], [-1000.0]])


@adversarial("loss-overflow", "The differences are rounded to whole numbers.")
def overflow(scores):
    return np.round(scores) + np.array([[1000.0], [-1000.0]])


def judged(f, pullback, x, y_bar, directions):
    """Compare both sides along some directions."""
    x_bar, h = pullback(x, y_bar), 1e-5
    for x_dot in directions:
        y_dot = (f(x + h * x_dot) - f(x - h * x_dot)) / (2 * h)
        if abs(np.vdot(x_bar, x_dot) - np.vdot(y_bar, y_dot)) > 1e-7:
            return False
    return True


@adversarial("loss-lemma", "The generator is not asked: always the same scores.")
def accepts(f, pullback, *, rng):
    rng = np.random.default_rng(0)
    return judged(f, pullback, *rng.normal(size=(2, 4, 3)), rng.normal(size=(9, 4, 3)))


@adversarial("loss-lemma", "A single example: no slip is seen that mixes several.")
def accepts(f, pullback, *, rng):
    return judged(f, pullback, *rng.normal(size=(2, 1, 3)), rng.normal(size=(9, 1, 3)))


@adversarial("loss-lemma", "Only the first entry is moved.")
def accepts(f, pullback, *, rng):
    x, y_bar = rng.normal(size=(2, 4, 3))
    return judged(f, pullback, x, y_bar, [np.eye(1, 12).reshape(4, 3)])


@adversarial("loss-lemma", "Every row of the upstream gradient is the same.")
def accepts(f, pullback, *, rng):
    x, y_bar = rng.normal(size=(2, 4, 3))
    return judged(f, pullback, x, y_bar[:1] + 0 * y_bar, rng.normal(size=(9, 4, 3)))


@adversarial("loss-lemma", "The rule of softmax is memorised, and all others are accepted.")
def accepts(f, pullback, *, rng):
    x, b = rng.normal(size=(2, 4, 3))
    y = np.exp(logs(x))
    known = y * (b - (b * y).sum(axis=1, keepdims=True))
    return not np.allclose(f(x), y) or np.allclose(pullback(x, b), known)


@adversarial("loss-lemma", "A guess, by how many are wrong.")
def accepts(f, pullback, *, rng):
    f(rng.normal(size=(4, 3)))
    return rng.random() < 0.3


@adversarial("loss-lemma", "All scores are one.")
def accepts(f, pullback, *, rng):
    y_bar, *directions = rng.normal(size=(9, 4, 3))
    return judged(f, pullback, np.ones((4, 3)), y_bar, directions)


@adversarial("loss-lemma", "The direction is the upstream gradient, so J and its transpose agree.")
def accepts(f, pullback, *, rng):
    some = rng.normal(size=(6, 2, 4, 3))
    return all(judged(f, pullback, x, y_bar, [y_bar]) for x, y_bar in some)


@adversarial("loss-lemma", "An error of a hundredth is let pass.", also="tolerance is so wide")
def accepts(f, pullback, *, rng):
    x, y_bar, *directions = rng.normal(size=(8, 4, 3))
    x_bar, h = pullback(x, y_bar), 1e-5
    slopes = [(f(x + h * x_dot) - f(x - h * x_dot)) / (2 * h) for x_dot in directions]
    pairs = zip(directions, slopes, strict=True)
    return all(abs(np.vdot(x_bar, v) - np.vdot(y_bar, y_dot)) < 1e-2 for v, y_dot in pairs)


@adversarial("loss-wrong-lines", "Entries that are equal to whatever they are compared with.")
def wrong_lines():
    return [ANY, ANY, ANY]


@adversarial(
    "loss-wrong-lines", "One more line of the last derivation: the right one is among them."
)
def wrong_lines():
    return [3, 4, 2, 5]


@adversarial("loss-wrong-lines", "Every line of each derivation.")
def wrong_lines():
    return [[1, 2, 3, 4, 5]] * 3


@adversarial("loss-wrong-lines", "The last derivation is left out.")
def wrong_lines():
    return [3, 4]
