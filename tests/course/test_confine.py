"""Confinement: what a locked process cannot do, and that a broken lock is noticed.

The lines of `REFUSED` are attacks. Each must raise, on every tier that is worth the name; and
each layer that is taken away on purpose must be missed by the self-test.
"""

import os
import platform
import re
import shutil
import signal
import statistics
import struct
import subprocess
import tempfile
from pathlib import Path

import pytest

from dlcore.course.exercises import topics
from dlcore.course.sandbox import canaries, confine, tiers
from tests.course.locked import alive, ending, endings, options, start, status, wait_for

LOCKED = [
    "T1",
    pytest.param("T2", marks=pytest.mark.skipif(not shutil.which("bwrap"), reason="no bwrap")),
]
pytestmark = pytest.mark.skipif(not confine.landlock_version(), reason="no Landlock")
REFUSED = {
    "fork": "os.fork()",
    "spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "exec": "os.execv(sys.executable, ['python', '-c', '1'])",
    "run a shell": "assert os.system('true') == 0",
    "start a thread": "threading.Thread(target=print).start()",
    "open a socket": "socket.socket()",
    "pair sockets": "socket.socketpair()",
    "read a password file": "open('/etc/passwd').read()",
    "read the grader's memory": "open(f'/proc/{os.getppid()}/mem', 'rb').read(1)",
    "read its own variables": "open('/proc/self/environ').read()",
    "list the root": "os.listdir('/')",
    "list the processes": "os.listdir('/proc')",
    "read the project": f"open({str(topics.ROOT / 'pyproject.toml')!r})",
    "read a solution": f"open({str(topics.ROOT / 'solutions/loss.py')!r})",
    "create a file": "open('/tmp/left', 'w')",
    "create a file in memory": "open('/dev/shm/left', 'w')",
    "append to a library": "open(os.__file__, 'a')",
    "empty a library": "os.open(os.__file__, os.O_RDONLY | os.O_TRUNC)",
    "truncate": "os.truncate(os.__file__, 0)",
    "make a folder": "os.mkdir('/tmp/left')",
    "make a pipe with a name": "os.mkfifo('/tmp/left')",
    "link": "os.link(os.__file__, '/tmp/left')",
    "point elsewhere": "os.symlink('/etc/passwd', '/tmp/left')",
    "rename": "os.rename(os.__file__, '/tmp/left')",
    "delete": "os.remove(os.__file__)",
    "change a mode": "os.chmod(os.__file__, 0o777)",
    "change an owner": "os.chown(os.__file__, 0, 0)",
    "change a date": "os.utime(os.__file__)",
    "change an attribute": "os.setxattr(os.__file__, 'user.x', b'')",
    "change the root": "os.chroot('/usr')",
    "map a file in memory": "os.memfd_create('left')",
    "share memory": "assert libc.shmget(0, 4096, 0o1600) >= 0",
    "share a queue": "assert libc.msgget(0, 0o1600) >= 0",
    "kill the parent": "os.kill(os.getppid(), signal.SIGKILL)",
    "kill everybody": "os.kill(-1, signal.SIGKILL)",
    "kill the group": "os.killpg(0, signal.SIGKILL)",
    "wake the parent": "os.kill(os.getppid(), 0)",
    "let the kernel send a signal": "fcntl.fcntl(1, fcntl.F_SETOWN, os.getppid())",
    "be told of a folder": "fcntl.fcntl(os.open(os.path.dirname(os.__file__), 0), 1026, 2)",
    "trace the parent": "assert libc.ptrace(0x4206, os.getppid(), 0, 0) >= 0",
    "be traced": "assert libc.ptrace(0, 0, 0, 0) >= 0",
    "hide its memory": "assert libc.prctl(4, 0, 0, 0, 0) >= 0",
    "ask about another's limits": "resource.prlimit(os.getppid(), resource.RLIMIT_CPU)",
    "raise a limit": "resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
    "lower a limit": "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))",
    "be root": "os.setuid(0)",
    "be polite": "os.nice(1)",
    "choose a processor": "os.sched_setaffinity(0, {0})",
    "mount": "assert libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) >= 0",
    "leave the namespaces": "assert libc.unshare(0x10000000) >= 0",
    "type into the terminal": "fcntl.ioctl(1, 0x5412, b'x')",
    "exhaust the memory": "bytearray(3 << 30)",
    "reserve the memory": "mmap.mmap(-1, 3 << 30)",
    "pin the memory": "assert libc.mlockall(3) >= 0",
    "exhaust the descriptors": "[os.dup(1) for _ in range(100)]",
    "watch the kernel": "system(x86 * 298 or 241, 0, 0, 0, 0, 0)",
    "program the kernel": "system(x86 * 321 or 280, 0, 0, 0)",
    "queue operations": "system(425, 8, 0)",
    "open by another way": "system(437, -100, 0, 0, 0)",
    "fork by another way": "system(435, 0, 0)",
    "take another's file": "system(438, 0, 0, 0)",
    "write another's memory": "system(x86 * 311 or 271, 1, 0, 0, 0, 0, 0)",
    "use old numbers": "system(0x40000000 + 39)",
}  # fmt: skip
GRANTED = {
    "import": "import wave, fractions; answer = fractions.Fraction(1, 2)",
    "arrays": "import numpy; answer = float(numpy.linalg.det(numpy.eye(3)))",
    "randomness": "import random; answer = len(os.urandom(4))",
    "time": "time.sleep(0.001); answer = time.time() > 0",
    "signals to itself": "os.kill(os.getpid(), signal.SIGCONT); answer = True",
    "its own limits": "answer = resource.getrlimit(resource.RLIMIT_CORE)",
    "printing": "print(end='', flush=True); answer = sys.stdout.isatty()",
}
EXPECTED = ["Fraction(1, 2)", "1.0", "4", "True", "True", "(0, 0)", "False"]


