"""The same thing in other libraries: the tables of dense networks, of searches, of PyTorch.

Their letters are maps, losses of two arguments, and the arrays of a linear layer.
"""

import numpy as np
import pytest

from dlcore import ops
from dlcore.autodiff import grad
from dlcore.ops.linear import linear
from dlcore.train.search import mixed_product, one_step
from tests.library.test_elsewhere import DEEP, compare_with_pytorch, rows, tables


def dense_maps(rng):
    """Draw what is concatenated, and the gradient that is split."""
    channels = {"x": 3, "y": 2, "z_bar": 5}
    return {"np": np} | {name: rng.normal(size=(2, C, 4, 6)) for name, C in channels.items()}


def losses(rng):
    """Make two losses of α and weights, and draw the arguments of their gradients."""
    functions = {"ops": ops, "one_step": one_step, "mixed_product": mixed_product}
    arrays = {name: rng.normal(size=4) for name in ("alphas", "w", "v")}
    mixed = {"rows": rng.normal(size=(1, 4)), "outputs": rng.normal(size=(4, 6))}
    train = lambda a, w: ((w - a) @ (w - a)) * (w @ w)
    val = lambda a, w: (w @ w) * (a @ w)
    return {"train": train, "val": val, "xi": 0.1, **functions, **arrays, **mixed}


def linear_layer(rng):
    """Draw a batch, its labels, and our weights."""
    functions = {"grad": grad, "linear": linear, "ops": ops}
    arrays = {"x": rng.normal(size=(4, 6)), "w": rng.normal(size=(6, 3)), "b": rng.normal(size=3)}
    return {"t": rng.integers(3, size=4), **functions, **arrays}


LETTERS = {"densenet": dense_maps, "search": losses, "pytorch": linear_layer}
TABLES = tables(DEEP)


def test_each_of_these_tables_has_rows_to_execute():
    """Two, three and five."""
    assert [len(rows(topic)) for topic in DEEP] == [2, 3, 5]


@pytest.mark.parametrize(("topic", "here", "there"), TABLES)
def test_pytorch_returns_the_same(topic, here, there, rng):
    """Both cells of a row, evaluated on the same random arrays."""
    compare_with_pytorch(here, there, LETTERS[topic](rng), {})
