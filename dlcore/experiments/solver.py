"""The tuned recipes, run to the end: what the two-layer network can do.

Chapter: book/solver.md.
"""

from contextlib import suppress
from dataclasses import replace

import numpy as np

from dlcore.data import load
from dlcore.experiments.experiment import Claim, experiment, pack
from dlcore.nn.models.twolayer import TwoLayer
from dlcore.train.optim import SGD
from dlcore.train.recipes import prepare, recipe
from dlcore.train.solver import DivergedError, Solver


def confusion(model, examples, K):
    """Count how often class i (row) was taken for class j (column)."""
    counts = np.zeros((K, K), int)
    np.add.at(counts, (examples.t, model.predict(examples.x)), 1)
    return counts


def on_digits(rate, *, M=32, N=None, epochs=12, seed=0):
    """Train a small network on the first N digits at a constant rate; return its solver."""
    data = load("digits").centred(scale=1 / 8)
    if N is not None:
        data = replace(data, train=data.train.first(N))
    model = TwoLayer(64, M, 10, rng=np.random.default_rng(seed), std=0.05)
    solver = Solver(model, data, rule=SGD(rate), batch=50, epochs=epochs, seed=seed)
    with suppress(DivergedError):
        solver.train()
    return solver


def run(data, seed, model="twolayer"):
    """Train a recipe; return accuracies, curves, confusion matrix and first weights."""
    solver = prepare(recipe(model, data), data, seed=seed)
    history, test = solver.train(), solver.data.test
    first = test.first(1000)
    w1 = solver.model.params["w1"].T
    values = {
        "validation": max(history.val),
        "test": solver.model.accuracy(first.x, first.t),
        "full test set": solver.model.accuracy(test.x, test.t),
    }
    return values, {
        "losses": np.array(history.losses)[:: max(1, len(history.losses) // 400)],
        "train": history.train,
        "val": history.val,
        "rates": history.rates,
        "classes": solver.data.classes,
        "confusion": confusion(solver.model, test, len(solver.data.classes)).tolist(),
        "w1": pack(w1.reshape(-1, *test.x.shape[1:])[:60]),
    }


@experiment(
    "cifar10-tuned",
    Claim("validation", 0.56, "001, from where a bonus is paid"),
    Claim("test", 0.512, "000"),
    Claim("full test set", 0.57, "this book's aim"),
    data="cifar10",
)
def cifar10_tuned(seed):
    """The two-layer network on CIFAR-10, as `dlcore train twolayer --data cifar10`."""
    return run("cifar10", seed)


@experiment("mnist-tuned", Claim("full test set", 0.96, "this book's aim"), data="mnist")
def mnist_tuned(seed):
    """The two-layer network on MNIST, as `dlcore train twolayer --data mnist`."""
    return run("mnist", seed)


@experiment("digits-tuned", Claim("full test set", 0.97, "this book's aim"))
def digits_tuned(seed):
    """The two-layer network on the bundled digits, as `dlcore train twolayer`."""
    return run("digits", seed)
