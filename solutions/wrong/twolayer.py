"""Plausible wrong answers to the exercises of *Two layers*, each with a word of advice.

Chapter: book/twolayer.md.
"""

import numpy as np

from dlcore.course.exercises.known_answers import wrong


def hidden(params, x):
    """Compute the hidden units, for the wrong answers that err elsewhere."""
    return np.maximum(0, x @ params["w1"] + params["b1"])


def output(params, x):
    return hidden(params, x) @ params["w2"] + params["b2"]


def surprises(params, x, t):
    """Compute the surprise of every example."""
    y = output(params, x)
    y = y - y.max(axis=1, keepdims=True)
    return np.log(np.exp(y).sum(axis=1)) - y[np.arange(len(x)), t]


def squares(params):
    return np.sum(params["w1"] ** 2) + np.sum(params["w2"] ** 2)


def errors(params, x, t):
    """Compute probabilities minus truth, divided by N."""
    y = output(params, x)
    p = np.exp(y - y.max(axis=1, keepdims=True))
    return (p / p.sum(axis=1, keepdims=True) - np.eye(y.shape[1])[t]) / len(x)


def back(params, x, y_bar, reg, switch=True):
    """Propagate the errors back; `switch` says whether the mask of the ReLU is applied."""
    h = hidden(params, x)
    a_bar = (y_bar @ params["w2"].T) * ((h > 0) if switch else 1)
    bars = {"w1": x.T @ a_bar, "b1": a_bar.sum(axis=0), "w2": h.T @ y_bar, "b2": y_bar.sum(axis=0)}
    return {name: bar + reg * params[name] * (name[0] == "w") for name, bar in bars.items()}


@wrong(
    "twolayer-forward", "The ReLU between the layers is missing: two linear maps in a row are one."
)
def scores(params, x):
    return (x @ params["w1"] + params["b1"]) @ params["w2"] + params["b2"]


@wrong("twolayer-forward", "Do not apply a ReLU to the scores: only the hidden units have one.")
def scores(params, x):
    return np.maximum(0, output(params, x))


@wrong("twolayer-forward", "The first bias is added after the ReLU: add it before.")
def scores(params, x):
    return (np.maximum(0, x @ params["w1"]) + params["b1"]) @ params["w2"] + params["b2"]


@wrong("twolayer-forward", "You forgot the bias of the second layer.")
def scores(params, x):
    return hidden(params, x) @ params["w2"]


@wrong("twolayer-loss", "The penalty is reg/2 times the sum of squares, with a half.")
def loss(params, x, t, reg):
    return surprises(params, x, t).mean() + reg * squares(params)


@wrong("twolayer-loss", "Both weights are penalised, w1 as well as w2.")
def loss(params, x, t, reg):
    return surprises(params, x, t).mean() + reg / 2 * np.sum(params["w2"] ** 2)


@wrong("twolayer-loss", "The biases are not penalised: only w1 and w2 are.")
def loss(params, x, t, reg):
    return surprises(params, x, t).mean() + reg / 2 * sum(np.sum(w**2) for w in params.values())


@wrong("twolayer-loss", "The penalty is not averaged over the examples.")
def loss(params, x, t, reg):
    return (surprises(params, x, t).sum() + reg / 2 * squares(params)) / len(x)


@wrong("twolayer-loss", "The exponentials overflow: subtract the largest score of each row first.")
def loss(params, x, t, reg):
    y = output(params, x)
    p = np.exp(y) / np.exp(y).sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(x)), t]).mean() + reg / 2 * squares(params)


@wrong("twolayer-backward", "A unit whose output is 0 receives gradient 0: multiply h̄ by [a > 0].")
def gradients(params, x, t, reg):
    return back(params, x, errors(params, x, t), reg, switch=False)


@wrong("twolayer-backward", "The errors are not divided by N, although the loss is a mean.")
def gradients(params, x, t, reg):
    return back(params, x, len(x) * errors(params, x, t), reg)


