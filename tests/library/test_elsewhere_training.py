"""The same optimizers, networks and loops in PyTorch: the tables of three chapters, executed.

Their cells make objects, and do not return arrays as those of `test_elsewhere` do. So each pair
is made, used in the same way, and compared by what it leaves behind.
"""

import pytest
from numpy.testing import assert_allclose

from dlcore.train import optim, schedule
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
    theirs = eval(there, {"torch": torch, "params": [param]}, NUMBERS)
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
