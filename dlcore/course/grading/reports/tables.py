"""Tables of scores that Canvas, Moodle and spreadsheets read.

A spreadsheet takes a cell that begins with one of ``= + - @`` for a formula, and runs it. Text
from outside that begins so is given an apostrophe, which spreadsheets read as: this is text.
An owed score is an empty cell, and imports as no score.
"""

import csv
import io

from dlcore.course.grading.sanitize import one_line

FORMULAS = ("=", "+", "-", "@")
TITLE = "dlcore"


def cell(text):
    """Return text that a spreadsheet shows and does not obey.

    >>> cell("=1+1"), cell(" @SUM(A1)"), cell("eve")
    ("'=1+1", "'@SUM(A1)", 'eve')
    """
    text = one_line(text)
    return f"'{text}" if text.startswith(FORMULAS) else text


def table(rows):
    """Write rows of cells; numbers stay numbers, None stays empty."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    for row in rows:
        writer.writerow([cell(value) if isinstance(value, str) else value for value in row])
    return file.getvalue()


def scores(results):
    """Write points and status of every exercise, one row for each student."""
    names = [exercise.name for exercise in results.exercises]
    head = [column for name in names for column in (name, f"{name} status")]
    rows = [["student", "points", "of", *head, "notes"]]
    for submission in results.submissions:
        row = results.row(submission.student)
        points = [None if verdict.status == "infra" else verdict.points for verdict in row]
        pairs = [
            part for pair in zip(points, row, strict=True) for part in (pair[0], pair[1].status)
        ]
        notes = "; ".join([submission.refusal, *submission.notes][not submission.refusal :])
        score = results.score(submission.student)
        rows.append([submission.student, score, results.possible, *pairs, notes])
    return table(rows)


def canvas(results):
    """Write a gradebook for Canvas; the name of a submission is the login of its student."""
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", TITLE]
    rows = [head, ["Points Possible", "", "", "", "", results.possible]]
    for submission in results.submissions:
        score = results.score(submission.student)
        rows.append([submission.student, "", "", submission.student, "", score])
    return table(rows)


def moodle(results):
    """Write a gradebook for Moodle, with a feedback of one line for each exercise."""
    rows = [["Username", "Grade", "Maximum grade", "Feedback comments"]]
    for submission in results.submissions:
        row = results.row(submission.student)
        feedback = [f"{v.exercise}: {v.status}{reason(v)}" for v in row if v.status != "pass"]
        score = results.score(submission.student)
        rows.append([submission.student, score, results.possible, " | ".join(feedback)])
    return table(rows)


def reason(verdict):
    """Return the first thing said of an exercise that does not pass."""
    return f" ({verdict.says[0]})" if verdict.says else ""
