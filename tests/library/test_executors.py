"""Executors: this machine and a cluster find the same, whatever is killed on the way.

The clusters are real: a scheduler and two workers on loopback.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from functools import partial

import pytest

from dlcore import cli
from dlcore.course.exercises import topics
from dlcore.data.files import DataError
from dlcore.experiments import experiments, solver
from dlcore.experiments.experiment import reproduce_one
from dlcore.experiments.family import Family
from dlcore.train.cluster import ClusterError, LocalExecutor, connected, on_worker, versions
from dlcore.train.halving import Training, halve, rungs
from dlcore.train.journal import Journal
from dlcore.train.recipes import recipe
from dlcore.train.sweep import RANGES, random

pytest.importorskip("distributed", reason="install the extra `cluster`")

TRAINING = Training(recipe("linear", "digits").changed(epochs=9), "digits", seed=3)
PLAN = rungs(9, 9)


@pytest.fixture
def settings(rng):
    """Nine settings for the linear classifier."""
    return random(RANGES, 9, rng=rng)


class Killing:
    """An executor that kills a process when it has given so many results."""

    def __init__(self, executor, process, after):
        self.executor, self.process, self.left = executor, process, after

    def results(self, function, tasks):
        for pair in self.executor.results(function, tasks):
            yield pair
            self.left -= 1
            if not self.left:
                self.process.kill()
                self.process.wait()


def lasting(pieces):
    """What a search has found, apart from times and folders."""
    return [(piece.accuracy, piece.setting, piece.epochs) for piece in pieces]


def notes(folder):
    """The journal of a search, in an order of its own, apart from times."""
    lines = Journal(folder / "journal.jsonl").lines()
    told = [{**line, "seconds": 0} for line in lines]
    return sorted(told, key=lambda line: (line["epochs"], line["name"]))


def test_a_search_on_a_cluster_finds_what_one_machine_finds(dask_cluster, settings, tmp_path):
    """Though a worker is killed on the first rung: the same records, each piece once."""
    address, (first, _) = dask_cluster
    here = halve(TRAINING, settings, PLAN, folder=tmp_path / "here")
    with connected(address) as executor:
        killing = Killing(executor, first, after=4)
        there = halve(TRAINING, settings, PLAN, folder=tmp_path / "there", executor=killing)
    assert first.returncode == -signal.SIGKILL
    assert lasting(there) == lasting(here)
    assert notes(tmp_path / "there") == notes(tmp_path / "here")
    assert len(notes(tmp_path / "here")) == 9 + 3 + 1


def test_a_family_on_a_cluster_has_the_records_of_one_machine(dask_cluster, tmp_path, monkeypatch):
    """Though a worker is killed half-way; the journal is written by the client."""
    address, (first, _) = dask_cluster
    settings = {"low": {"learning_rate": 0.001}, "high": {"learning_rate": 0.05}}
    runs = {}
    for place in ("here", "there"):
        monkeypatch.setattr("dlcore.experiments.family.RESULTS", tmp_path / place)
        own = Family("trial", settings, train_linear, (), 3)
        if place == "here":
            runs[place] = own.carry_out(bar=False)
        else:
            with connected(address) as executor:
                runs[place] = own.carry_out(bar=False, executor=Killing(executor, first, after=3))
    assert first.returncode == -signal.SIGKILL
    assert [run["values"] for run in runs["there"]] == [run["values"] for run in runs["here"]]
    assert len((tmp_path / "there/runs/trial.jsonl").read_bytes().splitlines()) == 6


def train_linear(setting, seed):
    """Train the linear classifier for two epochs."""
    from dlcore.train.recipes import prepare, recipe  # noqa: PLC0415  it is sent without its module

    chosen = recipe("linear", "digits").changed(epochs=2, **setting)
    return {"test": max(prepare(chosen, "digits", seed=seed).train().val_accuracy)}


def test_an_experiment_is_one_task_and_its_record_is_that_of_the_worker(
    dask_cluster, tmp_path, monkeypatch
):
    """The values are those of this machine, to the last bit."""
    monkeypatch.setattr("dlcore.experiments.experiment.RESULTS", tmp_path)
    chosen = experiments()["toy-momentum"]
    with connected(dask_cluster[0]) as executor:
        there, path = reproduce_one(chosen, executor=executor, recorded=True)
    assert there["values"] == reproduce_one(chosen)[0]["values"]
    assert json.loads(path.read_text())["values"] == there["values"]


def test_the_jobs_of_one_machine_find_what_one_process_finds(settings, tmp_path):
    """A search by two processes has the records of a search by one."""
    one = halve(TRAINING, settings, PLAN, folder=tmp_path / "one")
    two = halve(TRAINING, settings, PLAN, folder=tmp_path / "two", executor=LocalExecutor(2))
    assert lasting(two) == lasting(one)


class Counting(LocalExecutor):
    """An executor that counts its tasks, and is stopped after so many."""

    def __init__(self, most=99):
        super().__init__()
        self.done, self.most = 0, most

    def results(self, function, tasks):
        for pair in super().results(function, tasks):
            if self.done == self.most:
                raise KeyboardInterrupt
            self.done += 1
            yield pair


@pytest.mark.parametrize("most", [4, 9, 11])
def test_a_search_goes_on_where_it_was_stopped(most, settings, tmp_path):
    """Stopped inside the first rung, after it, and inside the second: the rest is done, once."""
    whole = halve(TRAINING, settings, PLAN, folder=tmp_path / "whole")
    stopped = Counting(most)
    with pytest.raises(KeyboardInterrupt):
        halve(TRAINING, settings, PLAN, folder=tmp_path / "run", executor=stopped)
    rest = Counting()
    again = halve(TRAINING, settings, PLAN, folder=tmp_path / "run", executor=rest)
    assert lasting(again) == lasting(whole)
    assert stopped.done + rest.done == 13


def test_a_checkpoint_that_was_not_noted_yet_changes_nothing(settings, tmp_path):
    """Killed between the two writes, a piece is done again from a checkpoint that is ahead."""
    whole = halve(TRAINING, settings, PLAN, folder=tmp_path)
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(b"\n".join(journal.read_bytes().splitlines()[:7]) + b'\n{"name"')
    assert lasting(halve(TRAINING, settings, PLAN, folder=tmp_path)) == lasting(whole)


def test_another_training_in_the_same_folder_is_done_anew(settings, tmp_path):
    """A seed, a setting of the recipe, and the data belong to the name of a piece."""
    halve(TRAINING, settings, PLAN, folder=tmp_path)
    for other in (
        TRAINING._replace(seed=4),
        TRAINING._replace(recipe=TRAINING.recipe.changed(batch_size=40)),
    ):
        executor = Counting()
        halve(other, settings, PLAN, folder=tmp_path, executor=executor)
        assert executor.done == 13


def test_a_comparison_of_searches_goes_on_where_it_was_stopped(tmp_path, monkeypatch):
    """Stopped in the second repetition: the first is not done again, and no piece is."""
    monkeypatch.setattr(solver, "REPETITIONS", 2)
    search = solver.Search("trial", TRAINING.recipe.changed(epochs=3), "digits", count=3)
    found = {}
    for place, most in (("whole", [99]), ("stopped", [15, 99])):
        monkeypatch.setattr(solver, "RESULTS", tmp_path / place)
        executors = [Counting(each) for each in most]
        for executor in executors[:-1]:
            with pytest.raises(KeyboardInterrupt):
                search.repeat(0, executor)
        found[place] = search.repeat(0, executors[-1])
        assert sum(executor.done for executor in executors) == 2 * (1 + 4 + 5)
        assert not list((tmp_path / place / "runs/trial").iterdir())
    assert found["stopped"] == found["whole"]


def connect(address, *, timeout=1, **needs):
    """Connect with a cluster, and do nothing there."""
    with connected(address, timeout=timeout, **needs):
        pass


@pytest.fixture
def not_a_scheduler():
    """The address of a program that accepts connections, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:9", "tcp://127.0.0.1", "127.0.0.1", "carrier://pigeon:8786"]
)
def test_an_address_without_a_scheduler_is_refused_in_one_line(address):
    """Nobody listens, the port is missing, or the protocol is unknown."""
    with pytest.raises(ClusterError, match="no scheduler answers at " + address) as refused:
        connect(address)
    assert "\n" not in str(refused.value)


