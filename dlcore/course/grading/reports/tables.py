"""Tables of scores that Canvas, Moodle and spreadsheets read.

A spreadsheet takes a cell that begins with one of ``= + - @`` for a formula, and runs it; where
it splits a line at another character than the comma, a cell begins in the middle of a text. Such
a text is given an apostrophe there, which spreadsheets read as: this is text. Moodle shows
feedback as HTML, so it is escaped for it. An owed score is an empty cell, and imports as none.
"""

import csv
import io
import re
from html import escape

from dlcore.course.grading.roster import MOODLE, PARTICIPANT
from dlcore.course.grading.sanitize import one_line
from dlcore.course.grading.verdict import shortest

FORMULA = re.compile(r"(^|[;,|\t\n])([\"'\s]*)(?!-\s*(?:[;,|\t\n]|$))(?=[=+\-@＝＋－＠])")
LONG = 5000  # characters of a cell
MARK = "\ufeff"  # says to a spreadsheet that a file is in UTF-8; Canvas and Moodle skip it
POSSIBLE = "Points Possible"  # how the second row of Canvas begins
IDENTITY = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
WORKSHEET = ("Identifier", "Full name", "Email address", "Status", "Grade", "Maximum grade",
             "Grade can be changed", "Last modified (submission)", "Last modified (grade)",
             "Feedback comments")  # fmt: skip


def cell(text):
    """Return text that a spreadsheet shows and does not obey, at whatever it splits lines.

    >>> cell("=1+1"), cell(" @SUM(A1)"), cell("a;=1+1"), cell("-"), cell("eve")
    ("'=1+1", "'@SUM(A1)", "a;'=1+1", '-', 'eve')
    """
    return FORMULA.sub(r"\1\2'", text.strip())


def table(rows):
    """Write rows of cells; numbers stay numbers, None stays empty."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    for row in rows:
        cells = [one_line(value, LONG) if isinstance(value, str) else value for value in row]
        writer.writerow([cell(value) if isinstance(value, str) else value for value in cells])
    return MARK + file.getvalue()


def scores(results):
    """Write points and status of every exercise, one row for each student, absent ones too."""
    names = [exercise.name for exercise in results.exercises]
    head = [column for name in names for column in (name, f"{name} status")]
    rows = [["student", "points", "of", *head, "late", "notes"]]
    for submission in results.submissions:
        row = results.row(submission.student)
        points = [None if verdict.status == "infra" else verdict.points for verdict in row]
        pairs = [
            part for pair in zip(points, row, strict=True) for part in (pair[0], pair[1].status)
        ]
        student = submission.student
        arrival = results.arrivals.get(student)
        notes = "; ".join(notes_on(results, submission))
        late = arrival.days if arrival else None
        score = results.score(student)
        rows.append([results.shown(student), score, results.possible, *pairs, late, notes])
    empty = [None] * (2 * len(names) + 1)
    absent = [person.name for person in results.absent]
    rows += [[name, None, results.possible, *empty, "nothing was handed in"] for name in absent]
    return table(rows)


def notes_on(results, submission):
    """List what is to be known of a submission: a refusal, its lateness, doubts, remarks."""
    student = submission.student
    arrival = results.arrivals.get(student)
    doubts = {
        submission.refusal: submission.refusal,
        str(arrival): arrival and arrival.days,
        "not on the roster": student in results.unknown,
        "handed in more than once": any(student in names for names in results.twice),
    }
    return [*(note for note, holds in doubts.items() if holds), *submission.notes]


def score_of(results, person):
    """Return the score of a person of the roster; None where there is none, or more than one."""
    student = results.submitted(person)
    return None if student is None else results.score(student)


def canvas(results):
    """Write a gradebook for Canvas: its own columns up to Section, and one assignment.

    Without a roster the name of a submission is taken for the login of its student.
    """
    roster = results.roster
    if roster and roster.kind == "canvas":
        last = roster.head.index("Section") + 1
        head = roster.head[:last]
        people = [(person.cells[:last], score_of(results, person)) for person in roster.people]
    else:
        head = IDENTITY
        people = [(identity(name, person), score) for name, person, score in everybody(results)]
    possible = [POSSIBLE, *[""] * (len(head) - 1), results.possible]
    rows = [[*cells, score] for cells, score in people]
    return table([[*head, canvas_title(results)], possible, *rows])


def identity(name, person):
    """Return the five cells by which Canvas finds a student."""
    held = person.held if person else {"login": name}
    login = held.get("login") or held.get("email") or ""
    return (person.name if person else name, held.get("id", ""), held.get("number", ""), login, "")


def everybody(results):
    """Yield (name, person, score) of those on the roster, or of all students without one."""
    if results.roster:
        for person in results.roster.people:
            yield person.name, person, score_of(results, person)
        return
    for submission in results.submissions:
        yield submission.student, None, results.score(submission.student)


def canvas_title(results):
    """Return the head of the assignment: that of Canvas's own export, when it has the title."""
    titles = results.roster.titles if results.roster else ()
    same = [head for head in titles if head.rpartition(" (")[0] == results.title]
    return same[0] if len(same) == 1 else results.title


