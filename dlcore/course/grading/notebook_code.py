"""Read a notebook as a program: its code cells in order, without the magics.

A magic is a word to the notebook, not to Python: ``%matplotlib inline``, ``!pip install``. Each
is replaced by ``pass``, so that the block around it stays a block, and is listed. A cell in
another language (``%%bash``) is dropped whole.
"""

import json
import re

from dlcore.course.grading.archive import ArchiveError

MAGIC = re.compile(r"^(?P<indent>[ \t]*)(?P<magic>(?:%{1,2}[A-Za-z]|![^=\s]|\?{1,2}\w).*)$")
END = re.compile(r"\r\n|[\r\n]")  # of a line, as Python sees it: others are letters of a text
PYTHON = ("capture", "prun", "python", "python3", "time", "timeit")  # what keeps its cell Python


def program(raw):
    r"""Return the code cells of a notebook as one source, and the list of magics dropped.

    >>> cell = {"cell_type": "code", "source": ["%matplotlib inline\n", "x = 1"]}
    >>> program(json.dumps({"cells": [cell]}))
    ('# %%\npass  # %matplotlib inline\nx = 1\n', ['%matplotlib inline'])
    """
    try:
        cells = json.loads(raw)["cells"]
        codes = [text(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ArchiveError(f"the notebook is broken ({type(error).__name__})") from error
    parts = []
    dropped = []
    for code in codes:
        kept, magics = plain(code)
        parts += ["# %%", *kept]
        dropped += magics
    return "\n".join(parts) + "\n", dropped


def text(source):
    """Join the source of a cell, which is a string or a list of strings."""
    return source if isinstance(source, str) else "".join(source)


def plain(code):
    """Split a cell into lines of Python and the magics among them."""
    lines = END.split(code.removesuffix("\n")) if code else []
    dropped = []
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("%%") and first[2:].split()[:1] not in [[name] for name in PYTHON]:
        return [], [first]
    for number, line in enumerate(lines):
        if magic := MAGIC.match(line):
            dropped.append(magic["magic"])
            lines[number] = f"{magic['indent']}pass  # {magic['magic']}"
    return lines, dropped
