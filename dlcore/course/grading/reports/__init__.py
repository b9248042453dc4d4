"""Write what became of a class, in the formats that others read.

Every text from outside is cleaned on its way in, and every file is written whole or not at all.
"""

import os
from pathlib import Path

from dlcore.course.grading.reports import jsonl, junit, page, tables


def write_reports(results, out):
    """Write every report of a class into the folder `out`."""
    write(out / "verdicts.jsonl", jsonl.report(results))
    write(out / "scores.csv", tables.scores(results))
    write(out / "canvas.csv", tables.canvas(results))
    write(out / "moodle.csv", tables.moodle(results))
    write(out / "junit.xml", junit.report(results))
    write(out / "report.html", page.report(results))


def write(path, text):
    """Put a text in the place of a file, in one step that cannot be seen half done."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with part.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
