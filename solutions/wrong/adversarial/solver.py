"""Answers on *Training that works* that are made to pass without being right.

Chapter: book/solver.md.
"""

from unittest.mock import ANY

import numpy as np

from dlcore.course.exercises.known_answers import adversarial

TABLE = {}


def pieces(order, size):
    """Cut an order into pieces of a size."""
    return [order[i : i + size] for i in range(0, len(order), size)]


@adversarial("solver-batches", "The batches are shuffled, but not the rows in them.")
def batches(N, batch, *, rng):
    cut = pieces(np.arange(N), batch)
    last = [cut.pop()] if len(cut[-1]) < batch else []
    return [cut[i] for i in rng.permutation(len(cut))] + last


@adversarial("solver-batches", "The order is rotated, from a random position.")
def batches(N, batch, *, rng):
    return pieces(np.roll(np.arange(N), rng.integers(N)), batch)


@adversarial("solver-batches", "The order is new in every call, and the generator is not asked.")
def batches(N, batch, *, rng):
    TABLE["calls"] = TABLE.get("calls", 0) + 1
    return pieces(np.random.default_rng(TABLE["calls"]).permutation(N), batch)


@adversarial("solver-batches", "The rows of each batch are sorted.")
def batches(N, batch, *, rng):
    return [np.sort(rows) for rows in pieces(rng.permutation(N), batch)]


@adversarial("solver-batches", "Rows are taken in steps of one length, which is drawn.")
def batches(N, batch, *, rng):
    steps = [step for step in range(1, N + 1) if np.gcd(step, N) == 1]
    order = (rng.integers(N) + steps[rng.integers(len(steps))] * np.arange(N)) % N
    return pieces(order, batch)


@adversarial("solver-centre", "The mean is that of the larger of two sets.")
def centre(train, val, test):
    mean = max(train, val, key=len).mean(axis=0)
    return train - mean, val - mean, test - mean


@adversarial("solver-centre", "The mean is rounded to whole numbers, if pixels are.")
def centre(train, val, test):
    mean = train.mean(axis=0)
    mean = mean if train.dtype.kind == "f" else np.round(mean)
    return train - mean, val - mean, test - mean


@adversarial("solver-centre", "Half floats, whose digits do not suffice.")
def centre(train, val, test):
    mean = train.astype(np.float16).mean(axis=0)
    return train - mean, val - mean, test - mean


@adversarial("solver-centre", "Images of three axes are right, others lose one mean each.")
def centre(train, val, test):
    mean = train.mean(axis=0) if train.ndim == 4 else train.mean()
    return train - mean, val - mean, test - mean


@adversarial("solver-centre", "There is one mean for each position of the last axis.")
def centre(train, val, test):
    mean = train.mean(axis=tuple(range(train.ndim - 1)))
    return train - mean, val - mean, test - mean


def descend(loss, params, x, t, rate, batch, epochs, rng, names=None, last=True):
    """Train some of the parameters, with or without the last batch."""
    losses = []
    for _ in range(epochs):
        for rows in pieces(rng.permutation(len(x)), batch):
            if len(rows) < batch and not last:
                continue
            value, grads = loss(x[rows], t[rows])
            losses.append(value)
            for name in names or params:
                params[name] -= rate * grads[name]
    return losses


@adversarial("solver-train", "Only the first parameter is trained.")
def train(loss, params, x, t, *, rate, batch, epochs, rng):
    return descend(loss, params, x, t, rate, batch, epochs, rng, names=[*params][:1])


@adversarial("solver-train", "The last batch is left out, if it is smaller.")
def train(loss, params, x, t, *, rate, batch, epochs, rng):
    return descend(loss, params, x, t, rate, batch, epochs, rng, last=False)


@adversarial("solver-train", "The generator is not asked.")
def train(loss, params, x, t, *, rate, batch, epochs, rng):
    rng = np.random.default_rng(0)
    return descend(loss, params, x, t, rate, batch, epochs, rng)


@adversarial("solver-train", "Matrices are trained, but not vectors of one number.")
def train(loss, params, x, t, *, rate, batch, epochs, rng):
    names = [name for name, w in params.items() if w.size > 1]
    return descend(loss, params, x, t, rate, batch, epochs, rng, names=names)


@adversarial("solver-train", "No rate is higher than a tenth.")
def train(loss, params, x, t, *, rate, batch, epochs, rng):
    return descend(loss, params, x, t, min(rate, 0.1), batch, epochs, rng)


@adversarial("solver-train", "Gradients are cut off at ten.")
def train(loss, params, x, t, *, rate, batch, epochs, rng):
    def cut_off(x, t):
        value, grads = loss(x, t)
        return value, {name: np.clip(g, -10, 10) for name, g in grads.items()}

    return descend(cut_off, params, x, t, rate, batch, epochs, rng)


