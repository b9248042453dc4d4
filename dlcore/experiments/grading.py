"""Grade hostile submissions, and record what became of each, per tier and user.

The submissions stand in ``tests/course/attacks/``, each under a line that says what it does
and what may become of it. They share a prelude: a right answer, a wrong one, and a way to go
on after an attack was refused.

``python -m dlcore.experiments.grading`` prints the table that ``dlcore reproduce attacks``
recorded; with a tier as its argument it grades there, as the user who calls it.
"""

import ctypes
import gc
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dlcore.course.exercises import topics
from dlcore.course.grading.judge import Judge
from dlcore.course.grading.verdict import Item, digest
from dlcore.course.sandbox import confine, tiers
from dlcore.experiments.experiment import experiment, record

HEAD = re.compile(r"^#: (.+?)(?: \[([\w-]+)\])?(?: \((\w+)-([\w-]+)\))? -> (.+)\n", re.MULTILINE)
PRELUDE = """\
import numpy as np

FOLDERS = [{root!r}]

def right(x, w, b):
    return x.reshape(len(x), -1) @ w + b

def wrong(x, w, b):
    return np.zeros((len(x), len(b)))

def attempt(*attacks):
    for attack in attacks:
        try:
            attack()
        except BaseException:
            continue

def run(path, name):
    names = {{}}
    exec(open(path).read(), names)
    return names[name]

def forge(tree, body=b""):
    import os, struct, sys
    frame = sys._getframe()
    while not {{"number", "operation"}} <= frame.f_locals.keys():
        frame = frame.f_back
    number, worker = frame.f_locals["number"], frame.f_locals["self"]
    message = struct.pack("<4sIIQ", b"dlw1", len(tree), len(body), number) + tree.encode() + body
    while message:
        message = message[os.write(worker.channel, message):]
    while True:
        pass

"""
ENDS = re.compile("not attempted|[a-z]+")
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
SWIFT, PATIENT = 0.5, 10.0  # seconds: for what may end in a timeout, and for the others
ADOPT_ORPHANS = 36  # prctl
PLACES = ("/", "/tmp", "/var/tmp", "/dev/shm", "/run", "/root", "/home")
LEFT = re.compile(r"left-dlcore-attack.*|results\.json|sitecustomize\.py|conftest\.py|left")
KEY = b"the key of a course that nobody takes"


class Attack(NamedTuple):
    """A hostile submission, and what may become of it."""

    theme: str
    name: str
    topic: str
    exercise: str
    source: bytes
    ends: frozenset

    @property
    def item(self):
        """What is judged."""
        return Item(
            student=self.name,
            topic=self.topic,
            exercise=self.exercise,
            points=2,
            source=self.source,
            digest=digest(self.source),
        )


def attacks():
    """Read every submission, theme by theme."""
    prelude = PRELUDE.format(root=str(topics.ROOT))
    found = []
    for path in sorted((topics.ROOT / "tests/course/attacks").glob("*.txt")):
        _, *parts = HEAD.split(path.read_text(encoding="utf-8"))
        for name, form, topic, label, ends, text in zip(*[iter(parts)] * 6, strict=True):
            asked = (topic, f"{topic}-{label}") if topic else ("linear", "linear-forward")
            source = encoded(text.strip("\n") + "\n", form, prelude)
            found.append(Attack(path.stem, name, *asked, source, frozenset(ENDS.findall(ends))))
    return found


def encoded(text, form, prelude):
    """Write a submission as its form wants it."""
    if form == "bare":
        return text.strip("\n").encode()
    text = prelude + text
    if form == "crlf":
        return text.replace("\n", "\r\n").encode()
    if form == "escapes":
        return text.encode().decode("unicode_escape").encode()
    return text.encode(form or "utf-8")


