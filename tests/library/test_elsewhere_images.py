"""The tables of the chapters on convolution, executed beside PyTorch.

Their letters are images, filters and maps, where those of `test_elsewhere` are matrices.
"""

import pytest

from dlcore import ops
from tests.library.test_elsewhere import OF_IMAGES, compare_with_pytorch, tables

TABLES = tables(OF_IMAGES)


@pytest.fixture
def arrays(rng):
    """What the letters of the tables stand for; weights are small, as layers draw them."""
    return {
        "x": rng.normal(size=(3, 4, 9, 10)),
        "y": rng.normal(size=(3, 6, 5, 4)),  # maps of the filters w
        "w": rng.normal(size=(6, 4, 3, 5)) / 8,
        "v": rng.normal(size=(6, 2, 3, 5)) / 8,  # filters in two groups
        "b": rng.normal(size=6),
    }


def test_every_chapter_has_rows_to_execute():
    """So that the test below has something to compare."""
    assert {topic for topic, *_ in TABLES} == {*OF_IMAGES}


@pytest.mark.parametrize(("topic", "here", "there"), TABLES)
def test_pytorch_returns_the_same(topic, here, there, arrays):
    """Both cells of a row, evaluated on the same random arrays."""
    operations = {name: getattr(ops, name) for name in dir(ops)}
    compare_with_pytorch(here, there, arrays, operations)
