"""Searches and their experiments: what they take, what they return, and what they refuse.

Chapter: book/search.md.
"""

import importlib
import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcore import nn
from dlcore.data.dataset import Dataset, Examples
from dlcore.nn.search import DARTS_V2, Genotype
from dlcore.train import SGD, Adam
from dlcore.train.search import Search, mixed_difference, one_step, one_step_differences


@pytest.fixture(scope="module")
def lab():
    """The experiments of the chapter."""
    return importlib.import_module("dlcore.experiments.search")


def test_parameters_by_name_have_the_same_gradient(rng):
    """Dictionaries of arrays, in both arguments, and neither is changed."""
    one, two = rng.normal(size=(2, 3, 4))
    alphas, weights = rng.normal(size=3), rng.normal(size=4)
    train = lambda a, w: np.sum(np.tanh(a @ one + w) ** 2) + np.sum(np.sin(w) * w)
    val = lambda a, w: np.sum(np.cos(a @ two * w)) + np.sum(np.exp(w / 2))
    parts = lambda f: lambda a, w: f(a["cell"], np.concatenate([w["b"], w["w"]]))
    named = {"b": weights[:1].copy(), "w": weights[1:].copy()}
    for gradient in (one_step, one_step_differences):
        truth = gradient(train, val, alphas, weights, 0.3)
        found = gradient(parts(train), parts(val), {"cell": alphas}, named, 0.3)
        assert_allclose(found["cell"], truth, rtol=1e-10, atol=1e-10)
    assert_array_equal(np.concatenate([named["b"], named["w"]]), weights)


def test_a_search_says_which_gradients_there_are(rng):
    """The message lists them."""
    with pytest.raises(ValueError, match="gradient is 'second', use first-order, one-step, diff"):
        Search(
            nn.Linear(2, 3, rng=rng), np.zeros((4, 2)), np.zeros(4, int), gradient="second",
            alpha_optimizer=Adam(0.1), weight_optimizer=SGD(0.1),
        )  # fmt: skip


def test_a_difference_takes_a_distance_above_zero():
    """The message names the distance."""
    with pytest.raises(ValueError, match="radius is 0, use a number above 0"):
        mixed_difference(lambda a, w: a * w, 1.0, 2.0, 3.0, radius=0)


def test_a_tiny_search_ends_with_a_cell(lab, rng):
    """Eight images, two nodes, three cells: a genotype, the shares, and the same twice."""
    train = Examples(rng.normal(size=(8, 3, 8, 8)).astype(np.float32), np.arange(8))
    one, other = (lab.small_search(0, train=train, epochs=1, C=2, cells=3) for _ in range(2))
    assert isinstance(one.genotype, Genotype)
    assert len(one.genotype.normal) == len(one.genotype.reduce) == 4
    assert one == other
    for shares in one.journal[-1]["shares"].values():
        assert_allclose(np.sum(shares, axis=1), 1, rtol=1e-6)


def test_the_training_of_a_cell_is_the_same_twice(lab, rng):
    """Two epochs on eight images, with flips and crops: the same losses, by the same seed."""
    train = Examples(rng.normal(size=(8, 3, 8, 8)).astype(np.float32), np.arange(8))
    given = Dataset("drawn", tuple("0123456789"), train, train, train)
    genotype = lab.random_genotype(rng)
    losses = [
        lab.trained(genotype, 3, given=given, epochs=2, augment=lab.DATA[name], C=2)[2].train_loss
        for name in (*lab.DATA, next(iter(lab.DATA)))
    ]
    assert losses[0] == losses[2] != losses[1]


def test_the_families_return_what_they_compare(lab, rng, monkeypatch):
    """On eight images: every metric of a comparison, and the gain is a difference."""
    train = Examples(rng.normal(size=(8, 3, 8, 8)).astype(np.float32), np.arange(8))
    given = Dataset("drawn", tuple("0123456789"), train, train, train)
    monkeypatch.setattr(lab, "images", lambda seed, N: given)
    monkeypatch.setattr(lab, "found_genotypes", lambda: 3 * [lab.random_genotype(rng)])
    families = importlib.import_module("dlcore.experiments.family").FAMILIES
    for name in ("search-random", "search-finetune"):
        family = families[name]
        values = {label: family.run(setting, 0) for label, setting in family.settings.items()}
        for each in family.comparisons:
            assert each.metric in values[each.more].keys() & values[each.less].keys()
    assert values["the same images"]["gain"] == pytest.approx(
        values["the same images"]["test"] - values["the same images"]["before"]
    )


def test_a_recorded_genotype_is_read_back(lab):
    """JSON knows no tuples."""
    fields = json.loads(json.dumps(DARTS_V2._asdict()))
    assert lab.as_genotype(fields) == DARTS_V2
