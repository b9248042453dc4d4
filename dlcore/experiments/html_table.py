"""Tables for the pages of the book."""

from html import escape


def html_table(heads, rows, *, kind="ledger"):
    """Write a table as HTML of a class; the cells of rows are HTML, see `escaped`.

    >>> html_table(["a", "b"], [["1", "<b>2</b>"]], kind="small")[-48:]
    '<td>1</td><td><b>2</b></td></tr></tbody></table>'
    """
    cells = lambda tag, row: "".join(f"<{tag}>{cell}</{tag}>" for cell in row)
    head = f"<tr>{cells('th', heads)}</tr>"
    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f'<table class="{kind}"><thead>{head}</thead><tbody>{body}</tbody></table>'


def escaped(rows):
    """Escape rows of plain text.

    >>> escaped([["a < b"]])
    [['a &lt; b']]
    """
    return [[*map(escape, row)] for row in rows]
