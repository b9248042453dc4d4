"""Two programs line by line: whole without a script, walked by keys where there is one."""

import importlib
from xml.etree import ElementTree

import pytest

from tests.site import test_site
from tests.site.widget_pages import violations, write_page

browser = test_site.browser
DATA = {
    "heads": ("here", "there & everywhere"),
    "programs": {
        "first": [
            {"here": "x = 1 < 2", "there": "x = True", "note": "One & the same."},
            {"here": "y = f(x)", "there": "y = g(x)", "note": "Both hold 3."},
            {"here": "z = y", "there": "z = y.T", "note": "Both hold 4."},
        ],
        "second": [
            {"here": "a", "there": "b", "note": "Another program."},
            {"here": "c", "there": "d", "note": "Its end."},
        ],
    },
}


@pytest.fixture(scope="module")
def pairing():
    """The helper of the pages, which lives beside them."""
    return importlib.import_module("figures.pairing")


@pytest.fixture
def figure(pairing):
    """The programs above, as they stand on a page."""
    return pairing.line_by_line(DATA, label="Programs", caption="Two programs.")


@pytest.fixture
def address(figure, tmp_path):
    """The address of a page with nothing but the figure, in the light."""
    return write_page(tmp_path, "Lines", figure, "controls", "line-pairs")


def test_all_lines_are_there_before_any_script(figure):
    """Each line of each program with its counterpart and its note, in order."""
    root = ElementTree.fromstring(figure._repr_html_())
    found = {
        section.get("data-program"): [
            {"here": codes[0].text, "there": codes[1].text, "note": line.find("p").text}
            for line in section.iter("li")
            for codes in [line.findall("div/code")]
        ]
        for section in root.iter("section")
    }
    assert found == DATA["programs"]


def test_programs_without_a_name_are_refused(pairing):
    """A screen reader says what is compared."""
    with pytest.raises(ValueError, match="label is empty"):
        pairing.line_by_line(DATA, label="")


def test_what_both_sides_hold_is_the_record():
    """A shape, a first number, and a difference; nothing where nothing is compared."""
    data = importlib.import_module("figures.pair_data")
    assert data.held({}) == ""
    assert data.held({"shape": [2, 3], "first": -0.5, "apart": 0.0}).startswith("Both hold (2, 3)")
    record = importlib.import_module("dlcore.experiments.experiment").record("pytorch-parity")
    for name, rows in data.training_steps()["programs"].items():
        for row, value in zip(rows, record["history"]["lines"][name], strict=True):
            assert row["note"].endswith(data.held(value))


@pytest.mark.site
def test_without_a_script_every_note_is_visible(browser, address):
    """With JavaScript off: all programs, all notes, no idle button."""
    with test_site.opened(browser, address, java_script_enabled=False) as tab:
        for note in tab.locator("figure .note").all():
            assert note.is_visible()
        assert tab.locator("figure button").count() == 0


WALK = [  # keys, and the line that each of them leads to
    *(("Home", 0), ("ArrowLeft", 0), ("ArrowRight", 1), ("ArrowDown", 2), ("ArrowUp", 1)),
    *(("End", 2), ("ArrowRight", 2), ("ArrowLeft", 1), ("Home", 0)),
]


@pytest.mark.site
def test_keys_walk_through_the_lines(browser, address):
    """Right and left go a line, End and Home go all the way; both ends hold."""
    rows = DATA["programs"]["first"]
    with test_site.opened(browser, address) as tab:
        tab.get_by_role("button", name="Next").focus()
        for key, at in WALK:
            tab.keyboard.press(key)
            told = f"Line {at + 1} of 3: {rows[at]['note']}"
            assert tab.get_by_role("status").text_content() == told
            assert tab.locator("li.current code").first.text_content() == rows[at]["here"]


@pytest.mark.site
def test_another_program_begins_at_its_first_line(browser, address):
    """Its button is pressed, the other program is hidden; a click chooses a line."""
    with test_site.opened(browser, address) as tab:
        tab.get_by_role("button", name="Last").click()
        tab.get_by_role("button", name="second").click()
        assert tab.get_by_role("status").text_content() == "Line 1 of 2: Another program."
        assert tab.locator("section:visible").get_attribute("data-program") == "second"
        tab.locator("section:visible li").nth(1).click()
        assert tab.get_by_role("status").text_content() == "Line 2 of 2: Its end."
        assert not tab.complaints


@pytest.mark.site
def test_axe_finds_nothing_in_paired_lines(browser, address):
    """No rule of axe-core is broken."""
    with test_site.opened(browser, address) as tab:
        assert violations(tab) == []
