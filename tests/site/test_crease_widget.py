"""Creases that are moved by sliders: whole without a script, and right when they move."""

import importlib
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from tests.site import test_site
from tests.site.widget_pages import violations, write_page

browser = test_site.browser
UNITS = [(90, 0.5, -2), (-150, 0.5, 1), (-30, 0.5, -2)]
SOLUTION = ([(90, 0.5, -2), (-150, 0.5, -2), (-30, 0.5, -2)], 0.5)
X = [(0, 0), (0.5, -0.3), (0, 1.5), (1.4, -0.9), (-1.4, -0.9)]
T = [1, 1, 0, 0, 0]
KINDS = ("angle", "offset", "output weight")


@pytest.fixture(scope="module")
def creases():
    """The helper of the pages, which lies beside them."""
    return importlib.import_module("figures.crease_sliders")


@pytest.fixture
def figure(creases):
    """Three creases around two of five points."""
    return creases.move_creases(UNITS, 0.5, X, T, solution=SOLUTION, alt="Lines & points.")


@pytest.fixture
def address(figure, tmp_path):
    """The address of a page with nothing but the figure, in the light."""
    return write_page(tmp_path, "Creases", figure, "controls", "crease-sliders")


def said(text):
    """Read the two counts of the sentence: points classified rightly, and regions."""
    words = text.split()
    return int(words[0]), int(words[-2])


def regions_of(creases, model):
    """Count the signs of the pre-activations around all points where two lines or edges meet."""
    w, b = model.hidden.params.values()
    lines = [*zip(*w, b, strict=True), (1, 0, -2), (1, 0, 2), (0, 1, -2), (0, 1, 2)]
    around = np.deg2rad(np.arange(2.5, 360, 5))  # between any two directions of lines
    x = []
    for one, two in combinations(np.array(lines), 2):
        if abs(np.linalg.det([one[:2], two[:2]])) > 1e-9:
            corner = np.linalg.solve([one[:2], two[:2]], [-one[2], -two[2]])
            x.extend(corner + 1e-5 * np.column_stack([np.cos(around), np.sin(around)]))
    x = np.array(x)
    active = model.hidden(x[(np.abs(x) < creases.HALF).all(axis=1)]) > 0
    return len(np.unique(active, axis=0))


def move(tab, units, bias):
    """Move all sliders."""
    for m, unit in enumerate(units, 1):
        for kind, value in zip(KINDS, unit, strict=True):
            tab.get_by_role("slider", name=f"{kind} of unit {m}").fill(f"{value:g}")
    tab.get_by_role("slider", name="output bias").fill(f"{bias:g}")


def drawn(rng, M=3):
    """Draw a network whose numbers the sliders can show."""
    angles = 5 * rng.integers(-36, 37, M)
    offsets, weights = rng.integers(-15, 16, M) / 10, rng.integers(-30, 31, M) / 10
    return np.column_stack([angles, offsets, weights]), rng.integers(-30, 31) / 10


def test_a_figure_of_creases_is_whole_before_any_script(figure):
    """Regions, creases, points and table are there; four points are right, in seven regions."""
    root = ElementTree.fromstring(figure._repr_html_().partition("<script")[0] + "</figure>")
    paths = {path.get("class"): path.get("d") for path in root.iter("path")}
    assert all(paths[f"crease u{m}"].startswith("M") for m in range(3))
    assert paths["region k0"].count("Z") + paths["region k1"].count("Z") >= 7
    assert len([g for g in root.iter("g") if "wrong" in g.get("class")]) == 1
    assert said(figure.text) == (4, 7)


def test_the_regions_are_those_of_the_signs(creases, rng):
    """Random networks of one to four units, and units whose creases coincide or lie outside."""
    networks = [drawn(rng, M) for M in (1, 2, 3, 4, 4, 4)]
    networks += [([(30, 0.5, 1), (-150, -0.5, 1)], 0), ([(0, 0, 1), (45, 0, 1), (90, 0, 1)], 0)]
    for units, bias in networks:
        model = creases.network(units, bias)
        assert len(creases.cells(model)) == regions_of(creases, model)


