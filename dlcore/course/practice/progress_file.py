"""Keep what has been passed in a plain file, so that it survives the terminal.

Each line of ``.progress`` names an exercise and the fingerprint of the answers and tests with
which it passed. Where either has changed since, the exercise is pending again.
"""

from dlcore.course.exercises import topics
from dlcore.course.exercises.marks import exercises_of
from dlcore.course.exercises.skeleton import fingerprint


def fingerprint_of(topic):
    """Fingerprint the answers to a topic together with its tests, as they are at this moment."""
    paths = (topics.ROOT / f"exercises/{topic}.py", topics.ROOT / f"tests/test_{topic}.py")
    texts = (path.read_bytes() if path.exists() else b"" for path in paths)
    return fingerprint(b"\0".join(texts).decode(errors="replace"))


class Progress:
    """The passed exercises of a course, each with the stand at which it passed."""

    def __init__(self, topic_names):
        self.exercises = exercises_of(*topic_names)
        self.passed = {}
        path = topics.ROOT / ".progress"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        for words in map(str.split, lines):
            if len(words) == 2:
                self.passed[words[0]] = words[1]

    def note(self, verdicts):
        """Write down who passed and who did not; the file is replaced at one stroke."""
        for verdict in verdicts:
            self.passed.pop(verdict.exercise, None)
            if not verdict.finding:
                self.passed[verdict.exercise] = fingerprint_of(verdict.topic)
        draft = topics.ROOT / ".progress.draft"
        lines = [f"{name} {stand}\n" for name, stand in self.passed.items()]
        draft.write_text("".join(lines), encoding="utf-8")
        draft.replace(topics.ROOT / ".progress")

    def done(self):
        """List the exercises that have passed as their files stand."""
        stands = {topic: fingerprint_of(topic) for topic in {each.topic for each in self.exercises}}
        return [e for e in self.exercises if self.passed.get(e.name) == stands[e.topic]]

    def pending(self):
        """List the others, in the order of the book."""
        done = set(self.done())
        return [exercise for exercise in self.exercises if exercise not in done]
