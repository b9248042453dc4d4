"""Experiments of the last chapter: models here and in PyTorch, step by step and trained.

They need PyTorch, the extra `bench`; their records are what the page prints where it is missing.

Chapter: book/pytorch.md.
"""

import importlib
import subprocess
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from dlcore import nn
from dlcore.compat.torch import (
    load_state_dict,
    models,
    read_tensors,
    set_learning_rate,
    state_dict,
)
from dlcore.data import load
from dlcore.experiments import line_pairs
from dlcore.experiments.experiment import EXPERIMENTS, Claim, experiment, record
from dlcore.experiments.traps import TRAPS, trap_apart
from dlcore.experiments.written_twice import (
    RUNS,
    WRITTEN_TWICE,
    apart,
    counterpart,
    loss_of,
    optimizers,
    package,
    parity,
    steps_apart,
)
from dlcore.nn.models import LinearClassifier, ResNet, TwoLayer, TwoLayerConvNet
from dlcore.train.checkpoint import save_weights
from dlcore.train.evaluation import accuracy
from dlcore.train.optim import SGD, Momentum
from dlcore.train.schedule import exponential
from dlcore.train.solver import Solver

STEPS = (1, 50)


@experiment(
    "pytorch-parity",
    Claim("largest of one training step", 1e-6, "this book's aim", "below"),
    Claim("largest after 1 step", 1e-6, "this book's aim", "below"),
    Claim("largest after 50 steps", 1e-6, "this book's aim", "below"),
)
def pytorch_parity(seed):
    """Four models here and in PyTorch: scores, losses, gradients, and steps of six optimizers."""
    torch = package()
    rng = np.random.default_rng(seed)
    tables = {"training step": {name: parity(torch, name, rng) for name in WRITTEN_TWICE}}
    for steps in STEPS:
        tables[f"{steps} steps"] = {
            name: {
                kind: steps_apart(torch, name, run, [run.learning_rate] * steps, rng)
                for kind, run in RUNS.items()
            }
            for name in WRITTEN_TWICE
        }
    worst = {key: max(max(row.values()) for row in rows.values()) for key, rows in tables.items()}
    names = ("largest of one training step", "largest after 1 step", "largest after 50 steps")
    values = dict(zip(names, worst.values(), strict=True))
    lines = {name: line_pairs.values(torch, name, rng) for name in line_pairs.LINES}
    return values, tables | {"lines": lines, "torch": torch.__version__}


@experiment(
    "pytorch-traps",
    Claim("largest, by the dictionary", 1e-6, "this book's aim", "below"),
    Claim("smallest, in a trap", 1e-4, "this book's aim"),
)
def pytorch_traps(seed):
    """Twelve traps on the way to PyTorch: how far apart twelve steps end, right and wrong."""
    torch = package()
    found = {
        name: {side: trap_apart(torch, name, side, seed) for side in ("right", "wrong")}
        for name in TRAPS
    }
    return {
        "largest, by the dictionary": max(row["right"] for row in found.values()),
        "smallest, in a trap": min(row["wrong"] for row in found.values()),
    }, {"traps": found, "torch": torch.__version__}


# Training as the sources do


class Both(Solver):
    """Train a model of ours, and on the same batches its counterpart in PyTorch.

    The penalty of the objective is a weight decay of PyTorch's optimizer, which here is plain or
    has a velocity. `theirs` lists losses and accuracies on the validation set.
    """

    def __init__(self, torch, module, model, data, **settings):
        super().__init__(model, data, **settings)
        self.torch, self.module = torch, module
        decay = self.optimizer.weight_decay + self.l2
        _, self.other = optimizers(torch, model, module, self.optimizer, weight_decay=decay)
        self.theirs = {"train_loss": [], "val_accuracy": []}

    def step(self, x, t):
        """Take one step on both sides."""
        super().step(x, t)
        set_learning_rate(self.other, self.optimizer.learning_rate)
        self.other.zero_grad()
        loss = loss_of(self.torch, self.module, x, t)
        loss.backward()
        decaying = self.other.param_groups[0]["params"]
        penalty = sum(float((w.detach() ** 2).sum()) for w in decaying)
        self.other.step()
        self.theirs["train_loss"].append(loss.item() + self.l2 / 2 * penalty)

    def evaluate(self):
        """Evaluate both sides; keep the best of each."""
        super().evaluate()
        scores = self.scores()
        found = accuracy(scores, self.data.val.x, self.data.val.t)
        if found > max(self.theirs["val_accuracy"], default=-1.0):
            self.best_tensors = {k: w.clone() for k, w in self.module.state_dict().items()}
        self.theirs["val_accuracy"].append(found)

    def scores(self):
        """Return PyTorch's side as a function of arrays, in evaluation."""
        self.module.eval()

        def call(x):
            with self.torch.no_grad():
                return self.module(self.torch.from_numpy(x)).numpy()

        return call


