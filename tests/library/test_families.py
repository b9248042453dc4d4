"""Families of runs: their statistics, and what happens when they are stopped."""

import json
import os
import signal
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from dlcore.course.exercises import topics
from dlcore.data.dataset import Dataset, Examples
from dlcore.experiments import densenet, depth, experiments, full_training
from dlcore.experiments.experiment import record
from dlcore.experiments.family import (
    FAMILIES,
    Comparison,
    Conclusions,
    Family,
    recorded_verdicts,
    table,
    verdicts,
)
from dlcore.experiments.paired import holm, paired, sign_flips
from dlcore.train.journal import Journal


@pytest.fixture
def runs(rng):
    """The values of six runs of two settings."""
    return rng.normal(0.6, 0.05, 6), rng.normal(0.5, 0.05, 6)


def test_the_t_test_is_that_of_scipy(runs):
    """Mean, interval and p of the paired differences, as `scipy.stats.ttest_rel` has them."""
    ours, theirs = paired(*runs), stats.ttest_rel(*runs)
    interval = theirs.confidence_interval()
    assert_allclose(ours.p, theirs.pvalue, rtol=1e-12)
    assert_allclose((ours.low, ours.high), interval, rtol=1e-12)


def test_the_sign_flips_are_all_permutations_of_pairs(rng):
    """As `scipy.stats.permutation_test` counts them, on 20 samples of two to seven pairs."""
    for n in rng.integers(2, 8, size=20):
        d = rng.normal(0.4, 1.0, n)
        theirs = stats.permutation_test(
            (d, np.zeros(n)), lambda a, b: (a - b).mean(), permutation_type="samples"
        )
        assert_allclose(sign_flips(d), theirs.pvalue, rtol=1e-12)


def test_six_pairs_are_the_fewest_that_can_reach_five_percent():
    """All differences on one side:  p = 2 / 2ⁿ."""
    smallest = [sign_flips(np.arange(1.0, n + 1)) for n in (4, 5, 6)]
    assert smallest == [2 / 2**4, 2 / 2**5, 2 / 2**6]
    assert smallest[1] > 0.05 > smallest[2]


def test_holm_rejects_as_its_steps_say(rng):
    """p₍ₖ₎ ≤ α / (m - k + 1) for the smallest, the next one …, until the first that is above."""
    for _ in range(100):
        ps = rng.uniform(0, 0.1, rng.integers(1, 9))
        rejected = np.zeros(len(ps), bool)
        for rank, i in enumerate(np.argsort(ps)):
            if ps[i] > 0.05 / (len(ps) - rank):
                break
            rejected[i] = True
        assert np.array_equal(np.array(holm(ps)) <= 0.05, rejected)


@pytest.fixture
def called():
    """The runs that were done, in order."""
    return []


@pytest.fixture
def trial(tmp_path, monkeypatch, called):
    """A family of two settings and three seeds, whose runs are noted in `called`."""
    monkeypatch.setattr("dlcore.experiments.family.RESULTS", tmp_path)

    def run(setting, seed):
        called.append((setting["depth"], seed))
        return {"test": setting["depth"] + seed / 10}

    settings = {"shallow": {"depth": 1}, "deep": {"depth": 2}}
    return partial(Family, "trial", settings, run, (), 3)


def test_a_family_goes_on_where_it_was_stopped(trial, called):
    """Killed while it wrote a line: that run is done again, no other is."""
    first = trial().carry_out()
    lines = trial().journal.read_text().splitlines()
    trial().journal.write_text("\n".join([*lines[:4], lines[4][:20]]))
    called.clear()
    again = trial().carry_out()
    assert called == [(1, 2), (2, 2)]
    assert [run["values"] for run in again] == [run["values"] for run in first]


def test_a_finished_family_does_nothing(trial, called):
    """All six runs are in the journal; none is done again."""
    trial().carry_out()
    called.clear()
    assert len(trial().carry_out()) == 6
    assert called == []


def test_runs_of_a_record_are_not_done_again(trial, called, tmp_path):
    """The journal may be deleted when the record is written."""
    runs = trial().carry_out()
    trial().journal.unlink()
    (tmp_path / "trial.json").write_text(json.dumps({"history": {"runs": runs}}))
    called.clear()
    assert trial().carry_out() == runs
    assert called == []


def test_what_runs_leave_is_removed_when_they_are_noted(trial, called):
    """A run is noted before its own is removed; what a kill has left is, by the next command."""
    noted, left = [], []

    def remove(setting, seed):
        noted.append(len(Journal(trial().journal).lines()))
        left.append((setting["depth"], seed))

    trial(tidy=remove).carry_out()
    assert noted == [1, 2, 3, 4, 5, 6]
    assert left == called
    left.clear()
    trial(tidy=remove).carry_out()
    assert sorted(left) == sorted(called)


