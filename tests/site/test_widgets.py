"""The graph that is stepped through: whole as it opens, stepped by keys with a script."""

import importlib
import json
from xml.etree import ElementTree

import pytest

from tests.site import test_site
from tests.site.widget_pages import violations, write_page

browser = test_site.browser
GRAPH = {
    "nodes": [
        {"id": "x", "label": "x < 4", "inputs": []},
        {"id": "y", "label": "y = x x", "inputs": ["x", "x"]},
        {"id": "z", "label": "z = x + y", "inputs": ["x", "y"]},
    ],
    "steps": [
        {"node": "x", "text": "x is 3.", "marks": {"x": ["value 3"]}, "edges": []},
        {
            "node": "y",
            "text": "y is 9.",
            "marks": {"y": ["value 9", "</script> & more"]},
            "edges": [["x", "y"]],
        },
        {
            "node": "z",
            "text": "z < x is wrong.",
            "marks": {"x": ["used"], "z": ["value 12"]},
            "edges": [["x", "z"], ["y", "z"]],
        },
        {
            "node": "x",
            "text": "z passes 1 back to x.",
            "marks": {"x": ["used"]},
            "edges": [["x", "z"]],
            "backward": True,
            "share": "1",
        },
    ],
}


@pytest.fixture(scope="module")
def stepping():
    """The helper of the pages, which lives beside them."""
    return importlib.import_module("figures.stepping")


@pytest.fixture
def figure(stepping):
    """The graph above, as it stands on a page."""
    return stepping.steps(GRAPH, alt="Three boxes & two arrows.", caption="A graph.")


@pytest.fixture
def address(figure, tmp_path):
    """The address of a page with nothing but the graph, in the light."""
    return write_page(tmp_path, "A graph", figure, "controls", "graph-steps")


def shown(tab):
    """Read the picture as a reader sees it: the lines of every box."""
    boxes = tab.locator("figure [data-node]").all()
    return [[line for line in box.locator("text").all_text_contents() if line] for box in boxes]


WALK = [  # keys, and the step that each of them leads to
    *(("Home", 0), ("ArrowLeft", 0), ("ArrowRight", 1), ("ArrowDown", 2), ("ArrowUp", 1)),
    *(("End", 4), ("ArrowRight", 4), ("ArrowLeft", 3), ("Home", 0)),
]
FINAL = [["x < 4", "used"], ["y = x x", "value 9", "</script> & more"], ["z = x + y", "value 12"]]


def test_a_picture_is_whole_before_any_script(figure):
    """Every box holds its final lines, every input one arrow, every step one row of the table."""
    root = ElementTree.fromstring(figure._repr_html_().replace("<details open>", "<details>"))
    boxes = root.findall(".//*[@data-node]")
    assert [[text.text for text in box.iter("text") if text.text] for box in boxes] == FINAL
    arrows = [(edge.get("data-from"), edge.get("data-to")) for edge in root.iter("g")]
    assert [pair for pair in arrows if pair[1]] == [("x", "y"), ("x", "z"), ("y", "z")]
    rows = [row[1].text for row in root.find(".//tbody")]
    assert rows == [step["text"] for step in GRAPH["steps"]]


def test_the_data_of_a_figure_are_the_graph(figure):
    """The script reads what the page was given; no text of a step can end the data early."""
    _, _, rest = figure._repr_html_().partition('<script type="application/json">')
    assert json.loads(rest.partition("</script>")[0]) == GRAPH


def test_a_stepped_picture_without_words_is_refused(stepping):
    """Who cannot see it must be able to hear what it shows."""
    with pytest.raises(ValueError, match="alt is empty"):
        stepping.steps(GRAPH, alt="")


@pytest.mark.site
def test_without_a_script_the_picture_and_its_table_are_there(browser, address):
    """With JavaScript off: the final lines in every box, the table open, no idle button."""
    with test_site.opened(browser, address, java_script_enabled=False) as tab:
        assert tab.locator("figure svg").is_visible()
        assert tab.locator("figure td").last.is_visible()
        assert shown(tab) == FINAL
        assert tab.locator("figure button").count() == 0


@pytest.mark.site
def test_keys_walk_through_the_steps(browser, address):
    """Right and left go a step, End and Home go all the way; both ends hold."""
    told = enumerate((step["text"] for step in GRAPH["steps"]), 1)
    texts = ["4 steps.", *(f"Step {number} of 4: {text}" for number, text in told)]
    with test_site.opened(browser, address) as tab:
        tab.get_by_role("button", name="Next").focus()
        for key, at in WALK:
            tab.keyboard.press(key)
            assert tab.get_by_role("status").text_content().startswith(texts[at])


@pytest.mark.site
@pytest.mark.parametrize("medium", ["screen", "print"])
def test_the_picture_is_whole_as_it_opens(browser, address, medium):
    """Until a step is chosen every box holds its final lines, on paper too; no step is current."""
    with test_site.opened(browser, address) as tab:
        tab.emulate_media(media=medium)
        assert shown(tab) == FINAL
        assert tab.locator("figure .current, figure .waiting").count() == 0
        assert tab.get_by_role("button", name="Next").is_visible() == (medium == "screen")


@pytest.mark.site
def test_a_step_highlights_its_own_edges(browser, address):
    """No other edge than those that it names; backwards, with its share and the other head."""
    with test_site.opened(browser, address) as tab:
        for step in GRAPH["steps"]:
            tab.get_by_role("button", name="Next").click()
            edges = tab.locator("figure [data-to].current")
            pairs = edges.evaluate_all("all => all.map(g => [g.dataset.from, g.dataset.to])")
            assert pairs == step["edges"]
            shares = tab.locator("figure .share").all_text_contents()
            assert shares == [step["share"]] * len(pairs) if "share" in step else shares == []
            backward = step.get("backward", False)
            for edge in edges.all():
                assert edge.locator(".head.back").is_visible() == backward
                assert edge.locator(".head").first.is_visible() != backward
        assert not tab.complaints


@pytest.mark.site
def test_a_step_fills_what_is_known_by_then(browser, address):
    """After two steps the third box waits, the second is current, the first has its first line."""
    with test_site.opened(browser, address) as tab:
        for _ in range(2):
            tab.get_by_role("button", name="Next").click()
        assert shown(tab) == [["x < 4", "value 3"], FINAL[1], ["z = x + y"]]
        assert tab.locator(".current[data-node]").get_attribute("data-node") == "y"
        assert tab.locator(".waiting").get_attribute("data-node") == "z"
        tab.get_by_role("button", name="Last").click()
        assert shown(tab) == FINAL
        assert not tab.complaints


@pytest.mark.site
@pytest.mark.parametrize("steps", [0, 2])
def test_axe_finds_nothing_in_a_stepped_graph(browser, address, steps):
    """No rule of axe-core is broken, at rest or on the way."""
    with test_site.opened(browser, address) as tab:
        for _ in range(steps):
            tab.get_by_role("button", name="Next").click()
        assert violations(tab) == []