@wrong(
    "twolayer-backward", "The penalty is forgotten: add reg · w to the gradients of both weights."
)
def gradients(params, x, t, reg):
    return back(params, x, errors(params, x, t), 0)


@wrong("twolayer-backward", "The slope of reg/2 Σ w² is reg · w, without a factor of two.")
def gradients(params, x, t, reg):
    return back(params, x, errors(params, x, t), 2 * reg)


@wrong("twolayer-backward", "The biases are not penalised: no reg · b in their gradients.")
def gradients(params, x, t, reg):
    bars = back(params, x, errors(params, x, t), reg)
    return {**bars, **{name: bars[name] + reg * params[name] for name in ("b1", "b2")}}


@wrong("twolayer-predict", "The classes are the columns: search along axis 1, not axis 0.")
def predict(params, x):
    return np.argmax(output(params, x), axis=0)


@wrong("twolayer-predict", "You return the largest score; its index is asked for: np.argmax.")
def predict(params, x):
    return np.max(output(params, x), axis=1)


@wrong("twolayer-predict", "The ReLU between the layers is missing: keep what is positive.")
def predict(params, x):
    return np.argmax((x @ params["w1"] + params["b1"]) @ params["w2"] + params["b2"], axis=1)


@wrong("twolayer-predict", "The bias of the second layer is forgotten, and it may decide.")
def predict(params, x):
    return np.argmax(hidden(params, x) @ params["w2"], axis=1)


@wrong("twolayer-predict", "All scores may lie below the number that you begin with: np.argmax.")
def predict(params, x):
    best = []
    for y in output(params, x):
        highest = -999999
        found = 0
        for k, score in enumerate(y):
            if score > highest:
                highest = score
                found = k
        best.append(found)
    return np.array(best)


def network(w1, b1, w2, b2, M):
    """Build a network of M hidden units; those that are left over rest."""
    params = {"w1": np.zeros((2, M)), "b1": np.zeros(M), "w2": np.zeros((M, 2)), "b2": np.array(b2)}
    params["w1"][:, :2] = w1
    params["b1"][:2] = b1
    params["w2"][:2] = w2
    return params


@wrong("twolayer-xor", "At (1, 1) the second unit must subtract twice what the first has added.")
def exclusive_or(M):
    return network(1, [0, -1], [[-1, 1], [1, -1]], [1, 0], M)


@wrong("twolayer-xor", "Your network knows when the bits agree: exchange the two classes.")
def exclusive_or(M):
    return network(1, [0, -1], [[1, -1], [-2, 2]], [0, 1], M)


@wrong(
    "twolayer-xor", "Two hidden units are built, whatever M is: pad with units whose weights are 0."
)
def exclusive_or(M):
    return network(1, [0, -1], [[-1, 1], [2, -2]], [1, 0], 2)


@wrong("twolayer-xor", "Whole numbers are asked for: multiply everything that is a half by two.")
def exclusive_or(M):
    return network(1, [0, -1], [[-1, 1], [2, -2]], [0.5, 0], M)


def woken(x, t, K, v, creases):
    """Wake one unit after the other along v, and solve for the scores."""
    w1 = np.repeat(v[:, None], len(creases), axis=1)
    w2 = np.linalg.lstsq(np.maximum(0, x @ w1 - creases), np.eye(K)[t], rcond=None)[0]
    return {"w1": w1, "b1": -creases, "w2": w2, "b2": np.zeros(K)}


@wrong(
    "twolayer-memory", "Several examples may share one feature: take a random combination of all."
)
def memorise(x, t, K):
    v = np.eye(x.shape[1])[0]
    s = np.sort(x[:, 0])
    return woken(x, t, K, v, np.append(s[0] - 1, (s[:-1] + s[1:]) / 2))


@wrong(
    "twolayer-memory",
    "A unit whose kink lies at its own example is zero there: put the kink before it.",
)
def memorise(x, t, K):
    v = np.random.default_rng(0).normal(size=x.shape[1])
    return woken(x, t, K, v, np.sort(x @ v))


