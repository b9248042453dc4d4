"""Start workers from the trusted side, talk to them against the clock, end them.

A worker has so many seconds of its own: the time for which it is waited for, less the time for
which the machine lets it wait for a processor. A loaded machine does not cause a timeout.
"""

import array
import json
import os
import select
import signal
import socket
import struct
import time
from contextlib import suppress
from pathlib import Path

from dlcore.course.sandbox import errors, frame, tiers

TICK, PATIENCE = 0.1, 30.0  # seconds between looks at the clock; times `seconds`, whatever it says
PIECE = 1 << 16


class InfraError(RuntimeError):
    """The grader itself failed: this says nothing about a submission."""


class WorkerEnded(BaseException):
    """The worker is of no use any more; no test can take this for an answer."""

    def __init__(self, status, says):
        super().__init__(f"{status}: {says}")
        self.status = status
        self.says = says


class Zygote:
    """A process that has imported everything, and forks workers.

    Without Numba it is half as large, and forks in half the time.
    """

    def __init__(self, tier, *, modules=(), numba=True, seconds=10.0, memory=tiers.MEMORY):
        self.tier = tier
        self.seconds = seconds
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        limits = {"seconds": 2 * seconds + 1, "memory": memory, "readable": tiers.readable()}
        config = {"tier": tier, "control": theirs.fileno(), "path": tiers.paths()}
        config |= {"limits": limits, "modules": list(modules), "numba": numba}
        argv = [tiers.PYTHON, "-I", "-S", "-B", str(tiers.HERE / "zygote.py"), json.dumps(config)]
        self.process = tiers.launch(tier, argv, pass_fds=(theirs.fileno(),))
        theirs.close()
        self.control = ours
        self.control.settimeout(60)
        self.request()

    def request(self, command=b"", fds=()):
        """Send a command, if any; return what the zygote says to the one before."""
        try:
            if command:
                gift = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))
                self.control.sendmsg([command], [gift] if fds else [])
            answer = b"+" if command == b"f" else self.control.recv(100)
        except OSError as error:
            raise InfraError(f"zygote: {error}") from None
        if not answer:
            raise InfraError("zygote: the process that forks workers has ended")
        return answer

    def close(self):
        """End the zygote, and with it all of its workers."""
        self.control.close()
        with suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Connection:
    """The connection to one worker: messages of bytes, its clock, its output, its end."""

    def __init__(self, zygote):
        self.zygote = zygote
        self.waited = 0.0
        self.stopwatch = None
        self.status = None
        self.buffered = bytearray()
        self.printed = ""
        self.pid = 0
        self.socket, theirs = socket.socketpair()
        self.output, output = os.pipe()
        try:
            self.fork(theirs, output)
        except BaseException:
            self.close()
            raise
        finally:
            theirs.close()
            os.close(output)
        self.reading = select.poll()
        self.writing = select.poll()
        self.reading.register(self.socket, select.POLLIN)
        self.writing.register(self.socket, select.POLLOUT)

    def fork(self, theirs, output):
        """Have the worker made, and wait until it is locked up."""
        os.set_blocking(output, False)
        with suppress(AttributeError):  # only Linux knows who writes
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.settimeout(60)
        self.zygote.request(b"f", (theirs.fileno(), output))
        theirs.close()
        self.handshake()
        self.socket.setblocking(False)

    def handshake(self):
        """Receive that the worker is locked up, and what its process number is."""
        said, gifts, _, _ = self.socket.recvmsg(1001, socket.CMSG_SPACE(12))
        for _, _, data in gifts:
            self.pid = struct.unpack("iII", data)[0]
        if said != b"+":
            self.end()
            says = errors.clean(said[1:].decode(errors="replace"))
            raise InfraError(f"worker: {says or 'it died at once'}")

    def send(self, parts):
        """Send all parts of a message."""
        for part in parts:
            left = memoryview(part)
            while left:
                try:
                    left = left[self.socket.send(left) :]
                except BlockingIOError:
                    self.wait(self.writing)
                except OSError:
                    self.raise_ended()

    def receive(self):
        """Receive a message: its number, its tree, its buffers."""
        number, header, body = frame.lengths(self.receive_exactly(frame.HEAD.size))
        return number, self.receive_exactly(header), self.receive_exactly(body)

    def receive_exactly(self, size):
        """Receive so many bytes, and keep what comes with them."""
        while len(self.buffered) < size:
            self.wait(self.reading)
            try:
                self.buffered += self.socket.recv(PIECE) or self.raise_ended()
            except BlockingIOError:
                continue
            except OSError:
                self.raise_ended()
        part = bytes(memoryview(self.buffered)[:size])
        del self.buffered[:size]
        return part

    def wait(self, ready):
        """Wait until the worker reads or writes, and not for longer than it may take."""
        begun = time.monotonic()
        before = self.waited
        seconds = self.zygote.seconds
        while not ready.poll(TICK * 1000):
            self.waited = before + time.monotonic() - begun
            left = seconds - (self.stopwatch.computed() if self.stopwatch else 0.0)
            if self.waited > left and self.own_seconds() > left:
                raise WorkerEnded("timeout", f"still running after {seconds:g} seconds")
        self.waited = before + time.monotonic() - begun
        if self.stopwatch:
            self.stopwatch.waited(min(self.waited, seconds))

    def own_seconds(self):
        """Return the seconds that the worker had for itself, or that its threads computed."""
        with suppress(OSError, ValueError):
            tasks = [path.read_text().split() for path in self.tasks()]
            computed = sum(int(t[0]) for t in tasks) / 1e9
            queued = int(tasks[0][1]) / 1e9
            overdue = self.waited - PATIENCE * self.zygote.seconds
            return max(self.waited - queued, computed, overdue)
        return self.waited

    def tasks(self):
        """List the accounts of the worker's threads, the first one first."""
        threads = sorted(Path(f"/proc/{self.pid}/task").iterdir()) if self.pid else [None]
        return [thread / "schedstat" for thread in threads]

    def raise_ended(self):
        """Say how the worker ended."""
        status = self.end()
        code = os.waitstatus_to_exitcode(status)
        if code == -signal.SIGXCPU:
            raise WorkerEnded("timeout", "the process was stopped, it computed for too long")
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        raise WorkerEnded("crash", f"the process ended {how}")

    def end(self):
        """Kill the worker with all that it started; return how it ended."""
        if self.status is None:
            try:
                self.kill()
                self.status = int(self.zygote.request(b"r"))
            finally:
                self.close()
        return self.status

    def close(self):
        """Close the connection, and keep the beginning of what the worker printed."""
        if self.socket.fileno() >= 0:
            self.socket.close()
            os.set_blocking(self.output, False)
            with suppress(OSError):
                self.printed = os.read(self.output, PIECE).decode(errors="replace")
            os.close(self.output)

    def kill(self):
        """Kill the worker, which is not yet cleared away: its number is nobody else's."""
        for kill in (os.killpg, os.kill) if self.pid else ():
            with suppress(ProcessLookupError, PermissionError):
                kill(self.pid, signal.SIGKILL)
