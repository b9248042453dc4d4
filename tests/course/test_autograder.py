"""The autograder's zip, unpacked and called as Gradescope's documentation says."""

import json
import shutil
import stat
import subprocess
import sys
import zipfile

import pytest

from dlcore.course.exercises import topics
from dlcore.course.exercises.marks import exercises_of
from dlcore.course.grading import autograder
from tests.course.judges import TrustingJudge

KEY = b"a key of the course"
EXERCISES = exercises_of("loss")
POSSIBLE = sum(exercise.points for exercise in EXERCISES)


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """The zip for the chapter on losses."""
    folder = tmp_path_factory.mktemp("packed")
    (folder / "key").write_bytes(KEY + b"\n")
    autograder.pack(["loss"], folder / "key", folder / "autograder.zip")
    return folder / "autograder.zip"


@pytest.fixture
def home(packed, tmp_path):
    """The folders of a container: source/, submission/, results/, and the script beside them."""
    for name in ("source", "submission", "results"):
        (tmp_path / name).mkdir()
    subprocess.run(["unzip", "-q", packed, "-d", tmp_path / "source"], check=True)
    shutil.copy(tmp_path / "source/run_autograder", tmp_path)
    (tmp_path / "source/.venv").symlink_to(sys.prefix)  # what setup.sh makes
    return tmp_path


@pytest.fixture
def called(home):
    """Hand a file in and call the script; return its exit code, and the result."""

    def call(source):
        (home / "submission/loss.py").write_bytes(source)
        told = {"AUTOGRADER": str(home), "PATH": "/usr/bin:/bin"}
        done = subprocess.run([home / "run_autograder"], cwd=home, env=told, check=False)
        return done.returncode, json.loads((home / "results/results.json").read_text())

    return call


def read(path):
    """Read a file of the book."""
    return (topics.ROOT / path).read_bytes()


def test_both_scripts_lie_at_the_root(packed):
    """setup.sh and run_autograder, and both may be executed."""
    with zipfile.ZipFile(packed) as archive:
        modes = {info.filename: info.external_attr >> 16 for info in archive.infolist()}
    assert modes["setup.sh"] & modes["run_autograder"] & stat.S_IXUSR
    assert not modes[autograder.KEY] & (stat.S_IRGRP | stat.S_IROTH)


def test_no_solution_is_packed(packed):
    """Neither in a folder nor in what is carried: a student might find a way to read it."""
    with zipfile.ZipFile(packed) as archive:
        names = archive.namelist()
        told = json.loads(archive.read("exercises/release.json"))
    assert [name for name in names if "solution" in name or "wrong/" in name] == []
    assert list(told["cuts"]) == ["loss"]
    assert "BEGIN SOLUTION" not in told["cuts"]["loss"]


def test_the_same_course_is_the_same_zip(packed, tmp_path):
    """Byte by byte: two instructors can compare theirs."""
    autograder.pack(["loss"], packed.parent / "key", tmp_path / "again.zip")
    with zipfile.ZipFile(packed) as first, zipfile.ZipFile(tmp_path / "again.zip") as second:
        assert first.read("run_autograder") == second.read("run_autograder")
        assert [i.date_time for i in first.infolist()] == [i.date_time for i in second.infolist()]


@pytest.mark.parametrize("script", ["SETUP", "RUN"])
def test_the_scripts_are_shell(script):
    """A shell reads them without complaint."""
    subprocess.run(["sh", "-n"], input=getattr(autograder, script).encode(), check=True)


class Broken(TrustingJudge):
    """A judge that cannot be opened."""

    def __enter__(self):
        raise ValueError("job: no judge starts")


@pytest.fixture
def plan(clone):
    """The small book, with a plan and a key beside it, and a submission."""
    (clone / autograder.PLAN).write_text('{"exercises": ["sample-softmax", "sample-halves"]}')
    (clone / autograder.KEY).write_bytes(KEY)
    (clone / "submission").mkdir()
    (clone / "submission/sample.py").write_bytes(b"# softmax: pass\n# halves: infra\n")
    return clone


def result(home):
    """Read the result that was written."""
    return json.loads((home / "results/results.json").read_text())


def test_a_judge_that_fails_leaves_no_score(plan):
    """The file that was written first says: not graded. The reason is added."""
    with pytest.raises(ValueError, match="no judge starts"):
        autograder.run(plan, open_judge=Broken)
    assert "score" not in result(plan)
    assert result(plan)["output"] == "This submission is not graded: job: no judge starts."


def test_an_owed_verdict_leaves_no_score(plan):
    """A part of the points would be a wrong sum; the exit code is 1."""
    assert autograder.run(plan, open_judge=TrustingJudge) == 1
    assert "score" not in result(plan)


def test_a_result_is_there_before_the_first_test(plan):
    """Whatever kills the grader, the file is valid and holds no score."""
    seen = []

    class Watching(TrustingJudge):
        def __enter__(self):
            seen.append(result(plan))
            return self

    autograder.run(plan, open_judge=Watching)
    assert seen[0]["tests"] == []
    assert "has not finished" in seen[0]["output"]


@pytest.mark.sandbox
def test_a_right_answer_earns_its_points_there(called):
    """The solutions, handed in: every test passed, the full score."""
    code, found = called(read("solutions/loss.py"))
    assert code == 0
    assert found["score"] == POSSIBLE
    assert {test["status"] for test in found["tests"]} == {"passed"}


@pytest.mark.sandbox
def test_a_hole_earns_nothing_there(called):
    """The exercises as they are cut: not attempted."""
    code, found = called(read("exercises/loss.py"))
    assert (code, found["score"]) == (0, 0)
    assert {test["output"].partition("\n")[0] for test in found["tests"]} == {"not attempted"}


@pytest.mark.sandbox
def test_a_submission_finds_neither_key_nor_result_there(called, home):
    """It may try to write the full score, and to read the key: both are refused."""
    attack = f"""
import json, pathlib
def softmax(scores):
    try:
        raise RuntimeError(pathlib.Path({str(home / "source" / autograder.KEY)!r}).read_text())
    except OSError:
        pathlib.Path({str(home / "results/results.json")!r}).write_text('{{"score": 100}}')
"""
    code, found = called(attack.encode())
    assert (code, found["score"]) == (0, 0)
    assert KEY.decode() not in json.dumps(found)
