"""Set a docstring as a page would: sentences run on, formulas and examples keep their lines."""

import re
import textwrap

from docutils import nodes

RULE = re.compile(r"=+( +=+)+")  # above, below and within a table
WIDE = re.compile(r"\S {2,}\S")  # sets a formula off, in a line of its own or in a sentence
RELATION = re.compile(r"[=←≈]")
CITATION = re.compile(r"\[(\w+)\]_")


def paragraphs(text):
    """Yield the blocks of a docstring as document nodes."""
    for block in re.split(r"\n\s*\n", textwrap.dedent(text)):
        lines = textwrap.dedent(block).splitlines()
        if lines and lines[0].startswith(">>>"):
            yield nodes.literal_block(block, "\n".join(lines), language="pycon")
        elif len(lines) > 1 and RULE.fullmatch(lines[0]):
            yield table(lines)
        elif block.startswith(" ") or are_formulas(lines):
            yield nodes.line_block("", *(nodes.line("", "", *words(line)) for line in lines))
        elif lines:
            yield nodes.paragraph("", "", *words(" ".join(lines)))


def are_formulas(lines):
    """Tell whether each of several lines is a formula, and not a part of a sentence.

    >>> are_formulas(["m ← β m + g", "w ← w - η m,  with  η > 0"])
    True
    >>> are_formulas(["The penalty is  reg/2 Σ W²,  with", "the strength reg = 0.1"])
    False
    """
    return len(lines) > 1 and any(map(WIDE.search, lines)) and all(map(RELATION.search, lines))


def table(lines):
    """Return a simple table; what the first column names is code, and a row may have many lines."""
    columns = [slice(*mark.span()) for mark in re.finditer("=+", lines[0])]
    columns[-1] = slice(columns[-1].start, None)
    parts = [[]]
    for line in lines[1:]:
        if RULE.fullmatch(line):
            parts.append([])
            continue
        cells = [line[column].strip() for column in columns]
        if cells[0]:
            parts[-1].append(cells)
        else:  # it goes on with the row above
            above = zip(parts[-1][-1], cells, strict=True)
            parts[-1][-1] = [" ".join(filter(None, pair)) for pair in above]
    *heads, body = filter(None, parts)
    widths = [max(len(cells[i]) for cells in body) for i in range(len(columns))]
    widths[0] = 5 * widths[0] // 4  # letters of code are wider
    groups = [nodes.colspec(colwidth=width) for width in widths]
    if heads:
        groups.append(nodes.thead("", *(row(*map(words, cells)) for cells in heads[0])))
    rows = (row([nodes.literal(name, name)], *map(words, cells)) for name, *cells in body)
    groups.append(nodes.tbody("", *rows))
    return nodes.table("", nodes.tgroup("", *groups, cols=len(columns)), classes=["docstring"])


def row(*cells):
    """Return a row of a table, from what its cells hold."""
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", *cell)) for cell in cells))


def words(text):
    """Split a sentence into words and `code`; a citation shows its key, as in [Kahn1962]."""
    for i, part in enumerate(re.split(r"`+([^`]+)`+", CITATION.sub(r"[\1]", text))):
        if part:
            yield nodes.literal(part, part) if i % 2 else nodes.Text(part)
