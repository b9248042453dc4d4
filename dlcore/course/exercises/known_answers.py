"""Answers whose verdict is known: wrong ones, wrong ones made to pass, and right ones.

They lie beside the solutions, in a file for each topic. Each carries the name of what it would
replace, so one name is defined many times:

    @wrong("loss-softmax", "The sum runs over the batch: each row has a sum of its own.")
    def softmax(scores):
        powers = np.exp(scores - scores.max())
        return powers / powers.sum(axis=0)

``solutions/wrong/<topic>.py`` holds natural slips, each with its advice: a reader whose answer
behaves like one of them is given it. ``solutions/wrong/adversarial/<topic>.py`` holds answers
written with the tests in sight, each with what it exploits. ``solutions/right/<topic>.py`` holds
right answers that look unusual. The scored tests refuse all of the former, and accept the latter.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from dlcore.course.exercises import topics
from dlcore.course.exercises.answers import load

MARKED = []


@dataclass(frozen=True)
class KnownAnswer:
    """An answer to an exercise: the name that it replaces, and a sentence about it.

    `also` is a pattern of what is said of other answers and would be true of this one.
    """

    exercise: str
    name: str
    says: str
    function: Callable  # or a class
    also: str = ""

    @property
    def edit(self):
        """What to change in the module of the book's answers."""
        return {self.name: self.function}

    def admits(self, other):
        """Tell whether what is said of another answer is true of this one: one of the two says so.

        >>> KnownAnswer("x", "f", "A sign.", None).admits(KnownAnswer("x", "f", "No.", None, "sig"))
        True
        """
        pairs = ((self, other), (other, self))
        return self == other or any(
            one.also and re.search(one.also, two.says) for one, two in pairs
        )


def known(exercise, says, also=""):
    """Mark a function, or a class, as an answer to `exercise`."""

    def mark(function):
        MARKED.append(KnownAnswer(exercise, function.__name__, says, function, also))
        return function

    return mark


wrong = adversarial = right = known


def load_wrong(topic):
    """List the natural slips known for `topic`: what they say is advice."""
    return load_known(f"solutions/wrong/{topic}.py")


def load_adversarial(topic):
    """List the answers to `topic` that are made to pass: what they say is what they exploit."""
    return load_known(f"solutions/wrong/adversarial/{topic}.py")


def load_right(topic):
    """List unusual right answers to `topic`: they say what is unusual."""
    return load_known(f"solutions/right/{topic}.py")


def load_known(path):
    """List the marked answers of a file, in its order; there may be none."""
    MARKED.clear()
    if (topics.ROOT / path).exists():
        load(topics.ROOT / path)
    return MARKED.copy()
