"""The directive `formula`: an equation printed from the object that the tests evaluate.

    ```{formula} cross_entropy
    :check: test_the_program_says_what_the_page_says
    ```

On the page ``loss`` this prints ``dlcore.formulas.loss.cross_entropy``, labelled
``eq-loss-cross-entropy``; ``linear.scores`` names a formula of another topic, and
``quadratic.optim.slope`` one of another module of the topic ``optim``. The mark
beside the equation leads to the test that checks it, where a page shows it. A long one is set
smaller by ``:size: compact`` or ``:size: small``, and ``:broken:`` begins a line with every term
of a sum.
"""

import importlib
import re
from pathlib import Path
from types import MappingProxyType

from docutils import nodes
from docutils.parsers.rst import directives
from shown_tests import find_test, label, locate, sentence
from sphinx.directives.patches import MathDirective
from sphinx.util import logging
from sphinx.util.nodes import make_refnode

logger = logging.getLogger(__name__)
PARTS = re.compile(r"[({]|[)}]| \+ | = |[^({)} ]+| ")


def size(argument):
    """Read the option of a size: how much smaller than the text around it a formula is set."""
    return directives.choice(argument, ("compact", "small"))


def broken(latex):
    r"""Begin a line with every term of the sum that an equation ends in.

    >>> print(broken("y = (a + b) c + d"))
    \begin{aligned}y &= (a + b) c \\[0.5em] &\quad + d\end{aligned}
    """
    depth, found = 0, []
    signs = {" = ": " &= ", " + ": r" \\[0.5em] &\quad + "}
    for part in PARTS.findall(latex):
        depth += (part in "({") - (part in ")}")
        found.append(part if depth else signs.get(part, part))
    return rf"\begin{{aligned}}{''.join(found)}\end{{aligned}}"


class Mark(nodes.Inline, nodes.TextElement):
    """The place of a check mark until every page has been read."""


class Formula(MathDirective):
    """An equation that is not typed but printed."""

    has_content = False
    required_arguments, optional_arguments = 1, 0
    option_spec = MappingProxyType({"check": str.strip, "size": size, "broken": directives.flag})

    def run(self):
        topic, _, name = self.arguments[0].strip().rpartition(".")
        topic = topic or Path(self.env.docname).name
        latex = self.printed(topic, name)
        test = locate(self, self.options.get("check") or "")
        if latex is None or find_test(self, *test) is None:
            return []
        self.arguments = [broken(latex) if "broken" in self.options else latex]
        kind = ["formula", self.options.get("size", "")]
        self.options = {"label": f"eq-{topic.rpartition('.')[2]}-{name.replace('_', '-')}"}
        equation = super().run()
        for block in equation:
            block["printed"] = True
        aside = nodes.paragraph("", "", Mark(test=test), classes=["witness"])
        return [nodes.container("", *equation, aside, classes=[each for each in kind if each])]

    def printed(self, topic, name):
        """Return the formula in LaTeX, or warn that there is none of that name."""
        try:
            module = importlib.import_module(f"dlcore.formulas.{topic}")
            latex = importlib.import_module("dlcore.formulas.engine.latex").latex
            return latex(getattr(module, name))
        except (ImportError, AttributeError) as reason:
            where = self.get_location()
            logger.warning("no formula %s.%s: %s", topic, name, reason, location=where)
            return None


def resolve(app, doctree, docname):
    """Replace each mark by a link to its test; where no page shows it the mark stands alone."""
    shown = getattr(app.env, "claim_anchors", {})
    for place in list(doctree.findall(Mark)):
        topic, name = place["test"]
        anchor = label(topic, name)
        spoken = f"Checked: {sentence(name)}"
        sign = nodes.inline("", "✓")
        if anchor in shown:
            target = shown[anchor]
            sign = make_refnode(app.builder, docname, target, anchor, sign, spoken)
        place.replace_self(sign)


def setup(app):
    """Add the directive and resolve its marks once all marks of tests are known."""
    app.add_node(Mark)
    app.add_directive("formula", Formula)
    app.connect("doctree-resolved", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