def moodle(results):
    """Write Moodle's grading worksheet with grades and feedback, all else as it was exported.

    Grades are scaled to Moodle's maximum. A student without a score keeps what stood there.
    """
    roster = results.roster if results.roster and results.roster.kind == "worksheet" else None
    head = roster.head if roster else WORKSHEET
    rows = [head]
    for name, person, score in everybody(results):
        row = dict(zip(head, person.cells, strict=True)) if roster else blank(results, name, person)
        if score is not None:
            row["Grade"] = scaled(score, results, row.get("Maximum grade", ""))
            if "Feedback comments" in row:
                row["Feedback comments"] = feedback(results, student_of(results, name, person))
        rows.append([*row.values()])
    return table(rows)


def blank(results, name, person):
    """Return a row without grade; a participant is known by the name of a submission."""
    student = student_of(results, name, person) or ""
    found = MOODLE.fullmatch(student) or PARTICIPANT.match(student)
    number = found and found[found.lastindex]
    held = person.held if person else {}
    known = {
        "Identifier": f"Participant {number}" if number else "",
        "Full name": found["name"] if found and not person and found.re is MOODLE else name,
        "Email address": held.get("email", ""),
        "Status": "Submitted for grading" if student else "No submission",
        "Maximum grade": results.possible,
        "Grade can be changed": "Yes",
        "Last modified (submission)": "-",
        "Last modified (grade)": "-",
    }
    return {head: known.get(head, "") for head in WORKSHEET}


def student_of(results, name, person):
    """Return the submission that a row is about."""
    return results.submitted(person) if person else name


def scaled(score, results, maximum):
    """Return a score out of Moodle's maximum, where one is stated."""
    try:
        most = float(str(maximum).replace(",", "."))
    except ValueError:
        return score
    return shortest(score * most / results.possible) if results.possible else score


def moodle_gradebook(results):
    """Write a table for Moodle's gradebook: it maps a column to its users, and one to a grade.

    Moodle refuses a whole file for one user whom it does not know, and takes an empty cell for
    a grade: rows are only written for people who are known and have a score.
    """
    title = results.title
    rows = [["Username", "ID number", "Email address", title, f"{title} (feedback)"]]
    for name, person, score in everybody(results):
        held = person.held if person else {"login": name}
        if score is not None:
            text = feedback(results, student_of(results, name, person))
            users = [held.get(what, "") for what in ("login", "number", "email")]
            rows.append([*users, score, text])
    return table(rows)


def feedback(results, student):
    """Say in one line what became of exercises that do not pass, as HTML without a tag."""
    arrival = results.arrivals.get(student)
    late = [str(arrival)] if arrival and arrival.days else []
    alike = {}
    for verdict in results.row(student):
        if verdict.status != "pass":
            alike.setdefault(f"{verdict.status}{reason(verdict)}", []).append(verdict.exercise)
    lines = [f"{', '.join(names)}: {what}" for what, names in alike.items()]
    return escape(" | ".join((*late, *(lines or ["every exercise passes"]))))


def reason(verdict):
    """Return the first thing said of an exercise that does not pass, and advice on it."""
    says = [*verdict.says[:1], *([verdict.advice] if verdict.advice else [])]
    return f" ({'; '.join(says)})" if says else ""


def names(rows):
    """Write which id stands for which submission, and for whom."""
    return table([("id", "submission", "name"), *sorted(rows)])
