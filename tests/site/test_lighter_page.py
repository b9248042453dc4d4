"""A page made lighter for axe breaks the rules that it breaks as a whole, and is whole again."""

import pytest

from tests.site import test_site
from tests.site.lighter_page import lightened

browser = test_site.browser
pytestmark = pytest.mark.site

PAGE = """<!doctype html><html lang="en"><title>A page</title>
<style>
  body { background: white }
  .faint { color: #ddd }
  .plain, .dark { color: #222 }
  .dark { background: #111 }
  .katex-display { display: block; width: 100px; overflow-x: auto }
  .katex-html { display: block; width: 400px }
</style>
<main>
  <h1>A page</h1>
  <pre><span class="plain">a</span> <span class="faint">b</span> <span class="faint">c</span>
<span class="dark"><span class="plain">d</span></span> <span class="plain">e</span></pre>
  <span class="katex-display"><span class="katex"><math><mi>x</mi></math>
    <span class="katex-html" aria-hidden="true" style="color: #eee"><span>x</span></span>
  </span></span>
</main></html>"""


@pytest.fixture
def tab(browser, tmp_path):
    """A page with two faint tokens, a dark one on a dark ground, and a formula that scrolls."""
    (tmp_path / "page.html").write_text(PAGE, encoding="utf-8")
    with test_site.opened(browser, (tmp_path / "page.html").as_uri()) as tab:
        yield tab


def broken(tab):
    """List the rules that axe finds broken, each with the text of its element."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(tab, test_site.UNREAD, {"resultTypes": ["violations"]}).response["violations"]
    return [(rule["id"], node["html"][-8:-7]) for rule in found for node in rule["nodes"]]


def test_a_lighter_page_breaks_the_same_rules(tab):
    """Of two faint tokens the first is named; colours on another ground are judged again."""
    scrolls = [rule for rule in broken(tab) if rule[0] != "color-contrast"]
    assert [rule for rule, _ in scrolls] == ["scrollable-region-focusable"]
    contrast = [("color-contrast", letter) for letter in "bcd"]
    assert broken(tab) == [*contrast, *scrolls]
    with lightened(tab):
        assert broken(tab) == [contrast[0], contrast[2], *scrolls]


def test_a_page_that_was_lighter_is_whole_again(tab):
    """Every element has its parts and its style."""
    before = tab.content()
    with lightened(tab):
        assert tab.content() != before
    assert tab.content() == before
