"""The tables of the chapters on layers and images, executed beside PyTorch.

They need layers, images and models, where those of `test_elsewhere` need operations alone.
"""

import numpy as np
import pytest

from dlcore import nn, ops
from dlcore.data import augment
from dlcore.nn.accounting import account, total
from dlcore.ops.dropout import dropout
from tests.library.test_elsewhere import OF_LAYERS, compare_with_pytorch, tables

N, K = 7, 5
TABLES = tables(OF_LAYERS)


@pytest.fixture
def arrays(rng):
    """What the letters of the tables stand for, in both columns."""
    return {
        "K": K,
        "p": 0.3,
        "x": rng.normal(size=(N, K)),
        "gamma": rng.normal(size=K),
        "beta": rng.normal(size=K),
        "mean": rng.normal(size=K),
        "var": rng.uniform(0.5, 2, size=K),
        "kept": rng.random((N, K)) < 0.5,
        "q": rng.dirichlet(np.ones(K), size=N),
        "images": rng.normal(size=(3, 2, 5, 4)),
    }


@pytest.fixture
def ours():
    """What the first column calls."""
    operations = {name: getattr(ops, name) for name in dir(ops)}
    others = {"nn": nn, "dropout": dropout, "account": account, "total": total}
    return operations | vars(augment) | others


def test_every_chapter_has_rows_to_execute():
    """So that the test below has something to compare."""
    assert {topic for topic, *_ in TABLES} == {*OF_LAYERS}


@pytest.mark.parametrize(("topic", "here", "there"), TABLES)
def test_pytorch_returns_the_same(topic, here, there, arrays, ours):
    """Both cells of a row, evaluated on the same random arrays."""
    compare_with_pytorch(here, there, arrays, ours)