def test_a_program_that_is_no_scheduler_is_refused_in_one_line(not_a_scheduler):
    """It accepts the connection, and does not answer in time."""
    with pytest.raises(ClusterError, match="no scheduler answers at") as refused:
        connect(not_a_scheduler)
    assert "\n" not in str(refused.value)


def test_a_scheduler_without_workers_is_refused_in_one_line(dask_scheduler):
    """The message says how to start one."""
    with pytest.raises(ClusterError, match="has had no worker for 3 s, start `dask worker tcp:"):
        connect(dask_scheduler[0])


def test_a_worker_without_data_is_refused_in_one_line(dask_scheduler, dask_worker, tmp_path):
    """Named by its address, with what to do there; of two workers one has no data."""
    nowhere = {"DLCORE_DATA": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    dask_worker(**nowhere)
    message = r"worker tcp://\S+: load: .* holds no cifar10, run `dlcore data fetch cifar10`"
    with pytest.raises(DataError, match=message):
        connect(dask_scheduler[0], data="cifar10", timeout=10)
    with connected(dask_scheduler[0], data="digits") as executor:
        assert dict(executor.results(len, ["abc"])) == {0: 3}


def test_a_worker_of_another_version_is_refused_in_one_line(dask_scheduler, dask_worker, tmp_path):
    """A line of source more is another version, though its number is the same."""
    copy = shutil.copytree(
        topics.ROOT / "dlcore", tmp_path / "other/dlcore",
        ignore=shutil.ignore_patterns("__pycache__"),
    )  # fmt: skip
    with (copy / "lazy.py").open("a") as file:
        file.write("\nMORE = 1\n")
    dask_worker(cwd=tmp_path / "other", PYTHONPATH="")
    message = r"worker tcp://\S+ has dlcore \S+ \(source \w+\), but this program dlcore"
    with pytest.raises(ClusterError, match=message):
        connect(dask_scheduler[0], timeout=10)


def test_a_task_is_refused_where_it_would_meet_another_version(monkeypatch):
    """Workers that join later are not asked before: every task compares."""
    assert on_worker(versions(), len, "abc") == 3
    monkeypatch.setattr("distributed.get_worker", lambda: type("Worker", (), {"address": "w"}))
    with pytest.raises(ClusterError, match="the worker w has numpy"):
        on_worker(versions() | {"numpy": "1.0"}, len, "abc")


@pytest.fixture
def no_second_try(monkeypatch):
    """A scheduler that is started later gives a task up when its worker dies."""
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")


@pytest.mark.usefixtures("no_second_try")
def test_a_task_that_kills_its_workers_is_an_error_of_one_line(dask_scheduler, dask_worker):
    """When it is given up, after as many as the scheduler allows, the message says so."""
    dask_worker()
    with connected(dask_scheduler[0]) as executor:
        results = executor.results(os._exit, [1])
        with pytest.raises(
            ClusterError, match=r"given up, its workers died \(1 of them, the last t"
        ):
            dict(results)


def test_a_scheduler_that_is_lost_is_an_error_of_one_line(dask_scheduler, dask_worker):
    """What was finished before stays in the journal of the client."""
    address, scheduler = dask_scheduler
    dask_worker()
    with connected(address) as executor:
        results = Killing(executor, scheduler, after=1).results(time.sleep, [0, 5, 5])
        with pytest.raises(ClusterError, match="the scheduler was lost"):
            dict(results)


TINY = """
import os, sys, time
from pathlib import Path
from dlcore import cli
from dlcore.experiments import experiment, family

family.RESULTS = experiment.RESULTS = Path(os.environ["RESULTS"])

@family.family("tiny", {"a": {"depth": 1}, "b": {"depth": 2}}, [], data=None, seeds=3)
def tiny(setting, seed):
    "Six runs, of which those of seed 1 may be slow."
    with open(family.RESULTS / "begun", "a") as file:
        print(setting["depth"], seed, file=file)
    time.sleep(float(os.environ["SECONDS_OF_SEED_1"]) * (seed == 1))
    return {"test": setting["depth"] + seed / 10}

experiment.EXPERIMENTS["tiny"].run.__module__ = "dlcore.experiments.depth"
sys.argv = ["dlcore", "reproduce", "tiny", "--record"]
cli.main()
"""


def reproduce_tiny(folder, seconds):
    """Begin `dlcore reproduce` on a tiny family, in a process of its own."""
    needs = {"PYTHONPATH": str(topics.ROOT), "RESULTS": str(folder)}
    environment = os.environ | needs | {"SECONDS_OF_SEED_1": str(seconds)}
    command = [sys.executable, "-c", TINY]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, cwd=folder)


