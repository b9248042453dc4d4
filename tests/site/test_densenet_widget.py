"""The figure of the buffer: what it shows at every setting is what the model does."""

import importlib
from itertools import product

import numpy as np
import pytest

from dlcore.nn.accounting import account, total


@pytest.fixture(scope="module")
def buffer():
    """What the figure lets the reader choose from."""
    return importlib.import_module("figures.buffer_data")


@pytest.fixture(scope="module")
def programs():
    """Dense blocks by the letters of the page."""
    return importlib.import_module("dlcore.verification.programs.densenet")


def settings(buffer):
    """List all settings with their frames."""
    pairs = product(range(buffer.LAYERS + 1), buffer.GROWTHS)
    return list(zip(pairs, buffer.prefix_buffer()["frames"], strict=True))


def spans(route):
    """Read first map and end of rectangles off their outlines."""
    x = np.reshape(route[0], (-1, 6))
    return [(row[0], row[1]) for row in x]


def test_a_layer_reads_a_prefix_and_writes_behind_it(buffer):
    """What is read ends where the written maps begin, which are as many as the growth rate."""
    for (layer, growth), frame in settings(buffer):
        ((start, end),) = spans(frame["written"])
        if layer:
            assert spans(frame["read"]) == [(0, start)]
            assert (start, end) == (buffer.C + (layer - 1) * growth, buffer.C + layer * growth)
        else:
            assert spans(frame["read"]) == []
            assert (start, end) == (0, buffer.C)


def test_the_counts_are_those_of_the_model(buffer, programs):
    """Copies: what accounting counts for the layers; buffer: the maps that there are."""
    for (layer, growth), frame in settings(buffer):
        block = programs.block(buffer.C, growth, layer)
        rows = account(block, (buffer.C, 1, 1))
        copies = total(rows[1:], "activations")
        assert frame["copies"][1][-1] == copies
        assert frame["buffer"][1][-1] == rows[-1].shape[0]
        assert f"copies hold {copies} numbers" in frame["text"]
