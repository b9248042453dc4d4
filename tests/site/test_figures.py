"""The drawings of the book: in the colours of the page, with words for the ear."""

import doctest
import importlib
import json
import os
import re
import subprocess
import sys
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest

from dlcore.course.exercises.topics import ROOT
from dlcore.nn.models import VGG, DenseNet, ResNet, vgg

HELPERS = sorted(path.stem for path in (ROOT / "book/figures").glob("[!_]*.py"))
WORDS = {"alt": "Two lines & a <bound>.", "caption": "They cross."}


@pytest.fixture(scope="module")
def figures():
    """The helpers of the pages, which live beside them."""
    pytest.importorskip("matplotlib", reason="install the extra `book`")
    return importlib.import_module("figures")


@pytest.fixture
def pictures(figures, rng):
    """One picture of each kind."""
    x = np.linspace(0.0, 1.0, 9)
    lines = {"up": x, "down": 1.0 - x}
    names = ["cat", "dog", "frog"]
    return {
        "curves": figures.curves(x, lines, xlabel="x", ylabel="y", limits={"half": 0.5}, **WORDS),
        "confusion": figures.confusion(rng.integers(0, 9, (3, 3)), names, **WORDS),
        "image_grid": figures.image_grid(rng.random((4, 1, 8, 8)), "abcd", columns=2, **WORDS),
        "weight_grid": figures.weight_grid(rng.normal(size=(192, 6)), (3, 8, 8), **WORDS),
        "valley": figures.valley(
            lambda x, y: x**2 + y**2, {"in": rng.random((4, 2))}, (0, 1, 0, 1), **WORDS
        ),
        "regions": figures.regions(
            {"plane": (lambda x: x @ np.eye(2), rng.random((6, 2)))},
            np.arange(6) % 2,
            creases={"plane": (np.ones((2, 1)), -np.ones(1))},
            **WORDS,
        ),
        "network": figures.network(VGG((3, 32, 24), 10, rng=None), (3, 32, 24), **WORDS),
        "side_by_side": figures.side_by_side(
            {name: vgg(name, rng=None) for name in "AD"}, (3, 224, 224), **WORDS
        ),
        "row_windows": figures.row_windows(
            {"plain": {}, "strided": {"stride": 2, "padding": 1}}, size=7, window=3, **WORDS
        ),
        "register_tile": figures.register_tile(6, 2, 4, **WORDS),
        "spans": figures.spans(
            {"thread 0": [(0, 3, "0–2", 0), (3, 9, "idle", None)], "thread 1": [(2, 5, "3–4", 1)]},
            xlabel="range",
            **WORDS,
        ),
        "house": figures.house(ROOT, ["loss"], ["tests/test_{}.py"], **WORDS),
    }


def test_every_picture_is_a_figure_with_words(pictures):
    """The description is the title of the drawing, the caption stands below it."""
    for picture in pictures.values():
        figure = ElementTree.fromstring(picture._repr_html_())
        drawing, caption = figure
        assert drawing.get("role") == "img"
        assert drawing.get("aria-labelledby") == drawing[0].get("id")
        assert (drawing[0].text, caption.text) == (WORDS["alt"], WORDS["caption"])


def test_drawings_take_the_colour_of_the_page(pictures):
    """Axes and text are currentColor, curves are variables of the style sheet."""
    curves = pictures["curves"]._repr_html_()
    assert "currentColor" in curves
    assert "var(--figure-0" in curves
    assert not re.search("#010203|#040506|font: ", curves)


def test_two_drawings_share_no_id(pictures):
    """On one page every id is unique, and every reference inside a drawing finds its id."""
    drawings = [picture._repr_html_() for picture in pictures.values()]
    own = [set(re.findall(r' id="([^"]+)"', drawing)) for drawing in drawings]
    used = [set(re.findall(r'(?:url\(#|href="#)([^)"]+)', drawing)) for drawing in drawings]
    assert len(set().union(*own)) == sum(map(len, own))
    assert all(names <= there for names, there in zip(used, own, strict=True))


def test_the_same_data_give_the_same_drawing(figures):
    """A drawing depends on nothing but what is drawn: the book can be built again, equal."""
    words = {"xlabel": "", "ylabel": "", "alt": "One line."}
    once, again = (figures.curves([0, 1], {"a": [0, 1]}, **words) for _ in range(2))
    assert once._repr_html_() == again._repr_html_()


def test_a_picture_without_words_is_refused(figures):
    """Who cannot see it must be able to hear what it shows."""
    with pytest.raises(ValueError, match="alt is empty"):
        figures.show(None, alt="")


