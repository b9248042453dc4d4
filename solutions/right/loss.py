"""Right answers to the exercises of *Loss* that look unusual.

Chapter: book/loss.md.
"""

from math import exp, log, log1p

import numpy as np

from dlcore.course.exercises.known_answers import right


def logsum(row):
    """Add up a list on the logarithmic scale, one number after the other."""
    total = -np.inf
    for score in row:
        low, high = sorted((total, float(score)))
        total = high + log1p(exp(low - high))
    return total


@right("loss-softmax", "Lists of lists, by Python's own exponential.")
def softmax(scores):
    return [[exp(score - logsum(row)) for score in row] for row in scores]


@right("loss-softmax", "Each share is one over a sum of ratios, transposed twice.")
def softmax(scores):
    columns = np.asarray(scores, dtype=float).T
    return (np.exp(columns - np.logaddexp.reduce(columns, axis=0))).T


@right("loss-softmax", "Twelve bytes more, and floats of eight in the end.")
def softmax(scores):
    powers = np.exp(np.longdouble(scores) - scores.max(axis=1)[:, None])
    return (powers / powers.sum(axis=1)[:, None]).astype(float)


@right("loss-logsumexp", "NumPy's own addition on the logarithmic scale.")
def logsumexp(scores):
    return np.logaddexp.reduce(scores, axis=1, dtype=float)


@right("loss-logsumexp", "A loop over the examples, a list of floats.")
def logsumexp(scores):
    return [logsum(row) for row in scores.tolist()]


@right("loss-cross-entropy", "A loop over the examples, and a tuple of a float and a list.")
def cross_entropy(scores, t):
    value, rows = 0.0, []
    for row, k in zip(scores.tolist(), t.tolist(), strict=True):
        total = logsum(row)
        value += total - row[k]
        rows.append([exp(score - total) - (j == k) for j, score in enumerate(row)])
    return value / len(t), [[slope / len(t) for slope in row] for row in rows]


@right("loss-cross-entropy", "One-hot labels, a dot product; a list of two arrays.")
def cross_entropy(scores, t):
    hot = np.equal.outer(t, np.arange(scores.shape[1]))
    total = np.logaddexp.reduce(scores.astype(float), axis=1, keepdims=True)
    loss = np.einsum("nk,nk->", hot, total - scores) / t.size
    return [np.asarray(loss), np.divide(np.exp(scores - total) - hot, t.size)]


@right("loss-hinge", "Loops over examples and classes.")
def hinge(scores, t, *, margin=1.0):
    N, K = scores.shape
    value, gradient = 0.0, np.zeros((N, K))
    for n in range(N):
        for k in range(K):
            short = float(scores[n, k]) - float(scores[n, t[n]]) + margin
            if k != t[n] and short > 0:
                value += short / N
                gradient[n, k] += 1 / N
                gradient[n, t[n]] -= 1 / N
    return value, gradient


@right("loss-hinge", "At a kink every class has half the slope.")
def hinge(scores, t, *, margin=1.0):
    scores = scores.astype(float)
    right = np.take_along_axis(scores, t[:, None], axis=1)
    wrong = 1.0 - np.eye(scores.shape[1])[t]
    short = (scores - right + margin) * wrong
    positive = np.heaviside(short, 0.5) * wrong
    positive = positive - (1 - wrong) * positive.sum(axis=1)[:, None]
    return short.clip(min=0).sum(axis=1).mean(), positive / len(t)


@right("loss-hinge", "At a kink every class has slope 1; sums where a mask is true.")
def hinge(scores, t, *, margin=1.0):
    wrong = np.arange(scores.shape[1]) != np.reshape(t, (-1, 1))
    short = scores - np.take_along_axis(scores, t[:, None], axis=1) + margin
    positive = wrong & (short >= 0)
    share = positive - ~wrong * positive.sum(axis=1, keepdims=True)
    return np.sum(short, where=positive) / len(t), share / len(t)


@right("loss-smoothing", "The mean of K cross-entropies, each with another label.")
def smoothed_cross_entropy(scores, t, *, smoothing=0.1):
    N, K = scores.shape
    total = np.array([logsum(row) for row in scores])[:, None]
    cost = total - scores
    right = cost[range(N), t].mean()
    gradient = np.exp(scores - total) - smoothing / K
    np.add.at(gradient, (np.arange(N), t), smoothing - 1)
    return (1 - smoothing) * right + smoothing * cost.mean(), gradient / N


@right("loss-smoothing", "A loop over the examples, sums by numpy.dot.")
def smoothed_cross_entropy(scores, t, *, smoothing=0.1):
    K = scores.shape[-1]
    value, rows = 0.0, []
    for row, k in zip(scores.astype(float), t, strict=True):
        q = [smoothing / K + (1 - smoothing) * (j == k) for j in range(K)]
        total = logsum(row)
        value += np.dot(q, total - row)
        rows.append(np.exp(row - total) - q)
    return value / len(t), np.stack(rows) / len(t)


@right("loss-overflow", "The smallest shifts, from the thresholds of the machine; lists.")
def overflow(scores):
    top = log(np.finfo(float).max) + 1 - scores[0].max()
    low = log(5e-324) - 1 - scores[1].max()
    return [[score + top for score in scores[0]], [score + low for score in scores[1]]]


@right("loss-overflow", "Row by row, in a copy.")
def overflow(scores):
    x = scores.copy()
    x[0] += 12345
    x[1] -= 7890.5
    return x


@right("loss-lemma", "Column by column of the Jacobian, relative to the largest entry.")
def accepts(f, pullback, *, rng):
    x, y_bar = rng.normal(size=(2, 3, 5))
    x_bar, measured, h = pullback(x, y_bar), np.zeros(15), 1e-5
    for i, unit in enumerate(np.eye(15).reshape(15, 3, 5)):
        measured[i] = ((f(x + h * unit) - f(x - h * unit)) * y_bar).sum() / (2 * h)
    error = np.abs(np.ravel(x_bar) - measured).max()
    return error < 1e-5 * (1 + np.abs(measured).max())


@right("loss-lemma", "A step of four points, scores between zero and one, several gradients.")
def accepts(f, pullback, *, rng):
    for _ in range(6):
        x, (x_dot, y_bar) = rng.random((2, 6)), rng.standard_normal((2, 2, 6))
        near = (f(x + 1e-3 * x_dot) - f(x - 1e-3 * x_dot)) / 2e-3
        wide = (f(x + 2e-3 * x_dot) - f(x - 2e-3 * x_dot)) / 4e-3
        slope = np.sum(y_bar * (4 * near - wide) / 3)
        if not np.isclose(slope, np.sum(x_dot * pullback(x, y_bar)), rtol=1e-6, atol=1e-7):
            return False
    return np.True_
