"""The printed book: one document, whose links and outline lead to its own pages."""

import re
import shutil
from html.parser import HTMLParser

import pytest

from tests.site import test_site
from tests.site.extensions import load_program

built = test_site.built
NAMES = ["loss", "glossary"]


@pytest.fixture(scope="module")
def printing():
    """The program that prints, which lies beside the pages."""
    return load_program("print_pdf")


class Anchors(HTMLParser):
    """The anchors of a document and the links to them."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.ids |= {values["id"]} if values.get("id") else set()
        if (values.get("href") or "").startswith("#"):
            self.links.add(values["href"][1:])


def test_the_pages_are_printed_in_their_order(printing):
    """All pages of the table of contents, the first page first."""
    assert [f"book/{name}" for name in printing.pages()] == test_site.PAGES


def test_anchors_of_two_pages_do_not_meet(printing):
    """The same anchor on two pages becomes two; a link to an unprinted page is left out."""
    text = (
        '<p id="a" class="id"><a href="#a"></a><a href="conv.html"></a><a href="pool.html#b"></a>'
        '<a href="../genindex.html"></a>'
    )
    printed = printing.with_own_anchors(text, "loss", {"loss", "conv"})
    assert 'id="loss--a"' in printed
    assert 'href="#loss--a"' in printed
    assert 'href="#page-conv"' in printed
    assert "pool" not in printed
    assert "genindex" not in printed


@pytest.mark.site
def test_every_link_of_the_document_has_its_anchor(printing, built):
    """No link inside the document that is printed leads nowhere."""
    found = Anchors(printing.document(test_site.SITE, printing.pages(), "The book"))
    assert sorted(link for link in found.links - found.ids if link) == []


@pytest.mark.site
def test_the_printed_book_has_an_outline_links_and_page_numbers(printing, built, tmp_path):
    """Of two pages: a title of the outline for each section, and links to places inside."""
    path = printing.print_book(target=tmp_path / "book.pdf", names=NAMES)
    data = path.read_bytes()
    sections = sum(
        len(re.findall(r"<h[12]>.*headerlink", (test_site.SITE / f"book/{name}.html").read_text()))
        for name in NAMES
    )
    assert data.startswith(b"%PDF")
    assert len(re.findall(rb"/Title\s*[(<]", data)) >= sections
    assert len(re.findall(rb"/Dest\b", data)) > 50
    assert not re.search(rb"/URI\s*\(file:", data)


@pytest.mark.site
def test_the_contents_name_the_sheets_and_none_is_empty(printing, built, tmp_path):
    """Each chapter begins on the sheet that stands behind its title, and every sheet has text."""
    pypdf = pytest.importorskip("pypdf", reason="install the extra `test`")
    path = printing.print_book(target=tmp_path / "book.pdf", names=[*NAMES, "forward"])
    sheets = [sheet.extract_text() for sheet in pypdf.PdfReader(path).pages]
    assert min(len(text) for text in sheets[1:]) > len("100")
    entries = re.findall(r"^(.+) (\d+)$", sheets[1], re.MULTILINE)
    assert len(entries) == len(NAMES) + 1
    for title, number in entries:
        assert sheets[int(number) - 1].lstrip().startswith(title)


LONG = "Of networks whose titles are so long that they go on in the next line of a printed page"


@pytest.mark.site
def test_a_title_of_two_lines_keeps_its_spaces_in_the_outline(printing, tmp_path):
    """Where a line of a heading ends, the outline has a space."""
    pytest.importorskip("playwright.sync_api", reason="install the extra `test`")
    if not any(map(shutil.which, printing.BROWSERS)):
        pytest.skip("no browser")
    (tmp_path / "book").mkdir()
    (tmp_path / "book/long.html").write_text(
        '<head></head><article class="bd-article" role="main">'
        f'<h1>{LONG}<a class="headerlink" href="#long">#</a></h1></article>'
    )
    path = printing.print_book(tmp_path, tmp_path / "book.pdf", names=["long"])
    assert LONG.encode() in path.read_bytes()
