"""Know the wrong answers that many people give, and a word of advice for each.

A file of them lies beside the solutions, in ``solutions/wrong/<topic>.py``. Each wrong answer
carries the name of what it would replace, so one name is defined many times:

    @wrong("loss-softmax", "The sum runs over the batch: each row has a sum of its own.")
    def softmax(scores):
        powers = np.exp(scores - scores.max())
        return powers / powers.sum(axis=0)

The scored tests of the exercise fail on every one, and a reader whose answer behaves like one
of them is given its advice.
"""

from collections.abc import Callable
from dataclasses import dataclass

from dlcore.course.exercises import topics
from dlcore.course.exercises.answers import load

MARKED = []


@dataclass(frozen=True)
class Wrong:
    """A wrong answer: whose exercise it fails, what it replaces, the advice on it."""

    exercise: str
    name: str
    advice: str
    function: Callable  # or a class

    @property
    def edit(self):
        """What to change in the module of the book's answers."""
        return {self.name: self.function}


def wrong(exercise, advice):
    """Mark a function, or a class, as a wrong answer to `exercise`."""

    def mark(function):
        MARKED.append(Wrong(exercise, function.__name__, advice, function))
        return function

    return mark


def load_wrong(topic):
    """List the wrong answers known for `topic`, in the order of their file; there may be none."""
    path = topics.ROOT / f"solutions/wrong/{topic}.py"
    MARKED.clear()
    if path.exists():
        load(path)
    return MARKED.copy()
