"""The directive `derivation`: lines that a machine has checked, while the book is built.

    ```{derivation} regret
    ```

On the page ``descent`` this checks and prints ``dlcore.formulas.descent.regret``, labelled
``der-descent-regret``; ``quadratic.descent.mean_square_next`` is in another module of the topic.
A line that does not follow is a warning that names it. With ``:planted: name`` one line is
changed, as the name decides, and all lines are numbered: the reader is to find the wrong one.
"""

import importlib
import re
from pathlib import Path
from types import MappingProxyType

from docutils import nodes
from formula import Mark, size
from shown_tests import find_test, locate
from sphinx.directives.patches import MathDirective
from sphinx.util import logging

CHECK = "derivation::test_every_line_follows_from_the_one_before"
# TeX counts the room below a line from the line: what hangs below a sum or a bar uses it up.
DEEP = re.compile(r"((?:\\sum_|\\max_|\}\{\\sqrt).*)\\\\\[[\d.]+em\]$", re.MULTILINE)
ROOM = r"\1\\\\[1.7em]"

logger = logging.getLogger(__name__)


class Derivation(MathDirective):
    """Lines that are not typed but printed, after each has been checked."""

    has_content = False
    required_arguments, optional_arguments = 1, 0
    option_spec = MappingProxyType({"check": str.strip, "planted": str.strip, "size": size})

    def run(self):
        topic, _, name = self.arguments[0].strip().rpartition(".")
        topic = topic or Path(self.env.docname).name
        test = locate(self, self.options.get("check") or CHECK)
        planted = self.options.get("planted")
        latex, narrow = self.printed(topic, name, planted)
        if latex is None or find_test(self, *test) is None:
            return []
        self.arguments = [latex]
        smaller = self.options.get("size")
        self.options = (
            {} if planted else {"label": f"der-{topic.rpartition('.')[2]}-{name.replace('_', '-')}"}
        )
        equation = super().run()
        for block in equation:
            block["printed"] = True
            block["narrow"] = narrow
        aside = nodes.paragraph("", "", Mark(test=test), classes=["witness"])
        kind = ["formula", "derivation", *([smaller] if smaller else [])]
        return [nodes.container("", *equation, *([] if planted else [aside]), classes=kind)]

    def printed(self, topic, name, planted):
        """Return checked lines in LaTeX, for wide and narrow pages, or warn of what is wrong."""
        where = self.get_location()
        try:
            module = importlib.import_module(f"dlcore.formulas.{topic}")
            lines = getattr(module, name)
            if planted:
                plant = importlib.import_module("dlcore.formulas.engine.planted_error").plant_error
                lines = plant(lines, planted)
            else:
                lines.check()
            numbered = bool(planted)
            return [
                DEEP.sub(ROOM, lines.latex(numbered=numbered, stacked=stacked))
                for stacked in (False, True)
            ]
        except (ImportError, AttributeError) as reason:
            logger.warning("no derivation %s.%s: %s", topic, name, reason, location=where)
        except ValueError as reason:
            logger.warning("%s", reason, location=where)
        return None, None


def setup(app):
    """Add the directive."""
    app.add_directive("derivation", Derivation)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
