"""What figures with controls share: how numbers, tables and the figure itself are written."""

import json
from html import escape


def number(value, decimals=2):
    """Write a number as a reader sees it: so many decimals, a real minus, and none before a zero.

    >>> number(-0.001), number(-0.5, 3)
    ('0.00', '−0.500')
    """
    return f"{round(float(value), decimals) + 0.0:.{decimals}f}".replace("-", "−")


def table(head, rows):
    """Write a table whose rows begin with their names.

    >>> table(["unit", "bias"], [["1", "0.5"]]).partition("<tbody>")[2]
    '<tr><th scope="row">1</th><td>0.5</td></tr></tbody></table>'
    """
    columns = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = ""
    for name, *cells in rows:
        written = "".join(f"<td>{cell}</td>" for cell in cells)
        body += f'<tr><th scope="row">{escape(name)}</th>{written}</tr>'
    return f"<table><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table>"


def require_alt(function, alt):
    """Raise ValueError where there are no words for who cannot see the picture."""
    if not alt:
        raise ValueError(f"{function}: alt is empty, say in words what the picture shows")


def figcaption(words):
    r"""Write the words below a figure, with typographic apostrophes; nothing where there are none.

    No line breaks at an equals sign.

    >>> figcaption("Newton's method"), figcaption("F = 128")
    ('<figcaption>Newton’s method</figcaption>', '<figcaption>F\xa0=\xa0128</figcaption>')
    """
    bound = words.replace("'", "’").replace(" = ", "\u00a0=\u00a0")
    return f"<figcaption>{escape(bound)}</figcaption>" if words else ""


def widget(kind, *, alt, picture, text, data, table="", caption=""):
    """Write the figure that a script finds by its kind: a picture, its words, and its data."""
    return (
        f'<figure class="drawn {kind}"><div role="img" aria-label="{escape(alt)}">{picture}</div>'
        f'{table}<p class="reading">{escape(text)}</p><script type="application/json">'
        f"{json.dumps(data, ensure_ascii=False)}</script>{figcaption(caption)}</figure>"
    )
