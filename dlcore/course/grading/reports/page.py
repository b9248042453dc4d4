"""The report of a class as one page: its numbers, its exercises, its students, and doubts.

Students can be searched by name, and by what became of an exercise. What was said to a student
stands on the student's own page, which the name leads to.
"""

from collections import Counter
from itertools import groupby
from statistics import median
from urllib.parse import quote

from dlcore.course.grading.reports import charts
from dlcore.course.grading.reports.feedback import file_names
from dlcore.course.grading.reports.html import SCRIPT, SIGNS, facts, foot, head, kind, text

FEEDBACK = "feedback"  # the folder of the students' pages


def report(results):
    """Write the page."""
    parts = [
        head(results.title, SCRIPT),
        overview(results),
        students(results),
        exercises(results),
        doubts(results),
        foot(SCRIPT),
    ]
    return "".join(parts)


def overview(results):
    """Write the numbers of the class, and draw its scores."""
    scores = list(results.scores().values())
    numbers = {
        "submissions": len(results.submissions),
        "exercises": len(results.exercises),
        "points possible": results.possible,
        "median": f"{median(scores):g}" if scores else "none",
        "isolation": results.tier,
    }
    if results.roster:
        numbers["on the roster"] = len(results.roster.people)
    owed = len(results.owed())
    warning = f'<p class="owed">{owed} verdicts are owed by the grader.</p>\n' if owed else ""
    due = f"<p>Deadline: {text(results.deadline)}.</p>\n" if results.deadline else ""
    chart = charts.distribution(results)
    return f"<h1>{text(results.title)}</h1>\n{facts(numbers)}{due}{warning}<h2>Scores</h2>{chart}\n"


def students(results):
    """Write the table of points: a row for each student, a narrow column for each exercise."""
    files = file_names([submission.student for submission in results.submissions])
    rows = "".join(row(results, each.student, files[each.student]) for each in results.submissions)
    legend = ", ".join(f"{SIGNS[status]} {status}" for status in results.statuses())
    return (
        f"<h2>Students</h2>\n{controls(results)}"
        f'<div class="wide tall"><table id="students">{table_head(results)}\n'
        f'<tbody>{rows}</tbody></table></div>\n<p class="quiet">{legend}</p>\n'
    )


def controls(results):
    """Write the fields that choose rows; without the script they do nothing."""
    names = "".join(f"<option>{text(each.name)}</option>" for each in results.exercises)
    statuses = "".join(f"<option>{text(each)}</option>" for each in results.statuses())
    late = "<option>late</option>" if results.deadline else ""
    return (
        '<form class="controls"><label>Name <input type="search" id="name"></label>'
        f'<label>Exercise <select id="exercise"><option value="">any</option>{names}'
        "</select></label>"
        '<label>Became of it <select id="status"><option value="">anything</option>'
        f'{statuses}{late}</select></label><output id="shown"></output></form>\n'
    )


def table_head(results):
    """Write two rows of heads: topics, and the exercises of each, turned by a right angle."""
    spans = [(topic, len([*group])) for topic, group in
             groupby(results.exercises, lambda exercise: exercise.topic)]  # fmt: skip
    over = "".join(f'<th scope="colgroup" colspan="{n}">{text(topic)}</th>' for topic, n in spans)
    names = "".join(
        f'<th scope="col" class="turned" title="{text(each.name)}">'
        f"<span>{text(each.name.removeprefix(f'{each.topic}-'))}</span></th>"
        for each in results.exercises
    )
    late = '<th scope="col" rowspan="2">late</th>' if results.deadline else ""
    return (
        '<thead><tr><th scope="col" rowspan="2"><button type="button">student</button></th>'
        '<th scope="col" rowspan="2"><button type="button">points</button></th>'
        f"{late}{over}</tr><tr>{names}</tr></thead>"
    )


