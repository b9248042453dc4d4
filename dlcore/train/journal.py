"""A journal: a line of JSON for every piece of work that is finished.

A line is on the disk before the next piece begins. One that a power cut has broken off does not
count, and what it stood for is done again.

Chapter: book/solver.md.
"""

import json
import os
from pathlib import Path


class Journal:
    """The lines of the file at `path`, which need not exist yet.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     journal = Journal(f"{folder}/runs.jsonl")
    ...     journal.note({"seed": 3})
    ...     journal.lines()
    [{'seed': 3}]
    """

    def __init__(self, path):
        self.path = Path(path)

    def lines(self):
        """List what was noted, in order."""
        text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        return [line for line in map(read_line, text.splitlines()) if line]

    def note(self, line):
        """Append a line, and wait until it is on the disk.

        A line before it that was broken off is closed first.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+b") as file:
            whole = self.ends_well(file)
            file.write(b"\n" * (not whole) + json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    @staticmethod
    def ends_well(file):
        """Tell whether an open file is empty, or ends with a whole line."""
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def read_line(line):
    """Read a line of a journal; None where the program was stopped while it wrote it.

    >>> read_line('{"seed": 3}'), read_line('{"se')
    ({'seed': 3}, None)
    """
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return None
