"""Many machines judge as one does: a real scheduler, and two workers, one of them killed."""

import tracemalloc
from functools import partial

import pytest

from dlcore.course.exercises import topics
from dlcore.course.exercises.marks import exercises_of
from dlcore.course.grading import grade
from dlcore.course.grading.batch import FileJob
from dlcore.course.grading.cluster import judge_on_cluster
from dlcore.course.grading.judge_process import JudgeProcess, JudgeSettings
from dlcore.course.grading.verdict import Item, digest, lasting, verdict_on
from dlcore.train.cluster import AHEAD, connected

pytest.importorskip("distributed", reason="install the extra `cluster`")
pytestmark = pytest.mark.sandbox

SETTINGS = JudgeSettings(("loss",), "T1", b"a key of the course".hex())
EXERCISES = exercises_of("loss")
STUDENTS = [f"student-{number}" for number in range(6)]


@pytest.fixture
def grading(tmp_path):
    """A class of six: the solutions, the exercises as cut, and a file that does not compile."""
    sources = [
        (topics.ROOT / f"{name}/loss.py").read_bytes() for name in ("solutions", "exercises")
    ]
    for name, source in zip(STUDENTS, [*sources, b"def softmax(\n"] * 2, strict=True):
        (tmp_path / "class" / name).mkdir(parents=True)
        (tmp_path / "class" / name / "loss.py").write_bytes(source)
    return lambda name: grade.GradingRun(tmp_path / "class", EXERCISES, SETTINGS, tmp_path / name)


def records(grading):
    """The verdicts of a grading run, apart from times and hosts."""
    with grading.journal() as journal:
        verdicts = grade.WorkList(grading, journal).verdicts
    return {who: lasting(verdict) for who, verdict in verdicts.items()}


def killing(worker, address, files, *_):
    """Judge on a cluster, and kill a worker when the first file has been judged."""
    pairs = judge_on_cluster(partial(connected, address), SETTINGS, files)
    for count, pair in enumerate(pairs, 1):
        if count == len(EXERCISES):
            worker.kill()
        yield pair


def test_a_cluster_finds_what_one_machine_finds(dask_cluster, grading):
    """Though a worker dies half-way: the same records, each item once, nothing owed."""
    address, (first, _) = dask_cluster
    here, there = grading("here"), grading("there")
    assert grade.grade(here) == 0
    assert grade.grade(there, judge_files=partial(killing, first, address)) == 0
    assert first.wait() == -9
    assert records(there) == records(here)
    assert len((there.out / "journal.jsonl").read_bytes().splitlines()) == 6 * len(EXERCISES)


def test_a_cluster_is_given_no_more_than_it_is_busy_with(dask_cluster):
    """Of 300 files of 100 KB, a few a thread are on their way; the client holds no others."""
    taken, done, ahead = [], [], []

    def files():
        for number in range(300):
            taken.append(number)
            ahead.append(len(taken) - len(done))
            source = b"#" * 100_000
            item = Item(f"student-{number}", "loss", "loss-softmax", 2, source, digest(source))
            yield FileJob((item,), verdict_on(item, "timeout"))  # loading it took too long

    tracemalloc.start()
    for item, verdict in judge_on_cluster(partial(connected, dask_cluster[0]), SETTINGS, files()):
        assert (verdict.student, verdict.status) == (item.student, "blocked")
        done.append(item.student)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len({*done}) == 300
    assert max(ahead) <= 2 * AHEAD + 1
    assert peak < 10e6 < 300 * 100_000


def test_a_scheduler_that_is_not_there_is_an_error(grading):
    """Nothing is journaled, and the message names the address."""
    nowhere = partial(
        judge_on_cluster, partial(connected, "tcp://127.0.0.1:9", timeout=1), SETTINGS
    )
    with pytest.raises(OSError, match=r"127\.0\.0\.1:9"):
        grade.grade(grading("out"), judge_files=nowhere)


def test_two_jobs_find_what_one_finds(grading):
    """Each is a process with a judge of its own."""
    one, two = grading("one"), grading("two")
    assert grade.grade(one) == grade.grade(two, jobs=2) == 0
    assert records(one) == records(two)


def test_a_job_of_another_course_is_refused(monkeypatch):
    """Who would judge with other tests does not begin."""
    other = lambda settings: {"test_digests": {"loss": "other"}, "environment": "other"}
    monkeypatch.setattr(JudgeSettings, "digests", other)
    with JudgeProcess(SETTINGS) as job, pytest.raises(ValueError, match="job: the tests differ"):
        job.start()
