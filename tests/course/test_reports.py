"""Reports say what happened, and whatever a student wrote stays text."""

import csv
import io
import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import openpyxl
import pytest

from dlcore.course.exercises.hints import hints_for
from dlcore.course.exercises.marks import exercises_of
from dlcore.course.grading.intake import Submission
from dlcore.course.grading.precheck import items
from dlcore.course.grading.reports import (
    feedback,
    gradescope,
    html,
    jsonl,
    junit,
    page,
    tables,
    write_reports,
)
from dlcore.course.grading.results import Results
from dlcore.course.grading.sanitize import one_line, sanitize
from dlcore.course.grading.verdict import STATUSES, read_verdict, verdict_on
from tests.site import test_site

browser = test_site.browser
EXERCISES = exercises_of("loss")[:3]
TABLES = (tables.scores, tables.canvas, tables.moodle, tables.moodle_gradebook)
POSSIBLE = sum(exercise.points for exercise in EXERCISES)
NASTY = (
    "=cmd|'/c calc'!A1", "+1", "-1", "@SUM(A1)", "\t=1", "\x1b[31mred\x1b]0;title\x07",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>",
    "half \ud800", "nul \0", "\x0b\x0c\x1f\x7f\x9b31m", "\ufffe\uffff\U0001ffff", "]]>", "&amp;",
    "right\u202eleft", "one\r\ntwo", "{{7*7}}", "\u2028line", "a" * 10_000,
    "a;=1+1", 'b;"=1+1"', "c\t@SUM(A1)", "d, -1", "e|\n+1", "＝1+1", "f;;'=1", '"=1+1"',
)  # fmt: skip


def class_of(**told):
    """Results of a class, each student's statuses told in the order of the exercises."""
    sent = [Submission(name, {"loss": b"x"}) for name in sorted(told)]
    found = {}
    for taken in sent:
        for item, status in zip(items(taken, EXERCISES), told[taken.student], strict=True):
            claim, says = "Rows sum to one", ("the value is 1, wanted 2",)
            who = (item.student, item.exercise)
            found[who] = verdict_on(item, status, *says, claim=claim, seconds=0.5)
    return Results(EXERCISES, sent, found, "T1", title="Homework 2")


@pytest.fixture
def small():
    """Two students: ada passes everything, eve fails one and is owed none."""
    return class_of(ada=["pass"] * 3, eve=["pass", "fail", "not attempted"])


@pytest.fixture
def owing():
    """The grader owes one verdict on eve."""
    return class_of(ada=["pass"] * 3, eve=["pass", "infra", "pass"])


@pytest.fixture(scope="module")
def nasty():
    """A class whose names, notes and messages are all hostile."""
    sent, found = [], {}
    for word in NASTY:
        taken = Submission(word, {"loss": b"x"}, [word], word)
        sent.append(taken)
        for item in items(taken, EXERCISES):
            found[word, item.exercise] = verdict_on(item, "fail", word, claim=word)
    return Results(EXERCISES, sent, found, "T1")


def all_feedback(results):
    """Join the pages of all students."""
    return "".join(page for _, page in feedback.pages(results))


def rows(text):
    """Read a table back, as a spreadsheet does that looks for the mark of UTF-8."""
    assert text.startswith(tables.MARK)
    return list(csv.reader(io.StringIO(text.removeprefix(tables.MARK), newline="")))


def strange(text):
    """Collect the characters of a text that no report may hold."""
    return re.findall("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202e]", text)


@pytest.mark.parametrize("word", NASTY)
def test_cleaned_text_is_printable(word):
    """What is left can be written in UTF-8, and is short."""
    text = sanitize(word)
    assert strange(text) == []
    assert len(text.encode("utf-8")) <= 3 * 2000
    assert "\n" not in one_line(word)


def test_cleaning_changes_no_honest_text():
    """Formulas, breaks and brackets stay."""
    text = "x̄ₙₖ = ∂L/∂xₙₖ\n\tnp.exp(scores)[0] <= 1 & 2 — ☃ 日本"
    assert sanitize(text) == text


