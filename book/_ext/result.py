"""The role `result`: a figure of the text, read from the file in which it was measured.

``{result}`twolayer:test_accuracy:.3f` `` reads ``book/results/twolayer.json``.
"""

import json
import re
from pathlib import Path

from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

logger = logging.getLogger(__name__)


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
            text = re.sub(r"^-(?=\d)", "−", text)
        except (OSError, KeyError, ValueError) as reason:
            logger.warning("no result %s: %r", self.text, reason, location=self.get_location())
            return [nodes.Text("?")], []
        return [nodes.abbreviation("", text, explanation=record["command"], classes=["result"])], []


def setup(app):
    """Add the role."""
    app.add_role("result", Result())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
