"""Rosters, deadlines and names: what Canvas and Moodle export is read, and read back by them."""

import csv
import io
import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import partial

import pytest

from dlcore.course.exercises.marks import exercises_of
from dlcore.course.grading import grade
from dlcore.course.grading.anonymous import anonymous_id
from dlcore.course.grading.deadline import Deadline, arrivals, moment, read_deadline, share
from dlcore.course.grading.judge_process import JudgeSettings
from dlcore.course.grading.roster import read_roster
from dlcore.course.grading.terms import Terms, checked_title, read_terms
from tests.course.judges import TrustingJudge

KEY = b"a key of the course"
EXERCISES = exercises_of("loss")[:3]
POSSIBLE = sum(exercise.points for exercise in EXERCISES)
SETTINGS = JudgeSettings(("loss",), "T0", KEY.hex())
ALL = b"# softmax: pass\n# logsumexp: pass\n# cross-entropy: pass\n"
# As Canvas exports a gradebook: a row of posting policies, one of points, the test student last.
CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Homework 1 (501),Homework 2 (502),\
Current Score,Final Score
,,,,,Manual Posting,,,
    Points Possible,,,,,12,6,(read only),(read only)
"Lovelace, Ada",7101,u-1,ada@uni.edu,Lab A,11,,91.67,91.67
"Müller-Lüdenscheid, Åsa",7102,u-2,asa,Lab A and Lab B,9,,75,75
"=cmd, Eve",7103,u-3,eve,Lab B,,,0,0
"Student, Test",7199,,e0f1,Lab A,,,,
"""
# As Moodle exports the grading worksheet of an assignment.
WORKSHEET = """\
\ufeffIdentifier,"Full name","Email address",Status,Grade,"Maximum grade",\
"Grade can be changed","Last modified (submission)","Last modified (grade)","Feedback comments"
"Participant 901","Ada Lovelace",ada@uni.edu,"Submitted for grading",,100.00,Yes,\
"Sunday, 1 March 2026, 10:00 PM",-,
"Participant 902","Åsa Müller-Lüdenscheid",asa@uni.edu,"No submission",55.00,100.00,Yes,-,\
"Monday, 2 March 2026, 9:00 AM","<p>By hand,
in two lines.</p>"
"Participant 903","Eve Cmd",eve@uni.edu,"Submitted for grading",,100.00,Yes,-,-,
"""
PARTICIPANTS = """\
"First name";"Last name";"ID number";"Email address"
Ada;Lovelace;u-1;ada@uni.edu
Åsa;Müller-Lüdenscheid;u-2;asa@uni.edu
Eve;Cmd;u-3;eve@uni.edu
"""
EXPORTS = {"canvas": CANVAS, "worksheet": WORKSHEET, "list": PARTICIPANTS}


@pytest.fixture(params=EXPORTS)
def roster(request, tmp_path):
    """A roster, as one of the systems exports it."""
    return written(tmp_path, EXPORTS[request.param])


def written(folder, text):
    """Write a roster and read it."""
    (folder / "roster.csv").write_text(text, encoding="utf-8")
    return read_roster(folder / "roster.csv")


@pytest.fixture
def grading(tmp_path):
    """A class of two who are on the roster, and one who is not."""
    for name in ("ada@uni.edu", "eve", "zoe"):
        (tmp_path / "class" / name).mkdir(parents=True)
        (tmp_path / "class" / name / "loss.py").write_bytes(ALL if name != "eve" else ALL[:16])
    return grade.GradingRun(tmp_path / "class", EXERCISES, SETTINGS, tmp_path / "out")


def graded(grading, **terms):
    """Grade under some terms, and return the folder of the reports."""
    told = replace(grading, terms=Terms(**{"title": "Homework 2", **terms}))
    assert grade.grade(told, resume=True, open_judge=partial(TrustingJudge)) == 0
    return grading.out


def table(path):
    """Read a table back."""
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))


def test_each_export_is_known_by_its_heads(tmp_path):
    """Also behind a mark of UTF-8, and with semicolons; points and a test student are no people."""
    people = {kind: written(tmp_path, text) for kind, text in EXPORTS.items()}
    assert {kind: found.kind for kind, found in people.items()} == {kind: kind for kind in EXPORTS}
    assert [len(found.people) for found in people.values()] == [3, 3, 3]


@pytest.mark.parametrize("word", ["ada@uni.edu", "ADA@uni.edu", "ada", "Ada Lovelace",
                                  "Lovelace, Ada", "lovelace_ada", "Lovelace Ada"])  # fmt: skip
def test_a_submission_is_found_by_what_a_person_is_called(roster, word):
    """By email, login and name, in either order, whatever the case."""
    assert roster.match([word])[word] == roster.people[0]


@pytest.mark.parametrize(
    ("export", "word"),
    [
        (CANVAS, "7102"),
        (CANVAS, "u-2"),
        (CANVAS, "mullerludenscheidasa_7102_88123_homework"),
        (CANVAS, "mullerludenscheidasa_LATE_7102_88123_homework"),
        (WORKSHEET, "Åsa Müller-Lüdenscheid_902_assignsubmission_file_"),
        (WORKSHEET, "Participant_902_assignsubmission_file"),
        (WORKSHEET, "Participant 902"),
        (PARTICIPANTS, "Asa Muller Ludenscheid_17_assignsubmission_file_"),
    ],
)
def test_names_of_downloads_are_understood(tmp_path, export, word):
    """As Canvas and Moodle name the files, when all submissions are downloaded at once."""
    roster = written(tmp_path, export)
    assert roster.match([word])[word] == roster.people[1]


def test_a_name_that_two_people_have_is_nobodys(tmp_path):
    """Rather none than the wrong one; a login of one is no name of another."""
    text = "name,login\nAda Lovelace,ada1\nAda Lovelace,ada2\nada1,bob\n"
    roster = written(tmp_path, text)
    found = roster.match(["Ada Lovelace", "ada1", "ada2", "nobody"])
    assert [person and person.held["login"] for person in found.values()] == [
        None, "ada1", "ada2", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [("a,b\n1,2\n", "begins with a, b, give it one of id"), ("", "begins with nothing")],
)
def test_what_is_no_roster_is_refused(tmp_path, text, says):
    """The message names the columns that would do."""
    with pytest.raises(ValueError, match=says):
        written(tmp_path, text)


def test_canvas_gets_its_columns_back(grading, tmp_path):
    """All up to Section as exported, the assignment under its number, a blank for who is absent."""
    out = graded(grading, roster=written(tmp_path, CANVAS))
    head, possible, *rows = table(out / "canvas.csv")
    exported = list(csv.reader(CANVAS.splitlines()))
    assert head == [*exported[0][:5], "Homework 2 (502)"]
    assert possible == ["Points Possible", "", "", "", "", str(POSSIBLE)]
    assert [row[1:5] for row in rows] == [row[1:5] for row in exported[3:6]]
    assert [row[0] for row in rows] == ["Lovelace, Ada", "Müller-Lüdenscheid, Åsa", "'=cmd, Eve"]
    assert [row[5] for row in rows] == [str(POSSIBLE), "", str(EXERCISES[0].points)]


def test_moodle_gets_its_worksheet_back(grading, tmp_path):
    """Every cell as exported but grade and feedback, out of Moodle's maximum; blanks stay blank."""
    out = graded(grading, roster=written(tmp_path, WORKSHEET))
    exported = list(csv.reader(io.StringIO(WORKSHEET.removeprefix("\ufeff"), newline="")))
    found = table(out / "moodle.csv")
    changed = {(i, exported[0][j]) for i, row in enumerate(found) for j, cell in enumerate(row)
               if " ".join(exported[i][j].split()) != cell}  # fmt: skip
    assert changed == {(row, name) for row in (1, 3) for name in ("Grade", "Feedback comments")}
    assert (found[1][4], found[2][4]) == ("100", "55.00")
    assert float(found[3][4]) == round(100 * EXERCISES[0].points / POSSIBLE, 2)


