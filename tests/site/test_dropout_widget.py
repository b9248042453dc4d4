"""The figure of masks: what it shows at every setting is what dropout computes."""

import importlib
from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose


@pytest.fixture(scope="module")
def masks():
    """What the figure lets the reader choose from."""
    return importlib.import_module("figures.mask_data")


def heights(route):
    """Read the heights of bars off their outlines."""
    return np.reshape(route[1], (-1, 5))[:, 1]


def test_every_setting_of_the_masks_has_its_frame(masks):
    """One frame for each p and each number of masks; its text says both first."""
    data = masks.masked_units()
    settings = list(product(masks.PROBABILITIES, masks.COUNTS))
    assert len(data["frames"]) == len(settings)
    for setting, frame in zip(settings, data["frames"], strict=True):
        said = frame["text"].partition(":")[0].replace(",", "").split()
        assert_allclose([float(word) for word in said if word[0].isdigit()], setting)
        assert {*data["curves"]} == {*data["still"], *frame} - {"text"}


def test_every_bar_is_dropped_or_scaled(masks):
    """y is 0 or x / (1 - p); with p = 0 the average is x, too."""
    frames = masks.masked_units()["frames"]
    for (p, _), frame in zip(product(masks.PROBABILITIES, masks.COUNTS), frames, strict=True):
        factors = heights(frame["y"]) / masks.UNITS
        assert_allclose(factors, np.where(factors > 0.5, 1 / (1 - p), 0))
        if p == 0:
            assert_allclose(heights(frame["mean"]), masks.UNITS)


def test_the_average_of_many_masks_is_near_the_row(masks):
    """Within four standard deviations of a mean of 1000, √(p / (1 - p) / 1000) x."""
    frames = masks.masked_units()["frames"]
    last = frames[len(masks.COUNTS) - 1 :: len(masks.COUNTS)]
    for p, frame in zip(masks.PROBABILITIES, last, strict=True):
        error = np.abs(heights(frame["mean"]) - masks.UNITS)
        assert (error <= 4 * np.sqrt(p / (1 - p) / 1000) * masks.UNITS + 1e-12).all()