@pytest.fixture(scope="module", params=LOCKED)
def tier(request):
    """Each tier that confines."""
    return request.param


@pytest.fixture(scope="module")
def attacked(tier):
    """How every attack ends on a tier; what could take the process along comes last."""
    return dict(zip(REFUSED, endings(REFUSED.values(), tier), strict=True))


@pytest.mark.sandbox
@pytest.mark.parametrize("attack", REFUSED)
def test_a_locked_process_is_refused(attack, attacked):
    """It raises: by permission, by memory, or because there is no such thing to be seen."""
    assert attacked[attack] in (
        "PermissionError", "OSError", "FileNotFoundError", "MemoryError", "RuntimeError",
        "AssertionError", "ValueError",
    )  # fmt: skip


@pytest.mark.sandbox
def test_a_locked_process_computes(tier):
    """Libraries can be imported after the lock, numbers drawn, time told."""
    assert endings(GRANTED.values(), tier) == EXPECTED


@pytest.mark.sandbox
def test_a_locked_process_leaves_no_file(attacked):
    """What the attacks call `left` is nowhere."""
    assert attacked
    assert [path for path in ("/tmp/left", "/dev/shm/left") if Path(path).exists()] == []


@pytest.mark.sandbox
def test_the_kernel_agrees_that_the_process_is_locked():
    """Seen from outside: an ordinary user, a filter, no new privileges, at most one capability."""
    with start(["time.sleep(60)"]) as process:
        wait_for(lambda: status(process.pid)["Seccomp"] == "2")
        seen = status(process.pid)
        process.kill()
    assert "0" not in seen["Uid"].split()
    assert "0" not in seen["Gid"].split()
    assert (seen["NoNewPrivs"], seen["Threads"]) == ("1", "1")
    assert int(seen["CapEff"], 16) in (0, confine.READ_ANYWHERE)
    assert {int(seen[name], 16) for name in ("CapInh", "CapAmb")} == {0}


LAYERS = {
    "drop_root": {"root"},
    "limit": {"memory"},
    "landlock": {"program"},
    "seccomp": {"fork", "chmod", "shared memory", "thread"},
}


@pytest.fixture
def without(monkeypatch):
    """Take a layer away: the self-test attacks a copy of the lock that lacks it."""
    with tempfile.TemporaryDirectory() as folder:

        def remove(layer):
            Path(folder).chmod(0o755)
            for name in ("confine.py", "canaries.py"):
                shutil.copy(tiers.HERE / name, folder)
            with Path(folder, "confine.py").open("a") as file:
                file.write(f"\n\ndef {layer}(*_, **__):\n    pass\n")
            monkeypatch.setattr(tiers, "HERE", Path(folder))

        yield remove


@pytest.mark.sandbox
@pytest.mark.parametrize("layer", LAYERS)
def test_the_self_test_misses_a_layer(layer, tier, without):
    """Each layer is needed: some canary gets through as soon as it is gone."""
    if layer == "drop_root" and os.geteuid():
        layer = "limit"  # an ordinary user has no root to drop
    without(layer)
    assert LAYERS[layer] & set(tiers.self_test(tier)), "the layer is not needed"