@pytest.mark.parametrize("report", TABLES)
@pytest.mark.parametrize("separator", ",;\t|")
def test_no_cell_is_a_formula(nasty, report, separator):
    """Whatever character a spreadsheet splits lines at, no cell begins with = + - @."""
    text = report(nasty).removeprefix(tables.MARK)
    split = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    cells = [cell.lstrip(' "') for row in split for cell in row]
    assert [cell for cell in cells if cell[:1] in [*"=+-@＝＋－＠"] and cell != "-"] == []
    assert "'=cmd|'/c calc'!A1" in text


@pytest.mark.parametrize("report", [*TABLES, junit.report, page.report, jsonl.report, all_feedback])
def test_no_report_holds_a_strange_character(nasty, report):
    """Neither escape sequences nor halves of characters get through; each can be encoded."""
    text = report(nasty)
    assert strange(text) == []
    assert text.encode("utf-8")


def test_tables_agree_with_the_class(small):
    """One row for each student: points of each exercise, and their sum."""
    head, ada, eve = rows(tables.scores(small))
    assert head[:5] == ["student", "points", "of", EXERCISES[0].name, f"{EXERCISES[0].name} status"]
    assert ada[:3] == ["ada", str(POSSIBLE), str(POSSIBLE)]
    assert eve[:8] == ["eve", "2", str(POSSIBLE), "2", "pass", "0", "fail", "0"]


@pytest.mark.parametrize("table", TABLES)
def test_a_workbook_takes_every_cell_as_it_was_meant(table, small, nasty):
    """Saved as a workbook and opened again, no cell has become a formula, and none is lost."""
    for results in (small, nasty):
        workbook, file, told = openpyxl.Workbook(), io.BytesIO(), rows(table(results))
        for row in told:
            workbook.active.append(row)
        workbook.save(file)
        opened = [*openpyxl.load_workbook(file).active.iter_rows()]
        assert "f" not in {cell.data_type for row in opened for cell in row}
        assert [[cell.value or "" for cell in row] for row in opened] == told


def test_canvas_finds_its_columns(small):
    """The second row holds the points possible, the last column the scores."""
    head, possible, ada, _ = rows(tables.canvas(small))
    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Homework 2"]
    assert possible == ["Points Possible", "", "", "", "", str(POSSIBLE)]
    assert (ada[0], ada[3], ada[5]) == ("ada", "ada", str(POSSIBLE))


def test_moodle_gets_a_feedback(small):
    """One line says of each exercise that does not pass what became of it."""
    head, _, eve = rows(tables.moodle_gradebook(small))
    assert head[3:] == ["Homework 2", "Homework 2 (feedback)"]
    assert eve[:4] == ["eve", "", "", "2"]
    assert eve[4].startswith(f"{EXERCISES[1].name}: fail (the value is 1, wanted 2) | ")


def test_an_owed_score_is_an_empty_cell(owing):
    """Neither zero nor the sum of the others."""
    for report, column in ((tables.scores, 1), (tables.canvas, 5), (tables.moodle, 4)):
        assert rows(report(owing))[-1][column] == ""
    assert rows(tables.scores(owing))[-1][5] == ""
    assert [row[0] for row in rows(tables.moodle_gradebook(owing))] == ["Username", "ada"]


def test_lines_of_json_hold_every_verdict(small):
    """Each line read back is the verdict itself, in the order of students and exercises."""
    found = [read_verdict(text) for text in jsonl.report(small).splitlines()]
    assert found == list(small.verdicts.values())


def test_suites_count_their_cases(small):
    """JUnit's numbers: tests, failures, errors, skipped."""
    root = ElementTree.fromstring(junit.report(small))
    numbers = [
        [suite.get(name) for name in ("name", "tests", "failures", "errors", "skipped")]
        for suite in root
    ]
    assert numbers == [["ada", "3", "0", "0", "0"], ["eve", "3", "1", "0", "1"]]


