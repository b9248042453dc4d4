"""The same thing in other libraries: the tables of the book, executed.

The last table of a chapter has a call of this library in its first column, and one of PyTorch in
its second. Both are evaluated on the same arrays, and have to agree.
"""

import importlib
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dlcore import ops
from dlcore.course.exercises import topics

HEAD = "| here | PyTorch | JAX |"  # and CS231n, where its notebooks have one of the calls
N, K, M = 7, 5, 6
PLACES = {  # modules whose names a table may call, besides the operations
    "descent": ["dlcore.autodiff", "dlcore.train.descent"],
    "derivative": ["dlcore.autodiff", "dlcore.autodiff.derivative"],
    "graph": ["dlcore.autodiff"],
    "linear": ["dlcore.ops.linear"],
    "forward": ["dlcore.autodiff"],
    "reverse": ["dlcore.autodiff"],
}
ROUNDED = {"rtol": 1e-12, "atol": 1e-14}  # the same sums in another order, in float64


def rows(topic):
    """List the first two cells of each row of the table of a chapter, as they are typed."""
    page = (topics.ROOT / f"book/{topic}.md").read_text(encoding="utf-8")
    _, _, below = page.partition(HEAD)
    table = below.strip("\n").partition("\n\n")[0].splitlines()[1:]
    cells = [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in table]
    return [tuple(row[:2]) for row in cells if "(" in row[0] and "(" in row[1]]


def tables(names):
    """List (topic, here, there) of each row of some chapters."""
    return [(topic, *row) for topic in names for row in rows(topic)]


OF_TRAINING = ("optim", "twolayer", "solver")  # each of these is executed in a file of its own
OF_LAYERS = ("norm", "dropout", "augment", "vgg")
OF_IMAGES = ("conv", "pool", "fast", "convnet")
DEEP = ("densenet", "search", "pytorch")
ELSEWHERE = {*OF_TRAINING, *OF_LAYERS, *OF_IMAGES, *DEEP}
TABLES = tables(topic for topic in topics.topics() if topic not in ELSEWHERE)


def compare_with_pytorch(here, there, given, ours):
    """Evaluate both cells of a row on the same arrays; `ours` is what else the first one calls."""
    torch = pytest.importorskip("torch", reason="install the extra `bench`")
    functional = importlib.import_module("torch.nn.functional")
    tensors = {key: torch.from_numpy(value) if isinstance(value, np.ndarray) else value
               for key, value in given.items()}  # fmt: skip
    mine = eval(here, ours | given)
    theirs = eval(there, {"torch": torch, "F": functional} | tensors)
    parts = zip(mine, theirs, strict=True) if isinstance(mine, list) else [(mine, theirs)]
    for one, other in parts:
        assert_allclose(one, np.asarray(other), **ROUNDED)


@pytest.fixture
def given(rng):
    """What the letters of the tables stand for."""
    return {
        "np": np,
        "N": N,
        "K": K,
        "x": rng.normal(size=(N, K)),
        "z": rng.normal(size=(N, K)),
        "t": rng.integers(K, size=N),
        "s": rng.uniform(0.1, 0.9),
        "w": rng.normal(size=(K, M)),
        "b": rng.normal(size=M),
        "y_bar": rng.normal(size=(N, M)),
        "f": lambda x: (x * x * x).sum(),
        "g": lambda x: x * x * x.sum(),
    }


def called(topic, cell):
    """Find what the first column of a table calls: operations, and programs of its topic."""
    modules = [ops, *map(importlib.import_module, PLACES.get(topic, []))]
    names = re.findall(r"\b[a-zA-Z_]\w*", cell)
    found = [(name, getattr(each, name, None)) for each in modules[::-1] for name in names]
    return {name: program for name, program in found if callable(program)}


def test_the_loss_chapter_has_a_table_to_execute():
    """A row for each loss, so that the test below has something to compare."""
    assert {here.partition("(")[0] for here, _ in rows("loss")} >= {"softmax", "cross_entropy"}


@pytest.mark.filterwarnings("ignore:.*torch.jit.script")  # of PyTorch's forward mode
@pytest.mark.parametrize(("topic", "here", "there"), TABLES)
def test_pytorch_returns_the_same(topic, here, there, given):
    """Both cells of a row, evaluated on the same random arrays."""
    compare_with_pytorch(here, there, given, called(topic, here))


def test_the_default_gain_of_kaiming_is_that_of_relu():
    """The weights of `kaiming_normal_` have the variance 2/D, up to five standard errors."""
    torch = pytest.importorskip("torch", reason="install the extra `bench`")
    D, M = 400, 500
    torch.manual_seed(0)
    w = torch.nn.init.kaiming_normal_(torch.empty(M, D)).numpy()
    assert abs(w.var() * D / 2 - 1) < 5 * np.sqrt(2 / (M * D))
