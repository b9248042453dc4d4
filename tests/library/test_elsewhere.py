"""The same thing in other libraries: the tables of the book, executed.

The last table of a chapter has a call of this library in its first column, and one of PyTorch in
its second. Both are evaluated on the same arrays, and have to agree. So it is in every chapter
that is converted to theorems and marks; the tables of the others hold names.
"""

import importlib
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dlcore import ops
from dlcore.autodiff import grad
from dlcore.course.exercises import topics
from dlcore.ops.linear import linear
from dlcore.train.search import mixed_product, one_step

HEAD = "| here | PyTorch | JAX | CS231n |"
N, K = 7, 5
ROUNDED = {"rtol": 1e-12, "atol": 1e-14}  # the same sums in another order, in float64


def rows(topic):
    """List the first two cells of each row of the table of a chapter, as they are typed."""
    page = (topics.ROOT / f"book/{topic}.md").read_text(encoding="utf-8")
    _, _, below = page.partition(HEAD) if "{lemma}" not in page else ("", "", "")
    table = below.strip("\n").partition("\n\n")[0].splitlines()[1:]
    cells = [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in table]
    return [tuple(row[:2]) for row in cells if "(" in row[0] and "(" in row[1]]


TABLES = [(topic, *row) for topic in topics.topics() for row in rows(topic)]


@pytest.fixture
def given(rng):
    """What the letters of the tables stand for."""
    return {
        "N": N,
        "K": K,
        "x": rng.normal(size=(N, K)),
        "z": rng.normal(size=(N, K)),
        "t": rng.integers(K, size=N),
        "s": rng.uniform(0.1, 0.9),
    }


def letters(topic, rng):
    """Return what letters stand for in the table of one chapter alone."""
    draw = rng.normal
    if topic == "densenet":
        parts = {name: draw(size=(2, C, 4, 6)) for name, C in (("x", 3), ("y", 2), ("z_bar", 5))}
        return {"np": np, **parts}
    if topic == "search":
        train = lambda a, w: ((w - a) @ (w - a)) * (w @ w)
        val = lambda a, w: (w @ w) * (a @ w)
        functions = {"one_step": one_step, "mixed_product": mixed_product}
        arrays = {name: draw(size=4) for name in ("alphas", "w", "v")}
        mixed = {"rows": draw(size=(1, 4)), "outputs": draw(size=(4, 6))}
        return {"train": train, "val": val, "xi": 0.1, **functions, **arrays, **mixed}
    if topic == "pytorch":
        arrays = {"x": draw(size=(4, 6)), "w": draw(size=(6, 3)), "b": draw(size=3)}
        functions = {"grad": grad, "linear": linear, "ops": ops}
        return {"t": rng.integers(3, size=4), **functions, **arrays}
    return {}


def test_the_loss_chapter_has_a_table_to_execute():
    """A row for each loss, so that the test below has something to compare."""
    assert {here.partition("(")[0] for here, _ in rows("loss")} >= {"softmax", "cross_entropy"}


@pytest.mark.parametrize(("topic", "here", "there"), TABLES)
def test_pytorch_returns_the_same(topic, here, there, given, rng):
    """Both cells of a row, evaluated on the same random arrays."""
    torch = pytest.importorskip("torch", reason="install the extra `bench`")
    given |= letters(topic, rng)
    names = set(re.findall(r"\b[a-zA-Z_]\w*(?=\()", here)) - {*given}
    ours = eval(here, {name: getattr(ops, name, None) for name in names} | given)
    arrays = {key: torch.from_numpy(value) if isinstance(value, np.ndarray) else value
              for key, value in given.items()}  # fmt: skip
    functional = importlib.import_module("torch.nn.functional")
    theirs = eval(there, {"torch": torch, "F": functional} | arrays)
    parts = zip(ours, theirs, strict=True) if isinstance(ours, list) else [(ours, theirs)]
    for one, other in parts:
        assert_allclose(one, other.numpy(), **ROUNDED)


def test_the_default_gain_of_kaiming_is_that_of_relu():
    """The weights of `kaiming_normal_` have the variance 2/D, up to five standard errors."""
    torch = pytest.importorskip("torch", reason="install the extra `bench`")
    D, M = 400, 500
    torch.manual_seed(0)
    w = torch.nn.init.kaiming_normal_(torch.empty(M, D)).numpy()
    assert abs(w.var() * D / 2 - 1) < 5 * np.sqrt(2 / (M * D))
