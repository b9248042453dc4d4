"""A class is graded once, completely, and for nothing but what it did."""

import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections import Counter
from dataclasses import replace
from functools import partial

import pytest

from dlcore.course.exercises import topics
from dlcore.course.exercises.marks import chosen, exercises_of
from dlcore.course.grading import batch, grade
from dlcore.course.grading.intake import Submission
from dlcore.course.grading.judge_process import JudgeProcessError, JudgeSettings
from dlcore.course.grading.precheck import items, precheck
from dlcore.course.grading.terms import Terms, default_title
from dlcore.course.grading.verdict import STATUSES, lasting, verdict_on
from tests.course.judges import TrustingJudge

KEY = b"a key of the course"
EXERCISES = exercises_of("loss")
ALL = b"".join(b"# %s: pass\n" % e.name.removeprefix("loss-").encode() for e in EXERCISES)
HALF = b"# softmax: pass\n# logsumexp: fail\n# hinge: timeout\n"
SETTINGS = JudgeSettings(("loss",), "T0", KEY.hex())


@pytest.fixture
def grading(tmp_path, monkeypatch):
    """A class of three: one passes, one half, one sent nothing of use."""
    monkeypatch.setenv("COLUMNS", "120")
    for name, source in {"ada/loss.py": ALL, "eve/loss.py": HALF, "mal/los.py": ALL}.items():
        (tmp_path / "class" / name).parent.mkdir(parents=True)
        (tmp_path / "class" / name).write_bytes(source)
    return grade.GradingRun(tmp_path / "class", EXERCISES, SETTINGS, tmp_path / "out")


@pytest.fixture
def run(grading):
    """Carry out the grading with judges that count what they are asked."""
    asked = []

    def carry_out(grading=grading, **options):
        asked.clear()
        code = grade.grade(grading, open_judge=partial(TrustingJudge, asked=asked), **options)
        with grading.journal() as journal:
            return code, asked.copy(), grade.WorkList(grading, journal).verdicts

    return carry_out


def file(grading, name):
    """Read a file that grading wrote."""
    return (grading.out / name).read_text(encoding="utf-8-sig")