def test_where_there_is_no_page_a_picture_is_a_png(pictures):
    """Other builders take the bitmap."""
    assert pictures["house"]._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", HELPERS)
def test_the_examples_of_a_helper_are_right(name):
    """What a docstring prints is what its example gives."""
    pytest.importorskip("matplotlib", reason="install the extra `book`")
    assert doctest.testmod(importlib.import_module(f"figures.{name}")).failed == 0


def test_a_page_loads_only_the_helpers_that_it_draws_with():
    """A name brings its own module: who draws a graph of a computation needs no matplotlib."""
    program = "import sys, figures; figures.draw; print('matplotlib' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "book")])}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_every_name_that_a_page_may_import_is_there(figures):
    """The list of names is true; other names are refused as Python refuses them."""
    assert all(hasattr(figures, name) for name in dir(figures))
    assert not hasattr(figures, "nothing")


def test_a_drawn_network_says_what_the_model_does(figures):
    """Words and sizes come from its layers; only a dense block widens downwards."""
    drawing = figures.network(VGG((3, 32, 24), 10, rng=None), (3, 32, 24), **WORDS)._repr_html_()
    for words in ("2 conv 3×3", "max pool, 4 conv 3×3", "256 × 8 × 6", "2 linear", "500"):
        assert words in drawing
    networks = importlib.import_module("figures.networks")
    dense = networks.groups(DenseNet(depth=10, rng=None), (3, 32, 32))
    plain = networks.groups(ResNet(depth=8, rng=None), (3, 32, 32))
    assert [(group.begin, group.end) for group in dense[1:4]] == [(16, 40), (40, 64), (64, 88)]
    assert all(group.begin == group.end for group in plain)


def test_no_edge_of_a_box_runs_through_the_words_of_a_network(figures):
    """Where networks stand side by side, words stand in their box or beside it."""
    models = {name: vgg(name, rng=None) for name in ("A-LRN", "C")}
    figure = figures.side_by_side(models, (3, 224, 224), **WORDS).figure
    for axis in figure.axes:
        boxes = [patch.get_window_extent() for patch in axis.patches]
        texts = [text.get_window_extent() for text in axis.texts]
        meetings = [(box, text) for box in boxes for text in texts if box.overlaps(text)]
        assert meetings
        assert all(box.x0 < text.x0 and text.x1 < box.x1 for box, text in meetings)


def test_runs_at_full_length_are_drawn_from_their_record(figures, tmp_path, monkeypatch):
    """A curve for each run, and the mean counts of the whole budget; nothing without a record."""
    for module in ("dlcore.experiments.experiment", "figures.full_length"):
        monkeypatch.setattr(importlib.import_module(module), "RESULTS", tmp_path)
    assert (figures.rising("trial"), figures.confused("trial")) == (None, None)
    runs = [
        {"label": label, "curves": {
            "val_accuracy": [0.1 * (seed + epoch) for epoch in range(epochs)],
            "confusion": np.full((10, 10), 5 + (seed if label == "whole" else 90)).tolist(),
        }}
        for label, epochs in (("whole", 6), ("a third", 3))
        for seed in (0, 2)
    ]  # fmt: skip
    (tmp_path / "trial.json").write_text(json.dumps({"history": {"runs": runs}}))
    (axis,) = figures.rising("trial").figure.axes
    curves = [line for line in axis.lines if line.get_transform() != axis.transAxes]
    assert [len(line.get_xdata()) for line in curves] == [6, 6, 3, 3]
    assert {text.get_text() for text in axis.texts} == {"whole", "a third"}
    (squares,) = figures.confused("trial").figure.axes
    assert [text.get_text() for text in squares.texts] == ["6"] * 100


def test_a_name_stands_at_the_height_where_its_curve_ends(figures):
    """Names that crowd at the top move one another, and none that has room."""
    lines = {f"high {i}": [0.0, 1.0] for i in range(5)} | {"low": [0.0, 0.4], "lower": [0.0, 0.3]}
    axis = figures.curves([0, 1], lines, xlabel="x", ylabel="y", **WORDS).figure.axes[0]
    places = {text.get_text(): text.get_window_extent() for text in axis.texts}
    for name in ("low", "lower"):
        end = axis.transData.transform((1, lines[name][-1]))[1]
        assert places[name].y0 < end < places[name].y1
    boxes = list(places.values())
    assert not any(box.overlaps(other) for box, other in combinations(boxes, 2))


