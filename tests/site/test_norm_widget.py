"""Four numbers that are normalised by hand: whole without a script, and right when they move."""

import importlib
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.site import test_site
from tests.site.widget_pages import violations, write_page

browser = test_site.browser


@pytest.fixture(scope="module")
def normalizing():
    """The helper of the pages, which lies beside them."""
    return importlib.import_module("figures.normalizing")


@pytest.fixture
def figure(normalizing):
    """Four numbers, as they stand on the page."""
    return normalizing.normalize_four((1, 7, 9, 15), alt="Four numbers & a mean.", caption="Four.")


@pytest.fixture
def address(figure, tmp_path):
    """The address of a page with nothing but the figure, in the light."""
    return write_page(tmp_path, "Four", figure, "controls", "norm-four")


def rounded(cells):
    """Read numbers as they are written for a reader."""
    return [float(text.replace("−", "-")) for text in cells]


def table(tab):
    """Read the table as a reader sees it:  x, x̂, ȳ and x̄."""
    rows = tab.locator("figure tbody tr").all()
    return np.transpose([rounded(row.locator("td").all_text_contents()) for row in rows])


def test_a_figure_of_four_numbers_is_whole_before_any_script(figure):
    """Every number is in the table and on its line; mean and variance are said."""
    html = figure._repr_html_()
    root = ElementTree.fromstring(html.partition("<script")[0] + "</figure>")
    rows = [[cell.text for cell in row.findall("td")] for row in root.iter("tr")][1:]
    x, x_hat, y_bar, x_bar = np.transpose([rounded(row) for row in rows])
    assert_allclose(x, [1, 7, 9, 15])
    assert_allclose(x_hat, [-1.4, -0.2, 0.2, 1.4])
    assert_allclose(y_bar, [20, 0, 0, 0])
    assert_allclose(x_bar, [1.04, -1.28, -0.72, 0.96])
    assert len(list(root.iter("circle"))) == 4 * 4
    assert figure.text.startswith("Mean 8.00, variance 25.00, σ 5.00.")


def test_four_numbers_without_words_are_refused(normalizing):
    """Words for a screen reader say what the picture shows."""
    with pytest.raises(ValueError, match="alt is empty"):
        normalizing.normalize_four(alt="")


@pytest.mark.site
def test_without_a_script_the_four_numbers_are_there(browser, address):
    """With JavaScript off: the picture, the table, the sentence, and no idle control."""
    with test_site.opened(browser, address, java_script_enabled=False) as tab:
        assert tab.locator("figure svg").is_visible()
        assert_allclose(table(tab)[0], [1, 7, 9, 15])
        assert tab.locator("figure :is(input, select)").count() == 0


@pytest.mark.site
@pytest.mark.parametrize("eps", [0, 1, 25])
def test_moved_numbers_are_normalised_as_dlcore_does(browser, address, normalizing, rng, eps):
    """Random numbers, both gradients that the lists offer by numbers, to two decimals."""
    with test_site.opened(browser, address) as tab:
        tab.get_by_label("ε").select_option(str(eps))
        for name in ("20, 0, 0, 0", "8, −4, 6, −10"):
            tab.get_by_label("upstream gradient").select_option(name)
            x = rng.choice(np.arange(-5, 21), size=4, replace=False).astype(float)
            for n, value in enumerate(x):
                tab.get_by_role("slider", name=f"number {n + 1}").fill(str(int(value)))
            y_bar = np.array(normalizing.UPSTREAM[name], dtype=float)
            expected = [x, *normalizing.normalized(x, y_bar, float(eps))]
            found = table(tab)
            assert_allclose(found[[0, 1, 3]], expected, rtol=0, atol=0.0051)  # two decimals
            sigma = normalizing.number(np.sqrt(x.var() + eps))
            assert f"σ {sigma}." in tab.get_by_role("status").text_content()
        assert not tab.complaints


@pytest.mark.site
def test_equal_numbers_have_no_deviation(browser, address):
    """Without ε the sentence says so, and no dot is drawn at no number; with ε they are zero."""
    with test_site.opened(browser, address) as tab:
        for n in range(4):
            tab.get_by_role("slider", name=f"number {n + 1}").press("Home")
        assert "there is no x̂" in tab.get_by_role("status").text_content()
        assert tab.locator('circle[data-row="1"][visibility="visible"]').count() == 0
        tab.get_by_label("ε").select_option("1")
        assert_allclose(table(tab)[1], 0)


@pytest.mark.site
def test_axe_finds_nothing_in_four_numbers(browser, address):
    """No rule of axe-core is broken, at rest or after a move."""
    with test_site.opened(browser, address) as tab:
        for _ in range(2):
            assert violations(tab) == []
            tab.get_by_role("slider", name="number 1").press("End")