def contents(folder):
    """Map the files in a folder, and in the folders in it, to what they hold."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_exercises_are_listed_in_the_order_of_the_tests():
    """Every scored test of a topic belongs to one of them."""
    names = [exercise.name for exercise in EXERCISES]
    assert names[:2] == ["loss-softmax", "loss-logsumexp"]
    assert chosen("loss") == EXERCISES
    assert [e.name for e in chosen("loss-hinge optim-momentum,")] == [
        "loss-hinge",
        "optim-momentum",
    ]


@pytest.mark.parametrize("words", ["los", "", "loss,loss-nothing"])
def test_an_unknown_exercise_is_refused(words):
    """The message lists the topics."""
    with pytest.raises(ValueError, match=r"grade: exercises is .*, choose topics of descent"):
        chosen(words)


def test_points_come_from_a_pass_alone():
    """No other status earns any."""
    (item, *_) = items(Submission("eve"), EXERCISES)
    points = {status: verdict_on(item, status).points for status in STATUSES}
    assert points == dict.fromkeys(STATUSES, 0) | {"pass": item.points}


# fmt: off
AT_SIGHT = {
    "missing": (None, "no exercises/loss.py was handed in"),
    "UTF-16": ("x = 1\n".encode("utf-16"), "it is written in UTF-16: save it as UTF-8"),
    "UTF-32": ("x = 1\n".encode("utf-32"), "it is written in UTF-32: save it as UTF-8"),
    "NUL": (b"x = 1\ny = \0\n", "line 2 holds a NUL byte"),
    "empty": (b"  \n\n", "it is empty: hand in the file that holds your answers"),
    "Latin-1": ("x = 1\n# é\n".encode("latin-1"), "line 2 is not in UTF-8"),
    "Klingon": (b"# coding: klingon\n", "line 1 or 2 names an encoding that is unknown"),
    "a mark and a word": (b"\xef\xbb\xbf# coding: latin-1\n", "line 1 or 2 names an encoding"),
}
# fmt: on


@pytest.mark.parametrize("case", AT_SIGHT)
def test_what_is_no_text_needs_no_judge(case):
    """It is an error, or missing, with advice: never a bare zero."""
    source, said = AT_SIGHT[case]
    submission = Submission("eve", {"loss": source} if source is not None else {})
    found = precheck(items(submission, EXERCISES)[0], submission)
    assert found.status == ("missing" if source is None else "error")
    assert said in found.says[0]


def test_other_encodings_are_left_to_the_judge():
    """Python knows how to read them."""
    submission = Submission("eve", {"loss": "# coding: latin-1\n# é\n".encode("latin-1")})
    assert precheck(items(submission, EXERCISES)[0], submission) is None


def test_every_exercise_of_every_student_has_a_verdict(run):
    """Three students, each with every exercise; the scores are the sums of the passes."""
    code, asked, found = run()
    counts = Counter((who[0], verdict.status) for who, verdict in found.items())
    assert code == 0
    assert len(found) == 3 * len(EXERCISES)
    assert {student for student, _ in asked} == {"ada", "eve"}
    assert counts["ada", "pass"] == counts["mal", "missing"] == len(EXERCISES)
    assert (counts["eve", "pass"], counts["eve", "fail"], counts["eve", "timeout"]) == (1, 1, 1)


def test_a_missing_file_names_the_one_that_is_near(run, grading):
    """Who sent Loss.py reads how it is to be called."""
    (grading.folder / "mal/los.py").rename(grading.folder / "mal/Loss.py")
    says = run()[2]["mal", "loss-softmax"].says
    assert says[1] == "Loss.py: not read, wanted exercises/loss.py"


def test_a_second_run_judges_nothing(run, grading):
    """Neither the journal nor a report changes by a byte."""
    run()
    before = contents(grading.out)
    assert run()[:2] == (0, [])
    assert contents(grading.out) == before


def test_half_a_journal_is_not_mixed_with_another_run(run, grading):
    """Without --resume it is refused; with it the rest is judged, and nothing else."""
    run()
    lines = file(grading, "journal.jsonl").splitlines(keepends=True)
    (grading.out / "journal.jsonl").write_text("".join(lines[:-4]))
    with pytest.raises(ValueError, match=r"holds .* of .* verdicts, go on with --resume or name"):
        run()
    assert len(run(resume=True)[1]) == 4


def test_a_changed_submission_is_judged_again(run, grading):
    """All its exercises are, and those of nobody else."""
    run()
    (grading.folder / "eve/loss.py").write_bytes(ALL)
    _, asked, found = run(resume=True)
    assert asked == [("eve", exercise.name) for exercise in EXERCISES]
    assert found["eve", "loss-hinge"].status == "pass"


def test_another_tier_or_key_is_another_journal(run, grading):
    """What was judged at T0 does not count at T1; what another key sealed does not count."""
    run()
    for change in ({"tier": "T1"}, {"key": b"another key".hex()}):
        other = replace(grading, settings=replace(SETTINGS, **change))
        with pytest.raises(ValueError, match="holds 0 of"):
            run(other)


def test_an_empty_class_is_refused(run, grading):
    """The folder that was named is probably the wrong one."""
    (grading.folder.parent / "empty").mkdir()
    with pytest.raises(ValueError, match="empty is empty, name the folder of the submissions"):
        run(replace(grading, folder=grading.folder.parent / "empty"))


def test_what_the_grader_fails_is_no_score(run, grading):
    """Exit code 3, an empty cell, and another attempt at the next call."""
    (grading.folder / "eve/loss.py").write_bytes(b"# softmax: infra\n")
    code, asked, _ = run()
    assert code == grade.OWED == 3
    assert Counter(asked)["eve", "loss-softmax"] == batch.TRIES
    assert "\neve,,,eve,,\n" in file(grading, "canvas.csv")
    assert run(resume=True)[1] == [("eve", "loss-softmax")] * batch.TRIES


class Mortal(TrustingJudge):
    """A judge that dies at every other item."""

    def judge(self, item):
        if self.asked.append(item) or len(self.asked) % 2:
            raise JudgeProcessError("the judging process ended with -9")
        return verdict_on(item, "pass")


def test_a_judge_that_dies_is_asked_again(grading):
    """Half of the calls fail, and no verdict is owed."""
    assert grade.grade(grading, open_judge=Mortal) == 0


def test_a_judge_that_cannot_be_hired_ends_the_batch():
    """The message comes through, and no thread is left."""

    def nobody():
        raise ValueError("job: no judge starts")

    before = threading.active_count()
    with pytest.raises(ValueError, match="no judge starts"):
        list(batch.judge_all(iter([batch.FileJob(())]), nobody, jobs=2))
    assert threading.active_count() == before


def test_a_file_that_hangs_when_loaded_hangs_once(run, grading):
    """The first exercise tells why, the others are blocked, also after a resume."""
    (grading.folder / "eve/loss.py").write_bytes(b"# import: timeout\n")
    _, asked, found = run()
    mine = [found["eve", exercise.name] for exercise in EXERCISES]
    assert [who for who, _ in asked].count("eve") == 1
    assert [verdict.status for verdict in mine] == ["timeout"] + ["blocked"] * (len(mine) - 1)
    assert mine[1].says == ("exercises/loss.py could not be loaded, see loss-softmax",)
    lines = file(grading, "journal.jsonl").splitlines(keepends=True)
    (grading.out / "journal.jsonl").write_text("".join(lines[:-3]))
    assert run(resume=True)[1:] == ([], found)


def test_several_judges_find_what_one_finds(run, grading, tmp_path):
    """Verdicts do not depend on who gives them, nor on the order of work."""
    one = run()[2]
    two = run(replace(grading, out=tmp_path / "two"), jobs=3)[2]
    assert {who: lasting(v) for who, v in one.items()} == {
        who: lasting(v) for who, v in two.items()
    }
    assert file(grading, "verdicts.jsonl") == (tmp_path / "two/verdicts.jsonl").read_text()


def test_a_replay_agrees_bit_by_bit(run, grading, capsys):
    """--explain prints the verdict, the line of the journal, and that they are the same."""
    run()
    assert grade.explain(grading, "eve", "loss-logsumexp", open_judge=TrustingJudge) == 0
    page = capsys.readouterr().out
    assert "eve  loss-logsumexp  fail" in page
    assert "the same, bit by bit" in page


def test_a_replay_that_differs_says_so(run, grading, capsys):
    """A verdict that cannot be repeated is worth a look: exit code 1."""
    run()
    doubting = lambda: Mortal(asked=[0])
    assert grade.explain(grading, "eve", "loss-logsumexp", open_judge=doubting) == 1
    assert "they differ" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("student", "exercise", "says"),
    [
        ("evee", "loss-hinge", "student is evee, choose one of ada, eve, mal"),
        ("eve", "loss-hing", "exercise is loss-hing, choose one of loss-softmax"),
        ("eve", "loss-hinge", "no verdict on eve, loss-hinge in .*, grade first"),
    ],
)
def test_what_cannot_be_explained_is_said(grading, student, exercise, says):
    """The message names what is missing."""
    with pytest.raises(ValueError, match=says):
        grade.explain(grading, student, exercise, open_judge=TrustingJudge)


def test_a_verdict_on_other_bytes_is_not_explained(run, grading):
    """The journal knows the student, but not this file."""
    run()
    (grading.folder / "eve/loss.py").write_bytes(ALL)
    with pytest.raises(ValueError, match="is on other bytes, tests, tier or environment"):
        grade.explain(grading, "eve", "loss-hinge", open_judge=TrustingJudge)


@pytest.mark.parametrize(("content", "says"), [(None, "is no file; make one"), (b"short", "16")])
def test_a_course_needs_a_key(tmp_path, content, says):
    """The message says how one is made, or how long it is."""
    if content:
        (tmp_path / "key").write_bytes(content)
    with pytest.raises(ValueError, match=f"grade: key-file .*{says}"):
        grade.grading_run(tmp_path, "loss", tmp_path / "key", "T0", True, tmp_path)


def test_practice_is_not_graded(clone, tmp_path):
    """An exercise of no points is left out; nothing but practice is refused."""
    tests = clone / "tests/test_sample.py"
    tests.write_text(tests.read_text().replace("points=1", "points=0"))
    (tmp_path / "key").write_bytes(KEY)
    words = (tmp_path / "key", "T0", True, tmp_path)
    assert [e.name for e in grade.grading_run(tmp_path, "sample", *words).exercises] == [
        "sample-softmax"
    ]
    with pytest.raises(ValueError, match="sample-halves, which is practice"):
        grade.grading_run(tmp_path, "sample-halves", *words)


def test_another_homework_does_not_take_the_folder_of_the_first(run, grading):
    """Neither by its title, nor by the title that its exercises make."""
    first = replace(grading, terms=Terms("Homework 1"))
    run(first)
    before = contents(grading.out)
    for title, exercises in (("Homework 2", EXERCISES), ("", EXERCISES[:2])):
        other = replace(grading, terms=Terms(title), exercises=exercises)
        with pytest.raises(ValueError, match="holds 'Homework 1', name another --out for"):
            run(other, resume=True)
    assert contents(grading.out) == before
    assert run(grading)[:2] == (0, [])  # the same exercises: the title is known


def test_a_title_names_the_column_everywhere(run, grading):
    """Of both gradebooks, and of every page; without one the exercises do."""
    run(replace(grading, terms=Terms("Homework 2")))
    assert file(grading, "canvas.csv").splitlines()[0].endswith(",Section,Homework 2")
    assert "Homework 2,Homework 2 (feedback)" in file(grading, "moodle-gradebook.csv")
    for name in ("report.html", "feedback/eve.html"):
        assert "<title>Homework 2" in file(grading, name)
    assert default_title(EXERCISES) == "loss"
    assert default_title(EXERCISES[:2]) == "loss-softmax, loss-logsumexp"


class Interrupted(TrustingJudge):
    """A judge that is busy until it is told to end, while somebody presses Ctrl-C."""

    ended = threading.Event()

    def judge(self, item):
        if item.student == "eve":
            signal.raise_signal(signal.SIGINT)
            assert self.ended.wait(60)
        return super().judge(item)

    def abort(self):
        self.ended.set()


@pytest.fixture
def interruptible():
    """Ctrl-C interrupts, although a shell that starts us in the background has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(os.name != "posix", reason="no signals here")
