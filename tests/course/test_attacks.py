"""Attacks: hostile submissions are graded as they deserve, and nothing of them remains.

The submissions and what may become of them stand in `tests/course/attacks/`. Each is graded as any
other submission is, on both tiers, as root and as an ordinary user. A sample is each eighth attack,
beginning with another one for each tier and user.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import unicodedata
from itertools import product

import psutil
import pytest

from dlcore.course.grading.judge import Judge
from dlcore.course.grading.verdict import STATUSES, Item, digest
from dlcore.course.sandbox import confine, tiers
from dlcore.experiments import grading
from tests.course.judges import verdicts
from tests.course.locked import alive, status, wait_for

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.skipif(not confine.landlock_version(), reason="no Landlock"),
]
ATTACKS = {attack.name: attack for attack in grading.attacks()}
RIGHT = "right, and locked up as it should be"
BOXED = pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")


def runs():
    """Yield a sample and the whole catalogue for each tier and user."""
    for first, (tier, user) in enumerate(product(tiers.TIERS[1:], grading.users())):
        marks = [BOXED] if (tier, user) != ("T1", "root") else []
        sample, catalogue = [*ATTACKS][first::8], [*ATTACKS]
        few, every = [*marks, pytest.mark.sample], [*marks, pytest.mark.catalogue]
        yield pytest.param((tier, user, sample), marks=few, id=f"{tier} {user} sample")
        yield pytest.param((tier, user, catalogue), marks=every, id=f"{tier} {user}")


@pytest.fixture(scope="module", params=list(runs()))
def run(request):
    """Attacks on one tier, as one user."""
    tier, user, names = request.param
    return {**grading.graded(tier, user, names), "names": names}


def test_every_attack_ends_as_it_should(run):
    """Each of them has one of the outcomes that stand above it."""
    ends = {name: told[0] for name, told in run["verdicts"].items()}
    wanted = {name: ATTACKS[name].ends for name in ends}
    assert {name: ends[name] for name in ends if ends[name] not in wanted[name]} == {}
    assert ends.keys() == {*run["names"]}


def test_no_attack_is_paid(run):
    """Points go to the right submissions among them, and to no other."""
    paid = {name for name, told in run["verdicts"].items() if told[1] > 0}
    assert paid == {name for name in run["names"] if "pass" in ATTACKS[name].ends}


def test_no_process_is_left(run):
    """The grader adopts whatever outlives its parent, and has no child in the end."""
    assert run["processes"] == 0


def test_no_file_is_left(run):
    """Nor memory that is shared, nor a result that the grader did not write."""
    assert run["files"] == []


def test_the_memory_of_the_grader_stays_flat(run):
    """All attacks together leave less behind than two answers of 64 MB, the largest there are."""
    assert run["memory"][-1] - run["memory"][0] < 2 * 64


def test_every_refusal_says_why(run):
    """There is no bare zero."""
    said = {name: says for name, (end, _, *says) in run["verdicts"].items() if end != "pass"}
    assert [name for name, says in said.items() if not any(says)] == []


def test_what_is_said_is_harmless_text(run):
    """No letter of it steers a terminal, turns the line around or cannot be encoded."""
    odd = lambda text: {unicodedata.category(letter) for letter in text} & {"Cc", "Cf", "Cs", "Co"}
    said = {name: " ".join(says) for name, (_, _, *says) in run["verdicts"].items()}
    assert {name: text for name, text in said.items() if odd(text)} == {}


def test_a_timeout_says_where(run):
    """A submission hangs while it is loaded, or in a call."""
    said = {name: told[-1] for name, told in run["verdicts"].items() if told[0] == "timeout"}
    for name, text in said.items():
        if name.startswith(("loops forever", "sleeps forever")):
            where = "at import" if "loaded" in name else "in a call"
            assert where in text, name


def test_the_attacks_are_many():
    """At least sixty, each with a name of its own and outcomes that exist."""
    assert len(grading.attacks()) == len(ATTACKS) >= 60
    assert {end for attack in ATTACKS.values() for end in attack.ends} <= {*STATUSES}


def descendants(pid):
    """List the processes that a process has started, and those that they have."""
    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def loops(pid):
    """Tell whether a worker is in its endless loop: it is locked up, and has run for 0.3 s."""
    try:
        return status(pid)["Seccomp"] == "2" and psutil.Process(pid).cpu_times().user > 0.3
    except psutil.NoSuchProcess:
        return False


ENDLESS = """
import sys
from dlcore.course.grading.judge import Judge
from dlcore.experiments import grading
(attack,) = [a for a in grading.attacks() if a.name == "ignores all signals and loops"]
Judge(["linear"], tier=sys.argv[1], key=b"key", seconds=100.0).run([attack.item], print)
"""


@pytest.mark.parametrize("tier", ["T1", pytest.param("T2", marks=BOXED)])
def test_nobody_outlives_a_grader_that_is_killed(tier):
    """`kill -9` of the grader ends the zygote, its box and a worker that ignores signals."""
    with subprocess.Popen([sys.executable, "-c", ENDLESS, tier], cwd=grading.topics.ROOT) as grader:
        wait_for(lambda: any(map(loops, descendants(grader.pid))))
        started = descendants(grader.pid)
        grader.send_signal(signal.SIGKILL)
    assert len(started) >= 2
    wait_for(lambda: not any(map(alive, started)))


@pytest.mark.parametrize("tier", ["T1", pytest.param("T2", marks=BOXED)])
def test_an_attack_on_the_memory_takes_it_once(tier):
    """256 MB that a submission made the tests compute are gone when the next one is judged."""
    greedy, memory = ATTACKS["a rule that keeps every array that it sees"].item, []
    judge = Judge(["linear", "loss"], tier=tier, key=b"key", seconds=1.0)
    items = 4 * (greedy, ATTACKS[RIGHT].item)
    judge.run(items, lambda verdict: memory.append(grading.resident()))
    assert memory[7] - memory[3] < 32


PATIENT = (
    grading.PRELUDE.format(root="/")
    + """
import time

calls = []

def linear(x, w, b):
    calls.append(time.process_time())
    while time.process_time() < calls[0] + 0.3:
        pass
    return right(x, w, b)
"""
)


def test_a_loaded_machine_causes_no_timeout():
    """0.3 s of work in a test are done within 1 s, although others hold every processor."""
    item = Item("ann", "linear", "linear-forward", 2, PATIENT.encode(), digest(PATIENT.encode()))
    loop = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(loop) for _ in range(4 * os.cpu_count())]
    try:
        judge = Judge(["linear"], tier="T1", key=b"key", seconds=1.0)
        assert [verdict.status for verdict in verdicts(judge, item)] == ["pass"]
    finally:
        for other in others:
            other.kill()
            other.wait()


@pytest.mark.parametrize("tier", ["T1", pytest.param("T2", marks=BOXED)])
def test_right_answers_pass_among_attacks(tier):
    """A crash, a lie and a refusal before it change nothing for the next submission."""
    names = ["segfault", "kills everyone", "writes noise to every descriptor", "fork bomb"]
    command = [sys.executable, "-m", "dlcore.experiments.grading", tier, *names, RIGHT]
    done = subprocess.run(command, cwd=grading.topics.ROOT, stdout=subprocess.PIPE, check=True)
    assert json.loads(done.stdout.splitlines()[-1])["verdicts"][RIGHT][0] == "pass"
