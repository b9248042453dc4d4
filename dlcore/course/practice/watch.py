"""Watch the reader's answers: on every save, say what became of the exercise at hand.

A save is known by its topic, a key by its letter; both are events in one queue, so that a
session can be replayed from a list of them.
"""

import ast
import queue
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import readchar
import watchfiles
from rich.console import Console, Group
from rich.padding import Padding
from rich.progress import Progress as Spinner
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from dlcore.course.exercises import topics
from dlcore.course.exercises.book_answer import book_answer
from dlcore.course.exercises.named import named, section
from dlcore.course.exercises.reset import reset
from dlcore.course.exercises.skeleton import cut, definitions, exercises_in
from dlcore.course.practice.advice import QUIET, advice
from dlcore.course.practice.check import by_exercise
from dlcore.course.practice.notebook import paths, synchronise
from dlcore.course.practice.progress import clock
from dlcore.course.practice.progress_file import Progress
from dlcore.course.practice.subprocess_runner import preload, run_in_subprocess

try:
    import termios
except ImportError:  # a system that has no terminals of this kind
    termios = None

HINTS = 3


class WatchSession:
    """What a reader is at: the exercises left, the one at hand, the hints they have had."""

    def __init__(self, topic_names, console=None, run=run_in_subprocess, exercise=None):
        self.topics = topic_names
        self.console = console or Console(highlight=False)
        self.run = run
        self.progress = Progress(topic_names)
        self.hints = 0
        self.messages = []
        self.exercise = self.verdict = self.solved = self.seen = None
        self.since = time.monotonic()
        self.turn()
        self.exercise = next(
            (each for each in self.progress.exercises if each.name == exercise), self.exercise
        )

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
            try:
                synchronise(self.exercise.topic)
            except ValueError as error:
                self.messages.append(str(error))
            self.seen = self.exercise.topic, text_of(self.exercise.topic)
            tests_run = self.running([self.exercise.topic], self.exercise.name)
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
            if self.console.is_terminal:
                self.draw()  # the tests of the next exercise take their time

    def running(self, topic_names, k=""):
        """Run tests; a terminal shows what is run, and for how long."""
        if not self.console.is_terminal:
            return self.run(topic_names, k)
        columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
        with Spinner(*columns, console=self.console, transient=True) as spinner:
            spinner.add_task(f"testing {k or 'all exercises'}", total=None)
            return self.run(topic_names, k)

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
        tests_run = self.running(self.topics)
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
        now = time.monotonic()
        if self.exercise:
            self.progress.spend(self.exercise.name, now - self.since)
        self.since = now
        if event in self.topics and self.seen != (event, text_of(event)):
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
        if self.exercise:
            spent = self.progress.spent([self.exercise])
            parts += [Text(), Padding(introduction(self.exercise, spent), (0, 2))]
            parts += [Text(), advice(self.verdict, self.hints, more="h")] if self.verdict else []
        else:
            parts += [Text("Every exercise passes.", style="bold green")]
        keys = "   ".join(f"{key} {word}" for key, (word, _) in KEYS.items())
        self.console.clear()
        self.console.print(Group(*parts, Text(f"\n  {keys}   q quit", style=QUIET)))


def plain(messages):
    """Let no word of a message be markup."""
    return Text(messages) if isinstance(messages, str) else messages


def introduction(exercise, seconds):
    """Say what to do: where the exercise stands in the book and in its file, and what it asks."""
    topic, name = exercise.topic, exercise.name
    heading = section(topic, name)
    page = topics.ROOT / f"_build/html/book/{topic}.html"
    where = f"{page.as_uri()}#{name}" if page.exists() else f"book/{topic}.md"
    points = f"{exercise.points} point{'' if exercise.points == 1 else 's'}"
    return Text.assemble(
        (name, "bold"),
        (f"   {points}   {clock(seconds)}\n", QUIET),
        (f"chapter  {where}{f', {heading}' if heading else ''}\n", QUIET),
        (f"edit     {place(topic, name)}, and save\n\n", QUIET),
        docstring(topic, name),
    )


def place(topic, name):
    """Return file and line of an exercise, as editors open them."""
    path = topics.ROOT / f"exercises/{topic}.py"
    source = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    head = f'"""Exercise {name}.'
    lines = [i for i, line in enumerate(source.splitlines(), 1) if head in line]
    return ":".join([f"exercises/{topic}.py", *map(str, lines[:1])])


def docstring(topic, name):
    """Return what an exercise asks for, as its file was cut."""
    source = cut(topic)
    node = dict(definitions(ast.parse(source)))[exercises_in(source)[name]]
    return ast.get_docstring(node).partition(".")[2].strip()


def text_of(topic):
    """Return the answers to a topic, and their notebook, as they are at this moment."""
    return [path.read_bytes() if path.exists() else b"" for path in paths(topic)]


KEYS = {
    "h": ("hint", WatchSession.hint),
    "l": ("list", WatchSession.list),
    "r": ("reset", WatchSession.reset),
    "c": ("check all", WatchSession.check),
    "n": ("next", WatchSession.next),
    "s": ("solution", WatchSession.solution),
}


def watch(word=None, events=None):
    """Watch the answers to a topic, to all, or first to one exercise, until the reader quits."""
    topic, exercise = named(word, by="watch") if word else (None, None)
    topic_names = [topic] if topic else topics.topics()
    preload(topic_names)
    session = WatchSession(topic_names, exercise=exercise)
    try:
        session.run_tests()
        session.draw()
        with terminal_restored():
            for event in events or event_stream(topic_names):
                if not session.take(event):
                    return
    except KeyboardInterrupt:
        session.console.print("\nyour answers are in exercises/, what has passed in .progress")


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
    mine = lambda _, path: Path(path).stem in topic_names and path.endswith((".py", ".ipynb"))
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
