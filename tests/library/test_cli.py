"""The command line, as a newcomer types it."""

import os
import subprocess
import sys
from importlib.metadata import version

import numpy as np
import pytest

from dlcore import cli
from dlcore.benchmarks import bench
from dlcore.course.exercises import topics
from dlcore.train.checkpoint import read_weights, save_weights
from dlcore.train.solver import Solver


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


COMMANDS = {command.callback.__name__: command.callback for command in cli.app.registered_commands}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, dlcore):
    """The help of a command is its function's docstring."""
    code, out, _ = dlcore(f"{command} --help")
    assert code == 0
    assert COMMANDS[command].__doc__.split()[0] in out


def test_the_module_is_the_command():
    """``python -m dlcore``  prints what  ``dlcore``  does."""
    command = [sys.executable, "-m", "dlcore", "walk", "loss"]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "book/loss.md" in found.stdout


def test_walk_prints_the_column_of_a_topic(dlcore):
    """From the chapter down to the solution, every file named exists."""
    code, out, _ = dlcore("walk loss")
    files = [word for word in out.split() if word.startswith(("book/", "dlcore/", "solutions/"))]
    assert code == 0
    assert files[0] == "book/loss.md"
    assert files[-1] == "solutions/loss.py"
    assert all((topics.ROOT / file).exists() for file in files)


def test_training_ends_with_both_accuracies(dlcore):
    """One epoch on the bundled digits is enough to beat guessing."""
    code, out, _ = dlcore("train linear --epochs 3")
    assert code == 0
    assert float(out.split("full test set ")[1].split()[0]) > 0.5


def test_a_run_resumed_prints_what_an_uninterrupted_one_prints(dlcore, tmp_path):
    """The last line of 2 epochs, and of 2 epochs resumed from a finished checkpoint, agree."""
    line = f"train linear --epochs 2 --checkpoint {tmp_path}/run.npz"
    first = dlcore(line)[1].split("   in ")[0]
    again = dlcore(f"{line} --resume")[1].split("   in ")[0]
    assert first.splitlines()[-1] == again.splitlines()[-1]


def test_weights_are_converted_for_pytorch_and_back(dlcore, tmp_path):
    """Options are those of the training; the last file holds the weights of the first."""
    pytest.importorskip("safetensors")
    run, tensors, back = (f"{tmp_path}/{name}" for name in ("a.npz", "b.safetensors", "c.npz"))
    dlcore(f"train twolayer --hidden 20 --epochs 1 --checkpoint {run}")
    options = "--model twolayer --hidden 20"
    assert dlcore(f"convert {run} {tensors} {options}")[:2] == (0, f"{tensors}: 4 arrays\n")
    assert dlcore(f"convert {tensors} {back} {options}")[:2] == (0, f"{back}: 4 arrays\n")
    for ours, theirs in zip(read_weights(run), read_weights(back), strict=True):
        assert ours.keys() == theirs.keys()
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    code, _, complaint = dlcore(f"convert {run} {tensors} --model twolayer")
    assert code == 2
    assert "hidden.w is (64, 256) in the model but (64, 20) in params" in complaint