def test_hostile_words_are_well_formed_xml(nasty):
    """A parser finds every case, and the words as text."""
    root = ElementTree.fromstring(junit.report(nasty))
    assert len(root.findall(".//testcase")) == len(NASTY) * len(EXERCISES)
    assert root.findall(".//script") == []


@pytest.mark.parametrize("status", STATUSES)
def test_only_a_pass_has_nothing_inside(status):
    """Failures, errors and skipped exercises are told apart; an owed verdict is an error."""
    root = ElementTree.fromstring(junit.report(class_of(eve=[status] * 3)))
    inside = [child.tag for case in root.iter("testcase") for child in case]
    assert (inside == []) == (status == "pass")


def test_gradescope_reads_scores_and_texts(small):
    """score is the sum over tests; every text is declared plain."""
    result = json.loads(gradescope.report(small, "eve"))
    assert result["score"] == sum(test["score"] for test in result["tests"]) == 2
    assert [test["max_score"] for test in result["tests"]] == [e.points for e in EXERCISES]
    assert {result[name] for name in gradescope.FORMATS} == {"text"}
    assert [test["status"] for test in result["tests"]] == ["passed", "failed", "failed"]


def test_an_owed_result_holds_no_score(owing):
    """Neither the total nor any test has one."""
    result = json.loads(gradescope.report(owing, "eve"))
    assert "score" not in result
    assert result["tests"] == []
    assert "not graded" in result["output"]


@pytest.mark.parametrize("report", [page.report, all_feedback])
def test_pages_escape_what_they_show(nasty, report):
    """Not one tag comes from a submission."""
    text = report(nasty).replace(f"<script>{html.SCRIPT}</script>", "")
    assert "<script" not in text
    assert "<img" not in text
    assert "<svg onload" not in text


def test_moodle_gets_no_html(nasty):
    """It shows feedback as HTML: no cell of a student's words holds a tag."""
    for table in (tables.moodle, tables.moodle_gradebook):
        assert [row[-1] for row in rows(table(nasty)) if re.search("[<>]", row[-1])] == []


@pytest.mark.parametrize(("script", "parts"), [(html.SCRIPT, 2), ("", 1)])
def test_pages_run_nothing_else(script, parts):
    """No source is allowed but one style, and the script of the report, each by its hash."""
    policy = re.search(r'content="([^"]*)"', html.head("Homework", script))[1]
    allowed = [part for part in policy.split("; ") if not part.endswith("'none'")]
    assert policy.startswith("default-src 'none'")
    assert len(allowed) == parts
    assert all(re.match(r"(style|script)-src 'sha256-", part) for part in allowed)


def test_the_page_is_well_formed_and_complete(small):
    """Every student has a row that leads to a page, every exercise its numbers."""
    text = page.report(small)
    assert re.findall(r'href="feedback/(\w+)\.html"', text) == ["ada", "eve"]
    assert text.count('<th scope="col" class="turned"') == len(EXERCISES)
    assert ">67%<" not in text
    assert ">50%<" in text


def test_feedback_says_what_helps(small):
    """The claim, what was said, advice on the known mistake, and the hints, folded."""
    verdicts = {who: replace(v, advice="Add <b>first</b>.") for who, v in small.verdicts.items()}
    pages = dict(feedback.pages(replace(small, verdicts=verdicts)))
    assert [*pages] == ["ada.html", "eve.html"]
    for words in ("Rows sum to one", "the value is 1, wanted 2", "2 of 6"):
        assert words in pages["eve.html"]
    assert "Likely cause: Add &lt;b&gt;first&lt;/b&gt;." in pages["eve.html"]
    assert html.text(hints_for("loss", EXERCISES[1].name)[0]) in pages["eve.html"]
    assert "What to look at" not in pages["ada.html"]


