"""Unusual right answers to the exercises of *Two layers*.

Chapter: book/twolayer.md.
"""

import math

import numpy as np

from dlcore.course.exercises.known_answers import right


@right("twolayer-forward", "Example by example, with dot products.")
def scores(params, x):
    w1, b1, w2, b2 = (params[name] for name in ("w1", "b1", "w2", "b2"))
    rows = []
    for example in x:
        h = [max(0.0, float(np.dot(example, w1[:, m]) + b1[m])) for m in range(len(b1))]
        rows.append([float(np.dot(h, w2[:, k]) + b2[k]) for k in range(len(b2))])
    return rows


@right("twolayer-forward", "A column of ones carries the biases, and einsum mixes.")
def scores(params, x):
    ones = np.ones((len(x), 1))
    first = np.vstack([params["w1"], params["b1"]])
    second = np.vstack([params["w2"], params["b2"]])
    a = np.einsum("nd,dm->nm", np.hstack([x, ones]), first)
    return np.einsum("nm,mk->nk", np.hstack([(a + abs(a)) / 2, ones]), second)


def outputs(params, x):
    """Compute the scores, for answers that are unusual elsewhere."""
    return np.maximum(0, x @ params["w1"] + params["b1"]) @ params["w2"] + params["b2"]


@right("twolayer-loss", "NumPy's logarithm of a sum of exponentials, and norms.")
def loss(params, x, t, reg):
    y = outputs(params, x)
    surprise = np.logaddexp.reduce(y, axis=1) - np.take_along_axis(y, t[:, None], 1)[:, 0]
    return np.mean(surprise) + 0.5 * reg * sum(np.linalg.norm(params[w]) ** 2 for w in ("w2", "w1"))


@right("twolayer-loss", "Python's exact sums, in another order.")
def loss(params, x, t, reg):
    total = []
    for row, label in zip(outputs(params, x).tolist()[::-1], t.tolist()[::-1], strict=True):
        total.append(math.log(math.fsum(math.exp(y - max(row)) for y in row)) + max(row))
        total.append(-row[label])
    squares = [float(w) ** 2 for name in ("w1", "w2") for w in params[name].flat]
    return math.fsum(total) / len(x) + reg * math.fsum(squares) / 2


@right("twolayer-backward", "Outer products, example by example; logarithms first.")
def gradients(params, x, t, reg):
    grads = {name: np.zeros(w.shape) for name, w in params.items()}
    for example, label in zip(x, t, strict=True):
        h = np.maximum(0, example @ params["w1"] + params["b1"])
        y = h @ params["w2"] + params["b2"]
        error = np.exp(y - np.logaddexp.reduce(y))
        error[label] -= 1
        a_bar = np.sign(h) * (params["w2"] @ error)
        for name, bar in (("w2", np.outer(h, error)), ("b2", error)):
            grads[name] += bar / len(x)
        grads["w1"] += np.outer(example, a_bar) / len(x)
        grads["b1"] += a_bar / len(x)
    for name in ("w1", "w2"):
        grads[name] = grads[name] + reg * params[name]
    return grads


@right("twolayer-backward", "One matrix for weights and bias, split at the end.")
def gradients(params, x, t, reg):
    x1 = np.column_stack([x, np.ones(len(x))])
    h = np.fmax(0, x1 @ np.vstack([params["w1"], params["b1"]]))
    h1 = np.column_stack([h, np.ones(len(x))])
    y = h1 @ np.vstack([params["w2"], params["b2"]])
    p = 1 / np.exp(np.minimum(y[:, None, :] - y[:, :, None], 700)).sum(axis=2)
    error = (p - (np.arange(y.shape[1]) == t[:, None])) / len(x)
    second = np.einsum("nm,nk->mk", h1, error)
    first = np.einsum("nd,nk,mk,nm->dm", x1, error, params["w2"], 1.0 * (h > 0))
    grads = {"b2": second[-1], "w2": second[:-1], "b1": first[-1], "w1": first[:-1]}
    return {name: bar + reg * params[name] if bar.ndim == 2 else bar for name, bar in grads.items()}


@right("twolayer-predict", "The last of the sorted classes, as a list.")
def predict(params, x):
    return [int(np.argsort(row)[-1]) for row in outputs(params, x)]


