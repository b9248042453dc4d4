"""Write what became of a class, in the formats that others read.

Every text from outside is cleaned on its way in, and every file is written whole or not at all.
"""

import os
from pathlib import Path

from dlcore.course.grading.reports import feedback, jsonl, junit, page, tables


def write_reports(results, out):
    """Write every report of a class into the folder `out`, and remove pages of others."""
    write(out / "verdicts.jsonl", jsonl.report(results))
    write(out / "scores.csv", tables.scores(results))
    write(out / "canvas.csv", tables.canvas(results))
    write(out / "moodle.csv", tables.moodle(results))
    write(out / "moodle-gradebook.csv", tables.moodle_gradebook(results))
    write(out / "junit.xml", junit.report(results))
    write(out / "report.html", page.report(results))
    here = out / page.FEEDBACK
    here.mkdir(exist_ok=True)
    stale = {path.name for path in here.glob("*.html")}
    for name, text in feedback.pages(results):
        write(here / name, text, sure=False)
        stale.discard(name)
    for name in stale:
        (here / name).unlink()


def write(path, text, *, sure=True):
    """Put a text in the place of a file, in one step that cannot be seen half done.

    Where it has to be `sure`, the text is on the disk before it takes its place.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with part.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        if sure:
            os.fsync(file.fileno())
    part.replace(path)