def test_reproduce_goes_on_after_it_was_killed(tmp_path):
    """By SIGKILL in the middle of the third of six runs: that one alone is begun again."""
    begun = tmp_path / "begun"
    process = reproduce_tiny(tmp_path, seconds=600)
    while not (begun.exists() and begun.read_text().count("\n") == 3):
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert len(Journal(tmp_path / "runs/tiny.jsonl").lines()) == 2

    assert reproduce_tiny(tmp_path, seconds=0).wait() == 0
    order = ["1 0", "2 0", "1 1", "1 1", "2 1", "1 2", "2 2"]
    assert begun.read_text().splitlines() == order
    runs = json.loads((tmp_path / "tiny.json").read_text())["history"]["runs"]
    assert [run["values"]["test"] for run in runs] == [1.0, 1.1, 1.2, 2.0, 2.1, 2.2]


@pytest.fixture
def dlcore(monkeypatch, capsys):
    """Run a command line and return its exit code, what it printed, and what it complained of."""

    def run(line):
        monkeypatch.setattr(sys, "argv", ["dlcore", *line.split()])
        monkeypatch.setenv("COLUMNS", "120")
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code or 0, *capsys.readouterr()

    return run


def test_a_sweep_on_a_cluster_prints_what_one_machine_prints(dask_cluster, dlcore, tmp_path):
    """From coarse to fine, and by halving."""
    line = "sweep linear --trials 3 --epochs 3 --jobs 1"
    for options in ("", f" --halving --folder {tmp_path}/"):
        here = dlcore(line + options + "here" * bool(options))
        there = dlcore(f"{line}{options}{'there' * bool(options)} --cluster {dask_cluster[0]}")
        assert here[0] == there[0] == 0
        assert there[1] == here[1]


@pytest.mark.parametrize("command", ["sweep linear", "reproduce toy-momentum"])
def test_a_bad_address_is_one_line_of_a_command(command, dlcore, monkeypatch):
    """On standard error, with exit code 2."""
    monkeypatch.setattr("dlcore.train.cluster.connected", partial(connected, timeout=0.5))
    code, out, complaint = dlcore(f"{command} --cluster tcp://127.0.0.1:9")
    assert (code, out) == (2, "")
    assert complaint.startswith("dlcore: cluster: no scheduler answers at tcp://127.0.0.1:9")
    assert complaint.count("\n") == 1