def test_files_of_feedback_do_not_meet():
    """Names that differ by case, lead elsewhere or are too long get a file of their own."""
    students = ["ada", "ADA", "..", "a/../b", "x" * 200, "x" * 201, "\ud800", "é.py"]
    names = feedback.file_names(students)
    assert len({name.casefold() for name in names.values()}) == len(students)
    assert all(len(name) < 120 and "/" not in name for name in names.values())
    assert [name for name in names.values() if name.startswith(".") or not name.strip(".")] == []


def test_partial_credit_is_counted():
    """Two of three tests of three points are two; the page shows them, the sum holds them."""
    part = replace(EXERCISES[0], partial=True, points=3)
    (item, *_) = items(Submission("eve", {"loss": b"x"}), [part])
    half = verdict_on(item, "fail", passed=2, tests=3)
    results = Results([part], [Submission("eve")], {("eve", part.name): half}, "T1")
    assert results.score("eve") == half.points == 2
    assert verdict_on(replace(item, points=1), "timeout", passed=2, tests=3).points == 0.67
    assert '<td class="part" data-s="fail">2</td>' in page.report(results)
    assert rows(tables.scores(results))[1][1:5] == ["2", "3", "2", "fail"]


def test_a_distribution_counts_every_score(small):
    """Σ counts = students with a score; a full score is in the last tenth."""
    assert sum(small.histogram()) == 2
    assert small.histogram()[-1] == 1


def test_a_share_leaves_out_what_is_owed(owing):
    """One of one judged passes, though two handed in."""
    assert owing.share(EXERCISES[1].name) == 1.0
    assert list(owing.scores()) == ["ada"]


def test_reports_are_written_whole(small, tmp_path):
    """Each by one rename: no part is left behind, and the same class gives the same bytes."""
    written = lambda: {path.relative_to(tmp_path).as_posix(): path.read_bytes()
                       for path in tmp_path.rglob("*") if path.is_file()}  # fmt: skip
    write_reports(small, tmp_path)
    first = written()
    (tmp_path / "feedback/of-another-class.html").write_text("")
    write_reports(small, tmp_path)
    assert written() == first
    assert sorted(first) == ["canvas.csv", "feedback/ada.html", "feedback/eve.html", "junit.xml",
                             "moodle-gradebook.csv", "moodle.csv", "report.html", "scores.csv",
                             "verdicts.jsonl"]  # fmt: skip


@pytest.mark.site
def test_a_browser_runs_nothing_of_the_page(nasty, tmp_path, browser):
    """Chromium opens no dialog, sends no request, and shows the style that is allowed."""
    write_reports(nasty, tmp_path)
    address = (tmp_path / "report.html").as_uri()
    with test_site.opened(browser, address) as tab:
        dialogs = []
        tab.on("dialog", lambda dialog: dialogs.append(dialog.message))
        tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        width = tab.evaluate("getComputedStyle(document.querySelector('main')).maxWidth")
    assert (tab.requests, tab.complaints, dialogs) == ([address], [], [])
    assert width == "1240px"


@pytest.mark.site
def test_a_report_of_thirty_exercises_fits(tmp_path, browser):
    """At 1280 pixels every column is seen; the head stays; a search leaves those that are meant."""
    many = exercises_of("loss", "linear", "conv", "optim")[:30]
    sent = [Submission(f"student-{number}") for number in range(60)]
    status = lambda item: "pass" if len(item.student) > 9 else "fail"
    found = {(item.student, item.exercise): verdict_on(item, status(item))
             for taken in sent for item in items(taken, many)}  # fmt: skip
    write_reports(Results(many, sent, found, "T1"), tmp_path)
    with test_site.opened(browser, (tmp_path / "report.html").as_uri()) as tab:
        tab.set_viewport_size({"width": 1280, "height": 900})
        right, wide = tab.evaluate(
            "[document.querySelector('#students').getBoundingClientRect().right,"
            " document.documentElement.scrollWidth]"
        )
        tab.select_option("#status", "fail")
        tab.fill("#name", "student-3")
        shown = tab.inner_text("#shown")
    assert right <= 1260
    assert wide == 1280
    assert shown == "1 of 60"
