"""Watch the reader's answers: on every save, say what became of the exercise at hand.

A save is known by its topic, a key by its letter; both are events in one queue, so that a
session can be replayed from a list of them.
"""

import queue
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import readchar
import watchfiles
from rich.console import Console, Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from dlcore.course.exercises import topics
from dlcore.course.exercises.book_answer import book_answer
from dlcore.course.exercises.reset import reset
from dlcore.course.practice.advice import QUIET, advice
from dlcore.course.practice.check import by_exercise
from dlcore.course.practice.progress_file import Progress, fingerprint_of
from dlcore.course.practice.subprocess_runner import preload, run_in_subprocess

try:
    import termios
except ImportError:  # a system that has no terminals of this kind
    termios = None

HINTS = 3


class WatchSession:
    """What a reader is at: the exercises left, the one at hand, the hints they have had."""

    def __init__(self, topic_names, console=None, run=run_in_subprocess):
        self.topics = topic_names
        self.console = console or Console(highlight=False)
        self.run = run
        self.progress = Progress(topic_names)
        self.hints = 0
        self.messages = []
        self.exercise = self.verdict = self.solved = self.seen = None
        self.turn()

    def turn(self, after=None):
        """Go to the first pending exercise, or to the one that follows `after`."""
        pending = self.progress.pending()
        names = [exercise.name for exercise in pending]
        here = names.index(after) + 1 if after in names else 0
        self.exercise = pending[here % len(pending)] if pending else None
        self.hints = 0
        self.verdict = None

    def saved(self, topic):
        """Take up the first pending exercise of the file that was saved, if there is one."""
        if self.exercise and self.exercise.topic != topic:
            pending = [each for each in self.progress.pending() if each.topic == topic]
            self.exercise = pending[0] if pending else self.exercise
        self.run_tests()

    def run_tests(self):
        """Run the tests of the exercise at hand; when it passes, turn to the next."""
        while self.exercise:
            self.seen = self.exercise.topic, fingerprint_of(self.exercise.topic)
            tests_run = self.run([self.exercise.topic], self.exercise.name)
            found = [each for each in by_exercise(tests_run.outcomes) if self.at_hand(each)]
            if tests_run.broken or not found:
                self.messages = tests_run.broken or ["the tests of this exercise did not run"]
                return
            [self.verdict] = found
            self.progress.note(found)
            if self.verdict.finding:
                return
            self.messages.append(f"✓ {self.exercise.name} passes: s shows how the book does it")
            self.solved = self.exercise
            self.turn()

    def at_hand(self, verdict):
        """Tell whether a verdict is about the exercise at hand."""
        return verdict.exercise == self.exercise.name

    def hint(self):
        """Give one more hint; where nothing was attempted, the first stands there already."""
        untouched = self.verdict and self.verdict.finding.kind == "not attempted"
        self.hints = min(max(self.hints, int(bool(untouched))) + 1, HINTS)

    def list(self):
        """List the exercises of the course."""
        done = set(self.progress.done())
        for exercise in self.progress.exercises:
            sign = "✓" if exercise in done else "▸" if exercise == self.exercise else "·"
            points = f"{exercise.points} {'point' if exercise.points == 1 else 'points'}"
            self.messages.append(f"{sign} {exercise.name:32} {points}")

    def reset(self):
        """Put the hole of this exercise back; the file is kept beside, under another name."""
        if self.exercise:
            self.messages.append(reset(self.exercise.topic, self.exercise.name))
            self.hints = 0
            self.run_tests()

    def check(self):
        """Check all exercises, passed ones too."""
        tests_run = self.run(self.topics)
        self.progress.note(by_exercise(tests_run.outcomes))
        self.messages += tests_run.broken
        self.turn()
        self.run_tests()

    def next(self):
        """Leave this exercise for later."""
        if self.exercise:
            self.turn(after=self.exercise.name)
            self.run_tests()

    def solution(self):
        """Show the book's solution of the exercise passed last."""
        solved = self.solved
        self.messages.append(
            book_answer(solved.topic, solved.name) if solved else "pass an exercise first"
        )

    def take(self, event):
        """Do what an event asks for; return whether to go on.

        A save that changed nothing since the last run, as after a reset, is passed over.
        """
        if event in self.topics and self.seen != (event, fingerprint_of(event)):
            self.messages = []
            self.saved(event)
        elif event in KEYS:
            self.messages = []
            KEYS[event][1](self)
        else:
            return event != "q"
        self.draw()
        return True

    def draw(self):
        """Show how far the reader is, what happened, and what the exercise at hand needs."""
        done = self.progress.done()
        everything = self.progress.exercises
        earned, total = (sum(each.points for each in group) for group in (done, everything))
        bar = Table.grid(padding=(0, 2))
        counted = f"{len(done)} of {len(everything)} exercises, {earned} of {total} points"
        bar.add_row(
            ProgressBar(total=max(len(everything), 1), completed=len(done), width=32), counted
        )

        parts = [Text(), bar, *([Text()] if self.messages else []), *map(plain, self.messages)]
        if self.verdict and self.exercise:
            parts += [Text(), advice(self.verdict, self.hints, more="h")]
        elif not self.exercise:
            parts += [Text("Every exercise passes.", style="bold green")]
        keys = "   ".join(f"{key} {word}" for key, (word, _) in KEYS.items())
        self.console.clear()
        self.console.print(Group(*parts, Text(f"\n  {keys}   q quit", style=QUIET)))


def plain(messages):
    """Let no word of a message be markup."""
    return Text(messages) if isinstance(messages, str) else messages


KEYS = {
    "h": ("hint", WatchSession.hint),
    "l": ("list", WatchSession.list),
    "r": ("reset", WatchSession.reset),
    "c": ("check all", WatchSession.check),
    "n": ("next", WatchSession.next),
    "s": ("solution", WatchSession.solution),
}


def watch(topic=None, events=None):
    """Watch the answers to `topic`, or to all, until the reader quits."""
    topic_names = [topics.require(topic, by="watch")] if topic else topics.topics()
    preload(topic_names)
    session = WatchSession(topic_names)
    session.run_tests()
    session.draw()
    with terminal_restored():
        for event in events or event_stream(topic_names):
            if not session.take(event):
                return


@contextmanager
def terminal_restored():
    """Leave the terminal as it was, also when Ctrl-C ends the wait for a key."""
    if termios is None or not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def event_stream(topic_names):
    """Yield events as they come: saves of the files of `topic_names`, and keys."""
    events = queue.SimpleQueue()
    stop = threading.Event()
    threading.Thread(target=queue_saves, args=(topic_names, events, stop), daemon=True).start()
    if sys.stdin.isatty():
        threading.Thread(target=queue_keys, args=(events,), daemon=True).start()
    try:
        while True:
            yield events.get()
    finally:
        stop.set()


def queue_saves(topic_names, events, stop):
    """Put an event into the queue whenever a file of answers has been written."""
    mine = lambda _, path: Path(path).stem in topic_names and path.endswith(".py")
    folder, soon = topics.ROOT / "exercises", {"debounce": 50, "step": 10}  # milliseconds
    for changes in watchfiles.watch(folder, watch_filter=mine, stop_event=stop, **soon):
        for _, path in changes:
            events.put(Path(path).stem)


def queue_keys(events):
    """Put every key into the queue; the end of the input means to quit."""
    key = None
    while key not in ("q", ""):
        key = readchar.readchar().lower()
        events.put(key or "q")