@pytest.mark.usefixtures("interruptible")
def test_an_interruption_is_answered_at_once(run, grading, capsys):
    """Nobody waits for a judge: where the journal is, how to go on, and then it does."""
    assert grade.grade(grading, open_judge=Interrupted) == grade.STOPPED == 130
    assert Interrupted.ended.is_set()
    said = capsys.readouterr().err
    count = len(file(grading, "journal.jsonl").splitlines())
    assert f"stopped; {count} verdicts are in {grading.out / 'journal.jsonl'}" in said
    assert "--resume goes on" in said
    assert len(run(resume=True)[2]) == 3 * len(EXERCISES)


def test_memory_does_not_grow_with_what_waits(grading):
    """Of 400 submissions of 100 KB each, no more are held than judges are at work."""
    for number in range(400):
        (grading.folder / f"student-{number}").mkdir()
        source = ALL + b"#" * 100_000
        (grading.folder / f"student-{number}/loss.py").write_bytes(source)
    few = replace(grading, exercises=EXERCISES[:1])
    tracemalloc.start()
    with few.journal() as journal:
        work = grade.WorkList(few, journal)
    for _ in batch.judge_all(work.files(), TrustingJudge, 2):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(work.pending) == 402
    assert peak < 10e6 < 400 * 100_000


