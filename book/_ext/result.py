"""The role `result`: a figure of the text, read from the file in which it was measured.

``{result}`twolayer:test_accuracy:.3f` `` reads ``book/results/twolayer.json``. What the format
writes with an exponent is set as a power of ten.
"""

import json
import re
from pathlib import Path

from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

EXPONENT = re.compile(r"(−?\d[\d.]*)e\+?(-?)0*(\d+)")

logger = logging.getLogger(__name__)


def typeset(text):
    r"""Return a number as document nodes, with the signs of a formula.

    >>> "".join(node.astext() for node in typeset("-4.5e-08"))
    '−4.5\xa0·\xa010−8'
    """
    text = re.sub(r"^-(?=\d)", "−", text)
    if (found := EXPONENT.fullmatch(text)) is None:
        return [nodes.Text(text)]
    mantissa, minus, power = found.groups()
    exponent = f"{minus.replace('-', '−')}{power}"
    return [nodes.Text(f"{mantissa}\xa0·\xa010"), nodes.superscript("", exponent)]


class Result(SphinxRole):
    """A measured number, with the command that measures it again."""

    def run(self):
        name, key, style = (self.text.strip() + "::").split(":")[:3]
        path = Path(self.env.srcdir) / "book" / "results" / f"{name}.json"
        self.env.note_dependency(str(path))
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            values = record["values"]
            text = format(values[key] if key in values else record[key], style)
        except (OSError, KeyError, ValueError) as reason:
            logger.warning("no result %s: %r", self.text, reason, location=self.get_location())
            return [nodes.Text("?")], []
        told = {"explanation": record["command"], "classes": ["result"]}
        return [nodes.abbreviation("", "", *typeset(text), **told)], []


def setup(app):
    """Add the role."""
    app.add_role("result", Result())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
