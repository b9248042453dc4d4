"""Tables for the pages of the book."""

from html import escape


def html_table(heads, rows, *, kind="ledger"):
    """Write a table as HTML of a class; the cells of rows are HTML, see `escaped`.

    A cell names its head, for narrow pages, where the cells of a row stand below each other.

    >>> html_table(["a", "b"], [["1", "<b>2</b>"]], kind="small")[-80:]
    '<tr><td data-head="a">1</td><td data-head="b"><b>2</b></td></tr></tbody></table>'
    """
    cell = lambda head, text: f'<td data-head="{escape(head)}">{text}</td>'
    head = "".join(f"<th>{each}</th>" for each in heads)
    lines = ["".join(map(cell, heads, row)) for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def escaped(rows):
    """Escape rows of plain text.

    >>> escaped([["a < b"]])
    [['a &lt; b']]
    """
    return [[*map(escape, row)] for row in rows]