SETTINGS = {  # those of softmax-001, two-layer-001 and two-layer-convnet-001
    "softmax": (
        partial(LinearClassifier, 3072, 10, std=1e-3),
        partial(models.linear_classifier, D=3072, K=10),
        {"optimizer": SGD(1e-5), "batch_size": 8000, "epochs": 5, "l2": 4000.0,
         "replacement": True, "steps_per_epoch": 100},
    ),
    "two-layer": (
        partial(TwoLayer, 3072, 100, 10, std=1e-5),
        partial(models.two_layer, D=3072, M=100, K=10),
        {"optimizer": Momentum(1e-4, momentum=0.95), "schedule": exponential(0.5), "epochs": 5,
         "l2": 0.2, "replacement": True},
    ),
    "ConvNet": (
        partial(TwoLayerConvNet, (3, 32, 32), 32, 10, std=1e-3),
        partial(models.two_layer_convnet, size=(3, 32, 32), F=32, K=10),
        {"optimizer": Momentum(1e-4, momentum=0.9), "batch_size": 50, "epochs": 1, "l2": 1e-3},
    ),
}  # fmt: skip


def train_both(torch, name, data, seed):
    """Train one of the models on both sides; return values and curves of each."""
    build, write, settings = SETTINGS[name]
    model = build(rng=np.random.default_rng(seed), dtype=np.float32)
    module = counterpart(torch, write, model)
    solver = Both(torch, module, model, data, seed=seed, **settings)
    history = solver.train()
    module.load_state_dict(solver.best_tensors)
    test = data.test.first(1000)
    sides = {"here": (model, vars(history)), "PyTorch": (solver.scores(), solver.theirs)}
    values, curves = {}, {}
    for side, (scores, curve) in sides.items():
        values[f"{name}, validation, {side}"] = max(curve["val_accuracy"])
        values[f"{name}, test, {side}"] = accuracy(scores, test.x, test.t)
        curves[side] = np.array(curve["train_loss"])[:: every(name)]
    return values, curves


@experiment(
    "pytorch-training",
    Claim("softmax, test, here", 0.254, "001", "about"),
    Claim("softmax, test, PyTorch", 0.254, "001", "about"),
    Claim("two-layer, validation, here", 0.515, "001", "about"),
    Claim("two-layer, validation, PyTorch", 0.515, "001", "about"),
    Claim("ConvNet, validation, here", 0.501, "001", "about"),
    Claim("ConvNet, validation, PyTorch", 0.501, "001", "about"),
    data="cifar10",
)
def pytorch_training(seed):
    """Three models with the settings of 001, here and in PyTorch, on the same batches."""
    torch = package()
    torch.set_num_threads(2)
    data = load("cifar10").centred(dtype=np.float32)
    values, curves = {}, {"torch": torch.__version__}
    for name in SETTINGS:
        found, curves[name] = train_both(torch, name, data, seed)
        values |= found
    return values, curves


# Files


