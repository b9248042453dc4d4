"""Limit what a call of answers may do to the process: run for ever, sleep, end it.

Seconds are those of the processor, so that a busy machine interrupts nobody. A call that
sleeps takes none of them: it is interrupted when for half of `NAP` seconds it has neither used the
processor nor waited for it. Where the system does not say how long a process waits, it has to use
less than one part in a hundred of them.
"""

import os
import signal
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

NAP = 4.0  # seconds on the wall without work
AGAIN = 1.0  # seconds until an interrupt that was caught comes again
CAUGHT = 3  # interrupts that are caught before the process ends
SCHEDULER = Path("/proc/self/schedstat")  # of Linux: nanoseconds of work, and of waiting
END = os._exit  # as it is outside of calls
ASLEEP = f"asleep for {NAP:g} seconds: take out what sleeps, or waits for input"


class Guard:
    """The processor time that all calls of answers in one test may take together."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.left = seconds

    @contextmanager
    def __call__(self):
        """Stand around one call."""
        start = time.process_time()
        try:
            with limit(self.left, self.seconds), no_way_out():
                yield
        finally:
            self.left = max(self.left - (time.process_time() - start), 1e-3)


@contextmanager
def limit(seconds, total=None):
    """Raise TimeoutError in what takes longer, where the system has clocks that interrupt.

    The message speaks of `total` seconds, of which `seconds` are left. Limits may be nested.
    """
    alarmed = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not alarmed:
        yield
        return

    alarm = Alarm(seconds if total is None else total)
    clocks = (
        (signal.SIGPROF, signal.ITIMER_PROF, seconds, AGAIN, alarm.out_of_time),
        (signal.SIGALRM, signal.ITIMER_REAL, NAP, NAP, alarm.look_for_work),
    )
    start = {signal.ITIMER_PROF: time.process_time(), signal.ITIMER_REAL: time.monotonic()}
    handlers = {name: signal.signal(name, handler) for name, *_, handler in clocks}
    timers = {clock: signal.setitimer(clock, first, then) for _, clock, first, then, _ in clocks}
    try:
        yield
    finally:
        for name, clock, *_ in clocks:
            signal.setitimer(clock, 0)
            signal.signal(name, handlers[name])
        now = {signal.ITIMER_PROF: time.process_time(), signal.ITIMER_REAL: time.monotonic()}
        for clock, (left, interval) in timers.items():
            if left:
                signal.setitimer(clock, max(left - (now[clock] - start[clock]), 1e-3), interval)


class Alarm:
    """What interrupts: it knows how long it was set for, and when work was seen last."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.worked = time_awake()
        self.count = 0

    def out_of_time(self, *_):
        """Interrupt; end the process when interrupts are caught again and again."""
        self.count += 1
        says = f"still running after {self.seconds:g} seconds"
        if self.count > CAUGHT:
            os.write(2, f"{says}, and catches what stops it: catch no bare Exception\n".encode())
            END(1)
        raise TimeoutError(says)

    def look_for_work(self, *_):
        """Interrupt what has slept since the last look."""
        now = time_awake()
        asleep = now - self.worked < (NAP / 2 if SCHEDULER.exists() else NAP / 100)
        self.worked = now
        if asleep:
            raise TimeoutError(ASLEEP)


def time_awake():
    """Return the seconds that this process has worked, or waited for a processor to be free."""
    try:
        waited = int(SCHEDULER.read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        waited = 0.0  # another system
    return time.process_time() + waited


@contextmanager
def no_way_out():
    """Let nothing end the process, or wait in it for a debugger, without an exception."""
    before = os._exit, os.abort, sys.breakpointhook
    os._exit = refused("os._exit")
    os.abort = refused("os.abort")
    sys.breakpointhook = stop_for_nobody
    try:
        yield
    finally:
        os._exit, os.abort, sys.breakpointhook = before


def refused(name):
    """Return a function that raises instead of ending the process."""

    def refuse(code=""):
        raise SystemExit(f"{name}({code})")

    return refuse


def stop_for_nobody(*_, **__):
    """Raise where a debugger would wait."""
    raise RuntimeError("breakpoint() waits for a debugger: take it out, or print instead")
