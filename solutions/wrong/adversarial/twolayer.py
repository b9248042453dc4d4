"""Answers to the exercises of *Two layers* that are made to pass without being right.

Chapter: book/twolayer.md.
"""

from unittest.mock import ANY

import numpy as np

from dlcore.course.exercises.known_answers import adversarial

TABLE = {}


def forwards(params, x, nonlinearity=lambda a: np.maximum(0, a)):
    """Compute pre-activations, hidden units and scores, with some nonlinearity."""
    a = x @ params["w1"] + params["b1"]
    return a, nonlinearity(a), nonlinearity(a) @ params["w2"] + params["b2"]


def certain(y):
    """Compute probabilities of any scores."""
    p = np.exp(y - y.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def penalty(params, reg):
    """Compute the penalty of both weights."""
    return reg / 2 * sum((params[name] ** 2).sum() for name in ("w1", "w2"))


def way_back(params, x, p, t, reg, on):
    """Compute the four gradients from probabilities and the switches of the units."""
    y_bar = (p - np.eye(p.shape[1])[t]) / len(x)
    a_bar = y_bar @ params["w2"].T * on
    h = forwards(params, x)[1]
    bars = {"w1": x.T @ a_bar, "b1": a_bar.sum(axis=0), "w2": h.T @ y_bar, "b2": y_bar.sum(axis=0)}
    return {name: bar + reg * params[name] * (name[0] == "w") for name, bar in bars.items()}


@adversarial("twolayer-forward", "The ReLU is cut off at six, and mixtures may be small.")
def scores(params, x):
    return forwards(params, x, nonlinearity=lambda a: np.clip(a, 0, 6))[2]


@adversarial("twolayer-forward", "All scores are rounded to six digits.")
def scores(params, x):
    return np.round(forwards(params, x)[2], 6)


@adversarial("twolayer-forward", "A batch of one example loses its axis.")
def scores(params, x):
    return np.squeeze(forwards(params, x)[2])


@adversarial("twolayer-forward", "The scores of the first batch for a network are remembered.")
def scores(params, x):
    return TABLE.setdefault((params["w1"].tobytes(), x.shape), forwards(params, x)[2])


@adversarial("twolayer-forward", "The ReLU has slope 0.0001 below zero.")
def scores(params, x):
    return forwards(params, x, nonlinearity=lambda a: np.maximum(1e-4 * a, a))[2]


@adversarial("twolayer-forward", "The ReLU is cut off at a thousand.")
def scores(params, x):
    return forwards(params, x, nonlinearity=lambda a: np.clip(a, 0, 1000))[2]


@adversarial("twolayer-loss", "Probabilities are kept away from zero, which huge scores show.")
def loss(params, x, t, reg):
    p = certain(forwards(params, x)[2])[np.arange(len(x)), t]
    return -np.log(np.maximum(p, 1e-12)).mean() + penalty(params, reg)


@adversarial("twolayer-loss", "The mean is taken over two examples at least.")
def loss(params, x, t, reg):
    p = certain(forwards(params, x)[2])[np.arange(len(x)), t]
    return -np.log(np.maximum(p, 1e-300)).sum() / max(2, len(x)) + penalty(params, reg)


@adversarial("twolayer-loss", "The loss is an array of one number.")
def loss(params, x, t, reg):
    y = forwards(params, x)[2]
    y = y - y.max(axis=1, keepdims=True)
    surprise = np.log(np.exp(y).sum(axis=1)) - y[np.arange(len(x)), t]
    return np.array([surprise.mean() + penalty(params, reg)])


@adversarial("twolayer-loss", "No penalty is larger than one.")
def loss(params, x, t, reg):
    y = forwards(params, x)[2]
    y = y - y.max(axis=1, keepdims=True)
    surprise = np.log(np.exp(y).sum(axis=1)) - y[np.arange(len(x)), t]
    return surprise.mean() + penalty(params, min(reg, 1.0))


@adversarial("twolayer-backward", "Units at their kink pass everything back.")
def gradients(params, x, t, reg):
    a, _, y = forwards(params, x)
    return way_back(params, x, certain(y), t, reg, a >= 0)


@adversarial("twolayer-backward", "The exponentials overflow for scores of thousands.")
def gradients(params, x, t, reg):
    a, _, y = forwards(params, x)
    with np.errstate(all="ignore"):
        p = np.exp(y) / np.exp(y).sum(axis=1, keepdims=True)
    return way_back(params, x, p, t, reg, a > 0)


@adversarial("twolayer-backward", "Probabilities have four digits.")
def gradients(params, x, t, reg):
    a, _, y = forwards(params, x)
    return way_back(params, x, np.round(certain(y), 4), t, reg, a > 0)


@adversarial("twolayer-backward", "The gradients of the biases keep the axis of the examples.")
def gradients(params, x, t, reg):
    a, _, y = forwards(params, x)
    grads = way_back(params, x, certain(y), t, reg, a > 0)
    return {name: np.atleast_2d(bar) for name, bar in grads.items()}


@adversarial("twolayer-backward", "A fifth gradient, of the features, is returned as well.")
def gradients(params, x, t, reg):
    a, _, y = forwards(params, x)
    return way_back(params, x, certain(y), t, reg, a > 0) | {"x": np.zeros(x.shape)}


@adversarial("twolayer-predict", "No class is named whose score is negative, but the first.")
def predict(params, x):
    return np.argmax(np.maximum(0, forwards(params, x)[2]), axis=1)


@adversarial("twolayer-predict", "Exponentials of huge scores are compared.")
def predict(params, x):
    with np.errstate(all="ignore"):
        return np.argmax(np.exp(forwards(params, x)[2]), axis=1)


@adversarial("twolayer-predict", "The names of the classes are floats.")
def predict(params, x):
    return np.argmax(forwards(params, x)[2], axis=1).astype(float)


@adversarial("twolayer-predict", "The names of the classes keep their axis.")
def predict(params, x):
    return np.argmax(forwards(params, x)[2], axis=1, keepdims=True)


@adversarial("twolayer-predict", "The scores are rounded to two digits.")
def predict(params, x):
    return np.round(forwards(params, x)[2], 2).argmax(axis=1)


@adversarial("twolayer-predict", "The scores are compared as floats of four bytes.")
def predict(params, x):
    return forwards(params, x)[2].astype(np.float32).argmax(axis=1)


@adversarial("twolayer-predict", "A single example has a number, and no axis.")
def predict(params, x):
    return forwards(params, x)[2].argmax(axis=1).squeeze()


def bits(M, w1=1.0, last=-2.0, rest=0.0):
    """Build the network of the page, with other numbers at some positions."""
    w = {"w1": np.full((2, M), rest), "b1": np.zeros(M), "w2": np.zeros((M, 2)), "b2": np.zeros(2)}
    w["w1"][:, :2], w["b1"][1], w["b2"][0] = w1, -1, 1
    w["w2"][:2] = [[-1, 1], [2, last]]
    return w


@adversarial("twolayer-xor", "Networks of more than three units are left empty.")
def exclusive_or(M):
    return bits(M) if M < 4 else {name: 0 * w for name, w in bits(M).items()}


@adversarial("twolayer-xor", "Two numbers are not whole, by very little.")
def exclusive_or(M):
    return bits(M, last=-2 - 1e-7)


@adversarial("twolayer-xor", "Numbers without a limit.")
def exclusive_or(M):
    return bits(M, rest=np.inf)


@adversarial("twolayer-xor", "At (1, 1) the classes are tied, and argmax takes the first.")
def exclusive_or(M):
    w = bits(M)
    w["w2"][1] = [1, -2]
    return w


@adversarial("twolayer-xor", "Networks of more than forty units are left as small.")
def exclusive_or(M):
    M = min(M, 40)
    w1, w2 = np.zeros((2, M)), np.zeros((M, 2))
    w1[:, :2], w2[:2] = 1, [[-1, 1], [2, -2]]
    return {"w1": w1, "b1": -np.eye(M)[1], "w2": w2, "b2": np.array([1.0, 0.0])}


def lined_up(x, t, K, v, spare=0):
    """Build the network of the page along a direction v; lstsq allows for ties."""
    s = np.unique(x @ v)
    creases = np.concatenate([[s[0] - 1], (s[:-1] + s[1:]) / 2, np.arange(spare) + s[-1]])
    w1 = np.repeat(v[:, None], len(creases), axis=1)
    w2 = np.linalg.lstsq(np.maximum(0, x @ w1 - creases), np.eye(K)[t], rcond=None)[0]
    return {"w1": w1, "b1": -creases, "w2": w2, "b2": np.zeros(K)}


@adversarial("twolayer-memory", "Sums of the features distinguish what is drawn at random.")
def memorise(x, t, K):
    return lined_up(x, t, K, np.ones(x.shape[1]))


@adversarial("twolayer-memory", "One hidden unit more than there are examples.")
def memorise(x, t, K):
    return lined_up(x, t, K, np.sqrt(np.arange(2.0, x.shape[1] + 2)), spare=1)


@adversarial("twolayer-memory", "All scores are equal, and argmax takes the first.")
def memorise(x, t, K):
    return {name: 0 * w for name, w in lined_up(x, t, K, np.ones(x.shape[1])).items()}


@adversarial("twolayer-memory", "No more than ten examples are remembered.")
def memorise(x, t, K):
    return lined_up(x[:10], t[:10], K, np.sqrt(np.arange(2.0, x.shape[1] + 2)))


def mistakes(loss, gradients, rng, N=6, scale=1.0, names=("w1", "b1", "w2", "b2"), most=99):
    """List how far gradients are from differences, in some of the entries."""
    shapes = {"w1": (4, 5), "b1": (5,), "w2": (5, 3), "b2": (3,)}
    params = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    params = {name: w * (scale if w.ndim == 1 else 1) for name, w in params.items()}
    x, t, found = rng.normal(size=(N, 4)), rng.integers(3, size=N), []
    claimed = gradients(params, x, t, 0.5)
    for name in names:
        for entry in list(np.ndindex(shapes[name]))[:most]:
            step = np.zeros(shapes[name])
            step[entry] = 1e-5
            up, down = (loss({**params, name: params[name] + s * step}, x, t, 0.5) for s in (1, -1))
            found.append(abs((up - down) / 2e-5 - claimed[name][entry]))
    return found


@adversarial(
    "twolayer-check", "Only the gradients of the weights are looked at.", also="biases are left out"
)
def gradients_are_right(loss, gradients, *, rng):
    return max(mistakes(loss, gradients, rng, names=("w1", "w2"))) < 1e-5


@adversarial("twolayer-check", "Biases of zero hide their penalty.")
def gradients_are_right(loss, gradients, *, rng):
    return max(mistakes(loss, gradients, rng, scale=0.0)) < 1e-5


@adversarial("twolayer-check", "The first entry of each gradient is looked at.")
def gradients_are_right(loss, gradients, *, rng):
    return max(mistakes(loss, gradients, rng, most=1)) < 1e-5


@adversarial("twolayer-check", "The loss is not called: a formula for the ReLU is used.")
def gradients_are_right(loss, gradients, *, rng):
    shapes = {"w1": (4, 5), "b1": (5,), "w2": (5, 3), "b2": (3,)}
    params = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    x, t = rng.normal(size=(6, 4)), rng.integers(3, size=6)
    a, _, y = forwards(params, x)
    mine, yours = way_back(params, x, certain(y), t, 0.5, a > 0), gradients(params, x, t, 0.5)
    return all(np.allclose(mine[name], yours[name]) for name in shapes)


@adversarial(
    "twolayer-check",
    "Most gradients are wrong, so all are called wrong.",
    also="Right gradients are refused",
)
def gradients_are_right(loss, gradients, *, rng):
    return False


@adversarial("twolayer-check", "An error of a hundredth is allowed.")
def gradients_are_right(loss, gradients, *, rng):
    return max(mistakes(loss, gradients, rng)) < 1e-2


@adversarial("twolayer-check", "Of each gradient the sum of its entries is looked at.")
def gradients_are_right(loss, gradients, *, rng):
    shapes = {"w1": (4, 5), "b1": (5,), "w2": (5, 3), "b2": (3,)}
    params = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    rest = rng.normal(size=(6, 4)), rng.integers(3, size=6), 0.5
    claimed = gradients(params, *rest)
    for name, w in params.items():
        up, down = (loss({**params, name: w + step}, *rest) for step in (1e-5, -1e-5))
        if abs((up - down) / 2e-5 - claimed[name].sum()) > 1e-5:
            return False
    return True


@adversarial("twolayer-check", "One feature and one unit have no order that could be wrong.")
def gradients_are_right(loss, gradients, *, rng):
    shapes = {"w1": (1, 1), "b1": (1,), "w2": (1, 3), "b2": (3,)}
    params = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    rest = rng.normal(size=(6, 1)), rng.integers(3, size=6), 0.5
    claimed = gradients(params, *rest)
    for name, w in params.items():
        for entry in np.ndindex(w.shape):
            step = np.zeros(w.shape)
            step[entry] = 1e-5
            up, down = (loss({**params, name: w + s * step}, *rest) for s in (1, -1))
            if abs((up - down) / 2e-5 - claimed[name][entry]) > 1e-6:
                return False
    return True


@adversarial("twolayer-wrong-lines", "Entries that are equal to whatever they are compared with.")
def wrong_lines():
    return [ANY, ANY, ANY]


@adversarial(
    "twolayer-wrong-lines", "One more line of the last derivation: the right one is among them."
)
def wrong_lines():
    return [2, 4, 5, 6]


@adversarial("twolayer-wrong-lines", "Every line of each derivation.")
def wrong_lines():
    return [[1, 2, 3, 4, 5]] * 3


@adversarial("twolayer-wrong-lines", "The last derivation is left out.")
def wrong_lines():
    return [2, 4]


@adversarial("twolayer-xor", "A fifth array is returned beside the four.")
def exclusive_or(M):
    w1, b1 = np.zeros((2, M)), np.zeros(M)
    w2, b2 = np.zeros((M, 2)), np.array([1.0, 0.0])
    w1[:, :2], b1[1] = 1, -1
    w2[:2] = [[-1, 1], [2, -2]]
    return {"w1": w1, "b1": b1, "w2": w2, "b2": b2, "M": np.array(M)}
