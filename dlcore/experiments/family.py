"""A family of runs: some settings, each trained from several seeds, and their comparisons.

Every finished run is a line of a journal, ``book/results/runs/<name>.jsonl``. Whoever starts the
family again goes on with the runs that are missing; when none is, the record is written.

Chapter: book/norm.md.
"""

import json
import time
from functools import partial
from typing import NamedTuple

import numpy as np
from rich.progress import track

from dlcore.experiments.experiment import RESULTS, experiment, processor, record
from dlcore.experiments.html_table import escaped, html_table
from dlcore.experiments.paired import holm, paired
from dlcore.train.cluster import LocalExecutor
from dlcore.train.journal import Journal

SEEDS = 6  # the fewest whose sign-flip test can reach p = 0.031
LEVEL = 0.05
NAMES = {  # of metrics that are accuracies or differences of them
    "test": "test accuracy",
    "train_accuracy": "training accuracy",
    "early_train_accuracy": "early training accuracy",
    "val_accuracy": "validation accuracy",
    "gap": "generalisation gap",
    "gain": "gain of accuracy",
}
POINTS = 100  # in an accuracy of one
LEAST = 0.001  # p value that is written as a number


class Comparison(NamedTuple):
    """A conclusion that the runs are to confirm or not: in `metric`, `more` is above `less`.

    `words` says it in a sentence; `source` names who concluded it, if somebody has.
    """

    metric: str
    more: str
    less: str
    words: str
    source: str = ""


class Family(NamedTuple):
    """Settings by their label, the function that trains one, and what is compared.

    ``run(setting, seed)`` returns {metric: value}, or that and {name: curve} of what else is to
    be recorded. Where runs need what only this machine knows,
    ``complete(setting, executor)`` adds it to a setting before it is sent. What a run leaves on
    this machine, as a checkpoint, ``tidy(setting, seed)`` removes; the run is noted before that.
    """

    name: str
    settings: dict
    run: object
    comparisons: tuple
    seeds: int = SEEDS
    complete: object = None
    tidy: object = None

    @property
    def journal(self):
        """Where the finished runs are noted."""
        return RESULTS / "runs" / f"{self.name}.jsonl"

    def finished(self):
        """Map (label, seed) to the runs that are recorded or noted, of settings as they are."""
        path = RESULTS / f"{self.name}.json"
        recorded = json.loads(path.read_text())["history"]["runs"] if path.exists() else []
        return {
            (run["label"], run["seed"]): run
            for run in (*recorded, *Journal(self.journal).lines())
            if run["label"] in self.settings and run["setting"] == self.setting(run["label"])
        }

    def setting(self, label):
        """Return a setting as JSON gives it back."""
        return json.loads(json.dumps(self.settings[label]))

    def missing(self, first_seed=0):
        """List the runs that are not finished, (label, seed), all settings of a seed together."""
        done = self.finished()
        pairs = [(label, first_seed + s) for s in range(self.seeds) for label in self.settings]
        return [pair for pair in pairs if pair not in done]

    def carry_out(self, first_seed=0, *, bar=True, executor=None):
        """Do the runs that are missing, with a bar or without; return all runs in order.

        An executor of `dlcore.train.cluster` may do them elsewhere; the journal stays here.
        """
        executor = executor or LocalExecutor()
        missing, journal = self.missing(first_seed), Journal(self.journal)
        self.tidy_up(self.finished())  # those that were noted just before a kill, too
        tasks = (Run(self.completed(label, executor), seed) for label, seed in missing)
        results = executor.results(partial(carried_out, self.run), tasks)
        for i, done in track(results, self.name, total=len(missing), disable=not bar):
            label, seed = missing[i]
            journal.note({"label": label, "seed": seed, "setting": self.setting(label), **done})
            self.tidy_up([missing[i]])
        runs = self.finished()
        return [runs[label, first_seed + s] for label in self.settings for s in range(self.seeds)]

    def tidy_up(self, pairs):
        """Remove what noted runs, (label, seed), have left."""
        if self.tidy:
            for label, seed in pairs:
                self.tidy(self.settings[label], seed)

    def completed(self, label, executor):
        """Return a setting with all that its run needs."""
        setting = self.settings[label]
        return self.complete(setting, executor) if self.complete else setting


class Run(NamedTuple):
    """A run to be done: its setting and its seed."""

    setting: dict
    seed: int


def carried_out(function, run):
    """Do a run, on whichever machine this is; return values, seconds, processor, and curves."""
    start = time.perf_counter()
    found = function(run.setting, run.seed)
    values, curves = found if isinstance(found, tuple) else (found, None)
    outcome = {
        "values": {key: float(value) for key, value in values.items()},
        "seconds": round(time.perf_counter() - start, 1), "processor": processor(),
    }  # fmt: skip
    return outcome if curves is None else outcome | {"curves": curves}


def family(name, settings, comparisons, *, data="cifar10", seeds=SEEDS, complete=None, tidy=None):
    """Declare a family as an experiment; use it as a decorator of  run(setting, seed).

    The options are those of `Family`. The values of the experiment are the means of every setting
    and metric.
    """

    def declare(run):
        own = Family(name, settings, run, tuple(comparisons), seeds, complete, tidy)

        def carry_out(seed, executor=None):
            runs = own.carry_out(seed, executor=executor)
            means = {
                f"{metric}, {label}": np.mean(values_of(runs, label, metric))
                for label in settings
                for metric in runs[0]["values"]
            }
            return means, {
                "runs": runs,
                "comparisons": [each._asdict() for each in own.comparisons],
            }

        carry_out.__doc__, carry_out.__module__ = run.__doc__, run.__module__
        FAMILIES[name] = own
        experiment(name, data=data, divided=True)(carry_out)
        return run

    return declare


