"""Tables for the pages of the book."""

from html import escape
from itertools import groupby

from dlcore.nn.accounting import as_cells


def html_table(heads, rows, *, kind="ledger", merged=False):
    """Write a table as HTML of a class; the cells of rows are HTML, see `escaped`.

    A cell names its head, for narrow pages, where the cells of a row stand below each other. With
    `merged`, equal first cells are one on wide pages, and are repeated on narrow ones.

    >>> html_table(["a", "b"], [["1", "<b>2</b>"]], kind="small")[-80:]
    '<tr><td data-head="a">1</td><td data-head="b"><b>2</b></td></tr></tbody></table>'
    """
    head = "".join(f"<th>{each}</th>" for each in heads)
    body = "".join(
        f"<tr>{cell(heads[0], first, kinds)}{''.join(map(cell, heads[1:], others))}</tr>"
        for (first, *others), kinds in with_spans(rows, merged)
    )
    return f'<table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def cell(head, text, kinds=""):
    """Write a cell, which names its head."""
    return f'<td data-head="{escape(head)}"{kinds}>{text}</td>'


def with_spans(rows, merged):
    """Yield each row with what its first cell needs in order to be one with equal ones below.

    >>> [kinds for _, kinds in with_spans([["a", "1"], ["a", "2"], ["b", "3"]], merged=True)]
    [' rowspan="2"', ' class="again"', ' rowspan="1"']
    """
    for _, group in groupby(rows, key=lambda row: row[0]):
        same = list(group)
        for i, row in enumerate(same):
            spans = ' class="again"' if i else f' rowspan="{len(same)}"'
            yield row, spans if merged else ""


class LayerTable:
    """What the layers of a model do: the rows of `account`, and their sums."""

    def __init__(self, rows):
        self.rows = rows

    def _repr_html_(self):
        heads, *lines = as_cells(self.rows)
        return html_table(heads, escaped(lines), kind="ledger layers")


def escaped(rows):
    """Escape rows of plain text.

    >>> escaped([["a < b"]])
    [['a &lt; b']]
    """
    return [[*map(escape, row)] for row in rows]
