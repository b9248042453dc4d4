"""The options of a convolution: whole without a script, and right when they are chosen."""

import importlib
from xml.etree import ElementTree

import pytest

from dlcore.ops.conv import normalize_conv_options
from tests.site import test_site
from tests.site.widget_pages import violations, write_page

browser = test_site.browser
WORDS = {"alt": "Squares & lines.", "caption": "A filter."}


@pytest.fixture(scope="module")
def sliding():
    """The helper of the pages, which lies beside them."""
    return importlib.import_module("figures.sliding")


@pytest.fixture
def address(sliding, tmp_path):
    """The address of a page with nothing but the figure."""
    return write_page(
        tmp_path, "Options", sliding.choose_options(**WORDS), "controls", "filter-options"
    )


def drawn(root):
    """List what a picture consists of: lines, and squares with their kind and position."""
    lines = [path.get("d") for path in root.iter("path")]
    return lines, [(rect.get("class"), rect.get("x"), rect.get("y")) for rect in root.iter("rect")]


def seen(tab):
    """List the same of the picture in a browser."""
    markup = tab.locator("figure svg").evaluate("svg => svg.outerHTML")
    return drawn(ElementTree.fromstring(markup.replace(' xmlns="http://www.w3.org/2000/svg"', "")))


def test_outputs_are_as_many_as_a_convolution_has(sliding, rng):
    """For fifty random choices of options, where the filter fits."""
    for _ in range(50):
        taps, stride, padding, dilation, _ = (
            int(rng.choice(values)) for values in sliding.CHOICES.values()
        )
        found = sliding.starts(taps, stride, padding, dilation)
        if found:
            x, w = (1, 1, 1, sliding.SIZE), (1, 1, 1, taps)
            options = (1, stride), (0, padding), (1, dilation), 1
            size, _ = normalize_conv_options("conv2d", x, w, *options)
            assert size[1] == len(found)


def test_a_figure_of_options_is_whole_before_any_script(sliding):
    """Every pixel and output is drawn, with a line for each tap; the sentence counts them."""
    figure = sliding.choose_options(stride=2, **WORDS)
    root = ElementTree.fromstring(figure._repr_html_().partition("<script")[0] + "</figure>")
    lines, squares = drawn(root)
    assert sum(line.count("M") for line in lines) == 5 * 3 + 4 * 4
    kinds = [kind for kind, *_ in squares]
    assert (kinds.count("pixel"), kinds.count("zero")) == (9 + 4, 2)
    assert str(figure).startswith("5 outputs; each depends on 3 pixels")


def test_options_without_words_are_refused(sliding):
    """Words for a screen reader say what the picture shows."""
    with pytest.raises(ValueError, match="alt is empty"):
        sliding.choose_options(alt="")


@pytest.mark.site
def test_without_a_script_the_filter_is_there(browser, address):
    """With JavaScript off: the picture, the sentence, and no idle control."""
    with test_site.opened(browser, address, java_script_enabled=False) as tab:
        assert tab.locator("figure svg").is_visible()
        assert "9 outputs" in tab.locator("figure .reading").text_content()
        assert tab.locator("figure select").count() == 0


@pytest.mark.site
def test_chosen_options_are_drawn_as_the_page_draws_them(browser, address, sliding, rng):
    """Twelve random choices, and a filter that does not fit: lines, squares and sentence."""
    drawings = [
        {name: int(rng.choice(values)) for name, values in sliding.CHOICES.items()}
        for _ in range(12)
    ]
    drawings.append({"taps": 5, "stride": 1, "padding": 0, "dilation": 3, "groups": 2})
    with test_site.opened(browser, address) as tab:
        for options in drawings:
            for name, value in options.items():
                tab.get_by_label(name).select_option(str(value))
            figure = sliding.choose_options(**WORDS, **options)
            wanted = ElementTree.fromstring(figure.picture())
            assert seen(tab) == drawn(wanted)
            assert tab.get_by_role("status").text_content() == str(figure)
        assert not tab.complaints


@pytest.mark.site
def test_keys_choose_options(browser, address):
    """The keyboard reaches the lists."""
    with test_site.opened(browser, address) as tab:
        for _ in range(2):
            tab.keyboard.press("Tab")
        tab.keyboard.press("ArrowDown")
        assert tab.get_by_role("status").text_content().startswith("5 outputs")


@pytest.mark.site
def test_axe_finds_nothing_in_chosen_options(browser, address):
    """No rule of axe-core is broken, at rest or after a choice."""
    with test_site.opened(browser, address) as tab:
        for _ in range(2):
            assert violations(tab) == []
            tab.get_by_label("stride").select_option("3")


def test_a_row_is_wide_enough_for_every_option(sliding):
    """With the most padding no square lies outside the picture."""
    figure = sliding.choose_options(**WORDS, padding=4)
    root = ElementTree.fromstring(figure.picture())
    xs = [float(rect.get("x")) for rect in root.iter("rect")]
    assert min(xs) >= 0
    assert max(xs) + sliding.CELL <= float(root.get("viewBox").split()[2])
