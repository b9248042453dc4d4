"""Attack from inside a lock, and say which attacks got through.

Run as a file, with the world that is to be attacked as JSON: ``python -I -S canaries.py WORLD``.
A canary returns when it got through and raises when it was refused. What did not report at
all counts as got through: the absence of an error is no evidence.
"""

import _thread
import ctypes
import json
import mmap
import os
import signal
import socket
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

MEMFD = {"x86_64": 319, "aarch64": 279}
SEIZE, TRACEABLE = 0x4206, 4  # of ptrace and prctl
CREATE, REMOVE = 0o1600, 0  # of shmget and shmctl
libc = ctypes.CDLL(None, use_errno=True)


def refused(result):
    """Raise an OSError if a function of the C library says that it failed."""
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return result


def one_of(attack, targets):
    """Get through when the attack succeeds on one of its targets."""
    for target in targets:
        try:
            return attack(target)
        except OSError:
            continue
    raise PermissionError("refused")


def network(world):
    """Reach a port of this machine."""
    socket.create_connection(("127.0.0.1", world["port"]), timeout=1).close()


def fork(world):
    """Leave a child behind."""
    if os.fork() == 0:
        os._exit(0)


def thread(world):
    """Compute on a processor that was not given."""
    _thread.start_new_thread(int, ())


def read(world):
    """Open a file that anybody else may read."""
    one_of(lambda path: Path(path).read_bytes(), [world["secret"], "/etc/passwd"])


def program(world):
    """Read the program that locks this process up, which lies within its box."""
    Path(__file__).read_bytes()


def write(world):
    """Create a file where anybody else may."""
    folders = (world["folder"], "/dev/shm", "/dev", "/tmp", "/")
    one_of(lambda folder: Path(folder, "canary").touch(), folders)


def truncate(world):
    """Empty a file without writing to it."""
    os.truncate(world["own"], 0)


def chmod(world):
    """Change a file's rights, its times or its attributes, which Landlock does not see."""
    attacks = (
        lambda: Path(world["own"]).chmod(0o600),
        lambda: os.utime(world["own"]),
        lambda: os.setxattr(world["own"], "user.canary", b""),
    )
    one_of(lambda attack: attack(), attacks)


def kill(world):
    """Reach another process of the same user with a signal."""
    os.kill(world["victim"], signal.SIGCONT)


def ptrace(world):
    """Take hold of another process of the same user."""
    refused(libc.ptrace(SEIZE, world["victim"], 0, 0))


def environment(world):
    """See a variable of the grader's own environment."""
    places = [f"/proc/{pid}/environ" for pid in (1, os.getppid(), world["victim"], "self")]
    found = set(os.environ)
    for place in places:
        try:
            text = Path(place).read_bytes()
            found |= {os.fsdecode(line.partition(b"=")[0]) for line in text.split(b"\0") if line}
        except OSError:
            continue
    if found <= set(world["given"]):
        raise PermissionError("nothing but what was given")


def shared_memory(world):
    """Get memory that no limit counts."""
    attacks = (
        lambda: refused(libc.syscall(MEMFD[os.uname().machine], b"canary", 0)),
        lambda: libc.shmctl(refused(libc.shmget(0, 4096, CREATE)), REMOVE, None),
    )
    one_of(lambda attack: attack(), attacks)


def memory(world):
    """Map more memory than is allowed."""
    mmap.mmap(-1, 2 * world["memory"])


def namespaces(world):
    """Share the network, the processes or the shared memory of the grader."""
    one_of(lambda name: shared(name, world["spaces"][name]), world["spaces"])


def shared(name, theirs):
    """Raise an OSError if a namespace is one's own."""
    if str(Path(f"/proc/self/ns/{name}").readlink()) != theirs:
        raise PermissionError("a space of its own")


def root(world):
    """Be root."""
    if 0 not in os.getresuid():
        os.setuid(0)


def library(world):
    """Miss a library: a lock that keeps out what a submission may import does not hold."""
    try:
        for name in world["libraries"]:
            import_module(name)
    except ImportError:
        return
    raise PermissionError("every library is there")


CANARIES = (network, fork, thread, read, program, write, truncate, chmod, kill, ptrace, environment)
CANARIES += (shared_memory, memory, namespaces, root, library)
NAMES = (*(canary.__name__.replace("_", " ") for canary in CANARIES), "exec")


def gets_through(canary, world):
    """Tell whether an attack succeeds."""
    try:
        canary(world)
    except (OSError, RuntimeError, ValueError):
        return False
    return True


def victim(drop_root, uid):
    """Start a process of the user that is to be locked up; it ends with this one."""
    end, keep = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(keep)
        drop_root(uid)
        libc.prctl(TRACEABLE, 1, 0, 0, 0)  # as a process is that never was root
        os.read(end, 1)
        os._exit(0)
    return child


def attack(world):
    """Lock this process, try every canary, then try to become another program."""
    confine = import_module("confine")
    for name in world["libraries"]:
        find_spec(name)  # as in a process that has imported some of them
    world["victim"] = victim(confine.drop_root, world["lock"]["uid"])
    if world["locked"]:
        confine.lock(**world["lock"])
    through = {canary.__name__: gets_through(canary, world) for canary in CANARIES}
    print(json.dumps(through).replace("_", " "), flush=True)
    os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", "print('exec')"])


if __name__ == "__main__":
    target = json.loads(sys.argv[1])
    sys.path[:] = [str(Path(__file__).parent), *target["paths"]]
    attack(target)
