"""What the sources print epoch by epoch and step by step, beside our records.

Chapter: book/ledger.md.
"""

from statistics import mean
from typing import NamedTuple

from dlcore.experiments.experiment import record
from dlcore.experiments.html_table import escaped, html_table


class Log(NamedTuple):
    """The accuracies after every epoch of a run, as a source prints them."""

    source: str
    train: tuple
    val: tuple


EPOCHS = {
    "two-layer-handout": Log(
        "001", (0.159, 0.249, 0.311, 0.308, 0.350), (0.153, 0.243, 0.297, 0.340, 0.370)
    ),
    "two-layer-001": Log(
        "001", (0.391, 0.474, 0.541, 0.540, 0.559), (0.412, 0.469, 0.514, 0.513, 0.515)
    ),
    "convnet-overfit": Log(
        "001",
        (0.24, 0.30, 0.42, 0.52, 0.56, 0.78, 0.84, 0.84, 0.92, 0.94),
        (0.106, 0.103, 0.142, 0.151, 0.151, 0.166, 0.177, 0.154, 0.136, 0.164),
    ),
}
LOSSES_001 = {0: 68.132452, 100: 4.206699, 200: 3.127493, 300: 2.996467, 400: 3.226845}
LOSSES_002 = (  # in steps 2001, 2051, …, 2901 of 2940; that of step 2351 is illegible
    1.744890, 1.234604, 1.568580, 1.278101, 1.419142, 1.555583, 1.532203, 1.392732, 1.031844,
    1.523844, 1.594009, 1.187860, 1.543078, 1.295371, 0.867981, 1.276307, 1.435438, 1.487806,
)  # fmt: skip


class Table(NamedTuple):
    """Rows of numbers below their heads, as HTML."""

    heads: tuple
    rows: list

    def _repr_html_(self):
        return html_table(self.heads, escaped(self.rows))


def by_epoch(name):
    """Show the accuracies of a run after every epoch, those of the source and ours."""
    log, history = EPOCHS[name], record(name)["history"]
    columns = log.train, history["train_accuracy"], log.val, history["val_accuracy"]
    rows = [
        (str(epoch), *(f"{accuracy:.3f}" for accuracy in row))
        for epoch, row in enumerate(zip(*columns, strict=True), 1)
    ]
    who = (log.source, "ours")
    heads = [f"{part}, {each}" for part in ("training", "validation") for each in who]
    return Table(("epoch", *heads), rows)


def softmax_losses():
    """Show the losses of the linear classifier every hundred steps, those of 001 and ours."""
    ours = record("softmax-001")["history"]["train_loss"]
    rows = [(str(step), f"{loss:.3f}", f"{ours[step]:.3f}") for step, loss in LOSSES_001.items()]
    return Table(("step", "001", "ours"), rows)


def last_losses():
    """Return the means of the losses from step 2001 on, that of 002 and ours."""
    ours = record("three-layer-convnet-002")["history"]["train_loss"]
    kept = 2940 // len(ours)  # of so many steps one is recorded
    return mean(LOSSES_002), mean(ours[2000 // kept :])