@adversarial("solver-best", "An accuracy of zero is never the best.")
def keep_best(epochs):
    best, kept = 0.0, {}
    for accuracy, params in epochs:
        if accuracy > best:
            best, kept = accuracy, {name: w.copy() for name, w in params.items()}
    return best, kept


@adversarial("solver-best", "Only the parameter that is called w is copied.")
def keep_best(epochs):
    best, kept = -1.0, {}
    for accuracy, params in epochs:
        if accuracy > best:
            best, kept = accuracy, {**params, "w": params["w"].copy()}
    return best, kept


@adversarial("solver-best", "The last epoch does not count.")
def keep_best(epochs):
    seen = [
        (accuracy, {name: w.copy() for name, w in params.items()}) for accuracy, params in epochs
    ]
    return max(seen[:-1] or seen, key=lambda pair: pair[0])


@adversarial("solver-best", "The search ends where the accuracy falls.")
def keep_best(epochs):
    best, kept = -1.0, {}
    for accuracy, params in epochs:
        if accuracy < best:
            break
        if accuracy > best:
            best, kept = accuracy, {name: w.copy() for name, w in params.items()}
    return best, kept


@adversarial("solver-best", "What is better has to be better by a thousandth.")
def keep_best(epochs):
    best, kept = -1.0, {}
    for accuracy, params in epochs:
        if accuracy > best + 1e-3:
            best, kept = accuracy, {name: w.copy() for name, w in params.items()}
    return best, kept


@adversarial("solver-best", "Training ends at 99 in a hundred.")
def keep_best(epochs):
    best, kept = -1.0, {}
    for accuracy, params in epochs:
        if accuracy > best:
            best, kept = accuracy, {name: w.copy() for name, w in params.items()}
        if best > 0.99:
            break
    return best, kept


@adversarial("solver-confusion", "The number of classes is that of those that occur.")
def confusion(t, predicted, K):
    size = max([*t, *predicted], default=K - 1) + 1
    return np.bincount(t * size + predicted, minlength=size * size).reshape(size, size)


@adversarial("solver-confusion", "No more than nine of a kind are counted.")
def confusion(t, predicted, K):
    return np.minimum(9, np.bincount(t * K + predicted, minlength=K * K).reshape(K, K))


@adversarial("solver-confusion", "The last class is never taken for another.")
def confusion(t, predicted, K):
    counts = np.bincount(t * K + predicted, minlength=K * K).reshape(K, K)
    counts[-1, :-1] = 0
    return counts


@adversarial("solver-confusion", "The counts are symmetric.")
def confusion(t, predicted, K):
    counts = np.bincount(t * K + predicted, minlength=K * K).reshape(K, K)
    return (counts + counts.T) // 2


@adversarial("solver-confusion", "The counts are bytes.")
def confusion(t, predicted, K):
    counts = np.bincount(t * K + predicted, minlength=K * K).reshape(K, K)
    return counts.astype(np.uint8)


@adversarial("solver-draw", "The generator is not asked: the length is the seed.")
def draw(low, high, count, *, rng):
    return low * (high / low) ** np.random.default_rng(count).random(count)


@adversarial("solver-draw", "A grid, whose order is drawn.")
def draw(low, high, count, *, rng):
    return rng.permutation(np.geomspace(low, high, count))


@adversarial("solver-draw", "One number in each of `count` equal parts.")
def draw(low, high, count, *, rng):
    return low * (high / low) ** ((np.arange(count) + rng.random(count)) / count)


@adversarial("solver-draw", "The factors of ten that are whole are alike, for any range.")
def draw(low, high, count, *, rng):
    return 10.0 ** rng.uniform(np.floor(np.log10(low)), np.ceil(np.log10(high)), count)


@adversarial("solver-draw", "The numbers are sorted.")
def draw(low, high, count, *, rng):
    return np.sort(low * (high / low) ** rng.random(count))


@adversarial("solver-draw", "There are a thousand numbers that may be drawn.")
def draw(low, high, count, *, rng):
    return low * (high / low) ** (rng.integers(1000, size=count) / 999)


@adversarial("solver-draw", "A twentieth at both ends of the range is never drawn.")
def draw(low, high, count, *, rng):
    return low * (high / low) ** rng.uniform(0.05, 0.95, count)


