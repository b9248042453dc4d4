"""Recognise known mistakes in graded work: what fails in the same way has the same advice.

An answer that was refused is not run again. Instead the known wrong answers, which are the
book's own, are put to the same test, with the same numbers drawn. One that passes what came
before, and is refused in the same words, explains the answer; where two explain it, neither does.
"""

import re
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path

from _pytest.runner import runtestprotocol

from dlcore.course.exercises import topics
from dlcore.course.exercises.answers import load
from dlcore.course.exercises.known_answers import load_wrong
from dlcore.course.grading.classify import plain
from dlcore.course.practice.diagnosis import diagnose
from dlcore.course.practice.runner import HURRY, limit


class Slips:
    """The known wrong answers, put to the tests of a judge."""

    def __init__(self, judge):
        self.judge = judge
        self.tried = None  # the answers that tests are given while a mistake is tried

    def hurry(self):
        """Limit the time of a test of a known mistake, which may be slow or endless."""
        return limit(HURRY) if self.tried else nullcontext()

    def advice(self, item, test, says):
        """Return the advice on the only known mistake that fails as this item did, or nothing."""
        if not re.search(r"\d", " ".join(says)):
            return ""  # nothing in these words depends on what was drawn
        try:
            found = {
                slip.says
                for slip in known(topics.ROOT, item.topic)[1]
                if slip.exercise == item.exercise and self.fails_alike(slip, item, test, says)
            }
        except Exception:
            return ""  # a verdict never hangs on its advice
        return found.pop() if len(found) == 1 else ""

    def fails_alike(self, slip, item, test, says):
        """Tell whether a known mistake fails the same test in the same words, and none before."""
        tests = self.judge.tests[item.exercise]
        before = tests[: tests.index(test)]
        with self.trying(slip, item.topic):
            return self.said(test, item) == says and not any(
                self.said(other, item) for other in before
            )

    @contextmanager
    def trying(self, slip, topic):
        """Give tests the book's answers with one mistake in them, for as long as this lasts."""
        book, _ = known(topics.ROOT, topic)
        whole = dict(vars(book))
        vars(book).update(slip.edit)
        self.tried = book
        try:
            yield
        finally:
            self.tried = None
            vars(book).clear()
            vars(book).update(whole)

    def said(self, test, item):
        """Run a test on what is tried; return what it says, which is nothing when it passes."""
        self.judge.error = None
        self.judge.stopwatch.begin()  # its time is none of the submission's
        runtestprotocol(test, log=False, nextitem=self.judge.neighbours.get(test))
        error = self.judge.error
        return plain(diagnose(error, Path(f"exercises/{item.topic}.py")).says) if error else ()


@cache
def known(root, topic):
    """Load the book's answers to a topic and the mistakes that are known, where they are."""
    path = root / f"solutions/{topic}.py"
    return (load(path), load_wrong(topic)) if path.exists() else (None, [])
