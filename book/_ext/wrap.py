"""Let long lines of code go on below, indented, instead of running out of the page.

The sentences of a docstring are filled anew, for a page that is narrower than an editor. Each line
of a listing becomes a block with its indentation as a variable; the style sheet makes lines that
are still too long continue two characters further to the right. Names in a table may break behind
a dot, an underscore or a bracket; an option, and a short name in a sentence, stay in one piece.
"""

import re
import textwrap

PRE = re.compile(r"(<pre>)(<span></span>)?(.*?)(</pre>)", re.DOTALL)
TAG = re.compile(r"<[^>]+>")
DOCSTRING = re.compile(r'^([ \t]*[rR]?)"""(?=[^\s").,])((?:[^"]|"(?!""))*)"""', re.MULTILINE)
KEPT = re.compile(r"\S {3,}\S|^\s*(?:>>>|[=*-])", re.MULTILINE)  # tables, examples, lists
SET_OFF = re.compile(r"\S  +\S")  # a formula, in a sentence or on its own
FORMATTER = re.compile(r"  # fmt: (?:skip|on|off)$", re.MULTILINE)  # no reader needs these
CITATION = re.compile(r"\[([A-Z]\w+\d{4}\w?)\]_")  # a key in a docstring
TABLE = re.compile(r"<table.*?</table>", re.DOTALL)
CODE = re.compile(r"<code.*?</code>", re.DOTALL)
TEXT = re.compile(r">[^<]+")
JOINT = re.compile(r"(?<=[\w)\]])([._/=(\[,]+)(?=[\w(\[-])|(?<=[a-z])(?=[A-Z])")
OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]*")
WORD = re.compile(r'<span class="pre">([^<]{1,28})</span>')
WIDTH = 74  # columns, inside the box of an exercise


def filled(source):
    r"""Fill the sentences of docstrings that have longer lines than fit.

    >>> quotes = 3 * chr(34)
    >>> filled(quotes + "One." + "\n\n    " + "Some words. " * 9 + quotes).count("\n")
    3
    """

    def quoted(found):
        opening, text = found.groups()
        margin = margin_of(text)
        paragraphs = (fill(each, margin) for each in text.split("\n\n"))
        return f'{opening}"""' + "\n\n".join(paragraphs) + '"""'

    return DOCSTRING.sub(quoted, source)


def margin_of(text):
    r"""Count the columns before the text of a docstring, whose first line is behind the quotes.

    >>> margin_of("Add.\n\n        y = x + z\n    ")
    4
    """
    lines = text.split("\n")[1:]
    widths = (len(line) - len(line.lstrip()) for line in lines if line.strip())
    return min([*widths, len(lines[-1])] if lines and lines[-1].isspace() else widths, default=0)


def fill(paragraph, margin=0):
    """Fill one paragraph of a docstring; the end of the last line stays as it is."""
    lines = [line for line in paragraph.splitlines() if line.strip()]
    if len(lines) == 1 and lines[0].startswith(" " * (margin + 1)):
        return paragraph  # a formula on its own line
    indents = {len(line) - len(line.lstrip()) for line in lines[1:]}
    if max(map(len, lines), default=0) <= WIDTH or KEPT.search(paragraph) or len(indents) > 1:
        return paragraph
    if all(map(SET_OFF.search, lines)):
        return paragraph  # formulas, one a line
    text = paragraph.rstrip()
    before = text[: len(text) - len(text.lstrip())]
    if not before and not indents:
        return paragraph  # a single line behind the quotes
    indent = " " * (indents or {len(before.strip("\n"))}).pop()
    breaks = before[: len(before) - len(before.lstrip("\n"))]
    fill_words = textwrap.TextWrapper(
        WIDTH, indent, indent, break_on_hyphens=False, break_long_words=False
    ).fill
    words = fill_words(" ".join(line.strip() for line in text.strip().splitlines()))
    return breaks + (words if before else words.lstrip()) + paragraph[len(text) :]


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


def breakable(code):
    """Let a name in a table break at its joints.

    >>> breakable("<code>jax.lax.conv_transpose</code>")
    '<code>jax.<wbr>lax.<wbr>conv_<wbr>transpose</code>'
    >>> breakable("<code>AverageParameters(beta)</code>")
    '<code>Average<wbr>Parameters(<wbr>beta)</code>'
    >>> breakable("<code>dlcore train --data mnist</code>")
    '<code>dlcore train <span class="option">--data</span> mnist</code>'
    """
    option = r'<span class="option">\g<0></span>'
    joints = lambda text: OPTION.sub(option, JOINT.sub(r"\g<0><wbr>", text[0]))
    return TEXT.sub(joints, code)


def names_in_pieces(body):
    """Let names break at their joints in the tables of a page, and short ones nowhere else.

    >>> names_in_pieces('<code><span class="pre">--out</span></code>')
    '<code><span class="pre short">--out</span></code>'
    """
    pieces = []
    end = 0
    for table in TABLE.finditer(body):
        pieces += [whole(body[end : table.start()])]
        pieces += [CODE.sub(lambda code: breakable(code[0]), table[0])]
        end = table.end()
    return "".join([*pieces, whole(body[end:])])


def whole(html):
    """Mark the short names of sentences, which stay in one piece."""
    return WORD.sub(r'<span class="pre short">\1</span>', html)


def keep_names(app, pagename, templatename, context, doctree):
    """Do so on every page that is written."""
    if "body" in context:
        context["body"] = names_in_pieces(context["body"])


def wrap(app):
    """Let the builder's highlighter return such blocks."""
    highlighter = getattr(app.builder, "highlighter", None)
    if app.builder.format != "html" or highlighter is None:
        return
    plain = highlighter.highlight_block

    def highlight(source, *args, **options):
        source = CITATION.sub(r"[\1]", FORMATTER.sub("", source))
        return lines_as_blocks(plain(filled(source), *args, **options))

    highlighter.highlight_block = highlight


def setup(app):
    """Wait for the builder."""
    app.connect("builder-inited", wrap, priority=900)
    app.connect("html-page-context", keep_names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