def test_the_name_of_a_group_stands_beside_its_own_points(figures):
    """It covers no point, and is nearer to a point of its group than to one of another."""
    fine = [(0.2, 1.0), (0.3, 1.0), (0.36, 0.93), (0.4, 0.98), (0.5, 0.94), (0.8, 0.6)]
    groups = {"coarse": [(0.0, 0.0), (1.0, 0.1), (0.35, 0.985)], "fine": fine}
    drawn = figures.points({"": groups}, xlabel="x", ylabel="y", log="", **WORDS)
    axis = drawn.figure.axes[0]
    dots = {name: axis.transData.transform(points) for name, points in groups.items()}
    for text in axis.texts:
        box = text.get_window_extent()
        assert not any(box.contains(*dot) for group in dots.values() for dot in group)
        middle = (box.p0 + box.p1) / 2
        far = {name: np.linalg.norm(group - middle, axis=1).min() for name, group in dots.items()}
        assert min(far, key=far.get) == text.get_text()


def test_panels_of_points_have_the_same_axes(figures):
    """What lies further to the right in one panel does so in the other."""
    panels = {"one": {"": [(1, 1), (2, 2)]}, "two": {"": [(5, 9), (7, 8)]}}
    one, two = figures.points(panels, xlabel="x", ylabel="y", log="", **WORDS).figure.axes
    assert (one.get_xlim(), one.get_ylim()) == (two.get_xlim(), two.get_ylim())


def test_a_name_has_one_colour_in_all_pictures_that_share_an_order(figures):
    """Whatever else is drawn beside it."""
    order = ("SGD", "RMSProp", "Adam")
    words = {"xlabel": "", "ylabel": "", "order": order, **WORDS}
    both = figures.curves([0, 1], {"SGD": [0, 1], "Adam": [1, 0]}, **words)
    alone = figures.curves([0, 1], {"Adam": [1, 0]}, **words)
    own = figures.PALETTE[order.index("Adam")]
    for drawn in (both, alone):
        name = next(text for text in drawn.figure.axes[0].texts if text.get_text() == "Adam")
        assert name.get_color() == own


def test_no_point_below_a_roof_hides_another(figures):
    """Of two points in one place, the second is a ring around the first."""
    points = {"tile": (9.0, 5e9), "pytorch": (9.0, 5.1e9), "loops": (9.0, 1e9)}
    axis = figures.roofline(points, 8e9, 1e9, **WORDS).figure.axes[0]
    dots = [line for line in axis.lines if line.get_marker() == "o"]
    rings = [dot.get_color() for dot in dots if dot.get_markerfacecolor() == "none"]
    assert rings == [figures.PALETTE[1]]
    sizes = sorted(dot.get_markersize() for dot in dots)
    assert sizes[0] == sizes[1] < sizes[2]


def test_small_pictures_have_a_frame_that_is_seen_on_any_page(figures, rng):
    """Black pixels end where the page is black, too, and white ones where it is white."""
    figure = figures.image_grid(rng.random((3, 1, 4, 4)), columns=2, **WORDS).figure
    *pictures, rest = figure.axes
    for axis in pictures:
        assert axis.axison
        assert all(side.get_visible() for side in axis.spines.values())
    assert not rest.axison


def test_weights_near_zero_show_the_page(figures):
    """The diverging colours are transparent in the middle and full at both ends."""
    opaque = [figures.DIVERGING(at)[3] for at in (0.0, 0.25, 0.5, 0.75, 1.0)]
    np.testing.assert_allclose(opaque, [1.0, 0.6, 0.0, 0.6, 1.0], atol=0.01)


def test_no_part_of_a_small_graph_is_faint(figures):
    """Nodes and edges beside a cycle are of a grey that is seen where lines are short."""
    drawing = figures.gallery([[[1], [0], [0]]], **WORDS)._repr_html_()
    assert "--figure-1" in drawing
    assert "--figure-5" in drawing
    assert "--figure-faint" not in drawing


def lab(colour):
    """Return a colour in CIELAB, where distances are as they are seen."""
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    matrix = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    share = matrix @ linear / (0.9505, 1.0, 1.089)
    x, y, z = np.where(share > 0.008856, np.cbrt(share), 7.787 * share + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_no_two_colours_of_the_palette_are_alike():
    """In the light and in the dark, any two curves differ by 25 units of CIELAB at least."""
    style = (ROOT / "book/_static/book.css").read_text(encoding="utf-8")
    colours = re.findall(r"--figure-\d: (#\w{6});", style)
    assert len(colours) == 12
    for scheme in (colours[:6], colours[6:]):
        places = np.array([lab(colour) for colour in scheme])
        apart = np.linalg.norm(places[:, None] - places, axis=2) + 99 * np.eye(6)
        assert apart.min() > 25
