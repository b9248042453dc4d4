"""Show how far a build is, one line a page, and nothing else.

Sphinx itself is told to be quiet (`jupyter-book build -q`). In a terminal each line takes the
place of the one before.
"""

import sys

from myst_nb.sphinx_ import NbMetadataCollector

SCREEN = sys.stderr.isatty()


def show(line, end=False):
    """Write a line; a terminal forgets the one before."""
    before, after = ("\r\x1b[K", "\n" if end else "") if SCREEN else ("", "\n")
    print(f"{before}{line}", end=after, file=sys.stderr, flush=True)


def begin(app, env, pages):
    """Count the pages that will be read."""
    app.pages, app.pages_read = len(pages), 0
    show(f"book: {app.pages} pages to read", end=True)


def note_read(app, doctree):
    """Say that a page has been read, and how long its cells took."""
    app.pages_read += 1
    run = NbMetadataCollector.get_exec_data(app.env, app.env.docname) or {}
    cells = f", cells {run['runtime']:.1f} s" if run.get("runtime") else ""
    show(f"[{app.pages_read / app.pages:4.0%}] {app.env.docname}{cells}")


def note_written(app, page, template, context, doctree):
    """Say that a page is being written."""
    if doctree is not None:
        show(f"[100%] writing {page}")


def finish(app, exception):
    """Leave the last line of a terminal."""
    show(f"book: {'stopped' if exception else 'written'}", end=True)


def setup(app):
    """Listen to the reading and the writing of pages."""
    app.connect("env-before-read-docs", begin)
    app.connect("doctree-read", note_read)
    app.connect("html-page-context", note_written)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