def test_the_parts_of_both_classes_fill_the_picture(creases, rng):
    """The areas add up, and the class of each part is the prediction at its middle."""
    for _ in range(5):
        model = creases.network(*drawn(rng))
        areas = 0
        for cell in creases.cells(model):
            for k, part in enumerate(creases.halves(cell, creases.difference(model, cell))):
                size = creases.area(part) if len(part) else 0
                areas += size
                assert size < 1e-6 or model(part.mean(axis=0)[None]).argmax() == k
        assert np.isclose(areas, 16)


def test_creases_without_words_are_refused(creases):
    """Words for a screen reader say what the picture shows."""
    with pytest.raises(ValueError, match="alt is empty"):
        creases.move_creases(UNITS, 0.5, X, T, solution=SOLUTION, alt="")


@pytest.mark.site
def test_without_a_script_the_creases_are_there(browser, address):
    """With JavaScript off: the picture, the table, the sentence, and no idle control."""
    with test_site.opened(browser, address, java_script_enabled=False) as tab:
        assert tab.locator("figure svg").is_visible()
        assert tab.locator("figure tbody tr").count() == 4
        assert tab.locator("figure :is(input, select, button)").count() == 0


@pytest.mark.site
def test_moved_creases_divide_the_picture_as_dlcore_does(browser, address, creases, rng):
    """Random networks: the counts, and the classes at a hundred points of the picture."""
    places = rng.uniform(-2, 2, (100, 2))
    within = """(path, places) => places.map(([x, y]) =>
        path.isPointInFill(new DOMPoint(x, y)))"""
    with test_site.opened(browser, address) as tab:
        for _ in range(6):
            units, bias = drawn(rng)
            move(tab, units, bias)
            model = creases.network(units, bias)
            right = (model(np.array(X, dtype=float)).argmax(axis=1) == T).sum()
            text = tab.get_by_role("status").text_content()
            assert said(text) == (right, regions_of(creases, model))
            region = tab.locator("path.region.k1")
            found = region.evaluate(within, creases.pixels(places).tolist())
            y = creases.difference(model, places)
            clear = np.abs(y) > 0.05  # the picture is rounded to a tenth of a pixel
            assert_array_equal(np.array(found)[clear], y[clear] > 0)
        assert not tab.complaints


@pytest.mark.site
def test_the_script_draws_what_the_page_showed(browser, address):
    """Started again, the picture has the same paths as before any script."""
    paths = "all => all.map(path => path.getAttribute('d'))"
    with test_site.opened(browser, address) as tab:
        before = tab.locator("figure path").evaluate_all(paths)
        tab.get_by_role("button", name="A solution").press("Enter")
        assert said(tab.get_by_role("status").text_content()) == (5, 7)
        tab.get_by_role("button", name="Start again").press("Enter")
        assert tab.locator("figure path").evaluate_all(paths) == before


@pytest.mark.site
def test_keys_move_a_crease(browser, address):
    """The arrow keys change an angle by five degrees, and the slider says so."""
    with test_site.opened(browser, address) as tab:
        slider = tab.get_by_role("slider", name="angle of unit 1")
        before = tab.locator("path.crease.u0").get_attribute("d")
        slider.press("ArrowRight")
        assert slider.get_attribute("aria-valuetext") == "95°"
        assert tab.locator("path.crease.u0").get_attribute("d") != before


@pytest.mark.site
def test_creases_fit_a_telephone(browser, address):
    """At 390 pixels nothing scrolls sideways."""
    with test_site.opened(browser, address, viewport={"width": 390, "height": 800}) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.site
def test_axe_finds_nothing_in_moved_creases(browser, address):
    """No rule of axe-core is broken, at rest or after a move."""
    with test_site.opened(browser, address) as tab:
        for _ in range(2):
            assert violations(tab) == []
            tab.get_by_role("slider", name="angle of unit 1").press("End")
