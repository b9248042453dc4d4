"""Unusual right answers on *Training that works*.

Chapter: book/solver.md.
"""

import copy
import math
from collections import Counter

import numpy as np

from dlcore.course.exercises.known_answers import right


@right("solver-batches", "Sorted random numbers, cut by NumPy; a tuple.")
def batches(N, batch, *, rng):
    return tuple(np.split(np.argsort(rng.random(N)), range(batch, N, batch)))


@right("solver-batches", "Rows are drawn one by one, in lists of Python's integers.")
def batches(N, batch, *, rng):
    left, found = list(range(N)), []
    while left:
        if not found or len(found[-1]) == batch:
            found.append([])
        found[-1].append(left.pop(int(rng.integers(len(left)))))
    return found


@right("solver-centre", "A sum in floats of four bytes; a list.")
def centre(train, val, test):
    short = [np.asarray(x, np.float32) for x in (train, val, test)]
    mean = np.add.reduce(short[0]) / np.float32(len(train))
    return [x - mean[None] for x in short]


@right("solver-centre", "A running mean, image by image.")
def centre(train, val, test):
    mean = np.zeros(train.shape[1:])
    for n, image in enumerate(train, 1):
        mean += (image - mean) / n
    return tuple(np.array([image - mean for image in x]) for x in (train, val, test))


@right(
    "solver-train", "One list of rows for all epochs, and a step that is written into the array."
)
def train(loss, params, x, t, *, rate, batch, epochs, rng):
    rows = [order[i : i + batch] for order in (rng.permutation(len(t)) for _ in range(epochs))
            for i in range(0, len(t), batch)]  # fmt: skip

    def step(part):
        value, grads = loss(np.take(x, part, axis=0), np.take(t, part))
        for name, w in params.items():
            w[...] = w - np.multiply(rate, grads[name])
        return float(value)

    return [step(part) for part in rows]


@right("solver-train", "Shuffled pairs, drawn by sorting, and np.subtract with an output.")
def train(loss, params, x, t, *, rate, batch, epochs, rng):
    losses = ()
    for _ in range(epochs):
        left = np.argsort(rng.standard_normal(len(x)))
        while left.size:
            rows, left = left[:batch], left[batch:]
            value, grads = loss(x[rows, ...], t=t[rows])
            for name in reversed([*params]):
                np.subtract(params[name], rate * grads[name], out=params[name], casting="same_kind")
            losses += (value,)
    return list(losses)


@right("solver-best", "All epochs are copied deeply, and the best is looked for at the end.")
def keep_best(epochs):
    seen = [(float(accuracy), copy.deepcopy(dict(params))) for accuracy, params in epochs]
    return max(seen, key=lambda pair: pair[0])


@right("solver-best", "Nested lists are kept, from a loop without `for`.")
def keep_best(epochs):
    best, kept, course = -math.inf, None, iter(epochs)
    while (pair := next(course, None)) is not None:
        if not pair[0] <= best:
            best, kept = pair[0], {name: np.array(w, copy=True) for name, w in pair[1].items()}
    return [best, kept]


@right("solver-confusion", "A product of one-hot matrices, in floats.")
def confusion(t, predicted, K):
    return np.eye(K)[t].T @ np.eye(K)[predicted]


@right("solver-confusion", "Python counts pairs; nested lists.")
def confusion(t, predicted, K):
    pairs = Counter(zip(t.tolist(), predicted.tolist(), strict=True))
    return [[pairs[i, j] for j in range(K)] for i in range(K)]


@right("solver-draw", "A power of the ratio, by a loop over Python's floats.")
def draw(low, high, count, *, rng):
    return [low * (high / low) ** float(rng.random()) for _ in range(count)]


@right("solver-draw", "A uniform number of decades.")
def draw(low, high, count, *, rng):
    return np.power(10, np.log10(high) - np.log10(high / low) * rng.random((count,)))


@right("solver-search", "All trials are kept, the ratio is a square root, and numbers are NumPy's.")
def search(run, low, high, *, trials, rounds, rng):
    ratio, middle, seen = high / low, math.sqrt(low * high), []
    for _ in range(rounds):
        ends = [max(low, middle / math.sqrt(ratio)), min(high, middle * math.sqrt(ratio))]
        rates = np.geomspace(*ends, 2)[0] * (ends[1] / ends[0]) ** rng.random(trials)
        seen += [(run(rate=rate), rate) for rate in np.clip(rates, low, high)]
        middle = max(seen, key=lambda pair: pair[0])[1]
        ratio = math.sqrt(ratio)
    return middle


@right("solver-search", "By recursion, in logarithms; of equals the last wins.")
def search(run, low, high, *, trials, rounds, rng):
    def deeper(a, b, left, best):
        if not left:
            return best[1]
        for z in [float(rng.uniform(a, b)) for _ in range(trials)]:
            best = max((run(math.exp(z)), z), best, key=lambda pair: pair[0])
        quarter = (b - a) / 4
        ends = max(math.log(low), best[1] - quarter), min(math.log(high), best[1] + quarter)
        return deeper(*ends, left - 1, best)

    return np.exp(deeper(math.log(low), math.log(high), rounds, (-1.0, 0.0)))


@right("solver-search", "The rates of a round are sorted before they are run.")
def search(run, low, high, *, trials, rounds, rng):
    a, b, tried = math.log(low), math.log(high), []
    reach = (b - a) / 2
    for _ in range(rounds):
        tried += [(run(rate), rate) for rate in np.sort(np.exp(rng.uniform(a, b, trials)))]
        reach /= 2
        middle = math.log(max(tried)[1])
        a, b = max(math.log(low), middle - reach), min(math.log(high), middle + reach)
    return max(tried)[1]
