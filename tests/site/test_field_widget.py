"""A receptive field that grows: whole without a script, and right when layers are chosen."""

import importlib
from xml.etree import ElementTree

import pytest

from dlcore.nn.accounting import Field
from tests.site import test_site
from tests.site.widget_pages import violations, write_page

browser = test_site.browser
WORDS = {"alt": "Levels of cells & a table.", "caption": "A field."}


@pytest.fixture(scope="module")
def growing():
    """The helper of the pages, which lies beside them."""
    return importlib.import_module("figures.fields")


@pytest.fixture
def address(growing, tmp_path):
    """The address of a page with nothing but the figure, in the light."""
    return write_page(tmp_path, "Field", growing.grow_field(**WORDS), "controls", "receptive-field")


def shown(tab):
    """Read fields and jumps of the table, the sentence, and the outlines of all levels."""
    rows = [row.locator("td").all_text_contents()[2:] for row in tab.locator("tbody tr").all()]
    outlines = [path.get_attribute("d") for path in tab.locator("path.seen").all()]
    return rows, tab.locator(".reading").text_content(), outlines


def drawn(growing, layers):
    """Read the same from the figure that the helper draws of some layers."""
    figure = growing.grow_field(layers, **WORDS)
    root = ElementTree.fromstring(figure._repr_html_().partition("<script")[0] + "</figure>")
    cells = [[cell.text for cell in row.findall("td")][2:] for row in root.iter("tr")][1:]
    return cells, figure.text, [path.get("d") for path in root.iter("path")]


def test_fields_and_jumps_are_those_of_the_accounting(growing, rng):
    """Layer after layer, as `dlcore.nn.accounting` looks through windows; 50 drawn stacks."""
    for _ in range(50):
        layers = rng.integers(1, 8, size=(rng.integers(0, 6), 2)).tolist()
        field = Field((1, 1), (1, 1))
        expected = [(1, 1)]
        for U, s in layers:
            field = field.seen_through((U, U), (s, s), (1, 1))
            expected.append((field.size[0], field.jump[0]))
        assert growing.fields(layers) == expected
        pixels = growing.seen(layers)[0]
        assert pixels[-1] - pixels[0] + 1 == expected[-1][0]


def test_a_field_without_words_is_refused(growing):
    """Words for a screen reader say what the picture shows."""
    with pytest.raises(ValueError, match="alt is empty"):
        growing.grow_field(alt="")


@pytest.mark.site
def test_without_a_script_the_field_is_there(browser, address, growing):
    """With JavaScript off: the picture, the table, the sentence, and no idle control."""
    with test_site.opened(browser, address, java_script_enabled=False) as tab:
        assert tab.locator("figure svg").is_visible()
        assert shown(tab) == drawn(growing, growing.LAYERS)
        assert tab.locator("figure select").count() == 0


@pytest.mark.site
def test_chosen_layers_are_drawn_as_the_helper_draws_them(browser, address, growing, rng):
    """Eight drawn choices for all layers: table, sentence and every cell."""
    with test_site.opened(browser, address) as tab:
        for _ in range(8):
            layers = []
            for n in range(1, 6):
                U, s = int(rng.choice(growing.WINDOWS)), int(rng.choice(growing.STRIDES))
                tab.get_by_label(f"window of layer {n}").select_option(str(U))
                tab.get_by_label(f"stride of layer {n}").select_option(str(s))
                layers.append((U, s))
            found, expected = shown(tab), drawn(growing, layers)
            assert found[:2] == expected[:2]
            assert [len(d.split("M")) for d in found[2]] == [len(d.split("M")) for d in expected[2]]
        assert not tab.complaints


@pytest.mark.site
def test_axe_finds_nothing_in_a_field(browser, address):
    """No rule of axe-core is broken, at rest or after a choice."""
    with test_site.opened(browser, address) as tab:
        for _ in range(2):
            assert violations(tab) == []
            tab.get_by_label("window of layer 1").select_option("7")
