"""The figure of paths: what it shows at every setting is what is left of a residual network."""

import importlib
from itertools import product
from math import comb

import numpy as np
import pytest


@pytest.fixture(scope="module")
def paths():
    """What the figure lets the reader choose from."""
    return importlib.import_module("figures.path_data")


@pytest.fixture(scope="module")
def settings(paths):
    """Every number of blocks and every block to delete, with the frame that is shown."""
    data = paths.residual_paths()
    pairs = list(product(paths.BLOCKS, paths.DELETED))
    return dict(zip(pairs, data["frames"], strict=True))


def heights(route):
    """Read the heights of bars off their outlines."""
    return np.reshape(route[1], (-1, 5))[:, 1]


def test_every_setting_of_the_paths_has_its_frame(paths):
    """As many frames as settings; each has all curves, and words."""
    data = paths.residual_paths()
    sizes = [len(slider["shown"]) for slider in data["sliders"]]
    assert len(data["frames"]) == np.prod(sizes)
    for frame in data["frames"]:
        assert {*data["curves"]} == {*frame} - {"text"}


def test_bars_count_the_paths_of_each_length(settings):
    """binomial(L, k) of them, and binomial(L - 1, k) where one block is deleted."""
    for (blocks, deleted), frame in settings.items():
        left = blocks - (0 < deleted <= blocks)
        assert heights(frame["before"]).tolist() == [comb(blocks, k) for k in range(6)]
        assert heights(frame["after"]).tolist() == [comb(left, k) for k in range(6)]
        assert f"{2**left} of {2**blocks} paths are left" in frame["text"]


def test_strokes_stand_at_the_branches_that_are_taken(settings):
    """Of all paths together each block has half; none that are left take the deleted one."""
    for (blocks, deleted), frame in settings.items():
        at = {name: np.add(frame[name][0][::3], 0.36).round().tolist() for name in ("left", "lost")}
        both = at["left"] + at["lost"]
        assert [both.count(block) for block in range(1, 6)] == (
            blocks * [2 ** (blocks - 1)] + (5 - blocks) * [0]
        )
        assert deleted not in at["left"]
        assert bool(at["lost"]) == (0 < deleted <= blocks)
