"""The ledger: every number of the sources that is reproduced, ours beside theirs.

Quick experiments run anew whenever the ledger is printed; of the long ones the record counts.

Chapter: book/ledger.md.
"""

import re
from html import escape
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from dlcore.experiments import experiments
from dlcore.experiments.experiment import RESULTS, Claim, Experiment, reproduce_one, values_of
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


def figure(value):
    """Write a number with at most seven significant digits."""
    return "–" if value is None else f"{value:.7g}"


class Ledger:
    """The rows as an HTML table for the book: what and how, then theirs, the claim, and ours."""

    def __init__(self, rows):
        self.rows = rows

    def _repr_html_(self):
        heads = ("experiment", "number", "theirs", "claim", "ours", "source")
        head = "".join(f"<th>{word}</th>" for word in heads)
        body = "".join(f"<tr>{''.join(map(cell, line(row)))}</tr>" for row in self.rows)
        return f'<table class="ledger"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def line(row):
    """List the cells of a row."""
    told = re.sub("`(.*?)`", r"<code>\1</code>", escape(row.experiment.title))
    command = f"<code>{row.experiment.command}</code>"
    sign = SIGNS[row.claim.relation] + ("" if row.holds else " ✗")
    numbers = figure(row.claim.theirs), sign, figure(row.ours)
    return f"{told}<br>{command}", escape(row.claim.key), *numbers, escape(row.claim.source)


def cell(content):
    """Put a cell's tags around its content."""
    return f"<td>{content}</td>"


def table():
    """Return the ledger as a table that a page can show."""
    return Ledger(rows())


def listing():
    """Print the experiments by name."""
    table = Table("name", "what", "needs", box=None)
    for experiment in experiments().values():
        table.add_row(experiment.name, experiment.title, experiment.data)
    Console().print(table)


def reproduce(name, *, seed=0, cluster=""):
    """Run an experiment, write its record, and print its numbers beside the sources'.

    It runs on this machine, or on the workers of the Dask scheduler at the address `cluster`.
    """
    known = experiments()
    if name not in known:
        raise ValueError(f"reproduce: name is {name!r}, use one of {', '.join(known)}")
    with executor_at(cluster, data=known[name].data) as executor:
        record = reproduce_one(known[name], seed, executor=executor)
    claims = {claim.key: claim for claim in known[name].claims}
    table = Table("value", "ours", "", "theirs", "source", box=None)
    for key, ours in record["values"].items():
        claim = claims.get(key)
        sign = f"{SIGNS[claim.relation]} {'✓' if claim.holds(ours) else '✗'}" if claim else ""
        told = (figure(claim.theirs), claim.source) if claim else ("", "")
        table.add_row(key, figure(ours), sign, *told)
    Console().print(known[name].title, style="bold")
    Console().print(table)
    place = known[name].path.relative_to(RESULTS.parents[1])
    print(f"in {record['seconds']} s, written to {place}")
