"""A page with nothing but one widget on it, in the light."""

import pytest

from dlcore.course.exercises.topics import ROOT

WIDGETS = ROOT / "book" / "_static" / "widgets"
HEAD = '<!doctype html><html lang="en" data-theme="light"><title>{0}</title><meta charset="utf-8">'
PAGE = HEAD + "<style>{1}</style><main><h1>{0}</h1>{2}</main><script>{3}</script></html>"


def write_page(folder, title, figure, *names):
    """Write a page with a figure, the named scripts and their style sheets; return its address."""
    sheets = [WIDGETS.parent / "book.css", *(WIDGETS / f"{name}.css" for name in names)]
    scripts = [WIDGETS / f"{name}.js" for name in names]
    styles = "".join(path.read_text(encoding="utf-8") for path in sheets if path.exists())
    script = "".join(path.read_text(encoding="utf-8") for path in scripts)
    page = folder / "page.html"
    html = PAGE.format(title, styles, figure._repr_html_(), script)
    page.write_text(html, encoding="utf-8")
    return page.as_uri()


def violations(tab):
    """List the rules of axe-core that a page breaks as it stands, each with the element."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(tab, options={"resultTypes": ["violations"]}).response["violations"]
    return [(rule["id"], node["html"]) for rule in found for node in rule["nodes"]]
