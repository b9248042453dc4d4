"""The tuned recipes, run to the end: what the two-layer network can do.

Chapter: book/solver.md.
"""

from contextlib import suppress
from dataclasses import replace

import numpy as np

from dlcore.data import load
from dlcore.experiments.experiment import Claim, experiment, pack
from dlcore.nn import named_parameters
from dlcore.nn.models import TwoLayer
from dlcore.train.evaluation import accuracy, predict
from dlcore.train.optim import SGD
from dlcore.train.recipes import prepare, recipe
from dlcore.train.solver import DivergedError, Solver


def confusion(model, examples, K):
    """Count how often class i (row) was taken for class j (column)."""
    counts = np.zeros((K, K), int)
    np.add.at(counts, (examples.t, predict(model, examples.x)), 1)
    return counts


def on_digits(learning_rate, *, M=32, N=None, epochs=12, seed=0):
    """Train a small network on the first N digits at a constant rate; return its solver."""
    data = load("digits").centred(scale=1 / 8)
    if N is not None:
        data = replace(data, train=data.train.first(N))
    model = TwoLayer(64, M, 10, rng=np.random.default_rng(seed), std=0.05)
    solver = Solver(
        model, data, optimizer=SGD(learning_rate), batch_size=50, epochs=epochs, seed=seed
    )
    with suppress(DivergedError):
        solver.train()
    return solver


def run(data, seed, model="twolayer"):
    """Train a recipe; return accuracies, curves, confusion matrix and first weights."""
    solver = prepare(recipe(model, data), data, seed=seed)
    history, test = solver.train(), solver.data.test
    first = test.first(1000)
    w1 = named_parameters(solver.model)["hidden.w"].T
    values = {
        "validation": max(history.val_accuracy),
        "test": accuracy(solver.model, first.x, first.t),
        "full test set": accuracy(solver.model, test.x, test.t),
    }
    return values, {
        "train_loss": np.array(history.train_loss)[:: max(1, len(history.train_loss) // 400)],
        "train_accuracy": history.train_accuracy,
        "val_accuracy": history.val_accuracy,
        "learning_rate": history.learning_rate,
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
