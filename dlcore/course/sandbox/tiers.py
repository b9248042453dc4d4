"""Choose how strongly submissions are confined, and believe no tier that fails its test.

====  ==================================================================================
T2    bubblewrap: no network, no other process, only the readable folders; T1 inside
T1    Landlock, seccomp and limits; needs neither root nor namespaces nor a package
T0    a bare process with limits; it stops accidents, nobody else
====  ==================================================================================
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from dlcore.course.sandbox import canaries, confine

TIERS = ("T0", "T1", "T2")
HERE = Path(__file__).parent
MEMORY = 2 << 30  # bytes: a compiled call needs 316 MB of addresses with one thread
PYTHON = str(Path(getattr(sys, "_base_executable", sys.executable)).resolve())
LIBRARIES = ("numpy", "numba", "llvmlite")
LOADER = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")
LOADER_CACHE = "/etc/ld.so.cache"
SHARED = re.compile(r"^\s+(?:\S+ => )?(/\S+) \(0x", re.MULTILINE)  # a line of `ldd`
UNUSED = ("_tkinter", "_curses", "_dbm", "_gdbm", "nis", "readline")  # what needs a terminal, …
FOREIGN = ("site-packages", "dist-packages")
ONE_THREAD = {
    f"{name}_NUM_THREADS": "1" for name in ("NUMBA", "OMP", "OPENBLAS", "MKL", "VECLIB", "BLIS")
}
SPACES = ("pid", "net", "ipc", "uts")
OUTER = ("network", "read", "write", "truncate", "chmod", "environment", "namespaces")
REMEDIES = {
    "T2": "install the system's package bubblewrap (pip's is another thing), or choose T1",
    "T1": "use Linux 5.13 or later, or a container, with Landlock and seccomp",
    "T0": "it confines nobody: say --accept-no-isolation if that is meant",
}


class IsolationError(RuntimeError):
    """No tier that would do holds on this machine."""


def stdlib():
    """Return the folder of the standard library."""
    return Path(sysconfig.get_path("stdlib"))


def packages():
    """List the folders of the libraries, each with the shared objects that it brings."""
    homes = [Path(find_spec(name).submodule_search_locations[0]) for name in LIBRARIES]
    extra = [home.with_name(f"{home.name}.libs") for home in homes]
    return [str(path) for path in (*homes, *extra) if path.exists()]


@cache
def loader():
    """List the shared objects of the system that Python and the libraries are linked to.

    The loader itself names them; where it cannot, its folders are listed instead.
    """
    own = sorted(Path(sys.base_prefix, "lib").glob("*.so*"))
    standard = [
        path
        for path in sorted((stdlib() / "lib-dynload").glob("*.so"))
        if not path.name.startswith(UNUSED)
    ]
    extra = [path for package in packages() for path in sorted(Path(package).rglob("*.so*"))]
    needed = linked([PYTHON, *map(str, [*standard, *extra])]) or list(LOADER)
    paths = dict.fromkeys([*needed, LOADER_CACHE, *map(str, own)])
    return [path for path in paths if Path(path).exists()]


def linked(programs):
    """List what the loader finds for some programs, beside what the libraries bring along."""
    if not shutil.which("ldd"):
        return []
    printed = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=False).stdout
    found = dict.fromkeys(SHARED.findall(printed))
    return [path for path in found if not path.startswith(tuple(packages()))]


def readable():
    """List what a locked process may read: no installed package but the libraries."""
    standard = [str(path) for path in sorted(stdlib().iterdir()) if path.name not in FOREIGN]
    return (f"{stdlib()}/.", *standard, *packages(), *loader())


def paths():
    """List where the process in the sandbox finds its modules, for its ``sys.path``."""
    homes = dict.fromkeys(str(Path(package).parent) for package in packages())
    return [str(stdlib()), str(stdlib() / "lib-dynload"), *homes]


def namespaces():
    """List the namespaces of T2; root keeps what it takes to become another user and to kill."""
    private = [f"--unshare-{name}" for name in ("pid", "net", "ipc", "uts", "cgroup-try")]
    if os.geteuid():
        return ["--unshare-user", *private, "--cap-drop", "ALL"]
    kept = ("SETUID", "SETGID", "KILL", "DAC_READ_SEARCH")
    return [*private, "--cap-drop", "ALL", *(f for k in kept for f in ("--cap-add", f"CAP_{k}"))]


def opened(paths):
    """List what makes the folders above `paths` in a box, so that any user can pass them."""
    above = sorted({str(folder) for path in paths for folder in Path(path).parents} - {"/"})
    return [word for folder in above for word in ("--perms", "0755", "--dir", folder)]


def bound(paths):
    """List what shows `paths` in a box, for reading."""
    return [word for path in paths for word in ("--ro-bind", path, path)]


def mounts(script):
    """List the folders of T2; whatever is not named does not exist, and nothing is writable."""
    hidden = [str(stdlib() / name) for name in FOREIGN if (stdlib() / name).exists()]
    first = [PYTHON, str(stdlib()), *loader()]
    last = [*packages(), script]
    cover = [word for path in hidden for word in ("--tmpfs", path)]
    system = ["--proc", "/proc", "--dev", "/dev"]
    closed = [word for path in ("/dev", *hidden, "/") for word in ("--remount-ro", path)]
    shown = [*bound(first), *cover, *bound(last)]
    return [*opened([*first, *last]), *shown, *system, *closed]


def wrap(argv, env):
    """Put bubblewrap before a command ``PYTHON … SCRIPT …``; its own environment stays empty."""
    folder = next(str(Path(word).parent) for word in argv if word.endswith(".py"))
    variables = [word for pair in env.items() for word in ("--setenv", *pair)]
    inside = ["--hostname", "sandbox", "--chdir", "/", "--clearenv", *variables]
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise FileNotFoundError("launch: tier is T2, but there is no program bwrap")
    return [bwrap, *namespaces(), *mounts(folder), *inside, "--", *argv]


def launch(tier, argv, *, pass_fds=(), env=None, **streams):
    """Start a trusted program that will lock its children; it sees of `env` what is given.

    `argv` begins with `PYTHON`, and its script lies in a folder that may be seen inside.
    """
    env = ONE_THREAD | (env or {})
    if tier == "T2":
        argv = wrap(argv, env)
        env = {}
    streams = {"stdin": subprocess.DEVNULL, "cwd": "/", **streams}
    return subprocess.Popen(
        argv, env=env, pass_fds=pass_fds, start_new_session=True, close_fds=True, **streams
    )


@contextmanager
def world(tier):
    """Make a small world to attack: an open port, a folder, a file of the locked user's own."""
    uid = confine.NOBODY
    memory = 1 << 30
    lock = {"tier": tier, "seconds": 10, "memory": memory, "readable": readable(), "uid": uid}
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        secret = Path(folder, "secret")
        own = Path(folder, "own")
        for path in (secret, own):
            path.write_text("a secret")
            path.chmod(0o666)
        Path(folder).chmod(0o777)
        if os.geteuid() == 0:
            os.chown(own, uid, uid)
        places = {"folder": folder, "secret": str(secret), "own": str(own), "paths": paths()}
        given = [*ONE_THREAD, "PWD", "LC_CTYPE"]  # bubblewrap and Python add one each
        facts = {"given": given, "memory": memory, "libraries": ["wave", "numpy"]}
        facts["spaces"] = {name: str(Path(f"/proc/self/ns/{name}").readlink()) for name in SPACES}
        yield {"port": server.getsockname()[1], **places, **facts, "lock": lock}


