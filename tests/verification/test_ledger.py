"""The ledger: ours beside the sources', each number with the command that prints it."""

import json
import re
from html import unescape
from itertools import groupby

import numpy as np
import pytest

from dlcore.experiments import activation, experiments
from dlcore.experiments.experiment import Claim, reproduce_one
from dlcore.experiments.ledger import duration, listing, relation, rows, table

# Experiments that take hours: declared, and not run yet. Their pages say so.
NOT_RUN = {
    "resnet20-full", "vgg-full",
    "halving-resnet20", "plain-residual-dense",
}  # fmt: skip
LONG = [name for name, experiment in experiments().items() if not experiment.quick]


def test_every_number_of_the_ledger_keeps_its_claim():
    """Quick experiments are run for it, long ones read from their records."""
    broken = [f"{r.experiment.name} {r.claim.key}: {r.ours}" for r in rows() if not r.holds]
    assert not broken


def test_relu_gives_the_printed_numbers():
    """Twelve numbers from -1/2 to 1/2, as 000 and 001 print them with eight digits."""
    ours = activation.relu(activation.EVEN)
    assert np.abs(ours - activation.RELU_001).max() <= 5e-9  # half a unit of the last digit


def test_the_difference_to_the_printed_numbers_is_the_printed_one():
    """It is max |y - z| / (|y| + |z|), the rounding of the printed digits and nothing else."""
    (claim,) = experiments()["relu-forward"].claims
    assert claim.holds(activation.relu_forward(seed=0)[0][claim.key])


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
    drawn = Claim("first loss", 9.0001, "", "about", 0.008)
    assert drawn.holds(9.008)
    assert not drawn.holds(9.009)
    assert Claim("", 0.5, "").holds(0.5)
    assert not Claim("", 0.5, "", "below").holds(0.5)


def test_reproducing_writes_the_values_that_the_ledger_reads(tmp_path, monkeypatch):
    """What is recorded is what the run returned, to the last bit."""
    monkeypatch.setattr("dlcore.experiments.experiment.RESULTS", tmp_path)
    experiment = experiments()["toy-momentum"]
    record, path = reproduce_one(experiment, recorded=True)
    assert path == tmp_path / "toy-momentum.json"
    assert json.loads(path.read_text())["values"] == record["values"]
    assert record["values"] == experiment.run(0)[0]


def test_reproducing_leaves_the_book_alone_unless_it_is_to_record(tmp_path, monkeypatch):
    """The file goes to the user's cache, and the record of the book stays as it is."""
    monkeypatch.setattr("dlcore.experiments.experiment.cache", lambda: tmp_path / "cache")
    monkeypatch.setattr("dlcore.experiments.experiment.RESULTS", tmp_path / "book")
    _, path = reproduce_one(experiments()["toy-momentum"])
    assert path == tmp_path / "cache/results/toy-momentum.json"
    assert not (tmp_path / "book").exists()


@pytest.fixture(scope="module")
def printed():
    """The rows of the ledger as a reader sees them: the words of each cell."""
    body = table()._repr_html_().partition("<tbody>")[2]
    rows = re.findall(r"<tr>(.*?)</tr>", body)
    return [[unescape(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)] for row in rows]


RELATIONS = {
    "=": lambda ours, theirs, _: ours == theirs,
    "≈": lambda ours, theirs, claim: claim._replace(theirs=theirs).holds(ours),
    "≥": lambda ours, theirs, _: ours >= theirs,
    "<": lambda ours, theirs, _: ours < theirs,
}


def test_every_row_of_the_ledger_is_true_as_it_is_printed(printed):
    """Ours, relation, theirs: the digits that are printed satisfy the sign between them."""
    false = [
        (number, ours, sign, theirs)
        for (_, number, ours, sign, theirs, _), row in zip(printed, rows(), strict=True)
        if ours != "–" and "✗" not in sign
        if not RELATIONS[sign](float(ours), float(theirs), row.claim)
    ]
    assert false == []


def test_a_broken_claim_is_marked_as_it_is_printed():
    """0.93 ≥ 0.94 is false, and so is what has not been measured."""
    claim = Claim("", 0.94, "")
    assert relation(claim, 0.93) == ("0.93", "≥ ✗", "0.94")
    assert relation(claim, None) == ("–", "≥ ✗", "0.94")
    assert relation(Claim("", 2.3, "", "equal", 0.005), 2.3026) == ("2.30", "=", "2.30")


def test_ours_has_as_many_digits_as_are_worth_reading():
    """Three beside a bound or a short number, all of what is equal or compared with many digits."""
    assert relation(Claim("", 468.402, ""), 13318.27)[0] == "13300"
    assert relation(Claim("", 0.75, "", "about"), 0.7512044)[0] == "0.751"
    assert relation(Claim("", 1e-6, "", "below"), 4.023088e-08)[0] == "4.02e-08"
    assert relation(Claim("", 9.000137, "", "about", 0.008), 8.998381)[0] == "8.998381"
    assert relation(Claim("", 0.9406864, "", "equal", 5e-8), 0.94068641)[0] == "0.9406864"


def test_more_digits_are_shown_where_three_would_be_on_the_wrong_side():
    """0.99987 < 1 is true, and 1.00 < 1 is not."""
    assert relation(Claim("", 1.0, "", "below"), 0.99987)[0] == "0.9999"
    assert relation(Claim("", 0.5014, "", "at least"), 0.50141)[0] == "0.5014"


def test_an_experiment_is_named_once_on_wide_pages():
    """Its rows share a cell; on narrow pages, where rows stand apart, each has its own."""
    html = table()._repr_html_()
    counts = [len(list(group)) for _, group in groupby(rows(), key=lambda row: row.experiment)]
    assert [*map(int, re.findall(r'rowspan="(\d+)"', html))] == counts
    assert html.count(' class="again"') == len(rows()) - len(counts)


def test_the_list_of_experiments_says_how_long_each_takes(capsys, monkeypatch):
    """Recorded ones took what their record says; seconds are written as a person says them."""
    monkeypatch.setenv("COLUMNS", "200")
    listing()
    page = capsys.readouterr().out
    seconds = json.loads(experiments()["cifar10-tuned"].path.read_text())["seconds"]
    line = next(line for line in page.splitlines() if line.startswith(" cifar10-tuned"))
    assert line.rstrip().endswith(duration(seconds))
    assert "not recorded yet" in page


def test_the_table_names_a_command_in_every_row():
    """A reader who doubts a number can run it."""
    html = table()._repr_html_()
    assert html.count("<code>dlcore reproduce ") == len(rows())
