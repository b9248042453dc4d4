"""Set a docstring as a page would: sentences run on, formulas and examples keep their lines."""

import re
import textwrap

from docutils import nodes

ALIGNED = re.compile(r"\S {2,}\S|^\s*[=-]{3}", re.MULTILINE)
CITATION = re.compile(r"\[(\w+)\]_")


def paragraphs(text):
    """Yield the blocks of a docstring as document nodes."""
    for block in re.split(r"\n\s*\n", textwrap.dedent(text)):
        lines = textwrap.dedent(block).splitlines()
        if lines and lines[0].startswith(">>>"):
            yield nodes.literal_block(block, "\n".join(lines), language="pycon")
        elif block.startswith(" ") or ("\n" in block and ALIGNED.search(block)):
            yield nodes.line_block("", *(nodes.line("", line.rstrip()) for line in lines))
        elif lines:
            yield nodes.paragraph("", "", *words(" ".join(lines)))


def words(text):
    """Split a sentence into words and `code`; a citation shows its key, as in [Kahn1962]."""
    for i, part in enumerate(re.split(r"`+([^`]+)`+", CITATION.sub(r"[\1]", text))):
        if part:
            yield nodes.literal(part, part) if i % 2 else nodes.Text(part)
