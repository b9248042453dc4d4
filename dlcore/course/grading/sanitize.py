"""Make text from strangers harmless where it is shown: on a terminal, a page, in a cell.

A terminal obeys escape sequences, XML has no word for most control characters, lone surrogates
cannot be written at all, and marks of direction let text read as it is not.
"""

import re

ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
ILLEGAL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff\ufdd0-\ufdef\ufff9-\uffff\U000e0000-\U000e007f]"
)
BEYOND = re.compile("[\U0001fffe-\U0001ffff\U0002fffe-\U0002ffff\U0010fffe-\U0010ffff]")


def sanitize(text, most=2000):
    r"""Return printable text of at most `most` characters; line breaks and tabs stay.

    >>> sanitize("\x1b[31mred\x1b[0m\r\nno \x00 zero, no \ud800 half")
    'red\nno � zero, no � half'
    """
    text = ESCAPES.sub("", str(text)[: 4 * most].replace("\r\n", "\n"))
    text = BEYOND.sub("\ufffd", ILLEGAL.sub("\ufffd", text))
    return text if len(text) <= most else f"{text[: most - 1]}…"


def one_line(text, most=500):
    r"""Return cleaned text on one line.

    >>> one_line("one\n\ttwo")
    'one two'
    """
    return " ".join(sanitize(text, most).split())