def test_moodles_gradebook_holds_only_whom_it_knows(grading, tmp_path):
    """One user whom Moodle does not know would spoil the whole file; zoe is left out."""
    out = graded(grading, roster=written(tmp_path, PARTICIPANTS))
    head, *rows = table(out / "moodle-gradebook.csv")
    assert head == ["Username", "ID number", "Email address", "Homework 2", "Homework 2 (feedback)"]
    assert [row[1:4] for row in rows] == [
        ["u-1", "ada@uni.edu", str(POSSIBLE)],
        ["u-3", "eve@uni.edu", str(EXERCISES[0].points)],
    ]


def test_a_worksheet_is_made_of_moodles_own_names(grading):
    """Without a roster the participants are the names of a download."""
    (grading.folder / "zoe").rename(grading.folder / "Zoe X_77_assignsubmission_file_")
    rows = {row[1]: row for row in table(graded(grading) / "moodle.csv")}
    assert rows["Zoe X"][0] == "Participant 77"
    assert rows["Zoe X"][4:6] == [str(POSSIBLE)] * 2


def test_who_is_not_on_the_roster_and_who_is_absent_are_listed(grading, tmp_path, capsys):
    """On the terminal, in the table and on the page."""
    out = graded(grading, roster=written(tmp_path, CANVAS))
    told = capsys.readouterr().out
    page = (out / "report.html").read_text()
    assert "1 handed in by nobody on the roster: zoe" in told
    assert "on the roster without a submission: Müller-Lüdenscheid, Åsa" in " ".join(told.split())
    assert "nobody on the roster <b>1</b></summary><ul><li>zoe</li>" in page
    last = table(out / "scores.csv")[-1]
    assert (last[0], last[1], last[-1]) == ("Müller-Lüdenscheid, Åsa", "", "nothing was handed in")


