"""The ledger: ours beside the sources', each number with the command that prints it."""

import json

import pytest

from dlcore.experiments import experiments
from dlcore.experiments.experiment import Claim, reproduce_one
from dlcore.experiments.ledger import rows, table

# Experiments that take hours: declared, and not run yet. Their pages say so.
NOT_RUN = {
    "depth-augment", "depth-dropout", "depth-filters", "depth-norm", "depth-pooling",
    "depth-rates", "grading-cluster", "plain-residual-dense", "pytorch-training",
    "resnet-plain",
}  # fmt: skip
LONG = [name for name, experiment in experiments().items() if not experiment.quick]


def test_every_number_of_the_ledger_keeps_its_claim():
    """Quick experiments are run for it, long ones read from their records."""
    broken = [f"{r.experiment.name} {r.claim.key}: {r.ours}" for r in rows() if not r.holds]
    assert not broken


def test_what_has_no_record_is_listed():
    """Every other experiment has one; what has been run is taken off the list."""
    assert {name for name in LONG if not experiments()[name].path.exists()} == NOT_RUN


@pytest.mark.parametrize("name", sorted({*LONG} - NOT_RUN))
def test_a_record_says_how_to_make_it_again(name):
    """Command, seed, versions, processor, date and the sources' numbers stand in the file."""
    experiment = experiments()[name]
    record = json.loads(experiment.path.read_text())
    assert record["command"] == experiment.command
    assert record["seed"] == 0
    assert {"python", "numpy", "numba"} <= set(record["versions"])
    assert {"processor", "date", "seconds", "history"} <= set(record)
    theirs = {key: told["value"] for key, told in record["theirs"].items()}
    assert theirs == {claim.key: claim.theirs for claim in experiment.claims}


def test_a_claim_can_fail():
    """Half a unit in the last place printed, three standard errors, and both one-sided claims."""
    exact = Claim("loss", 0.940686, "", "equal", 5e-7)
    assert exact.holds(0.9406864)
    assert not exact.holds(0.9406866)
    assert Claim("", 0.5, "", "about").holds(0.547)
    assert not Claim("", 0.5, "", "about").holds(0.548)
    assert Claim("", 0.5, "").holds(0.5)
    assert not Claim("", 0.5, "", "below").holds(0.5)


def test_reproducing_writes_the_values_that_the_ledger_reads(tmp_path, monkeypatch):
    """What is written to the file is what the run returned, to the last bit."""
    monkeypatch.setattr("dlcore.experiments.experiment.RESULTS", tmp_path)
    experiment = experiments()["toy-momentum"]
    record = reproduce_one(experiment)
    assert json.loads((tmp_path / "toy-momentum.json").read_text())["values"] == record["values"]
    assert record["values"] == experiment.run(0)[0]


def test_the_table_names_a_command_in_every_row():
    """A reader who doubts a number can run it."""
    html = table()._repr_html_()
    assert html.count("<code>dlcore reproduce ") == len(rows())
