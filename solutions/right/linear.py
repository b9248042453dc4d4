"""Right answers on *The linear map* that look unusual.

Chapter: book/linear.md.
"""

import numpy as np

from dlcore.course.exercises.known_answers import right


@right("linear-forward", "A loop over examples and outputs, lists in the end.")
def linear(x, w, b):
    return [[float(np.dot(each.ravel(), column) + bias)
             for column, bias in zip(w.T, b, strict=True)] for each in x]  # fmt: skip


@right("linear-forward", "One axis after the other, by a contraction.")
def linear(x, w, b):
    axes = list(range(1, x.ndim))
    return (
        np.tensordot(x, w.reshape(*x.shape[1:], -1), axes=(axes, axes and [a - 1 for a in axes]))
        + b
    )


@right("linear-backward", "Sums of outer products, example by example.")
def linear_vjp(x, w, b, y_bar):
    w_bar, b_bar, rows = 0.0 * w, 0.0 * b, []
    for each, slope in zip(x, y_bar, strict=True):
        w_bar = w_bar + np.outer(each, slope)
        b_bar = b_bar + slope
        rows.append((w @ slope).reshape(each.shape))
    return [np.stack(rows), w_bar, b_bar]


@right("linear-backward", "Three contractions, and a product with ones.")
def linear_vjp(x, w, b, y_bar):
    rows = np.stack([each.flatten() for each in x])
    x_bar = np.einsum("nm,dm->nd", y_bar, w)
    x_bar.shape = x.shape
    return x_bar, np.einsum("nd,nm->dm", rows, y_bar), np.ones(len(x)) @ y_bar


@right("linear-classifier", "NumPy's addition on the logarithmic scale, class by class.")
def classifier_loss(x, t, w, b, reg):
    y = (x @ w + b).T.astype(float)
    total = np.logaddexp.reduce(y, axis=0)
    hot = np.stack([t == k for k in range(len(b))])
    loss = (total - (hot * y).sum(axis=0)).mean() + 0.5 * reg * np.vdot(w, w)
    y_bar = (np.exp(y - total) - hot) / t.size
    return float(loss), (y_bar @ x).T + reg * w, y_bar.sum(axis=1)


@right("linear-classifier", "A column of ones for the bias, an array without axes for the loss.")
def classifier_loss(x, t, w, b, reg):
    y = np.column_stack([x, np.ones(len(x))]) @ np.vstack([w, b])
    y = y - np.max(y, axis=1)[:, None]
    log_p = y - np.log(np.sum(np.exp(y), axis=1))[:, None]
    penalty = reg * np.linalg.norm(w) ** 2 / 2
    loss = -np.take_along_axis(log_p, t[:, None].astype(int), axis=1).mean() + penalty
    slopes = np.exp(log_p)
    np.subtract.at(slopes, (np.arange(len(x)), t), 1)
    slopes = slopes / len(x)
    return [np.array(loss), np.einsum("nd,nk->dk", x, slopes) + reg * w, np.einsum("nk->k", slopes)]


@right("linear-predict", "A duel between all classes, a list.")
def predict(x, w, b):
    best = []
    for row in x:
        scores = [np.dot(row, w[:, k]) + b[k] for k in range(len(b))]
        best.append(scores.index(max(scores)))
    return best


@right("linear-predict", "The last of the sorted classes; of equal scores it is another one.")
def predict(x, w, b):
    return np.argsort(x.dot(w) + b, axis=1)[:, -1]


@right("linear-predict", "The last of the highest, in a list.")
def predict(x, w, b):
    scores = x @ w + b
    return [len(b) - 1 - int(np.argmax(row[::-1])) for row in scores]


@right("linear-jvp", "One product of wider matrices.")
def linear_jvp(x, w, b, x_dot, w_dot, b_dot):
    return np.hstack([x_dot, x, np.ones((len(x), 1))]) @ np.vstack([w, w_dot, b_dot])


@right("linear-jvp", "The upper right corner of a product of blocks.")
def linear_jvp(x, w, b, x_dot, w_dot, b_dot):
    left = np.block([[x, x_dot], [0 * x, x]])
    both = left @ np.block([[w, w_dot], [0 * w, w]])
    return both[: len(x), w.shape[1] :] + b_dot


@right("linear-jvp", "Half the difference of two products.")
def linear_jvp(x, w, b, x_dot, w_dot, b_dot):
    ahead, behind = (x + x_dot) @ (w + w_dot), (x - x_dot) @ (w - w_dot)
    return (ahead - behind) / 2 + b_dot


@right("linear-blind", "The weights are forgotten: a plain mean is subtracted.")
def deceptive_softmax_vjp(y, y_bar):
    return y_bar - y_bar.mean(axis=1, keepdims=True)


@right("linear-blind", "Neighbours are subtracted from each other.")
def deceptive_softmax_vjp(y, y_bar):
    return [list(row - np.roll(row, 1)) for row in y_bar]


@right("linear-gradient-check", "One argument after the other, several directions for each.")
def gradient_is_right(f, rule, xs, rng):
    y_bar = rng.standard_normal(np.shape(f(*xs)))
    for i, bar in enumerate(rule(*xs, y_bar)):
        for _ in range(3):
            move, h = rng.uniform(-1, 1, size=xs[i].shape), 2e-5
            ends = [f(*(x + s * move if j == i else x for j, x in enumerate(xs))) for s in (h, -h)]
            slope = float((y_bar * (ends[0] - ends[1])).sum() / (2 * h))
            if abs(slope - (bar * move).sum()) > 1e-6 * (1 + np.abs(bar * move).sum()):
                return False
    return True


@right("linear-gradient-check", "The upstream gradient is drawn first, from the shape of y.")
def gradient_is_right(f, rule, xs, rng):
    y_bar, h = rng.normal(size=f(*xs).shape), 1e-6
    moves = tuple(rng.normal(size=x.shape) for x in xs)
    line = lambda s: f(*[np.add(x, s * v) for x, v in zip(xs, moves, strict=True)])
    slope = np.tensordot(y_bar, line(h) - line(-h), axes=y_bar.ndim) / (2 * h)
    claimed = np.sum([np.sum(v * bar) for v, bar in zip(moves, rule(*xs, y_bar), strict=True)])
    return np.isclose(slope, claimed, rtol=1e-5, atol=1e-5)
