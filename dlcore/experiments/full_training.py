"""ResNet-20 and the network of the fourth source, trained on CIFAR-10 at full length.

The budget of a run is work: half an hour of a processor on which a product of two matrices of
2048 rows and columns makes 230 billion operations a second. The unit carries over to other
processors: seconds, times what the product reaches there with as many threads. A third of the
budget shows what less of it buys.

A run that was stopped goes on behind its last epoch, from a checkpoint in the cache directory. The
checkpoint is removed when the run stands in the journal.

Chapter: book/resnet.md.
"""

import json
import time
from hashlib import sha256

import numpy as np

from dlcore.data.augment import averaged
from dlcore.data.sources import cache
from dlcore.experiments.experiment import RESULTS, record
from dlcore.experiments.family import Comparison, NoRecord, family
from dlcore.experiments.html_table import escaped, html_table
from dlcore.experiments.solver import confusion
from dlcore.train.callbacks import Callback
from dlcore.train.evaluation import accuracy
from dlcore.train.recipes import prepare, recipe

SIDE, TRIES = 2048, 5
BUDGET = 30 * 60 * 230e9  # operations
SEEDS = 3


def peak():
    """Measure the operations a second of a large product, with as many threads as there are."""
    x = np.ones((SIDE, SIDE), np.float32)
    seconds = []
    for _ in range(TRIES):
        start = time.perf_counter()
        x @ x
        seconds.append(time.perf_counter() - start)
    return 2 * SIDE**3 / min(seconds)


class Work(Callback):
    """Add up the work of all epochs, evaluation included, as a share of the budget.

    The peak is measured before and after every epoch, since other work on a machine changes it;
    an epoch counts its seconds times the mean of both.

    >>> Work().state()
    {'share': 0.0}
    """

    def __init__(self):
        self.share, self.peak, self.start = 0.0, None, None

    def begin(self, solver):
        """Measure the peak before the first step."""
        self.peak, self.start = peak(), time.perf_counter()

    def epoch(self, solver):
        """Add what was done since the last one."""
        seconds = time.perf_counter() - self.start
        before, self.peak = self.peak, peak()
        self.share += seconds * (before + self.peak) / 2 / BUDGET
        self.start = time.perf_counter()

    def state(self):
        """Keep the share in checkpoints."""
        return {"share": self.share}

    def restore(self, state):
        """Take the share over."""
        self.share = float(state["share"])


def checkpoint_path(setting, seed):
    """Name the file of the checkpoint of a run; a changed recipe has another one."""
    digest = sha256(json.dumps(setting, sort_keys=True).encode()).hexdigest()[:8]
    name = f"{setting['model']}-{setting['epochs']}-{seed}-{digest}.npz"
    return cache() / "full_training" / name


def remove_checkpoint(setting, seed):
    """Remove the checkpoint of a run, if there is one."""
    checkpoint_path(setting, seed).unlink(missing_ok=True)


def full_length(setting, seed):
    """Train a recipe for some epochs; return accuracies and work, and curves.

    ==================  ==========================================================
    test                accuracy on all test images, of the parameters with the
                        best validation accuracy
    mirrored            the same, with the scores of each image and of its mirror
                        image averaged
    val_accuracy        of the same
    train_loss          of the last epoch, on average
    work                as a share of the budget
    ==================  ==========================================================
    """
    model, epochs = setting["model"], setting["epochs"]
    work = Work()
    solver = prepare(
        recipe(model, "cifar10").changed(epochs=epochs), "cifar10", seed=seed, callbacks=[work]
    )
    path = checkpoint_path(setting, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        solver.resume(path)
    history = solver.train(path=path)
    losses = np.reshape(history.train_loss, (epochs, -1)).mean(axis=1)
    test = solver.data.test
    values = {
        "test": accuracy(solver.model, test.x, test.t),
        "mirrored": accuracy(averaged(solver.model), test.x, test.t),
        "val_accuracy": max(history.val_accuracy),
        "train_loss": losses[-1],
        "work": work.share,
    }
    return values, {
        "train_loss": [round(float(loss), 4) for loss in losses],
        "val_accuracy": [round(float(each), 4) for each in history.val_accuracy],
        "confusion": confusion(solver.model, test, len(solver.data.classes)).tolist(),
    }


def lengths(model, epochs):
    """Name the settings of a model, all that its recipe says: the whole budget, a third of it."""
    made = recipe(model, "cifar10")
    return {
        label: {"model": model, **made.changed(epochs=each).chosen()}
        for label, each in (("whole", epochs), ("a third", round(epochs / 3)))
    }


COMPARISONS = [Comparison("test", "whole", "a third", "three times the work tests better")]


@family("resnet20-full", lengths("resnet20", 27), COMPARISONS, seeds=SEEDS, tidy=remove_checkpoint)
def resnet20_full(setting, seed):
    """ResNet-20 at full length, and at a third of it, from three seeds."""
    return full_length(setting, seed)


@family("vgg-full", lengths("vgg-cifar", 9), COMPARISONS, seeds=SEEDS, tidy=remove_checkpoint)
def vgg_full(setting, seed):
    """The network of the fourth source at full length, and at a third of it, from three seeds."""
    return full_length(setting, seed)


class Results:
    """The recorded runs of a network as a table: every test accuracy, mean, and work."""

    HEADS = (
        "budget",
        "epochs",
        "test accuracy, each seed",
        "mean",
        "mean, mirror images averaged",
        "work, as a share of the budget",
    )

    def __init__(self, runs):
        self.runs = runs

    def rows(self):
        """List the cells of every length."""
        rows = []
        for label in dict.fromkeys(run["label"] for run in self.runs):
            own = [run for run in self.runs if run["label"] == label]
            tests = [run["values"]["test"] for run in own]
            work = np.mean([run["values"]["work"] for run in own])
            mirrored = np.mean([run["values"]["mirrored"] for run in own])
            each = ", ".join(f"{test:.3f}" for test in tests)
            epochs = str(own[0]["setting"]["epochs"])
            means = f"{np.mean(tests):.3f}", f"{mirrored:.3f}"
            rows.append((label, epochs, each, *means, f"{work:.2f}"))
        return rows

    def _repr_html_(self):
        return html_table(self.HEADS, escaped(self.rows()))


def results(name):
    """Show the recorded runs of a network, or say that there is no record."""
    if not (RESULTS / f"{name}.json").exists():
        return NoRecord(name)
    return Results(record(name)["history"]["runs"])
