"""Short tasks are run by one thread where that is faster, as their first calls measure.

Chapter: book/fast.md.
"""

from functools import partial

import numpy as np
import pytest

from dlcore.kernels.machine import pace, threads
from dlcore.kernels.machine.jit import COMPILED, kernel
from dlcore.kernels.machine.pace import AGAIN, SHORT, TRIES, Pace


@kernel
def add_one(start, stop, numbers):
    """Add one to numbers of a range."""
    for i in range(start, stop):
        numbers[i] += 1


class Clock:
    """A clock that says of divided tasks and of whole ones that they took so long."""

    def __init__(self, divided, whole):
        self.seconds = {"divided": divided, "whole": whole}
        self.now, self.ways = 0.0, []

    def run(self, way, task):
        """Run a task, and note its way."""
        self.ways.append(way)
        self.now += self.seconds[way]
        return task()


@pytest.fixture
def clock(request, monkeypatch):
    """Two threads, no memory of other tasks, and a clock in the place of the real one."""
    clock = Clock(*request.param)
    monkeypatch.setattr(threads, "thread_count", lambda: 2)
    pace.pace.cache_clear()
    monkeypatch.setattr(pace.time, "perf_counter", lambda: clock.now)
    for way in ("divided", "whole"):
        run = getattr(threads, f"run_{way}")
        timed = lambda *args, run=run, way=way: clock.run(way, lambda: run(*args))
        monkeypatch.setattr(threads, f"run_{way}", timed)
    yield clock
    pace.pace.cache_clear()


def called(clock, calls, size=40, function=add_one, dtype=np.float64):
    """Make so many calls of a parallel loop; return in which ways they were made."""
    numbers = np.zeros(size, dtype)
    for _ in range(calls):
        threads.parallel_for(function, size, numbers)
    assert (numbers == calls).all()
    return clock.ways


needs_kernels = pytest.mark.skipif(not COMPILED, reason="there are no threads without kernels")


@needs_kernels
@pytest.mark.parametrize("clock", [(70e-6, 40e-6)], indirect=True)
def test_a_short_task_is_run_whole_where_that_is_faster(clock, monkeypatch):
    """After as many tries of both ways as are wanted; for these shapes, types and threads alone."""
    ways = called(clock, 2 * TRIES + 7)
    assert ways == TRIES * ["divided"] + (TRIES + 7) * ["whole"]
    assert called(clock, 1, size=41)[-1] == "divided"
    assert called(clock, 1, dtype=np.float32)[-1] == "divided"
    assert called(clock, 1)[-1] == "whole"
    monkeypatch.setattr(threads, "thread_count", lambda: 3)
    assert called(clock, 1)[-1] == "divided"


@needs_kernels
@pytest.mark.parametrize("clock", [(40e-6, 70e-6)], indirect=True)
def test_a_short_task_is_divided_where_that_is_faster(clock):
    """It is run whole for the tries alone."""
    ways = called(clock, 2 * TRIES + 7)
    assert ways == TRIES * ["divided"] + TRIES * ["whole"] + 7 * ["divided"]


@needs_kernels
@pytest.mark.parametrize("clock", [(2 * SHORT, SHORT)], indirect=True)
def test_a_long_task_is_always_divided(clock):
    """To try it in one thread would cost more than a choice may save."""
    assert {*called(clock, 3 * TRIES)} == {"divided"}


@needs_kernels
@pytest.mark.parametrize("clock", [(70e-6, 40e-6)], indirect=True)
def test_closures_are_divided_and_not_remembered(clock):
    """Each call may bring another one, which holds its arrays."""
    called(clock, 3 * TRIES, function=partial(add_one))
    assert {*clock.ways} == {"divided"}
    assert pace.pace.cache_info().currsize == 0


def test_tasks_are_measured_again():
    """After many calls the other way may have become the faster one."""
    known = Pace()
    for divided_time, whole_time, faster in ((7e-5, 4e-5, False), (3e-5, 4e-5, True)):
        for _ in range(AGAIN):
            divided, measured = known.choice()
            if measured:
                known.note(divided, divided_time if divided else whole_time)
        assert divided == faster


def test_the_shortest_time_of_a_way_counts():
    """One try that nothing disturbed is enough."""
    known = Pace()
    for seconds in (9e-5, 2e-5, 8e-5, 9e-5, 7e-5, 5e-5, 5e-5, 4e-5, 5e-5, 6e-5):
        divided, measured = known.choice()
        assert measured
        known.note(divided, seconds)
    assert known.choice() == (True, False)