def row(results, student, file):
    """Write the row of one student, whose name leads to the student's page."""
    score = results.score(student)
    arrival = results.arrivals.get(student)
    cells = "".join(
        f'<td class="{kind(verdict)}" data-s="{text(verdict.status)}">{sign(verdict)}</td>'
        for verdict in results.row(student)
    )
    late = f"<td>{arrival.days or ''}</td>" if arrival else ""
    link = f'<a href="{FEEDBACK}/{quote(file)}">{text(results.shown(student), 60)}</a>'
    points = "owed" if score is None else score
    return f'<tr><th scope="row">{link}</th><td>{points}</td>{late}{cells}</tr>\n'


def sign(verdict):
    """Write what became of an exercise in a sign; where credit is partial, the points."""
    part = verdict.points and verdict.status != "pass"
    return f"{verdict.points:g}" if part else SIGNS[verdict.status]


def exercises(results):
    """Write how each exercise went: who passes, what becomes of others, which test decides."""
    rows = "".join(exercise_row(results, exercise) for exercise in results.exercises)
    names = ("exercise", "points", "pass", "", "mean", "others", "refused most often", "seconds")
    heads = "".join(f'<th scope="col">{name}</th>' for name in names)
    return (
        '<h2>Exercises</h2>\n<div class="wide"><table class="lines">'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>{rows}</tbody></table></div>\n"
    )


def exercise_row(results, exercise):
    """Write the numbers of one exercise."""
    verdicts = [results.verdicts[each.student, exercise.name] for each in results.submissions]
    judged = [verdict for verdict in verdicts if verdict.status != "infra"]
    share = results.share(exercise.name)
    mean = sum(verdict.points for verdict in judged) / max(len(judged), 1)
    others = {name: n for name, n in results.statuses(exercise.name).items() if name != "pass"}
    rest = ", ".join(f"{count} {status}" for status, count in others.items())
    claims = Counter(
        verdict.claim for verdict in judged if verdict.claim and verdict.status != "pass"
    )
    most = "; ".join(f"{claim} ({count})" for claim, count in claims.most_common(1))
    seconds = median([verdict.seconds for verdict in verdicts]) if verdicts else 0.0
    return (
        f'<tr><th scope="row">{text(exercise.name)}</th><td>{exercise.points}</td>'
        f"<td>{share:.0%}</td><td>{charts.share(share)}</td><td>{mean:.2f}</td>"
        f'<td class="long">{text(rest)}</td><td class="long">{text(most, 120)}</td>'
        f"<td>{seconds:.2f}</td></tr>\n"
    )


def doubts(results):
    """List what a person should look at: the roster, late submissions, answers that are alike."""
    shown = results.shown
    lists = {
        "Handed in by nobody on the roster": map(shown, results.unknown),
        "On the roster, and nothing handed in": (person.name for person in results.absent),
        "Handed in more than once, and not in the gradebooks":
            (", ".join(map(shown, names)) for names in results.twice),
        "Late": (f"{shown(student)}: {arrival}" for student, arrival in results.arrivals.items()
                 if arrival.days),
        "Refused or remarked on": (f"{shown(each.student)}: {each.refusal or each.notes[0]}"
                                   for each in results.submissions if each.refusal or each.notes),
    }  # fmt: skip
    parts = [unfolding(title, [*items]) for title, items in lists.items()]
    pairs = [
        f"{shown(pair.first)}, {shown(pair.second)}: {pair.share:.0%} of {pair.topic}, "
        f"{', '.join(pair.exercises)}"
        for pair in results.similar
    ]
    alike = unfolding(
        "Answers that are alike",
        pairs,
        "A hint, and no verdict: the syntax trees agree when names and constants are left out, "
        "in stretches that few others have.",
    )
    return "".join((*parts, alike))


def unfolding(title, lines, remark=""):
    """Write a list to unfold, if there is anything in it."""
    if not lines:
        return ""
    items = "".join(f"<li>{text(line)}</li>" for line in lines)
    said = f"<p>{text(remark)}</p>" if remark else ""
    summary = f"<summary>{text(title)} <b>{len(lines)}</b></summary>"
    return f"<details>{summary}{said}<ul>{items}</ul></details>\n"
