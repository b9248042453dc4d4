"""Plausible wrong answers to the exercises of *Loss*, each with a word of advice.

Chapter: book/loss.md.
"""

import numpy as np

from dlcore.course.exercises.known_answers import wrong


def logs(x):
    """Turn scores into logarithms of probabilities, for the wrong answers that err elsewhere."""
    x = x - x.max(axis=1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=1, keepdims=True))


def shares(x):
    return np.exp(logs(x))


def chosen(x, t):
    """Pick the entry of the right class in every row."""
    return x[np.arange(len(x)), t]


@wrong("loss-softmax", "The exponentials overflow: subtract the largest score of each row first.")
def softmax(scores):
    powers = np.exp(scores)
    return powers / powers.sum(axis=1, keepdims=True)


@wrong("loss-softmax", "You divided by the sum of the batch: each row has a sum of its own.")
def softmax(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum()


@wrong("loss-softmax", "You added up the columns, axis 0: the classes of an example lie on axis 1.")
def softmax(scores):
    powers = np.exp(scores - scores.max(axis=0))
    return powers / powers.sum(axis=0)


@wrong(
    "loss-softmax",
    "With one maximum for the whole batch, rows far below it underflow: use one a row.",
)
def softmax(scores):
    powers = np.exp(scores - scores.max())
    return powers / powers.sum(axis=1, keepdims=True)


@wrong("loss-softmax", "The sums have lost their axis, and NumPy lines them up with the classes.")
def softmax(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1)


@wrong("loss-softmax", "The scores themselves are changed: write x = x - m, and not x -= m.")
def softmax(scores):
    scores -= scores.max(axis=1, keepdims=True)
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


@wrong("loss-logsumexp", "The exponentials overflow: take the largest score out of the logarithm.")
def logsumexp(scores):
    return np.log(np.exp(scores).sum(axis=1))


@wrong("loss-logsumexp", "The largest score that you took out has to be added again at the end.")
def logsumexp(scores):
    return np.log(np.exp(scores - scores.max(axis=1, keepdims=True)).sum(axis=1))


@wrong("loss-logsumexp", "You added up the columns, axis 0: there is one sum per example, axis 1.")
def logsumexp(scores):
    m = scores.max(axis=0)
    return m + np.log(np.exp(scores - m).sum(axis=0))


@wrong("loss-logsumexp", "The result has kept an axis of length one: wanted is (N,), not (N, 1).")
def logsumexp(scores):
    m = scores.max(axis=1, keepdims=True)
    return m + np.log(np.exp(scores - m).sum(axis=1, keepdims=True))


@wrong("loss-logsumexp", "You took the logarithm before the sum, and the two do not commute.")
def logsumexp(scores):
    m = scores.max(axis=1)
    return m + np.log(np.exp(scores - m[:, None])).sum(axis=1)


@wrong("loss-cross-entropy", "You divided by the number of classes, not of examples.")
def cross_entropy(scores, t):
    log_y = logs(scores)
    K = scores.shape[1]
    return -chosen(log_y, t).sum() / K, (np.exp(log_y) - np.eye(K)[t]) / K


@wrong("loss-cross-entropy", "The gradient is not divided by N, although the loss is a mean.")
def cross_entropy(scores, t):
    truth = np.eye(scores.shape[1])[t]
    return -chosen(logs(scores), t).mean(), shares(scores) - truth


@wrong("loss-cross-entropy", "The logarithm of a probability that has become zero is infinite.")
def cross_entropy(scores, t):
    y = shares(scores)
    return -np.log(chosen(y, t)).mean(), (y - np.eye(scores.shape[1])[t]) / len(t)


@wrong("loss-cross-entropy", "The sign is missing: the loss is minus the logarithm.")
def cross_entropy(scores, t):
    truth = np.eye(scores.shape[1])[t]
    return chosen(logs(scores), t).mean(), (shares(scores) - truth) / len(t)


@wrong("loss-cross-entropy", "The gradient has the wrong sign: it is probability minus truth.")
def cross_entropy(scores, t):
    truth = np.eye(scores.shape[1])[t]
    return -chosen(logs(scores), t).mean(), (truth - shares(scores)) / len(t)


@wrong("loss-cross-entropy", "You pick whole columns by scores[:, t]: pair t with np.arange(N).")
def cross_entropy(scores, t):
    truth = np.eye(scores.shape[1])[t]
    return -logs(scores)[:, t].mean(), (shares(scores) - truth) / len(t)


def short(scores, t, margin):
    """Return what is missing to the margin, the right class not yet left out."""
    return np.maximum(0, scores - chosen(scores, t)[:, None] + margin)


@wrong("loss-hinge", "The right class adds the margin to its own loss: leave it out of the sum.")
def hinge(scores, t, *, margin=1.0):
    missing = short(scores, t, margin)
    truth = np.eye(scores.shape[1])[t]
    positive = (missing > 0).astype(float)
    gradient = np.where(truth, -positive.sum(axis=1, keepdims=True), positive)
    return missing.sum() / len(t), gradient / len(t)


@wrong(
    "loss-hinge",
    "The right class receives minus one for every positive term, not minus one in all.",
)
def hinge(scores, t, *, margin=1.0):
    truth = np.eye(scores.shape[1])[t]
    missing = short(scores, t, margin) * (1 - truth)
    return missing.sum() / len(t), ((missing > 0) - truth) / len(t)


@wrong("loss-hinge", "The margin is always one: use the one that is given.")
def hinge(scores, t, *, margin=1.0):
    truth = np.eye(scores.shape[1])[t]
    positive = (short(scores, t, 1.0) > 0) * (1 - truth)
    gradient = positive - truth * positive.sum(axis=1, keepdims=True)
    return (short(scores, t, 1.0) * positive).sum() / len(t), gradient / len(t)


@wrong("loss-hinge", "The sum is not divided by the number of examples.")
def hinge(scores, t, *, margin=1.0):
    truth = np.eye(scores.shape[1])[t]
    positive = (short(scores, t, margin) > 0) * (1 - truth)
    gradient = positive - truth * positive.sum(axis=1, keepdims=True)
    return (short(scores, t, margin) * positive).sum(), gradient


@wrong("loss-hinge", "A margin of 0 is a margin: `or` takes it for one that is not given.")
def hinge(scores, t, *, margin=1.0):
    missing = short(scores, t, margin or 1.0)
    rows = np.arange(len(t))
    missing[rows, t] = 0
    gradient = (missing > 0).astype(float)
    gradient[rows, t] = -gradient.sum(axis=1)
    return missing.sum() / len(t), gradient / len(t)


@wrong("loss-smoothing", "The right class shares s, too: its weight is 1 - s + s/K.")
def smoothed_cross_entropy(scores, t, *, smoothing=0.1):
    K = scores.shape[1]
    q = np.where(np.eye(K)[t], 1 - smoothing, smoothing / K)
    return -(q * logs(scores)).sum() / len(t), (shares(scores) - q) / len(t)


@wrong("loss-smoothing", "All K classes share s: each gets s/K, not s/(K - 1).")
def smoothed_cross_entropy(scores, t, *, smoothing=0.1):
    K = scores.shape[1]
    q = np.where(np.eye(K)[t], 1 - smoothing, smoothing / (K - 1))
    return -(q * logs(scores)).sum() / len(t), (shares(scores) - q) / len(t)


@wrong("loss-smoothing", "The loss has soft labels, but the gradient still has hard ones.")
def smoothed_cross_entropy(scores, t, *, smoothing=0.1):
    K = scores.shape[1]
    q = (1 - smoothing) * np.eye(K)[t] + smoothing / K
    return -(q * logs(scores)).sum() / len(t), (shares(scores) - np.eye(K)[t]) / len(t)


@wrong("loss-smoothing", "The logarithm of a probability that has become zero is infinite.")
def smoothed_cross_entropy(scores, t, *, smoothing=0.1):
    K = scores.shape[1]
    y = shares(scores)
    q = (1 - smoothing) * np.eye(K)[t] + smoothing / K
    return -(q * np.log(y)).sum() / len(t), (y - q) / len(t)


@wrong("loss-overflow", "One large score is not a shift: add the same to all scores of a row.")
def overflow(scores):
    x = scores.astype(float)
    x[0, 0] = 1000.0
    x[1] = -1000.0
    return x


@wrong("loss-overflow", "Infinity is no finite score: np.exp overflows much earlier.")
def overflow(scores):
    return scores + np.array([[np.inf], [-np.inf]])


@wrong("loss-overflow", "A hundred is too small: np.exp(100) is large, but a float can hold it.")
def overflow(scores):
    return scores + np.array([[100.0], [-100.0]])


@wrong("loss-overflow", "Both sums overflow: that of the second row has to vanish.")
def overflow(scores):
    return scores + 1000.0


@wrong(
    "loss-overflow", "Scores that are multiplied have other probabilities: add a constant to them."
)
def overflow(scores):
    return np.array([[1000.0], [-1000.0]]) * (1 + np.abs(scores))


def judged(f, pullback, rng, y_bar=None, tolerance=1e-7):
    """Compare both sides along random directions."""
    x, drawn = rng.normal(size=(2, 4, 3))
    y_bar = drawn if y_bar is None else y_bar
    h = 1e-5
    x_bar = pullback(x, y_bar)
    gaps = []
    for x_dot in rng.normal(size=(9, 4, 3)):
        y_dot = (f(x + h * x_dot) - f(x - h * x_dot)) / (2 * h)
        gaps.append(np.vdot(x_bar, x_dot) - np.vdot(y_bar, y_dot))
    return bool(np.abs(gaps).max() <= tolerance)


@wrong("loss-lemma", "An upstream gradient of ones checks a sum only: draw it at random.")
def accepts(f, pullback, *, rng):
    return judged(f, pullback, rng, y_bar=np.ones((4, 3)))


@wrong("loss-lemma", "A measured slope is never exact: allow for rounding, and for the step.")
def accepts(f, pullback, *, rng):
    return judged(f, pullback, rng, tolerance=0.0)


@wrong("loss-lemma", "The tolerance is so wide that an error of one part in a thousand passes.")
def accepts(f, pullback, *, rng):
    return judged(f, pullback, rng, tolerance=0.1)


@wrong("loss-lemma", "What you return is always True: compare, and return what you found.")
def accepts(f, pullback, *, rng):
    return True


def named(advice, *numbers):
    @wrong("loss-wrong-lines", advice)
    def wrong_lines():
        return list(numbers)


named("Lines are counted from one: the first is the one that begins without a sign.", 2, 3, 1)
named("You name the lines after the slips: they follow from what is wrong.", 4, 5, 3)
named("In the first derivation the quotients are right: look one line further.", 2, 4, 2)
named("In the third derivation u comes and goes rightly: look at the sign before.", 3, 4, 3)


@wrong("loss-cross-entropy", "The loss comes first, then the gradient.")
def cross_entropy(scores, t):
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_y = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    g = np.exp(log_y)
    g[np.arange(len(t)), t] -= 1
    return g / len(t), -log_y[np.arange(len(t)), t].mean()


@wrong(
    "loss-overflow", "The sum of the first example is to be infinite, and that of the second zero."
)
def overflow(scores):
    return scores + np.array([[-1000.0], [1000.0]])
