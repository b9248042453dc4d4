"""Lock a process up: it keeps its memory and its pipes, and reaches nothing else.

The layers, in the order in which `lock` puts them on:

=============  ===============================================================
ordinary user  root becomes nobody, for whom limits are limits
no_new_privs   no program that is run can give rights back
limits         memory, processor time, open files; no file grows
Landlock       only the folders in `readable` can be opened, only for reading
seccomp        only the system calls in `CALLS` exist, some only for oneself
=============  ===============================================================

Nothing here imports dlcore: the file also works alone, beside the program that it confines.
"""

import ctypes
import os
import platform
import signal
import struct
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

try:
    import resource
except ImportError:  # Windows
    resource = None

NOBODY = 65534
LINUX = sys.platform == "linux"
LIBC = ctypes.CDLL(None, use_errno=True) if LINUX else None
KEEP_CAPABILITIES, NO_NEW_PRIVILEGES, PARENT_DEATH_SIGNAL, SECCOMP = 8, 38, 1, 22  # prctl
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
READ_FILE, READ_FOLDER, READ_ANYWHERE = 1 << 2, 1 << 3, 1 << 2  # the last is a capability
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
LOAD, EQUAL, ANY, RETURN = 0x20, 0x15, 0x45, 0x06  # instructions of the filter
ALLOW, KILL, REFUSE, NO_TERMINAL = 0x7FFF0000, 0x80000000, 0x50001, 0x50019  # and its answers
SELF = 0x7FFFFFFF  # the number of no process: it stands for one's own until that is known
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
# A system call that is allowed whatever its arguments: its number on x86-64 and on aarch64.
CALLS = """
read 0 63, write 1 64, close 3 57, stat 4 -, fstat 5 80, lstat 6 -, poll 7 -, lseek 8 62,
mmap 9 222, mprotect 10 226, munmap 11 215, brk 12 214, rt_sigaction 13 134, rt_sigprocmask 14 135,
rt_sigreturn 15 139, pread64 17 67, readv 19 65, writev 20 66, access 21 -, select 23 -,
sched_yield 24 124, mremap 25 216, mincore 27 232, madvise 28 233, dup 32 23, dup2 33 -, pause 34 -,
nanosleep 35 101, getitimer 36 102, alarm 37 -, setitimer 38 103, getpid 39 172, exit 60 93,
uname 63 160, getcwd 79 17, readlink 89 -, gettimeofday 96 169, getrlimit 97 163, getrusage 98 165,
sysinfo 99 179, times 100 153, getuid 102 174, getgid 104 176, geteuid 107 175, getegid 108 177,
getppid 110 173, getpgrp 111 -, getgroups 115 158, getresuid 118 148, getresgid 120 150,
getpgid 121 155, getsid 124 156, rt_sigpending 127 136, rt_sigtimedwait 128 137,
rt_sigsuspend 130 133, sigaltstack 131 132, gettid 186 178, time 201 -, futex 202 98,
sched_getaffinity 204 123, getdents64 217 61, set_tid_address 218 96, restart_syscall 219 128,
clock_gettime 228 113, clock_getres 229 114, clock_nanosleep 230 115, exit_group 231 94,
newfstatat 262 79, readlinkat 267 78, faccessat 269 48, pselect6 270 72, ppoll 271 73,
set_robust_list 273 99, get_robust_list 274 100, dup3 292 24, getcpu 309 168, getrandom 318 278,
membarrier 324 283, statx 332 291, rseq 334 293, faccessat2 439 439
"""
# A system call whose arguments decide: the numbers again.
GUARDED = """
open 2 -, ioctl 16 29, kill 62 129, fcntl 72 25, tgkill 234 131, openat 257 56, prlimit64 302 261
"""


def lock(*, tier, seconds, memory, readable, uid=NOBODY, parent=None):
    """Confine this process for good: call it in a fresh child, which has one thread.

    The processor time in `seconds` and the address space of `memory` bytes are bounded on every
    tier. From T1 on, files beneath `readable` can be read and all else is refused. The process
    dies with its parent; `parent` is the pid that it is known to have had.
    """
    rules, keep = prepare(tier, tuple(readable))
    with suppress(PermissionError):
        os.setsid()
    drop_root(uid, keep=keep)
    follow(parent)
    if LINUX:
        check(LIBC.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no_new_privs")
    limit(seconds, memory)
    if tier != "T0":
        landlock(rules)
        seccomp()


@cache
def prepare(tier, readable):
    """Do what takes time, once and before a fork: the rules, what they need, and the filter."""
    rules, _ = (ruleset(readable), assembled()) if tier != "T0" else (None, None)
    return rules, READ_ANYWHERE if LINUX and out_of_reach(readable) else 0


def check(result, layer):
    """Return what the kernel answered; raise an OSError that names the layer if it refused."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"lock: {layer}: {os.strerror(number)}")
    return result


def call(number, *arguments):
    """Make a system call for which the C library has no name."""
    return LIBC.syscall(*map(ctypes.c_long, (number, *arguments)))


def drop_root(uid, *, keep=0):
    """Become an ordinary user if root, with no capability but those in the mask `keep`."""
    if os.geteuid() != 0:
        return
    if keep:
        check(LIBC.prctl(KEEP_CAPABILITIES, 1, 0, 0, 0), "capabilities")
    os.setgroups([])
    os.setgid(uid)  # from root these set the real, the effective and the saved number alike
    os.setuid(uid)
    if keep:
        sets = struct.pack("6I", keep, keep, 0, 0, 0, 0)  # refused, what is closed stays closed
        LIBC.capset(struct.pack("Ii", 0x20080522, 0), sets)


def out_of_reach(readable):
    """Tell whether some of `readable` is closed to ordinary users, as in root's home it is."""
    folders = {folder for path in readable for folder in Path(path).parents}
    needs = [*((path, 0o4) for path in readable), *((folder, 0o1) for folder in folders)]
    return not all(Path(path).stat().st_mode & needed for path, needed in needs)


def follow(parent):
    """Die with the parent, also when it is dead already."""
    if LINUX:
        check(LIBC.prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0), "parent death signal")
    if parent is not None and os.getppid() != parent:
        os._exit(1)