def test_what_changes_while_it_waits_is_not_judged_by_halves(grading):
    """A file that became unreadable ends the run, with advice."""
    with grading.journal() as journal:
        work = grade.WorkList(grading, journal)
    (grading.folder / "ada/loss.py").write_bytes(b"")
    with pytest.raises(ValueError, match="ada changed meanwhile, go on with --resume"):
        list(work.files())


GRADER = """
import sys
from functools import partial
from pathlib import Path
from tests.course.judges import TrustingJudge
from tests.course.test_grade import EXERCISES, SETTINGS, grade
where = Path(sys.argv[1])
grading = grade.GradingRun(where / "class", EXERCISES, SETTINGS, where / "out")
grade.grade(grading, resume=True, open_judge=partial(TrustingJudge, delay=0.01))
"""


@pytest.fixture
def killed(grading, rng):
    """Grade in another process until so many verdicts are written, and a moment longer."""
    journal = grading.out / "journal.jsonl"

    def kill_after(count):
        command = [sys.executable, "-c", GRADER, str(grading.folder.parent)]
        with subprocess.Popen(command, cwd=topics.ROOT, stdout=subprocess.DEVNULL) as grader:
            while not journal.exists() or journal.read_bytes().count(b"\n") < count:
                time.sleep(0.002)
            time.sleep(rng.uniform(0.0, 0.02))
            grader.kill()
        return journal.read_bytes().count(b"\n")

    return kill_after


@pytest.mark.skipif(os.name != "posix", reason="no kill here")
def test_a_killed_batch_loses_one_item_at_most(run, grading, killed):
    """`kill -9` at four moments: every line is whole, the rest is judged once, and alike."""
    counts = [killed(count) for count in (1, 8, 12, 16)]
    assert counts == sorted(counts)
    _, asked, found = run(resume=True)
    assert (len(asked), len(found)) == (3 * len(EXERCISES) - counts[-1], 3 * len(EXERCISES))
    whole = run(replace(grading, out=grading.out / "again"))[2]
    assert {who: lasting(v) for who, v in whole.items()} == {
        w: lasting(v) for w, v in found.items()
    }
