"""Experiments of normalisation: networks too deep for plain descent, slips of statistics.

Chapter: book/norm.md.
"""

from functools import partial
from itertools import pairwise

import numpy as np

from dlcore import nn
from dlcore.data import load
from dlcore.experiments.experiment import Claim, experiment
from dlcore.nn.layer import named_state
from dlcore.train.distributed import train_replicas
from dlcore.train.evaluation import predict
from dlcore.train.optim import Momentum
from dlcore.train.solver import DivergedError, Solver

WIDTH, EPOCHS, BATCH = 32, 15, 126
RATES = (0.01, 0.03, 0.1)
SEEDS = range(5)
NETWORKS = {
    "8 layers": (8, False),
    "20 layers": (20, False),
    "8 layers, batch norm": (8, True),
    "20 layers, batch norm": (20, True),
}


def digits():
    """The bundled digits as features, with mean zero and values up to one."""
    return load("digits").centred(scale=1 / 16).flat()


def network(depth, *, norm, rng, C=WIDTH):
    """Build linear layers of equal width with a ReLU between them, and perhaps batch norm."""
    sizes = [64] + (depth - 1) * [C]
    layers = []
    for D, M in pairwise(sizes):
        layers.append(nn.Linear(D, M, rng=rng, dtype=np.float32))
        layers.append(nn.BatchNorm(M, relu=True, dtype=np.float32) if norm else nn.ReLU())
    return nn.Sequential(*layers, nn.Linear(C, 10, rng=rng, dtype=np.float32))


def fit(model, rate, seed, *, epochs=EPOCHS):
    """Train a model on the digits; return the training loss of every epoch."""
    optimizer = Momentum(rate, momentum=0.9)
    solver = Solver(
        model, digits(), optimizer=optimizer, batch_size=BATCH, epochs=epochs, seed=seed
    )
    history = solver.train()
    return np.reshape(history.train_loss, (epochs, -1)).mean(axis=1)


def trained(depth, *, norm, rate, seed, epochs=EPOCHS):
    """Train such a network on the digits; return it with the training loss of every epoch."""
    model = network(depth, norm=norm, rng=np.random.default_rng(seed))
    return model, fit(model, rate, seed, epochs=epochs)


def losses(build, rate, seed):
    """Return the losses of a training; infinite ones if it diverges."""
    try:
        return fit(build(np.random.default_rng(seed)), rate, seed)
    except DivergedError:
        return np.full(EPOCHS, np.inf)


def at_best_rate(build):
    """Train build(rng) with every seed at each learning rate; return the best, and its runs."""
    runs = {rate: np.array([losses(build, rate, seed) for seed in SEEDS]) for rate in RATES}
    best = min(RATES, key=lambda rate: runs[rate][:, -1].mean())
    return best, runs[best]


@experiment(
    "norm-depth-failure",
    Claim("20 layers over 8", 2.0, "this book's aim"),
    Claim("20 layers, batch norm over none", 0.75, "this book's aim", "below"),
)
def norm_depth_failure(seed):
    """The training loss of 8 and of 20 plain layers on the digits, each at its best rate."""
    rates, runs = {}, {}
    for name, (depth, norm) in NETWORKS.items():
        rates[name], runs[name] = at_best_rate(
            lambda rng, depth=depth, norm=norm: network(depth, norm=norm, rng=rng)
        )
    last = {name: run[:, -1].mean() for name, run in runs.items()}
    values = last | {f"rate of {name}": rate for name, rate in rates.items()}
    values["20 layers over 8"] = last["20 layers"] / last["8 layers"]
    values["20 layers, batch norm over none"] = last["20 layers, batch norm"] / last["20 layers"]
    return values, {"losses": runs}


def one_pass_variance(x):
    """Compute the variance as the mean square less the squared mean: a slip of rounding."""
    return np.mean(x * x, axis=0) - np.mean(x, axis=0) ** 2


def predict_by_batch(model, x, size):
    """Classify with the statistics of batches of some size: a slip. The state is left alone."""
    state = named_state(model)
    kept = {name: array.copy() for name, array in state.items()}
    rng = np.random.default_rng(0)
    scores = [model(x[at : at + size], rng) for at in range(0, len(x), size)]
    for name, array in kept.items():
        state[name][...] = array
    return np.concatenate(scores).argmax(axis=1)


def right_by_batches(model, examples, size=20):
    """Classify examples in mixed batches, and in batches of one class each, in both ways.

    Returns the share that is right:  {(statistics, batches): share}.
    """
    mixed = np.random.default_rng(0).permutation(len(examples.t))
    alike = np.argsort(examples.t, kind="stable")
    shares = {}
    for batches, order in {"mixed": mixed, "one class each": alike}.items():
        x, t = examples.x[order], examples.t[order]
        by_batch = predict_by_batch(model, x, size)
        shares["batch", batches] = float(np.mean(by_batch == t))
        shares["running", batches] = float(np.mean(predict(model, x) == t))
    return shares


def running(values, momentum, start=0.0):
    """Follow a running average, as the layers keep one; return it after every value.

    >>> running([1.0, 1.0], momentum=0.5).tolist()
    [0.5, 0.75]
    """
    kept = []
    for value in values:
        start = (1 - momentum) * start + momentum * value
        kept.append(start)
    return np.array(kept)


# Several processes

NORMS = {
    "layer norm": nn.LayerNorm,
    "group norm": partial(nn.GroupNorm, 2),
    "instance norm": nn.InstanceNorm,
    "batch norm": nn.BatchNorm,
}


def image_network(kind, seed=0):
    """Build a small network for the digits: a convolution, a norm, and a linear layer."""
    rng = np.random.default_rng(seed)
    convolution, last = nn.Conv2d(1, 6, 3, rng=rng), nn.Linear(6, 10, rng=rng)
    return nn.Sequential(convolution, NORMS[kind](6), nn.ReLU(), nn.GlobalAvgPool(), last)


def first_batches(count, *, N=32):
    """List the first batches of the digits, in double precision:  (x, t)."""
    x, t = load("digits").centred(scale=1 / 16, dtype=np.float64).train
    return [(x[at : at + N], t[at : at + N]) for at in range(0, count * N, N)]


def two_processes(kind, *, steps=5, rate=0.1):
    """Train the network by two processes, and by one, with the same batches.

    Returns how far parameters of the two lie apart at most, and how far from those of one.
    """
    build, batches = partial(image_network, kind), first_batches(steps)
    (first, _), (second, _) = train_replicas(build, Momentum(rate), batches)
    [(alone, _)] = train_replicas(build, Momentum(rate), batches, count=1)
    apart = lambda a, b: max(float(abs(a[name] - b[name]).max()) for name in a)
    return apart(first, second), apart(first, alone)
