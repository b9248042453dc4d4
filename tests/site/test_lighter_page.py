"""A page made lighter for axe breaks the rules that it breaks as a whole, and is whole again."""

import pytest

from tests.site import test_site
from tests.site.lighter_page import SOME, lightened

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
  <details><summary>Folded</summary><pre>FAINT</pre></details>
  <pre><span class="plain">plain</span> <span class="faint">=</span> FAINT
<span class="dark"><span class="plain">plain</span></span></pre>
  <span class="katex-display"><span class="katex"><math><mi>x</mi></math>
    <span class="katex-html" aria-hidden="true" style="color: #eee"><span>x</span></span>
  </span></span>
</main></html>""".replace(
    "FAINT", " ".join(f'<span class="faint">faint {n}</span>' for n in range(9))
)


@pytest.fixture
def tab(browser, tmp_path):
    """A page with faint tokens, folded and seen, dark ones on a dark ground, and a wide formula."""
    (tmp_path / "page.html").write_text(PAGE, encoding="utf-8")
    with test_site.opened(browser, (tmp_path / "page.html").as_uri()) as tab:
        yield tab


def broken(tab):
    """List the rules that axe finds broken, each with the text of its element."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(tab, test_site.UNREAD, {"resultTypes": ["violations"]}).response["violations"]
    nodes = [(rule["id"], node["html"]) for rule in found for node in rule["nodes"]]
    return [(name, html.partition(">")[2].partition("<")[0]) for name, html in nodes]


def test_a_lighter_page_breaks_the_same_rules(tab):
    """Some of the faint tokens are named, and the colours on another ground are judged again."""
    faint = [("color-contrast", f"faint {n}") for n in range(9)]
    dark = ("color-contrast", "plain")
    assert broken(tab) == [*faint, dark]
    with lightened(tab):
        assert broken(tab) == [*faint[:SOME], dark]


def test_a_lighter_formula_is_as_wide(tab):
    """What scrolls sideways does so without its picture, too."""
    width = lambda: tab.locator(".katex-display").evaluate("e => e.scrollWidth")
    before = width()
    with lightened(tab):
        assert width() == before > 100


def test_a_page_that_was_lighter_is_whole_again(tab):
    """Every element has its parts and its style."""
    before = tab.content()
    with lightened(tab):
        assert tab.content() != before
    assert tab.content() == before