def grade(tier, wanted=None):
    """Grade attacks in this process; return the verdicts, and what the attacks leave behind."""
    LIBC.prctl(ADOPT_ORPHANS, 1, 0, 0, 0)
    chosen = [attack for attack in attacks() if wanted is None or attack.name in wanted]
    before = places()
    verdicts = {}
    memory = []
    late = [0.0]

    def report(verdict):
        verdicts[verdict.student] = [verdict.status, verdict.points, *verdict.says]
        memory.append(resident())
        late.append(verdict.seconds - seconds)

    for seconds in (PATIENT, SWIFT):
        items = [a.item for a in chosen if ("timeout" in a.ends) is (seconds == SWIFT)]
        Judge(["linear", "loss"], tier=tier, key=KEY, seconds=seconds).run(items, report)
    left = {"files": sorted(places() - before), "processes": children()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    return {"verdicts": verdicts, **left, "memory": memory, "peak": peak, "late": max(late)}


def places():
    """List what attacks would call their files, wherever they might be able to write."""
    folders = map(Path, (*PLACES, Path.cwd(), topics.ROOT, topics.ROOT / "tests"))
    readable = [folder for folder in folders if os.access(folder, os.R_OK | os.X_OK)]
    found = {str(path) for folder in readable for path in folder.iterdir() if LEFT.match(path.name)}
    shared = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return found | {f"shared memory {line.split()[1]}" for line in shared}


def children(patience=5.0):
    """Count the processes that this one started or adopted, and that do not end by themselves."""
    end = time.monotonic() + patience
    try:
        while time.monotonic() < end:
            os.waitpid(-1, os.WNOHANG)
            time.sleep(0.001)
    except ChildProcessError:
        return 0
    tasks = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return len(tasks.split())


def resident():
    """Return the memory that this process needs, in MB; what it has freed is given back first."""
    gc.collect()
    if hasattr(LIBC, "malloc_trim"):
        LIBC.malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") >> 20


def as_user(user, command):
    """Return a command that runs as root or as nobody, who then sees this project, too.

    The project and its interpreter may lie in root's home: an outer box opens the way to them.
    """
    if user == "root" or os.geteuid():
        return command
    roots = [str(Path(path).resolve()) for path in (topics.ROOT, sys.prefix, sys.base_prefix)]
    parents = {folder for path in roots for folder in Path(path).parents}
    closed = sorted(str(folder) for folder in parents if not folder.stat().st_mode & 1)
    words = [word for folder in closed[:1] for word in ("--tmpfs", folder)]
    words += [*tiers.opened(roots), *tiers.bound(roots)] if closed else []
    number = str(confine.NOBODY)
    drop = ["setpriv", "--reuid", number, "--regid", number, "--clear-groups"]
    return ["bwrap", "--dev-bind", "/", "/", *words, "--chdir", str(topics.ROOT), *drop, *command]


def graded(tier, user, wanted=()):
    """Grade attacks as a user, in a process of its own: those that are wanted, or every one."""
    program = [sys.executable, "-B", "-m", "dlcore.experiments.grading", tier, *wanted]
    command = as_user(user, program)
    with tempfile.TemporaryDirectory() as cache:
        Path(cache).chmod(0o777)
        env = {"PATH": os.environ["PATH"], "NUMBA_CACHE_DIR": cache}
        done = subprocess.run(command, cwd=topics.ROOT, env=env, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def users():
    """List the users as whom this process can grade."""
    return ("ordinary",) if os.geteuid() else ("root", "ordinary")


@experiment("attacks")
def resistance(_):
    """Grade hostile submissions on both tiers, as root and as an ordinary user."""
    chosen = attacks()
    runs = {f"{tier} {user}": graded(tier, user) for tier in tiers.TIERS[1:] for user in users()}
    right = {attack.name for attack in chosen if "pass" in attack.ends}
    verdicts = [(a, run["verdicts"][a.name]) for run in runs.values() for a in chosen]
    values = {
        "submissions": len(chosen),
        "as expected": sum(found[0] in attack.ends for attack, found in verdicts) / len(verdicts),
        "wrong ones paid": sum(found[1] > 0 and a.name not in right for a, found in verdicts),
        "processes left": sum(run["processes"] for run in runs.values()),
        "files left": sum(len(run["files"]) for run in runs.values()),
        "seconds beyond the limit, at most": max(run["late"] for run in runs.values()),
    }
    table = [
        [a.theme, a.name, *(run["verdicts"][a.name][0] for run in runs.values())] for a in chosen
    ]
    growth = {name: run["memory"][-1] - run["memory"][4] for name, run in runs.items()}
    return values, {"runs": list(runs), "table": table, "growth": growth}


def table():
    """Lay out the record: a line for each attack, a column for each tier and user."""
    history = record("attacks")["history"]
    table = Table(title="What becomes of hostile submissions")
    for head in ("theme", "attack", *history["runs"]):
        table.add_column(head)
    for row in history["table"]:
        table.add_row(*map(Text, row))
    return table


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(grade(sys.argv[1], sys.argv[2:] or None)))
    else:
        Console().print(table())