def limit(seconds, memory):
    """Bound what the process takes from its machine, as far as the system has the limits."""
    bounds = {"AS": memory, "CPU": int(seconds) + 1, "NOFILE": 64}
    nothing = dict.fromkeys(("FSIZE", "NPROC", "CORE", "MEMLOCK", "MSGQUEUE"), 0)
    for name, bound in {**bounds, **nothing}.items():
        with suppress(AttributeError, ValueError):
            kind = getattr(resource, f"RLIMIT_{name}")
            hard = resource.getrlimit(kind)[1]
            least = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
            resource.setrlimit(kind, (least, least))


def landlock_version():
    """Return the version of Landlock that the kernel supports, 0 for none."""
    return max(call(CREATE_RULESET, 0, 0, 1), 0) if LINUX else 0


def new_ruleset(*rights):
    """Open a set of rules for some files, ports and scopes; negative if the kernel refuses."""
    attributes = (ctypes.c_uint64 * len(rights))(*rights)
    return call(CREATE_RULESET, ctypes.addressof(attributes), ctypes.sizeof(attributes), 0)


def known(*rights):
    """Add all rights of the next kind that the kernel knows: the longest mask it accepts."""
    for bits in range(32, 0, -1):
        rules = new_ruleset(*rights, (1 << bits) - 1)
        if rules >= 0:
            os.close(rules)
            return (*rights, (1 << bits) - 1)
    return rights


def ruleset(readable):
    """Open rules that refuse every right the kernel knows, but reading what is `readable`.

    A path that ends in ``/.`` is a folder that can be listed, and no more.
    """
    rules = check(new_ruleset(*known(*known(*known()))), "Landlock")
    for path in readable:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rights = READ_FOLDER | READ_FILE if Path(path).is_dir() else READ_FILE
        rights &= READ_FOLDER if str(path).endswith("/.") else -1
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, place), 12)
        check(call(ADD_RULE, rules, 1, ctypes.addressof(rule), 0), f"Landlock: {path}")
        os.close(place)
    return rules


def landlock(rules):
    """Obey the rules from here on."""
    check(call(RESTRICT_SELF, rules, 0), "Landlock")
    os.close(rules)


@cache
def numbers(table, machine):
    """Map the names in a table to the numbers that they have on a machine."""
    column = {"x86_64": 1, "aarch64": 2}[machine]
    rows = [row.split() for row in table.split(",")]
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}


def argument(index):
    """Load the low half of an argument of the system call, on machines that are little-endian."""
    return LOAD, 0, 0, 16 + 8 * index


def only(index, *values):
    """Refuse, unless the argument is one of the values."""
    jumps = [(EQUAL, len(values) - i, 0, value) for i, value in enumerate(values)]
    return [argument(index), *jumps, (RETURN, 0, 0, REFUSE)]


def guards(pid):
    """Give each guarded call its test: nothing is written, no other process is touched."""
    allow = (RETURN, 0, 0, ALLOW)
    reading = [(ANY, 0, 1, WRITING), (RETURN, 0, 0, REFUSE), allow]
    whole = [(LOAD, 0, 0, 16 + 8 * 2 + 4), (EQUAL, 1, 0, 0), (RETURN, 0, 0, REFUSE)]
    return {
        "open": [argument(1), *reading],
        "openat": [argument(2), *reading],
        "ioctl": [(RETURN, 0, 0, NO_TERMINAL)],
        "fcntl": [*only(1, 0, 1, 2, 3, 1030), allow],  # duplicate, or look at flags
        "kill": [*only(0, pid), allow],
        "tgkill": [*only(0, pid), allow],
        "prlimit64": [*only(0, 0), *only(2, 0), *whole, allow],  # ask for one's own limits
    }


def program(pid):
    """Yield the filter: the architecture, the calls that exist, the guarded ones, no others."""
    machine = platform.machine()
    yield from [(LOAD, 0, 0, 4), (EQUAL, 1, 0, ARCHITECTURE[machine])]
    yield from [(RETURN, 0, 0, KILL), (LOAD, 0, 0, 0)]
    for number in numbers(CALLS, machine).values():
        yield from [(EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    tests = guards(pid)
    for name, number in numbers(GUARDED, machine).items():
        yield from [(EQUAL, 0, len(tests[name]), number), *tests[name]]
    yield (RETURN, 0, 0, REFUSE)


@cache
def assembled():
    """Assemble the filter, in the pieces between which belongs the pid of its process."""
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program(SELF))
    return code.split(struct.pack("I", SELF))


def seccomp():
    """Hand the filter to the kernel, which keeps it for as long as the process lives."""
    code = struct.pack("I", os.getpid()).join(assembled())
    buffer = ctypes.create_string_buffer(code, len(code))
    head = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    check(LIBC.prctl(SECCOMP, 2, head, 0, 0), "seccomp")
