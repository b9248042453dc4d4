"""Refuse a displayed equation that no machine has read.

Equations are printed by `formula` and `derivation`. What else is set on a line of its own is
a definition, a worked number, or a picture of notation, and says so:

    ```{math}
    :class: notation
    x = (1, 2)
    ```
"""

from docutils import nodes
from sphinx.util import logging

logger = logging.getLogger(__name__)


def judge(app, doctree):
    """Warn of every displayed equation that is neither printed nor marked."""
    for block in doctree.findall(nodes.math_block):
        if not block.get("printed") and "notation" not in block["classes"]:
            text = " ".join(block.astext().split())
            logger.warning(
                "displayed equation %s is not checked, print it with {formula} or {derivation}, "
                "or mark it with :class: notation",
                text[:60],
                location=block,
            )


def setup(app):
    """Judge every page as soon as it has been read."""
    app.connect("doctree-read", judge)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
