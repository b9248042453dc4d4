"""Is a short task worth a second thread? Its first calls measure that.

To hand a part of a task to another thread takes some tens of microseconds, on some processors and
systems more, and what one thread has in its cache the other reads from further away. So a short
task may take longer on two threads than on one. Of every kind of task, a kernel with arguments of
some types and shapes, some calls are divided among the threads; if these are short, some more are
made by the caller alone, and then all in the way that was faster. After many calls it is measured
again, since other programs come and go. Results do not depend on it.

Chapter: book/fast.md.
"""

import time
from functools import lru_cache
from math import inf

TRIES = 5  # of each way; the shortest time counts, since anything may disturb a try
SHORT = 5e-4  # seconds; a task that takes longer is always divided
AGAIN = 5000  # calls, after which it is measured anew
KINDS = 1 << 12  # that are remembered


class Pace:
    """How long a kind of task takes, divided among threads (True) and whole (False).

    >>> pace = Pace()
    >>> for _ in range(2 * TRIES):
    ...     divided, measured = pace.choice()
    ...     pace.note(divided, 7e-5 if divided else 4e-5)
    >>> pace.choice()
    (False, False)
    """

    def __init__(self):
        self.calls = 0
        self.seconds = {True: inf, False: inf}

    def choice(self):
        """Tell whether to divide the next task, and whether to measure it."""
        turn = self.calls % AGAIN
        self.calls += 1
        if turn == 0:
            self.seconds = {True: inf, False: inf}
        if turn < TRIES:
            return True, True
        if self.seconds[True] > SHORT:
            return True, False
        if turn < 2 * TRIES:
            return False, True
        return self.seconds[True] <= self.seconds[False], False

    def note(self, divided, seconds):
        """Note how long a task took, in one of both ways."""
        self.seconds[divided] = min(self.seconds[divided], seconds)

    def measure(self, divided, task, *args):
        """Run a task, and note how long it took."""
        start = time.perf_counter()
        task(*args)
        self.note(divided, time.perf_counter() - start)


@lru_cache(KINDS)
def pace(kernel, count, parts, *arrays):
    """Return what is known of a kind of task.

    `arrays` are the types and shapes of its arguments. Its numbers 0 … `count` would be divided
    among as many threads as there are `parts`.
    """
    return Pace()
