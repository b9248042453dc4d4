"""Let long lines of code go on below, indented, instead of running out of the page.

Each line of a listing becomes a block with the indentation of the line as a variable; the style
sheet makes lines that are too long continue two characters further to the right.
"""

import re

PRE = re.compile(r"(<pre>)(<span></span>)?(.*?)(</pre>)", re.DOTALL)
TAG = re.compile(r"<[^>]+>")


def lines_as_blocks(html):
    r"""Put every line of the listings in some HTML into a block.

    >>> lines_as_blocks("<pre>if x:\n    y\n</pre>").count('class="line"')
    2
    """
    return PRE.sub(
        lambda found: found[1] + "".join(map(block, found[3].splitlines(keepends=True))) + found[4],
        html,
    )


def block(line):
    """Write one line as a block."""
    text = TAG.sub("", line)
    indent = len(text) - len(text.lstrip(" "))
    return f'<span class="line" style="--indent:{indent}ch">{line}</span>'


def wrap(app):
    """Let the builder's highlighter return such blocks."""
    highlighter = getattr(app.builder, "highlighter", None)
    if app.builder.format != "html" or highlighter is None:
        return
    plain = highlighter.highlight_block
    highlighter.highlight_block = lambda *args, **options: lines_as_blocks(plain(*args, **options))


def setup(app):
    """Wait for the builder."""
    app.connect("builder-inited", wrap, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
