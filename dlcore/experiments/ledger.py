"""The ledger: every number of the sources that is reproduced, ours beside theirs.

Quick experiments run anew whenever the ledger is printed; of the long ones the record counts.

Chapter: book/ledger.md.
"""

import re
from difflib import get_close_matches
from html import escape
from math import floor, log10
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from dlcore.experiments import experiments
from dlcore.experiments.experiment import (
    RESULTS,
    Claim,
    Experiment,
    record,
    reproduce_one,
    values_of,
)
from dlcore.experiments.html_table import html_table
from dlcore.train.cluster import executor_at

SIGNS = {"equal": "=", "about": "≈", "at least": "≥", "below": "<"}


class Row(NamedTuple):
    """A line of the ledger; `ours` is None while an experiment has no record."""

    experiment: Experiment
    claim: Claim
    ours: float | None

    @property
    def holds(self):
        """Whether our number keeps the claim."""
        return self.ours is not None and self.claim.holds(self.ours)


def rows():
    """List every claim of every experiment, with our number."""
    return [
        Row(experiment, claim, values.get(claim.key))
        for experiment in experiments().values()
        for values in [values_of(experiment)]
        for claim in experiment.claims
    ]


def figure(value, tolerance=0.0):
    """Write a number with seven significant digits at most, fewer where a claim has fewer.

    A claim within half a unit in the last place is printed as far as that place:

    >>> figure(0.123456789), figure(0.9406864, tolerance=5e-7), figure(None)
    ('0.1234568', '0.940686', '–')
    """
    if value is None:
        return "–"
    if not tolerance:
        return f"{value:.7g}"
    last = round(log10(2 * tolerance))
    digits = max(1, floor(log10(abs(value))) - last + 1) if value else 1
    return f"{value:#.{digits}g}".removesuffix(".")


class Ledger:
    """The rows as an HTML table for the book: what and how; ours, the relation, theirs."""

    HEADS = ("experiment", "number", "ours", "relation", "theirs", "source")

    def __init__(self, rows):
        self.rows = rows

    def _repr_html_(self):
        return html_table(self.HEADS, map(line, self.rows), merged=True)


def line(row):
    """List the cells of a row; from left to right they read as a sentence that is true."""
    title = re.sub("`(.*?)`", r"<code>\1</code>", escape(row.experiment.title))
    command = f"<code>{row.experiment.command}</code>"
    numbers = map(escape, relation(row.claim, row.ours))
    return f"{title}<br>{command}", escape(row.claim.key), *numbers, escape(row.claim.source)


def relation(claim, ours):
    """Write down our number, the sign of the claim, and theirs; a broken claim is marked.

    >>> relation(Claim("accuracy", 0.94, "a report"), 0.951)
    ('0.951', '≥', '0.94')
    """
    broken = "" if ours is not None and claim.holds(ours) else " ✗"
    tolerance = claim.tolerance if claim.relation == "equal" else 0.0
    return shown(claim, ours), SIGNS[claim.relation] + broken, figure(claim.theirs, tolerance)


def shown(claim, ours):
    """Write our number with as many digits as the claim makes worth reading.

    What is equal has the digits of theirs. Beside a bound, or a number of three digits at most,
    ours has three, and more where it would be on the wrong side otherwise.

    >>> shown(Claim("factor", 2, "a report"), 13318.27), shown(Claim("", 1, "", "below"), 0.99987)
    ('13300', '0.9999')
    """
    if ours is None or claim.relation == "equal":
        return figure(ours, claim.tolerance)
    few = claim.relation != "about" or float(f"{claim.theirs:.3g}") == claim.theirs
    for digits in range(3 if few else 7, 8):
        rounded = float(f"{ours:.{digits}g}")
        if claim.holds(rounded) == claim.holds(ours):
            break
    return figure(rounded)


def table():
    """Return the ledger as a table that a page can show."""
    return Ledger(rows())


def duration(seconds):
    """Write seconds as a person would say them.

    >>> duration(0.4), duration(95), duration(7500)
    ('0.4 s', '2 min', '2 h 5 min')
    """
    if seconds < 60:
        return f"{seconds:.2g} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def took(experiment):
    """Say how long an experiment took when it was recorded."""
    if experiment.quick:
        return "seconds"
    if not experiment.path.exists():
        return "not recorded yet"
    return duration(record(experiment.name)["seconds"])


def listing():
    """Print the experiments by name, with the data that they need and the time that they took."""
    table = Table("name", "what", "needs", "took", box=None)
    for experiment in experiments().values():
        table.add_row(experiment.name, experiment.title, experiment.data, took(experiment))
    Console().print(table)


def reproduce(name, *, seed=0, cluster="", recorded=False):
    """Run an experiment, write what came out, and print its numbers beside the sources'.

    It runs on this machine, or on the workers of the Dask scheduler at the address `cluster`. The
    file lies in the user's cache; with `recorded`, where the pages of the book read it.
    """
    known = experiments()
    if name not in known:
        near = get_close_matches(name, known, n=1)
        remedy = f"did you mean {near[0]}?" if near else "`dlcore reproduce` lists all"
        raise ValueError(f"reproduce: name is {name!r}, {remedy}")
    with executor_at(cluster, data=known[name].data) as executor:
        found, path = reproduce_one(known[name], seed, executor=executor, recorded=recorded)
    claims = {claim.key: claim for claim in known[name].claims}
    table = Table("value", "ours", "", "theirs", "source", box=None)
    for key, ours in found["values"].items():
        claim = claims.get(key)
        row = (*relation(claim, ours), claim.source) if claim else (figure(ours), "", "", "")
        table.add_row(key, *row)
    Console().print(known[name].title, style="bold")
    Console().print(table)
    print(f"in {found['seconds']} s, written to {path}")


def interrupted(name):
    """Say what an experiment that was interrupted leaves behind."""
    journal = RESULTS / "runs" / f"{name}.jsonl"
    if journal.exists():
        return f"dlcore: finished runs are kept in {journal}, the same command goes on"
    return "dlcore: nothing is written, the same command begins anew"