FAMILIES = {}


def values_of(runs, label, metric):
    """List a metric of the runs of one setting, by seed.

    >>> runs = [{"label": "a", "seed": seed, "values": {"test": seed / 10}} for seed in (2, 1)]
    >>> values_of(runs, "a", "test")
    [0.1, 0.2]
    """
    mine = sorted((run for run in runs if run["label"] == label), key=lambda run: run["seed"])
    return [run["values"][metric] for run in mine]


class Verdict(NamedTuple):
    """A comparison with its paired difference, p after Holm's correction, and what follows."""

    comparison: Comparison
    difference: object
    p: float

    @property
    def word(self):
        """Say whether the conclusion replicates, does not, or is undecided."""
        if self.p >= LEVEL:
            return "undecided"
        return "replicates" if self.difference.mean > 0 else "does not replicate"


def verdicts(comparisons, runs):
    """Compare what a family compares, on its runs; p of the t tests, corrected by Holm."""
    differences = [
        paired(values_of(runs, each.more, each.metric), values_of(runs, each.less, each.metric))
        for each in comparisons
    ]
    corrected = holm([difference.p for difference in differences])
    return [Verdict(*row) for row in zip(comparisons, differences, corrected, strict=True)]


def signed(value, form):
    """Write a difference with its sign.

    >>> signed(2.5, ".2f"), signed(-0.0001234, ".3g")
    ('+2.50', '−0.000123')
    """
    sign = "−" if value < 0 else "+"
    return f"{sign}{abs(value):{form}}"


def probability(p):
    """Write a p value as papers do.

    >>> probability(0.03125), probability(1.2e-5)
    ('0.031', '< 0.001')
    """
    return f"{p:.3f}" if p >= LEAST else f"< {LEAST}"


def metric_of(comparison):
    """Name what a comparison compares.

    >>> metric_of(Comparison("train_loss", "a", "b", "a trains better"))
    'training loss'
    """
    return NAMES.get(comparison.metric) or comparison.metric.replace("train_", "training ")


class Table:
    """The comparisons of a family as an HTML table, with interval and p."""

    HEADS = (
        "conclusion", "metric", "difference", "95 % interval", "p (Holm)", "p (flips)", "verdict",
    )  # fmt: skip

    def __init__(self, rows):
        self.rows = rows

    def cells(self, verdict):
        """Write one row."""
        comparison, d = verdict.comparison, verdict.difference
        accuracy = comparison.metric in NAMES
        metric = metric_of(comparison) + (", points" if accuracy else "")
        unit, form = (POINTS, ".2f") if accuracy else (1, ".3g")
        number = lambda value: signed(unit * value, form)
        source = f" ({comparison.source})" if comparison.source else ""
        return (
            comparison.words + source, metric, number(d.mean),
            f"{number(d.low)} … {number(d.high)}", probability(verdict.p),
            probability(d.p_flips), verdict.word,
        )  # fmt: skip

    def _repr_html_(self):
        return html_table(self.HEADS, escaped(map(self.cells, self.rows)), kind="ledger comparison")


class NoRecord(NamedTuple):
    """What a page prints in the place of a table while a family has not been run."""

    name: str

    def _repr_html_(self):
        return f"<p>There is no record yet: <code>dlcore reproduce {self.name}</code>.</p>"


class Conclusions:
    """What a source concludes, and whether it replicates, as an HTML table over some families."""

    HEADS = ("conclusion", "of", "verdict", "experiment")

    def __init__(self, source, names):
        self.rows = [
            (verdict, name)
            for name in names
            for verdict in recorded_verdicts(name)
            if verdict.comparison.source == source
        ]

    def word(self, words):
        """Return the verdict on the conclusion that is worded so."""
        return next(verdict.word for verdict, _ in self.rows if verdict.comparison.words == words)

    def _repr_html_(self):
        cells = (
            (verdict.comparison.words, metric_of(verdict.comparison), verdict.word, name)
            for verdict, name in self.rows
        )
        return html_table(self.HEADS, escaped(cells), kind="ledger comparison")


def recorded_verdicts(name):
    """List the verdicts on the comparisons of a family as they are recorded."""
    history = record(name)["history"]
    return verdicts([Comparison(**each) for each in history["comparisons"]], history["runs"])


def table(name, among=None):
    """Show the comparisons of a family as they are recorded, or say that there is no record.

    Those of the settings `among` alone, if they are given.
    """
    if not (RESULTS / f"{name}.json").exists():
        return NoRecord(name)
    shown = lambda each: among is None or {each.more, each.less} <= {*among}
    return Table([row for row in recorded_verdicts(name) if shown(row.comparison)])


def values_by_label(name, metric):
    """Map the label of every setting to the recorded values of a metric, one for each seed."""
    runs = record(name)["history"]["runs"]
    return {
        label: values_of(runs, label, metric) for label in dict.fromkeys(r["label"] for r in runs)
    }
