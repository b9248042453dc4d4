"""Two programs line by line: each line beside its counterpart, and what both have computed.

All lines and notes are on the page, so it is complete without a script.
`_static/widgets/line-pairs.js` finds the figure, shows one pair of programs at a time, and walks
through its lines by buttons and keys. What is paired is a dict:

    heads     (name of the left column, name of the right column)
    programs  {name: [{"here", "there", "note"}, …], …}
"""

from html import escape

from figures.widget import figcaption


def line_by_line(data, *, label, caption=""):
    """Present pairs of programs, with a name for the whole and words below it."""
    return Pairing(data, label, caption)


class Pairing:
    """A figure for the page; without a page, its lines as text."""

    def __init__(self, data, label, caption):
        if not label:
            raise ValueError("line_by_line: label is empty, say in words what is compared")
        self.heads = data["heads"]
        self.programs = data["programs"]
        self.label = label
        self.caption = caption

    def __repr__(self):
        rows = [row for rows in self.programs.values() for row in rows]
        return "\n".join(f"{row['here']}   |   {row['there']}" for row in rows)

    def _repr_html_(self):
        caption = figcaption(self.caption)
        parts = "".join(self.program(name, rows) for name, rows in self.programs.items())
        return (
            f'<figure class="drawn pairing" aria-label="{escape(self.label)}">'
            f"{parts}{caption}</figure>"
        )

    def program(self, name, rows):
        """List the lines of one program, each with its note."""
        heads = "".join(f"<span>{escape(head)}</span>" for head in self.heads)
        lines = "".join(
            f'<li><div class="codes"><code>{escape(row["here"])}</code>'
            f"<code>{escape(row['there'])}</code></div>"
            f'<p class="note">{escape(row["note"])}</p></li>'
            for row in rows
        )
        return (
            f'<section data-program="{escape(name)}"><p class="name">{escape(name)}</p>'
            f'<div class="codes heads" aria-hidden="true">{heads}</div><ol>{lines}</ol></section>'
        )