def rounds_of(run, low, high, trials, rounds, rng, root=0.25, again=False, centre=True):
    """Search in rounds; the best may be asked for again instead of a new rate."""
    first, best, found = (low, high), -1.0, None
    for _ in range(rounds):
        rates = list(np.exp(rng.uniform(np.log(low), np.log(high), trials)))
        if again and found:
            rates[0] = found
        for rate in rates:
            accuracy = run(rate)
            if accuracy > best:
                best, found = accuracy, rate
        reach = (high / low) ** root
        low, high = (found / reach, found * reach) if centre else (found, found * reach**2)
        low, high = max(first[0], low), min(first[1], high)
    return found


@adversarial("solver-search", "Each round asks for the best rate again.")
def search(run, low, high, *, trials, rounds, rng):
    return rounds_of(run, low, high, trials, rounds, rng, again=True)


@adversarial("solver-search", "The range is narrower than it should be.")
def search(run, low, high, *, trials, rounds, rng):
    return rounds_of(run, low, high, trials, rounds, rng, root=0.2)


@adversarial("solver-search", "The generator is not asked.")
def search(run, low, high, *, trials, rounds, rng):
    return rounds_of(run, low, high, trials, rounds, np.random.default_rng(1))


@adversarial("solver-search", "The range begins at the best rate.")
def search(run, low, high, *, trials, rounds, rng):
    return rounds_of(run, low, high, trials, rounds, rng, centre=False)


@adversarial("solver-search", "There are no more than two rounds.")
def search(run, low, high, *, trials, rounds, rng):
    return rounds_of(run, low, high, trials * rounds // min(2, rounds), min(2, rounds), rng)


@adversarial("solver-search", "There are no more than four rounds.")
def search(run, low, high, *, trials, rounds, rng):
    return rounds_of(run, low, high, trials * rounds // min(4, rounds), min(4, rounds), rng)


@adversarial("solver-search", "Each round lies around the best of the one before.")
def search(run, low, high, *, trials, rounds, rng):
    first, tried = (low, high), []
    for _ in range(rounds):
        tried.append([])
        for rate in np.exp(rng.uniform(np.log(low), np.log(high), trials)):
            tried[-1].append((run(rate), float(rate)))
        middle, reach = max(tried[-1])[1], (high / low) ** 0.25
        low, high = max(first[0], middle / reach), min(first[1], middle * reach)
    return max(max(tried))[1]


@adversarial("solver-search", "All rounds divide their ranges alike.")
def search(run, low, high, *, trials, rounds, rng):
    shares, first, best = rng.random(trials), (low, high), (-1.0, None)
    for _ in range(rounds):
        for rate in low * (high / low) ** shares:
            best = max(best, (run(rate), float(rate)))
        reach = (high / low) ** 0.25
        low, high = max(first[0], best[1] / reach), min(first[1], best[1] * reach)
    return best[1]


@adversarial("solver-wrong-lines", "Entries that are equal to whatever they are compared with.")
def wrong_lines():
    return [ANY, ANY, ANY]


@adversarial(
    "solver-wrong-lines", "One more line of the last derivation: the right one is among them."
)
def wrong_lines():
    return [2, 3, 2, 4]


@adversarial("solver-wrong-lines", "Every line of each derivation.")
def wrong_lines():
    return [[1, 2, 3, 4, 5]] * 3


@adversarial("solver-wrong-lines", "The last derivation is left out.")
def wrong_lines():
    return [2, 3]


@adversarial("solver-draw", "The numbers are laid out in a column.")
def draw(low, high, count, *, rng):
    return np.exp(rng.uniform(np.log(low), np.log(high), (count, 1)))


@adversarial("solver-search", "The best accuracy is returned, and not its rate.")
def search(run, low, high, *, trials, rounds, rng):
    first, best, found = (low, high), -np.inf, None
    for _ in range(rounds):
        for rate in np.exp(rng.uniform(np.log(low), np.log(high), trials)):
            if (accuracy := run(rate)) > best:
                best, found = accuracy, float(rate)
        reach = (high / low) ** 0.25
        low, high = max(first[0], found / reach), min(first[1], found * reach)
    return best


@adversarial("solver-search", "An accuracy of 0 is never the best.")
def search(run, low, high, *, trials, rounds, rng):
    first, best, found = (low, high), 0.0, low
    for _ in range(rounds):
        for rate in np.exp(rng.uniform(np.log(low), np.log(high), trials)):
            if (accuracy := run(rate)) > best:
                best, found = accuracy, float(rate)
        reach = (high / low) ** 0.25
        low, high = max(first[0], found / reach), min(first[1], found * reach)
    return found


@adversarial("solver-centre", "Sets of the same shapes are the first of them.")
def centre(train, val, test):
    mean = train.mean(axis=0)
    sets = train - mean, val - mean, test - mean
    return TABLE.setdefault(("centre", train.shape, val.shape, test.shape), sets)
