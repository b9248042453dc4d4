"""Plausible wrong answers on *Training that works*, each with a word of advice.

Chapter: book/solver.md.
"""

import numpy as np

from dlcore.course.exercises.known_answers import wrong


def cut(order, batch):
    """Cut an order into batches, for the wrong answers that err elsewhere."""
    return [order[i : i + batch] for i in range(0, len(order), batch)]


@wrong("solver-batches", "The order is that of the file: draw one with rng.permutation.")
def batches(N, batch, *, rng):
    return cut(np.arange(N), batch)


@wrong("solver-batches", "The examples left over at the end are lost: they make a smaller batch.")
def batches(N, batch, *, rng):
    order = rng.permutation(N)
    return [order[i * batch : (i + 1) * batch] for i in range(N // batch)]


@wrong("solver-batches", "Drawn with replacement some examples come twice and some never: permute.")
def batches(N, batch, *, rng):
    return cut(rng.integers(N, size=N), batch)


@wrong("solver-batches", "A generator of your own gives every epoch the same order: use `rng`.")
def batches(N, batch, *, rng):
    return cut(np.random.default_rng(0).permutation(N), batch)


@wrong("solver-batches", "There is an empty batch at the end where the batch divides N.")
def batches(N, batch, *, rng):
    order = rng.permutation(N)
    return [order[i * batch : (i + 1) * batch] for i in range(N // batch + 1)]


@wrong("solver-batches", "Swaps with any position make some orders likelier: use rng.permutation.")
def batches(N, batch, *, rng):
    order = np.arange(N)
    for row in range(N):
        other = rng.integers(N)
        order[row], order[other] = order[other], order[row]
    return cut(order, batch)


@wrong("solver-centre", "Each set has lost its own mean: take that of the training set.")
def centre(train, val, test):
    return tuple(x - x.mean(axis=0) for x in (train, val, test))


@wrong("solver-centre", "One number is subtracted: there is a mean for each pixel, axis 0.")
def centre(train, val, test):
    return tuple(x - train.mean() for x in (train, val, test))


@wrong("solver-centre", "The mean is that of all three sets: use the training set only.")
def centre(train, val, test):
    mean = np.concatenate([train, val, test]).mean(axis=0)
    return train - mean, val - mean, test - mean


@wrong("solver-centre", "In unsigned bytes 1 - 2 is 255: let the mean be an image of floats.")
def centre(train, val, test):
    mean = train.mean(axis=0).astype(train.dtype)
    return train - mean, val - mean, test - mean


@wrong("solver-centre", "The mean runs over the wrong axes: the examples lie along axis 0.")
def centre(train, val, test):
    axes = tuple(range(1, train.ndim))
    return tuple(x - x.mean(axis=axes, keepdims=True) for x in (train, val, test))


def steps(loss, x, t, batch, epochs, rng, redraw=True):
    """Yield the rows, the loss and the gradients of every step."""
    order = rng.permutation(len(x))
    for epoch in range(epochs):
        order = rng.permutation(len(x)) if epoch and redraw else order
        for rows in cut(order, batch):
            yield rows, *loss(x[rows], t[rows])


@wrong("solver-train", "New arrays leave those of the model unchanged: update in place, with -=.")
def train(loss, params, x, t, *, rate, batch, epochs, rng):
    losses = []
    for _, value, grads in steps(loss, x, t, batch, epochs, rng):
        losses.append(value)
        for name in params:
            params[name] = params[name] - rate * grads[name]
    return losses


@wrong("solver-train", "The steps go uphill: subtract the gradient, do not add it.")
def train(loss, params, x, t, *, rate, batch, epochs, rng):
    losses = []
    for _, value, grads in steps(loss, x, t, batch, epochs, rng):
        losses.append(value)
        for name in params:
            params[name] += rate * grads[name]
    return losses


@wrong("solver-train", "The order is drawn once: draw it anew at the start of every epoch.")
def train(loss, params, x, t, *, rate, batch, epochs, rng):
    losses = []
    for _, value, grads in steps(loss, x, t, batch, epochs, rng, redraw=False):
        losses.append(value)
        for name in params:
            params[name] -= rate * grads[name]
    return losses


@wrong("solver-train", "Each loss is that after the step: keep the one before it.")
def train(loss, params, x, t, *, rate, batch, epochs, rng):
    losses = []
    for rows, _, grads in steps(loss, x, t, batch, epochs, rng):
        for name in params:
            params[name] -= rate * grads[name]
        losses.append(loss(x[rows], t[rows])[0])
    return losses


@wrong("solver-best", "Training goes on in the arrays that you kept: copy each of them.")
def keep_best(epochs):
    best = -1.0
    kept = {}
    for accuracy, params in epochs:
        if accuracy > best:
            best = accuracy
            kept = params
    return best, kept


@wrong("solver-best", "The lowest accuracy wins here: look for the highest.")
def keep_best(epochs):
    best = np.inf
    kept = {}
    for accuracy, params in epochs:
        if accuracy < best:
            best = accuracy
            kept = {name: w.copy() for name, w in params.items()}
    return best, kept


@wrong("solver-best", "Of equal accuracies the first wins: compare with >, not >=.")
def keep_best(epochs):
    best = -1.0
    kept = {}
    for accuracy, params in epochs:
        if accuracy >= best:
            best = accuracy
            kept = {name: w.copy() for name, w in params.items()}
    return best, kept


@wrong("solver-best", "These are the parameters of the last epoch, not of the best.")
def keep_best(epochs):
    best = -1.0
    kept = {}
    for accuracy, params in epochs:
        best = max(best, accuracy)
        kept = {name: w.copy() for name, w in params.items()}
    return best, kept


@wrong("solver-best", "You stop when nothing has become better for a while: look at all epochs.")
def keep_best(epochs):
    best = -1.0
    kept = {}
    patience = 3
    for accuracy, params in epochs:
        patience -= 1
        if accuracy > best:
            best = accuracy
            kept = {name: w.copy() for name, w in params.items()}
            patience = 3
        if not patience:
            break
    return best, kept


@wrong("solver-confusion", "A pair that comes twice is counted once by +=: use np.add.at.")
def confusion(t, predicted, K):
    counts = np.zeros((K, K), int)
    counts[t, predicted] += 1
    return counts


@wrong("solver-confusion", "Rows are true classes, columns predicted ones: yours are exchanged.")
def confusion(t, predicted, K):
    return np.bincount(predicted * K + t, minlength=K * K).reshape(K, K)


@wrong("solver-confusion", "These are fractions: count the examples.")
def confusion(t, predicted, K):
    return np.bincount(t * K + predicted, minlength=K * K).reshape(K, K) / len(t)


@wrong("solver-confusion", "Only correct predictions are counted: the others lie off the diagonal.")
def confusion(t, predicted, K):
    return np.diag(np.bincount(t[t == predicted], minlength=K))


@wrong("solver-draw", "Nearly all are in the last factor of ten: draw their logarithms.")
def draw(low, high, count, *, rng):
    return rng.uniform(low, high, count)


@wrong("solver-draw", "These are the logarithms: exponentiate them.")
def draw(low, high, count, *, rng):
    return rng.uniform(np.log(low), np.log(high), count)


@wrong("solver-draw", "Logarithm and exponential have different bases: ln goes with exp.")
def draw(low, high, count, *, rng):
    return np.exp(rng.uniform(np.log10(low), np.log10(high), count))


@wrong("solver-draw", "A grid is not random: draw the logarithms from `rng`.")
def draw(low, high, count, *, rng):
    return np.geomspace(low / 2, high / 2, count)


def hunt(run, low, high, trials, rounds, rng, draw=None, root=0.25, clipped=True, fresh=False):
    """Look from coarse to fine; the options are what may go wrong."""
    first = (low, high)
    best = -np.inf
    found = None
    evenly = lambda low, high: np.exp(rng.uniform(np.log(low), np.log(high), trials))
    for _ in range(rounds):
        best = -np.inf if fresh else best
        for rate in (draw or evenly)(low, high):
            if (accuracy := run(rate)) > best:
                best = accuracy
                found = float(rate)
        reach = (high / low) ** root
        low = found / reach
        high = found * reach
        low, high = (max(first[0], low), min(first[1], high)) if clipped else (low, high)
    return found


@wrong("solver-search", "Rates are drawn evenly, so nearly all are large: draw their logarithms.")
def search(run, low, high, *, trials, rounds, rng):
    draw = lambda low, high: rng.uniform(low, high, trials)
    return hunt(run, low, high, trials, rounds, rng, draw=draw)


@wrong("solver-search", "The range grows across the edge of the first one: clip both of its ends.")
def search(run, low, high, *, trials, rounds, rng):
    return hunt(run, low, high, trials, rounds, rng, clipped=False)


@wrong("solver-search", "From best/reach to best·reach the ratio is reach²: take the fourth root.")
def search(run, low, high, *, trials, rounds, rng):
    return hunt(run, low, high, trials, rounds, rng, root=0.5)


@wrong("solver-search", "The best of the last round may be worse than one before it.")
def search(run, low, high, *, trials, rounds, rng):
    return hunt(run, low, high, trials, rounds, rng, fresh=True)


@wrong("solver-search", "Clip the range, and not the rates: the edge would be tried many times.")
def search(run, low, high, *, trials, rounds, rng):
    inside = lambda a, b: np.clip(np.exp(rng.uniform(np.log(a), np.log(b), trials)), low, high)
    return hunt(run, low, high, trials, rounds, rng, draw=inside, clipped=False)


def named(advice, *numbers):
    @wrong("solver-wrong-lines", advice)
    def wrong_lines():
        return list(numbers)


named("Lines are counted from one: the first is the one that begins without a sign.", 1, 2, 1)
named("You name the lines after the slips: each follows from what is wrong.", 3, 4, 3)
named("In the first derivation a batch pulls by a mean, and a mean is divided.", 3, 3, 2)
named("In the second, squares stay squares when they are multiplied out.", 2, 2, 2)


@wrong("solver-train", "The loss is called once a step: keep what it returns.")
def train(loss, params, x, t, *, rate, batch, epochs, rng):
    losses = []
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for i in range(0, len(x), batch):
            rows = order[i : i + batch]
            losses.append(loss(x[rows], t[rows])[0])
            grads = loss(x[rows], t[rows])[1]
            for name in params:
                params[name] -= rate * grads[name]
    return losses


@wrong("solver-train", "The list has a loss for every step, not one for every epoch.")
def train(loss, params, x, t, *, rate, batch, epochs, rng):
    losses = []
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for i in range(0, len(x), batch):
            rows = order[i : i + batch]
            value, grads = loss(x[rows], t[rows])
            for name in params:
                params[name] -= rate * grads[name]
        losses.append(value)
    return losses


@wrong("solver-best", "The accuracy comes first, then the parameters.")
def keep_best(epochs):
    best, kept = -1.0, {}
    for accuracy, params in epochs:
        if accuracy > best:
            best, kept = accuracy, {name: w.copy() for name, w in params.items()}
    return kept, best
