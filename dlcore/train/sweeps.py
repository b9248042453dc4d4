"""Sweeps over the recipes: short runs, from coarse to fine.

Chapter: book/solver.md.
"""

from dataclasses import replace

import numpy as np
from rich.console import Console
from rich.table import Table

from dlcore.train import sweep
from dlcore.train.recipes import prepare, recipe
from dlcore.train.solver import DivergedError
from dlcore.train.sweep import Range

RANGES = {"rate": Range(1e-3, 1.0), "decay": Range(1e-5, 1e-1)}


def trial(settings, data, *, seed, path):
    """Make the function that a sweep calls: a setting's best validation accuracy."""

    def run(setting):
        solver = prepare(replace(settings, **setting), data, seed=seed, path=path)
        try:
            return max(solver.train().val)
        except DivergedError:
            return 0.0

    return run


def tune(model, data, *, path, seed, trials, rounds, epochs, on_grid, jobs):
    """Sweep the rate and the weight decay of a recipe, and print every trial, best first."""
    settings = recipe(model, data)
    if epochs is not None:
        settings = replace(settings, epochs=epochs)
    done = sweep.search(
        trial(settings, data, seed=seed, path=path),
        RANGES,
        trials=trials,
        rounds=rounds,
        on_grid=on_grid,
        rng=np.random.default_rng(seed),
        jobs=jobs,
    )
    table = Table("validation", *RANGES, box=None)
    for accuracy, setting in done:
        table.add_row(f"{accuracy:.4f}", *(f"{setting[name]:.3g}" for name in RANGES))
    Console().print(table)
    return done
