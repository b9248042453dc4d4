"""Print the built book as one PDF, with an outline, page numbers and links that work.

The articles of all pages are put into one document, in the order of the table of contents, and
the Chromium of the machine prints it. An anchor gets the name of its page, so that links between
pages become links inside the document. No script runs: widgets show their static pictures.
"""

import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
TARGET = SITE / "book.pdf"
PAGE = re.compile(r"^(?:root| *- file): *book/(\S+)", re.MULTILINE)
HEAD = re.compile(r"<head>(.*?)</head>", re.DOTALL)
STYLE = re.compile(r'<link[^>]*rel="(?:preload )?stylesheet"[^>]*>')
ARTICLE = re.compile(r'<article class="bd-article"[^>]*>(.*?)</article>', re.DOTALL)
TITLE = re.compile(r"<h1>(.*?)<a class=\"headerlink\"", re.DOTALL)
OWN_ANCHORS = (  # what names or points to an anchor of the same page
    (re.compile(r'\bid="([^"]+)"'), 'id="{}--{}"'),
    (re.compile(r'\bhref="#([^"]+)"'), 'href="#{}--{}"'),
    (re.compile(r"\burl\(#([^)]+)\)"), "url(#{}--{})"),
    (re.compile(r'\baria-labelledby="([^" ]+)"'), 'aria-labelledby="{}--{}"'),
)
OTHER = re.compile(r'\bhref="(?:\.\./)?(?:book/)?(\w+)\.html(?:#([^"]*))?"')
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SHEET = """
@page { size: A4; margin: 18mm 16mm 18mm; }
html { font-size: 10.5pt; scroll-padding: 0; }
body { background: white; padding: 0; }
section.page { break-before: page; }
.headerlink, .controls { display: none !important; }
details:is(.sd-dropdown, .proof-source):not([open]) { display: none !important; }
h1, h2, h3 { white-space: pre-wrap; } /* else the outline lacks spaces */
#page-api { font-size: 0.75em; }
#page-api :is(pre, table) { font-size: 1em; }
div.print-title { margin-top: 35vh; text-align: center; }
ol.print-contents { list-style: none; padding: 0; }
ol.print-contents li { display: flex; gap: 0.5em; }
ol.print-contents li::after { content: attr(data-page); margin-left: auto; }
"""
NOTE = (
    "<p>Pictures that have sliders and buttons on a screen are printed as they stand there when "
    "a page is opened. Answers, and the code of figures, are on the screen as well.</p>"
)
FOOT = (
    '<div style="width:100%; font-size:8pt; text-align:center; color:#555">'
    '<span class="pageNumber"></span></div>'
)


def pages():
    """List the pages of the book in the order of the table of contents."""
    return PAGE.findall((ROOT / "_toc.yml").read_text(encoding="utf-8"))


def with_own_anchors(html, page, known):
    """Name the anchors of a page after it, and turn links to known pages into anchors.

    Links to other pages of the site are left out.

    >>> with_own_anchors('<p id="a"><a href="#a"></a><a href="loss.html#b"></a>', "conv", {"loss"})
    '<p id="conv--a"><a href="#conv--a"></a><a href="#loss--b"></a>'
    """
    for pattern, form in OWN_ANCHORS:
        html = pattern.sub(lambda found, form=form: form.format(page, found[1]), html)

    def inside(found):
        if found[1] not in known:
            return ""  # a link to a page that is not printed would lead to a file of this machine
        return f'href="#{found[1]}--{found[2]}"' if found[2] else f'href="#page-{found[1]}"'

    return OTHER.sub(inside, html)


def document(site, names, title, numbers=None):
    """Put the articles of some pages into one document.

    `numbers` are those of the sheets on which they begin, for the contents.
    """
    texts = {name: (site / "book" / f"{name}.html").read_text(encoding="utf-8") for name in names}
    articles = {name: ARTICLE.search(text)[1] for name, text in texts.items()}
    styles = "".join(STYLE.findall(HEAD.search(texts[names[0]])[1]))
    numbered = zip(articles.items(), numbers or [""] * len(names), strict=True)
    entries = "".join(
        f'<li data-page="{number}"><a href="#page-{name}">{TITLE.search(article)[1]}</a></li>'
        for (name, article), number in numbered
    )
    sections = "".join(
        f'<section class="page" id="page-{name}">'
        f"{with_own_anchors(article, name, articles)}</section>"
        for name, article in articles.items()
    )
    return (
        f'<!doctype html><html lang="en" data-theme="light" data-mode="light"><head>'
        f'<meta charset="utf-8"><title>{title}</title>{styles}<style>{SHEET}</style></head>'
        f'<body><article class="bd-article"><div class="print-title"><p style="font-size:2.4rem">'
        f'{title}</p></div><section class="page"><h1>Contents</h1>'
        f'<ol class="print-contents">{entries}</ol>{NOTE}</section>{sections}'
        "</article></body></html>"
    )


def first_sheets(path):
    """List the numbers of the sheets on which the chapters begin, the contents left out."""
    from pypdf import PdfReader  # noqa: PLC0415 (the functions above need neither of them)

    reader = PdfReader(path)
    chapters = [entry for entry in reader.outline if not isinstance(entry, list)]
    return [1 + reader.get_destination_page_number(chapter) for chapter in chapters[1:]]


def print_book(site=SITE, target=TARGET, names=None, title="Deep Learning, Checked"):
    """Print some pages of the built book, all of them unless they are named.

    This is done twice: the contents need the numbers of the sheets, which the first time tells.
    """
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise SystemExit(f"print_pdf: no browser, install one of {', '.join(BROWSERS)}")
    names = names or pages()
    together = site / "book" / "_print.html"  # beside the pages, whose links to files it keeps
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
            numbers = None
            for _ in range(2):
                together.write_text(document(site, names, title, numbers), encoding="utf-8")
                print_page(browser, together.as_uri(), target)
                numbers = first_sheets(target)
            browser.close()
    finally:
        together.unlink(missing_ok=True)
    return target


def print_page(browser, address, target):
    """Print a page without its scripts, with an outline and the numbers of the sheets."""
    tab = browser.new_context(java_script_enabled=False).new_page()
    tab.set_default_timeout(600_000)
    tab.goto(address, wait_until="load")
    tab.pdf(
        path=target, outline=True, tagged=True, prefer_css_page_size=True,
        display_header_footer=True, header_template="<span></span>", footer_template=FOOT,
    )  # fmt: skip
    tab.close()


if __name__ == "__main__":
    if missing := [name for name in pages() if not (SITE / "book" / f"{name}.html").exists()]:
        sys.exit(f"print_pdf: {missing[0]} is not built, run `make book` first")
    print(f"The book is printed: {print_book()}")