def command(*words):
    """Run a command of ours; return what it prints, without the folder of its files."""
    done = subprocess.run(
        [sys.executable, "-m", "dlcore", *map(str, words)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@experiment(
    "pytorch-files",
    Claim("PyTorch's scores", 1e-5, "this book's aim", "below"),
    Claim("onnxruntime's scores", 1e-5, "this book's aim", "below"),
    Claim("scores of PyTorch's file", 1e-5, "this book's aim", "below"),
)
def pytorch_files(seed):
    """ResNet-20 in three files, read by PyTorch, by onnxruntime, and by us."""
    torch, safetensors, onnxruntime = (
        package(), *map(importlib.import_module, ("safetensors.torch", "onnxruntime"))
    )  # fmt: skip
    rng = np.random.default_rng(seed)
    model = ResNet(rng=rng, dtype=np.float32)
    model(rng.normal(size=(16, 3, 32, 32)).astype(np.float32), rng)  # moves the statistics
    x = rng.normal(size=(4, 3, 32, 32)).astype(np.float32)
    options = ("--data", "cifar10")
    with TemporaryDirectory() as folder:
        npz, tensors, onnx, theirs = (
            Path(folder, name) for name in ("w.npz", "w.safetensors", "w.onnx", "t.safetensors")
        )
        save_weights(npz, nn.named_parameters(model), nn.named_state(model))
        printed = [
            command("convert", npz, tensors, "--model", "resnet20", *options),
            command("export", "resnet20", "--onnx", onnx, "--checkpoint", npz, *options),
        ]
        module = models.resnet(torch)
        module.load_state_dict(safetensors.load_file(tensors), strict=True)
        with torch.no_grad():
            values = {"PyTorch's scores": apart(model(x), module.eval()(torch.tensor(x)).numpy())}
        session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
        values["onnxruntime's scores"] = apart(model(x), session.run(["y"], {"x": x})[0])
        with torch.no_grad():
            module.train()(torch.tensor(rng.normal(size=(16, 3, 32, 32)).astype(np.float32)))
            expected = module.eval()(torch.tensor(x)).numpy()
        safetensors.save_file(module.state_dict(), theirs)
        back = load_state_dict(ResNet(rng=rng, dtype=np.float32), read_tensors(theirs))
        values["scores of PyTorch's file"] = apart(back(x), expected)
        printed = [line.replace(f"{folder}/", "") for line in printed]
    return values | {"arrays": len(state_dict(model))}, {"printed": printed}


# What the page prints


def print_table(key):
    """Print a table of the record of parity, a row for each model."""
    rows = record("pytorch-parity")["history"][key]
    heads = list(next(iter(rows.values())))
    head = "1 step" if key == "1 steps" else key
    print(f"{head:14}" + "".join(f"{head:>11}" for head in heads))
    for name, row in rows.items():
        print(f"{name:14}" + "".join(f"{row[head]:11.0e}" for head in heads))


def print_training():
    """Print what both sides and the source have reached, or that nothing is recorded."""
    if not EXPERIMENTS["pytorch-training"].path.exists():
        print("not recorded: dlcore reproduce pytorch-training")
        return
    values = record("pytorch-training")["values"]
    print(f"{'':26}{'here':>10}{'PyTorch':>10}{'source':>10}")
    theirs = {claim.key: claim.theirs for claim in EXPERIMENTS["pytorch-training"].claims}
    for key in dict.fromkeys(key.rpartition(", ")[0] for key in theirs):
        sides = [values[f"{key}, {side}"] for side in ("here", "PyTorch")]
        numbers = [*sides, theirs[f"{key}, here"]]
        print(f"{key:26}" + "".join(f"{value:10.3f}" for value in numbers))


def training_losses(name):
    """Return the recorded losses of a model on both sides, or nothing."""
    recorded = EXPERIMENTS["pytorch-training"].path.exists()
    return record("pytorch-training")["history"][name] if recorded else {}


def every(name):
    """Return the number of steps between two recorded losses of a model.

    >>> every("softmax")
    2
    """
    return {"softmax": 2, "two-layer": 12, "ConvNet": 4}[name]


def velocity_walk(rates, momentum):
    """List the weights under the constant gradient -1, with the rate inside of the velocity.

    >>> velocity_walk([1.0, 0.5], 0.5)
    [0.0, 1.0, 2.0]
    """
    w, optimizer = np.zeros(1), Momentum(1.0, momentum=momentum)
    found = [0.0]
    for rate in rates:
        optimizer.learning_rate = rate
        optimizer.step({"w": w}, {"w": -np.ones(1)})
        found.append(float(w[0]))
    return found
