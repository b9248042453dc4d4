"""The report of a class as one page, which no submission can make do anything.

All text is cleaned and escaped. The page forbids its reader's browser to run or load anything;
its one style is allowed by its hash.
"""

import hashlib
from base64 import b64encode
from html import escape
from pathlib import Path

from dlcore.course.grading.reports import charts
from dlcore.course.grading.sanitize import one_line, sanitize
from dlcore.course.grading.verdict import STATUSES

STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
KINDS = {"pass": "pass", "not attempted": "quiet", "missing": "quiet", "infra": "owed"}


def report(results):
    """Write the page: pictures, the table of scores, and what was said of each submission."""
    parts = [head(), overview(results), scores(results), details(results)]
    return f'<!doctype html>\n<html lang="en">\n{"".join(parts)}</main></body>\n</html>\n'


def head():
    """Open the page with its policy and its style."""
    style = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
    return (
        '<head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Grades</title><style>{STYLE}</style></head>\n<body><main>\n"
    )


def overview(results):
    """Write the numbers of the class, and draw them."""
    scores = sorted(results.scores().values())
    median = scores[len(scores) // 2] if scores else 0
    facts = {
        "submissions": len(results.submissions),
        "exercises": len(results.exercises),
        "points possible": results.possible,
        "median": median,
        "isolation": results.tier,
    }
    items = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts.items())
    owed = len(results.owed())
    warning = f'<p class="owed">{owed} verdicts are owed by the grader.</p>' if owed else ""
    return (
        f'<h1>Grades</h1><dl class="facts">{items}</dl>{warning}\n'
        f"<h2>Scores, in percent</h2>{charts.distribution(results)}\n"
        f"<h2>Exercises, and who passes them</h2>{charts.difficulty(results)}\n"
    )


def scores(results):
    """Write the table of points: a row for each student, a column for each exercise."""
    names = "".join(
        f'<th scope="col"><span>{escape(e.name)}</span></th>' for e in results.exercises
    )
    numbered = enumerate(results.submissions)
    rows = "".join(row(results, place, submission) for place, submission in numbered)
    return (
        '<h2>Students</h2><div class="wide"><table><thead><tr><th scope="col">student</th>'
        f'<th scope="col">points</th>{names}</tr></thead>\n<tbody>{rows}</tbody></table></div>\n'
    )


def row(results, place, submission):
    """Write the row of one student, whose name leads to the details."""
    score = results.score(submission.student)
    cells = "".join(
        f'<td class="{KINDS.get(v.status, "fail")}" title="{escape(STATUSES[v.status])}">'
        f"{v.points if v.status == 'pass' else escape(v.status)}</td>"
        for v in results.row(submission.student)
    )
    name = f'<a href="#s{place}">{escape(one_line(submission.student, 60))}</a>'
    points = "owed" if score is None else score
    return f'<tr><th scope="row">{name}</th><td>{points}</td>{cells}</tr>\n'


def details(results):
    """Write what was said of each submission, folded away."""
    parts = ["<h2>Details</h2>\n"]
    for place, submission in enumerate(results.submissions):
        remarks = [submission.refusal, *submission.notes]
        notes = "".join(f"<li>{escape(one_line(note))}</li>" for note in remarks if note)
        row_of = results.row(submission.student)
        failed = "".join(verdict_section(v) for v in row_of if v.status != "pass")
        body = (f"<ul>{notes}</ul>" if notes else "") + (failed or "<p>Every exercise passes.</p>")
        name = escape(one_line(submission.student, 60))
        inside = f'<div id="s{place}">{body}</div>'  # a link to it unfolds what is around it
        parts.append(f"<details><summary>{name}</summary>{inside}</details>\n")
    return "".join(parts)


def verdict_section(verdict):
    """Write one verdict that is no pass."""
    text = "\n".join(sanitize(line) for line in verdict.says)
    claim = f"<p>{escape(one_line(verdict.claim))}</p>" if verdict.claim else ""
    kind = KINDS.get(verdict.status, "fail")
    says = f"<pre>{escape(text)}</pre>" if text else ""
    title = f'{escape(verdict.exercise)} <b class="{kind}">{escape(verdict.status)}</b>'
    return f"<section><h3>{title}</h3>{claim}{says}</section>"
