"""A class that nobody takes: right answers, wrong ones, hostile ones and broken archives.

Chapter: book/grading.md.
"""

import ast
import io
import resource
import tarfile
import tempfile
import time
import zipfile
from collections import Counter
from contextlib import redirect_stdout
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from dlcore.course.exercises import topics
from dlcore.course.exercises.marks import chosen
from dlcore.course.exercises.skeleton import cut
from dlcore.course.grading.cluster import judge_on_cluster
from dlcore.course.grading.grade import GradingRun, grade
from dlcore.course.grading.journal import Journal
from dlcore.course.grading.judge_process import JudgeSettings
from dlcore.course.grading.verdict import lasting
from dlcore.course.practice.reach import bound, used
from dlcore.experiments.experiment import experiment
from dlcore.experiments.grading import attacks
from dlcore.train.cluster import connected

KEY = bytes(range(32))
TOPICS = ("linear", "loss")
STUB = ast.parse("wrong = lambda *_: lambda function: function").body[0]
SHARES = {"right": 80, "wrong": 60, "untouched": 15, "hostile": 30, "broken": 15}


def graded_ones(names):
    """List the exercises that `names` choose and that are worth points."""
    return [exercise for exercise in chosen(",".join(names)) if exercise.points]


def solution(topic):
    """Read the book's answers to a topic."""
    return (topics.ROOT / f"solutions/{topic}.py").read_text(encoding="utf-8")


def wrong_ones():
    """Yield (exercise, files): one known wrong answer, and the right answers to the rest."""
    paid = [exercise.name for exercise in graded_ones(TOPICS)]
    for topic in TOPICS:
        tree = ast.parse((topics.ROOT / f"solutions/wrong/{topic}.py").read_text(encoding="utf-8"))
        marked = [node for node in tree.body if getattr(node, "decorator_list", [])]
        common = [node for node in tree.body if node not in marked and helps(node)]
        for node in marked:
            exercise = node.decorator_list.pop(0).args[0].value
            slip = ast.unparse(ast.Module([STUB, *needed(node, common), node], []))
            if exercise in paid:
                yield exercise, {**right(), topic: f"{solution(topic)}\n\n{slip}\n"}


def helps(node):
    """Tell whether a statement may stand in a submission: no import of the course, no call."""
    course = isinstance(node, ast.ImportFrom) and node.module.startswith("dlcore.course")
    return not course and not isinstance(node, ast.Expr)


def needed(node, statements):
    """List the statements whose names `node` uses, or another of these statements does."""
    found, names = [], used(node)
    for statement in reversed(statements):
        if bound(statement) & names:
            found.insert(0, statement)
            names |= used(statement)
    return found


def right():
    """Answer everything as the book does."""
    return {topic: solution(topic) for topic in TOPICS}


