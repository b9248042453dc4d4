"""Scores that are moved by sliders: whole without a script, and right when they move."""

import importlib
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.site import test_site
from tests.site.widget_pages import violations, write_page

browser = test_site.browser
NAMES = ["cat", "dog", "ship"]
ROUNDED = {"rtol": 0, "atol": 0.0051}  # two decimals


@pytest.fixture(scope="module")
def sliders():
    """The helper of the pages, which lies beside them."""
    return importlib.import_module("figures.softmax_sliders")


@pytest.fixture
def figure(sliders):
    """Three scores, as they stand on the page."""
    return sliders.move_scores((0.0, 0.7, 1.4), NAMES, 1, alt="Bars.", caption="Three & one.")


@pytest.fixture
def address(figure, tmp_path):
    """The address of a page with nothing but the figure, in the light."""
    return write_page(tmp_path, "Scores", figure, "controls", "softmax-sliders")


def rounded(cells):
    """Read numbers as they are written for a reader."""
    return [float(text.replace("−", "-")) for text in cells]


def table(tab):
    """Read the table as a reader sees it: scores, probabilities, targets, gradient."""
    rows = tab.locator("figure tbody tr").all()
    return np.transpose([rounded(row.locator("td").all_text_contents()) for row in rows])


def test_a_figure_of_scores_is_whole_before_any_script(figure, sliders):
    """Every number is in the table and every bar is drawn; the loss is said."""
    html = figure._repr_html_()
    root = ElementTree.fromstring(html.partition("<script")[0] + "</figure>")
    rows = [[cell.text for cell in row.findall("td")] for row in root.iter("tr")][1:]
    x = np.array([0.0, 0.7, 1.4])
    loss, p, q, x_bar = sliders.computed(x, 1, smoothing=0.0)
    assert_allclose(np.transpose([rounded(row) for row in rows]), [x, p, q, x_bar], **ROUNDED)
    assert len(list(root.iter("rect"))) == 2 * 3
    said = f"The loss is {sliders.number(loss)}. The probability of dog is {sliders.number(p[1])}"
    assert figure.text.startswith(said)


def test_scores_without_words_are_refused(sliders):
    """Words for a screen reader say what the picture shows."""
    with pytest.raises(ValueError, match="alt is empty"):
        sliders.move_scores((0.0, 1.0), NAMES[:2], alt="")


@pytest.mark.site
def test_without_a_script_the_scores_are_there(browser, address):
    """With JavaScript off: the picture, the table, the sentence, and no idle control."""
    with test_site.opened(browser, address, java_script_enabled=False) as tab:
        assert tab.locator("figure svg").is_visible()
        assert_allclose(table(tab)[0], [0.0, 0.7, 1.4])
        assert tab.locator("figure :is(input, select, button)").count() == 0


@pytest.mark.site
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.3])
def test_moved_scores_have_the_loss_and_gradient_of_dlcore(
    browser, address, sliders, rng, smoothing
):
    """Random scores, every right class: probabilities, targets and gradient to two decimals."""
    with test_site.opened(browser, address) as tab:
        tab.get_by_label("label smoothing").select_option(f"{smoothing:g}")
        for right, name in enumerate(NAMES):
            tab.get_by_label("right class").select_option(name)
            x = rng.integers(-60, 61, size=3) / 10
            for each, score in zip(NAMES, x, strict=True):
                tab.get_by_role("slider", name=f"score of {each}").fill(f"{score:g}")
            loss, p, q, x_bar = sliders.computed(x, right, smoothing)
            assert_allclose(table(tab), [x, p, q, x_bar], **ROUNDED)
            said = tab.get_by_role("status").text_content()
            assert_allclose(rounded([said.split()[3].rstrip(".")]), [loss], **ROUNDED)
        assert not tab.complaints


@pytest.mark.site
def test_keys_move_scores_and_a_gradient_step_lowers_the_loss(browser, address):
    """The keyboard reaches every control; the button moves the scores against the gradient."""
    with test_site.opened(browser, address) as tab:
        tab.keyboard.press("Tab")
        tab.keyboard.press("ArrowRight")
        assert_allclose(table(tab)[0], [0.1, 0.7, 1.4])
        before = table(tab)[3]
        tab.get_by_role("button", name="Gradient step").press("Enter")
        assert (np.abs(table(tab)[3]) < np.abs(before)).all()


@pytest.mark.site
def test_axe_finds_nothing_in_moved_scores(browser, address):
    """No rule of axe-core is broken, at rest or after a move."""
    with test_site.opened(browser, address) as tab:
        for _ in range(2):
            assert violations(tab) == []
            tab.get_by_role("slider", name="score of cat").press("End")
