"""The figure that is explored: computed here, whole without a script, moved by keys with one."""

import importlib
import json
from itertools import product
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.site import test_site
from tests.site.widget_pages import violations, write_page

browser = test_site.browser
WALKS = {
    "sliders": [
        {"label": "rate", "shown": ["1", "2"], "at": 1},
        {"label": "noise", "shown": ["none", "some", "much"], "at": 0},
    ],
    "panels": [
        {"x": (0, 10), "y": (0, 5)},
        {"x": (1, 100), "y": (0, 1), "log": "x", "xlabel": "step", "ylabel": "height"},
    ],
    "curves": {
        "still": (0, "faint", 0, ""), "walk": (0, "walk", 0, "a < b"), "gap": (1, "line", 1, "")
    },
    "still": {"still": ((0, 10), (5, 5))},
    "frames": [
        {"text": f"Setting {i} < 7, {'</script>' * (i == 1)}.", "walk": ((0, i), (0, i)),
         "gap": ((1, 10, np.nan, 100), (0, 0.5, 0, 0.5))}
        for i in range(6)
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def exploring():
    """The helper of the pages, which lies beside them."""
    return importlib.import_module("figures.exploring")


@pytest.fixture(scope="module")
def walks():
    """What the figures of the chapter let the reader choose from."""
    return importlib.import_module("figures.slider_data")


@pytest.fixture
def figure(exploring):
    """The walks above, as they stand on a page."""
    return exploring.explore(WALKS, alt="Two panels & six settings.", caption="Walks.")


@pytest.fixture
def address(figure, tmp_path):
    """The address of a page with nothing but the figure, in the light."""
    return write_page(tmp_path, "Walks", figure, "controls", "descent-explore")


def drawn(html):
    """Read the curves of a figure off its picture, by name."""
    root = ElementTree.fromstring(html)
    return {path.get("data-curve"): path.get("d") for path in root.iter("path")}


# What is computed


@pytest.mark.parametrize("name", ["bowl_walks", "noisy_walks", "ball_walks"])
def test_every_setting_has_its_frame(name, walks):
    """One frame for each combination of the sliders, and each says both settings first."""
    data = getattr(walks, name)()
    settings = list(product(*(slider["shown"] for slider in data["sliders"])))
    assert len(data["frames"]) == len(settings)
    for setting, frame in zip(settings, data["frames"], strict=True):
        said = frame["text"].partition(":")[0].replace(",", "").split()
        numbers = [float(word) for word in said if word[0].isdigit()]
        assert_allclose(numbers, [float(value) for value in setting])
        assert {*data["curves"]} == {*data.get("still", {}), *frame} - {"text"}


@pytest.mark.parametrize("name", ["with_edges", "without_edges"])
def test_no_curve_of_a_figure_crosses_its_bound(name):
    """For every T, but for the rounding of the worst function, which is at its bound."""
    grounds = importlib.import_module("dlcore.experiments.descent")
    bound, *curves = getattr(grounds, name)(np.array([1, 2, 3, 10, 64, 200])).values()
    assert all((curve <= bound * (1 + 1e-12)).all() for curve in curves)
    assert all((np.diff(curve) < 0).all() for curve in curves)


def test_every_walk_in_a_bowl_stays_below_its_bound(walks):
    """f falls by the square of max |1 - ηκ| per step at least; the steps are those of descent."""
    rates = (0.3, 1.9, 2.1)
    frames = walks.bowl_walks(rates)["frames"]
    for (rate, q), frame in zip(product(rates, walks.CONDITIONS), frames, strict=True):
        assert (frame["height"][1] <= frame["bound"][1] * (1 + 1e-12)).all()
        x, y = frame["path"]
        assert_allclose(x, walks.START[0] * (1 - rate / q) ** np.arange(walks.STEPS + 1))
        assert_allclose(y, walks.START[1] * (1 - rate) ** np.arange(walks.STEPS + 1), atol=1e-12)


def test_noisy_walks_end_where_theory_says(walks):
    """After many steps the mean square is at the limit, and at σ²/T for the falling rate."""
    rates, data = (0.5, 1.0), walks.noisy_walks(rates=(0.5, 1.0))
    for (_, std), frame in zip(product(rates, walks.NOISE), data["frames"], strict=True):
        tolerance = {"rtol": 4 * np.sqrt(2 / walks.RUNS), "atol": 1e-8}  # four deviations
        assert_allclose(frame["constant square"][1][-1], frame["limit"][1][-1], **tolerance)
        assert_allclose(frame["falling square"][1][-1], std**2 / 100, **tolerance)


def test_the_share_of_a_ball_is_its_larger_root(walks):
    """x² = (1 + μ - ηκ) x - μ, solved by another program."""
    products = np.linspace(0.01, 4, 50)
    for momentum in (0.0, 0.5, 0.9):
        roots = [np.abs(np.roots([1, x - 1 - momentum, momentum])).max() for x in products]
        # near a double root an error of ε moves the roots by √ε
        assert_allclose(walks.factor(products, momentum), roots, rtol=1e-6)


def test_every_pair_of_symmetries_has_its_frame(walks):
    """Sixty-four of them; the sentence names both, and no two symmetries draw the same picture."""
    data = walks.symmetries()
    names = data["sliders"][0]["shown"]
    assert len(names) == len(set(names)) == 8
    for (one, two), frame in zip(product(names, names), data["frames"], strict=True):
        assert frame["text"].startswith(f"First: {one}. Then: {two}. Together: ")
        assert {*data["curves"]} == {*data["still"], *frame} - {"text"}
    alone = {np.nan_to_num(frame["first"]).tobytes() for frame in data["frames"]}
    assert len(alone) == 8


def test_two_symmetries_one_after_the_other_are_drawn(walks):
    """A turn by 90° twice is one by 180°; a turn follows the mirror, and is not undone by it."""
    frames = {frame["text"]: frame for frame in walks.symmetries()["frames"]}
    twice = "First: 90°. Then: 90°. Together: 180°."
    other = "First: 90°. Then: mirrored. Together: mirrored, 270°."
    assert {twice, other} <= frames.keys()
    alone = "First: as it is. Then: 180°. Together: 180°."
    assert_allclose(frames[twice]["both"], frames[alone]["both"])


# What is drawn


def test_a_figure_is_whole_before_any_script(figure, exploring):
    """The first setting is drawn and said; curves that do not move are there; gaps are gaps."""
    html = figure._repr_html_()
    curves = drawn(html)
    edge, height = exploring.WIDTH, exploring.HEIGHT
    assert curves["still"] == f"M0 0L{edge} 0"
    assert curves["walk"] == f"M0 {height}L{edge * 3 // 10} {height * 2 // 5}"
    assert curves["gap"] == f"M0 {height}L{edge // 2} {height // 2}M{edge} {height // 2}"
    assert "Setting 3 &lt; 7" in html.partition("<script")[0]


def test_the_data_of_a_figure_are_its_frames(figure):
    """The script reads every setting; no text can end the data early."""
    _, _, rest = figure._repr_html_().partition('<script type="application/json">')
    data = json.loads(rest.partition("</script>")[0])
    assert [frame["text"] for frame in data["frames"]] == [f["text"] for f in WALKS["frames"]]
    assert data["sliders"] == WALKS["sliders"]


def test_a_figure_without_words_is_refused(exploring):
    """Who cannot see it must be able to hear what it shows."""
    with pytest.raises(ValueError, match="alt is empty"):
        exploring.explore(WALKS, alt="")


# What is moved


@pytest.mark.site
def test_without_a_script_the_first_setting_is_there(browser, address):
    """With JavaScript off: both panels, the sentence, and no idle slider."""
    with test_site.opened(browser, address, java_script_enabled=False) as tab:
        assert all(svg.is_visible() for svg in tab.locator("figure svg").all())
        assert tab.locator(".reading").text_content().startswith("Setting 3")
        assert tab.locator("figure input").count() == 0


@pytest.mark.site
def test_keys_move_the_sliders_and_the_curves(browser, address, figure):
    """Arrows go one setting on, Home and End to the ends; curves, values and sentence follow."""
    walk = [("ArrowRight", 4), ("End", 5), ("ArrowRight", 5), ("ArrowLeft", 4), ("Home", 3)]
    with test_site.opened(browser, address) as tab:
        slider = tab.get_by_role("slider", name="noise")
        slider.focus()
        for key, place in walk:
            tab.keyboard.press(key)
            assert tab.get_by_role("status").text_content() == figure.frames[place]["text"]
            path = tab.locator("[data-curve=walk]").get_attribute("d")
            assert path == figure.frames[place]["walk"]
            said = WALKS["sliders"][1]["shown"][place - 3]
            assert slider.get_attribute("aria-valuetext") == said
        assert not tab.complaints


@pytest.mark.site
def test_each_slider_moves_its_own_setting(browser, address, figure):
    """The first slider jumps over all settings of the second; what does not move stays."""
    with test_site.opened(browser, address) as tab:
        tab.get_by_role("slider", name="noise").press("End")
        tab.get_by_role("slider", name="rate").press("Home")
        assert tab.get_by_role("status").text_content() == figure.frames[2]["text"]
        assert tab.locator("[data-curve=still]").get_attribute("d") == figure.still["still"]


@pytest.mark.site
def test_axe_finds_nothing_in_a_figure_to_explore(browser, address):
    """No rule of axe-core is broken, at rest or on the way."""
    with test_site.opened(browser, address) as tab:
        for _ in range(2):
            assert violations(tab) == []
            tab.get_by_role("slider", name="rate").press("Home")
