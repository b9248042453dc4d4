"""The built book, opened in a browser: nothing leaves it, nothing is missing, all can be read.

The tests look at `_build/html`, which `make book` writes, with the Chromium of the machine.
"""

import re
import shutil
import threading
from contextlib import contextmanager
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.catalogue import sampled
from tests.site.lighter_page import lightened

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
PAGES = re.findall(r"^(?:root| *- file): *(\S+)", (ROOT / "_toc.yml").read_text(), re.MULTILINE)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FOREIGN = re.compile(r"""(?:src=["']|<link[^>]*href=["']|url\(["']?|@import ["'])(?:https?:)?//""")

# A dollar before a space is the prompt of a shell.
MATHEMATICS = re.compile(r"\$(?! )|\{(?:formula|derivation|math)\}")

# What axe finds in parts that are not ours, in every book that uses them: rule, and whose part.
THEIRS = {
    "region": "sidebar-primary-item",  # the theme keeps its logo outside of any landmark
    "label-content-name-mismatch": "search-button",  # the theme shows the shortcut in the button
    "aria-allowed-role": "doc-biblioentry",  # docutils: a role that the standard has retired
    "aria-deprecated-role": "doc-biblioentry",
    "aria-required-children": "citation-list",
}

# The picture of a formula, hidden from readers who are read to; its MathML is what they hear.
UNREAD = {"exclude": [[".katex-html"]]}

pytestmark = pytest.mark.site


class Anatomy(HTMLParser):
    """The anchors of a page, what it points to, and the pictures without words."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.targets, self.silent = set(), [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids |= {attributes[key] for key in ("id", "name") if attributes.get(key)}
        self.targets += [attributes[key] for key in ("href", "src") if attributes.get(key)]
        if tag == "img" and not attributes.get("alt"):
            self.silent.append(attributes.get("src"))
        named = {"aria-label", "aria-labelledby"} & attributes.keys()
        if tag == "svg" and attributes.get("role") == "img" and not named:
            self.silent.append("svg")


@pytest.fixture(scope="module")
def built():
    """The built book: the path of every page, whatever wrote it."""
    missing = [name for name in PAGES if not (SITE / f"{name}.html").exists()]
    if missing:
        pytest.skip(f"the book is not built, run `make book` ({missing[0]} is missing)")
    return [path for path in SITE.rglob("*.html") if "_static" not in path.parts]


@pytest.fixture(scope="module")
def pages(built):
    """Every page of the built book, taken apart."""
    return {path: Anatomy(path) for path in built}


@pytest.fixture(scope="module")
def host(built):
    """Serve the built book on this machine."""
    handler = partial(Quiet, directory=SITE)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    """A server that does not speak while it serves."""

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def browser():
    """Start the machine's Chromium, or say what to install."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"no browser: install one of {', '.join(BROWSERS)}")
    playwright = pytest.importorskip("playwright.sync_api", reason="install the extra `test`")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


@contextmanager
def opened(browser, address, **options):
    """Open a page in a fresh context; everything it asks for and says is on record."""
    with browser.new_context(reduced_motion="reduce", **options) as context:
        tab = context.new_page()
        tab.requests, tab.complaints = [], []
        tab.on("request", lambda request: tab.requests.append(request.url))
        tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
        tab.on("console", lambda said: said.type == "error" and tab.complaints.append(said.text))
        tab.goto(address, wait_until="load")
        tab.wait_for_timeout(200)  # milliseconds, for scripts that run after loading
        yield tab


@pytest.fixture(scope="module", params=sampled(PAGES, 4))
def address(request, host):
    """The address of each page of the table of contents."""
    return f"{host}/{request.param}.html"


@pytest.fixture(scope="module")
def tab(browser, address):
    """Each page, open."""
    with opened(browser, address) as tab:
        yield tab


def test_no_file_names_a_foreign_host(built):
    """Scripts, styles, fonts and pictures are all inside the folder."""
    files = [*built, *SITE.rglob("*.css")]
    found = [path for path in files if FOREIGN.search(path.read_text(encoding="utf-8"))]
    assert not found