def test_who_hands_in_twice_is_listed_and_gets_no_score(grading, tmp_path):
    """Nobody but a person can say which one counts."""
    (grading.folder / "Ada Lovelace").mkdir()
    (grading.folder / "Ada Lovelace/loss.py").write_bytes(ALL)
    out = graded(grading, roster=written(tmp_path, CANVAS))
    assert table(out / "canvas.csv")[2][5] == ""
    assert "handed in more than once" in table(out / "scores.csv")[1][-1]


RULES = [  # hours after the deadline; late days, penalty; the share that is kept
    (0, None, "", 1),
    (1, None, "", 1),  # named, and no more
    (1, 0, "", 0),
    (47, 2, "", 1),
    (48, 2, "", 1),
    (49, 2, "", 0),
    (1, None, "10%", Fraction(9, 10)),
    (25, None, "10%", Fraction(8, 10)),
    (25, 1, "12.5", Fraction(7, 8)),
    (24 * 30, None, "10%", 0),
]


@pytest.mark.parametrize(("hours", "late_days", "penalty", "kept"), RULES)
def test_a_deadline_has_one_of_three_rules(hours, late_days, penalty, kept):
    """Days that cost nothing, percents for a day, both, or names alone; a day begun is a day."""
    rule = read_deadline("2026-03-01 23:59 Europe/Berlin", late_days, penalty)
    days = rule.days(rule.moment + timedelta(hours=hours))
    assert rule.kept(days) == kept
    assert days == -(-hours // 24)


def test_a_moment_has_a_time_zone():
    """Its own, by offset or by name, or UTC; a date alone is the end of its day."""
    same = [moment(words) for words in ("2026-03-01 23:59+01:00", "2026-03-01T23:59:00 +01:00",
                                        "2026-03-01 23:59 Europe/Berlin", "2026-03-01 22:59 UTC",
                                        "2026-03-01 22:59", "2026-03-01T22:59Z")]  # fmt: skip
    assert {each.astimezone(UTC) for each in same} == {datetime(2026, 3, 1, 22, 59, tzinfo=UTC)}
    assert moment("2026-03-01").isoformat() == "2026-03-01T23:59:59+00:00"


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (("tomorrow",), "'tomorrow' is no moment"),
        (("2026-03-01 23:59 Europe/Berlyn",), "is no moment"),
        (("2026-02-30",), "is no moment"),
        (("2026-03-01", -1), "late-days is -1"),
        (("2026-03-01", None, "110%"), "penalty is 110%"),
        (("2026-03-01", None, "half"), "penalty is half"),
        (("", 2), "need a deadline"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(rule, says):
    """Before anything is judged."""
    with pytest.raises(ValueError, match=says):
        read_deadline(*rule)


def test_lateness_is_paid_for_everywhere(grading, tmp_path):
    """By the times of the files: in the gradebook, the table, the page and the feedback."""
    late = moment("2026-03-02 12:00").timestamp()
    for path in (grading.folder / "ada@uni.edu").rglob("*"):
        os.utime(path, (late, late))
    for path in (grading.folder / "zoe").rglob("*"):
        os.utime(path, (late - 86_400, late - 86_400))
    rule = Deadline(moment("2026-03-01 23:59"), penalty=share("10%"))
    out = graded(grading, roster=written(tmp_path, CANVAS), deadline=rule)
    assert float(table(out / "canvas.csv")[2][5]) == round(0.9 * POSSIBLE, 2)
    said = "1 day late: keeps 90 % of its points"
    assert said in table(out / "scores.csv")[1][-1]
    assert said in (out / "feedback/ada@uni.edu.html").read_text()
    assert "10 % of the points for each day late" in (out / "report.html").read_text()
    assert table(out / "scores.csv")[3][1] == str(POSSIBLE)  # zoe came in time


def test_times_may_come_from_a_table(grading, tmp_path):
    """Then nobody is left out of it; what the disk says does not count."""
    (tmp_path / "times.csv").write_text(
        "student,time\nada,2026-03-01 10:00\neve,2026-03-05 12:00\n"
    )
    rule = Deadline(moment("2026-03-01 23:59"), free=2)
    found = arrivals(rule, grading.folder, ["ada", "eve"], tmp_path / "times.csv")
    assert {name: (each.days, each.kept) for name, each in found.items()} == {
        "ada": (0, 1), "eve": (4, 0),
    }  # fmt: skip
    with pytest.raises(ValueError, match="has no line for zoe; add one for each"):
        arrivals(rule, grading.folder, ["ada", "zoe"], tmp_path / "times.csv")


def test_no_report_of_an_anonymous_class_holds_a_name(grading, tmp_path):
    """Ids in their place; one file says whose they are, and is gone when names are back."""
    (grading.folder / "eve/eve.zip").write_bytes(b"")  # it is remarked on by its name
    roster = written(tmp_path, CANVAS)
    out = graded(grading, roster=roster, anonymous=True)
    kept = {"names.csv", "journal.jsonl"}
    for path in (path for path in out.rglob("*") if path.is_file() and path.name not in kept):
        text = f"{path.name} {path.read_text(encoding='utf-8')}"
        assert re.findall(r"\b(?:ada|eve|zoe|Lovelace|7101)\b", text) == []
    ids = {row[1]: row[0] for row in table(out / "names.csv")}
    assert ids["ada@uni.edu"] == anonymous_id(KEY, "7101")
    assert (out / f"feedback/{ids['eve']}.html").exists()
    graded(grading, roster=roster)
    assert not (out / "names.csv").exists()
    assert not (out / f"feedback/{ids['eve']}.html").exists()


@pytest.mark.parametrize("title", ["Homework (2)", "Final Score", "My Current Grade"])
def test_a_title_that_canvas_reads_otherwise_is_refused(title):
    """A number in brackets is that of an assignment, and some words are columns of its own."""
    with pytest.raises(ValueError, match="which Canvas takes for a column of its own"):
        checked_title(title)


def test_a_title_may_be_the_head_of_canvas(tmp_path):
    """As it stands in the roster, with its number."""
    (tmp_path / "roster.csv").write_text(CANVAS)
    assert read_terms("Homework 2 (502)", tmp_path / "roster.csv").title == "Homework 2"