def hostile_ones():
    """List some attacks of every theme."""
    return attacks()[:: len(attacks()) // SHARES["hostile"]]


def broken_archives():
    """Yield archives that cannot be opened, or should not be."""
    bomb = io.BytesIO()
    climbing = io.BytesIO()
    linked = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("exercises/loss.py", b"\0" * 2**26)
    with zipfile.ZipFile(climbing, "w") as archive:
        archive.writestr("../../exercises/loss.py", solution("loss"))
    with tarfile.open(fileobj=linked, mode="w") as archive:
        link = tarfile.TarInfo("exercises/loss.py")
        link.type = tarfile.SYMTYPE
        link.linkname = "/etc/passwd"
        archive.addfile(link)
    yield from (("zip", bomb), ("zip", climbing), ("tar", linked))
    yield from (("zip", io.BytesIO(b"PK\3\4 and no more")), ("tar.gz", io.BytesIO(b"\x1f\x8b")))


def enrol(folder, shares=SHARES):
    """Fill a folder with submissions, each named by what its student is."""
    kinds = {
        "right": cycle([right()]),
        "wrong": cycle(files for _, files in wrong_ones()),
        "untouched": cycle([{topic: cut(topic) for topic in TOPICS}]),
        "hostile": cycle({attack.topic: attack.source} for attack in hostile_ones()),
    }
    for kind, source in kinds.items():
        for number, files in enumerate(islice(source, shares.get(kind, 0))):
            hand_in(folder / f"{kind}-{number:03}", files, packed=number % 3 == 1)
    for number, (ending, content) in enumerate(
        islice(cycle(broken_archives()), shares.get("broken", 0))
    ):
        (folder / f"broken-{number:03}.{ending}").write_bytes(content.getvalue())


def hand_in(place, files, *, packed):
    """Write the files of a student into a folder or, packed, into a zip."""
    as_bytes = lambda text: text.encode() if isinstance(text, str) else text
    if packed:
        with zipfile.ZipFile(place.with_suffix(".zip"), "w") as archive:
            for topic, text in files.items():
                archive.writestr(f"exercises/{topic}.py", as_bytes(text))
        return
    (place / "exercises").mkdir(parents=True)
    for topic, text in files.items():
        (place / f"exercises/{topic}.py").write_bytes(as_bytes(text))


def judge_settings(tier, seconds=10.0):
    """Return the settings of all these judges on a tier, with the seconds that an item has."""
    return JudgeSettings(TOPICS, tier, KEY.hex(), seconds)


def graded(folder, out, tier, jobs, exercises=TOPICS, seconds=10.0, **options):
    """Grade a folder; return the verdicts by student and exercise, and the seconds it took.

    The options are those of `grade`.
    """
    begun = time.perf_counter()
    settings = judge_settings(tier, seconds)
    grading = GradingRun(folder, graded_ones(exercises), settings, out)
    with redirect_stdout(io.StringIO()):
        grade(grading, jobs=jobs, **options)
    taken = time.perf_counter() - begun
    with Journal(out / "journal.jsonl", KEY) as journal:
        return {(v.student, v.exercise): v for v in journal.verdicts().values()}, taken


def overpaid(verdicts):
    """List the verdicts that pay for what is known to be wrong."""
    slips = list(islice(cycle(exercise for exercise, _ in wrong_ones()), SHARES["wrong"]))
    hostile = list(islice(cycle(hostile_ones()), SHARES["hostile"]))
    bad = {(f"wrong-{number:03}", exercise) for number, exercise in enumerate(slips)}
    bad |= {
        (f"hostile-{number:03}", attack.exercise)
        for number, attack in enumerate(hostile)
        if "pass" not in attack.ends
    }
    unearned = ("untouched", "broken")
    return [
        who
        for who, verdict in verdicts.items()
        if verdict.points and (who in bad or who[0].startswith(unearned))
    ]


@experiment("grading-class")
def grading_class(seed):
    """Grade a class of 200 on both tiers: right, wrong, hostile, and broken archives."""
    values = {"submissions": sum(SHARES.values())}
    history = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "class")
        tiers = {}
        folder.mkdir()
        enrol(folder)
        for tier in ("T1", "T2"):
            tiers[tier], values[f"seconds on {tier}"] = graded(folder, Path(scratch, tier), tier, 2)
            history[tier] = Counter(verdict.status for verdict in tiers[tier].values())
    paid = [verdict.points for (who, _), verdict in tiers["T2"].items() if who.startswith("right")]
    due = [verdict.possible for (who, _), verdict in tiers["T2"].items() if who.startswith("right")]
    same = (lasting(tiers["T1"][who]) == lasting(tiers["T2"][who]) for who in tiers["T1"])
    values["right ones paid"] = sum(paid) / sum(due)
    values["wrong ones paid"] = sum(len(overpaid(found)) for found in tiers.values())
    values["agreement of the tiers"] = float(np.mean(list(same)))
    return values, history


@experiment("grading-pace")
def grading_pace(seed):
    """Grade ten exercises: 100 submissions with one judge, the same with two, then 1,000."""
    exercises = [exercise.name for exercise in graded_ones(TOPICS)][:10]
    values = {}
    for students, jobs in ((100, 1), (100, 2), (1000, 2)):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch, "class")
            folder.mkdir()
            enrol(folder, {"right": 7 * students // 10, "wrong": 3 * students // 10})
            _, seconds = graded(folder, Path(scratch, "out"), "T2", jobs, exercises)
        values[f"seconds, {students} by {jobs}"] = seconds
        values[f"milliseconds an exercise, {students} by {jobs}"] = seconds / (students * 10) * 1000
    values["gain of two judges"] = values["seconds, 100 by 1"] / values["seconds, 100 by 2"]
    return values, {}


@experiment("grading-cluster")
def grading_cluster(seed):
    """Grade 10,000 submissions of one exercise through a Dask cluster of two workers."""
    from distributed import LocalCluster  # noqa: PLC0415  an extra, only needed here

    exercise = graded_ones(TOPICS)[0].name
    values = {}
    with LocalCluster(2, threads_per_worker=1, dashboard_address=None) as cluster:
        connect = partial(connected, cluster.scheduler_address)
        through = partial(judge_on_cluster, connect, judge_settings("T2"))
        for students in (1_000, 10_000):
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch, "class")
                folder.mkdir()
                enrol(folder, {"right": 7 * students // 10, "wrong": 3 * students // 10})
                verdicts, seconds = graded(
                    folder, Path(scratch, "out"), "T2", 1, [exercise], judge_files=through
                )
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            values[f"verdicts, {students}"] = len(verdicts)
            values[f"seconds, {students}"] = seconds
            values[f"MB at most in the client, {students}"] = most
    return values, {}