def test_every_link_leads_somewhere(pages):
    """Each link to a page of the book names a file, and each anchor an element of it."""
    broken = [
        f"{path.relative_to(SITE)}: {link}"
        for path, page in pages.items()
        for link in page.targets
        if not leads_somewhere(pages, path, link)
    ]
    assert not broken


def leads_somewhere(pages, path, link):
    """Follow a link inside the book; what leads out of it is left alone."""
    part = urlsplit(link)
    if part.scheme or part.netloc:
        return True
    place = (path.parent / unquote(part.path)).resolve() if part.path else path
    anchors = pages[place].ids | {"", "top"} if place in pages else {part.fragment}
    return place.is_file() and unquote(part.fragment) in anchors


def test_every_picture_can_be_read_aloud(pages):
    """Images have a text, drawings a title."""
    silent = {str(path): page.silent for path, page in pages.items() if page.silent}
    assert not silent


def test_nothing_is_asked_of_another_host(tab, host):
    """A page loads from where it lies and nowhere else, and reports no error."""
    foreign = [url for url in tab.requests if not url.startswith((host, "data:", "blob:"))]
    assert not foreign
    assert not tab.complaints


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_reader_can_read_it(tab, scheme):
    """No rule of axe-core is broken in the light, nor the contrast of colours in the dark."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    tab.emulate_media(color_scheme=scheme)
    tab.wait_for_selector(f"html[data-theme={scheme}]")
    rules = {"runOnly": ["color-contrast"]} if scheme == "dark" else {}
    only = {"resultTypes": ["violations"], **rules}
    with lightened(tab):
        violations = axe.run(tab, UNREAD, only).response["violations"]
    found = [(rule["id"], node["html"]) for rule in violations for node in rule["nodes"]]
    assert not [(rule, html) for rule, html in found if THEIRS.get(rule, "\0") not in html]


SIDEWAYS = "all => all.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"


@pytest.mark.parametrize("width", [1280, 390])
def test_formulas_fit_the_page(tab, width):
    """No displayed formula is cut off at its right end, on a desktop or on a telephone."""
    tab.set_viewport_size({"width": width, "height": 900})
    tab.wait_for_timeout(100)  # milliseconds, for the script that sets wide ones smaller
    found = tab.locator(".bd-article .katex-display").evaluate_all(SIDEWAYS)
    tab.set_viewport_size({"width": 1280, "height": 720})
    assert found == []


@pytest.mark.parametrize("width", [1280, 390])
def test_no_code_scrolls_sideways(tab, width):
    """Lines that are too long go on below, on a desktop and on a telephone."""
    tab.set_viewport_size({"width": width, "height": 900})
    found = tab.locator(".bd-article pre").evaluate_all(SIDEWAYS)
    tab.set_viewport_size({"width": 1280, "height": 720})
    assert found == []


WIDER = """all => all.filter(e => e.scrollWidth > 1 +
    (e.closest('.pst-scrollable-table-container') || e.parentElement).clientWidth)
    .map(e => e.textContent)"""


@pytest.mark.parametrize("width", [1280, 390])
def test_no_table_scrolls_sideways(tab, width):
    """Cells that are too long go on below, on a desktop and on a telephone."""
    tab.set_viewport_size({"width": width, "height": 900})
    found = tab.locator(".bd-article table").evaluate_all(WIDER)
    tab.set_viewport_size({"width": 1280, "height": 720})
    assert found == []


@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_scrolls_sideways(tab, width):
    """Whatever is on it, the page itself is no wider than the window."""
    tab.set_viewport_size({"width": width, "height": 900})
    reached = tab.evaluate("document.scrollingElement.scrollWidth")
    tab.set_viewport_size({"width": 1280, "height": 720})
    assert reached <= width


SQUEEZED = """all => all.filter(e => /[a-z]{7}/i.test(e.textContent) && e.clientWidth > 0
    && e.clientWidth < 40).map(e => e.textContent)"""


def test_no_column_is_too_narrow_to_read(tab):
    """On a telephone a cell with a word of seven letters is at least 40 pixels wide."""
    tab.set_viewport_size({"width": 390, "height": 900})
    found = tab.locator(".bd-article td").evaluate_all(SQUEEZED)
    tab.set_viewport_size({"width": 1280, "height": 720})
    assert found == []


def test_reasons_of_derivations_stay_on_a_narrow_page(tab):
    """Below 600 pixels each derivation shows the form that has its reasons below its lines."""
    shown = "all => all.filter(e => e.getBoundingClientRect().width > 0).length"
    derivations = tab.locator(".formula.derivation")
    for width, form in ((1280, ".wide"), (390, ".narrow")):
        tab.set_viewport_size({"width": width, "height": 900})
        assert derivations.locator(form).evaluate_all(shown) == derivations.count()
    tab.set_viewport_size({"width": 1280, "height": 720})


def test_the_index_is_not_empty(built):
    """Every term of the glossary is in it."""
    text = (SITE / "genindex.html").read_text(encoding="utf-8").replace("’", "'")
    assert [term for term in glossary() if term not in text] == []


def glossary():
    """Return {term: page that defines it}, as the extension of the book reads it."""
    source = (ROOT / "book" / "glossary.md").read_text(encoding="utf-8")
    entries = re.findall(r"^(?![\s`(#])(\S.*)\n((?:  .*\n)+)", source, re.MULTILINE)
    pages = [(term, re.search(r"\{doc\}`(\w+)`", text)) for term, text in entries]
    return {term: page[1] for term, page in pages if page}


FOUND = "document.querySelectorAll('#search-results ul.search li > a').length"
SEARCH = """term => {
    document.getElementById('search-results').replaceChildren();
    Search.performSearch(term);
}"""
TERMS = sorted(glossary())[::4]  # more than twenty


def first_found(tab):
    """Return the address of the first page that a search lists."""
    tab.wait_for_function(f"{FOUND} > 0")
    return tab.locator("#search-results ul.search li > a").first.get_attribute("href")


def test_search_lists_the_page_that_defines_a_term_first(browser, host):
    """For more than twenty terms of the glossary, spread over the alphabet."""
    assert len(TERMS) > 20
    pages = {term: f"book/{name}.html" for term, name in glossary().items()}
    with opened(browser, f"{host}/search.html?q={TERMS[0]}") as tab:
        assert pages[TERMS[0]] in first_found(tab), TERMS[0]
        tab.route("**/book/*.html", lambda route: route.abort())  # summaries: each is a whole page
        for term in TERMS[1:]:
            tab.evaluate(SEARCH, term)
            assert pages[term] in first_found(tab), term


WIDTHS = """all => all.filter(e => !e.closest('details:not([open])'))
    .map(e => e.getBoundingClientRect().width)"""


def test_formulas_appear_without_javascript(browser, address):
    """Every formula has been set: it has MathML and, unless folded, takes up room on the page."""
    with opened(browser, address, java_script_enabled=False) as tab:
        formulas = tab.locator(".bd-article .math")
        source = (ROOT / address.split("/", 3)[3]).with_suffix(".md").read_text(encoding="utf-8")
        assert formulas.count() > 0 or not MATHEMATICS.search(source)
        assert tab.locator(".bd-article .math:not(:has(math))").count() == 0
        assert all(width > 0 for width in formulas.evaluate_all(WIDTHS))


def test_pages_have_colours_without_javascript(browser, host):
    """Where no script chooses a theme, its variables are those of the light one."""
    muted = "getComputedStyle(document.documentElement).getPropertyValue('--pst-color-text-muted')"
    with opened(browser, f"{host}/{PAGES[0]}.html", java_script_enabled=False) as tab:
        assert tab.evaluate(muted).strip()


def test_drawings_wear_the_theme_of_the_reader(browser, host):
    """In the dark, text is light, and so are the axes of the drawings."""
    with opened(browser, f"{host}/{PAGES[0]}.html", color_scheme="dark") as tab:
        colour = tab.locator("figure.drawn svg").first.evaluate("e => getComputedStyle(e).color")
        assert min(map(int, re.findall(r"\d+", colour)[:3])) > 150  # of 255
