"""Sweeps: many short runs that look for good settings, from coarse to fine.

A setting is a dictionary; a trial is a setting with the accuracy it reached.

Chapter: book/solver.md.
"""

from itertools import product
from typing import NamedTuple

import numpy as np

from dlcore.train.cluster import LocalExecutor
from dlcore.train.halving import Training, halve, rungs
from dlcore.train.recipes import prepare
from dlcore.train.solver import DivergedError


class Trial(NamedTuple):
    """A setting, and the validation accuracy that it reached.

    >>> Trial(0.9, {"learning_rate": 0.1}).accuracy
    0.9
    """

    accuracy: float
    setting: dict


class Range(NamedTuple):
    """The numbers from `low` to `high`, spread evenly on a logarithmic scale.

    >>> Range(0.01, 1.0).around(1.0, zoom=1)
    Range(low=0.1, high=1.0)
    """

    low: float
    high: float

    def grid(self, count):
        """Name `count` numbers, the ends included.

        >>> [float(value) for value in Range(0.01, 1.0).grid(3)]
        [0.01, 0.1, 1.0]
        """
        return np.geomspace(self.low, self.high, count)

    def draw(self, rng):
        """Draw a number: every factor of ten is equally likely."""
        return float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))

    def around(self, centre, zoom):
        """Narrow the range to a part 1/zoom as wide, around `centre`, inside the old ends."""
        reach = (self.high / self.low) ** (0.5 / zoom)
        return Range(max(self.low, centre / reach), min(self.high, centre * reach))


def grid(ranges, count):
    """List every combination of `count` values of each range.

    >>> len(grid({"learning_rate": Range(0.01, 1.0), "l2": Range(1e-4, 1e-2)}, 3))
    9
    """
    axes = [[float(value) for value in each.grid(count)] for each in ranges.values()]
    return [dict(zip(ranges, values, strict=True)) for values in product(*axes)]


def random(ranges, count, *, rng):
    """Draw `count` settings; unlike a grid, no two of them share a value [Bergstra2012]_.

    >>> list(random({"learning_rate": Range(0.01, 1.0)}, 1, rng=np.random.default_rng(0))[0])
    ['learning_rate']
    """
    return [{name: each.draw(rng) for name, each in ranges.items()} for _ in range(count)]


def search(run, ranges, *, trials=8, rounds=2, zoom=3.0, on_grid=False, rng, executor=None):
    """Go from coarse to fine: sweep, narrow every range around the best setting, sweep again.

    `run(setting) -> accuracy` is called at most `trials` times a round, by the executor of
    `dlcore.train.cluster`, or one after the other. Returns every trial, the best first.

    >>> ranges, rng = {"learning_rate": Range(0.01, 1.0)}, np.random.default_rng(0)
    >>> len(search(lambda setting: -setting["learning_rate"], ranges, rng=rng))
    16
    """
    executor = executor or LocalExecutor()
    done = []
    for _ in range(rounds):
        settings = (
            grid(ranges, max(1, int(trials ** (1 / len(ranges)))))
            if on_grid
            else random(ranges, trials, rng=rng)
        )
        scores = dict(executor.results(run, settings))
        done += [Trial(scores[i], setting) for i, setting in enumerate(settings)]
        done.sort(key=lambda trial: -trial.accuracy)
        best = done[0].setting
        ranges = {name: each.around(best[name], zoom) for name, each in ranges.items()}
    return done


RANGES = {"learning_rate": Range(1e-3, 1.0), "weight_decay": Range(1e-5, 1e-1)}


def trained(recipe, data, *, seed=0, path=None):
    """Make the function that a sweep calls: the best validation accuracy of a setting.

    A run that diverges has accuracy 0.

    >>> from dlcore.train.recipes import recipe
    >>> run = trained(recipe("linear", "digits").changed(epochs=1), "digits")
    >>> run({"learning_rate": 0.01}) > 0.5
    True
    """

    def run(setting):
        solver = prepare(recipe.changed(**setting), data, seed=seed, path=path)
        try:
            return max(solver.train().val_accuracy)
        except DivergedError:
            return 0.0

    return run


def tune(recipe, data, *, seed=0, path=None, **options):
    """Search for a learning rate and a weight decay of a recipe; best trials first.

    The options are those of `search`: trials, rounds, zoom, on_grid, executor. Raises ValueError
    for an unknown dataset, DataError where the data is absent or damaged.

    >>> from dlcore.train.recipes import recipe
    >>> brief = recipe("linear", "digits").changed(epochs=1)
    >>> [list(trial.setting) for trial in tune(brief, "digits", trials=1, rounds=1)]
    [['learning_rate', 'weight_decay']]
    """
    run = trained(recipe, data, seed=seed, path=path)
    return search(run, RANGES, rng=np.random.default_rng(seed), **options)


def tune_by_halving(recipe, data, *, trials=27, folder, seed=0, path=None, executor=None):
    """Draw settings of a recipe, and find the best by successive halving; best trials first.

    The last third of a third … of the settings is trained for all epochs of the recipe. What was
    finished in `folder` is not done again, see `dlcore.train.halving`. Raises ValueError for an
    unknown dataset or no trials, DataError where the data is absent or damaged.

    >>> from tempfile import TemporaryDirectory
    >>> from dlcore.train.recipes import recipe
    >>> brief = recipe("linear", "digits").changed(epochs=3)
    >>> with TemporaryDirectory() as folder:
    ...     [piece.epochs for piece in tune_by_halving(brief, "digits", trials=3, folder=folder)]
    [3, 1, 1]
    """
    settings = random(RANGES, trials, rng=np.random.default_rng(seed))
    training = Training(recipe, data, seed, path)
    return halve(training, settings, rungs(trials, recipe.epochs), folder=folder, executor=executor)
