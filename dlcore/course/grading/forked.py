"""Judge in a child: nothing of a submission stays behind, and nothing takes too long.

A child is forked from a judge that is ready, answers questions about one student, and ends. It
has so much memory; its time and that of the worker that it waits for are watched from outside,
where no computation can be in the way.
"""

import gc
import json
import mmap
import os
import resource
import select
import signal
import struct
import time
import warnings
from contextlib import suppress
from pathlib import Path

from dlcore.course.sandbox.confine import follow

ROOM = 3 << 29  # bytes of addresses that a child may add to those of its judge
TICK = 0.1  # seconds between looks at the clock
GRACE = 3.0  # seconds of a test beyond those of the submission
WALL = 60.0  # times the seconds of a test, whatever the other clocks say
CLOCKS = struct.Struct("dd")  # processor time at the start of a test, seconds of its worker


class OverdueError(Exception):
    """A test took too long with what a submission returned."""


class ChildEndedError(RuntimeError):
    """A child ended without an answer: no fault of a submission."""


class Stopwatch:
    """What a child has to say about its time, in memory that its judge can see."""

    def __init__(self):
        self.board = mmap.mmap(-1, CLOCKS.size)

    def begin(self):
        """Begin a test: what was computed before does not count."""
        CLOCKS.pack_into(self.board, 0, time.process_time(), 0.0)

    def waited(self, seconds):
        """Note for how long the test has waited for its worker."""
        begun, _ = CLOCKS.unpack_from(self.board)
        CLOCKS.pack_into(self.board, 0, begun, seconds)

    def computed(self):
        """Return the processor time that the test has taken in this process."""
        return time.process_time() - CLOCKS.unpack_from(self.board)[0]

    def total(self, pid):
        """Return the seconds of a test in the process `pid` and in its worker."""
        begun, waited = CLOCKS.unpack_from(self.board)
        return processor_time(pid) - begun + waited


def processor_time(pid):
    """Return the processor time of another process, all threads together."""
    try:
        return time.clock_gettime(~pid << 3 | 2)  # the kernel's number for that clock
    except OSError:
        return 0.0


class ForkedJudge:
    """A child that answers questions: `act` maps each, in the child, to something for JSON."""

    def __init__(self, act, seconds, stopwatch):
        self.seconds = seconds
        self.stopwatch = stopwatch
        self.questions, questions = os.pipe()[::-1]
        answers, answering = os.pipe()
        parent = os.getpid()
        gc.freeze()  # a collection in the child would copy all memory
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # threads of this process are idle, and not needed
            self.pid = os.fork()
        if self.pid == 0:
            os.close(self.questions)
            os.close(answers)
            be_child(act, questions, answering, parent)
        os.close(questions)
        os.close(answering)
        self.answers = os.fdopen(answers, "rb")

    def ask(self, question):
        """Return the child's answer; raise OverdueError when it takes too long."""
        self.stopwatch.waited(0.0)
        wall = time.monotonic() + WALL * self.seconds
        try:
            os.write(self.questions, json.dumps(question).encode() + b"\n")
            while not select.select([self.answers], [], [], TICK)[0]:
                late = self.stopwatch.total(self.pid) > self.seconds + GRACE
                if late or time.monotonic() > wall:
                    raise OverdueError
            answer = self.answers.readline()
        except OSError as error:
            raise ChildEndedError(f"judge: {error}") from None
        if not answer.endswith(b"\n"):
            raise ChildEndedError("judge: the process that ran the tests has ended")
        return json.loads(answer)

    def close(self):
        """End the child."""
        os.close(self.questions)
        self.answers.close()
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def be_child(act, questions, answering, parent):
    """Answer questions until there are no more; never return."""
    try:
        follow(parent)
        bound_memory()
        with os.fdopen(questions, "rb") as lines:
            for line in lines:
                os.write(answering, json.dumps(act(json.loads(line))).encode() + b"\n")
    finally:
        os._exit(0)


def bound_memory():
    """Let this process have so many addresses more than it has."""
    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + ROOM
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
