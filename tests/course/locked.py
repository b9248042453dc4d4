"""Run lines of Python inside a lock, and report how each of them ended."""

import json
import subprocess
import time
from pathlib import Path

from dlcore.course.sandbox import confine, tiers

ENTRY = """
import json, os, sys
told = json.loads(sys.argv[2])
sys.path[:] = told["paths"]
import confine
import ctypes, fcntl, mmap, resource, signal, socket, struct, threading, time
libc = ctypes.CDLL(None, use_errno=True)
x86 = os.uname().machine == "x86_64"
def system(number, *arguments):
    if libc.syscall(*map(ctypes.c_long, (number, *arguments))) < 0:
        raise OSError(ctypes.get_errno(), "refused")
exec(told["first"])
if told["lock"]:
    confine.lock(**told["lock"])
for line in told["lines"]:
    names = dict(globals())
    try:
        exec(line, names)
        print(json.dumps(repr(names.get("answer"))), flush=True)
    except BaseException as error:
        print(json.dumps(type(error).__name__), flush=True)
"""


def options(tier, **changes):
    """The arguments of `lock`, some of them changed."""
    bounds = {"seconds": 10, "memory": tiers.MEMORY, "readable": tiers.readable()}
    return {"tier": tier, "uid": confine.NOBODY, **bounds, **changes}


def start(lines, tier="T1", *, first="", lock=True, env=None, entry=ENTRY, **changes):
    """Start a process that runs `first`, locks itself and runs the lines; it answers by pipe."""
    inside = options(tier, **changes) if lock else None
    paths = [str(tiers.HERE), *tiers.paths()]
    told = json.dumps({"lock": inside, "paths": paths, "lines": [*lines], "first": first})
    code = ["-c", entry, str(tiers.HERE / "confine.py")]
    argv = [tiers.PYTHON, "-I", "-S", "-B", *code, told]
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return tiers.launch(tier, argv, env=env, **pipe)


def endings(lines, tier="T1", **changes):
    """Tell for each line the `answer` that it leaves, or the exception that it raises."""
    with start(lines, tier, **changes) as process:
        out, err = process.communicate(timeout=60)
    ends = [json.loads(line) for line in out.decode().splitlines()]
    assert len(ends) == len(lines), f"{ends[-1:]} and no more: {process.returncode} {err.decode()}"
    return ends


def ending(line, tier="T1", **changes):
    """Tell how a single line ends."""
    return endings([line], tier, **changes)[0]


def status(pid):
    """Read what the kernel says of a process, from outside; one that has gone has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {"State": "X (dead)", "Seccomp": "0"}
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def alive(pid):
    """Tell whether a process runs; one that has ended and waits to be noticed does not."""
    return status(pid)["State"][0] not in "XZ"


def wait_for(condition, seconds=60.0):
    """Return when a condition holds; fail when it does not come to hold."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
