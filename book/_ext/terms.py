"""Index every term of the glossary where a page introduces it, and first where it is defined.

A glossary entry names the page that defines its term by its first ``{doc}``. Where a page has a
term in bold or italics for the first time, the index gets an entry; that of the defining page
is the main one, which the search of the book lists first.
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

ENTRY = re.compile(r"^(?!\s|`)(?P<term>\S.*)\n(?P<text>(?:  +\S.*\n)+)", re.MULTILINE)
PAGE = re.compile(r"\{doc\}`(?:[^`<]*<)?(\w+)>?`")
GLOSSARY = "glossary"

logger = logging.getLogger(__name__)


def glossary(root):
    """Return {term: page that defines it} of the book whose sources are under `root`."""
    path = Path(root) / "book" / f"{GLOSSARY}.md"
    if not path.exists():
        return {}
    _, _, text = path.read_text(encoding="utf-8").partition("{glossary}")
    found = {entry["term"]: PAGE.search(entry["text"]) for entry in ENTRY.finditer(text)}
    return {term: page[1] if page else "" for term, page in found.items()}


def forms(term):
    """List the ways in which a page may write a term, in small letters.

    >>> sorted(forms("feature map"))
    ['feature map', 'feature maps']
    """
    small = term.lower()
    plural = small + ("es" if small.endswith(("s", "x")) else "s")
    return {small, plural} | ({small[:-1]} if small.endswith("s") else set())


def spoken(text):
    """Return words as the glossary has them: small letters, straight apostrophes, no full stop.

    >>> spoken("Jensen’s inequality.")
    "jensen's inequality"
    """
    return " ".join(text.lower().replace("’", "'").rstrip(".").split())


def slug(term):
    """Turn a term into the anchor of its index entry.

    >>> slug("KL divergence")
    'index-kl-divergence'
    """
    return "index-" + "-".join(re.findall(r"\w+", term.lower()))


class IndexTerms(SphinxTransform):
    """Add the entries to the index while a page is read."""

    default_priority = 500  # after the page is parsed, before its index is collected

    def apply(self, **kwargs):
        page = self.env.docname.rpartition("/")[2]
        defining = glossary(self.env.srcdir)
        if page == GLOSSARY:
            for node in self.document.findall(addnodes.index):
                node["entries"] = [(*each[:3], "", *each[4:]) for each in node["entries"]]
            return
        names = {form: term for term in defining for form in forms(term)}
        names |= {term.lower(): term for term in defining}  # "groups" is not a form of "group"
        for node in list(self.document.findall(is_marked)):
            term = names.pop(spoken(node.astext()), None)
            if term:
                self.enter(node, term, "main" if defining[term] == page else "")
                names = {form: each for form, each in names.items() if each != term}

    def enter(self, node, term, main):
        """Put an entry of the index before a word."""
        anchor = slug(term)
        entry = addnodes.index(entries=[("single", term, anchor, main, None)])
        target = nodes.target("", "", ids=[anchor])
        place = node.parent.index(node)
        node.parent.insert(place, [entry, target])


def is_marked(node):
    """Tell whether a node is text in bold or italics, outside of titles."""
    marked = isinstance(node, nodes.strong | nodes.emphasis)
    return marked and not isinstance(node.parent, nodes.title)


def check(app, env):
    """Warn of terms that are not introduced on the page that the glossary names."""
    known = env.get_domain("index").entries
    main = {
        (entry[1], page.rpartition("/")[2])
        for page, entries in known.items()
        for entry in entries
        if entry[3]
    }
    for term, page in glossary(app.srcdir).items():
        if (term, page) not in main:
            message = "glossary: %s is not in bold or italics on the page %r"
            logger.warning(message, term, page, location=f"book/{GLOSSARY}")


def setup(app):
    """Add the transform, and the check once all pages are read."""
    app.add_transform(IndexTerms)
    app.connect("env-updated", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
