"""Figures of architecture search: shares that move, drawn cells, a choice in steps."""

import importlib
import re
from itertools import product
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dlcore.nn.search import DARTS_V2, discretise, edges

NAMES = ("none", "max_pool_3x3", "skip_connect", "sep_conv_3x3")


@pytest.fixture(scope="module")
def mixtures():
    """What the figure of a mixed operation lets the reader choose from."""
    return importlib.import_module("figures.mixture_data")


@pytest.fixture(scope="module")
def cells():
    """The helper that draws cells."""
    return importlib.import_module("figures.cells")


def test_bars_are_the_softmax_of_the_alphas(mixtures):
    """At every setting; they add up to 1, and the words name the largest but none."""
    data = mixtures.mixed_operation()
    pairs = list(product(mixtures.FIRST, mixtures.SECOND))
    assert len(data["frames"]) == np.prod([len(s["shown"]) for s in data["sliders"]])
    for (convolution, none), frame in zip(pairs, data["frames"], strict=True):
        heights = np.reshape(frame["shares"][1], (-1, 5))[:, 1]
        powers = np.exp([none, 0, 0, convolution])
        assert_allclose(heights, powers / powers.sum())
        assert ("convolution would be kept" in frame["text"]) == (convolution > 0)


def test_the_mixed_function_lies_between_its_parts(mixtures):
    """A mixture is nowhere above the largest of its operations, nor below the smallest."""
    every = np.array(list(mixtures.FUNCTIONS.values()))
    for frame in mixtures.mixed_operation()["frames"]:
        mixed = frame["mixed"][1]
        assert (mixed <= every.max(axis=0) + 1e-12).all()
        assert (mixed >= every.min(axis=0) - 1e-12).all()


def test_cells_of_one_network_are_drawn_to_one_scale(cells):
    """Pictures of the same width, as large as they are or smaller by the same factor."""
    kinds = (DARTS_V2.normal, DARTS_V2.normal_concat), (DARTS_V2.reduce, DARTS_V2.reduce_concat)
    normal, reduction = (ElementTree.fromstring(cells.cell(*kind).svg) for kind in kinds)
    assert normal.get("width") == reduction.get("width") == normal.get("viewBox").split()[2]


def test_the_shares_stand_above_the_names_of_the_operations(mixtures):
    """Each name is in the middle below its bar; that of the mixture lies on no curve."""
    exploring = importlib.import_module("figures.exploring")
    data = mixtures.mixed_operation()
    shares, mixed = (exploring.Panel(**panel) for panel in data["panels"])
    ticks = dict(shares.ticks("x"))
    assert [ticks[place] for place in (1, 2, 3, 4)] == ["none", "max pool", "skip", "conv"]
    html = exploring.explore(data, alt="Bars and curves.")._repr_html_()
    base = int(re.search(r'class="right c1" x="\d+" y="(\d+)">mixture', html)[1])
    across = 8.5 * len("mixture")
    for x, y in (*data["still"].values(), *(frame["mixed"] for frame in data["frames"])):
        places = re.findall(r"(-?\d+) (-?\d+)", mixed.route(x, y))
        below = [float(v) for u, v in places if float(u) > exploring.WIDTH - across]
        assert all(not base - 13 < v < base + 4 for v in below)


@pytest.mark.parametrize("kind", ["normal", "reduce"])
def test_a_drawn_cell_has_a_box_for_each_operation(cells, kind):
    """Two inputs, eight operations, four sums, one concatenation; as many arrows as readings."""
    pairs, concat = getattr(DARTS_V2, kind), getattr(DARTS_V2, f"{kind}_concat")
    root = ElementTree.fromstring(cells.cell(pairs, concat).svg)
    named = lambda tag: [each for each in root.iter() if each.tag.endswith(tag)]
    assert len(named("rect")) == 2 + 8 + 4 + 1
    texts = ["".join(each.itertext()) for each in named("text")]
    for name, _ in pairs:
        assert cells.WORDS[name] in texts
    assert len(named("path")) == 2 * (8 + 2 * 4 + len(concat))


def test_the_steps_choose_what_discretise_chooses(cells, rng):
    """On twenty random arrays of α, of two and three nodes."""
    for nodes in [2, 3] * 10:
        alphas = 2 * rng.normal(size=(len(edges(nodes)), len(NAMES)))
        graph = cells.choice(alphas, NAMES, nodes)
        pairs = discretise(alphas, alphas, NAMES, nodes).normal
        last = {}
        for step in graph["steps"]:
            last |= step["marks"]
        for k, node in enumerate(range(2, 2 + nodes)):
            two = pairs[2 * k : 2 * k + 2]
            first, second = sorted(source for _, source in two)
            assert last[f"n{node}"] == [f"from {first} and {second}"]
            for name, source in two:
                assert last[f"e{edges(nodes).index((node, source))}"][0] == cells.WORDS[name]


def test_a_choice_without_words_is_refused(cells):
    """Words for a screen reader say what the picture shows."""
    with pytest.raises(ValueError, match="alt is empty"):
        cells.choosing(np.zeros((2, 4)), NAMES, 1, alt="")
