"""One page for each student: what became of each exercise, advice, and hints to unfold."""

import re
from hashlib import sha256

from dlcore.course.exercises.hints import hints_for
from dlcore.course.grading.reports.html import facts, foot, head, kind, says, text

PLAIN = re.compile(r"[\w@+-][\w .@+-]{0,99}")


def file_names(students):
    """Map each student to the name of a file; unusual names get one of their own.

    >>> file_names(["ada", "Ada", "../../x"])
    {'ada': 'ada.html', 'Ada': 'Ada-99a563ab.html', '../../x': 'x-9cdf6a50.html'}
    """
    taken = set()
    found = {}
    for student in students:
        name = student if PLAIN.fullmatch(student) else re.sub(r"[^\w@-]+", "", student)[:60]
        if name != student or name.casefold() in taken:
            name = f"{name}-{sha256(student.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
        taken.add(name.casefold())
        found[student] = f"{name}.html"
    return found


def pages(results):
    """Yield the name of a file and its page, for each student."""
    names = file_names([submission.student for submission in results.submissions])
    hints = {each.name: hints_for(each.topic, each.name) for each in results.exercises}
    for submission in results.submissions:
        yield names[submission.student], page(results, submission, hints)


def page(results, submission, hints):
    """Write the page of one student."""
    student = submission.student
    row = results.row(student)
    score = results.score(student)
    numbers = {
        "points": "owed by the grader" if score is None else f"{score} of {results.possible}",
        "exercises that pass": f"{sum(v.status == 'pass' for v in row)} of {len(row)}",
    }
    arrival = results.arrivals.get(student)
    remarks = [str(arrival)] if arrival else []
    remarks += filter(None, [submission.refusal, *submission.notes])
    notes = "".join(f"<li>{text(remark)}</li>" for remark in remarks)
    lines = "".join(line(verdict) for verdict in row)
    open_ones = "".join(section(v, hints[v.exercise]) for v in row if v.status != "pass")
    return (
        f"{head(f'{results.title}: {student}')}<h1>{text(results.title)}</h1>\n"
        f"<p>{text(results.shown(student))}</p>\n{facts(numbers)}"
        + (f"<ul>{notes}</ul>\n" if notes else "")
        + f'<table class="lines"><tbody>{lines}</tbody></table>\n'
        + (f"<h2>What to look at</h2>\n{open_ones}" if open_ones else "")
        + foot()
    )


def line(verdict):
    """Write the line of one exercise."""
    tests = f", {verdict.passed} of {verdict.tests} tests" if verdict.tests else ""
    return (
        f'<tr><th scope="row">{text(verdict.exercise)}</th>'
        f'<td class="{kind(verdict)}">{text(verdict.status)}{tests}</td>'
        f"<td>{verdict.points} of {verdict.possible}</td></tr>\n"
    )


def section(verdict, hints):
    """Write what helps with an exercise that does not pass."""
    likely = f'<p class="advice">Likely cause: {text(verdict.advice)}</p>' if verdict.advice else ""
    items = "".join(f"<li>{text(hint)}</li>" for hint in hints)
    folded = f"<details><summary>Hints</summary><ol>{items}</ol></details>" if hints else ""
    title = f'{text(verdict.exercise)} <b class="{kind(verdict)}">{text(verdict.status)}</b>'
    return f"<section><h3>{title}</h3>{says(verdict)}{likely}{folded}</section>\n"