@pytest.mark.sandbox
def test_a_lock_without_no_new_privs_does_not_close(without):
    """The kernel refuses the other layers, and the process never runs."""
    if status("self")["NoNewPrivs"] == "1":
        pytest.skip("this process has no privileges to give up")
    without("another")
    text = (tiers.HERE / "confine.py").read_text()
    broken = text.replace("LIBC.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)", "0")
    (tiers.HERE / "confine.py").write_text(broken)
    assert broken != text
    assert "Operation not permitted" in tiers.self_test("T1")[0]


OPENINGS = {
    "network": {"--unshare-net"},
    "processes": {"--unshare-pid"},
    "queues": {"--unshare-ipc"},
    "host name": {"--unshare-uts", "--hostname", "sandbox"},
}


@pytest.fixture
def bubblewrap():
    """The box of T2, where there is one."""
    if not shutil.which("bwrap"):
        pytest.skip("bubblewrap is not installed")


@pytest.mark.sandbox
@pytest.mark.parametrize("opening", OPENINGS)
def test_the_self_test_misses_a_namespace(opening, bubblewrap, monkeypatch):
    """Although the lock inside refuses the network, too, it is to be gone outside the lock."""
    wrap, gone = tiers.wrap, OPENINGS[opening]
    pruned = lambda argv, env: [word for word in wrap(argv, env) if word not in gone]
    monkeypatch.setattr(tiers, "wrap", pruned)
    assert "namespaces without the lock" in tiers.self_test("T2")


@pytest.mark.sandbox
@pytest.mark.parametrize("place", ["/dev", "/"])
def test_the_self_test_misses_a_folder_that_can_be_written(place, bubblewrap, monkeypatch):
    """The files of /dev/shm are memory that nobody counts; those of / are as well."""
    mounts = tiers.mounts

    def writable(script):
        words = mounts(script)
        at = words.index("--remount-ro") if place == "/dev" else len(words) - 2
        return words[:at] + words[at + 2 :]

    monkeypatch.setattr(tiers, "mounts", writable)
    assert "write without the lock" in tiers.self_test("T2")


@pytest.mark.sandbox
def test_the_self_test_misses_a_folder_that_can_be_read(bubblewrap, monkeypatch):
    """A box that shows the files of others is no box."""
    mounts = tiers.mounts
    shown = ["--ro-bind", "/etc", "/etc"]
    monkeypatch.setattr(tiers, "mounts", lambda script: [*shown, *mounts(script)])
    assert "read without the lock" in tiers.self_test("T2")


@pytest.mark.sandbox
def test_the_self_test_misses_an_environment_that_is_passed_on(bubblewrap, monkeypatch):
    """`bwrap --clearenv` alone still shows the grader's variables in /proc/1/environ."""
    popen = subprocess.Popen
    leaky = lambda argv, env, **rest: popen(argv, env=env | {"SECRET": "1"}, **rest)
    monkeypatch.setattr(tiers.subprocess, "Popen", leaky)
    assert "environment without the lock" in tiers.self_test("T2")


@pytest.mark.sandbox
def test_the_first_process_of_the_box_knows_no_variable(bubblewrap, monkeypatch):
    """The environment in which bubblewrap itself starts is empty."""
    monkeypatch.setenv("SECRET", "the key of the course")
    line = "answer = sorted(open('/proc/1/environ').read().split(chr(0)))"
    assert "SECRET" not in ending(line, "T2", lock=False)


@pytest.mark.sandbox
@pytest.mark.parametrize("place", ["/dev/shm", "/dev", "/tmp", "/", str(tiers.stdlib())])
def test_the_box_can_be_written_nowhere(place, bubblewrap):
    """Not even without the lock inside."""
    line = f"os.path.exists({place!r}) or open('/'); open({place!r} + '/left', 'w')"
    assert ending(line, "T2", lock=False) in ("OSError", "FileNotFoundError", "IsADirectoryError")


@pytest.mark.sandbox
def test_the_box_shows_no_other_process(bubblewrap):
    """The process, and bubblewrap's own."""
    line = "answer = [int(name) for name in os.listdir('/proc') if name.isdigit()]"
    assert ending(line, "T2", lock=False) == "[1, 2]"


