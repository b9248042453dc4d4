"""Let the cells of a wide table stand below each other on a telephone, each behind its head.

In a table of four columns or more each cell is given the head of its column, ``data-head``; the
style sheet does the rest.
"""

import re
from itertools import count

COLUMNS = 4  # the fewest that do not fit
TABLE = re.compile(r"<table class=.*?</table>", re.DOTALL)
HEAD = re.compile(r"<th\b[^>]*>(.*?)</th>", re.DOTALL)
ROW = re.compile(r"<tr\b[^>]*>.*?</tr>", re.DOTALL)
CELL = re.compile(r"<td\b")
TAG = re.compile(r"<[^>]+>")


def stacked(html):
    """Name the head of its column in every cell of the wide tables of some HTML.

    >>> row = "<tr>" + 4 * "<td>1</td>" + "</tr>"
    >>> heads = "".join(f"<th>{head}</th>" for head in "abcd")
    >>> stacked(f'<table class="table"><tr>{heads}</tr>{row}</table>').count("data-head")
    4
    """
    return TABLE.sub(with_heads, html)


def with_heads(table):
    """Do so in one table; one that has it already, or is narrow, stays as it is."""
    heads = [TAG.sub("", head).strip() for head in HEAD.findall(table[0])]
    if len(heads) < COLUMNS or "data-head" in table[0]:
        return table[0]

    def row(found):
        column = count()
        return CELL.sub(lambda _: f'<td data-head="{heads[next(column)]}"', found[0])

    return ROW.sub(row, table[0])


def stack(app, pagename, templatename, context, doctree):
    """Do so on every page that is written."""
    if "body" in context:
        context["body"] = stacked(context["body"])


def setup(app):
    """Wait for the pages."""
    app.connect("html-page-context", stack)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
