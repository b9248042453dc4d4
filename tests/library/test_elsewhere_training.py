"""The same optimizers, networks and loops in PyTorch: the tables of three chapters, executed.

Their cells make objects, and do not return arrays as those of `test_elsewhere` do. So each pair
is made, used in the same way, and compared by what it leaves behind.
"""

import importlib
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dlcore.data.batches import shuffled
from dlcore.data.dataset import Examples
from dlcore.nn import named_parameters
from dlcore.nn.models import TwoLayer
from dlcore.ops.loss import cross_entropy
from dlcore.train import (
    AverageParameters,
    Callback,
    Solver,
    accuracy,
    loss_and_grads,
    optim,
    predict,
    schedule,
)
from tests.library.test_elsewhere import rows

ROUNDED = {"rtol": 1e-10, "atol": 1e-12}  # dozens of steps in float64, in another order
NUMBERS = {"lr": 0.1, "mu": 0.7, "rho": 0.9, "b1": 0.8, "b2": 0.95, "d": 0.3, "r": 0.6, "T": 12}
N, D, M, K = 7, 5, 6, 3


@pytest.fixture
def torch():
    """PyTorch, where it is installed."""
    return pytest.importorskip("torch", reason="install the extra `bench`")


def test_the_tables_have_rows_to_execute():
    """Every optimizer and two schedules."""
    made = {here.partition("(")[0] for here, _ in rows("optim")}
    names = {each.__name__ for each in optim.OPTIMIZERS.values()}
    assert made == names | {"schedule.exponential", "schedule.cosine"}


@pytest.mark.parametrize(("here", "there"), [row for row in rows("optim") if "sch" not in row[0]])
def test_optimizers_of_pytorch_take_the_same_steps(here, there, torch, rng):
    """Twenty steps with the same gradients end in the same weights."""
    w = rng.normal(size=(3, 4))
    param = torch.nn.Parameter(torch.from_numpy(w.copy()))
    ours = eval(here, dict(vars(optim)), NUMBERS)
    theirs = eval(there, {"optim": torch.optim, "params": [param]}, NUMBERS)
    for g in rng.normal(size=(20, 3, 4)):
        ours.step({"w": w}, {"w": g})
        param.grad = torch.from_numpy(g)
        theirs.step()
    assert_allclose(w, param.detach().numpy(), **ROUNDED)


@pytest.mark.parametrize(("here", "there"), [row for row in rows("optim") if "sch" in row[0]])
def test_schedules_of_pytorch_give_the_same_learning_rates(here, there, torch):
    """Stepped once an epoch, in a training of twelve epochs."""
    lr, T = NUMBERS["lr"], NUMBERS["T"]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr)
    names = {"lr_scheduler": torch.optim.lr_scheduler, "optimizer": optimizer}
    ours, theirs = eval(here, {"schedule": schedule}, NUMBERS), eval(there, names, NUMBERS)
    rates = []
    for _ in range(T):
        rates += theirs.get_last_lr()
        optimizer.step()
        theirs.step()
    assert_allclose([lr * ours(i / T, i) for i in range(T)], rates, **ROUNDED)


@pytest.fixture
def networks(torch, rng):
    """The first row of the table: two networks, made to have the same parameters."""
    (here, there), *_ = rows("twolayer")
    sizes = {"D": D, "M": M, "K": K}
    ours = eval(here, {"TwoLayer": TwoLayer, "rng": rng}, sizes)
    theirs = eval(there, {"nn": torch.nn}, sizes).double()
    with torch.no_grad():
        for own, other in zip(named_parameters(ours).values(), theirs.parameters(), strict=True):
            own[...] += rng.normal(size=own.shape)
            other[...] = torch.from_numpy(own.T)
    return ours, theirs


def test_the_networks_of_both_libraries_agree(networks, torch, rng):
    """Scores, predictions and gradients of a random batch, as the table writes them."""
    ours, theirs = networks
    x, t = rng.normal(size=(N, D)), rng.integers(K, size=N)
    functions = {"cross_entropy": cross_entropy, "loss_and_grads": loss_and_grads}
    here = functions | {"predict": predict, "model": ours, "x": x, "t": t}
    there = {"F": torch.nn.functional, "model": theirs}
    there |= {"x": torch.from_numpy(x), "t": torch.from_numpy(t)}
    pairs = [(eval(one, here), eval(other, there)) for one, other in rows("twolayer")[1:]]
    (scores, their_scores), (classes, their_classes), ((_, grads), nothing) = pairs
    assert_allclose(scores, their_scores.detach().numpy(), **ROUNDED)
    assert np.array_equal(classes, their_classes.numpy())
    assert nothing is None
    for bar, other in zip(grads.values(), theirs.parameters(), strict=True):
        assert_allclose(bar, other.grad.numpy().T, **ROUNDED)


@pytest.fixture
def lines():
    """The rows of the table about training, by the name with which each begins."""
    return {here.partition("(")[0]: (here, there) for here, there in rows("solver")}


def test_both_libraries_visit_every_example_once(lines, torch, rng):
    """As many batches of the same sizes, in orders of their own."""
    here, there = lines["shuffled"]
    sizes = {"N": 23, "B": 5}
    loader = {"DataLoader": torch.utils.data.DataLoader, "rows": torch.arange(23)}
    ours = list(eval(here, {"shuffled": shuffled, "rng": rng}, sizes))
    theirs = [batch.numpy() for batch in eval(there, loader, sizes)]
    assert [len(batch) for batch in ours] == [len(batch) for batch in theirs]
    for batches in (ours, theirs):
        assert np.array_equal(np.sort(np.concatenate(batches)), np.arange(23))


def test_both_libraries_measure_the_same_accuracy(lines, networks, torch, rng):
    """On two hundred random examples."""
    ours, theirs = networks
    x, t = rng.normal(size=(200, D)), rng.integers(K, size=200)
    here, there = lines["accuracy"]
    tensors = {"model": theirs, "x": torch.from_numpy(x), "t": torch.from_numpy(t)}
    mine = eval(here, {"accuracy": accuracy, "model": ours, "x": x, "t": t})
    assert_allclose(mine, eval(there, tensors).item(), **ROUNDED)


class Follow(Callback):
    """Give an averaged model of PyTorch the parameters that each step leaves."""

    def __init__(self, torch, model, average):
        self.torch, self.model, self.average = torch, model, average

    def begin(self, solver):
        self.step(solver)  # its average begins with the parameters of its first update

    def step(self, solver):
        with self.torch.no_grad():
            own = named_parameters(solver.model).values()
            for w, other in zip(own, self.model.parameters(), strict=True):
                other[...] = self.torch.from_numpy(w.T)
        self.average.update_parameters(self.model)


def test_both_libraries_average_the_parameters_alike(lines, networks, torch, rng):
    """Along the twelve steps of a run."""
    ours, theirs = networks
    here, there = lines["AverageParameters"]
    names = vars(importlib.import_module("torch.optim.swa_utils")) | {"model": theirs}
    mine = eval(here, {"AverageParameters": AverageParameters}, {"beta": 0.8})
    average = eval(there, names, {"beta": 0.8})
    examples = Examples(rng.normal(size=(24, D)), rng.integers(K, size=24))
    data = SimpleNamespace(train=examples, val=examples)
    callbacks = [mine, Follow(torch, theirs, average)]
    options = {"optimizer": optim.SGD(0.1), "batch_size": 6, "epochs": 3, "callbacks": callbacks}
    Solver(ours, data, **options).train()
    for a, other in zip(mine.average.values(), average.module.parameters(), strict=True):
        assert_allclose(a, other.detach().numpy().T, **ROUNDED)
