"""The tuned recipes, run to the end, and two ways to look for better ones.

Chapter: book/solver.md.
"""

import shutil
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from dlcore.data import load
from dlcore.experiments.experiment import RESULTS, Claim, experiment, pack
from dlcore.experiments.paired import paired
from dlcore.nn import named_parameters
from dlcore.nn.models import TwoLayer
from dlcore.train.evaluation import accuracy, predict
from dlcore.train.halving import Rung, Training, halve, restored, rungs, total_epochs
from dlcore.train.journal import Journal
from dlcore.train.optim import SGD
from dlcore.train.recipes import Recipe, prepare, recipe
from dlcore.train.solver import DivergedError, Solver
from dlcore.train.sweep import RANGES, Range, random


def confusion(model, examples, K):
    """Count how often class i (row) was predicted as class j (column)."""
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


# Successive halving beside random search

REPETITIONS = 5
COUNT = 27  # settings of a search by halving, which go through 27, 9, 3 and 1
LONGER = 3  # times as many epochs as halving takes are given to random search


class Search(NamedTuple):
    """A comparison of two searches for the settings of a recipe, by its name."""

    name: str
    recipe: Recipe
    data: str
    ranges: dict = RANGES
    count: int = COUNT  # settings that halving begins with

    @property
    def plan(self):
        """The rungs of halving."""
        return rungs(self.count, self.recipe.epochs)

    def repeat(self, seed, executor):
        """Compare both searches from several seeds; a repetition that was noted is not done again.

        The journal and the unfinished searches lie in ``book/results/runs/``.
        """
        journal = Journal(RESULTS / "runs" / f"{self.name}.jsonl")
        recipe = str(self.recipe)
        done = {line["seed"]: line for line in journal.lines() if line["recipe"] == recipe}
        for own in range(seed, seed + REPETITIONS):
            if own not in done:
                folder = RESULTS / "runs" / self.name / str(own)
                done[own] = {"seed": own, "recipe": recipe, **self.compare(own, folder, executor)}
                journal.note(done[own])
                shutil.rmtree(folder)
        return [done[own] for own in range(seed, seed + REPETITIONS)]

    def plans(self, seed):
        """Name the three searches, with their settings and rungs."""
        epochs = self.recipe.epochs
        trials = LONGER * total_epochs(self.plan) // epochs
        drawn = random(self.ranges, self.count, rng=np.random.default_rng([seed, 3]))
        others = random(self.ranges, trials, rng=np.random.default_rng([seed, 4]))
        return {
            "tuned": ([{}], [Rung(1, epochs)]),
            "halving": (drawn, self.plan),
            "random": (others, [Rung(trials, epochs)]),
        }

    def compare(self, seed, folder, executor):
        """Train the recipe as it is, and with the settings that each of both searches finds."""
        training, plans = Training(self.recipe, self.data, seed), self.plans(seed)
        values, pieces = {}, {}
        for kind, (settings, plan) in plans.items():
            found = halve(training, settings, plan, folder=folder / kind, executor=executor)
            solver = restored(training, found[0])
            pieces[kind] = found
            values[f"validation, {kind}"] = found[0].accuracy
            values[f"test, {kind}"] = accuracy(solver.model, *solver.data.test)
            values[f"setting, {kind}"] = found[0].setting
        level = as_good_as(values["validation, tuned"], solver.data.val.N)
        values["as good"] = float(values["validation, halving"] >= level)
        in_order = [accuracy_of(pieces["random"], setting) for setting in plans["random"][0]]
        values["random, in order"] = in_order
        values["epochs, random"] = self.recipe.epochs * trials_until(in_order, level)
        return values


def best_so_far(accuracies):
    """Return the best of the first, of the first two, and so on.

    >>> best_so_far([0.2, 0.1, 0.5]).tolist()
    [0.2, 0.2, 0.5]
    """
    return np.maximum.accumulate(accuracies)


def accuracy_of(pieces, setting):
    """Find the accuracy of a setting among pieces."""
    return next(piece.accuracy for piece in pieces if piece.setting == setting)


def as_good_as(a, N):
    """Return the accuracy that is one standard error on N images below an accuracy a.

    >>> as_good_as(0.9, 100)
    0.87
    """
    return a - (a * (1 - a) / N) ** 0.5


def trials_until(accuracies, level):
    """Count the trials until one reaches a level; all of them where none does.

    >>> trials_until([0.1, 0.8, 0.9], 0.7), trials_until([0.1, 0.2], 0.7)
    (2, 2)
    """
    reached = (i for i, accuracy in enumerate(accuracies, 1) if accuracy >= level)
    return next(reached, len(accuracies))


def summarised(search, seed, executor):
    """Compare halving with random search; return means, intervals of 95 %, repetitions."""
    lines = search.repeat(seed, executor)
    columns = {key: [line[key] for line in lines] for key in lines[0]}
    means = {key: np.mean(columns[key]) for key in columns if key.startswith(("test", "valid"))}
    epochs = paired(columns["epochs, random"], np.zeros(len(lines)))
    beside = {kind: paired(columns["test, halving"], columns[f"test, {kind}"])
              for kind in ("tuned", "random")}  # fmt: skip
    values = means | {
        "epochs of halving": total_epochs(search.plan),
        "epochs at random": epochs.mean,
        "epochs at random, low": epochs.low,
        "epochs at random, high": epochs.high,
        "as good": sum(columns["as good"]),
        "repetitions": len(lines),
    }
    for kind, difference in beside.items():
        values[f"halving over {kind}"] = difference.mean
        values[f"halving over {kind}, low"] = difference.low
        values[f"halving over {kind}, high"] = difference.high
    return values, {"repetitions": lines}


@experiment("halving-digits", divided=True)
def halving_digits(seed, executor=None):
    """Halving and random search for the two-layer network on the digits."""
    own = recipe("twolayer", "digits").changed(epochs=COUNT)
    return summarised(Search("halving-digits", own, "digits"), seed, executor)


WIDE = {"learning_rate": Range(1e-6, 1e3), "weight_decay": Range(1e-7, 10.0)}


@experiment("halving-wide", divided=True)
def halving_wide(seed, executor=None):
    """Halving and random search on the digits, where few settings are good."""
    own = recipe("twolayer", "digits").changed(epochs=COUNT)
    return summarised(Search("halving-wide", own, "digits", WIDE), seed, executor)


FEW = {"epochs": 9, "images": 9_000}  # so that five repetitions take an hour or two


@experiment("halving-resnet20", data="cifar10", divided=True)
def halving_resnet20(seed, executor=None):
    """Halving and random search for ResNet-20, on 9,000 images of CIFAR-10."""
    own = recipe("resnet20", "cifar10").changed(**FEW)
    return summarised(Search("halving-resnet20", own, "cifar10", WIDE, 9), seed, executor)