def test_a_package_that_is_missing_is_named_with_its_extra(dlcore, monkeypatch, tmp_path):
    """On one line; nothing is written."""
    monkeypatch.setitem(sys.modules, "safetensors", None)
    save_weights(tmp_path / "w.npz", {"w": np.ones((64, 10)), "b": np.ones(10)}, {})
    code, _, complaint = dlcore(f"convert {tmp_path}/w.npz {tmp_path}/w.safetensors --model linear")
    assert code == 2
    assert complaint == (
        "dlcore: convert: the package safetensors is missing, install the extra `safetensors`\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["w.npz"]


def test_a_sweep_prints_its_trials_best_first(dlcore):
    """Two rounds of two settings: four lines, the accuracies in descending order."""
    code, out, _ = dlcore("sweep linear --trials 2 --rounds 2 --epochs 1 --jobs 1")
    accuracies = [float(line.split()[0]) for line in out.splitlines()[1:] if line.strip()]
    assert code == 0
    assert len(accuracies) == 4
    assert accuracies == sorted(accuracies, reverse=True)


@pytest.mark.parametrize(
    ("line", "parameters"),
    [
        ("vgg-a", "132,863,336"), ("vgg-a-lrn", "132,863,336"), ("vgg-b", "133,047,848"),
        ("vgg-c", "133,638,952"), ("vgg-d", "138,357,544"), ("vgg-e", "143,667,240"),
        ("vgg-cifar", "4,632,394"), ("resnet20", "269,722"), ("resnet110", "1,727,962"),
        ("densenet22", "270,706"), ("densenet40", "1,019,722"), ("densenet-bc-100", "769,162"),
        ("darts", "3,349,342"), ("darts-search", "1,930,618"), ("linear", "30,730"),
        ("linear --size 1x28x28 --classes 7", "5,495"),
    ],
)  # fmt: skip
def test_show_counts_the_parameters_of_a_model(line, parameters, dlcore):
    """At the size that it was published for, and at one that is given; no weight is drawn."""
    code, out, _ = dlcore(f"show {line}")
    sums = next(row for row in out.splitlines() if row.startswith("in all"))
    assert code == 0
    assert sums.split()[2] == parameters


def test_show_counts_what_only_training_uses(dlcore):
    """The auxiliary head of DARTS: 3,825,768 parameters with it."""
    assert "training uses 476,426 parameters more, 3,825,768 in all" in dlcore("show darts")[1]


def test_reproduce_lists_the_experiments(dlcore):
    """Without a name it prints every name that it knows."""
    code, out, _ = dlcore("reproduce")
    assert code == 0
    assert "toy-momentum" in out


def test_commands_are_listed_in_groups(dlcore):
    """Reading and practising come first, then training, then teaching."""
    _, out, _ = dlcore("--help")
    heads = [out.index(f"─ {group} ─") for group in ("Read and practise", "Train", "Teach")]
    assert heads == sorted(heads)
    assert out.index(" watch ") < heads[1] < out.index(" train ") < heads[2] < out.index(" grade ")


def test_the_version_is_that_of_the_package(dlcore):
    """``dlcore --version``  prints one line."""
    assert dlcore("--version")[:2] == (0, f"dlcore {version('dlcore')}\n")


def test_the_shell_completes_commands_and_chapters():
    """Of  ``dlcore check so``  bash is told  solver."""
    asked = {"_DLCORE_COMPLETE": "complete_bash", "COMP_CWORD": "2"}
    command = [sys.executable, "-c", "from dlcore.cli import main; main()"]
    found = subprocess.run(
        command,
        env=os.environ | asked | {"COMP_WORDS": "dlcore check so"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout.split() == ["solver"]


@pytest.mark.parametrize(
    ("options", "said"),
    [("", "nothing is kept; --checkpoint FILE keeps every epoch"),
     ("--checkpoint {}/run.npz", "holds 1 epoch, the same command with --resume goes on")],
)  # fmt: skip
def test_a_training_that_is_interrupted_says_what_is_kept(
    options, said, dlcore, tmp_path, monkeypatch
):
    """Ctrl-C in the second epoch: the exit code is 130, and the checkpoint is named."""

    def interrupt(solver, path):
        if solver.epoch == 1:
            raise KeyboardInterrupt
        return end(solver, path)

    end = Solver.end_epoch
    monkeypatch.setattr(Solver, "end_epoch", interrupt)
    code, _, complaint = dlcore(f"train linear --epochs 3 {options.format(tmp_path)}")
    assert code == 130
    assert said in complaint


def test_a_benchmark_says_what_it_lacks(monkeypatch):
    """Without PyTorch there are only our times; without autograd `reverse` cannot run."""
    monkeypatch.setattr(bench, "installed", lambda package: None)
    assert [line.split(",")[0] for line in bench.lacks(["reverse", "conv", "pool"])] == [
        "bench: autograd is missing",
        "bench: torch is missing",
    ]
    monkeypatch.setattr(bench, "installed", lambda package: "1.0")
    assert bench.lacks(["reverse", "conv"]) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("walk los", "topic is los"),
        ("train tree", "model is 'tree', use one of linear, twolayer"),
        ("train --data imagenet", "data is 'imagenet', twolayer has recipes for digits, mnist"),
        ("train linear --optimizer newton", "optimizer is 'newton', use one of sgd"),
        ("train linear --schedule never", "schedule is 'never', use one of constant"),
        ("train twolayer --lr 1e30", "the loss is"),
        ("train linear --batch-size 0", "batch_size is 0, use a whole number of 1 or more"),
        ("train linear --epochs 0", "epochs is 0, use a whole number of 1 or more"),
        ("train linear --epochs ten", "Invalid value for '--epochs'"),
        ("train linear --lr=-1", "learning_rate is -1.0, use a number above 0"),
        ("train linear --weight-decay=-1", "weight_decay is -1.0, use a number of 0 or more"),
        ("train linear --crop=-1", "--crop"),
        ("train linear --images=-1", "--images"),
        ("train linear --images 5000", "images is 5000, digits has 1260 to learn from"),
        ("train twolayer --hidden 0", "hidden is 0, use a whole number of 1 or more"),
        ("train linear --rate 1", "No such option: --rate"),
        ("sweep linear --trials 0", "Invalid value for '--trials'"),
        ("sweep linear --rounds 0", "Invalid value for '--rounds'"),
        ("sweep linear --jobs 0", "Invalid value for '--jobs'"),
        ("sweep linear --epochs 0", "epochs is 0, use a whole number of 1 or more"),
        ("mine --epochs 0", "epochs is 0, use 1 or more"),
        ("mine --images 0", "images is 0, use 1 or more"),
        ("train --rate=-1", "No such option: --rate (Possible options: --learning-rate), see"),
        ("chek", "No such command 'chek'. Did you mean 'check'? See `dlcore --help`"),
        ("train linear --hidden 3", "linear has no hidden, it has std, optimizer"),
        ("train linear --average 1", "decay is 1.0, use 0 to below 1"),
        ("train linear --checkpoint no.npz --resume", "name a file to resume from"),
        ("train linear --checkpoint pyproject.toml --resume", "pyproject.toml is no checkpoint"),
        ("train linear --data cifar10 --path /nowhere", "/nowhere holds no cifar10"),
        ("show tree", "model is 'tree', use one of linear, twolayer"),
        ("show vgg-d --size 3x16x16", "5 blocks halve it to nothing"),
        ("show vgg-d --size 224", "'224' is no size of an image"),
        ("convert a.npz b.safetensors --model tree", "model is 'tree', use one of linear"),
        ("convert a.npz b.safetensors --model linear --data cifar", "data is 'cifar', use one of"),
        ("convert a.npz b.safetensors --model vgg-cifar --hidden 3", "hidden is 3 but vgg-cifar"),
        ("convert a.npz b.safetensors --model linear --hidden 3", "linear has no hidden"),
        ("convert a.npz b.safetensors --model linear", "No such file or directory: 'a.npz'"),
        ("convert a.npz b.pt --model linear", "use .npz to .safetensors or .safetensors to .npz"),
        ("reproduce fusion", "name is 'fusion', `dlcore reproduce` lists all"),
        ("reproduce digits-tune", "name is 'digits-tune', did you mean digits-tuned?"),
        ("bench fusion", "name is 'fusion', use one of"),
        ("bench conv fusion", "name is 'fusion', use one of"),  # before anything is timed
        ("train --seed -1", "'--seed': Input should be greater than or equal to 0"),
        ("data fetch imagenet", "imagenet"),
        ("exercises los", "los"),
    ],
)
def test_an_error_is_one_line_that_says_what_to_do(line, words, dlcore):
    """A foreseen error exits with 2 and names the argument, its value, and the remedy."""
    code, _, complaint = dlcore(line)
    assert code == 2
    assert words in complaint
    assert complaint.count("\n") == 1
