"""Runs at full length: validation accuracy as it rises, and which classes are confused.

Both pictures are drawn from the record of the runs. Without one there is nothing to draw.
"""

import numpy as np

from dlcore.data.cifar10 import CLASSES
from dlcore.experiments.experiment import RESULTS, record
from figures.charts import confusion
from figures.drawing import canvas, colours, show
from figures.labels import label_ends


def runs_of(name):
    """List the recorded runs; none without a record."""
    return record(name)["history"]["runs"] if (RESULTS / f"{name}.json").exists() else []


def rising(name):
    """Draw the validation accuracy of every run behind each of its epochs."""
    if not (runs := runs_of(name)):
        return None
    by_label = {}
    for run in runs:
        by_label.setdefault(run["label"], []).append(run["curves"]["val_accuracy"])
    (figure, axis), own = canvas(), colours(by_label)
    ends = []
    for label, lines in by_label.items():
        for line in lines:
            axis.plot(1 + np.arange(len(line)), line, color=own[label], linewidth=1.1)
        ends.append((len(lines[0]), np.mean(lines, axis=0)[-1], label, own[label]))
    axis.set(xlabel="epoch", ylabel="validation accuracy")
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.grid(axis="y")
    label_ends(axis, ends)
    seeds = max(map(len, by_label.values()))
    return show(
        figure,
        alt="Rising curves of the validation accuracy, one for each seed: some over all epochs, "
        "others over a third of them. All rise fastest at their ends.",
        caption=f"Validation accuracy behind each epoch, {seeds} seeds each, with the whole "
        "budget and with a third of it.",
    )


def confused(name):
    """Show how often the runs with the whole budget take one class for another, on average."""
    if not (runs := runs_of(name)):
        return None
    counts = [run["curves"]["confusion"] for run in runs if run["label"] == "whole"]
    return confusion(
        np.mean(counts, axis=0),
        CLASSES,
        alt="A ten by ten table of counts. The diagonal is brightest.",
        caption="The full test set: how many of the thousand images of each class (row) are taken "
        "for each class (column), on average over the seeds.",
    )
