"""What all pages of a report begin with, and how they say what became of an exercise.

All text is cleaned and escaped. A page forbids its reader's browser to load anything, and to run
anything but what is named here by its hash.
"""

import hashlib
from base64 import b64encode
from html import escape
from pathlib import Path

from dlcore.course.grading.sanitize import one_line, sanitize

HERE = Path(__file__).parent
STYLE = (HERE / "page.css").read_text(encoding="utf-8")
SCRIPT = (HERE / "page.js").read_text(encoding="utf-8")
# The sign of each status in a table, and the class of its colour.
SIGNS = {
    "pass": "✓", "fail": "✗", "error": "E", "timeout": "T", "crash": "C", "protocol": "P",
    "missing": "–", "not attempted": "·", "blocked": "B", "rejected": "R", "infra": "?",
}  # fmt: skip
KINDS = {"pass": "pass", "not attempted": "quiet", "missing": "quiet", "infra": "owed"}


def head(title, script=""):
    """Open a page: its policy, its style, and the script that it may run."""
    runs = f"; script-src 'sha256-{digest(script)}'" if script else ""
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest(STYLE)}'{runs}; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{text(title)}</title><style>{STYLE}</style></head>\n<body><main>\n"
    )


def foot(script=""):
    """Close a page."""
    runs = f"<script>{script}</script>" if script else ""
    return f"</main>{runs}</body>\n</html>\n"


def digest(content):
    """Condense a style or a script, as a policy names it."""
    return b64encode(hashlib.sha256(content.encode()).digest()).decode()


def text(words, most=500):
    """Return words from anywhere as one line that is safe in a page, in an attribute too."""
    return escape(one_line(words, most))


def facts(pairs):
    """Write numbers under their names."""
    items = "".join(f"<div><dt>{text(n)}</dt><dd>{text(v)}</dd></div>" for n, v in pairs.items())
    return f'<dl class="facts">{items}</dl>\n'


def kind(verdict):
    """Name the class of a verdict, which has its colour."""
    return KINDS.get(verdict.status, "part" if verdict.points else "fail")


def says(verdict):
    """Write what a test demanded, and what was said."""
    lines = "\n".join(sanitize(line) for line in verdict.says)
    claim = f"<p>{text(verdict.claim)}</p>" if verdict.claim else ""
    return claim + (f"<pre>{escape(lines)}</pre>" if lines else "")