KILLED = """
import os
import signal
from pathlib import Path

from dlcore.experiments import family, full_training
from dlcore.train.journal import Journal
from dlcore.train.recipes import recipe

place, steps = Path("."), []
family.RESULTS = place
full_training.cache = lambda: place
full_training.peak = lambda: 1.0
full_training.recipe = lambda model, data: recipe(model, "digits")
prepare = full_training.prepare
full_training.prepare = lambda made, data, **options: prepare(made, "digits", **options)


class Steps(full_training.Work):
    "Count the steps of this process."

    def step(self, solver):
        steps.append(solver.epoch)


full_training.Work = Steps
if os.environ["KILLED"]:
    Journal.note = lambda self, line: os.kill(os.getpid(), signal.SIGKILL)
tidy = full_training.remove_checkpoint
settings = {"whole": {"model": "linear", "epochs": 2}}
family.Family("trial", settings, full_training.full_length, (), 1, tidy=tidy).carry_out(bar=False)
print(len(steps))
"""


def test_a_run_that_was_killed_before_it_was_noted_is_not_trained_again(tmp_path):
    """By SIGKILL behind the last epoch: its checkpoint ends it without a step, and then goes."""

    def command(killed):
        environment = os.environ | {"PYTHONPATH": str(topics.ROOT), "KILLED": killed}
        arguments = [sys.executable, "-c", KILLED]
        return subprocess.run(
            arguments, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    assert command("yes").returncode == -signal.SIGKILL
    (checkpoint,) = (tmp_path / "full_training").iterdir()
    assert checkpoint.match("linear-2-0-*.npz")
    assert not (tmp_path / "runs/trial.jsonl").exists()
    again = command("")
    assert (again.stdout, again.returncode) == ("0\n", 0), again.stderr
    (line,) = Journal(tmp_path / "runs/trial.jsonl").lines()
    assert len(line["curves"]["train_loss"]) == 2
    assert not checkpoint.exists()


def test_a_changed_recipe_is_trained_again_from_the_beginning():
    """Every setting of the recipe is noted, and a checkpoint belongs to all of them."""
    setting = FAMILIES["vgg-full"].setting("whole")
    assert {"model", "epochs", "dropout", "learning_rate", "batch_size", "crop"} <= {*setting}
    paths = {full_training.checkpoint_path(setting | more, 0)
             for more in ({}, {"dropout": 0.5}, {"learning_rate": 1.0}, {"epochs": 1})}  # fmt: skip
    assert len(paths) == 4


def test_the_runs_of_a_length_stand_in_one_row():
    """Every test accuracy, the means of both kinds, and the mean of the work."""
    values = [
        {"test": 0.5, "mirrored": 0.7, "work": 0.9},
        {"test": 0.6, "mirrored": 0.8, "work": 1},
    ]
    runs = [
        {"label": label, "setting": {"epochs": epochs}, "values": each}
        for label, epochs in (("whole", 9), ("a third", 3))
        for each in values
    ]
    rest = ("0.500, 0.600", "0.550", "0.750", "0.95")
    assert full_training.Results(runs).rows() == [("whole", "9", *rest), ("a third", "3", *rest)]


def test_work_counts_every_epoch_by_the_peak_before_and_after_it(monkeypatch):
    """Peaks of 10, 30 and 50 in a budget of 1,000: 2 and 4 seconds take 0.04 and 0.16 of it."""
    peaks, times = iter([10.0, 30.0, 50.0]), iter([0.0, 2.0, 5.0, 9.0, 10.0])
    monkeypatch.setattr(full_training, "peak", lambda: next(peaks))
    monkeypatch.setattr(full_training.time, "perf_counter", lambda: next(times))
    monkeypatch.setattr(full_training, "BUDGET", 1000.0)
    work = full_training.Work()
    work.begin(None)
    work.epoch(None)
    assert work.share == pytest.approx(0.04, rel=1e-12)
    work.epoch(None)
    assert work.share == pytest.approx(0.04 + 0.16, rel=1e-12)


def test_a_changed_setting_is_run_again(trial, called):
    """What was noted of another setting under the same label does not count."""
    trial().carry_out()
    called.clear()
    trial()._replace(settings={"shallow": {"depth": 1}, "deep": {"depth": 3}}).carry_out()
    assert called == [(3, 0), (3, 1), (3, 2)]


@pytest.mark.parametrize(
    ("shift", "word"),
    [(0.1, "replicates"), (-0.1, "does not replicate"), (0.0, "undecided")],
)
def test_a_conclusion_replicates_or_not_or_is_undecided(shift, word):
    """By p < 0.05 after the correction, and by the sign of the difference."""
    noise = [0.01, -0.01, 0.02, -0.02, 0.005, -0.005]
    runs = [
        {"label": label, "seed": seed, "values": {"test": 0.5 + more + noise[seed] * more / 0.1}}
        for label, more in (("a", shift), ("b", 0.0))
        for seed in range(6)
    ]
    runs[0]["values"]["test"] += 1e-3
    (verdict,) = verdicts([Comparison("test", "a", "b", "a is better")], runs)
    assert verdict.word == word


def test_a_journal_is_plain_json(trial):
    """A line a run, with its label, seed, setting, values and processor."""
    trial().carry_out()
    line = json.loads(trial().journal.read_text().splitlines()[0])
    assert {*line} == {"label", "seed", "setting", "values", "seconds", "processor"}


def test_the_rate_with_the_best_validation_accuracy_is_taken(tmp_path, monkeypatch):
    """For each optimizer its own, on another seed than those that are compared; tried once."""
    tried = []

    def run(setting, seed):
        tried.append(seed)
        rate = setting["learning_rate"]
        return {"val_accuracy": -abs(np.log(rate / 0.025)), "test": rate}

    rates = FAMILIES["depth-rates"]
    monkeypatch.setattr("dlcore.experiments.family.RESULTS", tmp_path)
    monkeypatch.setattr(depth, "trained", run)
    depth.tuned.cache_clear()
    assert [depth.tuned(optimizer) for optimizer in depth.RATES] == [0.01, 0.01, 0.03]
    depth.tuned.cache_clear()
    assert [depth.tuned(optimizer) for optimizer in depth.RATES] == [0.01, 0.01, 0.03]
    depth.tuned.cache_clear()
    assert tried == [depth.TUNING] * len(rates.settings)
    assert rates.missing() == []


@pytest.fixture
def noise(rng):
    """Sixty random pictures of whole numbers in the place of CIFAR-10."""

    def split(seed, N):
        x, t = rng.integers(0, 256, (60, 3, 32, 32), np.uint8), rng.integers(0, 10, 60)
        part = Examples(x, t)
        return Dataset("noise", tuple("0123456789"), part, part.first(20), part.first(10))

    return split


def require_trainable(trial):
    """Try every setting of a family; what is compared is measured."""
    compared = {comparison.metric for comparison in trial.comparisons}
    for setting in trial.settings.values():
        values = trial.run(setting, 0)
        assert compared <= values.keys()
        assert np.isfinite([*values.values()]).all()


@pytest.mark.parametrize("name", ["depth-norm", "depth-dropout", "depth-augment", "depth-filters"])
def test_every_setting_of_a_family_can_be_trained(name, noise, monkeypatch):
    """One step each."""
    monkeypatch.setattr(depth, "split", noise)
    for constant, value in {"BATCH": 20, "EPOCHS": 1, "STEPS": 1, "VALIDATION": 20}.items():
        monkeypatch.setattr(depth, constant, value)
    require_trainable(FAMILIES[name])


def test_plain_residual_and_dense_networks_can_be_trained(noise, monkeypatch):
    """One step each; so many steps as the page says are another test's."""
    monkeypatch.setattr(densenet, "split", noise)
    monkeypatch.setattr(densenet, "steps_of", lambda name: 1)
    monkeypatch.setattr(densenet, "BATCH", 20)
    require_trainable(FAMILIES["plain-residual-dense"])


def test_a_table_may_show_some_of_the_settings(tmp_path, monkeypatch):
    """Comparisons within them, with the p values that they have among all."""
    for module in ("family", "experiment"):
        monkeypatch.setattr(f"dlcore.experiments.{module}.RESULTS", tmp_path)
    compare = partial(Comparison, "test", words="so it is")
    pairs = [("deep", "shallow"), ("deep", "flat"), ("shallow", "flat")]
    runs = [
        {"label": label, "seed": seed, "values": {"test": k + (seed + 2) ** (k / 2)}}
        for k, label in enumerate(("flat", "shallow", "deep"))
        for seed in range(4)
    ]
    history = {"runs": runs, "comparisons": [compare(*pair)._asdict() for pair in pairs]}
    (tmp_path / "trial.json").write_text(json.dumps({"history": history}))
    every, (some,) = table("trial").rows, table("trial", among=["deep", "flat"]).rows
    assert [(each.comparison.more, each.comparison.less) for each in every] == pairs
    assert some == every[1]


RECORDED = [name for name, own in experiments().items() if name in FAMILIES and own.path.exists()]


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_family_is_recorded_again_alike(name):
    """No run is done; runs and comparisons are those of the file, whichever way they are given."""
    assert FAMILIES[name].missing() == []
    _, history = experiments()[name].run(0)
    assert history == record(name)["history"]
    assert len(history["comparisons"]) == len(FAMILIES[name].comparisons)


def test_what_a_source_concludes_is_listed_over_all_families():
    """In the order of the families, with the metric and the verdict; what others say is not."""
    names = ["depth-dropout", "depth-augment"]
    listed = Conclusions("004", names)
    experiments = [name for _, name in listed.rows]
    assert experiments == sorted(experiments, key=names.index)
    said = {each.words for name in names for each in FAMILIES[name].comparisons if each.source}
    assert {verdict.comparison.words for verdict, _ in listed.rows} == said
    for verdict, name in listed.rows:
        assert verdict in recorded_verdicts(name)
        assert listed.word(verdict.comparison.words) == verdict.word
        assert verdict.comparison.words in listed._repr_html_()