@right("twolayer-predict", "Probabilities of scores, from which the largest has been subtracted.")
def predict(params, x):
    y = outputs(params, x)
    p = np.exp(y - y.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    return np.where(p == p.max(axis=1, keepdims=True))[1].astype(np.uint8)


@right("twolayer-xor", "Two differences, of which one is positive where the bits differ.")
def exclusive_or(M):
    spare = M - 2
    return {
        "w1": [[1, -1] + spare * [0], [-1, 1] + spare * [0]],
        "b1": M * [0],
        "w2": [[-1, 1], [-1, 1]] + spare * [[0, 0]],
        "b2": (1, 0),
    }


@right("twolayer-xor", "All spare units repeat the first, and share its work.")
def exclusive_or(M):
    w1, b1 = np.ones((2, M), int), np.zeros(M, int)
    b1[-1] = -1
    w2 = np.repeat([[0, 2]], M, axis=0)
    w2[-1] = [0, -4 * (M - 1)]
    return {"w1": w1, "b1": b1, "w2": w2, "b2": np.array([1, 0])}


def line(x):
    """Line the examples up along a direction that separates all of them."""
    rng = np.random.default_rng(7)
    while True:
        v = rng.normal(size=x.shape[1])
        s = np.sort(x @ v)
        if len(s) < 2 or np.diff(s).min() > 1e-6:
            return v, np.argsort(x @ v), s


@right("twolayer-memory", "N - 1 units: a polygon through all labels, by changes of slope.")
def memorise(x, t, K):
    v, order, s = line(x)
    heights = np.eye(K)[t[order]]
    if len(x) == 1:
        return {"w1": np.zeros((x.shape[1], 0)), "b1": np.zeros(0), "w2": np.zeros((0, K)),
                "b2": heights[0]}  # fmt: skip
    slopes = np.diff(heights, axis=0) / np.diff(s)[:, None]
    w2 = np.diff(slopes, axis=0, prepend=np.zeros((1, K)))
    return {"w1": np.outer(v, np.ones(len(s) - 1)), "b1": -s[:-1], "w2": w2, "b2": heights[0]}


@right("twolayer-memory", "Units become active from the other end, solved by substitution.")
def memorise(x, t, K):
    v, order, s = line(-x)
    creases = np.concatenate([[s[0] - 2], (s[:-1] + 2 * s[1:]) / 3])
    w1 = np.stack([-v] * len(s), axis=1)
    w2 = np.zeros((len(s), K))
    for n, example in enumerate(order):
        h = np.maximum(0, s[n] - creases)
        w2[n] = (3.0 * np.eye(K)[t[example]] - h @ w2) / h[n]
    return {"w1": w1, "b1": -creases, "w2": w2, "b2": np.full(K, 5.0)}


@right("twolayer-check", "Five random directions instead of all the entries.")
def gradients_are_right(loss, gradients, *, rng):
    shapes = {"w1": (5, 6), "b1": (6,), "w2": (6, 4), "b2": (4,)}
    params = {name: rng.uniform(-1, 1, size=shape) for name, shape in shapes.items()}
    x, t = rng.normal(size=(9, 5)), rng.integers(4, size=9)
    claimed = gradients(params, x, t, 0.7)
    for _ in range(5):
        v = {name: rng.normal(size=shape) for name, shape in shapes.items()}
        up, down = (
            loss({name: w + h * v[name] for name, w in params.items()}, x, t, 0.7)
            for h in (1e-6, -1e-6)
        )
        if not np.isclose((up - down) / 2e-6, sum((claimed[w] * v[w]).sum() for w in v), rtol=1e-4):
            return np.bool_(False)
    return np.bool_(True)


@right("twolayer-check", "The differences of each array at once, and a relative error.")
def gradients_are_right(loss, gradients, *, rng):
    params = {"w1": rng.normal(size=(3, 4)), "b1": rng.normal(size=4)}
    params |= {"w2": rng.normal(size=(4, 3)), "b2": rng.normal(size=3)}
    x, t, reg, h = rng.normal(size=(5, 3)), rng.integers(3, size=5), 1.0, 1e-6
    claimed = gradients(params, x, t, reg)
    measured = {}
    for name, w in params.items():
        steps = h * np.eye(w.size).reshape(-1, *w.shape)
        ends = [
            [loss({**params, name: w + s * step}, x, t, reg) for step in steps] for s in (1, -1)
        ]
        measured[name] = np.reshape(np.subtract(*ends), w.shape) / (2 * h)
    far = [np.abs(measured[name] - claimed[name]) / (1 + np.abs(measured[name])) for name in params]
    return max(each.max() for each in far) < 1e-3