@pytest.mark.sandbox
def test_another_program_of_the_name_is_found_out(tmp_path, monkeypatch):
    """`pip install bubblewrap` brings something else: to be installed is no evidence."""
    fake = tmp_path / "bwrap"
    fake.write_text('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert "network without the lock" in tiers.self_test("T2")


@pytest.mark.sandbox
def test_a_box_that_is_missing_is_refused(tmp_path, monkeypatch):
    """What cannot be started confines nobody."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "no program bwrap" in tiers.self_test("T2")[0]


@pytest.mark.sandbox
def test_the_tiers_hold(tier):
    """No canary gets through, on the machine that runs this test."""
    assert tiers.self_test(tier) == []


@pytest.mark.sandbox
def test_a_bare_process_does_not_hold():
    """The canaries do sing: on T0 they reach the network, other files and other processes."""
    assert {"network", "kill", "chmod", "exec"} <= set(tiers.self_test("T0"))


@pytest.mark.sandbox
def test_a_canary_that_says_nothing_got_through(monkeypatch):
    """The absence of an error is no evidence."""
    monkeypatch.setattr(canaries, "NAMES", (*canaries.NAMES, "another"))
    assert tiers.self_test("T1") == ["another"]


def holding(monkeypatch, *holds):
    """Pretend that some tiers pass their self-tests and the others do not."""
    monkeypatch.setattr(tiers, "tested", lambda tier: () if tier in holds else ("network",))


@pytest.mark.parametrize("holds", [("T1", "T2"), ("T1",), ("T2",)])
def test_the_highest_tier_that_holds_is_chosen(holds, monkeypatch):
    """T2 before T1."""
    holding(monkeypatch, *holds)
    assert tiers.choose("auto") == max(holds)


@pytest.mark.parametrize("isolation", ["auto", "T0", "T1", "T2"])
def test_a_tier_that_does_not_hold_is_refused(isolation, monkeypatch):
    """With the canaries that got through, and with what can be done about it."""
    holding(monkeypatch)
    with pytest.raises(tiers.IsolationError, match=f"isolation is {isolation}, but .* lets") as e:
        tiers.choose(isolation)
    assert tiers.REMEDIES["T2" if isolation == "auto" else isolation] in str(e.value)


def test_no_isolation_is_taken_only_when_it_is_accepted(monkeypatch):
    """T0 is never chosen by itself."""
    holding(monkeypatch)
    assert tiers.choose("auto", accept_none=True) == "T0"
    assert tiers.choose("T0", accept_none=True) == "T0"


def test_a_tier_has_a_name():
    """The error lists the tiers."""
    with pytest.raises(ValueError, match="isolation is docker, choose auto, T0, T1, T2"):
        tiers.choose("docker")


def test_nothing_of_the_project_can_be_read():
    """Neither dlcore nor solutions nor tests lie beneath a readable folder."""
    folders = [Path(path).resolve() for path in tiers.readable() if not path.endswith("/.")]
    assert not {topics.ROOT.resolve(), *topics.ROOT.resolve().parents} & set(folders)
    assert [path for path in folders if path.is_relative_to(topics.ROOT / "dlcore")] == []


@pytest.mark.skipif(not shutil.which("ldd"), reason="no loader that lists what it opens")
def test_of_the_system_only_shared_objects_are_shown():
    """Each is a file that the loader names; its folders are closed."""
    of_the_system = [Path(path) for path in tiers.loader()]
    assert all(path.is_file() for path in of_the_system)
    strange = [path for path in of_the_system if ".so" not in path.name]
    assert [str(path) for path in strange] in ([], [tiers.LOADER_CACHE])


def test_installed_packages_cannot_be_read(tmp_path, monkeypatch):
    """Of a folder beside the standard library only the libraries are shown."""
    for name in ("site-packages/dlcore", "email"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setattr(tiers, "stdlib", lambda: tmp_path)
    assert str(tmp_path / "email") in tiers.readable()
    assert str(tmp_path / "site-packages") not in tiers.readable()
    mounted = " ".join(tiers.mounts("/"))
    assert f"--tmpfs {tmp_path}/site-packages" in mounted
    assert f"--remount-ro {tmp_path}/site-packages" in mounted


@pytest.mark.sandbox
def test_every_right_of_the_kernel_is_handled():
    """13 rights on files at first; later versions add four, and two each on ports and scopes."""
    version = confine.landlock_version()
    files, *others = confine.known(*confine.known(*confine.known()))
    least = {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)
    assert files.bit_count() >= least
    assert len(others) == (version >= 4) + (version >= 6)
    assert all(mask.bit_count() >= 2 for mask in others)


HEADERS = {
    "x86_64": "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
    "aarch64": "/usr/include/asm-generic/unistd.h",
}


@pytest.mark.parametrize("machine", HEADERS)
def test_the_numbers_are_the_kernels(machine):
    """Compared with the headers of the kernel, where they are installed."""
    if not Path(HEADERS[machine]).exists():
        pytest.skip("the headers of the kernel are not installed")
    text = Path(HEADERS[machine]).read_text()
    theirs = {n: int(k) for n, k in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text)}
    theirs["newfstatat"] = theirs.get("newfstatat", theirs.get("fstatat"))
    ours = confine.numbers(confine.CALLS, machine) | confine.numbers(confine.GUARDED, machine)
    assert ours == {name: theirs[name] for name in ours}


def judge(program, number, arguments=(), architecture=None):
    """Run the filter on one system call, as the kernel would."""
    words = [number, architecture, 0, 0]
    words += [half for a in (*arguments, *[0] * 6) for half in (a % 2**32, a >> 32 & 0xFFFFFFFF)]
    at = loaded = 0
    while True:
        code, true, false, k = program[at]
        if code == confine.RETURN:
            return k
        if code == confine.LOAD:
            loaded, true, false = words[k // 4], 0, 0
        holds = loaded == k if code == confine.EQUAL else loaded & k
        at += 1 + (true if holds else false)


@pytest.mark.parametrize("machine", HEADERS)
def test_the_filter_allows_the_table_and_nothing_else(machine, monkeypatch):
    """For every number up to 600, on both machines; unknown machines are killed."""
    monkeypatch.setattr(platform, "machine", lambda: machine)
    program, mine = list(confine.program(pid=7)), confine.ARCHITECTURE[machine]
    table, guarded = (
        confine.numbers(confine.CALLS, machine),
        confine.numbers(confine.GUARDED, machine),
    )
    allowed = {n for n in range(600) if judge(program, n, (), mine) == confine.ALLOW}
    free = {guarded[name] for name in ("open", "openat", "fcntl", "prlimit64") if name in guarded}
    assert allowed == {*table.values()} | free
    assert judge(program, table["read"], (), 0x40000003) == confine.KILL


@pytest.mark.parametrize("pid", [1, 7, 65534, 2**22 - 1])
@pytest.mark.parametrize("machine", HEADERS)
def test_a_filter_that_waits_for_its_pid_is_the_filter_of_the_process(machine, pid, monkeypatch):
    """Joined by the pid, the pieces are every instruction of `program(pid)`, bit by bit."""
    monkeypatch.setattr(platform, "machine", lambda: machine)
    whole = b"".join(struct.pack("HBBI", *each) for each in confine.program(pid))
    assert struct.pack("I", pid).join(confine.assembled.__wrapped__()) == whole
    assert confine.SELF not in (pid, *(each[3] for each in confine.program(pid)))


GUARDS = {
    ("kill", (7, 9)): True,
    ("kill", (8, 9)): False,
    ("kill", (-1, 9)): False,
    ("kill", (0, 9)): False,
    ("tgkill", (7, 7, 6)): True,
    ("tgkill", (8, 8, 6)): False,
    ("openat", (-100, 0, os.O_RDONLY | os.O_CLOEXEC)): True,
    ("openat", (-100, 0, os.O_WRONLY)): False,
    ("openat", (-100, 0, os.O_RDWR)): False,
    ("openat", (-100, 0, os.O_RDONLY | os.O_CREAT)): False,
    ("openat", (-100, 0, os.O_RDONLY | os.O_TRUNC)): False,
    ("fcntl", (0, 1030)): True,
    ("fcntl", (0, 8)): False,
    ("prlimit64", (0, 7, 0, 5)): True,
    ("prlimit64", (7, 7, 0, 5)): False,
    ("prlimit64", (0, 7, 5, 5)): False,
    ("prlimit64", (0, 7, 5 << 32, 5)): False,
}


@pytest.mark.parametrize("machine", HEADERS)
@pytest.mark.parametrize(("name", "arguments"), GUARDS)
def test_the_arguments_decide(name, arguments, machine, monkeypatch):
    """A process opens to read, signals itself, asks for its own limits; all of a pointer counts."""
    monkeypatch.setattr(platform, "machine", lambda: machine)
    number = confine.numbers(confine.GUARDED, machine)[name]
    told = judge(list(confine.program(7)), number, arguments, confine.ARCHITECTURE[machine])
    assert (told == confine.ALLOW) == GUARDS[name, arguments]


COMPILED = """
import numpy, numba
compiled = numba.njit(lambda x: x.sum() + 1.0)
answer = float(compiled(numpy.ones(3)))
"""
PARALLEL = """
import numpy, numba
@numba.njit(parallel=True)
def total(x):
    y = 0.0
    for i in numba.prange(len(x)):
        y += x[i]
    return y
answer = float(total(numpy.ones(4)))
"""
PEAK = "answer = int(open('/proc/self/status').read().split('VmPeak:')[1].split()[0]) >> 10"


@pytest.mark.sandbox
@pytest.mark.parametrize("program", [COMPILED, PARALLEL])
def test_a_compiled_call_fits_into_the_lock(program, tier):
    """Numba compiles in memory: it needs no thread, no file and less than 2 GB of addresses."""
    without_scipy = "import sys, numpy, numba; sys.modules['scipy'] = None"  # which is not open
    assert ending(program, tier, first=without_scipy) == "4.0"


@pytest.mark.sandbox
def test_a_compiled_call_needs_little_room():
    """One thread takes 0.3 GB of addresses and sixteen 1.5 GB: the threads are pinned."""
    _, _, peak = endings([COMPILED, PARALLEL, PEAK], "T1", lock=False)
    assert int(peak) < tiers.MEMORY >> 21


@pytest.mark.sandbox
def test_the_address_space_is_bounded(tier):
    """Half of a small bound is there, twice of it is not."""
    lines = ["answer = len(bytearray(100 << 20)) >> 20", "bytearray(400 << 20)"]
    assert endings(lines, tier, memory=200 << 20) == ["100", "MemoryError"]


@pytest.mark.sandbox
def test_the_processor_time_is_bounded(tier):
    """A loop that ignores every signal ends all the same."""
    stubborn = "[signal.signal(n, signal.SIG_IGN) for n in (1, 2, 3, 15, 24)]\nwhile True: pass"
    with start([stubborn], tier, seconds=0) as process:
        assert process.communicate(timeout=30)[0] == b""
    assert process.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)


CHILD = """
import json, os, sys
told = json.loads(sys.argv[2])
sys.path[:] = told["paths"]
import confine, time
parent, child = os.getpid(), os.fork()
if child == 0:
    told["lines"] and os.kill(parent, 9)
    time.sleep(0.1)
    confine.lock(**told["lock"], parent=parent)
    print("locked", flush=True)
    time.sleep(60)
print(child, flush=True)
os.wait()
"""


@pytest.mark.sandbox
def test_a_worker_dies_with_its_parent():
    """`kill -9` of the process that forked it leaves nobody behind."""
    with start([], entry=CHILD) as process:
        child = int(process.stdout.readline())
        assert process.stdout.readline() == b"locked\n"
        assert alive(child)
        process.kill()
        wait_for(lambda: not alive(child))


@pytest.mark.sandbox
def test_a_worker_whose_parent_is_dead_already_never_starts():
    """Between the fork and the lock the parent may have been killed."""
    with start(["kill"], entry=CHILD) as process:
        assert b"locked" not in process.stdout.read()


TIMED = """
import json, os, sys
told = json.loads(sys.argv[2])
sys.path[:] = told["paths"]
import confine, time
if "prepare" in told["lines"]:
    confine.prepare(told["lock"]["tier"], tuple(told["lock"]["readable"]))
for _ in range(20):
    if os.fork() == 0:
        start = time.process_time()
        confine.lock(**told["lock"])
        print(1e3 * (time.process_time() - start), flush=True)
        os._exit(0)
    os.wait()
"""


def closing(*lines):
    """Measure how long a lock takes to close: the median of twenty, in processor time."""
    with start(lines, entry=TIMED) as process:
        times = [float(line) for line in process.stdout]
    assert len(times) == 20
    return statistics.median(times)


@pytest.mark.sandbox
def test_a_lock_closes_quickly():
    """Where the rules are prepared before the fork, in less than a quarter of the time."""
    assert closing("prepare") < closing() / 4


@pytest.mark.sandbox
def test_limits_bind_the_worker_of_a_grader_who_is_root():
    """RLIMIT_NPROC does nothing for root: on T0, too, a worker of root's is an ordinary user."""
    forked, user = endings(["os.fork()", "answer = 0 in os.getresuid()"], "T0")
    assert (forked, user) == ("BlockingIOError", "False")


def test_the_layers_are_described():
    """The module says in its table what `lock` does."""
    assert all(name in confine.__doc__ for name in ("Landlock", "seccomp", "limits", "ordinary"))
    assert options("T1")["tier"] == "T1"