def attack(tier, world, locked):
    """Let the canaries loose, in the lock or outside it; return the names that got through."""
    target = json.dumps({**world, "locked": locked})
    argv = [PYTHON, "-I", "-S", "-B", str(HERE / "canaries.py"), target]
    with launch(tier, argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            out, err = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            return ["no answer"]
    first, _, rest = out.decode(errors="replace").partition("\n")
    if not first:
        return [(err.decode(errors="replace").splitlines() or ["no answer"])[-1]]
    through = json.loads(first) | {"exec": "exec" in rest}
    return [name for name in canaries.NAMES if through.get(name, True)]


def self_test(tier):
    """Attack a tier with canaries; return the names of those that got through.

    What bubblewrap is there for must hold without the lock inside it, too.
    """
    try:
        with world(tier) as target:
            through = attack(tier, target, locked=True)
            outer = attack(tier, target, locked=False) if tier == "T2" else []
    except OSError as error:
        return [str(error)]
    inner = [name for name in through if name != "namespaces"]
    unkept = [name for name in outer if name in OUTER or name not in canaries.NAMES]
    return [*inner, *(f"{name} without the lock" for name in unkept)]


@cache
def tested(tier):
    """Test a tier once in the life of this process."""
    return tuple(self_test(tier))


def choose(isolation, *, accept_none=False):
    """Return the tier that `isolation` names, or for "auto" the highest one, if it holds.

    T0 is returned only when the caller says that nothing is enough.
    """
    if isolation not in ("auto", *TIERS):
        raise ValueError(f"grade: isolation is {isolation}, choose auto, {', '.join(TIERS)}")
    faults = []
    for tier in TIERS[:0:-1] if isolation == "auto" else (isolation,):
        through = tested(tier) if tier != "T0" else ("everything",)
        if not through:
            return tier
        faults.append(f"{tier} lets through: {', '.join(through)} ({REMEDIES[tier]})")
    if accept_none:
        return "T0"
    raise IsolationError(f"grade: isolation is {isolation}, but {'; '.join(faults)}")