@wrong("twolayer-memory", "You use more than N hidden units: one for each example is enough.")
def memorise(x, t, K):
    v = np.random.default_rng(0).normal(size=x.shape[1])
    s = np.sort(x @ v)
    return woken(x, t, K, v, np.append(s - 0.1, [s[0] - 1, s[0] - 2]))


@wrong("twolayer-memory", "Random units hardly separate neighbours: put a kink between them.")
def memorise(x, t, K):
    rng = np.random.default_rng(0)
    w1 = rng.normal(size=(x.shape[1], len(x)))
    b1 = np.ones(len(x))
    w2 = np.linalg.lstsq(np.maximum(0, x @ w1 + b1), np.eye(K)[t], rcond=None)[0]
    return {"w1": w1, "b1": b1, "w2": w2, "b2": np.zeros(K)}


@wrong("twolayer-memory", "Features are no digits: two rows may be one number. Mix at random.")
def memorise(x, t, K):
    v = 10.0 ** np.arange(x.shape[1])
    s = np.sort(x @ v)
    return woken(x, t, K, v, np.append(s[0] - 1, (s[:-1] + s[1:]) / 2))


@wrong("twolayer-memory", "There are K classes, though the last may have no example.")
def memorise(x, t, K):
    v = np.random.default_rng(0).normal(size=x.shape[1])
    s = np.sort(x @ v)
    return woken(x, t, t.max() + 1, v, np.append(s[0] - 1, (s[:-1] + s[1:]) / 2))


def judged(loss, gradients, rng, N=6, reg=0.5, skipped="", tolerance=1e-6):
    """Compare all entries with differences, but for those of the parameters skipped."""
    shapes = {"w1": (4, 5), "b1": 5, "w2": (5, 3), "b2": 3}
    h = 1e-5
    params = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    x = rng.normal(size=(N, 4))
    t = rng.integers(3, size=N)
    claimed = gradients(params, x, t, reg)
    for name, w in params.items():
        for entry in np.ndindex(w.shape if name[0] not in skipped else (0,)):
            step = np.zeros(w.shape)
            step[entry] = h
            ends = [loss({**params, name: w + sign * step}, x, t, reg) for sign in (1, -1)]
            if abs((ends[0] - ends[1]) / (2 * h) - claimed[name][entry]) > tolerance:
                return False
    return True


@wrong("twolayer-check", "With reg = 0 a wrong penalty is not detected: choose a positive reg.")
def gradients_are_right(loss, gradients, *, rng):
    return judged(loss, gradients, rng, reg=0.0)


@wrong("twolayer-check", "With one example a sum equals a mean: draw several.")
def gradients_are_right(loss, gradients, *, rng):
    return judged(loss, gradients, rng, N=1)


@wrong("twolayer-check", "The biases are left out: all four arrays may be wrong.")
def gradients_are_right(loss, gradients, *, rng):
    return judged(loss, gradients, rng, skipped="b")


@wrong(
    "twolayer-check",
    "Right gradients are refused: a measured slope is never exact, allow for rounding.",
)
def gradients_are_right(loss, gradients, *, rng):
    return judged(loss, gradients, rng, tolerance=0.0)


@wrong("twolayer-check", "The tolerance is so wide that a wrong entry passes.")
def gradients_are_right(loss, gradients, *, rng):
    return judged(loss, gradients, rng, tolerance=1.0)


def named(advice, *numbers):
    @wrong("twolayer-wrong-lines", advice)
    def wrong_lines():
        return list(numbers)


named("Lines are counted from one: the first is the one that begins without a sign.", 1, 3, 4)
named("You name the lines after the slips, as far as there are any.", 3, 5, 5)
named("In the second derivation the ReLU is right at first: look one line further.", 2, 3, 5)
named("In the third derivation the share 1/N comes rightly, and then has to stay.", 2, 4, 4)
