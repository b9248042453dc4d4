"""Keep what has been passed in a plain file, so that it survives the terminal.

Each line of ``.progress`` names an exercise, the fingerprint of the answer and the tests with
which it passed (``-`` if it has not), and the seconds that were spent on it. An exercise is
pending again where its own answer or its tests have changed since; other answers in the same file
have no say.
"""

import time
from dataclasses import dataclass

from dlcore.course.exercises import topics
from dlcore.course.exercises.marks import exercises_of
from dlcore.course.practice.reach import stands

NEVER = "-"  # the fingerprint of what has not passed
PAUSE = 15 * 60  # seconds: who does nothing for longer is thought to be away for the rest


@dataclass
class Entry:
    """What is known of an exercise: the fingerprint that passed, and the seconds that it took."""

    stand: str = NEVER
    seconds: float = 0.0

    @classmethod
    def read(cls, words):
        """Make an entry of the words of a line; a number that is none counts as zero."""
        return cls(words[0], float(words[1]) if words[1:] and words[1].isdigit() else 0.0)


class Progress:
    """The exercises of a course: which have passed, as what, and how long each has taken."""

    def __init__(self, topic_names):
        self.exercises = exercises_of(*topic_names)
        path = topics.ROOT / ".progress"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        words = [line.split() for line in lines]
        self.entries = {name: Entry.read(rest) for name, *rest in filter(None, words) if rest}

    def note(self, verdicts):
        """Write down who passed and who did not.

        Where the file cannot be imported, nothing is known of an answer, and what was known stays.
        """
        for verdict in verdicts:
            entry = self.entries.setdefault(verdict.exercise, Entry())
            if not verdict.finding:
                entry.stand = stands(verdict.topic)[verdict.exercise]
            elif verdict.finding.kind != "import":
                entry.stand = NEVER
        self.write()

    def spend(self, name, seconds):
        """Add to the time that an exercise has taken, a pause at most; it is the last touched."""
        entry = self.entries.pop(name, Entry())
        entry.seconds += min(max(seconds, 0.0), PAUSE)
        self.entries[name] = entry
        self.write()

    def since(self):
        """Return the seconds since something was noted last; 0 after more than a pause."""
        path = topics.ROOT / ".progress"
        passed = time.time() - path.stat().st_mtime if path.exists() else 0.0
        return passed if 0 <= passed <= PAUSE else 0.0

    def write(self):
        """Replace the file at one stroke; the exercise that was worked on last stands last."""
        draft = topics.ROOT / ".progress.draft"
        known = self.entries.items()
        lines = [f"{name} {entry.stand} {entry.seconds:.0f}\n" for name, entry in known]
        draft.write_text("".join(lines), encoding="utf-8")
        draft.replace(topics.ROOT / ".progress")

    def spent(self, exercises):
        """Return the seconds that some exercises have taken together."""
        return sum(self.entries.get(each.name, Entry()).seconds for each in exercises)

    def next(self):
        """Return what to do next: in the chapter that was worked on last, or the first of all."""
        pending = self.pending()
        homes = {each.name: each.topic for each in self.exercises}
        touched = [homes[name] for name in self.entries if name in homes]
        here = [each for each in pending if touched and each.topic == touched[-1]]
        return next(iter(here or pending), None)

    def done(self):
        """List the exercises that have passed as their answers stand."""
        here = {}
        for topic in dict.fromkeys(each.topic for each in self.exercises):
            here |= stands(topic)
        stand = lambda name: self.entries.get(name, Entry()).stand
        return [each for each in self.exercises if stand(each.name) == here[each.name]]

    def pending(self):
        """List the others, in the order of the book."""
        done = set(self.done())
        return [exercise for exercise in self.exercises if exercise not in done]
